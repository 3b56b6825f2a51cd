// Which segments of a (table, shard, day) to merge next: a pure function of the segments there are.
//
// Files of similar size are merged, small ones first, so that a row is rewritten a number of times
// that grows with the logarithm of the day's rows, and a day has a number of files that does, too.
// Similar: of one power of `fan_in`; what is merged is then of the next. A segment of which
// `fan_in` would be larger than an output may be is left alone. Nothing moves between days, shards
// or tables.
//
// Invariant: every plan has at least two inputs, so that planning ends.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "generated/layouts.h"

namespace ndts {

struct SegmentPlanOptions {
  std::uint32_t fan_in = 4;                // merged at once, at least; 2 or more
  std::uint32_t fan_in_max = 32;           // at most; fan_in or more
  std::uint64_t segment_bytes = 1u << 30;  // the output is not planned to be larger
  // A day has at most so many files that are not left alone, whatever their sizes. Fewer than
  // fan_in for each power that a day's files have cost more rewriting.
  std::uint32_t day_segments = 16;
};

struct SegmentPlan {
  std::vector<std::uint64_t> inputs;  // numbers
};

// `segments`: of all tables, shards and days, in any order, which does not matter. The plan that
// saves the most files for the bytes it reads; nullopt: nothing to do.
[[nodiscard]] std::optional<SegmentPlan> plan_segments(std::span<const SegmentRecord> segments,
                                                       const SegmentPlanOptions& options);

}  // namespace ndts
