// What locate() lists, against a model and against the blocks themselves: every row that matches is
// in one listed block or in memory, and nothing is listed without rows.
#include "scan/locate.h"

#include <gtest/gtest.h>

#include <set>

#include "scan/scan_test_kit.h"

namespace ndts {
namespace {

class Locating : public testing::Test {
 protected:
  void expect_range(std::uint32_t symbol, std::int64_t from, std::int64_t to) {
    const std::uint32_t shard = symbol % kTestShards;
    const DatabaseSnapshot snapshot = bench_.database().snapshot();
    const Located found = locate(*snapshot.table(bench_.table), shard, symbol, from, to);
    std::set<std::uint64_t> wanted;
    for (const TestRow& row : bench_.model.shards[shard])
      if (row.symbol == symbol && row.time >= from && (row.time < to || to == INT64_MAX))
        wanted.insert(row.sequence);
    std::uint64_t in_blocks = 0;
    for (const LocatedBlock& place : found.blocks) {
      std::uint64_t matching = 0;
      expect_block(place, shard, wanted, &matching);
      if (HasFatalFailure()) return;
      EXPECT_TRUE(place.max_time >= from && (place.min_time < to || to == INT64_MAX));
      in_blocks += matching;
    }
    // Each row once: blocks and memory come to all of them.
    ASSERT_EQ(in_blocks + found.memory.rows, wanted.size());
    if (found.memory.rows > 0) {
      EXPECT_EQ(found.memory.end_sequence, *wanted.rbegin() + 1);
      EXPECT_TRUE(wanted.contains(found.memory.first_sequence));
    }
  }

  void expect_block(const LocatedBlock& place, std::uint32_t shard,
                    const std::set<std::uint64_t>& wanted, std::uint64_t* matching) {
    const SegmentBlock& block = place.segment->blocks()[place.block];
    ASSERT_EQ(place.offset, block.offset);
    ASSERT_EQ(place.bytes, block.bytes);
    ASSERT_EQ(place.first_epoch, 1u);
    ASSERT_EQ(place.last_epoch, 1u);
    BlockRows rows(scan_schema());
    ASSERT_TRUE(rows.read(*place.segment, place.block).ok());
    const RowsView view = rows.view(place.first_row, place.rows);
    ASSERT_EQ(view.time[0], place.min_time);
    ASSERT_EQ(view.time[place.rows - 1], place.max_time);
    for (std::size_t at = 0; at < place.rows; at += 1) {
      const TestRow& row = bench_.model.shards[shard][view.sequence[at]];
      ASSERT_EQ(row.time, view.time[at]);
      ASSERT_GE(row.sequence, place.first_sequence);
      ASSERT_LT(row.sequence, place.end_sequence);
      if (wanted.contains(row.sequence)) *matching += 1;
    }
  }

  const std::uint64_t seed_ = test_seed(83);
  ScanBench bench_{seed_};
};

TEST_F(Locating, ListsEveryRowOnce) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  bench_.open();
  bench_.fill(12'000);
  if (HasFatalFailure()) return;
  for (std::uint32_t symbol = 0; symbol < kTestSymbols; symbol += 1) {
    expect_range(symbol, INT64_MIN, INT64_MAX);
    if (HasFatalFailure()) return;
  }
  // Times that are exactly those of the first and last rows of runs.
  const DatabaseSnapshot snapshot = bench_.database().snapshot();
  const SeriesView& view = *snapshot.table(bench_.table);
  for (const LocatedBlock& place : locate(view, 1, 1, INT64_MIN, INT64_MAX).blocks)
    for (const std::int64_t after : {0, 1}) {
      expect_range(1, place.max_time + after, INT64_MAX);
      expect_range(1, INT64_MIN, place.min_time + after);
      if (HasFatalFailure()) return;
    }
  for (int round = 0; round < 40; round += 1) {
    const auto symbol = static_cast<std::uint32_t>(bench_.random() % (kTestSymbols + 2));
    const std::int64_t from = bench_.random() % 4 == 0 ? INT64_MIN : bench_.some_time();
    const std::int64_t to = bench_.random() % 4 == 0 ? INT64_MAX : bench_.some_time();
    expect_range(symbol, from, to);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace ndts
