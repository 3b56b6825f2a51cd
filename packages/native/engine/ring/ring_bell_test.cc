// The bell of a folder of rings: who sleeps is woken, and what is no bell is named.
#include "ring/ring_bell.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <filesystem>

#include "base/long_test_kit.h"
#include "base/sim_file.h"
#include "base/spin.h"
#include "base/thread.h"

namespace ndts {
namespace {

class RingBellTest : public testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/ndts-ring-bell-test-XXXXXX";
    ASSERT_NE(mkdtemp(path), nullptr);
    folder_ = path;
    files_ = make_posix_file_system();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return folder_ + "/ticks.bell"; }
  RingBell make() {
    RingBell bell;
    EXPECT_TRUE(RingBell::create(*files_, path(), &bell).ok());
    return bell;
  }
  RingBell open() {
    RingBell bell;
    EXPECT_TRUE(RingBell::open(*files_, path(), &bell).ok());
    return bell;
  }

  std::string folder_;
  std::unique_ptr<FileSystem> files_;
};

TEST_F(RingBellTest, FilesThatAreNone) {
  RingBell bell;
  EXPECT_EQ(RingBell::open(*files_, path(), &bell).code(), Code::kNotFound);
  std::unique_ptr<File> file;
  ASSERT_TRUE(files_->open(path(), OpenMode::kCreate, &file).ok());
  EXPECT_EQ(RingBell::open(*files_, path(), &bell).code(), Code::kCorrupt);
  EXPECT_FALSE(bell.is_open());
  EXPECT_TRUE(RingBell::create(*files_, path(), &bell).ok());
  EXPECT_TRUE(bell.is_open());
  SimFileSystem full(1);
  ASSERT_TRUE(full.make_directory("/sim").ok());
  full.set_capacity(1024);
  RingBell none;
  EXPECT_EQ(RingBell::create(full, "/sim/ticks.bell", &none).code(), Code::kDiskFull);
}

TEST_F(RingBellTest, IsRungOnlyForWhoSaidThatItSleeps) {
  RingBell writer = make();
  RingBell reader = open();
  const std::uint32_t ticket = reader.prepare();
  writer.ring();
  EXPECT_EQ(reader.prepare(), ticket + 1);
  writer.ring();
  writer.ring();  // nobody said so since
  writer.ring();
  EXPECT_EQ(reader.prepare(), ticket + 2);
  // The second writer of the folder, as the first one may live still.
  make().ring();
  EXPECT_EQ(reader.prepare(), ticket + 3);
  reader.rest(ticket, 3'600'000'000'000);  // a ticket of before: does not sleep
  reader.rest(ticket + 3, 1'000);
}

// The writer publishes a number and rings, then waits until all readers have it. A number that is
// there while the bell was not rung since the ticket was taken is a reader that would sleep on.
TEST_F(RingBellTest, NoReaderSleepsThroughWhatIsPublished) {
  const std::uint64_t rounds = long_tests() ? 1'000'000 : 10'000;
  RingBell writer = make();
  std::atomic<std::uint64_t> published{0};         // by the writer, read by the readers
  std::array<std::atomic<std::uint64_t>, 2> seen{};  // by each reader, read by the writer
  std::array<std::uint64_t, 2> slept{};
  std::array<std::uint64_t, 2> lost{};
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (std::size_t i = 0; i < seen.size(); ++i) {
      threads.push_back(std::make_unique<Thread>("reader", [&, i] {
        constexpr int kPatience = 100'000;
        RingBell bell = open();
        for (std::uint64_t last = 0; last < rounds;) {
          const std::uint32_t ticket = bell.prepare();
          if (published.load(std::memory_order_acquire) == last) {
            ++slept[i];
            bell.rest(ticket, RingBell::kRestNsMax);
            // Published, but not rung yet, is well: it will be.
            int patience = kPatience;
            while (published.load(std::memory_order_acquire) != last && patience > 0 &&
                   bell.prepare() == ticket) {
              spin_yield();
              --patience;
            }
            if (patience == 0) {
              ++lost[i];
              seen[i].store(rounds, std::memory_order_release);
              return;
            }
          }
          last = published.load(std::memory_order_acquire);
          seen[i].store(last, std::memory_order_release);
        }
      }));
    }
    for (std::uint64_t round = 1; round <= rounds; ++round) {
      published.store(round, std::memory_order_release);
      writer.ring();
      for (const auto& one : seen)
        while (one.load(std::memory_order_acquire) < round) spin_yield();
    }
  }
  std::printf("rounds %llu, slept %llu and %llu times\n",
              static_cast<unsigned long long>(rounds), static_cast<unsigned long long>(slept[0]),
              static_cast<unsigned long long>(slept[1]));
  EXPECT_EQ(lost[0] + lost[1], 0u);
}

}  // namespace
}  // namespace ndts
