// Segments that go and come back on demand, against a model: seen by nobody who comes after, kept
// for who reads already, whole or not at all wherever the power goes, beside merges.
#include <gtest/gtest.h>

#include <set>

#include "base/crash_point.h"
#include "base/long_test_kit.h"
#include "db/db_test_kit.h"

namespace ndts {
namespace {

constexpr std::int64_t kFirstDay = 20'000;

// Where the power goes, and whose.
const char* cut_place = nullptr;
DatabaseBench* cut_bench = nullptr;

class DatabaseChanges : public testing::Test {
 protected:
  void open() {
    const Status status = bench_.open();
    ASSERT_TRUE(status.ok()) << status.text();
    bench_.register_symbols();
  }
  // Ticks of some days, sealed.
  void work(int batches) {
    for (int batch = 0; batch < batches; batch += 1) {
      TestBatch rows(60);
      for (int row = 0; row < 60; row += 1) {
        TickRow tick{};
        tick.time = (kFirstDay + static_cast<std::int64_t>(random_() % kDays)) * kNsPerDay +
                    static_cast<std::int64_t>(random_() % 1'000'000);
        tick.symbol = static_cast<std::uint32_t>(random_() % kTestSymbols);
        tick.price = static_cast<double>(random_() % 1'000);
        rows.add(tick);
      }
      ASSERT_TRUE(bench_.append(rows).ok());
      if (random_() % 4 == 0) {
        ASSERT_TRUE(bench_.database->seal().ok());
      }
    }
    ASSERT_TRUE(bench_.database->seal().ok());
  }
  std::vector<SegmentRecord> of_day(std::int64_t day) {
    std::vector<SegmentRecord> all;
    EXPECT_TRUE(bench_.database->segments(kTickTable, &all).ok());
    std::erase_if(all, [day](const SegmentRecord& one) { return one.day != day; });
    return all;
  }
  static SegmentChange removal(const std::vector<SegmentRecord>& segments) {
    SegmentChange change;
    for (const SegmentRecord& segment : segments) change.removed.push_back(segment.number);
    return change;
  }
  // Copies the files of segments beside the database.
  SegmentChange archive(const std::vector<SegmentRecord>& segments) {
    SegmentChange change;
    EXPECT_TRUE(files_.make_directory("/db/back").ok());
    for (const SegmentRecord& segment : segments) {
      const std::string path = "/db/back/" + std::to_string(segment.number);
      static_cast<void>(files_.remove(path));
      EXPECT_TRUE(files_.hard_link(segment_path(bench_.options.dir, segment), path).ok());
      EXPECT_TRUE(files_.sync_directory("/db/back").ok());
      change.added.push_back(path);
    }
    return change;
  }
  std::size_t rows_of(std::int64_t day) {
    std::size_t rows = 0;
    for (std::uint32_t symbol = 0; symbol < kTestSymbols; symbol += 1)
      rows += bench_.load(symbol, {day * kNsPerDay, (day + 1) * kNsPerDay}, 100).size();
    return rows;
  }
  // The model, without some days.
  void expect_without(const std::set<std::int64_t>& days) {
    for (std::uint32_t symbol = 0; symbol < kTestSymbols; symbol += 1) {
      std::vector<TickRow> wanted = bench_.model.of_symbol(symbol);
      std::erase_if(wanted,
                    [&days](const TickRow& row) { return days.contains(day_of(row.time)); });
      bench_.expect_rows(bench_.load(symbol, {-kAll, kAll}, 100), wanted);
    }
  }

  static constexpr std::uint64_t kDays = 4;
  const std::uint64_t seed_ = test_seed(71);
  std::mt19937_64 random_{seed_};
  SimFileSystem files_{seed_};
  DatabaseBench bench_{&files_, "/db"};
};

TEST_F(DatabaseChanges, GoAndComeBack) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  open();
  work(40);
  const std::vector<SegmentRecord> day = of_day(kFirstDay + 1);
  ASSERT_FALSE(day.empty());
  SegmentChange back = archive(day);
  {
    const DatabaseSnapshot before = bench_.database->snapshot();
    ASSERT_TRUE(bench_.database->change_segments(removal(day)).ok());
    expect_without({kFirstDay + 1});
    // Who reads already goes on reading; until then the same files cannot come back.
    TestBatch batch(10'000);
    std::size_t count = 0;
    ASSERT_TRUE(load_rows(before.table(kTickTable)->sources(1), 1, {-kAll, kAll},
                          RowsOut::of(batch.view()), &count)
                    .ok());
    EXPECT_EQ(count, bench_.model.of_symbol(1).size());
    EXPECT_EQ(bench_.database->change_segments(back).code(), Code::kUnavailable);
  }
  EXPECT_EQ(bench_.database->change_segments(removal(day)).code(), Code::kNotFound);
  ASSERT_TRUE(bench_.database->settle().ok());
  ASSERT_TRUE(bench_.database->close().ok());
  open();
  expect_without({kFirstDay + 1});
  ASSERT_TRUE(bench_.database->change_segments(back).ok());
  bench_.expect_model(random_);
  ASSERT_TRUE(bench_.database->settle().ok());
  bench_.expect_model(random_);
  ASSERT_TRUE(bench_.database->close().ok());
  open();
  bench_.expect_model(random_);
}

// All or nothing: one that is not there, or is there already, and nothing is done.
TEST_F(DatabaseChanges, RefuseWhatDoesNotFit) {
  open();
  work(20);
  ASSERT_TRUE(bench_.database->settle().ok());
  const std::vector<SegmentRecord> day = of_day(kFirstDay);
  ASSERT_FALSE(day.empty());
  SegmentChange change = removal(day);
  change.removed.push_back(999'999);
  EXPECT_EQ(bench_.database->change_segments(change).code(), Code::kNotFound);
  EXPECT_EQ(bench_.database->change_segments(archive(day)).code(), Code::kAlreadyExists);
  EXPECT_EQ(bench_.database->change_segments({{}, {"/db/none"}}).code(), Code::kNotFound);
  ASSERT_TRUE(bench_.database->begin_change({}).ok());
  EXPECT_EQ(bench_.database->begin_change({}).code(), Code::kAlreadyExists);
  bench_.expect_model(random_);
  // What came to be there by merging is there, too.
  const SegmentChange back = archive(day);
  ASSERT_TRUE(bench_.database->close().ok());
  open();
  work(60);
  ASSERT_TRUE(bench_.database->settle().ok());
  EXPECT_EQ(bench_.database->change_segments(back).code(), Code::kAlreadyExists);
  bench_.expect_model(random_);
}

TEST_F(DatabaseChanges, RefuseFilesOfAnotherDatabase) {
  open();
  work(10);
  const SegmentChange foreign = archive(of_day(kFirstDay));
  ASSERT_FALSE(foreign.added.empty());
  ASSERT_TRUE(bench_.database->close().ok());
  DatabaseBench other(&files_, "/other");
  ASSERT_TRUE(other.open().ok());
  EXPECT_EQ(other.database->change_segments(foreign).code(), Code::kInvalidArgument);
  for (std::uint32_t symbol = 0; symbol < kTestSymbols; symbol += 1)
    ASSERT_TRUE(other.database
                    ->register_symbol(symbol, symbol % kTestShards, "X" + std::to_string(symbol))
                    .ok());
  EXPECT_EQ(other.database->change_segments(foreign).code(), Code::kInvalidArgument);
  other.process->end();
}

// The power goes at any of the places that matter, and at random ones: the day is there, or not.
TEST_F(DatabaseChanges, SurvivePowerCuts) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  bool cut = false;
  for (int round = 0; round < (long_tests() ? 60 : 6); round += 1) {
    SimFileSystem files(seed_ + static_cast<std::uint64_t>(round));
    DatabaseBench bench(&files, "/db");
    ASSERT_TRUE(bench.open().ok());
    bench.register_symbols();
    TestBatch rows(200);
    for (int row = 0; row < 200; row += 1) {
      TickRow tick{};
      tick.time = (kFirstDay + row % 2) * kNsPerDay + row;
      tick.symbol = static_cast<std::uint32_t>(row) % kTestSymbols;
      rows.add(tick);
    }
    ASSERT_TRUE(bench.append(rows).ok());
    ASSERT_TRUE(bench.database->seal().ok());
    std::vector<SegmentRecord> all;
    ASSERT_TRUE(bench.database->segments(kTickTable, &all).ok());
    std::erase_if(all, [](const SegmentRecord& one) { return one.day != kFirstDay; });
    ASSERT_TRUE(files.make_directory("/db/back").ok());
    SegmentChange back;
    for (const SegmentRecord& one : all) {
      back.added.push_back("/db/back/" + std::to_string(one.number));
      ASSERT_TRUE(files.hard_link(segment_path(bench.options.dir, one), back.added.back()).ok());
    }
    ASSERT_TRUE(files.sync_directory("/db/back").ok());
    const bool comes = round % 2 == 1;
    if (comes) {
      ASSERT_TRUE(bench.database->change_segments(removal(all)).ok());
      ASSERT_TRUE(bench.database->settle().ok());
    }
    cut_place = round % 4 < 2 ? "change.files_moved" : "change.manifest_written";
    cut_bench = &bench;
    install_crash_points([](const char* name) {
      if (std::string_view(name) == cut_place) cut_bench->crash();
    });
    const Status status = bench.database->change_segments(comes ? back : removal(all));
    install_crash_points(nullptr);
    cut = cut || !status.ok();
    bench.crash();
    ASSERT_TRUE(bench.open().ok());
    std::size_t old = 0;
    std::size_t others = 0;
    for (std::uint32_t symbol = 0; symbol < kTestSymbols; symbol += 1)
      for (const TickRow& row : bench.load(symbol, {-kAll, kAll}, 100))
        (day_of(row.time) == kFirstDay ? old : others) += 1;
    EXPECT_EQ(others, 100u);
    EXPECT_TRUE(old == 0 || old == 100) << old;
    if (std::string_view(cut_place) == "change.manifest_written") {
      EXPECT_EQ(old, comes ? 100u : 0u);
    }
  }
  EXPECT_TRUE(cut);
}

}  // namespace
}  // namespace ndts
