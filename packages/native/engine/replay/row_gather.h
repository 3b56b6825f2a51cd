// Rows that a merge chose, on their way out: where each row's cells are, copied column by column.
//
// Threads: one. Lifetime: cells stay as long as the blocks they are in.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "replay/replay_blocks.h"
#include "table/series_reads.h"

namespace ndts {

// Sequence and values of rows into places from `at` on; `rows` are their cells in column 0.
void gather_rows(const TableSchema& schema, const CellColumns& columns,
                 std::span<const std::byte* const> rows, const RowsOut& out, std::size_t at);

[[nodiscard]] inline std::uint64_t sequence_of(const std::byte* row) {
  return load<std::uint64_t>(row + CellColumns::kSequence * kColumnStride);
}

}  // namespace ndts
