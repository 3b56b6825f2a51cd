// What files say twice, where no manifest tells which of them count. Part of repair.h.
//
// Threads: plain functions. Errors: those of the readers.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "db/repair.h"
#include "kv/sstable.h"
#include "table/segment_reader.h"

namespace ndts {

using Segments = std::vector<std::shared_ptr<const SegmentReader>>;

// By epoch, sorted.
using Sequences = std::map<std::uint64_t, std::vector<std::uint64_t>>;

// The sequences of a segment, as far as its blocks can be read.
[[nodiscard]] Status read_sequences(const SegmentReader& segment, Sequences* sequences);

struct SegmentOverlap {
  // Every row of these is in another segment: inputs of a merge that were not removed yet.
  Segments covered;
  // Of these only some are; `rows` are in no other.
  struct Part {
    std::shared_ptr<const SegmentReader> segment;
    std::uint64_t rows;
  };
  std::vector<Part> parts;
};

// Takes out of `segments` what shares rows with a larger one of the same table, shard and day.
[[nodiscard]] Status find_overlap(Segments* segments, SegmentOverlap* overlap);

// Puts sorted tables without levels in an order, old to new, by their last sequence. *doubtful: the
// keys of which two tables say different things and neither is known to be newer.
[[nodiscard]] Status order_tables(std::vector<std::shared_ptr<SstFile>>* tables,
                                  std::uint64_t* doubtful);

}  // namespace ndts
