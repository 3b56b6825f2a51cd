// The inner loops of aggregates, one table of functions per instruction set.
//
// Threads: any; the functions keep nothing. Memory: inputs and outputs are exactly the values
// named, at any alignment. Errors: none; every input gives the same output in every table, bit for
// bit, but for which NaN a NaN is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace ndts {

// sum() and products() take at most so many values.
inline constexpr std::size_t kSumRows = 1024;

// A sum in two parts: high + low is the exact sum.
struct SumParts {
  double high = 0;
  double low = 0;
};

// Of no values, +infinity and -infinity.
struct RealRange {
  double least = std::numeric_limits<double>::infinity();
  double greatest = -std::numeric_limits<double>::infinity();
};

// Of no values, the greatest and the least integer.
struct WholeRange {
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  std::int64_t greatest = std::numeric_limits<std::int64_t>::min();
};

// The sum of integers: high * 2^32 + low.
struct WholeSum {
  std::int64_t high = 0;
  std::uint64_t low = 0;
};

struct ScanKernels {
  const char* name;
  // The exact sum, by splitting values at a bit that all share. False where that is not exact: when
  // the greatest magnitude is 2^32 times the least (but zero) or more, or near the ends of what a
  // double can be, or when a value is not finite. `splitter`: of find_splitter() for magnitudes
  // that all values but zeros and NaN are within; 0 where none is known, which takes a pass more.
  bool (*sum)(const double* values, std::size_t count, double splitter, SumParts* parts);
  // product + error is a * b, exactly, unless it is infinite, NaN, or below 2^-968.
  void (*products)(const double* a, const double* b, std::size_t count, double* product,
                   double* error);
  // Widens the range; NaN is left out. Which zero a zero is, is not said.
  void (*real_range)(const double* values, std::size_t count, RealRange* range);
  void (*whole_range)(const std::int64_t* values, std::size_t count, WholeRange* range);
  // Below 2^31 values.
  WholeSum (*whole_sum)(const std::int64_t* values, std::size_t count);
  // Clears bit i where not low <= values[i] <= high.
  void (*select_real)(const double* values, std::size_t count, double low, double high,
                      std::uint64_t* bits);
  void (*select_whole)(const std::int64_t* values, std::size_t count, std::int64_t low,
                       std::int64_t high, std::uint64_t* bits);
  // values[i] where bit `first` + i is set, else `other`.
  void (*keep)(const double* values, std::size_t count, const std::uint64_t* bits,
               std::size_t first, double other, double* out);
  // How many of ascending times are below `limit`; it costs as many steps as there are.
  std::size_t (*below)(const std::int64_t* times, std::size_t count, std::int64_t limit);
};

[[nodiscard]] const ScanKernels& scalar_scan_kernels();
// Null where the processor or the compiler's target cannot.
[[nodiscard]] const ScanKernels* avx2_scan_kernels();
[[nodiscard]] const ScanKernels* avx512_scan_kernels();
// The fastest of this processor.
[[nodiscard]] const ScanKernels& best_scan_kernels();

// For scan_kernels.cc only: compiled always on x86-64, called only where they can run.
[[nodiscard]] const ScanKernels& compiled_avx2_scan_kernels();
[[nodiscard]] const ScanKernels& compiled_avx512_scan_kernels();

}  // namespace ndts
