// See replay_blocks.h.
#include "replay/replay_blocks.h"

#include <cstring>

namespace ndts {

namespace {

// Values of `width` bytes become cells. `from` may be where `to` is: from the last to the first,
// no value is overwritten before it was read.
template <typename T>
void widen(const std::byte* from, std::size_t rows, std::byte* to) {
  for (std::size_t row = rows; row > 0; row -= 1) {
    const std::uint64_t cell = load<T>(from + sizeof(T) * (row - 1));
    store(to + kCellBytes * (row - 1), cell);
  }
}

void put_cells(const std::byte* from, std::size_t width, std::size_t rows, std::byte* to) {
  if (width == 4) {
    widen<std::uint32_t>(from, rows, to);
  } else if (width == 1) {
    widen<std::uint8_t>(from, rows, to);
  } else if (from != to) {
    std::memcpy(to, from, kCellBytes * rows);
  }
}

}  // namespace

CellColumns::CellColumns(const TableSchema& schema, const std::vector<bool>& wanted)
    : values(schema.columns.size(), kNone), nulls(schema.columns.size(), kNone) {
  for (std::size_t column = 0; column < schema.columns.size(); column += 1) {
    if (!wanted[column]) continue;
    values[column] = count++;
    if (schema.columns[column].nullable) nulls[column] = count++;
  }
}

BlockDecoder::BlockDecoder(const TableSchema& schema, const CellColumns& columns)
    : schema_(schema), columns_(columns) {}

Status BlockDecoder::decode_stream(const ReplayBlock& block, StreamPart part, std::size_t column,
                                   std::size_t width, std::byte* to) {
  const SegmentReader& reader = *block.reader;
  const int found = reader.stream(part, column);
  // Version 1 has no nulls; most blocks of a nullable column have none.
  if (found < 0 || (part == StreamPart::kNulls &&
                    reader.strip(block.place, static_cast<std::size_t>(found)).max == 0)) {
    std::memset(to, 0, kCellBytes * block.rows);
    return {};
  }
  const std::byte* values = nullptr;
  NDTS_TRY(reader.read(block.place, static_cast<std::size_t>(found),
                       {to, kCellBytes * block.rows}, &scratch_, &values));
  put_cells(values, width, block.rows, to);
  return {};
}

Status BlockDecoder::decode(const ReplayBlock& block, const BlockRoom& room) {
  if (block.reader == nullptr) {
    gather(block.memory, room);
    return {};
  }
  std::byte* const first = room.row(0);
  const auto at = [first](std::size_t column) { return first + column * kColumnStride; };
  NDTS_TRY(decode_stream(block, StreamPart::kTime, 0, 8, at(CellColumns::kTime)));
  NDTS_TRY(decode_stream(block, StreamPart::kSequence, 0, 8, at(CellColumns::kSequence)));
  for (std::size_t column = 0; column < schema_.columns.size(); column += 1) {
    if (columns_.values[column] == CellColumns::kNone) continue;
    const std::size_t width = value_bytes(schema_.columns[column].type);
    NDTS_TRY(decode_stream(block, StreamPart::kValues, column, width,
                           at(columns_.values[column])));
    if (columns_.nulls[column] == CellColumns::kNone) continue;
    NDTS_TRY(decode_stream(block, StreamPart::kNulls, column, 1, at(columns_.nulls[column])));
  }
  // Values may have been copied straight from the file.
  return block.reader->status();
}

void BlockDecoder::gather(const MemtableRows& memory, const BlockRoom& room) {
  if (rows_ == nullptr) rows_ = std::make_unique<RowBuffer>(schema_, kBlockRows);
  rows_->clear();
  memory.memtable->gather(memory.shard, memory.extent, memory.rows, rows_.get());
  const std::size_t rows = memory.rows.size();
  std::byte* const first = room.row(0);
  const auto put = [first, rows](const void* from, std::size_t width, std::size_t column) {
    put_cells(static_cast<const std::byte*>(from), width, rows, first + column * kColumnStride);
  };
  put(rows_->time(), 8, CellColumns::kTime);
  put(rows_->sequence(), 8, CellColumns::kSequence);
  for (std::size_t column = 0; column < schema_.columns.size(); column += 1) {
    if (columns_.values[column] == CellColumns::kNone) continue;
    put(rows_->values(column), value_bytes(schema_.columns[column].type), columns_.values[column]);
    if (columns_.nulls[column] != CellColumns::kNone)
      put(rows_->nulls(column), 1, columns_.nulls[column]);
  }
}

ReplayBlocks::ReplayBlocks(const TableSchema& schema, const std::vector<bool>& wanted,
                           std::uint32_t threads)
    : schema_(schema), columns_(schema, wanted), pool_(columns_.count), decoder_(schema, columns_) {
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
  BlockDecoder decoder(schema_, columns_);
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
