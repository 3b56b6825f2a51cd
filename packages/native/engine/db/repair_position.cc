// See repair_position.h.
#include "db/repair_position.h"

#include <algorithm>

namespace ndts {

namespace {

ShardOfTable shard_of(const SegmentRecord& record) { return {record.table, record.shard}; }

// One shard of a table while the log is walked through from its end.
struct ShardWalk {
  std::vector<SegmentRecord> segments;
  std::uint64_t logged_end = 0;
  std::optional<std::uint64_t> first;  // of the rows that would be replayed
  bool possible = true;

  // Every segment is wholly before the first row that is replayed, or wholly in the log.
  [[nodiscard]] bool fits() const {
    return std::all_of(segments.begin(), segments.end(), [this](const SegmentRecord& segment) {
      return segment.end_sequence <= *first ||
             (segment.first_sequence >= *first && segment.end_sequence <= logged_end);
    });
  }
};

using Walks = std::map<ShardOfTable, ShardWalk>;

// Moves the first row of its shard to the group; the change in the number of shards that can't be
// replayed from there.
int step_back(const LoggedGroup& group, ShardWalk* walk) {
  if (!walk->first.has_value()) walk->logged_end = group.first_sequence + group.rows;
  walk->first = group.first_sequence;
  const bool before = walk->possible;
  walk->possible = walk->fits();
  return (before ? 1 : 0) - (walk->possible ? 1 : 0);
}

Walks start_walks(const Segments& segments) {
  Walks walks;
  for (const auto& segment : segments)
    walks[shard_of(segment->record())].segments.push_back(segment->record());
  return walks;
}

std::uint64_t find_earliest(std::uint64_t begin, const std::vector<ScannedEntry>& entries,
                            const Segments& segments) {
  Walks walks = start_walks(segments);
  std::uint64_t position = entries.empty() ? begin : entries.back().position;
  int impossible = 0;
  for (std::size_t at = entries.size(); at-- > 0;) {
    for (auto group = entries[at].groups.rbegin(); group != entries[at].groups.rend(); ++group)
      impossible += step_back(*group, &walks[{group->table, group->shard}]);
    if (impossible == 0) position = at == 0 ? begin : entries[at - 1].position;
  }
  return position;
}

}  // namespace

LogPosition find_position(std::uint64_t begin, std::optional<std::uint64_t> known,
                          const std::vector<ScannedEntry>& entries, const Segments& segments) {
  LogPosition found;
  found.position = known.has_value() ? *known : find_earliest(begin, entries, segments);
  Walks walks = start_walks(segments);
  for (std::size_t at = entries.size(); at-- > 0 && entries[at].position > found.position;)
    for (auto group = entries[at].groups.rbegin(); group != entries[at].groups.rend(); ++group)
      static_cast<void>(step_back(*group, &walks[{group->table, group->shard}]));
  for (const auto& segment : segments) {
    const SegmentRecord& record = segment->record();
    const ShardWalk& walk = walks[shard_of(record)];
    const bool in_log = walk.first.has_value() && walk.possible &&
                        record.first_sequence >= *walk.first;
    (in_log ? found.left_out : found.segments).push_back(segment);
    if (in_log) continue;
    std::uint64_t& end = found.sealed[shard_of(record)];
    end = std::max(end, record.end_sequence);
  }
  // What is missing before the first row of the log is lost.
  for (const auto& [shard, walk] : walks)
    if (walk.first.has_value() && walk.possible)
      found.sealed[shard] = std::max(found.sealed[shard], *walk.first);
  return found;
}

}  // namespace ndts
