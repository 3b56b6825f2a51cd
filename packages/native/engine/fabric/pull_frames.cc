// See pull_frames.h.
#include "fabric/pull_frames.h"

#include <cstring>

#include "base/crc32c.h"

namespace ndts {
namespace {

template <typename Frame>
Frame sealed(Frame frame) {
  frame.check = frame_check(bytes_of(frame));
  return frame;
}

}  // namespace

std::uint32_t frame_check(Bytes frame) {
  return crc32c(0, frame.subspan(sizeof(std::uint32_t)));
}

PullHello make_hello(Code code, std::uint32_t read_bytes_max) {
  return sealed(PullHello{.check = 0,
                          .version = kPullVersion,
                          .magic = kPullMagic,
                          .code = static_cast<std::uint32_t>(code),
                          .read_bytes_max = read_bytes_max,
                          .reserved = 0});
}

PullRequest make_request(std::uint32_t region, std::uint64_t key, std::uint64_t id,
                         std::uint64_t offset, std::uint32_t length) {
  return sealed(PullRequest{.check = 0,
                            .region = region,
                            .id = id,
                            .key = key,
                            .offset = offset,
                            .length = length,
                            .reserved = 0});
}

PullReply make_reply(Code code, std::uint64_t id, std::uint32_t length, std::uint32_t flags) {
  return sealed(PullReply{.check = 0,
                          .code = static_cast<std::uint32_t>(code),
                          .id = id,
                          .length = length,
                          .flags = flags});
}

MutableBytes RequestStream::room() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return MutableBytes(buffer_).subspan(end_);
}

RequestStream::Found RequestStream::next() {
  if (wrong_) return Found::kWrong;
  const std::size_t bytes = has_hello_ ? sizeof(PullRequest) : sizeof(PullHello);
  if (end_ - begin_ < bytes) return Found::kNothing;
  const std::byte* at = buffer_.data() + begin_;
  begin_ += bytes;
  if (!has_hello_) {
    hello_ = load<PullHello>(at);
    has_hello_ = frame_holds(hello_) && hello_.magic == kPullMagic && hello_.version != 0;
    wrong_ = !has_hello_;
    return wrong_ ? Found::kWrong : Found::kHello;
  }
  request_ = load<PullRequest>(at);
  wrong_ = !frame_holds(request_) || request_.length == 0;
  return wrong_ ? Found::kWrong : Found::kRequest;
}

}  // namespace ndts
