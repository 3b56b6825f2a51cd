// Which parts of a table a question needs: the table of a snapshot, some symbols or all, times
// [from, to), predicates on columns; and as the answer a list of pieces, each a block of a segment
// or some symbols of a memtable, without what least and greatest values show to be of no use.
//
// A row of the table is in exactly one piece or in none. Pieces hold every row that matches, in
// exactly the symbols and times asked for; whether the predicates hold is for the caller to look
// at, row by row, unless a piece is `proven`. Pieces of one symbol may overlap in time in any way:
// across pieces (time, sequence) decides, and nothing else is an order. Sequences are of a shard,
// and a symbol lives in one shard.
//
// Threads: make() on any; a made plan is never changed, so any number of threads may read any of
// its pieces (scan_reader.h), each piece once or often. Lifetime: a plan holds the files and
// memtables that its pieces refer to; neither the snapshot nor the database need to live on.
// Errors: INVALID_ARGUMENT. No file is read: least and greatest values stand in the footers.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "db/series_table.h"

namespace ndts {

enum class ScanCompare : std::uint8_t {
  kLess,
  kLessOrEqual,
  kEqual,
  kGreaterOrEqual,
  kGreater,
  kBetween,  // low <= value <= high
};

// A predicate on a column of a number, bool or symbol. f64 and f32 are compared as float64 (-0 is
// 0), all others as int64. A null and a NaN match no predicate.
struct ScanPredicate {
  std::size_t column = 0;
  ScanCompare compare = ScanCompare::kEqual;
  // What to compare with, for f64 and f32; `high` for kBetween.
  double real = 0;
  double high_real = 0;
  // The same for all other types.
  std::int64_t integer = 0;
  std::int64_t high_integer = 0;
};

// All predicates on one column: low <= value <= high, of reals or integers as the type is.
struct ColumnRange {
  std::size_t column = 0;
  bool is_real = false;
  double low_real = 0;
  double high_real = 0;
  std::int64_t low = 0;
  std::int64_t high = 0;

  // No value is in it.
  [[nodiscard]] bool empty() const { return is_real ? !(low_real <= high_real) : low > high; }
};

struct ScanSymbol {
  std::uint32_t id = 0;
  std::uint32_t shard = 0;  // as the symbol table says; another one is a broken promise
};

struct ScanRequest {
  bool all_symbols = true;
  std::vector<ScanSymbol> symbols;  // unless all; in any order, repeats are as one
  std::int64_t from = INT64_MIN;    // inclusive
  std::int64_t to = INT64_MAX;      // exclusive; INT64_MAX: there is no end
  std::vector<ScanPredicate> predicates;  // all must hold
  // Of each symbol only rows with its greatest time, at least the last one by sequence; without
  // times and predicates.
  bool newest = false;
};

// Some rows of one symbol within a block.
struct ScanRun {
  std::uint32_t symbol;
  std::uint32_t first_row;
  std::uint32_t rows;
};

struct ScanPiece {
  const SegmentReader* segment = nullptr;  // null: of a memtable
  std::uint32_t shard = 0;
  std::uint32_t block = 0;     // of the segment
  std::uint32_t memtable = 0;  // place in memtables()
  // Of runs() for a segment, of symbols() for a memtable.
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  std::uint32_t rows = 0;  // at most; of a memtable a guess
  bool trim = false;       // some rows of it are outside of the times
  bool whole = false;      // all rows of a block, none outside of symbols and times
  bool proven = false;     // the predicates hold for every row
};

class ScanPlan {
 public:
  ScanPlan() = default;
  ScanPlan(const ScanPlan&) = delete;
  ScanPlan& operator=(const ScanPlan&) = delete;

  // `plan` is a new one. INVALID_ARGUMENT for a column or shard that is not there, for a predicate
  // on text or bytes, and for the newest rows within times or predicates.
  [[nodiscard]] static Status make(const SeriesView& view, const ScanRequest& request,
                                   ScanPlan* plan);

  // By shard; of a segment in (symbol, time) order.
  [[nodiscard]] std::span<const ScanPiece> pieces() const { return pieces_; }
  [[nodiscard]] const TableSchema& schema() const { return *view_.schema; }
  // Of a symbol in the plan: rows earlier than this are not asked for.
  [[nodiscard]] std::int64_t from(std::uint32_t symbol) const {
    return is_newest_ ? newest_.at(symbol) : from_;
  }
  [[nodiscard]] bool is_newest() const { return is_newest_; }
  [[nodiscard]] bool ends_before(std::int64_t time) const {
    return time >= to_ && to_ != INT64_MAX;
  }
  // What the predicates come to, one range for each column that has any.
  [[nodiscard]] std::span<const ColumnRange> ranges() const { return ranges_; }
  // Of a piece of a segment, before times are trimmed: in (symbol, time) order, within the block.
  [[nodiscard]] std::span<const ScanRun> runs(const ScanPiece& piece) const {
    return std::span(runs_).subspan(piece.first, piece.count);
  }
  // Of a piece of a memtable, ascending.
  [[nodiscard]] std::span<const std::uint32_t> symbols(const ScanPiece& piece) const {
    return std::span(symbols_).subspan(piece.first, piece.count);
  }
  [[nodiscard]] const MemtableView& memtable(const ScanPiece& piece) const {
    return view_.memtables[piece.memtable];
  }
  // How many rows the pieces may have.
  [[nodiscard]] std::uint64_t rows_at_most() const;

 private:
  friend class ScanPlanner;

  SeriesView view_;
  std::int64_t from_ = 0;
  std::int64_t to_ = 0;
  bool is_newest_ = false;
  std::unordered_map<std::uint32_t, std::int64_t> newest_;  // greatest time by symbol
  std::vector<ColumnRange> ranges_;
  std::vector<ScanPiece> pieces_;
  std::vector<ScanRun> runs_;
  std::vector<std::uint32_t> symbols_;
};

}  // namespace ndts
