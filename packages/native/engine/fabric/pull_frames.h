// Frames of pulls over TCP: made, checked, and requests cut out of a stream of bytes.
//
// The stream comes from whoever can reach the port: nothing in it is believed before its checksum,
// version and reserved bytes hold, no length in it makes anybody allocate, and one wrong frame
// ends the connection. What a right frame asks for is checked against the grant, not here.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "generated/errors.h"
#include "generated/layouts.h"

namespace ndts {

// "NDTSPULL" read as a little-endian number.
inline constexpr std::uint64_t kPullMagic = 0x4C4C'5550'5354'444E;
inline constexpr std::uint32_t kPullVersion = 1;
// A flag of a reply: who reads the bytes checks them, and no checksum of them is made here.
inline constexpr std::uint32_t kPullProven = 1;

[[nodiscard]] PullHello make_hello(Code code, std::uint32_t read_bytes_max);
[[nodiscard]] PullRequest make_request(std::uint32_t region, std::uint64_t key, std::uint64_t id,
                                       std::uint64_t offset, std::uint32_t length);
[[nodiscard]] PullReply make_reply(Code code, std::uint64_t id, std::uint32_t length,
                                   std::uint32_t flags = 0);

// The checksum of everything behind `check`, which is the first member of every frame.
[[nodiscard]] std::uint32_t frame_check(Bytes frame);
template <typename Frame>
[[nodiscard]] bool frame_holds(const Frame& frame) {
  return frame.check == frame_check(bytes_of(frame)) && frame.reserved == 0;
}
[[nodiscard]] inline bool frame_holds(const PullReply& reply) {
  return reply.check == frame_check(bytes_of(reply)) && reply.flags <= kPullProven;
}

// Bytes as they arrive, hello first, then requests. One buffer of fixed size.
class RequestStream {
 public:
  enum class Found : std::uint8_t { kNothing, kHello, kRequest, kWrong };

  // Where the next bytes go; never empty after next() found nothing.
  [[nodiscard]] MutableBytes room();
  void arrived(std::size_t bytes) { end_ += bytes; }
  // The next whole frame, into the member for it. kWrong stays.
  [[nodiscard]] Found next();

  [[nodiscard]] const PullHello& hello() const { return hello_; }
  [[nodiscard]] const PullRequest& request() const { return request_; }
  [[nodiscard]] bool has_hello() const { return has_hello_; }

 private:
  std::array<std::byte, 4096> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  PullHello hello_{};
  PullRequest request_{};
  bool has_hello_ = false;
  bool wrong_ = false;
};

}  // namespace ndts
