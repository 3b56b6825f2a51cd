// The rows of a table in one snapshot as pieces of work: the runs of one block of a segment, or
// rows of a memtable. A scan hands pieces to its threads.
//
// Threads: plain data once made. Lifetime: pieces point into the snapshot. Invariant: every row
// that a prune takes is in exactly one piece; a piece may have rows that it does not take.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sql/sql_source.h"

namespace ndts {

struct SqlPiece {
  // Runs [first_run, end_run) of the segment, all of one block.
  std::shared_ptr<const SegmentReader> segment;
  std::uint32_t block = 0;
  std::uint32_t first_run = 0;
  std::uint32_t end_run = 0;
  std::int64_t from = std::numeric_limits<std::int64_t>::min();  // earlier rows are of no use

  // Or rows of a memtable: [first_row, end_row), or those listed.
  const SeriesMemtable* memtable = nullptr;
  std::uint32_t shard = 0;
  ShardExtent extent;
  std::uint32_t first_row = 0;
  std::uint32_t end_row = 0;
  std::vector<std::uint32_t> rows;
};

[[nodiscard]] std::vector<SqlPiece> make_pieces(const SeriesView& view, const SqlPrune& prune);

// An estimate from above.
[[nodiscard]] std::uint64_t count_rows(const SeriesView& view);

}  // namespace ndts
