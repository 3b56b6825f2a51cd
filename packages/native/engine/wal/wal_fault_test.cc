// The log on a disk that refuses: every operation of the file seam in turn, once and for a while.
// The error is named, nothing accepted is lost, and it goes on when the disk does.
#include <gtest/gtest.h>

#include "wal/wal_test_kit.h"

namespace ndts {
namespace {

struct FaultCase {
  const char* name;
  SimOperation operation;
  Code code;
  std::uint64_t count;
};

void PrintTo(const FaultCase& about, std::ostream* out) { *out << about.name; }

class WalFaultWalk : public testing::TestWithParam<FaultCase> {
 protected:
  // Fails the n-th operation from an open on that finds survivors. `cut`: the power is lost while
  // the disk still refuses; otherwise it heals. False when the fault was not met.
  bool meet(std::uint64_t nth, bool cut) {
    SimFileSystem files(nth);
    LogBench bench(&files, "/sim");
    begin(files, bench);
    const auto [name, operation, code, count] = GetParam();
    const std::uint64_t before = files.operations(operation);
    files.fail(operation, nth, code, count);
    open_refused(files, bench);
    work(bench);
    const bool met = files.operations(operation) >= before + nth;
    if (cut) {
      lose_power(files, bench);
    } else {
      heal(files, bench);
    }
    return met;
  }

 private:
  static void begin(SimFileSystem& files, LogBench& bench) {
    EXPECT_TRUE(bench.open_tiny().ok());
    for (std::uint64_t number = 0; number < 25; ++number)
      EXPECT_TRUE(bench.append(number, 300).ok());
    bench.wal->request_commit();
    EXPECT_TRUE(bench.append(25, 300).ok());
    bench.wal->abandon();
    bench.wal.reset();
    files.kill();
  }

  // Opens, a second time when the fault strikes the first.
  void open_refused(SimFileSystem& files, LogBench& bench) {
    const Status status = bench.open_tiny();
    if (!status.ok()) {
      expect_named(status);
      files.clear_faults();
      files.kill();
      const Status again = bench.open_tiny();
      ASSERT_TRUE(again.ok()) << again.text();
    }
    ASSERT_EQ(bench.seen, bench.written);
  }

  void work(LogBench& bench) {
    for (std::uint64_t number = 100; number < 160; ++number) {
      if (const Status status = bench.append(number, 300); !status.ok()) expect_named(status);
      if (number % 5 == 4) (void)bench.wal->commit_step();
      if (!bench.wal->failure().ok()) expect_named(bench.wal->failure());
      if (number % 20 != 0) continue;
      bench.options.replay_from = bench.wal->durable_position();
      const Status status = bench.wal->checkpoint(bench.options.replay_from);
      if (!status.ok()) expect_named(status);
      std::erase_if(bench.written, [&](const Seen& entry) {
        return entry.position <= bench.options.replay_from;
      });
    }
  }

  static void expect_named(const Status& status) {
    ASSERT_EQ(status.code(), GetParam().code) << status.text();
    ASSERT_FALSE(status.file().empty()) << status.text();
  }

  static void lose_power(SimFileSystem& files, LogBench& bench) {
    const std::uint64_t durable = bench.wal->durable_position();
    std::size_t must = 0;
    for (const Seen& entry : bench.written)
      if (entry.position <= durable) ++must;
    bench.wal->abandon();
    files.crash();
    const Status status = bench.open_tiny();
    ASSERT_TRUE(status.ok()) << status.text();
    bench.expect_prefix(must);
  }

  static void heal(SimFileSystem& files, LogBench& bench) {
    files.clear_faults();
    (void)bench.wal->commit_step();
    ASSERT_TRUE(bench.wal->failure().ok()) << bench.wal->failure().text();
    ASSERT_TRUE(bench.append(1000).ok());
    ASSERT_TRUE(bench.wal->wait_durable(bench.written.back().position).ok());
    ASSERT_TRUE(bench.wal->close().ok());
    files.crash(SimCrash::kNothing);
    ASSERT_TRUE(bench.open_tiny().ok());
    ASSERT_EQ(bench.seen, bench.written);
  }
};

TEST_P(WalFaultWalk, NothingAcceptedIsLostAtEachOfThem) {
  std::uint64_t nth = 1;
  for (bool met = true; met && !HasFatalFailure(); ++nth) {
    SCOPED_TRACE(nth);
    met = meet(nth, false);
    met = meet(nth, true) || met;
  }
  EXPECT_GT(nth, 2u);
}

INSTANTIATE_TEST_SUITE_P(
    Disk, WalFaultWalk,
    testing::Values(
        FaultCase{"FullAtAWrite", SimOperation::kWrite, Code::kDiskFull, 1},
        FaultCase{"FullAtWritesForAWhile", SimOperation::kWrite, Code::kDiskFull, 40},
        FaultCase{"ErrorAtAWrite", SimOperation::kWrite, Code::kIoError, 1},
        FaultCase{"ErrorAtASync", SimOperation::kSync, Code::kIoError, 1},
        FaultCase{"ErrorAtSyncsForAWhile", SimOperation::kSync, Code::kIoError, 40},
        FaultCase{"FullAtASync", SimOperation::kSync, Code::kDiskFull, 1},
        FaultCase{"FullAtAnAllocation", SimOperation::kAllocate, Code::kDiskFull, 1},
        FaultCase{"FullAtAllocationsForAWhile", SimOperation::kAllocate, Code::kDiskFull, 40},
        FaultCase{"ErrorAtAnAllocation", SimOperation::kAllocate, Code::kIoError, 1},
        FaultCase{"FullAtAnOpen", SimOperation::kOpen, Code::kDiskFull, 1},
        FaultCase{"ErrorAtAnOpen", SimOperation::kOpen, Code::kIoError, 1},
        FaultCase{"FullAtARename", SimOperation::kRename, Code::kDiskFull, 1},
        FaultCase{"ErrorAtARename", SimOperation::kRename, Code::kIoError, 1},
        FaultCase{"ErrorAtASyncOfTheFolder", SimOperation::kSyncDirectory, Code::kIoError, 1},
        FaultCase{"ErrorAtSyncsOfTheFolderForAWhile", SimOperation::kSyncDirectory,
                  Code::kIoError, 40},
        FaultCase{"ErrorAtARemoval", SimOperation::kRemove, Code::kIoError, 1},
        FaultCase{"ErrorAtARead", SimOperation::kRead, Code::kIoError, 1},
        FaultCase{"ErrorAtAList", SimOperation::kList, Code::kIoError, 1},
        FaultCase{"ErrorAtAMapping", SimOperation::kMap, Code::kIoError, 1}),
    [](const auto& about) { return about.param.name; });

TEST(WalFault, NoNextFileIsDiskFullBeforeAcceptance) {
  SimFileSystem files(21);
  LogBench bench(&files, "/sim");
  ASSERT_TRUE(bench.open().ok());
  files.set_capacity(files.used_bytes());
  Status status;
  std::uint64_t number = 0;
  while (status.ok() && number < 1000) status = bench.append(number++, 1000);
  EXPECT_EQ(status.code(), Code::kDiskFull);
  // Everything accepted had its place in the file.
  ASSERT_TRUE(bench.wal->wait_durable(bench.written.back().position).ok());
  EXPECT_TRUE(bench.wal->failure().ok());
  EXPECT_EQ(bench.append(number, 1000).code(), Code::kDiskFull);
  files.set_capacity(UINT64_MAX);
  for (int more = 0; more < 100; ++more) ASSERT_TRUE(bench.append(number++, 1000).ok());
  ASSERT_TRUE(bench.wal->close().ok());
  ASSERT_TRUE(bench.open().ok());
  EXPECT_EQ(bench.seen, bench.written);
}

TEST(WalFault, WhatWasAcceptedFitsTheFilesThereAre) {
  for (std::size_t bytes = 9'000; bytes < 16'000; bytes += 500) {
    SCOPED_TRACE(bytes);
    SimFileSystem files(23);
    LogBench bench(&files, "/sim");
    ASSERT_TRUE(bench.open().ok());
    while (bench.wal->commit_step() > 0) {
    }
    files.set_capacity(files.used_bytes());  // the current file and the next, no more
    Status status;
    for (std::uint64_t number = 0; status.ok() && number < 100; ++number)
      status = bench.append(number, number < 3 ? bytes - 2'000 : bytes);
    ASSERT_EQ(status.code(), Code::kDiskFull);
    ASSERT_TRUE(bench.wal->wait_durable(bench.written.back().position).ok());
    ASSERT_TRUE(bench.wal->failure().ok());
  }
}

TEST(WalFault, OneFailedSyncIsMadeGoodUnseen) {
  SimFileSystem files(24);
  LogBench bench(&files, "/sim");
  ASSERT_TRUE(bench.open().ok());
  ASSERT_TRUE(bench.append(1).ok());
  bench.wal->request_commit();
  ASSERT_TRUE(bench.append(2).ok());
  files.fail_sync(1, Code::kIoError);
  bench.wal->request_commit();
  EXPECT_TRUE(bench.wal->failure().ok());
  EXPECT_EQ(bench.wal->durable_position(), bench.written[1].position);
  EXPECT_EQ(bench.wal->stats().failed_files, 1u);
  bench.wal->abandon();
  files.crash();
  ASSERT_TRUE(bench.open().ok());
  EXPECT_EQ(bench.seen, bench.written);
}

// A file read from the page cache proves nothing about the disk.
TEST(WalFault, WhatOnlyThePageCacheHeldIsWrittenAgain) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    SimFileSystem files(seed);
    LogBench bench(&files, "/sim");
    ASSERT_TRUE(bench.open().ok());
    for (std::uint64_t number = 0; number < 4; ++number)
      ASSERT_TRUE(bench.append(number, 700).ok());
    files.fail_sync(1, Code::kIoError, 1'000'000);
    bench.wal->request_commit();
    bench.wal->abandon();
    files.kill();
    files.clear_faults();
    ASSERT_TRUE(files.remove(bench.options.staging_path).ok());
    ASSERT_TRUE(bench.open().ok());
    const std::vector<Seen> served = bench.seen;
    bench.wal->abandon();
    files.crash();
    ASSERT_TRUE(bench.open().ok());
    ASSERT_EQ(bench.seen, served);
  }
}

TEST(WalFault, ReadOnlyNamesItsReasonAndKeepsWhatWasAccepted) {
  SimFileSystem files(22);
  LogBench bench(&files, "/sim");
  ASSERT_TRUE(bench.open().ok());
  ASSERT_TRUE(bench.append(1).ok());
  files.fail_sync(1, Code::kIoError, 1'000'000);
  EXPECT_EQ(bench.wal->wait_durable(bench.written[0].position).code(), Code::kIoError);
  EXPECT_EQ(bench.wal->durable_position(), 0u);
  const Status status = bench.append(2);
  EXPECT_EQ(status.code(), Code::kIoError);
  EXPECT_FALSE(status.file().empty());
  bench.wal->abandon();
  files.clear_faults();
  files.kill();
  ASSERT_TRUE(bench.open().ok());
  EXPECT_EQ(bench.seen, bench.written);
}

}  // namespace
}  // namespace ndts
