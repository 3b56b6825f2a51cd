// Snapshots: in memory, one state of everything while the database goes on, merges, and closes; on
// disk, whole or not there, wherever the power goes.
#include <gtest/gtest.h>

#include "base/crash_point.h"
#include "base/long_test_kit.h"
#include "db/db_test_kit.h"

namespace ndts {
namespace {

std::vector<TickRow> load_all(const SeriesView& view, std::uint32_t symbol) {
  std::vector<TickRow> rows;
  TestBatch batch(20'000);
  std::size_t count = 0;
  const Status status = load_rows(view.sources(symbol % kTestShards), symbol, {-kAll, kAll},
                                  RowsOut::of(batch.view()), &count);
  EXPECT_TRUE(status.ok()) << status.text();
  for (std::size_t at = 0; at < count; at += 1) rows.push_back(batch.row(at));
  return rows;
}

void expect_snapshot(const DatabaseSnapshot& snapshot, const Model& model) {
  for (std::uint32_t symbol = 0; symbol < kTestSymbols; symbol += 1) {
    const std::vector<TickRow> wanted = model.of_symbol(symbol);
    const std::vector<TickRow> found = load_all(*snapshot.table(kTickTable), symbol);
    ASSERT_EQ(found.size(), wanted.size());
    for (std::size_t at = 0; at < found.size(); at += 1)
      ASSERT_TRUE(same_row(found[at], wanted[at]));
  }
  std::vector<std::pair<std::string, std::string>> entries;
  KeyValueIterator each = snapshot.key_value().iterate({});
  for (; each.valid(); each.next())
    entries.emplace_back(each.entry().key, text_of(each.entry().value));
  ASSERT_TRUE(each.status().ok());
  const std::vector<std::pair<std::string, std::string>> wanted(model.entries.begin(),
                                                                model.entries.end());
  ASSERT_EQ(entries, wanted);
}

class DatabaseSnapshots : public testing::Test {
 protected:
  void SetUp() override {
    bench_.options.memtable_bytes = 30'000;
    ASSERT_TRUE(bench_.open().ok());
    bench_.register_symbols();
  }
  void work(int steps) {
    for (int step = 0; step < steps; step += 1) {
      ticks_.fill(batch_, 1 + random_() % 100);
      ASSERT_TRUE(bench_.append(batch_).ok());
      const std::string key = "key/" + std::to_string(random_() % 40);
      ASSERT_TRUE(bench_.write({{key, std::to_string(random_())}}).ok());
    }
  }

  const std::uint64_t seed_ = test_seed(61);
  std::mt19937_64 random_{seed_};
  SimFileSystem files_{seed_};
  DatabaseBench bench_{&files_, "/db"};
  RandomTicks ticks_{random_};
  TestBatch batch_{100};
};

TEST_F(DatabaseSnapshots, SeeOneStateForAsLongAsTheyLive) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  std::vector<std::pair<DatabaseSnapshot, Model>> kept;
  for (int round = 0; round < (long_tests() ? 12 : 4); round += 1) {
    work(20);
    kept.emplace_back(bench_.database->snapshot(), bench_.model);
    if (round % 3 == 2) {
      ASSERT_TRUE(bench_.database->settle().ok());
    }
    if (kept.size() > 5) kept.erase(kept.begin());
    for (const auto& [snapshot, model] : kept) expect_snapshot(snapshot, model);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(bench_.database->stats().merges, 0u);
  EXPECT_GT(bench_.database->stats().obsolete_files, 0u);
  // Beyond the close, too.
  ASSERT_TRUE(bench_.database->close().ok());
  for (const auto& [snapshot, model] : kept) expect_snapshot(snapshot, model);
  kept.clear();
  ASSERT_TRUE(bench_.open().ok());
  bench_.expect_model(random_);
}

TEST_F(DatabaseSnapshots, FilesGoWhenNobodyReadsThem) {
  work(200);
  {
    const DatabaseSnapshot snapshot = bench_.database->snapshot();
    ASSERT_TRUE(bench_.database->settle().ok());
    work(100);
    ASSERT_TRUE(bench_.database->settle().ok());
  }
  ASSERT_TRUE(bench_.database->settle().ok());
  ASSERT_TRUE(bench_.database->seal().ok());
  work(1);
  ASSERT_TRUE(bench_.database->settle().ok());
  std::vector<std::string> names;
  ASSERT_TRUE(files_.list(tables_dir(bench_.options.dir), &names).ok());
  const auto segments = static_cast<std::uint64_t>(
      std::count_if(names.begin(), names.end(),
                    [](const std::string& name) { return name.ends_with(".segment"); }));
  EXPECT_EQ(segments, bench_.database->stats().segments);
}

TEST_F(DatabaseSnapshots, OnDiskComeBackAsTheyWere) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  work(60);
  ASSERT_TRUE(bench_.database->write_snapshot("first").ok());
  const Model then = bench_.model;
  const std::uint64_t epoch = bench_.database->epoch(0);
  EXPECT_EQ(bench_.database->write_snapshot("first").code(), Code::kAlreadyExists);
  EXPECT_EQ(bench_.database->write_snapshot("../first").code(), Code::kInvalidArgument);
  work(60);
  ASSERT_TRUE(bench_.database->settle().ok());
  ASSERT_TRUE(bench_.database->write_snapshot("second").ok());
  std::vector<SnapshotInfo> found;
  ASSERT_TRUE(bench_.database->list_snapshots(&found).ok());
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].name, "first");
  EXPECT_GT(found[0].bytes, 0u);

  const std::string folder = snapshot_folder(bench_.options.dir, "first");
  ASSERT_TRUE(restore_snapshot(files_, bench_.clock, folder, "/restored/data").ok());
  EXPECT_EQ(restore_snapshot(files_, bench_.clock, folder, "/restored/data").code(),
            Code::kAlreadyExists);
  EXPECT_EQ(restore_snapshot(files_, bench_.clock, folder + "x", "/elsewhere").code(),
            Code::kNotFound);
  DatabaseBench restored(&files_, "/restored");
  restored.model = then;
  ASSERT_TRUE(restored.open().ok());
  EXPECT_GT(restored.database->epoch(0), epoch + 10'000);
  restored.expect_model(random_);
  ticks_.fill(batch_, 50);
  ASSERT_TRUE(restored.append(batch_).ok());
  restored.kill();
  ASSERT_TRUE(restored.open().ok());
  restored.expect_model(random_);

  ASSERT_TRUE(bench_.database->remove_snapshot("first").ok());
  EXPECT_EQ(bench_.database->remove_snapshot("first").code(), Code::kNotFound);
  bench_.expect_model(random_);
  restored.expect_model(random_);
}

TEST_F(DatabaseSnapshots, AreMadeByThemselvesAndKeptInNumber) {
  ASSERT_TRUE(bench_.database->close().ok());
  bench_.options.snapshot_interval_ns = 60'000'000'000;
  bench_.options.snapshots_kept = 2;
  ASSERT_TRUE(bench_.open().ok());
  for (int round = 0; round < 5; round += 1) {
    work(5);
    bench_.clock.advance(61'000'000'000);
    work(1);
    ASSERT_TRUE(bench_.database->seal().ok());
  }
  EXPECT_GE(bench_.database->stats().snapshots, 3u);
  std::vector<SnapshotInfo> found;
  ASSERT_TRUE(bench_.database->list_snapshots(&found).ok());
  EXPECT_EQ(found.size(), 2u);
  bench_.expect_model(random_);
}

// What was sealed meanwhile is as new as what is in memory; only the same state is not made twice.
TEST_F(DatabaseSnapshots, AreMadeOfWhatWasSealedSince) {
  ASSERT_TRUE(bench_.database->close().ok());
  bench_.options.snapshot_interval_ns = 60'000'000'000;
  ASSERT_TRUE(bench_.open().ok());
  std::uint64_t made = 0;
  for (int round = 0; round < 3; round += 1) {
    work(5);
    ASSERT_TRUE(bench_.database->seal().ok());
    for (int quiet = 0; quiet < 3; quiet += 1) {
      bench_.clock.advance(61'000'000'000);
      bench_.database->tend();
      ASSERT_TRUE(bench_.database->seal().ok());
    }
    EXPECT_EQ(bench_.database->stats().snapshots, made + 1);
    made = bench_.database->stats().snapshots;
  }
}

TEST_F(DatabaseSnapshots, AreWholeOrNotThereWhereverThePowerGoes) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  work(40);
  ASSERT_TRUE(bench_.database->seal().ok());
  ASSERT_TRUE(bench_.database->close().ok());
  for (std::uint64_t nth = 1; nth < 60; nth += 1) {
    ASSERT_TRUE(bench_.open().ok());
    files_.fail_sync(nth, Code::kIoError, 1'000);
    const Status status = bench_.database->write_snapshot("shot");
    bench_.crash();
    ASSERT_TRUE(bench_.open().ok());
    std::vector<SnapshotInfo> found;
    ASSERT_TRUE(bench_.database->list_snapshots(&found).ok());
    bench_.expect_model(random_);
    ASSERT_TRUE(bench_.database->close().ok());
    if (status.ok()) {
      ASSERT_EQ(found.size(), 1u) << "sync " << nth;
    }
    if (!found.empty()) {
      const std::string dir = "/again-" + std::to_string(nth);
      ASSERT_TRUE(restore_snapshot(files_, bench_.clock,
                                   snapshot_folder(bench_.options.dir, "shot"), dir + "/data")
                      .ok());
      DatabaseBench restored(&files_, dir);
      restored.model = bench_.model;
      ASSERT_TRUE(restored.open().ok());
      restored.expect_model(random_);
      if (status.ok()) return;
      ASSERT_TRUE(bench_.open().ok());
      ASSERT_TRUE(bench_.database->remove_snapshot("shot").ok());
      ASSERT_TRUE(bench_.database->close().ok());
    }
    if (HasFatalFailure()) return;
  }
  FAIL() << "no run came to its end";
}

TEST_F(DatabaseSnapshots, AreRestoredWholeOrNotWhereverThePowerGoes) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  work(40);
  ASSERT_TRUE(bench_.database->write_snapshot("shot").ok());
  const std::string folder = snapshot_folder(bench_.options.dir, "shot");
  const std::uint64_t rows = bench_.database->stats().segment_rows;
  ASSERT_TRUE(bench_.database->close().ok());
  for (std::uint64_t nth = 1; nth < 60; nth += 1) {
    const std::string dir = "/again-" + std::to_string(nth);
    files_.fail_sync(nth, Code::kIoError, 1'000);
    const Status status = restore_snapshot(files_, bench_.clock, folder, dir + "/data");
    files_.crash();
    files_.clear_faults();
    DatabaseBench restored(&files_, dir);
    const Status opened = restored.open();
    if (status.ok()) {
      ASSERT_TRUE(opened.ok()) << opened.text();
      restored.model = bench_.model;
      restored.expect_model(random_);
      return;
    }
    if (opened.ok()) {
      const std::uint64_t found = restored.database->stats().segment_rows;
      EXPECT_TRUE(found == 0 || found == rows) << found << " of " << rows;
    } else {
      EXPECT_EQ(opened.code(), Code::kCorrupt) << opened.text();
    }
  }
  FAIL() << "no run came to its end";
}

}  // namespace
}  // namespace ndts
