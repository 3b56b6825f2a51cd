// Both twins copy what is asked for and nothing else.
#include "fabric/steady_copy.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "fabric/fabric_test_kit.h"

namespace ndts {
namespace {

TEST(SteadyCopy, TwinsAgreeOnRandomPieces) {
  const std::uint64_t seed = pull_test_seed(17);
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  constexpr std::size_t kBytes = 70'000;
  constexpr std::byte kUntouched{0x5a};
  std::vector<std::byte> from(kBytes);
  for (std::byte& byte : from) byte = static_cast<std::byte>(random());
  for (int round = 0; round < 100; ++round) {
    const std::size_t begin = random() % 200;
    const std::size_t count = round == 0 ? 0 : random() % (kBytes - begin);
    const std::size_t place = random() % (kBytes - count);
    const Bytes piece = Bytes(from).subspan(begin, count);
    std::vector<std::byte> expected(kBytes, kUntouched);
    std::vector<std::byte> found = expected;
    copy_steady_scalar(expected.data() + place, piece);
    if (has_avx2()) {
      copy_steady_hardware(found.data() + place, piece);
    } else {
      copy_steady(found.data() + place, piece);
    }
    ASSERT_TRUE(expected == found) << count << " bytes";
  }
}

}  // namespace
}  // namespace ndts
