// The reader of pulls over TCP: requests go out as they are posted, answers come in the order
// asked.
//
// Long answers are received where they belong, with the frames between two of them; short ones by
// way of a buffer, so that many of them cost one system call. A wrong frame or checksum ends the
// connection: bytes that were lost or changed on the way cannot be told from a defect, and asking
// again is cheap.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "fabric/pull_frames.h"
#include "fabric/remote_memory.h"
#include "fabric/tcp_socket.h"

namespace ndts {

class TcpReader final : public MemoryReader {
 public:
  TcpReader(std::string address, Clock* clock)
      : MemoryReader(clock), address_(std::move(address)) {}
  ~TcpReader() override { close(); }

 private:
  static constexpr std::size_t kBufferBytes = 64 * 1024;
  static constexpr std::size_t kLongBytes = 16 * 1024;
  static constexpr std::size_t kPieceBytes = 512 * 1024;  // received, then summed up while cached

  Status attach(std::int64_t timeout_ns, std::span<const MutableBytes> arenas) override;
  void drop() override;
  void issue(std::uint32_t slot) override;
  void pump() override;
  void nap(std::int64_t ns) override;

  [[nodiscard]] Status greet(std::int64_t deadline_ns);
  [[nodiscard]] bool send_requests();
  // One call to the socket: into the memory of a long read that is under way, then the buffer.
  [[nodiscard]] Moved receive();
  // Where bytes go that are not of a long answer: up to the next one.
  [[nodiscard]] MutableBytes room();
  // Takes what the buffer holds; false when a frame is wrong.
  [[nodiscard]] bool take_buffer();
  [[nodiscard]] bool take_reply();
  void took(std::size_t bytes);
  [[nodiscard]] std::uint32_t front() const { return asked_[asked_begin_ % kPullInFlightMax]; }
  void finish_front(Status status);

  const std::string address_;
  Socket socket_;
  std::uint64_t next_id_ = 1;

  std::vector<std::byte> out_;  // requests not sent yet
  std::size_t out_begin_ = 0;
  // Slots in the order asked; ids count with it.
  std::array<std::uint32_t, kPullInFlightMax> asked_{};
  std::uint64_t asked_begin_ = 0;
  std::uint64_t asked_end_ = 0;
  std::uint64_t first_id_ = 1;  // of asked_begin_

  enum class Expect : std::uint8_t { kReply, kPayload, kTrailer };
  Expect expect_ = Expect::kReply;
  std::size_t filled_ = 0;  // of the payload
  std::uint32_t check_ = 0;
  bool proven_ = false;  // not summed up here
  std::size_t in_begin_ = 0;
  std::size_t in_end_ = 0;
  std::array<std::byte, kBufferBytes> in_;
};

}  // namespace ndts
