#include "table/memtable.h"

#include <algorithm>

namespace ndts {

std::unique_ptr<MemtableChunk> ChunkPool::take() {
  if (free_.empty()) return std::unique_ptr<MemtableChunk>(new MemtableChunk);
  std::unique_ptr<MemtableChunk> chunk = std::move(free_.back());
  free_.pop_back();
  return chunk;
}

void ChunkPool::give(std::unique_ptr<MemtableChunk> chunk) {
  if (free_.size() < keep_) free_.push_back(std::move(chunk));
}

SeriesMemtable::SeriesMemtable(std::uint32_t shard_count, ChunkPool& pool)
    : pool_(pool), shards_(shard_count) {}

SeriesMemtable::~SeriesMemtable() {
  for (Shard& shard : shards_)
    for (std::unique_ptr<MemtableChunk>& chunk : shard.chunks) pool_.give(std::move(chunk));
}

void SeriesMemtable::append(std::uint32_t shard_id, std::uint64_t epoch,
                            std::uint64_t first_sequence, const ConstRowColumns& columns,
                            std::uint32_t rows) {
  Shard& shard = shards_[shard_id];
  if (shard.rows == 0) shard.first_sequence = first_sequence;
  if (shard.epochs.empty() || shard.epochs.back().epoch != epoch)
    shard.epochs.push_back({epoch, shard.rows});
  std::uint32_t done = 0;
  while (done < rows) {
    const std::uint32_t start = shard.rows % kChunkRows;
    if (start == 0 && shard.rows / kChunkRows == shard.chunks.size())
      shard.chunks.push_back(pool_.take());
    MemtableChunk& chunk = *shard.chunks.back();
    const std::uint32_t step = std::min(rows - done, kChunkRows - start);
    copy_rows(RowColumns::over(chunk.columns, kChunkRows), start, columns, done, step);
    link(shard, chunk, start, start + step);
    shard.rows += step;
    done += step;
  }
  rows_ += rows;
}

void SeriesMemtable::link(Shard& shard, MemtableChunk& chunk, std::uint32_t start,
                          std::uint32_t end) {
  const RowColumns columns = RowColumns::over(chunk.columns, kChunkRows);
  const std::uint32_t base = shard.rows - start;
  for (std::uint32_t index = start; index < end; index += 1) {
    const std::uint32_t symbol = columns.symbol[index];
    if (symbol >= chains_.size())
      chains_.resize(std::max<std::size_t>(symbol + 1, 2 * chains_.size()));
    Chain& chain = chains_[symbol];
    const std::int64_t time = columns.time[index];
    chunk.previous[index] = chain.head;
    if (chain.head == kNoRow) {
      shard.symbols.push_back(symbol);
      chain.max_time = time;
    } else if (time < chain.max_time) {
      chain.disorder = 1;
    } else {
      chain.max_time = time;
    }
    chain.head = base + index;
  }
}

TickRow SeriesMemtable::row(std::uint32_t shard_id, std::uint32_t row) const {
  const Shard& shard = shards_[shard_id];
  const ConstRowColumns columns =
      ConstRowColumns::over(shard.chunks[row / kChunkRows]->columns, kChunkRows);
  const std::uint32_t at = row % kChunkRows;
  auto run = shard.epochs.end() - 1;
  while (run->first_row > row) --run;
  return {columns.time[at],       shard.first_sequence + row, run->epoch,
          columns.price[at],      columns.volume[at],         columns.bid[at],
          columns.ask[at],        columns.bid_volume[at],     columns.ask_volume[at],
          columns.symbol[at],     columns.flags[at]};
}

std::int64_t SeriesMemtable::time(std::uint32_t shard, std::uint32_t row) const {
  const MemtableChunk& chunk = *shards_[shard].chunks[row / kChunkRows];
  return ConstRowColumns::over(chunk.columns, kChunkRows).time[row % kChunkRows];
}

void SeriesMemtable::extend(std::uint32_t shard, const Chain& chain, Sorted& sorted) const {
  if (sorted.head == chain.head) return;
  const std::size_t before = sorted.rows.size();
  for (std::uint32_t row = chain.head; row != sorted.head; row = previous(shards_[shard], row))
    sorted.rows.push_back(row);
  const auto fresh = sorted.rows.begin() + static_cast<std::ptrdiff_t>(before);
  std::reverse(fresh, sorted.rows.end());
  if (chain.disorder != 0) {
    const auto earlier = [this, shard](std::uint32_t a, std::uint32_t b) {
      const std::int64_t time_a = time(shard, a);
      const std::int64_t time_b = time(shard, b);
      return time_a != time_b ? time_a < time_b : a < b;
    };
    std::sort(fresh, sorted.rows.end(), earlier);
    std::inplace_merge(sorted.rows.begin(), fresh, sorted.rows.end(), earlier);
  }
  sorted.head = chain.head;
}

std::span<const std::uint32_t> SeriesMemtable::sorted_rows(std::uint32_t shard,
                                                           std::uint32_t symbol) {
  if (symbol >= chains_.size() || chains_[symbol].head == kNoRow) return {};
  Sorted& sorted = sorted_[symbol];
  extend(shard, chains_[symbol], sorted);
  return sorted.rows;
}

void SeriesMemtable::newest_rows(std::uint32_t shard, std::uint32_t symbol, std::size_t limit,
                                 std::vector<std::uint32_t>& into) {
  into.clear();
  if (symbol >= chains_.size()) return;
  const Chain& chain = chains_[symbol];
  if (chain.disorder == 0) {
    for (std::uint32_t row = chain.head; row != kNoRow && into.size() < limit;
         row = previous(shards_[shard], row))
      into.push_back(row);
    return;
  }
  const std::span<const std::uint32_t> sorted = sorted_rows(shard, symbol);
  for (std::size_t index = sorted.size(); index > 0 && into.size() < limit; index -= 1)
    into.push_back(sorted[index - 1]);
}

std::vector<std::uint32_t> SeriesMemtable::symbols(std::uint32_t shard) const {
  std::vector<std::uint32_t> symbols = shards_[shard].symbols;
  std::sort(symbols.begin(), symbols.end());
  return symbols;
}

std::vector<std::uint32_t> SeriesMemtable::collect_rows(std::uint32_t shard,
                                                        std::uint32_t symbol) const {
  Sorted sorted;
  extend(shard, chains_[symbol], sorted);
  return std::move(sorted.rows);
}

}  // namespace ndts
