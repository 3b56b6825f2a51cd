// See latest.h.
#include "scan/latest.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

#include "table/tick_batch.h"

namespace ndts {

namespace {

constexpr std::uint32_t kNoPlace = 0xffff'ffff;

struct Key {
  std::int64_t time;
  std::uint64_t sequence;
  friend auto operator<=>(const Key&, const Key&) = default;
};

// Where the latest row of a symbol is: of a memtable, or in the last rows of a segment.
struct Winner {
  Key key{};
  const MemtableView* memtable = nullptr;
  std::shared_ptr<const SegmentLatest> segment;
  std::uint32_t row = kNoPlace;
};

void copy_row(const TableSchema& schema, const RowsView& rows, std::size_t from,
              const ScanSymbol& symbol, const RowsOut& out, std::size_t to) {
  unpack_time(rows.time[from], out.day[to], out.ns_of_day[to]);
  out.sequence[to] = static_cast<double>(rows.sequence[from]);
  out.symbol[to] = symbol.id;
  out.shard[to] = symbol.shard;
  out.epoch[to] = rows.epoch[from];
  for (std::size_t column = 0; column < schema.columns.size(); column += 1) {
    if (out.values[column] == nullptr) continue;
    const std::size_t width = value_bytes(schema.columns[column].type);
    std::memcpy(out.values[column] + width * to, rows.values[column] + width * from, width);
    if (out.nulls[column] == nullptr || !schema.columns[column].nullable) continue;
    const std::uint8_t* nulls = rows.nulls_of(column);
    out.nulls[column][to] = nulls == nullptr ? std::uint8_t{0} : nulls[from];
  }
}

// A segment of a shard, and its last rows once somebody needed them.
struct Candidate {
  const std::shared_ptr<const SegmentReader>* segment;
  std::shared_ptr<const SegmentLatest> latest;
};

class LatestSearch {
 public:
  LatestSearch(const SeriesView& view, LatestCache* cache)
      : view_(view), cache_(cache), candidates_(view.segments.size()) {}

  Status find(const ScanSymbol& symbol, Winner* winner) {
    for (const MemtableView& memtable : view_.memtables) find_in(memtable, symbol, winner);
    for (Candidate& candidate : candidates_of(symbol.shard)) {
      const bool any = winner->row != kNoPlace;
      // Those that follow end earlier still.
      if (any && (*candidate.segment)->record().max_time < winner->key.time) break;
      if (candidate.latest == nullptr)
        NDTS_TRY(cache_->find(*candidate.segment, *view_.schema, &candidate.latest));
      find_in(candidate.latest, symbol.id, winner);
    }
    return {};
  }

 private:
  static void find_in(const MemtableView& view, const ScanSymbol& symbol, Winner* winner) {
    const ShardExtent& extent = view.shards[symbol.shard];
    if (extent.rows == 0) return;
    const SeriesMemtable& memtable = *view.memtable;
    const std::vector<std::uint32_t> rows =
        memtable.newest_rows(symbol.shard, extent, symbol.id, 1);
    if (rows.empty()) return;
    const Key key{memtable.time(symbol.shard, rows[0]),
                  memtable.first_sequence(symbol.shard) + rows[0]};
    if (winner->row == kNoPlace || winner->key < key) *winner = {key, &view, nullptr, rows[0]};
  }
  static void find_in(const std::shared_ptr<const SegmentLatest>& latest, std::uint32_t symbol,
                      Winner* winner) {
    const auto found =
        std::lower_bound(latest->symbols.begin(), latest->symbols.end(), symbol);
    if (found == latest->symbols.end() || *found != symbol) return;
    const auto at = static_cast<std::uint32_t>(found - latest->symbols.begin());
    const Key key{latest->rows->time()[at], latest->rows->sequence()[at]};
    if (winner->row == kNoPlace || winner->key < key) *winner = {key, nullptr, latest, at};
  }

  // The segments of a shard, the one that ends last first.
  std::vector<Candidate>& candidates_of(std::uint32_t shard) {
    if (candidates_[shard].has_value()) return *candidates_[shard];
    std::vector<Candidate>& made = candidates_[shard].emplace();
    for (const std::shared_ptr<const SegmentReader>& segment : *view_.segments[shard])
      made.push_back({&segment, nullptr});
    std::sort(made.begin(), made.end(), [](const Candidate& a, const Candidate& b) {
      return (*a.segment)->record().max_time > (*b.segment)->record().max_time;
    });
    return made;
  }

  const SeriesView& view_;
  LatestCache* const cache_;
  std::vector<std::optional<std::vector<Candidate>>> candidates_;  // by shard
};

}  // namespace

Status SegmentLatest::read(const SegmentReader& segment, const TableSchema& schema,
                           SegmentLatest* latest) {
  const std::span<const SegmentRun> runs = segment.runs();
  std::size_t symbols = 0;
  for (std::size_t at = 0; at < runs.size(); at += 1)
    symbols += at + 1 == runs.size() || runs[at + 1].symbol != runs[at].symbol ? 1 : 0;
  latest->rows = std::make_unique<RowBuffer>(schema, symbols);
  BlockRows rows(schema);
  std::size_t loaded = segment.blocks().size();
  for (std::size_t at = 0; at < runs.size(); at += 1) {
    const SegmentRun& run = runs[at];
    if (at + 1 < runs.size() && runs[at + 1].symbol == run.symbol) continue;
    if (run.block != loaded) NDTS_TRY(rows.read(segment, run.block));
    loaded = run.block;
    latest->symbols.push_back(run.symbol);
    latest->rows->append(rows.view(), std::size_t{run.first_row} + run.rows - 1, 1);
  }
  return segment.status();
}

Status LatestCache::find(const std::shared_ptr<const SegmentReader>& segment,
                         const TableSchema& schema,
                         std::shared_ptr<const SegmentLatest>* latest) {
  {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(segment.get());
    // Another segment may have come to stand where one was.
    if (found != entries_.end() && found->second.segment.lock() == segment) {
      *latest = found->second.latest;
      return {};
    }
  }
  auto made = std::make_shared<SegmentLatest>();
  NDTS_TRY(SegmentLatest::read(*segment, schema, made.get()));
  const MutexLock lock(mutex_);
  entries_[segment.get()] = {segment, made};
  if (entries_.size() >= tidy_at_) {
    std::erase_if(entries_, [](const auto& entry) { return entry.second.segment.expired(); });
    tidy_at_ = std::max<std::size_t>(64, 2 * entries_.size());
  }
  *latest = std::move(made);
  return {};
}

Status latest_rows(const SeriesView& view, std::span<const ScanSymbol> symbols,
                   LatestCache* cache, const RowsOut& out, std::size_t* count) {
  *count = 0;
  LatestSearch search(view, cache);
  RowBuffer one(*view.schema, 1);
  for (const ScanSymbol& symbol : symbols) {
    if (symbol.shard >= view.segments.size())
      return Status(Code::kInvalidArgument,
                    "symbol " + std::to_string(symbol.id) + " in a shard that is not there");
    Winner winner;
    NDTS_TRY(search.find(symbol, &winner));
    if (winner.row == kNoPlace) continue;
    if (winner.memtable != nullptr) {
      one.clear();
      winner.memtable->memtable->gather(symbol.shard, winner.memtable->shards[symbol.shard],
                                        {&winner.row, 1}, &one);
      copy_row(*view.schema, one.view(), 0, symbol, out, *count);
    } else {
      copy_row(*view.schema, winner.segment->rows->view(), winner.row, symbol, out, *count);
    }
    *count += 1;
  }
  return {};
}

}  // namespace ndts
