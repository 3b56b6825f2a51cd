// See scan_plan.h.
#include "scan/scan_plan.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>

namespace ndts {

namespace {

// About how many rows of a memtable make a piece.
constexpr std::uint64_t kMemtablePieceRows = 16'384;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kGreatest = std::numeric_limits<std::int64_t>::max();

bool is_floating(ValueType type) { return type == ValueType::kF64 || type == ValueType::kF32; }

ColumnRange everything(std::size_t column, bool real) {
  return {column, real, -kInfinity, kInfinity, kLeast, kGreatest};
}

void make_empty(ColumnRange* range) {
  range->low_real = 1;
  range->high_real = 0;
  range->low = 1;
  range->high = 0;
}

// The next value below or above; `value` is not the last one there is.
double below(double value) { return std::nextafter(value, -kInfinity); }
double above(double value) { return std::nextafter(value, kInfinity); }
std::int64_t below(std::int64_t value) { return value - 1; }
std::int64_t above(std::int64_t value) { return value + 1; }

// What a comparison with `value` leaves of [least, greatest]; false: nothing.
template <typename T>
bool restrict(const ScanPredicate& predicate, T value, T high_value, T least, T greatest,
              T* range_low, T* range_high) {
  T low = least;
  T high = greatest;
  switch (predicate.compare) {
    case ScanCompare::kLess:
      if (value == least) return false;
      high = below(value);
      break;
    case ScanCompare::kLessOrEqual:
      high = value;
      break;
    case ScanCompare::kEqual:
      low = high = value;
      break;
    case ScanCompare::kGreaterOrEqual:
      low = value;
      break;
    case ScanCompare::kGreater:
      if (value == greatest) return false;
      low = above(value);
      break;
    case ScanCompare::kBetween:
      low = value;
      high = high_value;
      break;
  }
  if (low != low || high != high) return false;  // NaN
  *range_low = std::max(*range_low, low);
  *range_high = std::min(*range_high, high);
  return true;
}

void restrict(const ScanPredicate& predicate, ColumnRange* range) {
  const bool some =
      range->is_real
          ? restrict(predicate, predicate.real, predicate.high_real, -kInfinity, kInfinity,
                     &range->low_real, &range->high_real)
          : restrict(predicate, predicate.integer, predicate.high_integer, kLeast, kGreatest,
                     &range->low, &range->high);
  if (!some) make_empty(range);
}

}  // namespace

enum class ScanVerdict : std::uint8_t { kNone, kSome, kAll };

namespace {

// What least and greatest value of a strip say; NaN is in neither, so reals are never all.
ScanVerdict judge(const ColumnRange& range, ValueType type, const SegmentStrip& strip) {
  if (range.is_real) {
    const auto least = std::bit_cast<double>(strip.min);
    const auto greatest = std::bit_cast<double>(strip.max);
    return least <= range.high_real && greatest >= range.low_real ? ScanVerdict::kSome
                                                                  : ScanVerdict::kNone;
  }
  const bool is_signed = type == ValueType::kI64 || type == ValueType::kI32;
  if (!is_signed && strip.min > strip.max) return ScanVerdict::kNone;  // nothing but nulls
  const auto least = static_cast<std::int64_t>(
      is_signed ? strip.min : std::min<std::uint64_t>(strip.min, kGreatest));
  const auto greatest = static_cast<std::int64_t>(
      is_signed ? strip.max : std::min<std::uint64_t>(strip.max, kGreatest));
  if (least > range.high || greatest < range.low) return ScanVerdict::kNone;
  return least >= range.low && greatest <= range.high ? ScanVerdict::kAll : ScanVerdict::kSome;
}

}  // namespace

// Makes one plan.
class ScanPlanner {
 public:
  ScanPlanner(const ScanRequest& request, ScanPlan* plan) : request_(request), plan_(*plan) {}

  Status run(const SeriesView& view) {
    plan_.view_ = view;
    plan_.from_ = request_.from;
    plan_.to_ = request_.to;
    plan_.is_newest_ = request_.newest;
    if (request_.newest && !(request_.predicates.empty() && takes(kLeast, kLeast) &&
                             takes(kGreatest, kGreatest)))
      return Status(Code::kInvalidArgument, "the newest rows are of all times and values");
    NDTS_TRY(take_predicates());
    NDTS_TRY(take_symbols());
    const bool nothing =
        plan_.ends_before(request_.from) ||
        std::any_of(plan_.ranges_.begin(), plan_.ranges_.end(),
                    [](const ColumnRange& range) { return range.empty(); });
    if (nothing) return {};
    for (std::uint32_t shard = 0; shard < view.segments.size(); shard += 1) add_shard(shard);
    return {};
  }

 private:
  Status take_predicates() {
    const std::vector<ColumnSchema>& columns = plan_.schema().columns;
    for (const ScanPredicate& predicate : request_.predicates) {
      if (predicate.column >= columns.size())
        return Status(Code::kInvalidArgument,
                      "no column " + std::to_string(predicate.column) + " to compare");
      const ColumnSchema& column = columns[predicate.column];
      if (has_heap(column.type))
        return Status(Code::kInvalidArgument, "column " + column.name + " is not compared here");
      const bool real = is_floating(column.type);
      auto range = std::find_if(
          plan_.ranges_.begin(), plan_.ranges_.end(),
          [&predicate](const ColumnRange& each) { return each.column == predicate.column; });
      if (range == plan_.ranges_.end()) {
        plan_.ranges_.push_back(everything(predicate.column, real));
        range = std::prev(plan_.ranges_.end());
      }
      if (range->empty()) continue;
      restrict(predicate, &*range);
    }
    return {};
  }

  Status take_symbols() {
    if (request_.all_symbols) return {};
    by_shard_.resize(plan_.view_.segments.size());
    for (const ScanSymbol& symbol : request_.symbols) {
      if (symbol.shard >= by_shard_.size())
        return Status(Code::kInvalidArgument,
                      "symbol " + std::to_string(symbol.id) + " in a shard that is not there");
      by_shard_[symbol.shard].push_back(symbol.id);
    }
    for (std::vector<std::uint32_t>& symbols : by_shard_) {
      std::sort(symbols.begin(), symbols.end());
      symbols.erase(std::unique(symbols.begin(), symbols.end()), symbols.end());
    }
    return {};
  }

  void add_shard(std::uint32_t shard) {
    if (!request_.all_symbols && by_shard_[shard].empty()) return;
    if (request_.newest) find_newest(shard);
    for (const std::shared_ptr<const SegmentReader>& segment : *plan_.view_.segments[shard])
      if (takes(segment->record().min_time, segment->record().max_time))
        add_segment(shard, *segment);
    for (std::uint32_t at = 0; at < plan_.view_.memtables.size(); at += 1)
      add_memtable(shard, at);
  }

  [[nodiscard]] bool takes(std::int64_t min_time, std::int64_t max_time) const {
    return max_time >= request_.from && !plan_.ends_before(min_time);
  }
  [[nodiscard]] bool takes(const SegmentRun& run) const {
    if (request_.newest) return run.max_time == plan_.newest_.at(run.symbol);
    return takes(run.min_time, run.max_time);
  }

  void find_newest(std::uint32_t shard) {
    const auto note = [this](std::uint32_t symbol, std::int64_t time) {
      const auto [entry, is_new] = plan_.newest_.try_emplace(symbol, time);
      if (!is_new) entry->second = std::max(entry->second, time);
    };
    for (const std::shared_ptr<const SegmentReader>& segment : *plan_.view_.segments[shard])
      for (const SegmentRun& run : segment->runs()) note(run.symbol, run.max_time);
    for (const MemtableView& view : plan_.view_.memtables) {
      const ShardExtent& extent = view.shards[shard];
      if (extent.rows == 0) continue;
      for (const std::uint32_t symbol : view.memtable->symbols(shard, extent))
        for (const std::uint32_t row : view.memtable->newest_rows(shard, extent, symbol, 1))
          note(symbol, view.memtable->time(shard, row));
    }
  }

  void add_segment(std::uint32_t shard, const SegmentReader& segment) {
    judged_ = kNothingJudged;
    if (request_.all_symbols) {
      add_runs(shard, segment, segment.runs());
    } else {
      for (const std::uint32_t symbol : by_shard_[shard])
        add_runs(shard, segment, segment.runs(symbol));
    }
  }

  // Runs of a segment are in the order of its blocks.
  void add_runs(std::uint32_t shard, const SegmentReader& segment,
                std::span<const SegmentRun> runs) {
    for (const SegmentRun& run : runs) {
      if (!takes(run)) continue;
      if (judged_ != run.block) {
        judged_ = run.block;
        verdict_ = judge_block(segment, run.block);
        if (verdict_ != ScanVerdict::kNone) begin_piece(shard, segment, run.block);
      }
      if (verdict_ == ScanVerdict::kNone) continue;
      ScanPiece& piece = plan_.pieces_.back();
      plan_.runs_.push_back({run.symbol, run.first_row, run.rows});
      piece.count += 1;
      piece.rows += run.rows;
      piece.trim |= run.min_time < plan_.from(run.symbol) || plan_.ends_before(run.max_time);
      piece.whole = !piece.trim && piece.rows == segment.blocks()[run.block].rows;
    }
  }

  void begin_piece(std::uint32_t shard, const SegmentReader& segment, std::uint32_t block) {
    ScanPiece& piece = plan_.pieces_.emplace_back();
    piece.segment = &segment;
    piece.shard = shard;
    piece.block = block;
    piece.first = static_cast<std::uint32_t>(plan_.runs_.size());
    piece.proven = verdict_ == ScanVerdict::kAll;
  }

  ScanVerdict judge_block(const SegmentReader& segment, std::size_t block) const {
    const SegmentBlock& entry = segment.blocks()[block];
    if (!takes(entry.min_time, entry.max_time)) return ScanVerdict::kNone;
    ScanVerdict verdict = ScanVerdict::kAll;
    for (const ColumnRange& range : plan_.ranges_) {
      const int values = segment.stream(StreamPart::kValues, range.column);
      const int nulls = segment.stream(StreamPart::kNulls, range.column);
      ScanVerdict one = judge(range, plan_.schema().columns[range.column].type,
                          segment.strip(block, static_cast<std::size_t>(values)));
      if (one == ScanVerdict::kNone) return one;
      if (nulls >= 0 && segment.strip(block, static_cast<std::size_t>(nulls)).max != 0)
        one = ScanVerdict::kSome;
      verdict = std::min(verdict, one);
    }
    return verdict;
  }

  void add_memtable(std::uint32_t shard, std::uint32_t at) {
    const MemtableView& view = plan_.view_.memtables[at];
    const ShardExtent& extent = view.shards[shard];
    if (extent.rows == 0) return;
    const std::size_t before = plan_.symbols_.size();
    const std::vector<std::uint32_t> symbols =
        request_.all_symbols ? view.memtable->symbols(shard, extent) : by_shard_[shard];
    plan_.symbols_.insert(plan_.symbols_.end(), symbols.begin(), symbols.end());
    const std::uint64_t each = std::max(extent.rows / extent.symbols, 1u);
    const std::uint64_t step = std::max(kMemtablePieceRows / each, std::uint64_t{1});
    for (std::size_t done = 0; done < symbols.size();) {
      const std::size_t count = std::min<std::size_t>(step, symbols.size() - done);
      ScanPiece& piece = plan_.pieces_.emplace_back();
      piece.shard = shard;
      piece.memtable = at;
      piece.first = static_cast<std::uint32_t>(before + done);
      piece.count = static_cast<std::uint32_t>(count);
      piece.rows = static_cast<std::uint32_t>(std::min<std::uint64_t>(each * count, extent.rows));
      piece.trim = true;
      piece.proven = plan_.ranges_.empty();
      done += count;
    }
  }

  static constexpr std::uint64_t kNothingJudged = ~std::uint64_t{0};

  const ScanRequest& request_;
  ScanPlan& plan_;
  std::vector<std::vector<std::uint32_t>> by_shard_;  // symbols asked for, ascending
  std::uint64_t judged_ = kNothingJudged;             // the block that the verdict is about
  ScanVerdict verdict_ = ScanVerdict::kNone;
};

Status ScanPlan::make(const SeriesView& view, const ScanRequest& request, ScanPlan* plan) {
  return ScanPlanner(request, plan).run(view);
}

std::uint64_t ScanPlan::rows_at_most() const {
  std::uint64_t rows = 0;
  for (const ScanPiece& piece : pieces_) rows += piece.rows;
  return rows;
}

}  // namespace ndts
