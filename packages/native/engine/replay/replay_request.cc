// See replay_request.h.
#include "replay/replay_request.h"

#include <algorithm>

namespace ndts {

std::vector<ReplaySymbol> symbols_by_name(std::span<const SymbolInfo* const> symbols) {
  std::vector<const SymbolInfo*> sorted(symbols.begin(), symbols.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const SymbolInfo* a, const SymbolInfo* b) { return a->name < b->name; });
  std::vector<ReplaySymbol> result;
  result.reserve(sorted.size());
  for (const SymbolInfo* symbol : sorted) result.push_back({symbol->id, symbol->shard});
  return result;
}

std::vector<std::uint64_t> end_sequences(const SeriesView& view) {
  std::vector<std::uint64_t> ends(view.segments.size(), 0);
  for (std::size_t shard = 0; shard < ends.size(); shard += 1) {
    for (const std::shared_ptr<const SegmentReader>& segment : *view.segments[shard])
      ends[shard] = std::max(ends[shard], segment->record().end_sequence);
    for (const MemtableView& memtable : view.memtables) {
      const ShardExtent& extent = memtable.shards[shard];
      if (extent.rows == 0) continue;
      const auto number = static_cast<std::uint32_t>(shard);
      ends[shard] =
          std::max(ends[shard], memtable.memtable->first_sequence(number) + extent.rows);
    }
  }
  return ends;
}

}  // namespace ndts
