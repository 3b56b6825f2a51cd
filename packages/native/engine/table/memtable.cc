// See memtable.h.
#include "table/memtable.h"

#include <algorithm>
#include <cstring>

namespace ndts {

namespace {

constexpr std::size_t kHeapBlockBytes = 256u << 10;

template <typename T>
void gather_column(const std::byte* const* bases, const std::uint16_t* places, std::size_t offset,
                   std::size_t count, std::byte* to) {
  for (std::size_t index = 0; index < count; index += 1) {
    const T value = load<T>(bases[index] + offset + sizeof(T) * places[index]);
    store<T>(to + sizeof(T) * index, value);
  }
}

void gather_values(std::size_t width, const std::byte* const* bases, const std::uint16_t* places,
                   std::size_t offset, std::size_t count, std::byte* to) {
  switch (width) {
    case 8:
      return gather_column<std::uint64_t>(bases, places, offset, count, to);
    case 4:
      return gather_column<std::uint32_t>(bases, places, offset, count, to);
    default:
      return gather_column<std::uint8_t>(bases, places, offset, count, to);
  }
}

}  // namespace

std::unique_ptr<std::byte[]> ChunkPool::take() {
  const MutexLock lock(mutex_);
  if (free_.empty()) return std::unique_ptr<std::byte[]>(new std::byte[chunk_bytes_]);
  std::unique_ptr<std::byte[]> chunk = std::move(free_.back());
  free_.pop_back();
  return chunk;
}

void ChunkPool::give(std::unique_ptr<std::byte[]> chunk) {
  const MutexLock lock(mutex_);
  if (free_.size() < keep_) free_.push_back(std::move(chunk));
}

ChunkLayout::ChunkLayout(const TableSchema& schema) {
  const auto place = [this](std::size_t width) {
    const std::size_t at = bytes;
    bytes += width * kChunkRows;
    row_bytes += width;
    return at;
  };
  static_cast<void>(place(sizeof(std::int64_t)));  // time, at 0
  for (const ColumnSchema& column : schema.columns) {
    widths.push_back(value_bytes(column.type));
    values.push_back(place(widths.back()));
    nulls.push_back(column.nullable ? place(1) : 0);
  }
  symbol = place(sizeof(std::uint32_t));
  previous = place(sizeof(std::uint32_t));
}

SeriesMemtable::SeriesMemtable(TableSchema schema, std::uint32_t shard_count,
                               std::shared_ptr<ChunkPool> pool)
    : schema_(std::move(schema)), layout_(schema_), pool_(std::move(pool)), shards_(shard_count) {}

SeriesMemtable::~SeriesMemtable() {
  for (Shard& shard : shards_)
    for (std::uint32_t index = 0; index < shard.chunk_count; index += 1)
      pool_->give(std::unique_ptr<std::byte[]>(shard.chunks.at(index)));
}

void SeriesMemtable::append(const LoggedRows& rows) {
  Shard& shard = shards_[rows.shard];
  ShardExtent& extent = shard.extent;
  if (extent.rows == 0) shard.first_sequence = rows.first_sequence;
  if (extent.epochs == 0 || shard.epochs.at(extent.epochs - 1).epoch != rows.epoch)
    shard.epochs.make(extent.epochs++) = {rows.epoch, extent.rows};
  const std::uint32_t first = extent.rows;
  for (std::uint32_t done = 0; done < rows.rows;) {
    const std::uint32_t row = first + done;
    const std::uint32_t start = row % kChunkRows;
    if (row / kChunkRows == shard.chunk_count)
      shard.chunks.make(shard.chunk_count++) = pool_->take().release();
    const std::uint32_t step = std::min(rows.rows - done, kChunkRows - start);
    copy_in(shard.chunks.at(row / kChunkRows), start, rows, done, step);
    done += step;
  }
  if (!rows.heap.empty()) put_heap(shard, rows);
  for (std::uint32_t done = 0; done < rows.rows;) {
    const std::uint32_t start = extent.rows % kChunkRows;
    const std::uint32_t step = std::min(rows.rows - done, kChunkRows - start);
    link(shard, shard.chunks.at(extent.rows / kChunkRows), start, start + step);
    extent.rows += step;
    done += step;
  }
  rows_ += rows.rows;
}

void SeriesMemtable::copy_in(std::byte* chunk, std::uint32_t start, const LoggedRows& from,
                             std::uint32_t done, std::uint32_t count) const {
  std::memcpy(chunk + std::size_t{8} * start, from.time + done, std::size_t{8} * count);
  std::memcpy(chunk + layout_.symbol + std::size_t{4} * start, from.symbol + done,
              std::size_t{4} * count);
  for (std::size_t column = 0; column < layout_.values.size(); column += 1) {
    const std::size_t width = layout_.widths[column];
    std::byte* to = chunk + layout_.values[column] + width * start;
    if (!has_heap(schema_.columns[column].type)) {
      std::memcpy(to, from.values[column] + width * done, width * count);
    } else {
      // Texts of no length; put_heap() sets the others.
      for (std::uint32_t row = 0; row < count; row += 1)
        store<HeapValue>(to + width * row, empty_heap_value());
    }
    if (layout_.nulls[column] != 0)
      std::memcpy(chunk + layout_.nulls[column] + start, from.nulls[column] + done, count);
  }
}

// The rows are copied, not yet linked: extent.rows is where they begin.
void SeriesMemtable::put_heap(Shard& shard, const LoggedRows& rows) {
  const std::byte* from = rows.heap.data();
  for (std::size_t column = 0; column < schema_.columns.size(); column += 1) {
    if (!has_heap(schema_.columns[column].type)) continue;
    for (std::uint32_t index = 0; index < rows.rows; index += 1) {
      const auto length = load<std::uint32_t>(rows.values[column] + std::size_t{4} * index);
      if (length == 0) continue;
      std::byte* value = heap_room(sizeof(length) + length);
      store(value, length);
      std::memcpy(value + sizeof(length), from, length);
      from += length;
      const std::uint32_t row = shard.extent.rows + index;
      std::byte* chunk = shard.chunks.at(row / kChunkRows);
      store<HeapValue>(chunk + layout_.values[column] + sizeof(HeapValue) * (row % kChunkRows),
                       value);
    }
  }
}

std::byte* SeriesMemtable::heap_room(std::size_t bytes) {
  if (bytes > heap_left_) {
    const std::size_t block = std::max(bytes, kHeapBlockBytes);
    heap_.emplace_back(new std::byte[block]);
    heap_left_ = block;
    heap_bytes_ += block;
  }
  // Blocks are filled from their end.
  heap_left_ -= bytes;
  return heap_.back().get() + heap_left_;
}

void SeriesMemtable::link(Shard& shard, std::byte* chunk, std::uint32_t start,
                          std::uint32_t end) {
  const auto* times = reinterpret_cast<const std::int64_t*>(chunk);
  const auto* symbols = reinterpret_cast<const std::uint32_t*>(chunk + layout_.symbol);
  auto* before = reinterpret_cast<std::uint32_t*>(chunk + layout_.previous);
  const std::uint32_t base = shard.extent.rows - start;
  for (std::uint32_t index = start; index < end; index += 1) {
    const std::uint32_t symbol = symbols[index];
    Chain& chain = chains_.make(symbol);
    const std::int64_t time = times[index];
    const std::uint32_t head = chain.head_plus_one.load(std::memory_order_relaxed);
    before[index] = head - 1;
    if (head == 0) {
      shard.symbols.make(shard.extent.symbols++) = symbol;
      chain.max_time = time;
    } else if (time < chain.max_time) {
      chain.disorder.store(1, std::memory_order_release);
    } else {
      chain.max_time = time;
    }
    chain.head_plus_one.store(base + index + 1, std::memory_order_release);
  }
}

void SeriesMemtable::gather(std::uint32_t shard, const ShardExtent& extent,
                            std::span<const std::uint32_t> rows, RowBuffer* into) const {
  gather(shard, extent, rows, into, {});
}

void SeriesMemtable::gather(std::uint32_t shard_id, const ShardExtent& extent,
                            std::span<const std::uint32_t> rows, RowBuffer* into,
                            std::span<const std::uint8_t> wanted) const {
  constexpr std::size_t kStep = 1024;
  const Shard& shard = shards_[shard_id];
  const std::byte* bases[kStep];
  std::uint16_t places[kStep];
  for (std::size_t done = 0; done < rows.size(); done += kStep) {
    const std::size_t count = std::min(kStep, rows.size() - done);
    const std::size_t at = into->count();
    for (std::size_t index = 0; index < count; index += 1) {
      const std::uint32_t row = rows[done + index];
      bases[index] = shard.chunks.at(row / kChunkRows);
      places[index] = static_cast<std::uint16_t>(row % kChunkRows);
      into->sequence()[at + index] = shard.first_sequence + row;
      std::uint32_t run = extent.epochs - 1;
      while (shard.epochs.at(run).first_row > row) run -= 1;
      into->epoch()[at + index] = static_cast<std::uint32_t>(shard.epochs.at(run).epoch);
    }
    gather_values(8, bases, places, 0, count,
                  reinterpret_cast<std::byte*>(into->time() + at));
    for (std::size_t column = 0; column < layout_.values.size(); column += 1) {
      if (!wanted.empty() && wanted[column] == 0) continue;
      const std::size_t width = layout_.widths[column];
      gather_values(width, bases, places, layout_.values[column], count,
                    into->values(column) + width * at);
      if (layout_.nulls[column] != 0)
        gather_values(1, bases, places, layout_.nulls[column], count,
                      reinterpret_cast<std::byte*>(into->nulls(column) + at));
    }
    into->set_count(at + count);
  }
}

// Adds the rows of the chain below `end` that are newer than what `sorted` has.
void SeriesMemtable::extend(std::uint32_t shard, const Chain& chain, std::uint32_t end,
                            Sorted& sorted) const {
  std::uint32_t row = chain.head_plus_one.load(std::memory_order_acquire) - 1;
  while (row != kNoRow && row >= end) row = previous(shard, row);
  if (sorted.head == row) return;
  const std::uint32_t head = row;
  const std::size_t before = sorted.rows.size();
  for (; row != sorted.head; row = previous(shard, row)) sorted.rows.push_back(row);
  const auto fresh = sorted.rows.begin() + static_cast<std::ptrdiff_t>(before);
  std::reverse(fresh, sorted.rows.end());
  if (chain.disorder.load(std::memory_order_acquire) != 0) {
    const auto earlier = [this, shard](std::uint32_t a, std::uint32_t b) {
      const std::int64_t time_a = time(shard, a);
      const std::int64_t time_b = time(shard, b);
      return time_a != time_b ? time_a < time_b : a < b;
    };
    std::sort(fresh, sorted.rows.end(), earlier);
    std::inplace_merge(sorted.rows.begin(), fresh, sorted.rows.end(), earlier);
  }
  sorted.head = head;
}

std::span<const std::uint32_t> SeriesMemtable::sorted_rows(std::uint32_t shard,
                                                           std::uint32_t symbol) {
  const Chain* chain = chains_.find(symbol);
  if (chain == nullptr || chain->head_plus_one.load(std::memory_order_relaxed) == 0) return {};
  Sorted& sorted = sorted_[symbol];
  extend(shard, *chain, shards_[shard].extent.rows, sorted);
  return sorted.rows;
}

std::vector<std::uint32_t> SeriesMemtable::collect_rows(std::uint32_t shard,
                                                        const ShardExtent& extent,
                                                        std::uint32_t symbol) const {
  Sorted sorted;
  if (const Chain* chain = chains_.find(symbol); chain != nullptr)
    extend(shard, *chain, extent.rows, sorted);
  return std::move(sorted.rows);
}

std::vector<std::uint32_t> SeriesMemtable::newest_rows(std::uint32_t shard,
                                                       const ShardExtent& extent,
                                                       std::uint32_t symbol,
                                                       std::size_t limit) const {
  const Chain* chain = chains_.find(symbol);
  if (chain == nullptr) return {};
  std::vector<std::uint32_t> rows;
  if (chain->disorder.load(std::memory_order_acquire) != 0) {
    rows = collect_rows(shard, extent, symbol);
    if (rows.size() > limit)
      rows.erase(rows.begin(), rows.end() - static_cast<std::ptrdiff_t>(limit));
    return rows;
  }
  std::uint32_t row = chain->head_plus_one.load(std::memory_order_acquire) - 1;
  for (; row != kNoRow && rows.size() < limit; row = previous(shard, row))
    if (row < extent.rows) rows.push_back(row);
  std::reverse(rows.begin(), rows.end());
  return rows;
}

std::vector<std::uint32_t> SeriesMemtable::symbols(std::uint32_t shard,
                                                   const ShardExtent& extent) const {
  std::vector<std::uint32_t> symbols;
  symbols.reserve(extent.symbols);
  for (std::uint32_t index = 0; index < extent.symbols; index += 1)
    symbols.push_back(shards_[shard].symbols.at(index));
  std::sort(symbols.begin(), symbols.end());
  return symbols;
}

MemtableView MemtableView::of(std::shared_ptr<const SeriesMemtable> memtable) {
  MemtableView view;
  for (std::uint32_t shard = 0; shard < memtable->shard_count(); shard += 1)
    view.shards.push_back(memtable->extent(shard));
  view.memtable = std::move(memtable);
  return view;
}

}  // namespace ndts
