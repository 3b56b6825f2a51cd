// The rows of a window: put in as they come, taken out by column in another order. A row is a line
// or two of the cache, asked for before it is needed.
//
// Threads: one. Memory: of as many rows as are ever put in.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "replay/row_form.h"
#include "table/series_reads.h"

namespace ndts {

class WindowRows {
 public:
  WindowRows(const TableSchema& schema, const RowCells& cells, std::size_t capacity);

  // Some rows of a block into places from `at` on.
  void put(const DecodedRows& rows, std::size_t first, std::size_t count, std::size_t at);
  [[nodiscard]] std::uint64_t sequence(std::size_t place) const {
    return load<std::uint64_t>(row(place) + offsets_[RowCells::kSequence]);
  }
  // Sequence and values of the rows at `places`, to `at` and behind.
  void gather(std::span<const std::uint32_t> places, const RowsOut& out, std::size_t at) const;

 private:
  [[nodiscard]] std::byte* row(std::size_t place) const { return rows_ + row_bytes_ * place; }
  void gather_some(std::span<const std::uint32_t> places, const RowsOut& out,
                   std::size_t at) const;

  const TableSchema& schema_;
  const RowCells& cells_;
  std::vector<std::uint32_t> offsets_;  // by cell
  std::size_t row_bytes_ = 0;
  std::unique_ptr<std::byte[]> memory_;
  std::byte* rows_ = nullptr;  // the first, at the start of a cache line
};

// Sequence and values of one row, to `at`.
void put_row(const TableSchema& schema, const RowCells& cells, const CellForm* forms,
             const std::byte* row, const RowsOut& out, std::size_t at);

}  // namespace ndts
