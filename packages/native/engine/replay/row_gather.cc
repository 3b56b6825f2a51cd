// See row_gather.h.
#include "replay/row_gather.h"

namespace ndts {

namespace {

template <typename T>
void gather_cells(std::span<const std::byte* const> rows, std::size_t column, std::byte* out) {
  const std::size_t offset = column * kColumnStride;
  for (const std::byte* const row : rows) {
    store(out, load<T>(row + offset));
    out += sizeof(T);
  }
}

void gather_column(std::size_t width, std::span<const std::byte* const> rows, std::size_t column,
                   std::byte* out) {
  if (width == 8) return gather_cells<std::uint64_t>(rows, column, out);
  if (width == 4) return gather_cells<std::uint32_t>(rows, column, out);
  gather_cells<std::uint8_t>(rows, column, out);
}

}  // namespace

void gather_rows(const TableSchema& schema, const CellColumns& columns,
                 std::span<const std::byte* const> rows, const RowsOut& out, std::size_t at) {
  if (out.sequence != nullptr) {
    double* sequence = out.sequence + at;
    for (const std::byte* const row : rows)
      *sequence++ = static_cast<double>(static_cast<std::int64_t>(sequence_of(row)));
  }
  for (std::size_t column = 0; column < schema.columns.size(); column += 1) {
    const std::size_t cells = columns.values[column];
    if (cells == CellColumns::kNone || out.values[column] == nullptr) continue;
    const std::size_t width = value_bytes(schema.columns[column].type);
    gather_column(width, rows, cells, out.values[column] + width * at);
    if (columns.nulls[column] == CellColumns::kNone || out.nulls[column] == nullptr) continue;
    gather_column(1, rows, columns.nulls[column],
                  reinterpret_cast<std::byte*>(out.nulls[column] + at));
  }
}

}  // namespace ndts
