// The planner: tables in, plan out.
#include "kv/compaction_plan.h"

#include <gtest/gtest.h>

#include <deque>

namespace ndts {
namespace {

constexpr std::uint64_t kMega = 1u << 20;

class CompactionPlanTest : public testing::Test {
 protected:
  SstInfo& add(std::uint32_t level, const std::string& min, const std::string& max,
               std::uint64_t megabytes = 1) {
    tables_.emplace_back();
    SstInfo& table = tables_.back();
    table.number = tables_.size();
    table.bytes = megabytes * kMega;
    table.level = level;
    table.min_key = min;
    table.max_key = max;
    shape[level].push_back(&table);
    return table;
  }
  std::optional<CompactionPlan> plan() const { return plan_compaction(shape, options, next_key); }

  using Numbers = std::vector<std::uint64_t>;
  CompactionOptions options{4, 10 * kMega, 10, 0.25};
  TableShape shape;
  std::array<std::string, kSstLevels> next_key;

 private:
  std::deque<SstInfo> tables_;
};

TEST_F(CompactionPlanTest, NothingIsDueBelowTheLimits) {
  EXPECT_FALSE(plan().has_value());
  for (int at = 0; at < 3; at += 1) add(0, "a", "z");
  add(1, "a", "m", 9);
  EXPECT_FALSE(plan().has_value());
  EXPECT_EQ(pending_bytes(shape, options), 0u);
}

TEST_F(CompactionPlanTest, LevelZeroGoesAsAWholeWithWhatItOverlaps) {
  add(0, "c", "d");
  add(0, "a", "b");
  add(0, "b", "e");
  add(0, "c", "c");
  add(1, "a", "a");
  add(1, "e", "g");
  add(1, "h", "k");
  const auto due = plan();
  ASSERT_TRUE(due.has_value());
  EXPECT_EQ(due->level, 0u);
  EXPECT_EQ(due->inputs, (Numbers{1, 2, 3, 4}));
  EXPECT_EQ(due->overlapping, (Numbers{5, 6}));
  EXPECT_FALSE(due->move);
  EXPECT_TRUE(due->drop_deletes);
  EXPECT_EQ(pending_bytes(shape, options), 4 * kMega);
}

TEST_F(CompactionPlanTest, DeletesStayWhileADeeperLevelHasKeysOfTheRange) {
  for (int at = 0; at < 4; at += 1) add(0, "a", "c");
  add(1, "b", "p");
  add(3, "o", "q");  // overlaps only what the table of level 1 adds to the range
  EXPECT_FALSE(plan()->drop_deletes);
  shape[3].clear();
  add(3, "q", "r");
  EXPECT_TRUE(plan()->drop_deletes);
}

TEST_F(CompactionPlanTest, TablesThatShareNothingMove) {
  for (const char* key : {"a", "b", "c", "d"}) add(0, key, key);
  EXPECT_TRUE(plan()->move);
  add(1, "bb", "bc");
  EXPECT_FALSE(plan()->move);
}

TEST_F(CompactionPlanTest, DeletesThatCanGoAreNotMoved) {
  for (const char* key : {"a", "b", "c", "d"}) add(0, key, key).deletes = 1;
  EXPECT_FALSE(plan()->move);
  EXPECT_TRUE(plan()->drop_deletes);
}

TEST_F(CompactionPlanTest, TheFullestLevelGivesItsTablesInTurn) {
  add(1, "a", "b", 6);
  add(1, "c", "d", 6);
  add(1, "e", "f", 6);
  add(2, "d", "e", 50);
  auto due = plan();
  ASSERT_TRUE(due.has_value());
  EXPECT_EQ(due->level, 1u);
  EXPECT_EQ(due->inputs, (Numbers{1}));
  EXPECT_TRUE(due->move);
  next_key[1] = "b";
  due = plan();
  EXPECT_EQ(due->inputs, (Numbers{2}));
  EXPECT_EQ(due->overlapping, (Numbers{4}));
  next_key[1] = "f";  // from the beginning again
  EXPECT_EQ(plan()->inputs, (Numbers{1}));
  EXPECT_EQ(pending_bytes(shape, options), 8 * kMega);
}

TEST_F(CompactionPlanTest, EachLevelHoldsTenTimesTheOneBefore) {
  add(2, "a", "b", 99);
  EXPECT_FALSE(plan().has_value());
  add(2, "c", "d", 2);
  EXPECT_EQ(plan()->level, 2u);
}

TEST_F(CompactionPlanTest, TheLastLevelIsNeverCompacted) {
  add(6, "a", "b", 1u << 30).hidden_bytes = 1u << 30;
  EXPECT_FALSE(plan().has_value());
}

TEST_F(CompactionPlanTest, WhatLiesDeeperThanThereAreLevelsStaysAndKeepsItsDeletes) {
  options.levels = 3;
  add(2, "a", "b", 1u << 20).hidden_bytes = 1u << 30;
  EXPECT_FALSE(plan().has_value());
  EXPECT_EQ(pending_bytes(shape, options), 0u);
  add(1, "a", "b", 11);
  EXPECT_EQ(plan()->level, 1u);
  EXPECT_TRUE(plan()->drop_deletes);
  add(4, "b", "c", 1u << 20);
  EXPECT_EQ(plan()->level, 1u);
  EXPECT_FALSE(plan()->drop_deletes);
}

TEST_F(CompactionPlanTest, HiddenBytesAreWorkEvenBelowTheLimits) {
  add(0, "a", "z", 4).hidden_bytes = 1 * kMega;
  add(1, "a", "m", 4).hidden_bytes = kMega / 2;
  add(1, "n", "z", 1).hidden_bytes = kMega / 4;
  add(2, "a", "z", 4);
  EXPECT_FALSE(plan().has_value());  // 1.75 of 11.25
  shape[0].clear();
  add(0, "a", "z", 4).hidden_bytes = 3 * kMega;
  auto due = plan();
  ASSERT_TRUE(due.has_value());
  EXPECT_EQ(due->level, 0u);
  shape[0].clear();
  add(1, "zz", "zzz", 1).hidden_bytes = 3 * kMega;
  due = plan();
  ASSERT_TRUE(due.has_value());
  EXPECT_EQ(due->level, 1u);
  EXPECT_EQ(due->inputs.size(), 1u);
  EXPECT_EQ(due->inputs[0], 6u);
}

}  // namespace
}  // namespace ndts
