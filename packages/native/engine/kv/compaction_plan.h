// What to compact next: a pure function of the tables there are.
//
// A level above its limit gives a table to the next one; level 0 gives all of its tables at once,
// because they overlap. When no level is above its limit but too much of what is stored is hidden
// by newer entries, the level that hides most goes on: this bounds the space that overwritten and
// deleted entries take, also where all data fits the first levels.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kv/sstable.h"

namespace ndts {

struct CompactionOptions {
  std::uint32_t level0_tables = 4;
  std::uint64_t level1_bytes = 400u << 20;
  std::uint64_t level_factor = 10;
  // Hidden bytes allowed for each byte that is not hidden.
  double hidden_ratio = 0.25;
  // Compaction goes no deeper than the last of so many, 2 to kSstLevels; the last has no limit.
  // What lies deeper, from a time when there were more, is read and left where it is.
  std::uint32_t levels = kSstLevels;
};

// By level; within one, in any order.
using TableShape = std::array<std::vector<const SstInfo*>, kSstLevels>;

struct CompactionPlan {
  std::uint32_t level = 0;               // the output goes to the next one
  std::vector<std::uint64_t> inputs;     // of this level
  std::vector<std::uint64_t> overlapping;  // of the next level
  bool move = false;          // nothing to merge: the inputs just change their level
  bool drop_deletes = false;  // no deeper level has keys of the range
};

// `next_key`: by level, where the last compaction of the level ended; the next one goes on there.
[[nodiscard]] std::optional<CompactionPlan> plan_compaction(
    const TableShape& shape, const CompactionOptions& options,
    const std::array<std::string, kSstLevels>& next_key);

// Bytes that levels hold above their limits.
[[nodiscard]] std::uint64_t pending_bytes(const TableShape& shape,
                                          const CompactionOptions& options);

}  // namespace ndts
