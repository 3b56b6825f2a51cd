// See replay_blocks.h.
#include "replay/replay_blocks.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

#include "codec/decimal.h"
#include "replay/row_shape.h"
#include "table/block_builder.h"

namespace ndts {

namespace {

// Of the largest block there can be.
std::size_t block_bytes(const RowCells& cells) {
  std::size_t row = sizeof(std::int64_t);
  for (const std::size_t width : cells.widths) row += width;
  return sizeof(NarrowBlock) + lane_count(cells.count()) * sizeof(std::uint64_t) +
         cells.count() * sizeof(CellForm) +
         kBlockRows * align_up(row, sizeof(std::int64_t)) + kRowSpare;
}

}  // namespace

BlockDecoder::BlockDecoder(const TableSchema& schema, const RowCells& cells, BlockPool& pool)
    : schema_(schema),
      cells_(cells),
      pool_(pool),
      rooms_(2 * cells.count() + 1),
      columns_(cells.count()),
      forms_(cells.count()) {}

MutableBytes BlockDecoder::room_of(std::size_t cell, std::size_t rows) {
  std::unique_ptr<std::uint64_t[]>& room = rooms_[cell];
  if (room == nullptr) room = std::make_unique_for_overwrite<std::uint64_t[]>(kBlockRows);
  return std::as_writable_bytes(std::span(room.get(), rows));
}

Status BlockDecoder::read_times(const ReplayBlock& block) {
  const SegmentReader& reader = *block.reader;
  return reader.read(block.place, static_cast<std::size_t>(reader.stream(StreamPart::kTime)),
                     room_of(cells_.count(), block.rows), &scratch_, &times_);
}

// Decimals are taken as the integers they are stored as.
Status BlockDecoder::read_integers(const ReplayBlock& block, std::size_t stream, std::size_t cell,
                                   bool* found) {
  const SegmentReader& reader = *block.reader;
  *found = false;
  if (reader.strip(block.place, stream).encoding ==
      static_cast<std::uint32_t>(StripEncoding::kPlain))
    return {};
  Bytes bytes;
  NDTS_TRY(reader.strip_bytes(block.place, stream, &bytes));
  const MutableBytes room = room_of(cell, block.rows);
  codec::DecimalIntegers integers;
  *found = codec::read_decimal_integers(
               codec::best_kernels(), bytes,
               {reinterpret_cast<std::int64_t*>(room.data()), block.rows}, &integers) &&
           integers.scale.scale <= std::numeric_limits<std::uint32_t>::max();
  NDTS_TRY(reader.status());
  if (*found)
    columns_[cell] = {room.data(), 8, integers.scale.offset,
                      static_cast<std::uint32_t>(integers.scale.scale), integers.exponent};
  return {};
}

// Doubles that are decimals though they are not stored as such (lots come from a dictionary).
void BlockDecoder::take_integers(std::size_t rows, std::size_t cell) {
  const codec::Kernels& kernels = codec::best_kernels();
  CellColumn& column = columns_[cell];
  const std::span<const double> values(reinterpret_cast<const double*>(column.values), rows);
  const codec::DecimalGuess guess = codec::guess_decimal(kernels, values);
  if (guess.exceptions > 0) return;
  const MutableBytes room = room_of(cells_.count() + 1 + cell, rows);
  auto* const integers = reinterpret_cast<std::int64_t*>(room.data());
  std::uint16_t exceptions[codec::kVectorValues];
  for (std::size_t first = 0; first < rows; first += codec::kVectorValues) {
    const std::size_t count = std::min(codec::kVectorValues, rows - first);
    if (kernels.decimal(values.data() + first, count, power_of_ten(guess.exponent),
                        integers + first, exceptions) > 0)
      return;
  }
  column = {.values = room.data(), .scale = 1, .exponent = guess.exponent};
}

Status BlockDecoder::read_stream(const ReplayBlock& block, StreamPart part, std::size_t column,
                                 std::size_t cell) {
  const SegmentReader& reader = *block.reader;
  const int found = reader.stream(part, column);
  columns_[cell] = {.width = cells_.widths[cell]};
  // Version 1 has no nulls; most blocks of a nullable column have none.
  const auto stream = static_cast<std::size_t>(found);
  const bool empty = found < 0 || (part == StreamPart::kNulls &&
                                   reader.strip(block.place, stream).max == 0);
  if (empty) return {};
  const bool is_f64 =
      part == StreamPart::kValues && schema_.columns[column].type == ValueType::kF64;
  if (is_f64) {
    bool integers = false;
    NDTS_TRY(read_integers(block, stream, cell, &integers));
    if (integers) return {};
  }
  NDTS_TRY(reader.read(block.place, stream, room_of(cell, block.rows), &scratch_,
                       &columns_[cell].values));
  if (is_f64) take_integers(block.rows, cell);
  return {};
}

Status BlockDecoder::read_columns(const ReplayBlock& block) {
  NDTS_TRY(read_times(block));
  NDTS_TRY(read_stream(block, StreamPart::kSequence, 0, RowCells::kSequence));
  for (std::size_t column = 0; column < schema_.columns.size(); column += 1) {
    if (cells_.values[column] == RowCells::kNone) continue;
    NDTS_TRY(read_stream(block, StreamPart::kValues, column, cells_.values[column]));
    if (cells_.nulls[column] == RowCells::kNone) continue;
    NDTS_TRY(read_stream(block, StreamPart::kNulls, column, cells_.nulls[column]));
  }
  return {};
}

void BlockDecoder::gather(const MemtableRows& memory) {
  if (rows_ == nullptr) rows_ = std::make_unique<RowBuffer>(schema_, kBlockRows);
  rows_->clear();
  memory.memtable->gather(memory.shard, memory.extent, memory.rows, rows_.get());
  times_ = reinterpret_cast<const std::byte*>(rows_->time());
  columns_[RowCells::kSequence] = {.values =
                                       reinterpret_cast<const std::byte*>(rows_->sequence())};
  for (std::size_t column = 0; column < schema_.columns.size(); column += 1) {
    const std::size_t cell = cells_.values[column];
    if (cell == RowCells::kNone) continue;
    columns_[cell] = {.values = rows_->values(column), .width = cells_.widths[cell]};
    if (schema_.columns[column].type == ValueType::kF64) take_integers(memory.rows.size(), cell);
    const std::size_t nulls = cells_.nulls[column];
    if (nulls != RowCells::kNone)
      columns_[nulls] = {.values = reinterpret_cast<const std::byte*>(rows_->nulls(column)),
                         .width = 1};
  }
}

void BlockDecoder::put(std::size_t rows, BlockRoom* room, DecodedRows* decoded) {
  const std::uint32_t row_bytes = plan_rows(columns_, rows, forms_);
  const std::size_t base_bytes = sizeof(std::uint64_t) * lane_count(forms_.size());
  const std::size_t form_bytes = sizeof(CellForm) * forms_.size();
  *room = pool_.take(sizeof(NarrowBlock) + base_bytes + form_bytes + row_bytes * rows + kRowSpare);
  std::byte* const after = room->memory + sizeof(NarrowBlock);
  auto* const bases = reinterpret_cast<std::uint64_t*>(after);
  std::byte* const forms = after + base_bytes;
  std::byte* const values = forms + form_bytes;
  auto* const narrow = new (room->memory) NarrowBlock;
  for (std::size_t cell = 0; cell < std::min(columns_.size(), kNarrowLanes); cell += 1)
    narrow->greatest[cell] = columns_[cell].greatest;
  put_bases(forms_, bases);
  std::memcpy(forms, forms_.data(), form_bytes);
  put_rows(times_, columns_, forms_, rows, row_bytes, values);
  *decoded = {.forms = reinterpret_cast<const CellForm*>(forms),
              .rows = values,
              .bases = bases,
              .narrow = narrow,
              .row_bytes = row_bytes};
}

Status BlockDecoder::decode(const ReplayBlock& block, BlockRoom* room, DecodedRows* rows) {
  if (block.reader == nullptr) {
    gather(block.memory);
    put(block.rows, room, rows);
    return {};
  }
  Status status = block.reader->hold(block.place);
  if (status.ok()) {
    status = read_columns(block);
    if (status.ok()) put(block.rows, room, rows);
    block.reader->release(block.place);
  }
  if (!status.ok()) *room = pool_.take(1);
  return status;
}

ReplayBlocks::ReplayBlocks(const TableSchema& schema, const std::vector<bool>& wanted,
                           std::uint32_t threads)
    : schema_(schema),
      cells_(schema, wanted),
      pool_(block_bytes(cells_)),
      decoder_(schema, cells_, pool_) {
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

namespace {

// Sources are told what comes, so that it is on its way before a thread needs it. All readers of a
// replay that have one have the same.
void tell_source(const std::vector<ReplayBlock>& blocks) {
  BlockSource* source = nullptr;
  std::vector<SourceBlock> expected;
  for (const ReplayBlock& block : blocks) {
    if (block.reader == nullptr || block.reader->source() == nullptr) continue;
    source = block.reader->source();
    expected.push_back({block.reader->source_file(), block.place});
  }
  if (source != nullptr) source->expect(std::move(expected));
}

}  // namespace

void ReplayBlocks::begin(std::vector<ReplayBlock> blocks) {
  end();
  tell_source(blocks);
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
  BlockRoom room;
  DecodedRows rows;
  Status status = decoder.decode(entry.block, &room, &rows);
  lock.lock();
  busy_ -= 1;
  entry.room = room;
  entry.rows = rows;
  entry.status = std::move(status);
  entry.state = State::kReady;
  if (entry.block.users == 0) drop(entry);
}

// Threads that are far enough ahead are told when there is work for a while, not at every block.
void ReplayBlocks::note_used(Entry& entry) {
  if (!entry.used) used_ += 1;
  entry.used = true;
  if (next_ <= used_ + kAhead / 2) claimable_.notify_one();
}

// The next block that is to be decoded ahead of the merge; null when there is none yet.
ReplayBlocks::Entry* ReplayBlocks::next_ahead() {
  while (next_ < entries_.size() && next_ < used_ + kAhead) {
    Entry& entry = entries_[next_++];
    if (entry.state == State::kWaiting) return &entry;
  }
  return nullptr;
}

void ReplayBlocks::drop(Entry& entry) {
  note_used(entry);
  if (entry.state == State::kReady) pool_.give(entry.room);
  if (entry.state != State::kClaimed) entry.state = State::kDone;
}

void ReplayBlocks::work() {
  BlockDecoder decoder(schema_, cells_, pool_);
  MutexLock lock(mutex_);
  while (!stopping_) {
    Entry* const entry = next_ahead();
    if (entry == nullptr) {
      claimable_.wait(lock);
      continue;
    }
    decode(*entry, decoder, lock);
    decoded_.notify_all();
  }
}

Status ReplayBlocks::load(std::uint32_t block, DecodedRows* rows) {
  MutexLock lock(mutex_);
  Entry& entry = entries_[block];
  note_used(entry);
  if (entry.state == State::kWaiting) decode(entry, decoder_, lock);
  // A thread is at it: meanwhile the merge decodes one of those behind, as it would have to wait
  // for the thread again and again otherwise.
  while (entry.state == State::kClaimed) {
    if (Entry* const ahead = next_ahead(); ahead != nullptr) {
      decode(*ahead, decoder_, lock);
    } else {
      decoded_.wait(lock);
    }
  }
  *rows = entry.rows;
  return entry.status;
}

void ReplayBlocks::release(std::uint32_t block) {
  const MutexLock lock(mutex_);
  Entry& entry = entries_[block];
  entry.block.users -= 1;
  if (entry.block.users == 0) drop(entry);
}

}  // namespace ndts
