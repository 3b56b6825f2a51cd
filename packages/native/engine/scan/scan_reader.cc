// See scan_reader.h.
#include "scan/scan_reader.h"

#include <algorithm>

#include "table/block_builder.h"

namespace ndts {

static_assert(kScanBatchRows >= kBlockRows);

ScanReader::ScanReader(const ScanPlan& plan, ScanColumns columns)
    : plan_(plan), columns_(std::move(columns)) {
  const std::size_t count = plan.schema().columns.size();
  wanted_.resize(count);
  values_.resize(count);
  for (const std::size_t column : columns_.values) wanted_[column] = 1;
  for (const ColumnSchema& column : plan.schema().columns)
    if (column.nullable) nulls_.resize(count);
}

void ScanReader::start(const ScanPiece& piece) {
  piece_ = &piece;
  is_read_ = false;
  symbol_ = 0;
  rows_.clear();
  row_ = 0;
}

Status ScanReader::next(ScanBatch* batch) {
  runs_.clear();
  batch->runs = {};
  batch->shard = piece_->shard;
  batch->segment = piece_->segment;
  batch->block = piece_->block;
  if (piece_->segment == nullptr) {
    read_memtable(batch);
  } else {
    if (is_read_) return piece_->segment->status();
    NDTS_TRY(read_block(batch));
    // A block whose rows are all outside of the times: there is no call after this one.
    if (runs_.empty()) return piece_->segment->status();
  }
  batch->runs = runs_;
  return {};
}

Status ScanReader::read_stream(StreamPart part, std::size_t column, const std::byte** values) {
  const SegmentReader& segment = *piece_->segment;
  const int found = segment.stream(part, column);
  *values = nullptr;
  if (found < 0) return {};
  const auto stream = static_cast<std::size_t>(found);
  // Most blocks of a nullable column have no null.
  if (part == StreamPart::kNulls && segment.strip(piece_->block, stream).max == 0) return {};
  if (rooms_.size() <= stream) rooms_.resize(segment.streams().size());
  if (rooms_[stream] == nullptr)
    rooms_[stream] = std::make_unique_for_overwrite<std::uint64_t[]>(kBlockRows);
  const auto room = std::as_writable_bytes(std::span(rooms_[stream].get(), kBlockRows));
  return segment.read(piece_->block, stream, room, &scratch_, values);
}

Status ScanReader::read_block(ScanBatch* batch) {
  is_read_ = true;
  const std::byte* time = nullptr;
  const std::byte* sequence = nullptr;
  const std::byte* epoch = nullptr;
  if (columns_.time || piece_->trim) NDTS_TRY(read_stream(StreamPart::kTime, 0, &time));
  const auto* times = reinterpret_cast<const std::int64_t*>(time);
  const std::span<const ScanRun> runs = plan_.runs(*piece_);
  if (piece_->trim) {
    for (const ScanRun& run : runs) trim(run, times);
    if (runs_.empty()) return {};
  } else {
    runs_.assign(runs.begin(), runs.end());
  }
  if (columns_.sequence) NDTS_TRY(read_stream(StreamPart::kSequence, 0, &sequence));
  if (columns_.epoch) NDTS_TRY(read_stream(StreamPart::kEpoch, 0, &epoch));
  for (const std::size_t column : columns_.values) {
    NDTS_TRY(read_stream(StreamPart::kValues, column, &values_[column]));
    const std::byte* nulls = nullptr;
    NDTS_TRY(read_stream(StreamPart::kNulls, column, &nulls));
    if (!nulls_.empty()) nulls_[column] = reinterpret_cast<const std::uint8_t*>(nulls);
  }
  batch->rows = {piece_->segment->blocks()[piece_->block].rows,
                 times,
                 reinterpret_cast<const std::uint64_t*>(sequence),
                 reinterpret_cast<const std::uint32_t*>(epoch),
                 values_,
                 nulls_};
  return {};
}

// The rows of the run within the times.
void ScanReader::trim(const ScanRun& run, const std::int64_t* time) {
  const std::int64_t* const begin = time + run.first_row;
  const std::int64_t* const end = begin + run.rows;
  const std::int64_t* const first = std::lower_bound(begin, end, plan_.from(run.symbol));
  const std::int64_t* const last = std::partition_point(
      first, end, [this](std::int64_t each) { return !plan_.ends_before(each); });
  if (first == last) return;
  runs_.push_back({run.symbol, static_cast<std::uint32_t>(first - time),
                   static_cast<std::uint32_t>(last - first)});
}

// Finds the rows of the next symbol that has any within the times.
bool ScanReader::next_symbol() {
  const MemtableView& view = plan_.memtable(*piece_);
  const std::span<const std::uint32_t> symbols = plan_.symbols(*piece_);
  while (symbol_ < symbols.size()) {
    current_ = symbols[symbol_++];
    const SeriesMemtable& memtable = *view.memtable;
    const std::uint32_t shard = piece_->shard;
    const ShardExtent& extent = view.shards[shard];
    rows_ = plan_.is_newest() ? memtable.newest_rows(shard, extent, current_, 1)
                              : memtable.collect_rows(shard, extent, current_);
    if (rows_.empty()) continue;  // a symbol that was asked for and has no row here
    const std::int64_t from = plan_.from(current_);
    const auto first =
        std::partition_point(rows_.begin(), rows_.end(), [&](std::uint32_t row) {
          return memtable.time(shard, row) < from;
        });
    const auto last = std::partition_point(first, rows_.end(), [&](std::uint32_t row) {
      return !plan_.ends_before(memtable.time(shard, row));
    });
    row_ = static_cast<std::size_t>(first - rows_.begin());
    rows_.resize(static_cast<std::size_t>(last - rows_.begin()));
    if (row_ < rows_.size()) return true;
  }
  return false;
}

void ScanReader::read_memtable(ScanBatch* batch) {
  if (buffer_ == nullptr) buffer_ = std::make_unique<RowBuffer>(plan_.schema(), kScanBatchRows);
  const MemtableView& view = plan_.memtable(*piece_);
  const std::uint32_t shard = piece_->shard;
  buffer_->clear();
  while (buffer_->count() < kScanBatchRows) {
    if (row_ >= rows_.size() && !next_symbol()) break;
    const std::size_t count =
        std::min(rows_.size() - row_, kScanBatchRows - buffer_->count());
    runs_.push_back({current_, static_cast<std::uint32_t>(buffer_->count()),
                     static_cast<std::uint32_t>(count)});
    view.memtable->gather(shard, view.shards[shard], std::span(rows_).subspan(row_, count),
                          buffer_.get(), wanted_);
    row_ += count;
  }
  for (std::size_t column = 0; column < values_.size(); column += 1) {
    if (wanted_[column] == 0) continue;
    values_[column] = buffer_->values(column);
    if (!nulls_.empty()) nulls_[column] = buffer_->nulls(column);
  }
  batch->rows = {buffer_->count(), buffer_->time(), buffer_->sequence(), buffer_->epoch(),
                 values_, nulls_};
}

}  // namespace ndts
