// A TCP proxy that does to what it carries what networks do: delays, throttles, stalls, cuts, flips
// a bit, resets. One connection at a time, on a thread of its own; faults are for bytes from the
// server.
#pragma once

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/thread.h"
#include "fabric/tcp_socket.h"

namespace ndts {

struct Faults {
  static constexpr std::uint64_t kNever = UINT64_MAX;
  std::uint64_t cut_at = kNever;    // bytes, then both sides are closed
  std::uint64_t reset_at = kNever;  // then both sides are reset
  std::uint64_t flip_at = kNever;   // one bit of this byte
  std::uint64_t stall_at = kNever;  // nothing more is carried, nothing is closed
  std::int64_t delay_ns = 0;        // before each piece
  std::size_t piece_bytes = 65'536;
};

class FaultProxy {
 public:
  FaultProxy(std::string target, const Faults& faults)
      : target_(std::move(target)), faults_(faults) {
    static_cast<void>(listen_on("127.0.0.1", 0, &listener_));
    static_cast<void>(address_of(listener_, &address_));
    thread_ = std::make_unique<Thread>("proxy", [this] { run(); });
  }
  ~FaultProxy() {
    stopping_.store(true);
    thread_->join();
  }
  const std::string& address() const { return address_; }

 private:
  static constexpr std::int64_t kLookNs = 1'000'000;

  void run() {
    while (!stopping_.load()) {
      Socket client;
      await_socket(listener_, false, kLookNs);
      if (!accept_on(listener_, &client)) continue;
      Socket server;
      SystemClock clock;
      if (!connect_to(target_, clock.monotonic_ns() + 1'000'000'000, &clock, &server).ok())
        continue;
      carry(client, server);
    }
  }

  void carry(Socket& client, Socket& server) {
    std::uint64_t carried = 0;
    while (!stopping_.load()) {
      std::array<std::byte, 65'536> buffer;
      std::size_t bytes = 0;
      const Moved asked = receive_some(client, buffer, &bytes);
      if (asked == Moved::kOver) return;
      if (asked == Moved::kSome && !send_whole(server, Bytes(buffer).first(bytes))) return;
      if (carried >= faults_.stall_at) {
        await_socket(client, false, kLookNs);
        continue;
      }
      const Moved answered =
          receive_some(server, MutableBytes(buffer).first(faults_.piece_bytes), &bytes);
      if (answered == Moved::kOver) return;
      if (answered == Moved::kAgain) {
        if (asked == Moved::kAgain) await_socket(server, false, kLookNs / 10);
        continue;
      }
      if (faults_.flip_at >= carried && faults_.flip_at < carried + bytes)
        buffer[faults_.flip_at - carried] ^= std::byte{0x10};
      carried += bytes;
      if (carried >= faults_.reset_at) {
        const linger now{1, 0};
        setsockopt(client.descriptor(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
        return;
      }
      const std::uint64_t over = carried > faults_.cut_at ? carried - faults_.cut_at : 0;
      if (faults_.delay_ns > 0) await_socket(listener_, false, faults_.delay_ns);
      if (!send_whole(client, Bytes(buffer).first(bytes - std::min<std::uint64_t>(over, bytes))) ||
          over > 0)
        return;
    }
  }

  bool send_whole(const Socket& to, Bytes bytes) {
    while (!bytes.empty() && !stopping_.load()) {
      std::size_t sent = 0;
      const Moved moved = send_some(to, bytes, &sent);
      if (moved == Moved::kOver) return false;
      if (moved == Moved::kAgain) await_socket(to, true, kLookNs);
      bytes = bytes.subspan(moved == Moved::kSome ? sent : 0);
    }
    return true;
  }

  const std::string target_;
  const Faults faults_;
  Socket listener_;
  std::string address_;
  std::atomic<bool> stopping_{false};  // ends the thread
  std::unique_ptr<Thread> thread_;
};

}  // namespace ndts
