// The latest row of each symbol, by (time, sequence), from memtables and from a cache of the last
// rows in segments.
//
// A segment never changes, so the last row of each of its symbols is read once and kept as long as
// somebody holds the segment; times in footers then tell which segments are of no interest. So a
// call costs a look-up per symbol and memtable, and one per segment that may be the latest.
//
// Threads: any, several at once with one cache. Lifetime: texts in `out` live as long as the view.
// Errors: INVALID_ARGUMENT for a shard that is not there; CORRUPT, IO_ERROR.
#pragma once

#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/thread.h"
#include "db/series_table.h"
#include "scan/scan_plan.h"

namespace ndts {

// The last row of each symbol of a segment.
struct SegmentLatest {
  std::vector<std::uint32_t> symbols;  // ascending
  std::unique_ptr<RowBuffer> rows;     // by place in symbols

  [[nodiscard]] static Status read(const SegmentReader& segment, const TableSchema& schema,
                                   SegmentLatest* latest);
};

class LatestCache {
 public:
  // Reads it when it is not there. Lets go of what belongs to segments that nobody has any more.
  [[nodiscard]] Status find(const std::shared_ptr<const SegmentReader>& segment,
                            const TableSchema& schema,
                            std::shared_ptr<const SegmentLatest>* latest);

 private:
  struct Entry {
    std::weak_ptr<const SegmentReader> segment;
    std::shared_ptr<const SegmentLatest> latest;
  };
  Mutex mutex_;
  std::unordered_map<const SegmentReader*, Entry> entries_;  // guarded by mutex_
  std::size_t tidy_at_ = 64;                                 // likewise
};

// Fills a row for each of `symbols` that has any, in their order; out.capacity >= symbols.size().
[[nodiscard]] Status latest_rows(const SeriesView& view, std::span<const ScanSymbol> symbols,
                                 LatestCache* cache, const RowsOut& out, std::size_t* count);

}  // namespace ndts
