// See segment_merge.h.
#include "table/segment_merge.h"

#include <algorithm>
#include <utility>

namespace ndts {

SegmentMerge::SegmentMerge(FileSystem& files, std::string path, std::uint64_t number,
                           const TableSchema& schema,
                           std::vector<std::shared_ptr<const SegmentReader>> inputs)
    : files_(files), path_(std::move(path)), schema_(schema), number_(number) {
  for (std::shared_ptr<const SegmentReader>& input : inputs) {
    const std::size_t blocks = input->blocks().size();
    sources_.push_back({.reader = std::move(input), .rows = BlockRows(schema_), .block = blocks});
  }
}

SegmentMerge::~SegmentMerge() = default;

Status SegmentMerge::begin() {
  if (sources_.empty()) return Status(Code::kInvalidArgument, "a merge without segments", path_);
  const SegmentRecord& first = sources_.front().reader->record();
  for (const Source& source : sources_) {
    const SegmentRecord& record = source.reader->record();
    if (record.table != schema_.id || record.shard != first.shard || record.day != first.day ||
        source.reader->schema().columns != schema_.columns)
      return Status(Code::kInvalidArgument,
                    "a merge of segments of different tables, shards or days",
                    source.reader->path());
  }
  auto writer = std::make_unique<SegmentWriter>(files_, path_, number_, schema_, first.shard,
                                                first.day);
  NDTS_TRY(writer->create());
  created_ = true;
  writer_ = std::move(writer);
  return {};
}

void SegmentMerge::abandon() {
  writer_.reset();
  if (std::exchange(created_, false)) static_cast<void>(files_.remove(path_));
}

Status SegmentMerge::step(std::uint64_t budget, std::uint64_t* bytes) {
  *bytes = 0;
  if (ended_) return {};
  if (writer_ == nullptr) NDTS_TRY(begin());
  do {
    NDTS_TRY(advance(bytes));
  } while (!ended_ && *bytes < budget);
  return {};
}

// One thing: a symbol is begun, a block is decoded, a stretch of rows is written, or the file.
Status SegmentMerge::advance(std::uint64_t* bytes) {
  Source* first = nullptr;
  Source* second = nullptr;
  for (Source& source : sources_) {
    if (!in_symbol_ || !has_symbol(source)) continue;
    if (first == nullptr || comes_before(source, *first)) {
      second = std::exchange(first, &source);
    } else if (second == nullptr || comes_before(source, *second)) {
      second = &source;
    }
  }
  if (first == nullptr) return begin_symbol();
  if (first->loaded) return write_rows(*first, second);
  return can_move(*first, second) ? move_block(*first, bytes) : load_run(*first, bytes);
}

bool SegmentMerge::has_symbol(const Source& source) const {
  return source.run < source.reader->runs().size() && run_of(source).symbol == symbol_;
}

// By (time, sequence) of the next row. Of a run that is not loaded only the time is known: it comes
// first among equals, so that it is loaded when the sequence matters.
bool SegmentMerge::comes_before(const Source& a, const Source& b) const {
  const std::int64_t time_a = time_of(a);
  const std::int64_t time_b = time_of(b);
  if (time_a != time_b) return time_a < time_b;
  if (!a.loaded || !b.loaded) return !a.loaded && b.loaded;
  return a.sequence[a.row] < b.sequence[b.row];
}

Status SegmentMerge::begin_symbol() {
  const Source* least = nullptr;
  for (const Source& source : sources_)
    if (source.run < source.reader->runs().size() &&
        (least == nullptr || run_of(source).symbol < run_of(*least).symbol))
      least = &source;
  if (least == nullptr) {
    // Whatever was copied came from files that could be read: nothing else gets a right checksum.
    for (const Source& source : sources_) NDTS_TRY(source.reader->status());
    NDTS_TRY(writer_->finish(&record_));
    writer_.reset();
    ended_ = true;
    return {};
  }
  symbol_ = run_of(*least).symbol;
  in_symbol_ = true;
  last_epochs_.clear();
  std::uint64_t rows = 0;
  for (const Source& source : sources_)
    if (has_symbol(source))
      for (const SegmentRun& run : source.reader->runs(symbol_)) rows += run.rows;
  const std::span<const SegmentName> names = least->reader->names();
  const auto name = std::lower_bound(
      names.begin(), names.end(), symbol_,
      [](const SegmentName& entry, std::uint32_t symbol) { return entry.symbol < symbol; });
  NDTS_TRY(least->reader->status());  // a list of zeros has no such name
  return writer_->begin_symbol(symbol_, least->reader->name(*name), rows);
}

// Only full blocks, so that short ones become fewer with every merge: at most one stays between
// two full ones. And only where no other row has a time of the block.
bool SegmentMerge::can_move(const Source& source, const Source* other) const {
  const SegmentReader& reader = *source.reader;
  const SegmentRun& run = run_of(source);
  if (run.rows != kBlockRows || reader.record().version != kSegmentVersion) return false;
  const SegmentStrip& epochs = reader.strip(run.block, kEpochStream);
  if (epochs.min != epochs.max) return false;
  if (!last_epochs_.empty() && last_time_ >= run.min_time) return false;
  return other == nullptr || time_of(*other) > run.max_time;
}

Status SegmentMerge::move_block(Source& source, std::uint64_t* bytes) {
  const SegmentRun& run = run_of(source);
  NDTS_TRY(writer_->add_block(*source.reader, run.block));
  *bytes += source.reader->blocks()[run.block].bytes;
  // No other input has rows of its last time: none that comes can be like its last row.
  last_epochs_.clear();
  source.run += 1;
  return {};
}

Status SegmentMerge::load_run(Source& source, std::uint64_t* bytes) {
  const SegmentRun& run = run_of(source);
  if (source.block != run.block) {
    NDTS_TRY(source.rows.read(*source.reader, run.block));
    source.block = run.block;
    *bytes += source.reader->blocks()[run.block].bytes;
    const RowsView view = source.rows.view();
    source.time = view.time;
    source.sequence = view.sequence;
    source.epoch = view.epoch;
  }
  source.row = run.first_row;
  source.end = run.first_row + run.rows;
  source.loaded = true;
  return {};
}

// `other`: the source that comes next, or null.
Status SegmentMerge::write_rows(Source& source, const Source* other) {
  if (is_repeated(source)) {
    duplicates_ += 1;
    source.row += 1;
  } else {
    const std::size_t end = stretch_end(source, other);
    NDTS_TRY(writer_->add(source.rows.view(source.row, end - source.row)));
    const std::size_t last = end - 1;
    const bool alike = !last_epochs_.empty() && source.time[last] == last_time_ &&
                       source.sequence[last] == last_sequence_;
    if (!alike) last_epochs_.clear();
    last_time_ = source.time[last];
    last_sequence_ = source.sequence[last];
    last_epochs_.push_back(source.epoch[last]);
    source.row = end;
  }
  if (source.row == source.end) {
    source.loaded = false;
    source.run += 1;
  }
  return {};
}

bool SegmentMerge::is_repeated(const Source& source) {
  if (last_epochs_.empty() || source.time[source.row] != last_time_ ||
      source.sequence[source.row] != last_sequence_)
    return false;
  return std::find(last_epochs_.begin(), last_epochs_.end(), source.epoch[source.row]) !=
         last_epochs_.end();
}

// The rows that come before the other's next one, at least one, and none that is like the one
// before it: that may be a row stored twice.
std::size_t SegmentMerge::stretch_end(const Source& source, const Source* other) const {
  const std::int64_t* time = source.time;
  const std::uint64_t* sequence = source.sequence;
  std::size_t end = source.end;
  if (other != nullptr) {
    const std::int64_t limit = time_of(*other);
    const std::uint64_t limit_sequence = other->loaded ? other->sequence[other->row] : 0;
    const auto before = [&](std::size_t row) {
      return time[row] < limit || (time[row] == limit && sequence[row] < limit_sequence);
    };
    // Steps that double: a stretch is mostly one row or the whole run.
    std::size_t low = source.row + 1;
    std::size_t step = 1;
    for (; low + step < end && before(low + step); step *= 2) low += step;
    end = std::min(end, low + step);
    while (low < end) {
      const std::size_t middle = low + (end - low) / 2;
      if (before(middle))
        low = middle + 1;
      else
        end = middle;
    }
  }
  std::size_t row = source.row + 1;
  while (row < end && (time[row] != time[row - 1] || sequence[row] != sequence[row - 1])) row += 1;
  return row;
}

}  // namespace ndts
