// Plans and their readers, against a model: every row that matches is in exactly one piece, in
// order within it, with all its values; what is left out cannot match.
#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "base/long_test_kit.h"
#include "base/thread.h"
#include "scan/scan_test_kit.h"

namespace ndts {
namespace {

using Place = std::pair<std::uint32_t, std::uint64_t>;  // shard, sequence

TestValue value_at(const RowsView& rows, std::size_t column, std::size_t at) {
  const ValueType type = scan_schema().columns[column].type;
  const std::byte* from = rows.values[column] + value_bytes(type) * at;
  const std::uint8_t* nulls = rows.nulls_of(column);
  TestValue value{nulls != nullptr && nulls[at] != 0, 0, {}};
  if (has_heap(type)) {
    value.text = text_of(heap_bytes(load<HeapValue>(from)));
  } else {
    std::memcpy(&value.bits, from, value_bytes(type));
  }
  return value;
}

class ScanPlans : public testing::Test {
 protected:
  // The row that the batch has at `at`, checked against the model.
  void expect_row(const ScanBatch& batch, const ScanRun& run, std::size_t at,
                  const ScanColumns& columns) {
    const TestRow& wanted = bench_.model.shards[batch.shard][batch.rows.sequence[at]];
    ASSERT_EQ(wanted.symbol, run.symbol);
    ASSERT_EQ(wanted.time, batch.rows.time[at]);
    for (const std::size_t column : columns.values)
      ASSERT_EQ(wanted.values[column], value_at(batch.rows, column, at));
    if (columns.epoch) {
      ASSERT_EQ(batch.rows.epoch[at], 1u);
    }
  }

  void expect_batch(const ScanPiece& piece, const ScanBatch& batch, const ScanRequest& request,
                    const ScanColumns& columns) {
    ASSERT_LE(batch.rows.count, kScanBatchRows);
    std::size_t end = 0;
    for (const ScanRun& run : batch.runs) {
      ASSERT_GE(run.first_row, end);
      ASSERT_GT(run.rows, 0u);
      end = run.first_row + run.rows;
      ASSERT_LE(end, batch.rows.count);
      for (std::size_t at = run.first_row; at < end; at += 1) {
        expect_row(batch, run, at, columns);
        const Place place{batch.shard, batch.rows.sequence[at]};
        ASSERT_TRUE(found_.insert(place).second) << "twice";
        const TestRow& row = bench_.model.shards[place.first][place.second];
        ASSERT_TRUE(asked_for(row, request));
        if (piece.proven) {
          ASSERT_TRUE(matches(row, request));
        }
        const auto key = std::pair(row.time, row.sequence);
        const auto last = last_.find(run.symbol);
        if (last != last_.end()) {
          ASSERT_LT(last->second, key) << "order";
        }
        last_[run.symbol] = key;
      }
    }
    if (piece.whole) {
      ASSERT_EQ(found_.size() - before_, batch.rows.count);
    }
  }

  void expect_request(const ScanRequest& request, const ScanColumns& columns) {
    const DatabaseSnapshot snapshot = bench_.database().snapshot();
    ScanPlan plan;
    const Status made = ScanPlan::make(*snapshot.table(bench_.table), request, &plan);
    ASSERT_TRUE(made.ok()) << made.text();
    found_.clear();
    ScanReader reader(plan, columns);
    for (const ScanPiece& piece : plan.pieces()) {
      last_.clear();
      before_ = found_.size();
      reader.start(piece);
      for (ScanBatch batch;;) {
        ASSERT_TRUE(reader.next(&batch).ok());
        if (batch.runs.empty()) break;
        expect_batch(piece, batch, request, columns);
        if (HasFatalFailure()) return;
      }
    }
    for (std::uint32_t shard = 0; shard < kTestShards; shard += 1)
      for (const TestRow& row : bench_.model.shards[shard])
        if (matches(row, request)) {
          ASSERT_TRUE(found_.contains({shard, row.sequence}));
        }
  }

  const std::uint64_t seed_ = test_seed(71);
  ScanBench bench_{seed_};
  std::set<Place> found_;
  std::size_t before_ = 0;  // rows found in pieces before
  std::map<std::uint32_t, std::pair<std::int64_t, std::uint64_t>> last_;
};

TEST_F(ScanPlans, HaveEveryRowOnceAndLeaveOutOnlyWhatCannotMatch) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  bench_.open();
  bench_.fill(24'000);
  if (HasFatalFailure()) return;
  for (int round = 0; round < (long_tests() ? 60 : 6); round += 1) {
    ScanColumns columns;
    for (std::size_t column = 0; column < scan_schema().columns.size(); column += 1)
      if (bench_.random() % 2 == 0) columns.values.push_back(column);
    columns.epoch = bench_.random() % 2 == 0;
    expect_request(random_request(bench_), columns);
    if (HasFatalFailure()) return;
  }
}

TEST_F(ScanPlans, NewestRowsAreThoseOfTheGreatestTime) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  bench_.open();
  bench_.fill(24'000);
  if (HasFatalFailure()) return;
  std::map<std::uint32_t, std::pair<std::int64_t, std::uint64_t>> wanted;
  for (std::uint32_t shard = 0; shard < kTestShards; shard += 1)
    for (const TestRow& row : bench_.model.shards[shard]) {
      const auto entry = wanted.try_emplace(row.symbol, row.time, row.sequence).first;
      entry->second = std::max(entry->second, std::pair(row.time, row.sequence));
    }
  ScanRequest request;
  request.newest = true;
  const DatabaseSnapshot snapshot = bench_.database().snapshot();
  ScanPlan plan;
  ASSERT_TRUE(ScanPlan::make(*snapshot.table(bench_.table), request, &plan).ok());
  ScanReader reader(plan, {});
  std::map<std::uint32_t, std::pair<std::int64_t, std::uint64_t>> found;
  for (const ScanPiece& piece : plan.pieces()) {
    reader.start(piece);
    for (ScanBatch batch;;) {
      ASSERT_TRUE(reader.next(&batch).ok());
      if (batch.runs.empty()) break;
      for (const ScanRun& run : batch.runs)
        for (std::uint32_t row = run.first_row; row < run.first_row + run.rows; row += 1) {
          ASSERT_EQ(batch.rows.time[row], wanted[run.symbol].first);
          const auto entry =
              found.try_emplace(run.symbol, batch.rows.time[row], batch.rows.sequence[row]).first;
          entry->second.second = std::max(entry->second.second, batch.rows.sequence[row]);
        }
    }
  }
  EXPECT_EQ(found, wanted);
  request.from = 0;
  ScanPlan refused;
  EXPECT_EQ(ScanPlan::make(*snapshot.table(bench_.table), request, &refused).code(),
            Code::kInvalidArgument);
}

TEST_F(ScanPlans, LeaveOutBlocksByTimeSymbolAndValue) {
  bench_.open();
  bench_.fill(24'000);
  if (HasFatalFailure()) return;
  const DatabaseSnapshot snapshot = bench_.database().snapshot();
  const auto rows = [&](const ScanRequest& request) {
    ScanPlan plan;
    EXPECT_TRUE(ScanPlan::make(*snapshot.table(bench_.table), request, &plan).ok());
    return plan.rows_at_most();
  };
  const std::uint64_t all = rows({});
  EXPECT_GE(all, 23'000u);
  ScanRequest one_symbol;
  one_symbol.all_symbols = false;
  one_symbol.symbols = {{2, 2}, {2, 2}};
  EXPECT_LT(rows(one_symbol), all / 10);
  ScanRequest early;
  early.to = 0;
  EXPECT_LT(rows(early), all);
  ScanRequest high;
  high.predicates = {{kPrice, ScanCompare::kGreater, 1e6, 0, 0, 0}};
  EXPECT_LE(rows(high), all / 4);  // what is in the memtable
  ScanRequest never;
  never.predicates = {{kSmall, ScanCompare::kLess, 0, 0, INT64_MIN, 0}};
  EXPECT_EQ(rows(never), 0u);
}

TEST_F(ScanPlans, OutliveTheDatabaseAndAreReadByManyThreads) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  bench_.open();
  bench_.fill(12'000);
  if (HasFatalFailure()) return;
  ScanPlan plan;
  {
    const DatabaseSnapshot snapshot = bench_.database().snapshot();
    ASSERT_TRUE(ScanPlan::make(*snapshot.table(bench_.table), {}, &plan).ok());
  }
  bench_.append(3'000);  // not seen
  ASSERT_TRUE(bench_.database().seal().ok());
  ASSERT_TRUE(bench_.database().settle().ok());
  ASSERT_TRUE(bench_.database().close().ok());
  std::atomic<std::size_t> next{0};  // of every thread
  std::atomic<std::uint64_t> rows{0};
  std::atomic<std::uint64_t> checks{0};
  const auto work = [&] {
    ScanReader reader(plan, {{kPrice, kNote}, true, true, false});
    for (std::size_t at = next++; at < plan.pieces().size(); at = next++) {
      reader.start(plan.pieces()[at]);
      for (ScanBatch batch;;) {
        if (!reader.next(&batch).ok() || batch.runs.empty()) break;
        for (const ScanRun& run : batch.runs) {
          rows += run.rows;
          for (std::size_t row = run.first_row; row < run.first_row + run.rows; row += 1) {
            const TestRow& wanted = bench_.model.shards[batch.shard][batch.rows.sequence[row]];
            checks += value_at(batch.rows, kNote, row) == wanted.values[kNote] ? 1u : 0u;
          }
        }
      }
    }
  };
  {
    Thread a("scan a", work);
    Thread b("scan b", work);
    Thread c("scan c", work);
  }
  EXPECT_EQ(rows, 12'000u);
  EXPECT_EQ(checks, 12'000u);
}

TEST_F(ScanPlans, RefuseWhatTheyCannotDo) {
  bench_.open();
  bench_.append(10);
  const DatabaseSnapshot snapshot = bench_.database().snapshot();
  const auto code = [&](const ScanRequest& request) {
    ScanPlan plan;
    return ScanPlan::make(*snapshot.table(bench_.table), request, &plan).code();
  };
  ScanRequest column;
  column.predicates = {{9, ScanCompare::kEqual, 0, 0, 0, 0}};
  EXPECT_EQ(code(column), Code::kInvalidArgument);
  ScanRequest text;
  text.predicates = {{kNote, ScanCompare::kEqual, 0, 0, 0, 0}};
  EXPECT_EQ(code(text), Code::kInvalidArgument);
  ScanRequest shard;
  shard.all_symbols = false;
  shard.symbols = {{1, kTestShards}};
  EXPECT_EQ(code(shard), Code::kInvalidArgument);
}

}  // namespace
}  // namespace ndts
