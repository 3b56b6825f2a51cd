// The rows of a batch as aggregates look at them: which ones match, which values are there, and
// columns of any number type as float64 or int64.
//
// Threads: one at a time. Lifetime: pointers live until the next set(). What is asked for is made
// once per batch.
#pragma once

#include <cstdint>
#include <vector>

#include "scan/scan_kernels.h"
#include "scan/scan_reader.h"

namespace ndts {

[[nodiscard]] bool is_real(ValueType type);
// Of bits [first, first + count) the set ones; all of them when `bits` is null.
[[nodiscard]] std::size_t count_bits(const std::uint64_t* bits, std::size_t first,
                                     std::size_t count);
// The first and last set bit of [first, first + count), which has one.
[[nodiscard]] std::size_t first_bit(const std::uint64_t* bits, std::size_t first);
[[nodiscard]] std::size_t last_bit(const std::uint64_t* bits, std::size_t first,
                                   std::size_t count);

class AggregateRows {
 public:
  AggregateRows(const ScanPlan& plan, const ScanKernels& kernels);

  void set(const ScanBatch& batch, bool proven);
  [[nodiscard]] const ScanKernels& kernels() const { return kernels_; }
  [[nodiscard]] const RowsView& rows() const { return batch_.rows; }
  // A bit for each row; null: all rows match.
  [[nodiscard]] const std::uint64_t* selected() const { return selected_; }
  // The same and the value is not null.
  [[nodiscard]] const std::uint64_t* present(std::size_t column);
  // The same of two columns.
  [[nodiscard]] const std::uint64_t* present(std::size_t column, std::size_t other);
  [[nodiscard]] const double* reals(std::size_t column);
  // Of f64, for the sum kernel: where the footer says that all values are of one sign and near
  // enough to each other, else 0.
  [[nodiscard]] double splitter(std::size_t column);
  // Not of f64 and f32.
  [[nodiscard]] const std::int64_t* wholes(std::size_t column);

 private:
  using Bits = std::vector<std::uint64_t>;
  struct Column {
    std::uint64_t present_of = 0;  // the batch that `present` is about
    std::uint64_t reals_of = 0;
    std::uint64_t wholes_of = 0;
    std::uint64_t splitter_of = 0;
    double splitter = 0;
    const std::uint64_t* present = nullptr;
    Bits bits;
    std::vector<double> reals;
    std::vector<std::int64_t> wholes;
  };
  void clear_nulls(std::size_t column, std::uint64_t* bits) const;
  void select(const ColumnRange& range);

  const ScanPlan& plan_;
  const ScanKernels& kernels_;
  ScanBatch batch_;
  std::uint64_t number_ = 0;  // of the batch
  const std::uint64_t* selected_ = nullptr;
  Bits selection_;
  Bits both_;
  std::vector<Column> columns_;
};

}  // namespace ndts
