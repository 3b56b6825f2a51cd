// See series_table.h.
#include "db/series_table.h"

#include <algorithm>

namespace ndts {

namespace {

std::shared_ptr<ChunkPool> make_pool(const TableSchema& schema, std::uint64_t memtable_bytes,
                                     std::size_t shards) {
  const std::size_t bytes = ChunkLayout(schema).bytes;
  return std::make_shared<ChunkPool>(bytes, static_cast<std::size_t>(memtable_bytes) / bytes +
                                                shards);
}

}  // namespace

SeriesSources SeriesView::sources(std::uint32_t shard) const {
  SeriesSources sources{schema.get(), shard, {}, segments[shard].get()};
  for (const MemtableView& view : memtables)
    if (view.shards[shard].rows > 0)
      sources.memtables.push_back({view.memtable.get(), view.shards[shard]});
  return sources;
}

SeriesTable::SeriesTable(const TableProgress& progress, std::uint64_t memtable_bytes)
    : schema_(std::make_shared<const TableSchema>(progress.schema)),
      pool_(make_pool(progress.schema, memtable_bytes, progress.shards.size())),
      positions_(progress.shards.size()),
      progress_(progress.shards),
      marks_(static_cast<std::uint32_t>(progress.shards.size())),
      segments_(progress.shards.size(), std::make_shared<const SegmentList>()) {
  for (std::size_t shard = 0; shard < positions_.size(); shard += 1)
    positions_[shard].next_sequence = progress_[shard].sealed_sequence;
  active_ = std::make_shared<SeriesMemtable>(
      *schema_, static_cast<std::uint32_t>(positions_.size()), pool_);
}

std::uint64_t SeriesTable::bytes() const {
  return active_->bytes() + (immutable_ != nullptr ? immutable_->bytes() : 0);
}

SegmentTotals SeriesTable::segment_totals() const {
  SegmentTotals totals;
  for (const std::shared_ptr<const SegmentList>& list : segments_) {
    totals.files += list->size();
    for (const std::shared_ptr<const SegmentReader>& segment : *list) {
      totals.bytes += segment->record().bytes;
      totals.rows += segment->record().rows;
    }
  }
  return totals;
}

// Of ticks the open wrote it down before anything was accepted; of other tables it is with the
// first row, in the log with that row and in the manifest with the flush of it.
void SeriesTable::note_epoch(const LoggedRows& rows) {
  std::vector<ManifestEpoch>& epochs = progress_[rows.shard].epochs;
  if (epochs.empty() || epochs.back().epoch != rows.epoch)
    epochs.push_back({rows.epoch, rows.first_sequence});
}

void SeriesTable::append(const LoggedRows& rows, std::uint64_t position) {
  if (schema_->id != kTickTable) note_epoch(rows);
  active_->append(rows);
  std::uint64_t& next = positions_[rows.shard].next_sequence;
  next += rows.rows;
  marks_.push(position, rows.shard, next);
}

const char* SeriesTable::replay(const LoggedRows& rows) {
  ShardPosition& position = positions_[rows.shard];
  if (rows.epoch > position.epoch) return "epoch not granted";
  if (rows.first_sequence != position.next_sequence) return "a gap in the sequences of the shard";
  if (schema_->id != kTickTable) note_epoch(rows);
  active_->append(rows);
  position.next_sequence += rows.rows;
  return nullptr;
}

void SeriesTable::end_replay() {
  for (std::uint32_t shard = 0; shard < positions_.size(); shard += 1)
    marks_.set(shard, positions_[shard].next_sequence);
}

SeriesSources SeriesTable::sources(std::uint32_t shard) {
  SeriesSources sources{schema_.get(), shard, {}, segments_[shard].get()};
  for (const std::shared_ptr<SeriesMemtable>& memtable : {immutable_, active_})
    if (memtable != nullptr && memtable->extent(shard).rows > 0)
      sources.memtables.push_back({memtable.get(), memtable->extent(shard), memtable.get()});
  return sources;
}

SeriesView SeriesTable::view() const {
  SeriesView view{schema_, {}, segments_};
  for (const std::shared_ptr<SeriesMemtable>& memtable : {immutable_, active_})
    if (memtable != nullptr && memtable->rows() > 0)
      view.memtables.push_back(MemtableView::of(memtable));
  return view;
}

std::shared_ptr<const SeriesMemtable> SeriesTable::rotate() {
  if (active_->rows() == 0) return nullptr;
  immutable_ = std::move(active_);
  active_ = std::make_shared<SeriesMemtable>(
      *schema_, static_cast<std::uint32_t>(positions_.size()), pool_);
  return immutable_;
}

void SeriesTable::flushed() {
  if (immutable_ == nullptr) return;
  for (std::uint32_t shard = 0; shard < positions_.size(); shard += 1)
    if (immutable_->extent(shard).rows > 0)
      progress_[shard].sealed_sequence = immutable_->end_sequence(shard);
  immutable_.reset();
}

void SeriesTable::add_segment(std::shared_ptr<const SegmentReader> segment) {
  std::shared_ptr<const SegmentList>& list = segments_[segment->record().shard];
  auto next = std::make_shared<SegmentList>(*list);
  next->push_back(std::move(segment));
  list = std::move(next);
}

void SeriesTable::edit_segments(std::uint32_t shard, std::span<const std::uint64_t> removed,
                                SegmentList added) {
  std::shared_ptr<const SegmentList>& list = segments_[shard];
  auto next = std::make_shared<SegmentList>(*list);
  std::erase_if(*next, [removed](const std::shared_ptr<const SegmentReader>& old) {
    return std::find(removed.begin(), removed.end(), old->record().number) != removed.end();
  });
  for (std::shared_ptr<const SegmentReader>& segment : added) next->push_back(std::move(segment));
  list = std::move(next);
}

}  // namespace ndts
