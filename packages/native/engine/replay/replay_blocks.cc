// See replay_blocks.h.
#include "replay/replay_blocks.h"

#include <algorithm>
#include <cstring>

namespace ndts {

namespace {

// So many rows are put together at a time: they stay in the first level of the cache.
constexpr std::size_t kChunkOfRows = 32;

// One column of some rows.
template <typename T>
void put_column(const std::byte* values, std::size_t rows, std::size_t row_bytes, std::byte* to) {
  for (std::size_t row = 0; row < rows; row += 1) {
    store<std::uint64_t>(to, load<T>(values + sizeof(T) * row));
    to += row_bytes;
  }
}

void put_column(const std::byte* values, std::size_t width, std::size_t first, std::size_t rows,
                std::size_t row_bytes, std::byte* to) {
  if (values == nullptr) {
    for (std::size_t row = 0; row < rows; row += 1) store(to + row_bytes * row, std::uint64_t{0});
  } else if (width == 8) {
    put_column<std::uint64_t>(values + 8 * first, rows, row_bytes, to);
  } else if (width == 4) {
    put_column<std::uint32_t>(values + 4 * first, rows, row_bytes, to);
  } else {
    put_column<std::uint8_t>(values + first, rows, row_bytes, to);
  }
}

}  // namespace

RowCells::RowCells(const TableSchema& schema, const std::vector<bool>& wanted)
    : values(schema.columns.size(), kNone), nulls(schema.columns.size(), kNone) {
  for (std::size_t column = 0; column < schema.columns.size(); column += 1) {
    if (!wanted[column]) continue;
    values[column] = count++;
    if (schema.columns[column].nullable) nulls[column] = count++;
  }
}

BlockDecoder::BlockDecoder(const TableSchema& schema, const RowCells& cells)
    : schema_(schema), cells_(cells), rooms_(cells.count) {}

MutableBytes BlockDecoder::room_of(std::size_t index, std::size_t rows) {
  std::unique_ptr<std::uint64_t[]>& room = rooms_[index];
  if (room == nullptr) room = std::make_unique_for_overwrite<std::uint64_t[]>(kBlockRows);
  return std::as_writable_bytes(std::span(room.get(), rows));
}

Status BlockDecoder::read_stream(const ReplayBlock& block, StreamPart part, std::size_t column,
                                 std::size_t width, std::size_t cell) {
  const SegmentReader& reader = *block.reader;
  const int found = reader.stream(part, column);
  const std::byte* values = nullptr;
  // Version 1 has no nulls; most blocks of a nullable column have none.
  const auto stream = static_cast<std::size_t>(found);
  const bool empty = found < 0 || (part == StreamPart::kNulls &&
                                   reader.strip(block.place, stream).max == 0);
  if (!empty)
    NDTS_TRY(reader.read(block.place, stream, room_of(cell, block.rows), &scratch_, &values));
  columns_.push_back({values, width, cell});
  return {};
}

Status BlockDecoder::read_columns(const ReplayBlock& block, std::int64_t* times) {
  const SegmentReader& reader = *block.reader;
  const std::size_t time_bytes = sizeof(std::int64_t) * block.rows;
  const std::byte* values = nullptr;
  NDTS_TRY(reader.read(block.place, static_cast<std::size_t>(reader.stream(StreamPart::kTime)),
                       {reinterpret_cast<std::byte*>(times), time_bytes}, &scratch_, &values));
  if (values != reinterpret_cast<std::byte*>(times)) std::memcpy(times, values, time_bytes);
  NDTS_TRY(read_stream(block, StreamPart::kSequence, 0, 8, 0));
  for (std::size_t column = 0; column < schema_.columns.size(); column += 1) {
    if (cells_.values[column] == RowCells::kNone) continue;
    NDTS_TRY(read_stream(block, StreamPart::kValues, column,
                         value_bytes(schema_.columns[column].type), cells_.values[column]));
    if (cells_.nulls[column] == RowCells::kNone) continue;
    NDTS_TRY(read_stream(block, StreamPart::kNulls, column, 1, cells_.nulls[column]));
  }
  return {};
}

void BlockDecoder::gather(const MemtableRows& memory, std::int64_t* times) {
  if (rows_ == nullptr) rows_ = std::make_unique<RowBuffer>(schema_, kBlockRows);
  rows_->clear();
  memory.memtable->gather(memory.shard, memory.extent, memory.rows, rows_.get());
  std::memcpy(times, rows_->time(), sizeof(std::int64_t) * memory.rows.size());
  columns_.push_back({reinterpret_cast<const std::byte*>(rows_->sequence()), 8, 0});
  for (std::size_t column = 0; column < schema_.columns.size(); column += 1) {
    if (cells_.values[column] == RowCells::kNone) continue;
    columns_.push_back({rows_->values(column), value_bytes(schema_.columns[column].type),
                        cells_.values[column]});
    if (cells_.nulls[column] != RowCells::kNone)
      columns_.push_back(
          {reinterpret_cast<const std::byte*>(rows_->nulls(column)), 1, cells_.nulls[column]});
  }
}

Status BlockDecoder::decode(const ReplayBlock& block, const BlockRoom& room) {
  columns_.clear();
  if (block.reader == nullptr) {
    gather(block.memory, room.times);
  } else {
    NDTS_TRY(read_columns(block, room.times));
  }
  const std::size_t row_bytes = cells_.bytes();
  for (std::size_t first = 0; first < block.rows; first += kChunkOfRows) {
    const std::size_t rows = std::min(kChunkOfRows, block.rows - first);
    std::byte* const to = room.rows + row_bytes * first;
    for (const Column& column : columns_)
      put_column(column.values, column.width, first, rows, row_bytes,
                 to + kCellBytes * column.cell);
  }
  // Values may have been taken straight from the file.
  return block.reader == nullptr ? Status() : block.reader->status();
}

ReplayBlocks::ReplayBlocks(const TableSchema& schema, const std::vector<bool>& wanted,
                           std::uint32_t threads)
    : schema_(schema), cells_(schema, wanted), pool_(cells_.bytes()), decoder_(schema, cells_) {
  for (std::uint32_t index = 0; index < threads; index += 1)
    threads_.push_back(std::make_unique<Thread>("ndts-replay-in", [this] { work(); }));
}

ReplayBlocks::~ReplayBlocks() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    claimable_.notify_all();
  }
  for (const std::unique_ptr<Thread>& thread : threads_) thread->join();
}

void ReplayBlocks::begin(std::vector<ReplayBlock> blocks) {
  end();
  const MutexLock lock(mutex_);
  entries_.reserve(blocks.size());
  for (ReplayBlock& block : blocks) entries_.push_back({.block = std::move(block)});
  claimable_.notify_all();
}

void ReplayBlocks::end() {
  MutexLock lock(mutex_);
  next_ = entries_.size();
  while (busy_ > 0) decoded_.wait(lock);
  for (Entry& entry : entries_)
    if (entry.state == State::kReady) pool_.give(entry.room);
  entries_.clear();
  next_ = 0;
  used_ = 0;
}

// The lock is held before and after, not meanwhile. `entry` stays where it is.
void ReplayBlocks::decode(Entry& entry, BlockDecoder& decoder, MutexLock& lock) {
  entry.state = State::kClaimed;
  busy_ += 1;
  lock.unlock();
  const BlockRoom room = pool_.take(entry.block.rows);
  Status status = decoder.decode(entry.block, room);
  lock.lock();
  busy_ -= 1;
  entry.room = room;
  entry.status = std::move(status);
  entry.state = State::kReady;
  if (entry.block.users == 0) drop(entry);
}

void ReplayBlocks::note_used(Entry& entry) {
  if (!entry.used) used_ += 1;
  entry.used = true;
  claimable_.notify_one();
}

void ReplayBlocks::drop(Entry& entry) {
  note_used(entry);
  if (entry.state == State::kReady) pool_.give(entry.room);
  if (entry.state != State::kClaimed) entry.state = State::kDone;
}

void ReplayBlocks::work() {
  BlockDecoder decoder(schema_, cells_);
  MutexLock lock(mutex_);
  while (!stopping_) {
    if (next_ >= entries_.size() || next_ >= used_ + kAhead) {
      claimable_.wait(lock);
      continue;
    }
    Entry& entry = entries_[next_++];
    if (entry.state != State::kWaiting) continue;
    decode(entry, decoder, lock);
    decoded_.notify_all();
  }
}

Status ReplayBlocks::load(std::uint32_t block, BlockRoom* room) {
  MutexLock lock(mutex_);
  Entry& entry = entries_[block];
  note_used(entry);
  if (entry.state == State::kWaiting) {
    decode(entry, decoder_, lock);
  } else {
    while (entry.state == State::kClaimed) decoded_.wait(lock);
  }
  *room = entry.room;
  return entry.status;
}

void ReplayBlocks::release(std::uint32_t block) {
  const MutexLock lock(mutex_);
  Entry& entry = entries_[block];
  entry.block.users -= 1;
  if (entry.block.users == 0) drop(entry);
}

}  // namespace ndts
