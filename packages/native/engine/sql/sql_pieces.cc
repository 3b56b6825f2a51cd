// See sql_pieces.h.
#include "sql/sql_pieces.h"

#include <algorithm>

namespace ndts {

namespace {

constexpr std::uint32_t kMemtablePieceRows = 16 * kChunkRows;

class PieceMaker {
 public:
  PieceMaker(const SqlPrune& prune, std::vector<SqlPiece>* pieces)
      : prune_(prune), pieces_(*pieces) {}

  void add(const std::shared_ptr<const SegmentReader>& segment) {
    if (!prune_.takes(segment->record().min_time, segment->record().max_time)) return;
    if (prune_.by_symbol) return add_symbols(segment);
    for (std::uint32_t at = 0; at < segment->blocks().size(); at += 1) {
      const SegmentBlock& block = segment->blocks()[at];
      if (!prune_.takes(block.min_time, block.max_time)) continue;
      add_runs(segment, at, block.first_run, block.first_run + block.run_count);
    }
  }

  void add(const MemtableSource& source, std::uint32_t shard) {
    if (prune_.by_symbol) {
      for (const std::uint32_t symbol : prune_.symbols) {
        SqlPiece piece = piece_of(source, shard);
        piece.rows = source.memtable->collect_rows(shard, source.extent, symbol);
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
  void add_symbols(const std::shared_ptr<const SegmentReader>& segment) {
    const SegmentRun* const first = segment->runs().data();
    for (const std::uint32_t symbol : prune_.symbols) {
      for (const SegmentRun& run : segment->runs(symbol)) {
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

}  // namespace

std::vector<SqlPiece> make_pieces(const SeriesView& view, const SqlPrune& prune) {
  std::vector<SqlPiece> pieces;
  PieceMaker maker(prune, &pieces);
  for (std::uint32_t shard = 0; shard < view.segments.size(); shard += 1) {
    const SeriesSources sources = view.sources(shard);
    for (const std::shared_ptr<const SegmentReader>& segment : *sources.segments)
      maker.add(segment);
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
