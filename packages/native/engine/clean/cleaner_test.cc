// The cleaner: each rule by itself, which rule wins, classes, marks, sessions and jumps.
#include "clean/cleaner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <vector>

#include "clean/clean_test_kit.h"
#include "clean/price_window.h"
#include "ring/row_batch_memory.h"

namespace ndts {
namespace {

// The first rules of all, without clocks and jumps.
CleanPlan plain_plan() {
  CleanPlan plan = wide_plan();
  plan.disorder_ns = 500;
  plan.refused &= ~clean_bit(CleanReason::kJump);
  return plan;
}

CleanRules rules_of(const CleanPlan& plan) { return {{plan}, {}, {}}; }

CleanReason reason_of(const Row& row) {
  Cleaner cleaner(rules_of(plain_plan()));
  const Result result = clean(&cleaner, {row});
  return result.kept.empty() ? result.refused.at(0) : CleanReason::kOk;
}

Row with(double Row::* field, double value) {
  Row row;
  row.*field = value;
  return row;
}

TEST(Cleaner, LooksAtEachFieldOfARow) {
  EXPECT_EQ(reason_of(Row{}), CleanReason::kOk);
  for (double Row::* field : {&Row::price, &Row::volume, &Row::bid, &Row::ask, &Row::bid_volume,
                              &Row::ask_volume, &Row::day, &Row::ns_of_day})
    for (const double value : {kNan, kInfinity, -kInfinity, kLargest, -kLargest})
      EXPECT_EQ(reason_of(with(field, value)), CleanReason::kSentinel);
  EXPECT_EQ(reason_of(with(&Row::price, -0.0)), CleanReason::kSentinel);
  EXPECT_EQ(reason_of(with(&Row::ns_of_day, -1)), CleanReason::kSentinel);
  EXPECT_EQ(reason_of(with(&Row::ns_of_day, 86'400e9)), CleanReason::kSentinel);
  EXPECT_EQ(reason_of(with(&Row::day, 0.5)), CleanReason::kSentinel);

  for (const double price : {0.0, -5.0, 999'999.0, 1e9})
    EXPECT_EQ(reason_of(with(&Row::price, price)), CleanReason::kPrice);
  EXPECT_EQ(reason_of(with(&Row::price, 999'998.99)), CleanReason::kOk);
  EXPECT_EQ(reason_of(with(&Row::price, 5e-324)), CleanReason::kOk);
  EXPECT_EQ(reason_of(with(&Row::bid, -1)), CleanReason::kPrice);
  EXPECT_EQ(reason_of(with(&Row::ask, -1)), CleanReason::kPrice);

  EXPECT_EQ(reason_of(with(&Row::volume, -1)), CleanReason::kVolume);
  EXPECT_EQ(reason_of(with(&Row::bid_volume, -1)), CleanReason::kVolume);
  EXPECT_EQ(reason_of(with(&Row::ask_volume, -1)), CleanReason::kVolume);
  EXPECT_EQ(reason_of(with(&Row::volume, 0)), CleanReason::kOk);
  EXPECT_EQ(reason_of(with(&Row::volume, -0.0)), CleanReason::kOk);

  EXPECT_EQ(reason_of(with(&Row::bid, 101.5)), CleanReason::kCrossed);
  EXPECT_EQ(reason_of(with(&Row::bid, 101)), CleanReason::kOk);
  EXPECT_EQ(reason_of(with(&Row::ask, 109)), CleanReason::kSpread);
  EXPECT_EQ(reason_of(with(&Row::ask, 108.8)), CleanReason::kOk);
  EXPECT_EQ(reason_of(with(&Row::bid, 0)), CleanReason::kOk);
  EXPECT_EQ(reason_of(with(&Row::ask, 0)), CleanReason::kOk);
}

TEST(Cleaner, TheFirstRuleThatHoldsNamesTheReason) {
  Row row;
  row.ask = 200;
  EXPECT_EQ(reason_of(row), CleanReason::kSpread);
  row.ask = 50;
  EXPECT_EQ(reason_of(row), CleanReason::kCrossed);
  row.volume = -1;
  EXPECT_EQ(reason_of(row), CleanReason::kVolume);
  row.price = 0;
  EXPECT_EQ(reason_of(row), CleanReason::kPrice);
  row.bid_volume = kNan;
  EXPECT_EQ(reason_of(row), CleanReason::kSentinel);
}

TEST(Cleaner, DuplicateOfTheTickBefore) {
  Cleaner cleaner(rules_of(plain_plan()));
  Row other_symbol;
  other_symbol.symbol = 8;
  Row other_ask;
  other_ask.ask = 102;
  Row other_depth = other_ask;
  other_depth.bid_volume = 77;
  const Result result =
      clean(&cleaner, {Row{}, other_symbol, Row{}, other_ask, other_depth, Row{}});
  EXPECT_EQ(result.kept, (std::vector<std::size_t>{0, 1, 3, 5}));
  EXPECT_EQ(result.refused.at(2), CleanReason::kDuplicate);
  EXPECT_EQ(result.refused.at(4), CleanReason::kDuplicate);
}

TEST(Cleaner, OrderIsWatchedPerSymbolWithinTheTolerance) {
  Cleaner cleaner(rules_of(plain_plan()));
  const auto at = [](double day, double ns, std::uint32_t symbol = 7) {
    Row row;
    row.day = day;
    row.ns_of_day = ns;
    row.symbol = symbol;
    return row;
  };
  const Result result = clean(&cleaner, {at(20'000, 2000), at(20'000, 1500), at(20'000, 1499),
                                         at(20'000, 1, 8), at(20'000, 1501), at(19'999, 86'399e9),
                                         at(20'001, 0), at(20'000, 86'399'999'999'500)});
  EXPECT_EQ(result.kept, (std::vector<std::size_t>{0, 1, 3, 4, 6, 7}));
  EXPECT_EQ(result.refused.at(2), CleanReason::kOutOfOrder);
  EXPECT_EQ(result.refused.at(5), CleanReason::kOutOfOrder);
}

TEST(Cleaner, RefusedTicksTeachNothing) {
  Cleaner cleaner(rules_of(plain_plan()));
  Row future;
  future.ns_of_day = 80'000e9;
  future.price = -1;
  const Result result = clean(&cleaner, {future, Row{}});
  EXPECT_EQ(result.kept, (std::vector<std::size_t>{1}));
}

TEST(Cleaner, RulesChangeBetweenBatches) {
  Cleaner cleaner(rules_of(plain_plan()));
  Row wide;
  wide.ask = 150;
  EXPECT_TRUE(clean(&cleaner, {wide}).kept.empty());
  CleanPlan wider = plain_plan();
  wider.spread_max = 1;
  cleaner.set_rules(rules_of(wider));
  EXPECT_EQ(clean(&cleaner, {wide}).kept.size(), 1u);
  EXPECT_EQ(clean(&cleaner, {wide}).refused.at(0), CleanReason::kDuplicate);
}

TEST(Cleaner, RejectsBeyondTheirRoomAreCountedOnly) {
  Cleaner cleaner(rules_of(plain_plan()));
  const std::vector<Row> rows(10, with(&Row::price, -1));
  EXPECT_EQ(clean(&cleaner, rows, 3).refused.size(), 3u);
  EXPECT_EQ(clean(&cleaner, rows, 0).refused.size(), 0u);
  EXPECT_EQ(cleaner.counts(0).refused[static_cast<std::size_t>(CleanReason::kPrice)], 20u);
}

TEST(Cleaner, SymbolIdsHaveALimit) {
  Cleaner cleaner(rules_of(plain_plan()));
  const TickBatchMemory batch(2);
  put(batch.columns(), 0, Row{});
  put(batch.columns(), 1, Row{});
  CleanOutput output{batch.columns(), 0};
  for (const std::uint32_t symbol : {kSymbolLimit, UINT32_MAX}) {
    batch.columns().symbol[1] = symbol;
    EXPECT_FALSE(cleaner.clean({batch.columns(), 2, 0, std::nullopt}, &output));
    EXPECT_EQ(cleaner.assign(symbol, 0).code(), Code::kInvalidArgument);
  }
  batch.columns().symbol[1] = kSymbolLimit - 1;
  EXPECT_TRUE(cleaner.clean({batch.columns(), 2, 0, std::nullopt}, &output));
  EXPECT_EQ(output.kept, 2u);
}

TEST(Cleaner, ASymbolHasThePlanOfItsClass) {
  CleanPlan oil = plain_plan();
  oil.price_min = -1000;
  CleanRules rules{{plain_plan(), oil}, {}, {0, 0, 1}};
  ASSERT_TRUE(check_rules(rules).ok());
  Cleaner cleaner(rules);
  Row row = with(&Row::price, -37.63);
  row.bid = -37.64;
  row.ask = -37.62;
  row.symbol = 2;
  EXPECT_EQ(clean(&cleaner, {row}).kept.size(), 1u);
  row.symbol = 3;
  EXPECT_EQ(clean(&cleaner, {row}).refused.at(0), CleanReason::kPrice);
  ASSERT_TRUE(cleaner.assign(3, 1).ok());
  EXPECT_EQ(clean(&cleaner, {row}).kept.size(), 1u);
  EXPECT_EQ(cleaner.assign(3, 2).code(), Code::kInvalidArgument);
}

TEST(Cleaner, TickSizesAllowForTheNoiseOfDecimals) {
  CleanPlan plan = plain_plan();
  plan.tick_size = 0.01;
  Cleaner cleaner(rules_of(plan));
  Row good = with(&Row::price, 100.07);
  Row half = with(&Row::price, 100.075);
  Row high = with(&Row::price, 98'765.43);
  half.ns_of_day = 2000;
  high.ns_of_day = 3000;
  EXPECT_EQ(clean(&cleaner, {good, half, high}).kept, (std::vector<std::size_t>{0, 2}));
}

TEST(Cleaner, SessionsAreHalfOpen) {
  CleanPlan plan = plain_plan();
  plan.calendar = 0;
  const std::int64_t day = 20'000 * kNsPerDay;
  const CleanCalendar calendar = {
      {day + 100, day + 200}, {day + 200, day + 300}, {day + 500, day + 600}};
  CleanRules rules{{plan}, {calendar}, {}};
  ASSERT_TRUE(check_rules(rules).ok());
  Cleaner cleaner(rules);
  std::vector<Row> rows;
  for (const double ns : {99, 100, 199, 200, 299, 300, 499, 500, 599, 600})
    rows.push_back(with(&Row::ns_of_day, ns));
  EXPECT_EQ(clean(&cleaner, rows).kept, (std::vector<std::size_t>{1, 2, 3, 4, 7, 8}));
  EXPECT_EQ(clean(&cleaner, {rows[0]}).refused.at(0), CleanReason::kSession);
}

TEST(Cleaner, TheClockSaysWhatIsStaleAndWhatIsOfTheFuture) {
  CleanPlan plan = plain_plan();
  plan.stale_ns = 1000;
  plan.future_ns = 100;
  Cleaner cleaner(rules_of(plan));
  const std::int64_t now = 20'000 * kNsPerDay + 5000;
  std::vector<Row> rows;
  for (const double ns : {3999, 4000, 5100, 5101}) rows.push_back(with(&Row::ns_of_day, ns));
  const Result result = clean(&cleaner, rows, SIZE_MAX, now);
  EXPECT_EQ(result.kept, (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(result.refused.at(0), CleanReason::kStale);
  EXPECT_EQ(result.refused.at(3), CleanReason::kFuture);
  Cleaner past(rules_of(plan));
  EXPECT_EQ(clean(&past, rows).kept.size(), 4u) << "without a clock nothing is either";
}

TEST(Cleaner, ARuleMayMarkInstead) {
  CleanPlan plan = plain_plan();
  for (const CleanReason reason :
       {CleanReason::kCrossed, CleanReason::kSpread, CleanReason::kDuplicate}) {
    plan.refused &= ~clean_bit(reason);
    plan.marked |= clean_bit(reason);
  }
  plan.refused &= ~clean_bit(CleanReason::kVolume);  // off
  Cleaner cleaner(rules_of(plan));
  Row crossed = with(&Row::bid, 103);
  const Result result = clean(&cleaner, {crossed, Row{}, Row{}, with(&Row::volume, -1)}, SIZE_MAX,
                              std::nullopt, 5);
  EXPECT_EQ(result.kept.size(), 4u);
  EXPECT_EQ(result.marked.size(), 2u);
  EXPECT_EQ(result.marked.at(0), static_cast<std::uint32_t>(TickFlags::kCrossed));
  EXPECT_EQ(result.marked.at(2), static_cast<std::uint32_t>(TickFlags::kSuspect));
  EXPECT_EQ(cleaner.counts(5).marked[static_cast<std::size_t>(CleanReason::kDuplicate)], 1u);
  EXPECT_EQ(cleaner.counts(0).marked[static_cast<std::size_t>(CleanReason::kDuplicate)], 0u);
}

std::vector<Row> prices_in_time(const std::vector<double>& prices, double step_ns = 1e6) {
  std::vector<Row> rows;
  for (const double price : prices) {
    Row row = with(&Row::price, price);
    row.bid = row.ask = 0;
    row.ns_of_day = 1000 + step_ns * static_cast<double>(rows.size());
    rows.push_back(row);
  }
  return rows;
}

TEST(Cleaner, AJumpIsRefusedUntilTheMarketConfirmsIt) {
  const std::vector<double> walk = {100, 101, 100, 99, 100, 101, 102, 100};
  const auto refused_of = [&walk](const std::vector<double>& then, double step_ns = 1e6) {
    Cleaner cleaner(rules_of(wide_plan()));
    std::vector<double> prices = walk;
    prices.insert(prices.end(), then.begin(), then.end());
    const Result result = clean(&cleaner, prices_in_time(prices, step_ns));
    std::vector<std::size_t> refused;
    for (const auto& [row, reason] : result.refused) {
      EXPECT_EQ(reason, CleanReason::kJump);
      refused.push_back(row - walk.size());
    }
    return refused;
  };
  using Rows = std::vector<std::size_t>;
  EXPECT_EQ(refused_of({105, 109.9}), Rows{}) << "within jump_max of the median";
  EXPECT_EQ(refused_of({1000, 100}), Rows{0}) << "a misplaced point";
  EXPECT_EQ(refused_of({1000, 100, 1000, 100, 1000, 100}), (Rows{0, 2, 4}));
  EXPECT_EQ(refused_of({200, 201, 202, 203, 100}), (Rows{0, 1})) << "the third confirms";
  EXPECT_EQ(refused_of({200, 10, 200, 10}), (Rows{0, 1, 2, 3})) << "not near each other";
  EXPECT_EQ(refused_of({200, 250, 320}), (Rows{0, 1, 2}));
  EXPECT_EQ(refused_of({200}, 400e9), Rows{}) << "after a pause prices begin anew";

  Cleaner cleaner(rules_of(wide_plan()));
  clean(&cleaner, prices_in_time(walk));
  Row twice = prices_in_time({200})[0];
  twice.ns_of_day = 50e6;
  EXPECT_EQ(clean(&cleaner, {twice, twice, twice, twice}).kept.size(), 0u)
      << "a message that comes again confirms nothing";
}

TEST(PriceWindow, WhatIsSurelyNearIsNoJump) {
  const unsigned seed = 11;
  std::mt19937 random(seed);
  int near = 0;
  int jumps = 0;
  for (int round = 0; round < 200'000; ++round) {
    PriceWindow window{};
    for (double& price : window.prices)
      price = 100 + static_cast<double>(static_cast<int>(random() % 2000) - 1000) / 100;
    const double price = 100 + static_cast<double>(static_cast<int>(random() % 6000) - 3000) / 100;
    const bool jump = window.is_jump(price, 0.1, 1);
    if (window.surely_near(price, 0.1)) {
      near += 1;
      ASSERT_FALSE(jump) << "seed " << seed << " round " << round;
    }
    jumps += jump ? 1 : 0;
  }
  EXPECT_GT(near, 10'000);
  EXPECT_GT(jumps, 10'000);
}

TEST(CleanRules, WhatCannotBeIsRefused) {
  EXPECT_TRUE(check_rules(rules_of(wide_plan())).ok());
  EXPECT_FALSE(check_rules({}).ok());
  const auto refused = [](auto change) {
    CleanPlan plan = wide_plan();
    change(&plan);
    return !check_rules(rules_of(plan)).ok();
  };
  EXPECT_TRUE(refused([](CleanPlan* plan) { plan->price_max = 0; }));
  EXPECT_TRUE(refused([](CleanPlan* plan) { plan->price_min = -kInfinity; }));
  EXPECT_TRUE(refused([](CleanPlan* plan) { plan->spread_max = kNan; }));
  EXPECT_TRUE(refused([](CleanPlan* plan) { plan->tick_size = -1; }));
  EXPECT_TRUE(refused([](CleanPlan* plan) { plan->stale_ns = 0.5; }));
  EXPECT_TRUE(refused([](CleanPlan* plan) { plan->quiet_ns = 1e16; }));
  EXPECT_TRUE(refused([](CleanPlan* plan) { plan->jump_max = 0; }));
  EXPECT_TRUE(refused([](CleanPlan* plan) { plan->confirmations = 0; }));
  EXPECT_TRUE(refused([](CleanPlan* plan) { plan->calendar = 0; }));
  EXPECT_TRUE(refused([](CleanPlan* plan) { plan->refused = 0; }));
  EXPECT_TRUE(refused([](CleanPlan* plan) { plan->marked = plan->refused; }));
  EXPECT_TRUE(refused([](CleanPlan* plan) { plan->refused |= 1u << 31; }));
  CleanRules rules = rules_of(wide_plan());
  rules.plan_of = {0, 1};
  EXPECT_FALSE(check_rules(rules).ok());
  rules = rules_of(wide_plan());
  rules.calendars = {{{5, 9}, {8, 12}}};
  EXPECT_FALSE(check_rules(rules).ok());
  rules.calendars = {{{5, 5}}};
  EXPECT_FALSE(check_rules(rules).ok());
}

}  // namespace
}  // namespace ndts
