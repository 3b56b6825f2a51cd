// Rows that a merge chose, on their way out: copied from where they lie, a few at a time, into
// columns.
//
// Threads: one. Lifetime: rows stay as long as the blocks they are in.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "replay/replay_blocks.h"
#include "table/series_reads.h"

namespace ndts {

// How far ahead of the copy rows are asked for: they lie anywhere in memory.
inline constexpr std::size_t kPrefetchRows = 32;

// Sequence and values of rows into places from `at` on. `rows` are followed by at least
// kPrefetchRows addresses of rows that may come next, or of anything.
void gather_rows(const TableSchema& schema, const RowCells& cells,
                 std::span<const std::byte* const> rows, const RowsOut& out, std::size_t at);

[[nodiscard]] inline std::uint64_t sequence_of(const std::byte* row) {
  return load<std::uint64_t>(row);
}

}  // namespace ndts
