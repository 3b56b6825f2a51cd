// The sums behind sum, average, deviation and vwap, each exact; and what the sum of a block is
// where that can be told without decoding it.
//
// Threads: plain memory.
#pragma once

#include "scan/accumulator.h"
#include "scan/exact_sum.h"

namespace ndts {

__extension__ using Int128 = __int128;

// Adds values[first, first + count) where their bits are set, or all. `splitter`: as of the sum
// kernel.
void add_exact(const ScanKernels& kernels, const double* values, const std::uint64_t* bits,
               std::size_t first, std::size_t count, double splitter, ExactSum* sum);
// The same of products: every product with its rounding error, but for one that is not finite.
void add_products(const ScanKernels& kernels, const double* a, const double* b,
                  const std::uint64_t* bits, std::size_t first, std::size_t count, ExactSum* sum);

// The sum of a column of a block, if it is told by the footer or by the encoded column.
class BlockSum {
 public:
  [[nodiscard]] Status read(const SegmentReader& segment, std::size_t block, std::size_t column,
                            bool* known);
  [[nodiscard]] double real() const { return real_; }
  [[nodiscard]] Int128 whole() const { return whole_; }

 private:
  double real_ = 0;
  Int128 whole_ = 0;
  codec::Scratch scratch_;
};

struct RealSum {
  ExactSum sum;
  std::uint64_t count = 0;

  void add(AggregateRows& rows, std::size_t column, const RowSlice& slice);
  void take(const BlockSum& block, std::uint64_t values);
  void merge(const RealSum& other);
  [[nodiscard]] double value() const { return sum.value(); }
};

struct IntegerSum {
  Int128 sum = 0;
  std::uint64_t count = 0;

  void add(AggregateRows& rows, std::size_t column, const RowSlice& slice);
  void take(const BlockSum& block, std::uint64_t values);
  void merge(const IntegerSum& other);
  [[nodiscard]] double value() const { return static_cast<double>(sum); }
};

struct Moments {
  ExactSum sum;
  ExactSum squares;
  std::uint64_t count = 0;

  void merge(const Moments& other);
  // Of at least two values: from the sums with about 106 bits each.
  [[nodiscard]] double deviation() const;
};

struct Weighted {
  ExactSum products;
  ExactSum weights;
  std::uint64_t count = 0;

  void merge(const Weighted& other);
};

}  // namespace ndts
