// The log with its committer on a thread: who waits, for what, and who is woken. A gate holds a
// commit between write and sync for as long as a test needs; nothing depends on time.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/crash_point.h"
#include "wal/wal_test_kit.h"

namespace ndts {
namespace {

class WalThreads : public testing::Test {
 protected:
  WalThreads() {
    holding = false;
    held = 0;
    bench.options.clock = &bench.system_clock;
    EXPECT_TRUE(bench.open().ok());
    install_crash_points(&WalThreads::gate);
    bench.wal->start();
  }
  ~WalThreads() override {
    holding = false;
    bench.wal.reset();
    install_crash_points(nullptr);
  }

  static void gate(const char* name) {
    if (std::string_view(name) != "wal.after_write" || !holding) return;
    ++held;
    while (holding) std::this_thread::yield();
  }

  std::uint64_t append(std::size_t bytes = 100) {
    const std::vector<std::byte> payload(bytes);
    const Bytes parts[] = {payload};
    std::uint64_t position = 0;
    const Status status = bench.wal->append(1, 0, parts, &position);
    if (!status.ok()) ADD_FAILURE() << status.text();
    return position;
  }

  // Appends and waits, on a thread of its own.
  std::thread waiter() {
    return std::thread([this] {
      const std::uint64_t position = append();
      ++appended;
      if (!bench.wal->wait_durable(position).ok()) ADD_FAILURE();
      if (bench.wal->durable_position() < position) ADD_FAILURE();
    });
  }

  static void until(const std::function<bool()>& true_now) {
    while (!true_now()) std::this_thread::yield();
  }

  static inline std::atomic<bool> holding{false};
  static inline std::atomic<int> held{0};
  SimFileSystem files{41};
  LogBench bench{&files, "/sim"};
  std::atomic<int> appended{0};
};

// "One fdatasync for everyone waiting."
TEST_F(WalThreads, OneSyncServesAllWhoWait) {
  holding = true;
  std::vector<std::thread> threads;
  threads.push_back(waiter());
  until([] { return held == 1; });
  const std::uint64_t commits = bench.wal->stats().commits;
  const std::uint64_t syncs = files.operations(SimOperation::kSync);
  for (int count = 0; count < 8; ++count) threads.push_back(waiter());
  until([this] { return appended == 9; });
  holding = false;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(bench.wal->stats().commits, commits + 2);
  EXPECT_GE(files.operations(SimOperation::kSync), syncs + 2);
}

// "A staging ring that is full makes the appender wait, counted."
TEST_F(WalThreads, AFullStagingRingMakesTheAppenderWaitAndCounts) {
  holding = true;
  const std::uint64_t first = append();
  bench.wal->request_commit();
  until([] { return held == 1; });
  std::atomic<int> done{0};
  std::thread appender([&] {
    for (int count = 0; count < 100; ++count, ++done) append(1'000);
  });
  until([this] { return bench.wal->stats().append_waits > 0; });
  EXPECT_LT(done, 64);
  EXPECT_LT(bench.wal->durable_position(), first);
  EXPECT_LE(bench.wal->accepted_position() - bench.wal->durable_position(),
            bench.options.staging_bytes);
  holding = false;
  appender.join();
  EXPECT_GT(bench.wal->stats().append_wait_ns, 0u);
}

// A failed disk: the waiter is told, appends are refused, and all goes on by itself.
TEST_F(WalThreads, AReadOnlyLogGoesOnByItselfWhenTheDiskDoes) {
  files.fail(SimOperation::kSync, 1, Code::kIoError, UINT64_MAX);
  const std::uint64_t position = append();
  EXPECT_EQ(bench.wal->wait_durable(position).code(), Code::kIoError);
  std::uint64_t refused = 0;
  EXPECT_EQ(bench.wal->append(1, 0, {}, &refused).code(), Code::kIoError);
  files.clear_faults();
  until([&] { return bench.wal->durable_position() >= position; });
  until([&] { return bench.wal->failure().ok(); });
  EXPECT_TRUE(bench.wal->wait_durable(append()).ok());
}

// The disk that is full for the next file refuses; with space the committer prepares it again.
TEST_F(WalThreads, AFullDiskRefusesByNameUntilThereIsSpace) {
  files.set_capacity(files.used_bytes());
  Status status;
  std::vector<std::byte> payload(1'000);
  const Bytes parts[] = {payload};
  std::uint64_t position = 0;
  while (status.ok()) status = bench.wal->append(1, 0, parts, &position);
  EXPECT_EQ(status.code(), Code::kDiskFull);
  EXPECT_TRUE(bench.wal->wait_durable(position).ok());
  files.set_capacity(UINT64_MAX);
  until([&] { return bench.wal->append(1, 0, parts, &position).ok(); });
  EXPECT_TRUE(bench.wal->wait_durable(position).ok());
}

// What waits when the log ends is told so.
TEST_F(WalThreads, AWaiterIsToldThatTheLogWasClosed) {
  files.freeze();
  const std::uint64_t position = append();
  std::atomic<bool> told{false};
  std::thread thread([&] {
    const Code code = bench.wal->wait_durable(position).code();
    EXPECT_TRUE(code == Code::kClosed || code == Code::kIoError);
    told = true;
  });
  bench.wal->abandon();
  thread.join();
  EXPECT_TRUE(told);
}

// Appenders, waiters, checkpoints and questions at once; small files, so that it rolls often.
TEST_F(WalThreads, EverythingAtOnce) {
  constexpr int kThreads = 4;
  constexpr int kAppends = 400;
  std::atomic<bool> done{false};
  std::thread asker([&] {
    while (!done) {
      const std::uint64_t durable = bench.wal->durable_position();
      if (durable > bench.wal->accepted_position()) ADD_FAILURE();
      if (!bench.wal->checkpoint(durable).ok()) ADD_FAILURE();
      if (bench.wal->stats().files == 0 || bench.wal->bytes_retained() == 0) ADD_FAILURE();
      std::this_thread::yield();
    }
  });
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&, thread] {
      for (int count = 0; count < kAppends; ++count) {
        const std::uint64_t position = append(static_cast<std::size_t>(10 + count));
        if ((count + thread) % 3 == 0 && !bench.wal->wait_durable(position).ok()) ADD_FAILURE();
        if ((count + thread) % 7 == 0) bench.wal->request_commit();
      }
    });
  for (std::thread& thread : threads) thread.join();
  done = true;
  asker.join();
  EXPECT_EQ(bench.wal->stats().appends, std::uint64_t{kThreads} * kAppends);
  EXPECT_GT(bench.wal->stats().rolls, 2u);
  ASSERT_TRUE(bench.wal->close().ok());
}

}  // namespace
}  // namespace ndts
