// See locate.h.
#include "scan/locate.h"

#include <algorithm>

namespace ndts {

namespace {

class Locator {
 public:
  Locator(std::int64_t from, std::int64_t to, Located* found)
      : from_(from), to_(to), found_(*found) {}

  void add(const SegmentReader& segment, std::uint32_t symbol) {
    for (const SegmentRun& run : segment.runs(symbol))
      if (run.max_time >= from_ && !ends_before(run.min_time)) add(segment, run);
  }

  void add(const MemtableView& view, std::uint32_t shard, std::uint32_t symbol) {
    const ShardExtent& extent = view.shards[shard];
    if (extent.rows == 0) return;
    const std::uint64_t first = view.memtable->first_sequence(shard);
    for (const std::uint32_t row : view.memtable->collect_rows(shard, extent, symbol)) {
      const std::int64_t time = view.memtable->time(shard, row);
      if (time >= from_ && !ends_before(time)) add(time, first + row);
    }
  }

 private:
  [[nodiscard]] bool ends_before(std::int64_t time) const {
    return time >= to_ && to_ != INT64_MAX;
  }

  void add(const SegmentReader& segment, const SegmentRun& run) {
    const SegmentBlock& block = segment.blocks()[run.block];
    LocatedBlock place{&segment,         run.block,           block.offset,
                       block.bytes,      block.first_sequence, block.end_sequence,
                       UINT64_MAX,       0,                   run.first_row,
                       run.rows,         run.min_time,        run.max_time};
    for (const SegmentRange& range : segment.ranges()) {
      if (range.first_sequence >= block.end_sequence) continue;
      if (range.end_sequence <= block.first_sequence) continue;
      place.first_epoch = std::min(place.first_epoch, range.epoch);
      place.last_epoch = std::max(place.last_epoch, range.epoch);
    }
    found_.blocks.push_back(place);
  }

  void add(std::int64_t time, std::uint64_t sequence) {
    LocatedMemory& memory = found_.memory;
    if (memory.rows == 0) memory = {0, sequence, sequence + 1, time, time};
    memory.rows += 1;
    memory.first_sequence = std::min(memory.first_sequence, sequence);
    memory.end_sequence = std::max(memory.end_sequence, sequence + 1);
    memory.min_time = std::min(memory.min_time, time);
    memory.max_time = std::max(memory.max_time, time);
  }

  const std::int64_t from_;
  const std::int64_t to_;
  Located& found_;
};

}  // namespace

Located locate(const SeriesView& view, std::uint32_t shard, std::uint32_t symbol,
               std::int64_t from, std::int64_t to) {
  Located found;
  Locator locator(from, to, &found);
  if (shard >= view.segments.size()) return found;
  for (const std::shared_ptr<const SegmentReader>& segment : *view.segments[shard])
    locator.add(*segment, symbol);
  for (const MemtableView& memtable : view.memtables) locator.add(memtable, shard, symbol);
  return found;
}

}  // namespace ndts
