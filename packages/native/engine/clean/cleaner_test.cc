// The cleaner: each rule by itself, which rule wins, and random dirt against a plain reference.
#include "clean/cleaner.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <vector>

#include "ring/row_batch_memory.h"

namespace ndts {
namespace {

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

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLargest = std::numeric_limits<double>::max();
constexpr CleanRules kRules{.price_max = 999'999, .spread_max = 0.1, .disorder_ns = 500};

void put(const TickColumns& t, std::size_t i, const Row& row) {
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
};

Result clean(Cleaner* cleaner, const std::vector<Row>& rows, std::size_t room = SIZE_MAX) {
  const TickBatchMemory batch(rows.size());
  const TickBatchMemory rejects(std::max<std::size_t>(1, std::min(rows.size(), room)));
  for (std::size_t i = 0; i < rows.size(); ++i) put(batch.columns(), i, rows[i]);
  std::size_t count = rows.size();
  std::size_t rejected = 0;
  EXPECT_TRUE(cleaner->clean(batch.columns(), &count, rejects.columns(),
                             std::min(rows.size(), room), &rejected));
  Result result;
  for (std::size_t i = 0; i < count; ++i) {
    const auto row = static_cast<std::size_t>(batch.columns().sequence[i]);
    result.kept.push_back(row);
    EXPECT_EQ(batch.columns().symbol[i], rows[row].symbol);
    EXPECT_EQ(batch.columns().price[i], rows[row].price);
    EXPECT_EQ(batch.columns().ns_of_day[i], rows[row].ns_of_day);
    EXPECT_EQ(batch.columns().flags[i], 8u);
  }
  for (std::size_t i = 0; i < rejected; ++i) {
    const auto row = static_cast<std::size_t>(rejects.columns().sequence[i]);
    EXPECT_EQ(rejects.columns().symbol[i], rows[row].symbol);
    EXPECT_EQ(rejects.columns().epoch[i], 3u);
    result.refused[row] = static_cast<CleanReason>(rejects.columns().flags[i]);
  }
  return result;
}

CleanReason reason_of(const Row& row) {
  Cleaner cleaner(kRules);
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
  Cleaner cleaner(kRules);
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
  Cleaner cleaner(kRules);
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
  Cleaner cleaner(kRules);
  Row future;
  future.ns_of_day = 80'000e9;
  future.price = -1;
  const Result result = clean(&cleaner, {future, Row{}});
  EXPECT_EQ(result.kept, (std::vector<std::size_t>{1}));
}

TEST(Cleaner, RulesChangeBetweenBatches) {
  Cleaner cleaner(kRules);
  Row wide;
  wide.ask = 150;
  EXPECT_TRUE(clean(&cleaner, {wide}).kept.empty());
  cleaner.set_rules({.price_max = 999'999, .spread_max = 1, .disorder_ns = 500});
  EXPECT_EQ(clean(&cleaner, {wide}).kept.size(), 1u);
  EXPECT_EQ(clean(&cleaner, {wide}).refused.at(0), CleanReason::kDuplicate);
}

TEST(Cleaner, RejectsBeyondTheirRoomAreCountedOnly) {
  Cleaner cleaner(kRules);
  const std::vector<Row> rows(10, with(&Row::price, -1));
  EXPECT_EQ(clean(&cleaner, rows, 3).refused.size(), 3u);
  EXPECT_EQ(clean(&cleaner, rows, 0).refused.size(), 0u);
  EXPECT_EQ(cleaner.counts()[static_cast<std::size_t>(CleanReason::kPrice)], 20u);
}

TEST(Cleaner, SymbolIdsHaveALimit) {
  Cleaner cleaner(kRules);
  const TickBatchMemory batch(2);
  put(batch.columns(), 0, Row{});
  put(batch.columns(), 1, Row{});
  std::size_t rejected = 0;
  for (const std::uint32_t symbol : {kSymbolLimit, UINT32_MAX}) {
    batch.columns().symbol[1] = symbol;
    std::size_t count = 2;
    EXPECT_FALSE(cleaner.clean(batch.columns(), &count, batch.columns(), 0, &rejected));
    EXPECT_EQ(count, 2u);
  }
  batch.columns().symbol[1] = kSymbolLimit - 1;
  std::size_t count = 2;
  EXPECT_TRUE(cleaner.clean(batch.columns(), &count, batch.columns(), 0, &rejected));
  EXPECT_EQ(count, 2u);
}

// The rules once more, as plainly as they can be written.
class PlainCleaner {
 public:
  CleanReason check(const Row& r) {
    for (const double x : {r.price, r.volume, r.bid, r.ask, r.bid_volume, r.ask_volume})
      if (std::isnan(x) || std::isinf(x) || std::abs(x) == kLargest) return CleanReason::kSentinel;
    if (std::isnan(r.day) || std::isnan(r.ns_of_day)) return CleanReason::kSentinel;
    if (r.price == 0 && std::signbit(r.price)) return CleanReason::kSentinel;
    if (r.price <= 0 || r.price >= 999'999) return CleanReason::kPrice;
    if (r.bid < 0 || r.ask < 0) return CleanReason::kPrice;
    if (r.volume < 0 || r.bid_volume < 0 || r.ask_volume < 0) return CleanReason::kVolume;
    if (r.bid > 0 && r.ask > 0 && r.bid > r.ask) return CleanReason::kCrossed;
    if (r.bid > 0 && r.ask > 0 && (r.ask - r.bid) / r.bid >= 0.1) return CleanReason::kSpread;
    const auto known = last_.find(r.symbol);
    const auto time = static_cast<std::int64_t>(r.day) * 86'400'000'000'000 +
                      static_cast<std::int64_t>(r.ns_of_day);
    if (known != last_.end()) {
      const Row& l = known->second;
      if (l.day == r.day && l.ns_of_day == r.ns_of_day && l.price == r.price &&
          l.volume == r.volume && l.bid == r.bid && l.ask == r.ask)
        return CleanReason::kDuplicate;
      if (time < newest_[r.symbol] - 500) return CleanReason::kOutOfOrder;
    }
    newest_[r.symbol] = known == last_.end() ? time : std::max(newest_[r.symbol], time);
    last_[r.symbol] = r;
    return CleanReason::kOk;
  }

 private:
  std::map<std::uint32_t, Row> last_;
  std::map<std::uint32_t, std::int64_t> newest_;
};

TEST(Cleaner, EqualsThePlainRulesOnRandomDirtUnderAnySplit) {
  const unsigned seed = 20'260'101;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const double odd[] = {kNan, kInfinity, -kInfinity, kLargest, -kLargest, 0, -0.0, -1, 1e6, 1e-9};
  double Row::* const fields[] = {&Row::price,      &Row::volume,    &Row::bid, &Row::ask,
                                  &Row::bid_volume, &Row::ask_volume};
  Cleaner cleaner(kRules);
  PlainCleaner plain;
  std::uint64_t counts[kCleanReasonCount] = {};
  double now_ns = 0;
  for (int batch = 0; batch < 300; ++batch) {
    std::vector<Row> rows(1 + random() % 3000);
    for (Row& row : rows) {
      row.symbol = static_cast<std::uint32_t>(random() % 50);
      now_ns += static_cast<double>(random() % 100);
      row.ns_of_day = std::max(0.0, now_ns - static_cast<double>(random() % 700));
      row.price = 100 + static_cast<double>(random() % 3);
      row.bid = row.price - static_cast<double>(random() % 8);
      row.ask = row.price + static_cast<double>(random() % 8) - 1;
      if (random() % 4 == 0) row.ns_of_day = std::floor(now_ns / 1000) * 1000;
      if (random() % 10 == 0) row.*fields[random() % 6] = odd[random() % 10];
      // A feed that repeats itself.
      if (&row != rows.data() && random() % 20 == 0) row = *(&row - 1);
    }
    const Result result = clean(&cleaner, rows);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const CleanReason expected = plain.check(rows[i]);
      ++counts[static_cast<std::size_t>(expected)];
      if (expected == CleanReason::kOk) {
        ASSERT_LT(kept, result.kept.size());
        ASSERT_EQ(result.kept[kept++], i);
      } else {
        ASSERT_TRUE(result.refused.contains(i)) << "row " << i;
        ASSERT_EQ(result.refused.at(i), expected) << "row " << i;
      }
    }
    ASSERT_EQ(kept, result.kept.size());
  }
  for (std::size_t i = 1; i < kCleanReasonCount; ++i) {
    EXPECT_EQ(cleaner.counts()[i], counts[i]);
    EXPECT_GT(counts[i], 100u) << "the dirt holds too little of reason " << i;
  }
}

}  // namespace
}  // namespace ndts
