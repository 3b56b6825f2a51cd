// Status, bytes, checksums, clocks and threads.
#include <gtest/gtest.h>

#include <random>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/crc32c.h"
#include "base/status.h"
#include "base/thread.h"

namespace ndts {
namespace {

TEST(Status, CarriesCodeFileAndOffset) {
  const Status good;
  EXPECT_TRUE(good.ok());
  EXPECT_EQ(good.text(), "OK");
  const Status bad(Code::kCorrupt, "bad checksum", "wal_1.log", 4096);
  const Status copy = bad;
  EXPECT_EQ(copy.code(), Code::kCorrupt);
  EXPECT_EQ(copy.offset(), 4096u);
  EXPECT_EQ(copy.text(), "CORRUPT: bad checksum (wal_1.log at 4096)");
}

TEST(Bytes, ReaderStopsAtTheEnd) {
  const std::uint64_t value = 0x1122334455667788;
  ByteReader reader(bytes_of(value));
  EXPECT_EQ(reader.read<std::uint32_t>(), 0x55667788u);
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.read<std::uint64_t>(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.read<std::uint8_t>(), 0u);
}

TEST(Bytes, AllZeroFindsASingleByteAnywhere) {
  std::vector<std::byte> bytes(200);
  EXPECT_TRUE(all_zero(bytes));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    bytes[at] = std::byte{1};
    EXPECT_FALSE(all_zero(bytes)) << at;
    bytes[at] = std::byte{0};
  }
}

TEST(Crc32c, KnownValues) {
  EXPECT_EQ(crc32c_scalar(0, bytes_of_text("123456789")), 0xe3069283u);
  EXPECT_EQ(crc32c(0, bytes_of_text("123456789")), 0xe3069283u);
  EXPECT_EQ(crc32c(7, {}), 7u);
  const std::vector<std::byte> zeros(32);
  EXPECT_EQ(crc32c(0, zeros), 0x8a9136aau);
}

TEST(Crc32c, TwinsAgreeOnRandomInputAndContinue) {
  const std::uint64_t seed = 20240501;
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  // Longer than two turns of the longest way through it.
  std::vector<std::byte> bytes(30'000);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  for (int round = 0; round < 300; ++round) {
    const std::size_t begin = random() % 64;
    const std::size_t count = random() % (bytes.size() - begin);
    const Bytes part = Bytes(bytes).subspan(begin, count);
    const auto start = static_cast<std::uint32_t>(random());
    const std::uint32_t expected = crc32c_scalar(start, part);
    if (crc32c_has_hardware()) {
      EXPECT_EQ(crc32c_hardware(start, part), expected);
    }
    const std::size_t cut = count == 0 ? 0 : random() % count;
    EXPECT_EQ(crc32c(crc32c(start, part.first(cut)), part.subspan(cut)), expected);
  }
}

TEST(Clock, ManualClockMovesOnlyWhenTold) {
  ManualClock clock(1000);
  EXPECT_EQ(clock.wall_ns(), 1000);
  clock.advance(5);
  EXPECT_EQ(clock.monotonic_ns(), 5);
  EXPECT_EQ(clock.wall_ns(), 1005);
  SystemClock system;
  const std::int64_t before = system.monotonic_ns();
  EXPECT_GE(system.monotonic_ns(), before);
  EXPECT_GT(system.wall_ns(), 1'600'000'000'000'000'000);
}

TEST(BackgroundThread, StepsUntilThereIsNoWorkAndWakes) {
  std::atomic<int> left{5};
  std::atomic<int> steps{0};
  BackgroundThread thread("test", 3'600'000'000'000, [&] {
    ++steps;
    if (left.load() == 0) return std::uint64_t{0};
    --left;
    return std::uint64_t{1};
  });
  while (left.load() > 0) std::this_thread::yield();
  left = 3;
  thread.wake();  // it sleeps for an hour otherwise
  while (left.load() > 0) std::this_thread::yield();
  thread.stop();
  thread.stop();
  EXPECT_GE(steps.load(), 8);
}

TEST(BackgroundThread, RestsUntilItIsStirred) {
  constexpr std::int64_t kHour = 3'600'000'000'000;
  std::atomic<int> left{0};
  std::atomic<int> done{0};
  const BackgroundRest rest{.may_rest = [&left] { return left.load() == 0; }, .ns = kHour};
  BackgroundThread thread(
      "test", 1,
      [&] {
        if (left.load() == 0) return std::uint64_t{0};
        --left;
        ++done;
        return std::uint64_t{0};
      },
      rest);
  for (int round = 1; round <= 2000; ++round) {
    ++left;
    thread.stir();
    while (done.load() < round) std::this_thread::yield();
  }
  thread.stop();
  EXPECT_EQ(done.load(), 2000);
}

}  // namespace
}  // namespace ndts
