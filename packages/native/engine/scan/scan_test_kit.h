// What the scan tests share: a database with a table of every type whose rows lie in segments that
// overlap and in memtables, a model of it, and random requests.
#pragma once

#include <cmath>
#include <limits>

#include "db/db_test_kit.h"
#include "db/tables_test_kit.h"
#include "scan/scan_reader.h"

namespace ndts {

inline const TableSchema& scan_schema() {
  static const TableSchema schema{0,
                                  "scanned",
                                  {{"price", ValueType::kF64, false},
                                   {"size", ValueType::kF64, true},
                                   {"real", ValueType::kF64, true},
                                   {"whole", ValueType::kI64, true},
                                   {"small", ValueType::kI32, false},
                                   {"single", ValueType::kF32, true},
                                   {"on", ValueType::kBool, true},
                                   {"other", ValueType::kSymbol, false},
                                   {"note", ValueType::kText, true}}};
  return schema;
}
inline constexpr std::size_t kPrice = 0;
inline constexpr std::size_t kSize = 1;
inline constexpr std::size_t kReal = 2;
inline constexpr std::size_t kWhole = 3;
inline constexpr std::size_t kSmall = 4;
inline constexpr std::size_t kSingle = 5;
inline constexpr std::size_t kOn = 6;
inline constexpr std::size_t kOther = 7;
inline constexpr std::size_t kNote = 8;

// Values as in life in some columns, anything in others; times stand, go back, and leap years.
class ScanRows {
 public:
  explicit ScanRows(std::mt19937_64& random) : random_(random) {}

  std::vector<TestRow> make(std::size_t count, std::uint32_t symbols) {
    std::vector<TestRow> rows;
    for (std::size_t at = 0; at < count; at += 1) {
      if (random_() % 4 != 0) time_ += static_cast<std::int64_t>(random_() % 2'000'000'000);
      if (random_() % 2000 == 0) time_ += kNsPerDay;
      if (random_() % 20'000 == 0) time_ += 3650 * kNsPerDay;
      const std::int64_t back =
          random_() % 16 == 0 ? static_cast<std::int64_t>(random_() % (2 * kNsPerDay)) : 0;
      // One symbol has most rows.
      const std::uint64_t symbol = random_() % 3 == 0 ? random_() % symbols : 1;
      rows.push_back({time_ - back, static_cast<std::uint32_t>(symbol), 0, values()});
    }
    return rows;
  }

 private:
  static TestValue of(double value) { return {false, std::bit_cast<std::uint64_t>(value), {}}; }

  TestValue real() {
    const double odd[] = {-0.0,
                          0.0,
                          std::numeric_limits<double>::infinity(),
                          -std::numeric_limits<double>::infinity(),
                          std::numeric_limits<double>::denorm_min(),
                          std::numeric_limits<double>::max(),
                          -std::numeric_limits<double>::max(),
                          std::numeric_limits<double>::quiet_NaN()};
    if (style_ == 0) return of(odd[random_() % 8]);
    if (style_ == 1) return {false, random_(), {}};
    return of(std::ldexp(static_cast<double>(random_()), static_cast<int>(random_() % 40) - 60));
  }

  std::vector<TestValue> values() {
    if (random_() % 300 == 0) style_ = random_() % 4;
    level_ += static_cast<double>(static_cast<std::int64_t>(random_() % 21) - 10);
    std::vector<TestValue> values{of(std::round(level_) / 100),
                                  of(static_cast<double>(random_() % 1000)),
                                  real(),
                                  {false, random_() >> (random_() % 64), {}},
                                  {false, random_() & 0xffff'ffff, {}},
                                  {},
                                  {false, random_() % 2, {}},
                                  {false, random_() % 7, {}},
                                  {false, 0, std::string(random_() % 9, 'a')}};
    const auto single = static_cast<float>(static_cast<double>(random_() % 999) / 8);
    values[kSingle].bits = std::bit_cast<std::uint32_t>(single);
    for (std::size_t column = 0; column < values.size(); column += 1)
      if (scan_schema().columns[column].nullable && style_ != 2 && random_() % 5 == 0)
        values[column] = {true, 0, {}};
    return values;
  }

  std::mt19937_64& random_;
  std::int64_t time_ = -kNsPerDay;
  std::uint64_t style_ = 0;
  double level_ = 10'000;
};

// The database and what it was told.
class ScanBench {
 public:
  explicit ScanBench(std::uint64_t seed) : random(seed), files_(seed), bench_(&files_, "/db") {
    bench_.options.memtable_bytes = 8u << 20;
    bench_.options.staging_bytes = 4u << 20;
    bench_.options.wal_file_bytes = 4u << 20;
    bench_.options.wal_budget_bytes = 64u << 20;
  }

  void open() {
    const Status status = bench_.open();
    ASSERT_TRUE(status.ok()) << status.text();
    bench_.register_symbols();
    ASSERT_TRUE(bench_.database->create_table(scan_schema(), &table).ok());
    model.shards.resize(kTestShards);
  }
  void append(std::size_t count) {
    const std::vector<TestRow> made = rows_.make(count, kTestSymbols);
    for (std::size_t done = 0; done < count; done += kBatch) {
      const std::vector<TestRow> rows(
          made.begin() + static_cast<std::ptrdiff_t>(done),
          made.begin() + static_cast<std::ptrdiff_t>(std::min(done + kBatch, count)));
      const RowsIn in = batch_.in(rows);
      std::uint64_t position = 0;
      const Status status = bench_.database->append_rows(table, in, &position);
      ASSERT_TRUE(status.ok()) << status.text();
      for (std::size_t at = 0; at < rows.size(); at += 1) {
        model.shards[rows[at].symbol % kTestShards].push_back(rows[at]);
        model.shards[rows[at].symbol % kTestShards].back().sequence = batch_.sequence(at);
      }
    }
  }
  // Some segments, of which some are merged, and a memtable.
  void fill(std::size_t rows) {
    for (int part = 0; part < 5; part += 1) {
      append(rows / 6);
      ASSERT_TRUE(bench_.database->seal().ok());
      if (part == 3) {
        ASSERT_TRUE(bench_.database->settle().ok());
      }
      if (testing::Test::HasFatalFailure()) return;
    }
    append(rows / 6);
  }
  [[nodiscard]] Database& database() { return *bench_.database; }

  [[nodiscard]] std::int64_t some_time() {
    const std::vector<TestRow>& shard = model.shards[random() % kTestShards];
    if (shard.empty()) return 0;
    return shard[random() % shard.size()].time + static_cast<std::int64_t>(random() % 3) - 1;
  }

  std::mt19937_64 random;
  TableModel model;
  std::uint32_t table = 0;

 private:
  static constexpr std::size_t kBatch = 300;
  SimFileSystem files_;
  DatabaseBench bench_;
  ScanRows rows_{random};
  RowsBatch batch_{scan_schema(), kBatch};
};

inline double real_of(const TestRow& row, std::size_t column) {
  const std::uint64_t bits = row.values[column].bits;
  if (scan_schema().columns[column].type == ValueType::kF32)
    return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  return std::bit_cast<double>(bits);
}

inline std::int64_t integer_of(const TestRow& row, std::size_t column) {
  const std::uint64_t bits = row.values[column].bits;
  if (scan_schema().columns[column].type == ValueType::kI32)
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(bits));
  return static_cast<std::int64_t>(bits);
}

template <typename T>
bool compare(ScanCompare compare, T value, T low, T high) {
  switch (compare) {
    case ScanCompare::kLess:
      return value < low;
    case ScanCompare::kLessOrEqual:
      return value <= low;
    case ScanCompare::kEqual:
      return value == low;
    case ScanCompare::kGreaterOrEqual:
      return value >= low;
    case ScanCompare::kGreater:
      return value > low;
    case ScanCompare::kBetween:
      return value >= low && value <= high;
  }
  return false;
}

// The plain meaning of a predicate.
inline bool holds(const TestRow& row, const ScanPredicate& predicate) {
  if (row.values[predicate.column].null) return false;
  const ValueType type = scan_schema().columns[predicate.column].type;
  if (type == ValueType::kF64 || type == ValueType::kF32)
    return compare(predicate.compare, real_of(row, predicate.column), predicate.real,
                   predicate.high_real);
  return compare(predicate.compare, integer_of(row, predicate.column), predicate.integer,
                 predicate.high_integer);
}

// A predicate about a value that some row has, or nearly.
inline ScanPredicate random_predicate(ScanBench& bench) {
  ScanPredicate predicate;
  predicate.column = bench.random() % kNote;
  predicate.compare = static_cast<ScanCompare>(bench.random() % 6);
  const std::vector<TestRow>& shard = bench.model.shards[1];
  const TestRow& row = shard[bench.random() % shard.size()];
  const TestRow& other = shard[bench.random() % shard.size()];
  const ValueType type = scan_schema().columns[predicate.column].type;
  if (type == ValueType::kF64 || type == ValueType::kF32) {
    predicate.real = real_of(row, predicate.column);
    predicate.high_real = real_of(other, predicate.column);
  } else {
    predicate.integer = integer_of(row, predicate.column);
    predicate.high_integer = integer_of(other, predicate.column);
  }
  return predicate;
}

inline ScanRequest random_request(ScanBench& bench) {
  ScanRequest request;
  if (bench.random() % 2 == 0) {
    request.all_symbols = false;
    for (std::uint64_t left = bench.random() % 6; left > 0; left -= 1) {
      const auto id = static_cast<std::uint32_t>(bench.random() % (kTestSymbols + 3));
      request.symbols.push_back({id, id % kTestShards});
    }
  }
  if (bench.random() % 2 == 0) request.from = bench.some_time();
  if (bench.random() % 2 == 0) request.to = bench.some_time();
  for (std::uint64_t left = bench.random() % 3; left > 0; left -= 1)
    request.predicates.push_back(random_predicate(bench));
  return request;
}

// Times and symbols, not the predicates.
inline bool asked_for(const TestRow& row, const ScanRequest& request) {
  if (row.time < request.from || row.time >= request.to) return false;
  if (request.all_symbols) return true;
  return std::any_of(request.symbols.begin(), request.symbols.end(),
                     [&row](const ScanSymbol& symbol) { return symbol.id == row.symbol; });
}

inline bool matches(const TestRow& row, const ScanRequest& request) {
  return asked_for(row, request) &&
         std::all_of(request.predicates.begin(), request.predicates.end(),
                     [&row](const ScanPredicate& each) { return holds(row, each); });
}

}  // namespace ndts
