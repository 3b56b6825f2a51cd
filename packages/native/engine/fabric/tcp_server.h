// The server of pulls over TCP: one thread, any number of grants, at most kConnectionsMax readers.
//
// The thread spins for a while after work, because the next request of a reader that keeps several
// in flight is microseconds away, and sleeps in epoll otherwise. A peer that does not greet, or
// does not take its answers, is cut off after kStalledNs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/thread.h"
#include "fabric/memory_regions.h"
#include "fabric/remote_memory.h"
#include "fabric/tcp_connection.h"

namespace ndts {

class TcpServer final : public MemoryServer {
 public:
  static constexpr std::size_t kConnectionsMax = 64;
  static constexpr std::int64_t kStalledNs = 15'000'000'000;

  TcpServer(Clock* clock, RandomSource* random, std::int64_t spin_ns = 50'000)
      : clock_(clock), random_(random), spin_ns_(spin_ns) {}
  ~TcpServer() override { stop(); }
  [[nodiscard]] Status start(const std::string& host, std::uint16_t port) override;
  [[nodiscard]] Status expose(const Exposure& exposure, Grant* grant) override;
  [[nodiscard]] Status renew(std::uint64_t key, std::int64_t lease_ms) override;
  [[nodiscard]] Status revoke(std::uint64_t key) override;
  [[nodiscard]] MemoryServerCounters counters() const override;
  void stop() override;

 private:
  void run();
  [[nodiscard]] bool step();
  void accept_all();
  [[nodiscard]] bool serve(TcpConnection* connection);
  void remove(const TcpConnection* connection);
  void cut_off_stalled();

  Clock* const clock_;
  RandomSource* const random_;
  const std::int64_t spin_ns_;
  MemoryRegions regions_;
  std::string address_;
  // The thread's own, after start().
  Socket listener_;
  Socket epoll_;
  Socket wake_;
  std::vector<std::unique_ptr<TcpConnection>> connections_;
  std::int64_t next_check_ns_ = 0;
  // Plain counters; they order nothing.
  std::atomic<std::uint64_t> connection_count_{0};
  std::atomic<std::uint64_t> reads_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<bool> stopping_{false};  // set by stop(), read by run()
  std::unique_ptr<Thread> thread_;
};

}  // namespace ndts
