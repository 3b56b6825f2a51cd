// Fuzz target: any bytes as what a client sends, in pieces. What is taken for a frame is one, and
// nothing but a frame. Of every other input the checks are made right first, so that what lies
// behind them is reached too.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "fabric/pull_frames.h"

namespace {

using namespace ndts;

void seal_all(std::vector<std::byte>* input) {
  const auto seal = [input](std::size_t at, std::size_t bytes) {
    const std::uint32_t check = frame_check(Bytes(*input).subspan(at, bytes));
    store(input->data() + at, check);
  };
  if (input->size() >= sizeof(PullHello)) {
    PullHello hello = load<PullHello>(input->data());
    hello.magic = kPullMagic;
    hello.reserved = 0;
    store(input->data(), hello);
    seal(0, sizeof hello);
  }
  for (std::size_t at = sizeof(PullHello); at + sizeof(PullRequest) <= input->size();
       at += sizeof(PullRequest))
    seal(at, sizeof(PullRequest));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  std::vector<std::byte> input(begin + 2, begin + size);
  if (data[0] % 2 == 0) seal_all(&input);
  const std::size_t piece = 1 + data[1];
  RequestStream stream;
  std::size_t fed = 0;
  std::size_t taken = 0;
  for (bool wrong = false; !wrong;) {
    switch (stream.next()) {
      case RequestStream::Found::kHello:
        if (taken != 0 || !frame_holds(stream.hello())) std::abort();
        taken += sizeof(PullHello);
        break;
      case RequestStream::Found::kRequest:
        if (taken < sizeof(PullHello) || stream.request().length == 0) std::abort();
        if (std::memcmp(&stream.request(), input.data() + taken, sizeof(PullRequest)) != 0)
          std::abort();
        taken += sizeof(PullRequest);
        break;
      case RequestStream::Found::kWrong:
        wrong = true;
        break;
      case RequestStream::Found::kNothing: {
        const MutableBytes room = stream.room();
        if (room.empty()) std::abort();
        const std::size_t bytes = std::min({piece, room.size(), input.size() - fed});
        if (bytes == 0) return 0;
        std::memcpy(room.data(), input.data() + fed, bytes);
        stream.arrived(bytes);
        fed += bytes;
        break;
      }
    }
    if (taken > fed) std::abort();
  }
  if (stream.next() != RequestStream::Found::kWrong) std::abort();
  return 0;
}
