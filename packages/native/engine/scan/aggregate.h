// Aggregates over a table: of all rows that match, by symbol, by time bucket, or both. docs/scan.md
// says what each one is of nulls, NaN and zeros, to the last bit.
//
// Every aggregate is defined without an order of work: sums are exact and rounded once, first and
// last are by (time, symbol, sequence). So results are the same, bit for bit, however rows lie in
// segments and memtables, however many threads there are, and whatever they can do.
//
// Threads: aggregate() on any, it returns when all is done; `workers` says on which others it may
// work meanwhile. Lifetime: the view is used until it returns; the result is the caller's.
// Errors: INVALID_ARGUMENT for what a column cannot do; CORRUPT, IO_ERROR of what was read; the
// result then holds nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "scan/scan_kernels.h"
#include "scan/scan_plan.h"

namespace ndts {

enum class AggregateKind : std::uint8_t {
  kRows,       // how many rows
  kCount,      // how many values that are not null
  kSum,        // rounded once
  kMin,        // NaN left out
  kMax,
  kFirst,      // the earliest value that is not null
  kLast,
  kAverage,    // the sum divided by the count
  kDeviation,  // of a sample: divided by the count less one
  kVwap,       // sum of column * weight, divided by the sum of weight
};

struct Aggregate {
  AggregateKind kind = AggregateKind::kRows;
  std::size_t column = 0;
  std::size_t weight = 0;  // of kVwap
};

struct AggregateRequest {
  ScanRequest scan;
  std::vector<Aggregate> aggregates;
  bool by_symbol = false;
  // Above 0: by time, too; a bucket begins at origin plus or minus a multiple.
  std::int64_t bucket_ns = 0;
  std::int64_t bucket_origin = 0;
};

// One value per group. min, max, first and last of an i64 column are `wholes`, all else `reals`.
struct AggregateColumn {
  bool is_whole = false;
  std::vector<double> reals;
  std::vector<std::int64_t> wholes;
  std::vector<std::uint8_t> nulls;  // 1: there was nothing to make it of; the value is zero
};

// By (symbol, bucket). Without by_symbol and buckets one group, also of no rows; else only groups
// that have rows.
struct AggregateResult {
  std::size_t count = 0;
  std::vector<std::uint32_t> symbol;  // empty unless by_symbol
  std::vector<std::int64_t> bucket;   // first time of it; empty unless by bucket
  std::vector<AggregateColumn> columns;
  // How it was found.
  std::uint64_t rows_read = 0;
  std::uint64_t pieces = 0;
  std::uint64_t pieces_not_decoded = 0;  // answered by least and greatest, counts, encoded sums
};

// Where work may run: run(body) calls body(0) to body(count - 1), each at most once and body(0) for
// sure, at any time and on any thread, and returns when all calls have ended.
struct ScanWorkers {
  std::size_t count = 1;
  std::function<void(const std::function<void(std::size_t)>& body)> run =
      [](const std::function<void(std::size_t)>& body) { body(0); };
};
// As many threads, of which one is the caller's.
[[nodiscard]] ScanWorkers scan_threads(std::size_t count);

[[nodiscard]] Status aggregate(const SeriesView& view, const AggregateRequest& request,
                               const ScanWorkers& workers, AggregateResult* result,
                               const ScanKernels& kernels = best_scan_kernels());

// open, high, low, close and volume.
[[nodiscard]] std::vector<Aggregate> ohlcv(std::size_t price, std::size_t volume);

}  // namespace ndts
