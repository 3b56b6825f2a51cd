// What the tests of replay share: a database with rows of many shapes, and the obviously right
// replay of it: all rows collected, then sorted.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "db/db_test_kit.h"
#include "replay/replay.h"
#include "replay/replay_request.h"

namespace ndts {

// How the times of rows come about.
enum class TimeShape : std::uint8_t {
  kAnyDays = 1,     // wandering, some going back by days
  kOneInstant = 2,  // all rows at one nanosecond
  kDense = 3,       // a few nanoseconds for all
  kYears = 4,       // one row in months, for ten years
  kBursts = 5,      // hundreds of rows within a microsecond, then hours of nothing
};
inline constexpr TimeShape kShapes[] = {TimeShape::kAnyDays, TimeShape::kOneInstant,
                                        TimeShape::kDense, TimeShape::kYears, TimeShape::kBursts};

// What the values of a column are.
enum class ValueShape : std::uint8_t {
  kAny = 1,       // any bits
  kPrices = 2,    // of two decimals, some negative
  kLots = 3,      // of 100
  kConstant = 4,
  kMostly = 5,    // prices, seldom something that is none: NaN, -0, an infinity
  kSteps = 6,     // of more and fewer decimals from time to time
};
inline constexpr ValueShape kValueShapes[] = {ValueShape::kAny, ValueShape::kPrices,
                                              ValueShape::kLots, ValueShape::kConstant,
                                              ValueShape::kMostly, ValueShape::kSteps};
// Of those, what a window keeps in four bytes a value where it can.
inline constexpr ValueShape kNarrowShapes[] = {ValueShape::kPrices, ValueShape::kLots,
                                               ValueShape::kConstant, ValueShape::kSteps};

class ShapedTicks {
 public:
  ShapedTicks(std::mt19937_64& random, TimeShape shape) : random_(random), shape_(shape) {
    const bool narrow = random() % 2 == 0;
    for (ValueShape& values : values_)
      values = narrow ? kNarrowShapes[random() % std::size(kNarrowShapes)]
                      : kValueShapes[random() % std::size(kValueShapes)];
    flags_ = random() % 3 == 0 ? 0 : ~std::uint32_t{0} >> random() % 32;
    spread_ = std::uint64_t{1} << random() % 45;
    if (narrow) spread_ = std::min(spread_, std::uint64_t{1} << 24);
  }

  void fill(TestBatch& batch, std::size_t count) {
    batch.view().count = 0;
    for (std::size_t at = 0; at < count; at += 1) {
      batch.add({next_time(), 0, 0, value(0), value(1), value(2), value(3), value(4), value(5),
                 static_cast<std::uint32_t>(random_() % kTestSymbols),
                 static_cast<std::uint32_t>(random_()) & flags_});
    }
  }

 private:
  std::int64_t below(std::int64_t limit) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(limit));
  }
  double value(std::size_t column) {
    constexpr double kSpecial[] = {-0.0, std::numeric_limits<double>::quiet_NaN(),
                                   std::numeric_limits<double>::infinity(), 1.0 / 3};
    const auto whole = static_cast<double>(static_cast<std::int64_t>(random_() % spread_) - 17);
    switch (values_[column]) {
      case ValueShape::kAny:
        return std::bit_cast<double>(random_());
      case ValueShape::kPrices:
        return whole / 100;
      case ValueShape::kLots:
        return whole * 100;
      case ValueShape::kConstant:
        return 12.25;
      case ValueShape::kSteps:
        if (random_() % 300 == 0) decimals_ = static_cast<std::uint8_t>(random_() % 4);
        return whole / power_of_ten(decimals_);
      case ValueShape::kMostly:
        return random_() % 500 == 0 ? kSpecial[random_() % std::size(kSpecial)] : whole / 1000;
    }
    return 0;
  }
  std::int64_t next_time() {
    switch (shape_) {
      case TimeShape::kAnyDays:
        time_ += random_() % 200 == 0 ? kNsPerDay : below(1'000'000'000);
        return time_ - (random_() % 16 == 0 ? below(2 * kNsPerDay) : 0);
      case TimeShape::kOneInstant:
        return time_;
      case TimeShape::kDense:
        if (random_() % 50 == 0) time_ += 1;
        return time_ - below(2);
      case TimeShape::kYears:
        time_ += below(3) == 0 ? below(9 * kNsPerDay) : 0;
        return time_;
      case TimeShape::kBursts:
        time_ += random_() % 300 == 0 ? below(kNsPerDay / 6) : below(7);
        return time_;
    }
    return 0;
  }

  std::mt19937_64& random_;
  const TimeShape shape_;
  ValueShape values_[6];
  std::uint32_t flags_;
  std::uint64_t spread_;  // of the values
  std::uint8_t decimals_ = 0;
  std::int64_t time_ = -kNsPerDay / 2 + 77;  // before 1970, too
};

// A database of ticks in segments that overlap and in memory, of symbols whose names are not in
// the order of their ids.
struct ReplayBench {
  explicit ReplayBench(std::uint64_t seed) : files(seed), bench(&files, "/db") {}

  static std::string name_of(std::uint32_t symbol) {
    return std::string(1, static_cast<char>('a' + symbol * 7 % kTestSymbols)) +
           std::to_string(symbol);
  }

  void open(std::uint64_t memtable_bytes) {
    bench.options.memtable_bytes = memtable_bytes;
    const Status status = bench.open();
    ASSERT_TRUE(status.ok()) << status.text();
    for (std::uint32_t symbol = 0; symbol < kTestSymbols; symbol += 1)
      ASSERT_TRUE(
          bench.database->register_symbol(symbol, symbol % kTestShards, name_of(symbol)).ok());
  }

  void fill(std::mt19937_64& random, TimeShape shape, std::size_t batches, std::size_t rows) {
    ShapedTicks ticks(random, shape);
    TestBatch batch(rows);
    for (std::size_t at = 0; at < batches; at += 1) {
      ticks.fill(batch, 1 + random() % rows);
      ASSERT_TRUE(bench.append(batch).ok());
      if (random() % 8 == 0) {
        ASSERT_TRUE(bench.database->seal().ok());
      }
    }
  }

  // Some of the symbols, a part of the time, of the state there is now.
  ReplayRequest request(std::mt19937_64& random) {
    constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();
    ReplayRequest request;
    request.view = *bench.database->snapshot().table(kTickTable);
    request.symbols = symbols_by_name(bench.database->symbols());
    if (random() % 2 == 0)
      std::erase_if(request.symbols, [&random](const ReplaySymbol&) { return random() % 3 == 0; });
    request.from = random() % 2 == 0 ? -kAll : any_time(random);
    request.to = random() % 2 == 0 ? kAll : any_time(random);
    for (std::size_t column = 0; column < tick_schema().columns.size(); column += 1)
      request.columns.push_back(random() % 4 != 0);
    request.threads = static_cast<std::uint32_t>(random() % 3);
    return request;
  }

  std::int64_t any_time(std::mt19937_64& random) const {
    const std::vector<TickRow>& rows = bench.model.shards[random() % kTestShards];
    if (rows.empty()) return 0;
    return rows[random() % rows.size()].time + static_cast<std::int64_t>(random() % 3) - 1;
  }

  // Columns that nobody asked for are zero, epochs too.
  std::vector<TickRow> wanted(const ReplayRequest& request) const {
    std::vector<TickRow> rows;
    for (const ReplaySymbol& symbol : request.symbols)
      for (TickRow row : bench.model.shards[symbol.shard])
        if (row.symbol == symbol.id && row.time >= request.from && row.time < request.to)
          rows.push_back(masked(row, request.columns));
    std::sort(rows.begin(), rows.end(), [](const TickRow& a, const TickRow& b) {
      if (a.time != b.time) return a.time < b.time;
      const std::string name_a = name_of(a.symbol);
      const std::string name_b = name_of(b.symbol);
      return name_a != name_b ? name_a < name_b : a.sequence < b.sequence;
    });
    return rows;
  }

  static TickRow masked(TickRow row, const std::vector<bool>& columns) {
    double* const values[] = {&row.price, &row.volume, &row.bid, &row.ask, &row.bid_volume,
                              &row.ask_volume};
    for (std::size_t column = 0; column < 6; column += 1)
      if (!columns[column]) *values[column] = 0;
    if (!columns[6]) row.flags = 0;
    row.epoch = 0;
    return row;
  }

  SimFileSystem files;
  DatabaseBench bench;
};

// Where a replay of ticks puts its rows: columns as the request says, and neither shard nor epoch.
inline RowsOut replay_out(TestBatch& batch, const ReplayRequest& request) {
  RowsOut out = RowsOut::of(batch.view());
  out.shard = nullptr;
  out.epoch = nullptr;
  for (std::size_t column = 0; column < out.values.size(); column += 1)
    if (!request.columns[column]) out.values[column] = nullptr;
  return out;
}

// All rows of a replay, `room` at a time, are those that are wanted, in their order.
inline void expect_rows(Replay* replay, const ReplayRequest& request,
                        const std::vector<TickRow>& wanted, std::size_t room) {
  TestBatch batch(room);
  const RowsOut out = replay_out(batch, request);
  std::size_t found = 0;
  for (std::size_t count = out.capacity; count == out.capacity;) {
    const Status status = replay->next(out, &count);
    ASSERT_TRUE(status.ok()) << status.text();
    for (std::size_t at = 0; at < count; at += 1, found += 1) {
      ASSERT_LT(found, wanted.size());
      ASSERT_TRUE(same_row(batch.row(at), wanted[found])) << "row " << found;
    }
  }
  ASSERT_EQ(found, wanted.size());
}

}  // namespace ndts
