// See sql_pieces.h.
#include "sql/sql_pieces.h"

#include <algorithm>
#include <unordered_map>

namespace ndts {

namespace {

constexpr std::uint32_t kMemtablePieceRows = 16 * kChunkRows;

class PieceMaker {
 public:
  PieceMaker(const SqlPrune& prune, std::vector<SqlPiece>* pieces)
      : prune_(prune), pieces_(*pieces) {}

  void add(const std::shared_ptr<const SegmentReader>& segment, std::uint32_t shard) {
    if (!prune_.takes(segment->record().min_time, segment->record().max_time)) return;
    if (prune_.by_symbol) return add_symbols(segment, shard);
    for (std::uint32_t at = 0; at < segment->blocks().size(); at += 1) {
      const SegmentBlock& block = segment->blocks()[at];
      if (!prune_.takes(block.min_time, block.max_time)) continue;
      add_runs(segment, at, block.first_run, block.first_run + block.run_count);
    }
  }

  void add(const MemtableSource& source, std::uint32_t shard) {
    if (prune_.by_symbol) {
      for (const SqlSymbol& symbol : prune_.symbols) {
        if (symbol.shard != shard) continue;
        SqlPiece piece = piece_of(source, shard);
        piece.rows = source.memtable->collect_rows(shard, source.extent, symbol.id);
        if (!piece.rows.empty()) pieces_.push_back(std::move(piece));
      }
      return;
    }
    for (std::uint32_t row = 0; row < source.extent.rows; row += kMemtablePieceRows) {
      SqlPiece piece = piece_of(source, shard);
      piece.first_row = row;
      piece.end_row = std::min(source.extent.rows, row + kMemtablePieceRows);
      pieces_.push_back(std::move(piece));
    }
  }

 private:
  void add_symbols(const std::shared_ptr<const SegmentReader>& segment, std::uint32_t shard) {
    const SegmentRun* const first = segment->runs().data();
    for (const SqlSymbol& symbol : prune_.symbols) {
      if (symbol.shard != shard) continue;
      for (const SegmentRun& run : segment->runs(symbol.id)) {
        if (!prune_.takes(run.min_time, run.max_time)) continue;
        const auto at = static_cast<std::uint32_t>(&run - first);
        SqlPiece* last = pieces_.empty() ? nullptr : &pieces_.back();
        if (last != nullptr && last->segment == segment && last->block == run.block &&
            last->end_run == at) {
          last->end_run = at + 1;
        } else {
          add_runs(segment, run.block, at, at + 1);
        }
      }
    }
  }

  void add_runs(const std::shared_ptr<const SegmentReader>& segment, std::uint32_t block,
                std::uint32_t first, std::uint32_t end) {
    SqlPiece piece;
    piece.segment = segment;
    piece.block = block;
    piece.first_run = first;
    piece.end_run = end;
    pieces_.push_back(std::move(piece));
  }

  static SqlPiece piece_of(const MemtableSource& source, std::uint32_t shard) {
    SqlPiece piece;
    piece.memtable = source.memtable;
    piece.shard = shard;
    piece.extent = source.extent;
    return piece;
  }

  const SqlPrune& prune_;
  std::vector<SqlPiece>& pieces_;
};

// The rows with the greatest time of each symbol of one shard.
class LatestMaker {
 public:
  LatestMaker(const SqlPrune& prune, const SeriesSources& sources, std::vector<SqlPiece>* pieces)
      : prune_(prune), sources_(sources), pieces_(*pieces) {}

  void add() {
    for (const std::shared_ptr<const SegmentReader>& segment : *sources_.segments)
      for (const SegmentRun& run : segment->runs()) note(run.symbol, run.max_time);
    for (const MemtableSource& source : sources_.memtables) note_newest(source);
    for (const std::shared_ptr<const SegmentReader>& segment : *sources_.segments) add(segment);
    for (const Newest& newest : newest_) {
      SqlPiece piece;
      piece.memtable = newest.source->memtable;
      piece.shard = sources_.shard;
      piece.extent = newest.source->extent;
      for (const std::uint32_t row : newest.rows)
        if (time_of(*newest.source, row) == latest_[symbol_of(*newest.source, row)])
          piece.rows.push_back(row);
      if (!piece.rows.empty()) pieces_.push_back(std::move(piece));
    }
  }

 private:
  struct Newest {
    const MemtableSource* source;
    std::vector<std::uint32_t> rows;  // one for each symbol
  };

  [[nodiscard]] std::int64_t time_of(const MemtableSource& source, std::uint32_t row) const {
    return source.memtable->time(sources_.shard, row);
  }
  [[nodiscard]] std::uint32_t symbol_of(const MemtableSource& source, std::uint32_t row) const {
    return source.memtable->symbol(sources_.shard, row);
  }
  void note(std::uint32_t symbol, std::int64_t time) {
    const auto [entry, is_new] = latest_.try_emplace(symbol, time);
    if (!is_new) entry->second = std::max(entry->second, time);
  }

  void note_newest(const MemtableSource& source) {
    Newest newest{&source, {}};
    for (const std::uint32_t symbol : source.memtable->symbols(sources_.shard, source.extent)) {
      for (const std::uint32_t row :
           source.memtable->newest_rows(sources_.shard, source.extent, symbol, 1)) {
        note(symbol, time_of(source, row));
        newest.rows.push_back(row);
      }
    }
    newest_.push_back(std::move(newest));
  }

  void add(const std::shared_ptr<const SegmentReader>& segment) {
    for (std::uint32_t at = 0; at < segment->runs().size(); at += 1) {
      const SegmentRun& run = segment->runs()[at];
      if (run.max_time != latest_[run.symbol] || !wants(run.symbol)) continue;
      SqlPiece piece;
      piece.segment = segment;
      piece.block = run.block;
      piece.first_run = at;
      piece.end_run = at + 1;
      piece.from = run.max_time;
      pieces_.push_back(std::move(piece));
    }
  }
  [[nodiscard]] bool wants(std::uint32_t symbol) const {
    return !prune_.by_symbol ||
           std::binary_search(prune_.symbols.begin(), prune_.symbols.end(),
                              SqlSymbol{symbol, sources_.shard});
  }

  const SqlPrune& prune_;
  const SeriesSources& sources_;
  std::vector<SqlPiece>& pieces_;
  std::unordered_map<std::uint32_t, std::int64_t> latest_;
  std::vector<Newest> newest_;
};

}  // namespace

std::vector<SqlPiece> make_pieces(const SeriesView& view, const SqlPrune& prune) {
  std::vector<SqlPiece> pieces;
  PieceMaker maker(prune, &pieces);
  for (std::uint32_t shard = 0; shard < view.segments.size(); shard += 1) {
    const SeriesSources sources = view.sources(shard);
    if (prune.latest) {
      LatestMaker(prune, sources, &pieces).add();
      continue;
    }
    for (const std::shared_ptr<const SegmentReader>& segment : *sources.segments)
      maker.add(segment, shard);
    for (const MemtableSource& source : sources.memtables) maker.add(source, shard);
  }
  return pieces;
}

std::uint64_t count_rows(const SeriesView& view) {
  std::uint64_t rows = 0;
  for (std::uint32_t shard = 0; shard < view.segments.size(); shard += 1) {
    const SeriesSources sources = view.sources(shard);
    for (const std::shared_ptr<const SegmentReader>& segment : *sources.segments)
      rows += segment->record().rows;
    for (const MemtableSource& source : sources.memtables) rows += source.extent.rows;
  }
  return rows;
}

}  // namespace ndts
