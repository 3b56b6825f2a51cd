// From where on a log is to be replayed, where no manifest says it. Part of repair.h.
//
// As early as possible: a row must not be in a segment and in the log, too, so segments all rows of
// which the log has are left out; and keys may be written again, which changes nothing. Later, the
// keys of a flush that was cut off behind its segments would be missing.
//
// Plain functions, plain data.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "db/repair_overlap.h"
#include "db/repair_replay.h"

namespace ndts {

// An entry with rows, as the log has it.
struct ScannedEntry {
  std::uint64_t position;  // its end
  std::vector<LoggedGroup> groups;
};

using ShardOfTable = std::pair<std::uint32_t, std::uint32_t>;  // table, shard

struct LogPosition {
  std::uint64_t position = 0;
  // By shard of a table: its rows below are in segments, or lost.
  std::map<ShardOfTable, std::uint64_t> sealed;
  Segments segments;
  Segments left_out;  // their rows are in the log
};

// `known`: the position, where something says it.
[[nodiscard]] LogPosition find_position(std::uint64_t begin, std::optional<std::uint64_t> known,
                                        const std::vector<ScannedEntry>& entries,
                                        const Segments& segments);

}  // namespace ndts
