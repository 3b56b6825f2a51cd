// The cleaner against the rules written plainly, on random dirt, under any split into batches.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <vector>

#include "clean/clean_test_kit.h"

namespace ndts {
namespace {

// The rules once more, as plainly as they can be written, without classes and marks.
class PlainCleaner {
 public:
  explicit PlainCleaner(const CleanPlan& plan) : plan_(plan) {}

  CleanReason check(const Row& r, double now_ns) {
    for (const double x : {r.price, r.volume, r.bid, r.ask, r.bid_volume, r.ask_volume})
      if (std::isnan(x) || std::isinf(x) || std::abs(x) == kLargest) return CleanReason::kSentinel;
    if (r.price == 0 && std::signbit(r.price)) return CleanReason::kSentinel;
    if (r.price <= plan_.price_min || r.price >= plan_.price_max) return CleanReason::kPrice;
    if (r.bid < 0 || r.ask < 0) return CleanReason::kPrice;
    if (r.volume < 0 || r.bid_volume < 0 || r.ask_volume < 0) return CleanReason::kVolume;
    if (r.bid > 0 && r.ask > 0 && r.bid > r.ask) return CleanReason::kCrossed;
    if (r.bid > 0 && r.ask > 0 && (r.ask - r.bid) / r.bid >= plan_.spread_max)
      return CleanReason::kSpread;
    if (std::abs(std::remainder(r.price, plan_.tick_size)) > 1e-6 * plan_.tick_size)
      return CleanReason::kTickSize;
    if (r.ns_of_day >= 40e9 && r.ns_of_day < 41e9) return CleanReason::kSession;
    if (r.ns_of_day < now_ns - plan_.stale_ns) return CleanReason::kStale;
    if (r.ns_of_day > now_ns + plan_.future_ns) return CleanReason::kFuture;
    return against(&known_[r.symbol], r);
  }

 private:
  struct Known {
    std::vector<Row> accepted;
    std::vector<double> prices;
    double newest = -1;
    std::vector<Row> jumps;
  };

  CleanReason against(Known* known, const Row& r) {
    if (!known->accepted.empty()) {
      const Row& l = known->accepted.back();
      if (l.ns_of_day == r.ns_of_day && l.price == r.price && l.volume == r.volume &&
          l.bid == r.bid && l.ask == r.ask)
        return CleanReason::kDuplicate;
      if (r.ns_of_day < known->newest - plan_.disorder_ns) return CleanReason::kOutOfOrder;
      if (r.ns_of_day > l.ns_of_day + plan_.quiet_ns) known->prices.clear();
      if (known->prices.size() >= 8 && is_jump(known->prices, r.price) && !confirmed(known, r))
        return CleanReason::kJump;
    }
    known->newest = std::max(known->newest, r.ns_of_day);
    known->accepted = {r};
    known->prices.push_back(r.price);
    known->jumps.clear();
    return CleanReason::kOk;
  }

  static double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return (values[3] + values[4]) / 2;
  }

  bool is_jump(const std::vector<double>& prices, double price) const {
    std::vector<double> last(prices.end() - 8, prices.end());
    const double middle = median(last);
    for (double& value : last) value = std::abs(value - middle);
    const double deviation = 1.4826 * median(last);
    return std::abs(price - middle) >
           std::max(plan_.jump_max * std::abs(middle), plan_.jump_deviations * deviation);
  }

  bool confirmed(Known* known, const Row& r) {
    if (!known->jumps.empty()) {
      const Row& before = known->jumps.back();
      if (before.price == r.price && before.ns_of_day == r.ns_of_day) return false;
      if (std::abs(r.price - before.price) > plan_.jump_max * before.price) known->jumps.clear();
    }
    known->jumps.push_back(r);
    if (known->jumps.size() < plan_.confirmations) return false;
    known->prices.clear();
    return true;
  }

  const CleanPlan plan_;
  std::map<std::uint32_t, Known> known_;
};

CleanPlan all_rules() {
  CleanPlan plan = wide_plan();
  plan.disorder_ns = 500;
  plan.tick_size = 0.5;
  plan.jump_max = 0.05;
  plan.jump_deviations = 3;
  plan.stale_ns = 100'000;
  plan.future_ns = 20'000;
  plan.quiet_ns = 5e8;
  plan.calendar = 0;
  return plan;
}

// Now and then a burst at another level, which some bursts make the new one.
struct Walk {
  double level = 100;
  double now_ns = 0;
  int burst = 0;
};

Row dirty_row(std::mt19937* random, Walk* walk) {
  const double odd[] = {kNan, kInfinity, -kInfinity, kLargest, -kLargest, 0, -0.0, -1, 1e6, 1e-9};
  double Row::* const fields[] = {&Row::price,      &Row::volume,    &Row::bid, &Row::ask,
                                  &Row::bid_volume, &Row::ask_volume};
  const auto below = [&random](unsigned limit) { return static_cast<double>((*random)() % limit); };
  Row row;
  row.symbol = static_cast<std::uint32_t>(below(20));
  walk->now_ns += below(100);
  if (below(20'000) == 0) walk->now_ns += 1e9;
  if (below(300) == 0) walk->level = 60 + below(100);
  row.ns_of_day = std::max(0.0, walk->now_ns - below(700));
  if (below(100) == 0) row.ns_of_day = std::max(0.0, walk->now_ns - 100'000 + below(4000) - 2000);
  if (below(100) == 0) row.ns_of_day = walk->now_ns + 100'000 + below(100'000);
  row.price = walk->level + below(6) / 2;
  if (below(50) == 0) row.price += 0.25;
  if (below(50) == 0) row.price *= 2;
  row.bid = row.price - below(8);
  row.ask = row.price + below(8) - 1;
  if (below(4) == 0) row.ns_of_day = std::floor(walk->now_ns / 1000) * 1000;
  if (below(10) == 0) row.*fields[(*random)() % 6] = odd[(*random)() % 10];
  return row;
}

TEST(Cleaner, EveryInstructionSetFindsTheSameInRows) {
  if (!has_avx2()) return;  // there is one alone
  const unsigned seed = 31;
  std::mt19937 random(seed);
  const double odd[] = {kNan,  kInfinity, -kInfinity, kLargest, -kLargest, 0,
                        -0.0, -1,        1e6,        5e-324,   100,       100.004};
  CleanPlan negative = all_rules();
  negative.price_min = -50;
  negative.tick_size = 0;
  for (std::size_t count = 0; count < 140; ++count) {
    const TickBatchMemory batch(std::max<std::size_t>(1, count));
    const std::size_t first = count / 5;
    RowLimits limits{};
    for (std::size_t i = 0; i < count; ++i) {
      Row row;
      for (double Row::* field : {&Row::price, &Row::volume, &Row::bid, &Row::ask,
                                  &Row::bid_volume, &Row::ask_volume})
        if (random() % 3 == 0) row.*field = odd[random() % std::size(odd)];
      put(batch.columns(), i, row);
      limits.set(i, random() % 2 == 0 ? all_rules() : negative);
    }
    std::vector<std::uint32_t> scalar(count - first);
    std::vector<std::uint32_t> avx2(count - first);
    row_rules_scalar(batch.columns(), first, count - first, limits, scalar.data());
    row_rules_avx2(batch.columns(), first, count - first, limits, avx2.data());
    ASSERT_EQ(scalar, avx2) << "seed " << seed << " rows " << count;
  }
}

TEST(Cleaner, EqualsThePlainRulesOnRandomDirtUnderAnySplit) {
  const unsigned seed = 20'260'101;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::int64_t day = 20'000 * kNsPerDay;
  const CleanCalendar calendar = {{day, day + 40'000'000'000},
                                  {day + 41'000'000'000, day + kNsPerDay}};
  Cleaner cleaner({{all_rules()}, {calendar}, {}});
  PlainCleaner plain(all_rules());
  std::uint64_t counts[kCleanReasonCount] = {};
  Walk walk;
  walk.now_ns = 30e9;
  for (int batch = 0; batch < 150; ++batch) {
    std::vector<Row> rows(1 + random() % 3000);
    if (batch == 75) walk.now_ns = 40e9 - 1e5;
    if (batch == 85) walk.now_ns = 41e9 - 1e5;
    for (Row& row : rows) {
      row = dirty_row(&random, &walk);
      // A feed that repeats itself.
      if (&row != rows.data() && random() % 20 == 0) row = *(&row - 1);
    }
    const auto now = static_cast<std::int64_t>(walk.now_ns);
    const Result result = clean(&cleaner, rows, SIZE_MAX, day + now);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const CleanReason expected = plain.check(rows[i], static_cast<double>(now));
      ++counts[static_cast<std::size_t>(expected)];
      if (expected == CleanReason::kOk) {
        ASSERT_LT(kept, result.kept.size());
        ASSERT_EQ(result.kept[kept++], i) << "batch " << batch;
      } else {
        ASSERT_TRUE(result.refused.contains(i)) << "batch " << batch << " row " << i;
        ASSERT_EQ(result.refused.at(i), expected) << "batch " << batch << " row " << i;
      }
    }
    ASSERT_EQ(kept, result.kept.size());
  }
  for (std::size_t i = 1; i < kCleanReasonCount; ++i) {
    EXPECT_EQ(cleaner.counts(0).refused[i], counts[i]);
    EXPECT_GT(counts[i], 100u) << "the dirt holds too little of reason " << i;
  }
  EXPECT_GT(counts[0], 50'000u);
}

}  // namespace
}  // namespace ndts
