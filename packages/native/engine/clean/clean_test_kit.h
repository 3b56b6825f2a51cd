// What the tests of the cleaner share: a plan whose every rule refuses, wide; rows, and what became
// of them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "clean/cleaner.h"
#include "ring/row_batch_memory.h"

namespace ndts {

inline CleanPlan wide_plan() {
  CleanPlan plan{};
  plan.price_min = 0;
  plan.price_max = 999'999;
  plan.spread_max = 0.1;
  plan.tick_size = 0;
  plan.jump_max = 0.1;
  plan.jump_deviations = 20;
  plan.disorder_ns = 1e9;
  plan.stale_ns = 60e9;
  plan.future_ns = 5e9;
  plan.quiet_ns = 300e9;
  plan.confirmations = 3;
  plan.calendar = kAlwaysOpen;
  plan.refused = ((1u << kCleanReasonCount) - 1) & ~1u;
  plan.marked = 0;
  return plan;
}

struct Row {
  double day = 20'000;
  double ns_of_day = 1000;
  double price = 100;
  double volume = 5;
  double bid = 99;
  double ask = 101;
  double bid_volume = 1;
  double ask_volume = 1;
  std::uint32_t symbol = 7;
};

inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr double kLargest = std::numeric_limits<double>::max();

inline void put(const TickColumns& t, std::size_t i, const Row& row) {
  t.day[i] = row.day;
  t.ns_of_day[i] = row.ns_of_day;
  t.price[i] = row.price;
  t.volume[i] = row.volume;
  t.bid[i] = row.bid;
  t.ask[i] = row.ask;
  t.bid_volume[i] = row.bid_volume;
  t.ask_volume[i] = row.ask_volume;
  t.symbol[i] = row.symbol;
  // Which row it was, to be found again behind the cleaner.
  t.sequence[i] = static_cast<double>(i);
  t.flags[i] = 8;
  t.shard[i] = row.symbol % 64;
  t.epoch[i] = 3;
}

struct Result {
  std::vector<std::size_t> kept;
  std::map<std::size_t, CleanReason> refused;
  std::map<std::size_t, std::uint32_t> marked;  // the flags that were set
};

inline Result clean(Cleaner* cleaner, const std::vector<Row>& rows, std::size_t room = SIZE_MAX,
             std::optional<std::int64_t> now_ns = std::nullopt, std::uint32_t source = 0) {
  const TickBatchMemory batch(rows.size());
  const TickBatchMemory rejects(std::max<std::size_t>(1, std::min(rows.size(), room)));
  for (std::size_t i = 0; i < rows.size(); ++i) put(batch.columns(), i, rows[i]);
  CleanOutput output{rejects.columns(), std::min(rows.size(), room)};
  EXPECT_TRUE(cleaner->clean({batch.columns(), rows.size(), source, now_ns}, &output));
  Result result;
  for (std::size_t i = 0; i < output.kept; ++i) {
    const auto row = static_cast<std::size_t>(batch.columns().sequence[i]);
    result.kept.push_back(row);
    EXPECT_EQ(batch.columns().symbol[i], rows[row].symbol);
    EXPECT_EQ(batch.columns().price[i], rows[row].price);
    EXPECT_EQ(batch.columns().ns_of_day[i], rows[row].ns_of_day);
    EXPECT_EQ(batch.columns().flags[i] & 8u, 8u);
    if (batch.columns().flags[i] != 8) result.marked[row] = batch.columns().flags[i] & ~8u;
  }
  for (std::size_t i = 0; i < output.rejected; ++i) {
    const auto row = static_cast<std::size_t>(rejects.columns().sequence[i]);
    EXPECT_EQ(rejects.columns().symbol[i], rows[row].symbol);
    EXPECT_EQ(rejects.columns().epoch[i], 3u);
    result.refused[row] = static_cast<CleanReason>(rejects.columns().flags[i]);
  }
  return result;
}

}  // namespace ndts
