// The rows of a window: expanded as they come, read out by column in another order. A row of ticks
// is then a line of the cache, asked for before it is needed.
//
// Threads: one. Memory: of as many rows as are ever put in.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "replay/row_expand.h"
#include "table/series_reads.h"

namespace ndts {

class WindowRows {
 public:
  WindowRows(const TableSchema& schema, const RowCells& cells, std::size_t capacity);

  // At most so many rows of a block, whose shape is known, from one of them on; of the part all but
  // the lanes is set. As RowKernels.
  [[nodiscard]] std::size_t take(const DecodedRows& rows, std::size_t first, std::size_t count,
                                 WindowPart part) {
    part.lanes = row(part.place);
    return kernels_.take({rows.shape, rows.bases, rows.row(first), rows.row_bytes, count}, part);
  }
  // The same of a block that fits.
  [[nodiscard]] std::size_t take_narrow(const DecodedRows& rows, std::size_t first,
                                        std::size_t count, const WindowPart& part) {
    return kernels_.take_narrow({rows.shape, rows.narrow, rows.row(first), rows.row_bytes, count,
                                 narrow_row(part.place)},
                                part);
  }
  // Whether rows of a block can be taken so.
  [[nodiscard]] NarrowForm::Fit fit(DecodedRows* rows);
  // A window begins: what was taken is void. Its rows are all narrow, or none is.
  void begin(bool narrow) { is_narrow_ = narrow; }
  void begin_day() { form_.clear(); }
  [[nodiscard]] double sequence(std::size_t place) const {
    if (!is_narrow_) return std::bit_cast<double>(row(place)[RowCells::kSequence]);
    return std::bit_cast<double>(narrow_value(form_.lane(RowCells::kSequence),
                                              narrow_row(place)[RowCells::kSequence]));
  }
  // Sequence and values of the rows at `places`, to `at` and behind.
  void gather(std::span<const std::uint32_t> places, const RowsOut& out, std::size_t at);

 private:
  [[nodiscard]] std::uint64_t* row(std::size_t place) const { return rows_ + lanes_ * place; }
  [[nodiscard]] std::int32_t* narrow_row(std::size_t place) const {
    return reinterpret_cast<std::int32_t*>(rows_) + kNarrowLanes * place;
  }
  void point_at(const RowsOut& out, std::size_t at);

  const TableSchema& schema_;
  const RowCells& cells_;
  const RowKernels& kernels_;
  const std::size_t lanes_;
  std::unique_ptr<std::uint64_t[]> memory_;
  std::uint64_t* rows_;       // the first, at the start of a cache line
  std::vector<LaneOut> out_;  // where the next rows go
  NarrowForm form_;
  bool is_narrow_ = false;
};

// Sequence and values of one row, to `at`.
void put_row(const TableSchema& schema, const RowCells& cells, const CellForm* forms,
             const std::byte* row, const RowsOut& out, std::size_t at);

}  // namespace ndts
