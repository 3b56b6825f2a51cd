// See row_gather.h.
#include "replay/row_gather.h"

#include <algorithm>

namespace ndts {

namespace {

template <typename T>
void copy_cells(std::span<const std::byte* const> rows, std::size_t cell, std::byte* out) {
  const std::size_t offset = cell * kCellBytes;
  for (const std::byte* const row : rows) {
    store(out, load<T>(row + offset));
    out += sizeof(T);
  }
}

void copy_column(std::size_t width, std::span<const std::byte* const> rows, std::size_t cell,
                 std::byte* out) {
  if (width == 8) return copy_cells<std::uint64_t>(rows, cell, out);
  if (width == 4) return copy_cells<std::uint32_t>(rows, cell, out);
  copy_cells<std::uint8_t>(rows, cell, out);
}

void ask_for(std::span<const std::byte* const> rows, std::size_t row_bytes) {
  for (const std::byte* const row : rows)
    for (std::size_t byte = 0; byte < row_bytes; byte += kCacheLine)
      __builtin_prefetch(row + byte);
}

}  // namespace

void gather_rows(const TableSchema& schema, const RowCells& cells,
                 std::span<const std::byte* const> rows, const RowsOut& out, std::size_t at) {
  for (std::size_t first = 0; first < rows.size(); first += kPrefetchRows) {
    const auto some = rows.subspan(first, std::min(kPrefetchRows, rows.size() - first));
    const auto behind = rows.subspan(first + some.size());
    ask_for(behind.first(std::min(kPrefetchRows, behind.size())), cells.bytes());
    const std::size_t to = at + first;
    if (out.sequence != nullptr) {
      double* sequence = out.sequence + to;
      for (const std::byte* const row : some)
        *sequence++ = static_cast<double>(static_cast<std::int64_t>(sequence_of(row)));
    }
    for (std::size_t column = 0; column < schema.columns.size(); column += 1) {
      const std::size_t cell = cells.values[column];
      if (cell == RowCells::kNone || out.values[column] == nullptr) continue;
      const std::size_t width = value_bytes(schema.columns[column].type);
      copy_column(width, some, cell, out.values[column] + width * to);
      if (cells.nulls[column] == RowCells::kNone || out.nulls[column] == nullptr) continue;
      copy_column(1, some, cells.nulls[column],
                  reinterpret_cast<std::byte*>(out.nulls[column] + to));
    }
  }
}

}  // namespace ndts
