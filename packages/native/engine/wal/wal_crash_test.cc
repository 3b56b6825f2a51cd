// The log against a disk that loses, tears, refuses and damages: what was durable is there or
// reported by name, what was accepted survives a kill, nothing is invented or reordered.
// A failing random test names its NDTS_TEST_SEED; set it to run that one again.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <set>

#include "base/crash_point.h"
#include "wal/wal_reader.h"
#include "wal/wal_test_kit.h"

namespace ndts {
namespace {

// A log of three commits of two entries each, then ended in one of several ways.
enum class Ending : std::uint8_t { kClosed, kClosedThenReboot, kPowerCut };

struct SmallLog {
  explicit SmallLog(Ending ending) {
    EXPECT_TRUE(bench.open().ok());
    for (std::uint64_t number = 0; number < 6; ++number) {
      EXPECT_TRUE(bench.append(number, 10 + number * 5).ok());
      if (number % 2 == 1) bench.wal->request_commit();
    }
    path = bench.newest();
    if (ending == Ending::kPowerCut)
      bench.wal->abandon();
    else
      EXPECT_TRUE(bench.wal->close().ok());
    end_offset = kWalEntriesOffset + bench.wal->accepted_position();
    bench.wal.reset();
    if (ending == Ending::kClosed) files.kill();
    if (ending != Ending::kClosed) files.crash();
  }

  SimFileSystem files{11};
  LogBench bench{&files, "/sim"};
  std::string path;
  std::uint64_t end_offset = 0;
};

TEST(WalTornTail, EveryTruncationLength) {
  const std::uint64_t end = SmallLog(Ending::kPowerCut).end_offset;
  // The header page needs no 4096 rounds.
  const auto stride = [](std::uint64_t at) { return at + 101 < kWalEntriesOffset ? 101u : 1u; };
  for (std::uint64_t length = 0; length <= end; length += stride(length)) {
    SCOPED_TRACE(length);
    SmallLog log(Ending::kPowerCut);
    log.files.cut(log.path, length);
    const Status status = log.bench.open();
    if (length < kWalEntriesOffset) {
      ASSERT_EQ(status.code(), Code::kCorrupt);
      ASSERT_EQ(status.file(), log.path);
      continue;
    }
    ASSERT_TRUE(status.ok()) << status.text();
    std::size_t whole = 0;
    for (const Seen& entry : log.bench.written)
      if (kWalEntriesOffset + entry.position <= length) ++whole;
    ASSERT_EQ(log.bench.seen.size(), whole);
    log.bench.expect_prefix(whole);
    ASSERT_GT(log.bench.wal->recovery().torn_bytes, 0u);
    ASSERT_EQ(log.bench.wal->recovery().torn_file, log.path);
    // It serves again, and positions did not go back.
    log.bench.written.resize(whole);
    ASSERT_TRUE(log.bench.append(77).ok());
    ASSERT_GT(log.bench.written.back().position, end - kWalEntriesOffset);
    ASSERT_TRUE(log.bench.wal->close().ok());
    ASSERT_TRUE(log.bench.open().ok());
    ASSERT_EQ(log.bench.seen, log.bench.written);
  }
}

TEST(WalTornTail, ACutFileIsCorruptWhileStagingMemoryKnowsBetter) {
  SmallLog log(Ending::kClosed);
  log.files.cut(log.path, log.end_offset - 100);
  const Status status = log.bench.open();
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_EQ(status.file(), log.path);
}

void flip_every_byte(Ending ending, std::size_t confirmed) {
  const std::uint64_t end = SmallLog(ending).end_offset + 64;
  std::size_t refused = 0;
  for (std::uint64_t offset = 0; offset < end; ++offset) {
    if (offset == 200) offset = kWalEntriesOffset - 8;  // the zeros between need no 4000 rounds
    SCOPED_TRACE(offset);
    SmallLog log(ending);
    log.files.flip_bit(log.path, offset, static_cast<unsigned>(offset % 8));
    const Status status = log.bench.open();
    if (!status.ok()) {
      ASSERT_EQ(status.code(), Code::kCorrupt);
      ASSERT_EQ(status.file(), log.path);
      ASSERT_LE(status.offset(), offset);
      ++refused;
      continue;
    }
    log.bench.expect_prefix(confirmed);
    if (log.bench.seen.size() < log.bench.written.size()) {
      ASSERT_GT(log.bench.wal->recovery().torn_bytes, 0u);
      ASSERT_EQ(log.bench.wal->recovery().torn_file, log.path);
      ASSERT_LE(log.bench.wal->recovery().torn_offset, offset);
    }
  }
  EXPECT_GT(refused, 100u);
}

// Confirmed by the seal, or by the staging memory: all six must be there or refused.
TEST(WalFlippedByte, AfterAClose) { flip_every_byte(Ending::kClosed, 6); }
TEST(WalFlippedByte, AfterACloseAndAReboot) { flip_every_byte(Ending::kClosedThenReboot, 6); }
// The entries of the last commit are confirmed by nothing: damage there looks like a torn tail.
TEST(WalFlippedByte, AfterAPowerCut) { flip_every_byte(Ending::kPowerCut, 4); }

TEST(WalFlippedByte, InAnOlderFileIsNamed) {
  SimFileSystem files(12);
  LogBench bench(&files, "/sim");
  ASSERT_TRUE(bench.open().ok());
  for (std::uint64_t number = 0; number < 200; ++number)
    ASSERT_TRUE(bench.append(number, 1000).ok());
  ASSERT_TRUE(bench.wal->close().ok());
  files.crash();
  const std::string first = bench.options.dir + "/" + wal_file_name(1);
  files.flip_bit(first, 20'000, 3);
  const Status status = bench.open();
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_EQ(status.file(), first);
  EXPECT_LE(status.offset(), 20'000u);
  EXPECT_GT(status.offset(), 18'000u);
  files.flip_bit(first, 20'000, 3);
  ASSERT_TRUE(bench.open().ok());
  EXPECT_EQ(bench.seen, bench.written);
}

TEST(WalMissingFile, IsNamed) {
  for (const std::uint64_t sequence : {1, 2, 3}) {
    SimFileSystem files(13);
    LogBench bench(&files, "/sim");
    ASSERT_TRUE(bench.open().ok());
    for (std::uint64_t number = 0; number < 200; ++number)
      ASSERT_TRUE(bench.append(number, 1000).ok());
    ASSERT_TRUE(bench.wal->close().ok());
    ASSERT_TRUE(files.remove(bench.options.dir + "/" + wal_file_name(sequence)).ok());
    const Status status = bench.open();
    EXPECT_EQ(status.code(), Code::kCorrupt);
    EXPECT_FALSE(status.file().empty());
  }
}

// Everything after a crash against what the model says must or may be there.
class CrashModel {
 public:
  explicit CrashModel(std::uint64_t seed) : files_(seed), bench_(&files_, "/sim"), random_(seed) {
    bench_.options.file_bytes = 72u << 10;
  }

  void run(int rounds) {
    ASSERT_TRUE(bench_.open().ok());
    for (int round = 0; round < rounds; ++round) {
      SCOPED_TRACE(round);
      ASSERT_NO_FATAL_FAILURE(work());
      ASSERT_NO_FATAL_FAILURE(end_and_reopen());
    }
  }

 private:
  void work() {
    const std::uint64_t steps = random_() % 60;
    for (std::uint64_t step = 0; step < steps; ++step) {
      const std::uint64_t choice = random_() % 100;
      if (choice < 70) {
        if (!bench_.append(number_++, 8 + random_() % 3000).ok()) continue;
        ASSERT_GT(bench_.written.back().position, highest_);
        highest_ = bench_.written.back().position;
      } else if (choice < 85) {
        (void)bench_.wal->commit_step();
      } else if (choice < 92 && !bench_.written.empty()) {
        (void)bench_.wal->wait_durable(bench_.written.back().position);
      } else if (choice < 95) {
        files_.fail_sync(1 + random_() % 4, Code::kIoError, 1 + random_() % 3);
      } else if (choice < 98) {
        files_.fail_write(1 + random_() % 6, random_() % 2 == 0 ? Code::kDiskFull : Code::kIoError,
                          1 + random_() % 3);
      } else {
        checkpoint();
      }
      ASSERT_LE(bench_.wal->durable_position(), bench_.wal->accepted_position());
      ASSERT_GE(bench_.wal->durable_position(), last_durable_);
      last_durable_ = bench_.wal->durable_position();
    }
  }

  void checkpoint() {
    std::uint64_t position = 0;
    for (const Seen& entry : bench_.written)
      if (entry.position <= last_durable_ && random_() % 8 != 0) position = entry.position;
    position = std::max(position, bench_.options.replay_from);
    if (position > bench_.wal->durable_position()) return;
    bench_.options.replay_from = position;  // the manifest is "synced" by being assigned
    (void)bench_.wal->checkpoint(position);
  }

  void end_and_reopen() {
    const std::uint64_t durable = bench_.wal->durable_position();
    bool all_kept = true;
    switch (random_() % 4) {
      case 0:
        files_.clear_faults();
        // A log that was read-only a moment ago may need a retry to be whole again.
        (void)bench_.wal->commit_step();
        ASSERT_TRUE(bench_.wal->close().ok());
        break;
      case 1:
        bench_.wal->abandon();
        files_.kill();
        break;
      default:
        bench_.wal->abandon();
        files_.crash();
        all_kept = false;
        break;
    }
    files_.clear_faults();
    // Opening may itself be cut short, any number of times, in any way.
    while (random_() % 3 == 0) {
      files_.fail_sync(1 + random_() % 5, Code::kIoError);
      const Status status = bench_.open();
      if (status.ok()) bench_.wal->abandon();
      if (!status.ok()) {
        ASSERT_EQ(status.code(), Code::kIoError) << status.text();
      }
      if (random_() % 2 == 0) {
        files_.crash();
        all_kept = false;
      } else {
        files_.kill();
      }
      files_.clear_faults();
    }
    const Status status = bench_.open();
    ASSERT_TRUE(status.ok()) << status.text();
    compare(durable, all_kept);
  }

  void compare(std::uint64_t durable, bool all_kept) {
    std::erase_if(bench_.written, [&](const Seen& entry) {
      return entry.position <= bench_.options.replay_from;
    });
    std::size_t must = 0;
    for (const Seen& entry : bench_.written)
      if (all_kept || entry.position <= durable) ++must;
    ASSERT_NO_FATAL_FAILURE(bench_.expect_prefix(must));
    bench_.written.resize(bench_.seen.size());
    last_durable_ = bench_.wal->durable_position();
    ASSERT_GE(last_durable_, durable);
  }

  SimFileSystem files_;
  LogBench bench_;
  std::mt19937_64 random_;
  std::uint64_t number_ = 0;
  std::uint64_t highest_ = 0;
  std::uint64_t last_durable_ = 0;
};

TEST(WalSimulation, NothingDurableIsLostWhateverTheDiskDoes) {
  const char* given = getenv("NDTS_TEST_SEED");  // ambient: the seed of a run to repeat
  const std::uint64_t first = given == nullptr ? 1 : strtoull(given, nullptr, 10);
  const std::uint64_t count = given == nullptr ? 120 : 1;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("NDTS_TEST_SEED=" + std::to_string(seed));
    CrashModel model(seed);
    ASSERT_NO_FATAL_FAILURE(model.run(12));
  }
}

// Appends with commits while the n-th write or sync (and `count` of them) fails, then heals.
void fail_at(bool write, std::uint64_t nth, Code code, std::uint64_t count, bool* struck) {
  SimFileSystem files(nth);
  LogBench bench(&files, "/sim");
  ASSERT_TRUE(bench.open().ok());
  const std::uint64_t before = write ? files.writes() : files.syncs();
  if (write)
    files.fail_write(nth, code, count);
  else
    files.fail_sync(nth, code, count);
  Status refused;
  for (std::uint64_t number = 0; number < 90; ++number) {
    const Status status = bench.append(number, 1500);
    if (!status.ok()) refused = status;
    if (number % 5 == 4) (void)bench.wal->commit_step();
  }
  if (!refused.ok()) {
    ASSERT_EQ(refused.code(), code) << refused.text();
    ASSERT_FALSE(refused.file().empty());
  }
  *struck = (write ? files.writes() : files.syncs()) >= before + nth;
  files.clear_faults();
  if (nth % 2 == 0) {  // what is called durable now survives the power cut
    const std::uint64_t durable = bench.wal->durable_position();
    std::size_t must = 0;
    for (const Seen& entry : bench.written)
      if (entry.position <= durable) ++must;
    bench.wal->abandon();
    files.crash();
    ASSERT_TRUE(bench.open().ok());
    bench.expect_prefix(must);
    return;
  }
  (void)bench.wal->commit_step();
  ASSERT_TRUE(bench.wal->failure().ok());
  ASSERT_TRUE(bench.append(1000).ok());
  ASSERT_TRUE(bench.wal->wait_durable(bench.written.back().position).ok());
  ASSERT_TRUE(bench.wal->close().ok());
  files.crash();
  ASSERT_TRUE(bench.open().ok());
  ASSERT_EQ(bench.seen, bench.written);
}

void fail_everywhere(bool write, Code code, std::uint64_t count) {
  bool struck = true;
  std::uint64_t nth = 1;
  for (; struck; ++nth) {
    SCOPED_TRACE(nth);
    ASSERT_NO_FATAL_FAILURE(fail_at(write, nth, code, count, &struck));
  }
  EXPECT_GT(nth, 10u);
}

TEST(WalFault, DiskFullAtEachWrite) { fail_everywhere(true, Code::kDiskFull, 1); }
TEST(WalFault, DiskFullForAWhile) { fail_everywhere(true, Code::kDiskFull, 200); }
TEST(WalFault, SyncFailsOnce) { fail_everywhere(false, Code::kIoError, 1); }
TEST(WalFault, SyncFailsForAWhile) { fail_everywhere(false, Code::kIoError, 200); }

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

// Stops the simulated process at each named point in turn, then kills it or cuts the power.
struct StopAt {
  static inline int countdown = 0;
  static inline SimFileSystem* files = nullptr;
  static inline std::set<std::string> names;
  static void hook(const char* name) {
    names.insert(name);
    if (--countdown == 0) files->freeze();
  }
};

void stop_at(int point, bool power_cut) {
  SimFileSystem files(static_cast<std::uint64_t>(point));
  StopAt::files = &files;
  StopAt::countdown = 0;
  LogBench bench(&files, "/sim");
  ASSERT_TRUE(bench.open().ok());
  StopAt::countdown = point;
  for (std::uint64_t number = 0; StopAt::countdown > 0 && number < 400; ++number) {
    if (!bench.append(number, 900).ok()) break;
    if (number % 3 == 0) (void)bench.wal->commit_step();
    if (number % 50 == 49) {
      bench.options.replay_from = bench.wal->durable_position();
      (void)bench.wal->checkpoint(bench.options.replay_from);
    }
  }
  ASSERT_LE(StopAt::countdown, 0);
  const std::uint64_t durable = bench.wal->durable_position();
  std::erase_if(bench.written, [&](const Seen& entry) {
    return entry.position <= bench.options.replay_from;
  });
  std::size_t must = 0;
  for (const Seen& entry : bench.written)
    if (!power_cut || entry.position <= durable) ++must;
  bench.wal->abandon();
  if (power_cut)
    files.crash();
  else
    files.kill();
  const Status status = bench.open();
  ASSERT_TRUE(status.ok()) << status.text();
  bench.expect_prefix(must);
}

TEST(WalCrashPoint, AStopAtEachPointKeepsWhatItShould) {
  StopAt::names.clear();
  install_crash_points(&StopAt::hook);
  for (int point = 1; point <= 200; ++point) {
    SCOPED_TRACE(point);
    ASSERT_NO_FATAL_FAILURE(stop_at(point, false));
    ASSERT_NO_FATAL_FAILURE(stop_at(point, true));
  }
  install_crash_points(nullptr);
  EXPECT_EQ(StopAt::names,
            (std::set<std::string>{"wal.before_write", "wal.after_write", "wal.after_sync",
                                   "wal.before_rename", "wal.after_rename", "wal.after_remove"}));
}

}  // namespace
}  // namespace ndts
