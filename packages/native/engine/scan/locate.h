// Where the rows of one symbol lie: the blocks of segments that a reader may fetch and decode by
// itself, and how much there is in memory only.
//
// A block is listed when it has rows of the symbol with times in [from, to). Footers say all of
// it: no block is read. Rows of a symbol are in exactly one block or in memory.
//
// Threads: any, for a view. Lifetime: `segment` lives as long as the view.
#pragma once

#include <cstdint>
#include <vector>

#include "db/series_table.h"

namespace ndts {

struct LocatedBlock {
  const SegmentReader* segment = nullptr;
  std::uint32_t block = 0;
  // Of the block: all its rows, whoever's they are. The range of the file is [offset, offset +
  // bytes).
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t end_sequence = 0;
  std::uint64_t first_epoch = 0;
  std::uint64_t last_epoch = 0;
  // Of the symbol in it: rows [first_row, first_row + rows) of the block.
  std::uint32_t first_row = 0;
  std::uint32_t rows = 0;
  std::int64_t min_time = 0;
  std::int64_t max_time = 0;
};

// Rows of the symbol within the times that are in no segment.
struct LocatedMemory {
  std::uint64_t rows = 0;
  // Of these rows, when there are any.
  std::uint64_t first_sequence = 0;
  std::uint64_t end_sequence = 0;
  std::int64_t min_time = 0;
  std::int64_t max_time = 0;
};

struct Located {
  std::vector<LocatedBlock> blocks;  // by segment, within one by time
  LocatedMemory memory;
};

// `shard` is that of the symbol; `to` INT64_MAX: there is no end.
[[nodiscard]] Located locate(const SeriesView& view, std::uint32_t shard, std::uint32_t symbol,
                             std::int64_t from, std::int64_t to);

}  // namespace ndts
