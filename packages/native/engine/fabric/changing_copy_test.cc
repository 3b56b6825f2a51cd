// Memory that changes: what is copied is what is summed up, and nothing else is touched.
#include "fabric/changing_copy.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "fabric/fabric_test_kit.h"

namespace ndts {
namespace {

TEST(ChangingCopy, SumsWhatItCopiesAndTouchesNothingElse) {
  const std::uint64_t seed = pull_test_seed(23);
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  constexpr std::size_t kBytes = 70'000;
  constexpr std::byte kUntouched{0x5a};
  std::vector<std::byte> from(kBytes);
  for (std::byte& byte : from) byte = static_cast<std::byte>(random());
  for (int round = 0; round < 40; ++round) {
    const std::size_t begin = random() % 200;
    const std::size_t count = round == 0 ? 0 : random() % (kBytes - begin);
    const std::size_t place = random() % (kBytes - count);
    const Bytes piece = Bytes(from).subspan(begin, count);
    const auto start = static_cast<std::uint32_t>(random());
    std::vector<std::byte> expected(kBytes, kUntouched);
    std::vector<std::byte> found = expected;
    copy_changing(expected.data() + place, piece);
    EXPECT_EQ(copy_changing_summed(start, found.data() + place, piece),
              crc32c_scalar(start, piece));
    ASSERT_TRUE(expected == found) << count << " bytes";
  }
}

TEST(ChangingCopy, ReadsEachWordOnceWhileOthersWriteIt) {
  constexpr std::size_t kWords = 8192;
  constexpr int kChanges = 10;
  std::vector<std::uint64_t> words(kWords);
  std::atomic<bool> ends{false};
  std::thread writer([&] {
    for (std::uint64_t value = 1; !ends.load(std::memory_order_relaxed); ++value)
      for (std::uint64_t& word : words) store_word(&word, value);
  });
  std::vector<std::byte> copy(kWords * sizeof(std::uint64_t));
  const Bytes from(reinterpret_cast<const std::byte*>(words.data()), copy.size());
  // Until the writer was seen at work, or nothing would be proven.
  std::uint32_t before = 0;
  for (int changes = 0; changes < kChanges;) {
    const std::uint32_t check = copy_changing_summed(0, copy.data(), from);
    ASSERT_EQ(check, crc32c(0, copy));
    if (check != before) ++changes;
    before = check;
  }
  ends.store(true, std::memory_order_relaxed);
  writer.join();
}

}  // namespace
}  // namespace ndts
