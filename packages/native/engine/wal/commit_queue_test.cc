// Those who wait for a sync, on real threads: everybody returns, nobody before his position is
// durable, one commits at a time, and a close or a failure ends all waits.
#include "wal/commit_queue.h"

#include <gtest/gtest.h>

#include <vector>

namespace ndts {
namespace {

// A log of which only the positions are there.
class Positions {
 public:
  explicit Positions(std::int64_t sync_ns) { queue_.note_sync(sync_ns); }

  std::uint64_t append() { return accepted_.fetch_add(1) + 1; }
  void wait(std::uint64_t position) {
    queue_.wait(
        position, [this, position] { return durable_ >= position || closed_; },
        [this] { commit(); });
  }
  void close() {
    closed_ = true;
    queue_.wake(0, true);
  }
  void commit() {
    const MutexLock lock(mutex_);
    if (closed_ || refuse_) return;
    commits_ += 1;
    EXPECT_EQ(inside_.fetch_add(1), 0);
    durable_ = accepted_.load();
    inside_ -= 1;
    queue_.wake(durable_, false);
  }
  [[nodiscard]] std::uint64_t durable() const { return durable_; }
  [[nodiscard]] std::uint64_t commits() const { return commits_; }
  void refuse() { refuse_ = true; }
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  SystemClock clock_;
  CommitQueue queue_{clock_};
  Mutex mutex_;
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<std::uint64_t> durable_{0};
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<int> inside_{0};
  std::atomic<bool> closed_{false};
  std::atomic<bool> refuse_{false};
};

TEST(CommitQueueThread, OneAloneCommitsEachTime) {
  Positions log(1'000'000'000);  // would be noticed if it waited for company
  for (int round = 1; round <= 100; round += 1) {
    log.wait(log.append());
    EXPECT_EQ(log.commits(), static_cast<std::uint64_t>(round));
  }
  log.wait(50);  // durable already
  EXPECT_EQ(log.commits(), 100u);
}

TEST(CommitQueueThread, NobodyReturnsBeforeHisPositionIsDurableAndEverybodyReturns) {
  constexpr int kRounds = 300;
  for (const std::int64_t sync_ns : {0, 20'000, 2'000'000}) {
    Positions log(sync_ns);
    std::vector<std::unique_ptr<Thread>> threads;
    for (int thread = 0; thread < 6; thread += 1)
      threads.push_back(std::make_unique<Thread>("writer", [&log] {
        for (int round = 0; round < kRounds; round += 1) {
          const std::uint64_t position = log.append();
          log.wait(position);
          EXPECT_GE(log.durable(), position);
        }
      }));
    // The committer of the log, which also commits now and then.
    for (int step = 0; step < 100; step += 1) log.commit();
    threads.clear();
    EXPECT_EQ(log.durable(), 6u * kRounds);
    EXPECT_LE(log.commits(), 6u * kRounds + 100);
  }
}

TEST(CommitQueueThread, ACloseEndsEveryWait) {
  for (int round = 0; round < 30; round += 1) {
    Positions log(50'000);
    log.refuse();
    std::atomic<int> ended{0};
    std::vector<std::unique_ptr<Thread>> threads;
    for (int thread = 0; thread < 5; thread += 1)
      threads.push_back(std::make_unique<Thread>("writer", [&log, &ended] {
        log.wait(log.append());
        EXPECT_TRUE(log.closed());
        ended += 1;
      }));
    log.close();
    threads.clear();
    EXPECT_EQ(ended, 5);
  }
}

}  // namespace
}  // namespace ndts
