// A manifest made of the files, where there is none: of whatever a database wrote before, with what
// flushes, merges and compactions that were cut off left beside it.
#include <gtest/gtest.h>

#include "base/crash_point.h"
#include "base/long_test_kit.h"
#include "db/db_test_kit.h"
#include "db/folder_image_test_kit.h"
#include "db/repair.h"

namespace ndts {
namespace {

// Ends the process, as far as the disk sees it, when so many segments of a flush are written.
SimFileSystem* frozen_files = nullptr;
int segments_until_freeze = 0;

void freeze_in_flush(const char* name) {
  if (std::string_view(name) != "flush.segment_written") return;
  segments_until_freeze -= 1;
  if (segments_until_freeze == 0) frozen_files->freeze();
}

class RebuiltManifests : public testing::Test {
 protected:
  void SetUp() override {
    bench_.options.memtable_bytes = 30'000;
    bench_.options.compaction.level0_tables = 2;
    ASSERT_TRUE(bench_.open().ok());
    bench_.register_symbols();
  }
  void work(int steps) {
    for (int step = 0; step < steps; step += 1) {
      ticks_.fill(batch_, 1 + random_() % 100);
      ASSERT_TRUE(bench_.append(batch_).ok());
      const std::string key = "key/" + std::to_string(random_() % 60);
      if (deletes_ && random_() % 4 == 0) {
        ASSERT_TRUE(bench_.write({{key, std::nullopt}}).ok());
      } else {
        ASSERT_TRUE(bench_.write({{key, std::to_string(random_())}}).ok());
      }
    }
  }
  void make_durable() {
    ASSERT_TRUE(bench_.database->wait_durable(bench_.database->accepted_position()).ok());
  }
  std::uint64_t segment_files() {
    std::vector<std::string> names;
    EXPECT_TRUE(files_.list(tables_dir(bench_.options.dir), &names).ok());
    return static_cast<std::uint64_t>(
        std::count_if(names.begin(), names.end(),
                      [](const std::string& name) { return name.ends_with(".segment"); }));
  }
  // The manifest goes, a new one is made; everything is there as before.
  void expect_rebuilt() {
    const std::string& dir = bench_.options.dir;
    ASSERT_TRUE(files_.remove(dir + "/MANIFEST").ok());
    const RepairOptions told{&files_, &bench_.clock, dir, true, 0};
    RepairReport report;
    Status status = repair_database(told, &report);
    ASSERT_TRUE(status.ok()) << status.text();
    ASSERT_FALSE(report.findings.empty());
    EXPECT_EQ(report.findings.front().file, dir + "/MANIFEST");
    for (const RepairFinding& finding : report.findings) EXPECT_EQ(finding.lost.rows, 0u);
    status = repair_database(told, &report);
    ASSERT_TRUE(status.ok()) << status.text();
    status = bench_.open();
    ASSERT_TRUE(status.ok()) << status.text();
    bench_.expect_model(random_);
  }

  const std::uint64_t seed_ = test_seed(91);
  std::mt19937_64 random_{seed_};
  SimFileSystem files_{seed_};
  DatabaseBench bench_{&files_, "/db"};
  RandomTicks ticks_{random_};
  TestBatch batch_{100};
  bool deletes_ = true;
};

TEST_F(RebuiltManifests, HaveEverythingThatWasWritten) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  for (int round = 0; round < (long_tests() ? 12 : 4); round += 1) {
    SCOPED_TRACE("round " + std::to_string(round));
    work(static_cast<int>(random_() % 60));
    if (round % 3 == 0) {
      ASSERT_TRUE(bench_.database->settle().ok());
    }
    ASSERT_TRUE(bench_.database->close().ok());
    bench_.database.reset();
    expect_rebuilt();
    if (HasFatalFailure()) return;
  }
}

// Without deletes: inputs of a compaction that the dead process still held bring keys back whose
// delete was compacted away with others of them.
TEST_F(RebuiltManifests, HaveEverythingThatWasDurable) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  deletes_ = false;
  for (int round = 0; round < (long_tests() ? 12 : 4); round += 1) {
    SCOPED_TRACE("round " + std::to_string(round));
    work(static_cast<int>(random_() % 60));
    make_durable();
    bench_.kill();
    bench_.database.reset();
    expect_rebuilt();
    if (HasFatalFailure()) return;
  }
}

// Segments of some shards, whose rows the log has, too.
TEST_F(RebuiltManifests, LeaveOutWhatAFlushLeftBehind) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  deletes_ = false;
  int left = 0;
  for (int nth = 1; nth < 8; nth += 1) {
    SCOPED_TRACE("segment " + std::to_string(nth));
    ASSERT_TRUE(bench_.database->seal().ok());
    work(3);
    make_durable();
    const std::uint64_t listed = bench_.database->stats().segments;
    frozen_files = &files_;
    segments_until_freeze = nth;
    install_crash_points(freeze_in_flush);
    static_cast<void>(bench_.database->seal());
    install_crash_points(nullptr);
    bench_.kill();
    bench_.database.reset();
    if (segment_files() > listed) left += 1;
    expect_rebuilt();
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(left, 3);
}

// Merges whose inputs were still read when the process died.
TEST_F(RebuiltManifests, TakeRowsOnceThatAMergeWroteAgain) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  deletes_ = false;
  ASSERT_TRUE(bench_.database->close().ok());
  bench_.options.segments.fan_in = 2;
  ASSERT_TRUE(bench_.open().ok());
  std::vector<DatabaseSnapshot> readers;
  for (int round = 0; round < 10; round += 1) {
    work(20);
    ASSERT_TRUE(bench_.database->seal().ok());
    readers.push_back(bench_.database->snapshot());
  }
  ASSERT_GT(segment_files(), bench_.database->stats().segments);
  // The log has let go of the first rows: only segments have them.
  ASSERT_FALSE(files_.exists(bench_.options.dir + "/wal/wal_00000000000000000001.log"));
  bench_.kill();
  readers.clear();
  bench_.database.reset();
  expect_rebuilt();
}

}  // namespace
}  // namespace ndts
