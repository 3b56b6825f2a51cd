// One connection of the TCP server: what came in, and the one answer that is on its way.
//
// Requests are answered in turn. A short answer, and any of memory that changes, is copied into the
// buffer of the connection in pieces; a long one of memory that does not, or that proves itself, is
// sent from where it is.
// So a connection takes the same memory whatever it is asked for, and a peer that does not read
// stops its own answers only.
//
// Used by the server's thread alone.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "fabric/memory_regions.h"
#include "fabric/pull_frames.h"
#include "fabric/tcp_socket.h"

namespace ndts {

class TcpConnection {
 public:
  struct Counts {
    std::uint64_t reads = 0;
    std::uint64_t bytes = 0;
    std::uint64_t refused = 0;
  };

  TcpConnection(Socket socket, const MemoryRegions* regions, Clock* clock)
      : socket_(std::move(socket)), regions_(regions), clock_(clock) {}

  // Receives, answers and sends what can be done now. False: the connection is over. `worked` is
  // set when anything moved.
  [[nodiscard]] bool step(bool* worked, Counts* counts);
  // To be called again when the socket takes bytes, not when some arrive.
  [[nodiscard]] bool wants_to_send() const { return stuck_; }
  [[nodiscard]] bool greeted() const { return in_.has_hello(); }
  // When bytes last moved.
  [[nodiscard]] std::int64_t active_ns() const { return active_ns_; }
  void touch(std::int64_t now_ns) { active_ns_ = now_ns; }
  [[nodiscard]] int descriptor() const { return socket_.descriptor(); }

 private:
  static constexpr std::size_t kBufferBytes = 128 * 1024;
  static constexpr std::size_t kPieceBytes = 256 * 1024;  // in the cache from checksum to socket
  static constexpr std::size_t kProvenPieceBytes = 1024 * 1024;
  static constexpr std::size_t kCopyBytesMax = 16 * 1024;
  static constexpr int kTurnsMax = 16;

  enum class Sent : std::uint8_t { kAll, kStuck, kOver };

  [[nodiscard]] bool answer(Counts* counts);
  void begin_reply(const PullRequest& request, Counts* counts);
  void refuse(const PullRequest& request, Code code, Counts* counts);
  // The next piece of the answer that is under way; false when the memory is no longer exposed.
  [[nodiscard]] bool add_piece();
  void copy_piece(std::size_t bytes);
  void put(Bytes bytes);
  [[nodiscard]] std::size_t room() const { return out_.size() - out_end_; }
  [[nodiscard]] Sent send_all();
  [[nodiscard]] Sent send_pieces();

  Socket socket_;
  const MemoryRegions* regions_;
  Clock* clock_;
  RequestStream in_;
  std::int64_t active_ns_ = 0;
  bool stuck_ = false;
  bool ended_ = false;  // the peer sends nothing any more

  // The answer under way: what is left of it, and its checksum so far.
  std::shared_ptr<Region> region_;
  std::uint64_t offset_ = 0;
  std::uint64_t left_ = 0;
  std::uint32_t check_ = 0;

  // To be sent, in this order: the buffer, a piece of memory, the trailer behind that piece.
  std::size_t out_begin_ = 0;
  std::size_t out_end_ = 0;
  std::uint64_t direct_offset_ = 0;
  std::size_t direct_bytes_ = 0;
  std::shared_ptr<Region> direct_;
  PullTrailer trailer_{};
  std::size_t trailer_bytes_ = 0;
  std::array<std::byte, kBufferBytes> out_;
};

}  // namespace ndts
