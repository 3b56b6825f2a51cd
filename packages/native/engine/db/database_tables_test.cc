// Tables of any schema in the database, against a model: every type, nulls and texts, through
// seals, merges, reopening, kills and power cuts; and what is refused.
#include <gtest/gtest.h>

#include "base/long_test_kit.h"
#include "db/db_test_kit.h"
#include "db/tables_test_kit.h"

namespace ndts {
namespace {


class DatabaseTables : public testing::Test {
 protected:
  void open() {
    const Status status = bench_.open();
    ASSERT_TRUE(status.ok()) << status.text();
    bench_.register_symbols();
    ASSERT_TRUE(bench_.database->create_table(every_type_schema(), &table_).ok());
    model_.shards.resize(kTestShards);
  }
  void append(std::size_t count) {
    const std::vector<TestRow> rows = random_rows_.make(count);
    const RowsIn in = batch_.in(rows);
    std::uint64_t position = 0;
    const Status status = bench_.database->append_rows(table_, in, &position);
    ASSERT_TRUE(status.ok()) << status.text();
    for (std::size_t at = 0; at < rows.size(); at += 1) {
      std::vector<TestRow>& shard = model_.shards[rows[at].symbol % kTestShards];
      ASSERT_EQ(batch_.sequence(at), shard.size());
      shard.push_back(rows[at]);
      shard.back().sequence = batch_.sequence(at);
    }
  }
  void expect_symbol(std::uint32_t symbol) {
    const std::vector<TestRow> wanted = model_.of_symbol(symbol);
    RowsBatch page(every_type_schema(), 1 + random_() % 90);
    const RowsOut out = page.out();
    TimeRange range{-kAll, kAll};
    std::size_t found = 0;
    for (std::size_t count = out.capacity; count == out.capacity;) {
      const Status status =
          bench_.database->load_rows(table_, symbol, range, out, &count);
      ASSERT_TRUE(status.ok()) << status.text();
      for (std::size_t at = 0; at < count; at += 1, found += 1) {
        ASSERT_LT(found, wanted.size());
        ASSERT_EQ(page.row(at), wanted[found]) << "row " << found;
        range = {wanted[found].time, kAll, wanted[found].sequence + 1};
      }
    }
    ASSERT_EQ(found, wanted.size());
    std::size_t count = 0;
    ASSERT_TRUE(bench_.database->last_rows(table_, symbol, out, &count).ok());
    ASSERT_EQ(count, std::min(wanted.size(), out.capacity));
    for (std::size_t at = 0; at < count; at += 1)
      ASSERT_EQ(page.row(at), wanted[wanted.size() - count + at]);
  }
  void expect_model() {
    for (std::uint32_t symbol = 0; symbol < kTestSymbols; symbol += 1) expect_symbol(symbol);
    RowsBatch page(every_type_schema(), 133);
    for (std::uint32_t shard = 0; shard < kTestShards; shard += 1) {
      const std::vector<TestRow>& wanted = model_.shards[shard];
      std::size_t next = 0;
      for (std::size_t count = 1; count > 0; next += count) {
        ASSERT_TRUE(
            bench_.database->read_sequence(table_, shard, next, page.out(), &count).ok());
        for (std::size_t at = 0; at < count; at += 1)
          ASSERT_EQ(page.row(at), wanted[next + at]);
      }
      ASSERT_EQ(next, wanted.size());
    }
  }

  const std::uint64_t seed_ = test_seed(51);
  std::mt19937_64 random_{seed_};
  SimFileSystem files_{seed_};
  DatabaseBench bench_{&files_, "/db"};
  RandomRows random_rows_{random_, every_type_schema(), kTestSymbols};
  RowsBatch batch_{every_type_schema(), 300};
  TableModel model_;
  std::uint32_t table_ = 0;
};

TEST_F(DatabaseTables, AgreeWithTheModel) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  bench_.options.memtable_bytes = 60'000;
  open();
  for (int step = 0; step < (long_tests() ? 120 : 24); step += 1) {
    append(1 + random_() % 200);
    const std::uint64_t dice = random_() % 12;
    if (dice == 0) {
      ASSERT_TRUE(bench_.database->seal().ok());
    }
    if (dice == 1) bench_.kill();
    if (dice == 2) {
      ASSERT_TRUE(bench_.database->close().ok());
    }
    if (dice == 1 || dice == 2) open();
    if (dice <= 3) expect_model();
    if (HasFatalFailure()) return;
  }
  expect_model();
  if (long_tests()) {
    EXPECT_GT(bench_.database->stats().merges, 0u);
  }
}

TEST_F(DatabaseTables, PowerCutsLeaveAPrefixOfEachShard) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  bench_.options.memtable_bytes = 60'000;
  for (int round = 0; round < (long_tests() ? 30 : 4); round += 1) {
    open();
    if (HasFatalFailure()) return;
    for (std::uint32_t shard = 0; shard < kTestShards; shard += 1) {
      const std::uint64_t kept = bench_.database->next_sequence(shard, table_);
      ASSERT_LE(kept, model_.shards[shard].size());
      model_.shards[shard].resize(kept);
    }
    expect_model();
    std::vector<std::size_t> durable(kTestShards);
    const std::size_t steps = random_() % 12;
    for (std::size_t step = 0; step < steps; step += 1) {
      append(1 + random_() % 200);
      if (random_() % 3 != 0) continue;
      ASSERT_TRUE(bench_.database->wait_durable(bench_.database->accepted_position()).ok());
      for (std::uint32_t shard = 0; shard < kTestShards; shard += 1)
        durable[shard] = model_.shards[shard].size();
    }
    bench_.crash();
    ASSERT_TRUE(bench_.open().ok());
    bench_.register_symbols();
    // The table may have gone with its first rows; then nothing of it was durable.
    ASSERT_TRUE(bench_.database->create_table(every_type_schema(), &table_).ok());
    for (std::uint32_t shard = 0; shard < kTestShards; shard += 1)
      ASSERT_GE(bench_.database->next_sequence(shard, table_), durable[shard]);
    ASSERT_TRUE(bench_.database->close().ok());
  }
}

TEST_F(DatabaseTables, WatermarksAndEpochsAreOfEachTable) {
  open();
  append(200);
  double marks[4 * kTestShards];
  bench_.database->watermarks(marks);
  EXPECT_EQ(marks[0], 0);
  bench_.database->watermarks(marks, table_);
  EXPECT_EQ(marks[0], static_cast<double>(model_.shards[0].size()));
  EXPECT_EQ(marks[3], 0);
  ASSERT_TRUE(bench_.database->seal().ok());
  bench_.database->watermarks(marks, table_);
  for (int mark = 0; mark < 4; mark += 1)
    EXPECT_EQ(marks[mark], static_cast<double>(model_.shards[0].size()));
  ASSERT_TRUE(bench_.database->close().ok());
  open();
  append(200);
  expect_model();
  RowsBatch page(every_type_schema(), 1'000);
  std::size_t count = 0;
  ASSERT_TRUE(bench_.database->read_sequence(table_, 0, 0, page.out(), &count).ok());
  EXPECT_EQ(count, model_.shards[0].size());
  EXPECT_EQ(page.out().epoch[0], 1u);
  EXPECT_EQ(page.out().epoch[count - 1], 2u);
}

TEST_F(DatabaseTables, TheSameSchemaIsTheSameTable) {
  open();
  std::uint32_t again = 0;
  ASSERT_TRUE(bench_.database->create_table(every_type_schema(), &again).ok());
  EXPECT_EQ(again, table_);
  TableSchema other = every_type_schema();
  other.columns.pop_back();
  EXPECT_EQ(bench_.database->create_table(other, &again).code(), Code::kAlreadyExists);
  other.name = "other";
  ASSERT_TRUE(bench_.database->create_table(other, &again).ok());
  EXPECT_EQ(again, table_ + 1);
  TableSchema bad{0, "bad", {{"a", ValueType::kF64, false}, {"a", ValueType::kF64, false}}};
  EXPECT_EQ(bench_.database->create_table(bad, &again).code(), Code::kInvalidArgument);
  // Also one that has no rows is there after a seal let the log go.
  ASSERT_TRUE(bench_.database->seal().ok());
  ASSERT_TRUE(bench_.database->close().ok());
  ASSERT_TRUE(bench_.open().ok());
  ASSERT_EQ(bench_.database->tables().size(), 3u);
  EXPECT_EQ(bench_.database->tables()[2]->name, "other");
}

TEST_F(DatabaseTables, RefuseWhatTheyCanNotHold) {
  open();
  std::uint64_t position = 0;
  std::vector<TestRow> rows = random_rows_.make(3);
  EXPECT_EQ(bench_.database->append_rows(99, batch_.in(rows), &position).code(), Code::kNotFound);
  rows[1].values[4] = {false, 2, ""};
  EXPECT_EQ(bench_.database->append_rows(table_, batch_.in(rows), &position).code(),
            Code::kInvalidArgument);
  rows = random_rows_.make(3);
  rows[2].values[5].bits = 4'711;
  EXPECT_EQ(bench_.database->append_rows(table_, batch_.in(rows), &position).code(),
            Code::kInvalidArgument);
  rows = random_rows_.make(3);
  RowsIn in = batch_.in(rows);
  in.heap = in.heap.first(in.heap.size() / 2);
  if (!in.heap.empty()) {
    EXPECT_EQ(bench_.database->append_rows(table_, in, &position).code(), Code::kInvalidArgument);
  }
  rows = random_rows_.make(1);
  rows[0].symbol = 4'711;
  EXPECT_EQ(bench_.database->append_rows(table_, batch_.in(rows), &position).code(),
            Code::kInvalidArgument);
  EXPECT_EQ(bench_.database->next_sequence(0, table_), 0u);
  expect_model();
}

}  // namespace
}  // namespace ndts
