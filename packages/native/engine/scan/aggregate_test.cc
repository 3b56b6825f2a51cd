// Aggregates against a plain implementation over a list of rows: every kind, random requests, any
// number of threads, every table of kernels.
#include "scan/aggregate.h"

#include <gtest/gtest.h>

#include <optional>

#include "base/long_test_kit.h"
#include "scan/scan_test_kit.h"
#include "scan/sum_model_test_kit.h"

namespace ndts {
namespace {

using Rows = std::vector<const TestRow*>;  // in (time, symbol, sequence) order

bool real_column(std::size_t column) {
  return column <= kReal || column == kSingle;
}

double as_real(const TestRow& row, std::size_t column) {
  return real_column(column) ? real_of(row, column)
                             : static_cast<double>(integer_of(row, column));
}

Rows present(const Rows& rows, std::size_t column) {
  Rows found;
  for (const TestRow* row : rows)
    if (!row->values[column].null) found.push_back(row);
  return found;
}

// Sums of values or of products, each with its rounding error.
double plain_sum(const std::vector<double>& values) {
  double special = 0;
  std::vector<double> finite;
  for (const double value : values)
    if (std::isfinite(value))
      finite.push_back(value);
    else
      special += value;
  return special != 0 ? special : sum_model(finite);
}

void put_product(double a, double b, std::vector<double>* values) {
  values->push_back(a * b);
  if (std::isfinite(a * b)) values->push_back(std::fma(a, b, -(a * b)));
}

// In long double, and then within what that can do.
double plain_deviation(const Rows& rows, std::size_t column) {
  long double mean = 0;
  for (const TestRow* row : rows) mean += as_real(*row, column);
  mean /= static_cast<long double>(rows.size());
  long double squares = 0;
  for (const TestRow* row : rows) {
    const long double from = static_cast<long double>(as_real(*row, column)) - mean;
    squares += from * from;
  }
  return static_cast<double>(std::sqrt(squares / static_cast<long double>(rows.size() - 1)));
}

double plain_extreme(const Rows& rows, std::size_t column, bool least) {
  std::optional<double> found;
  for (const TestRow* row : rows) {
    const double value = as_real(*row, column);
    if (std::isnan(value)) continue;
    if (!found.has_value() || (least ? value < *found : value > *found)) found = value;
  }
  return found.has_value() ? *found + 0.0 : std::nan("");
}

std::optional<double> plain_vwap(const Rows& rows, const Aggregate& aggregate) {
  std::vector<double> products;
  std::vector<double> weights;
  for (const TestRow* row : present(present(rows, aggregate.column), aggregate.weight)) {
    const double weight = as_real(*row, aggregate.weight);
    put_product(as_real(*row, aggregate.column), weight, &products);
    weights.push_back(weight);
  }
  if (weights.empty()) return std::nullopt;
  return plain_sum(products) / plain_sum(weights);
}

std::optional<double> plain_total(const Rows& rows, const Aggregate& aggregate) {
  if (rows.empty()) return std::nullopt;
  double total = 0;
  if (real_column(aggregate.column)) {
    std::vector<double> values;
    for (const TestRow* row : rows) values.push_back(real_of(*row, aggregate.column));
    total = plain_sum(values);
  } else {
    __extension__ __int128 whole = 0;
    for (const TestRow* row : rows) whole += integer_of(*row, aggregate.column);
    total = static_cast<double>(whole);
  }
  return aggregate.kind == AggregateKind::kSum ? total : total / static_cast<double>(rows.size());
}

// What a column of i64 gives is compared as double here, and bit for bit in its own test.
std::optional<double> plain(const Rows& all, const Aggregate& aggregate) {
  if (aggregate.kind == AggregateKind::kRows) return static_cast<double>(all.size());
  if (aggregate.kind == AggregateKind::kVwap) return plain_vwap(all, aggregate);
  const Rows rows = present(all, aggregate.column);
  switch (aggregate.kind) {
    case AggregateKind::kCount:
      return static_cast<double>(rows.size());
    case AggregateKind::kSum:
    case AggregateKind::kAverage:
      return plain_total(rows, aggregate);
    case AggregateKind::kDeviation:
      if (rows.size() < 2) return std::nullopt;
      return plain_deviation(rows, aggregate.column);
    default:
      break;
  }
  if (rows.empty()) return std::nullopt;
  if (aggregate.kind == AggregateKind::kFirst) return as_real(*rows.front(), aggregate.column);
  if (aggregate.kind == AggregateKind::kLast) return as_real(*rows.back(), aggregate.column);
  return plain_extreme(rows, aggregate.column, aggregate.kind == AggregateKind::kMin);
}

using Key = std::pair<std::uint32_t, std::int64_t>;

std::map<Key, Rows> plain_groups(const ScanBench& bench, const AggregateRequest& request) {
  Rows all;
  for (const std::vector<TestRow>& shard : bench.model.shards)
    for (const TestRow& row : shard)
      if (matches(row, request.scan)) all.push_back(&row);
  std::sort(all.begin(), all.end(), [](const TestRow* a, const TestRow* b) {
    return std::tuple(a->time, a->symbol, a->sequence) <
           std::tuple(b->time, b->symbol, b->sequence);
  });
  std::map<Key, Rows> groups;
  if (!request.by_symbol && request.bucket_ns == 0) groups[{0, 0}];
  for (const TestRow* row : all) {
    Key key{request.by_symbol ? row->symbol : 0, 0};
    if (request.bucket_ns > 0) {
      std::int64_t into = (row->time - request.bucket_origin) % request.bucket_ns;
      if (into < 0) into += request.bucket_ns;
      key.second = row->time - into;
    }
    groups[key].push_back(row);
  }
  return groups;
}

double found_value(const AggregateColumn& column, std::size_t at) {
  return column.is_whole ? static_cast<double>(column.wholes[at]) : column.reals[at];
}

Aggregate random_aggregate(std::mt19937_64& random) {
  Aggregate aggregate;
  aggregate.kind = static_cast<AggregateKind>(random() % 10);
  aggregate.column = random() % kNote;
  if (aggregate.kind == AggregateKind::kCount && random() % 4 == 0) aggregate.column = kNote;
  aggregate.weight = random() % kNote;
  if (aggregate.kind == AggregateKind::kDeviation)
    aggregate.column = random() % 2 == 0 ? kPrice : kSize;
  return aggregate;
}

class Aggregates : public testing::Test {
 protected:
  AggregateRequest random_aggregates() {
    constexpr std::int64_t kSizes[] = {1'000'000'000, 60'000'000'000, kNsPerDay, 7};
    AggregateRequest request;
    request.scan = random_request(bench_);
    for (std::uint64_t left = 1 + bench_.random() % 6; left > 0; left -= 1)
      request.aggregates.push_back(random_aggregate(bench_.random));
    request.by_symbol = bench_.random() % 2 == 0;
    if (bench_.random() % 2 == 0) {
      request.bucket_ns = kSizes[bench_.random() % 4];
      request.bucket_origin = static_cast<std::int64_t>(bench_.random() % 100) - 50;
    }
    return request;
  }

  void expect_value(const Aggregate& aggregate, const Rows& rows, const AggregateColumn& column,
                    std::size_t at) {
    const std::optional<double> wanted = plain(rows, aggregate);
    ASSERT_EQ(column.nulls[at] == 0, wanted.has_value());
    const double found = found_value(column, at);
    if (!wanted.has_value()) {
      ASSERT_EQ(found, 0);
    } else if (std::isnan(*wanted)) {
      ASSERT_TRUE(std::isnan(found));
    } else if (aggregate.kind == AggregateKind::kDeviation) {
      ASSERT_NEAR(found, *wanted, 1e-12 * *wanted);
    } else {
      ASSERT_EQ(std::bit_cast<std::uint64_t>(found), std::bit_cast<std::uint64_t>(*wanted))
          << found << " is not " << *wanted;
    }
  }

  void expect_result(const AggregateRequest& request, const AggregateResult& result) {
    const std::map<Key, Rows> groups = plain_groups(bench_, request);
    ASSERT_EQ(result.count, groups.size());
    std::size_t at = 0;
    for (const auto& [key, rows] : groups) {
      if (request.by_symbol) {
        ASSERT_EQ(result.symbol[at], key.first);
      }
      if (request.bucket_ns > 0) {
        ASSERT_EQ(result.bucket[at], key.second);
      }
      for (std::size_t column = 0; column < request.aggregates.size(); column += 1) {
        SCOPED_TRACE("aggregate " + std::to_string(static_cast<int>(
                                        request.aggregates[column].kind)) +
                     " of column " + std::to_string(request.aggregates[column].column));
        expect_value(request.aggregates[column], rows, result.columns[column], at);
        if (HasFatalFailure()) return;
      }
      at += 1;
    }
  }

  AggregateResult run(const AggregateRequest& request, std::size_t threads = 1,
                      const ScanKernels& kernels = best_scan_kernels()) {
    const DatabaseSnapshot snapshot = bench_.database().snapshot();
    AggregateResult result;
    const Status status = aggregate(*snapshot.table(bench_.table), request,
                                    scan_threads(threads), &result, kernels);
    EXPECT_TRUE(status.ok()) << status.text();
    return result;
  }

  const std::uint64_t seed_ = test_seed(101);
  ScanBench bench_{seed_};
};

TEST_F(Aggregates, AgreeWithAPlainImplementation) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  bench_.open();
  bench_.fill(18'000);
  if (HasFatalFailure()) return;
  for (int round = 0; round < (long_tests() ? 60 : 4); round += 1) {
    const AggregateRequest request = random_aggregates();
    const ScanKernels& kernels =
        round % 4 == 0 ? scalar_scan_kernels() : best_scan_kernels();
    expect_result(request, run(request, 1 + bench_.random() % 4, kernels));
    if (HasFatalFailure()) return;
  }
}

TEST_F(Aggregates, AreNotDecodedWhereTheFooterKnows) {
  bench_.open();
  bench_.fill(18'000);
  if (HasFatalFailure()) return;
  ASSERT_TRUE(bench_.database().seal().ok());
  AggregateRequest request;
  request.aggregates = {{AggregateKind::kRows, 0, 0},
                        {AggregateKind::kCount, kNote, 0},
                        {AggregateKind::kMin, kPrice, 0},
                        {AggregateKind::kMax, kReal, 0},
                        {AggregateKind::kMin, kWhole, 0}};
  AggregateResult result = run(request);
  EXPECT_EQ(result.rows_read, 0u);
  EXPECT_EQ(result.pieces_not_decoded, result.pieces);
  expect_result(request, result);
  request.by_symbol = true;
  result = run(request);
  EXPECT_GT(result.pieces_not_decoded, 0u);
  expect_result(request, result);
  // Rows that all match, in the middle of some time.
  request.scan.from = bench_.model.shards[1][50].time;
  request.scan.predicates = {{kOther, ScanCompare::kLess, 0, 0, 7, 0}};
  result = run(request);
  EXPECT_GT(result.pieces_not_decoded, 0u);
  expect_result(request, result);
}

TEST_F(Aggregates, KeepEveryBitOfIntegers) {
  bench_.open();
  bench_.fill(6'000);
  if (HasFatalFailure()) return;
  AggregateRequest request;
  request.aggregates = {{AggregateKind::kMax, kWhole, 0}, {AggregateKind::kFirst, kWhole, 0}};
  request.by_symbol = true;
  const AggregateResult result = run(request);
  const std::map<Key, Rows> groups = plain_groups(bench_, request);
  std::size_t at = 0;
  for (const auto& [key, all] : groups) {
    const Rows rows = present(all, kWhole);
    std::int64_t greatest = INT64_MIN;
    for (const TestRow* row : rows) greatest = std::max(greatest, integer_of(*row, kWhole));
    ASSERT_TRUE(result.columns[0].is_whole);
    ASSERT_EQ(result.columns[0].wholes[at], greatest);
    ASSERT_EQ(result.columns[1].wholes[at], integer_of(*rows.front(), kWhole));
    at += 1;
  }
}

TEST_F(Aggregates, RefuseWhatAColumnCannotDo) {
  bench_.open();
  const DatabaseSnapshot snapshot = bench_.database().snapshot();
  const auto code = [&](const AggregateRequest& request) {
    AggregateResult result;
    return aggregate(*snapshot.table(bench_.table), request, scan_threads(1), &result).code();
  };
  AggregateRequest request;
  EXPECT_EQ(code(request), Code::kInvalidArgument);
  request.aggregates = {{AggregateKind::kSum, kNote, 0}};
  EXPECT_EQ(code(request), Code::kInvalidArgument);
  request.aggregates = {{AggregateKind::kVwap, kPrice, 9}};
  EXPECT_EQ(code(request), Code::kInvalidArgument);
  request.aggregates = {{AggregateKind::kRows, 0, 0}};
  EXPECT_EQ(code(request), Code::kOk);
  request.bucket_ns = -1;
  EXPECT_EQ(code(request), Code::kInvalidArgument);
}

}  // namespace
}  // namespace ndts
