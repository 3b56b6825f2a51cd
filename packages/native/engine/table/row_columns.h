// Ticks by column inside the engine: 64 bytes a row, nine columns one after the other. The same
// arrangement is the body of a log entry of kind ticks and a chunk of the memtable, so that a row
// moves between them by copying columns.
//
// Threads: plain memory; whoever owns the bytes decides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "table/tick_batch.h"

namespace ndts {

inline constexpr std::size_t kTickRowBytes = 64;

// One tick with everything that names it.
struct TickRow {
  std::int64_t time;
  std::uint64_t sequence;
  std::uint64_t epoch;
  double price;
  double volume;
  double bid;
  double ask;
  double bid_volume;
  double ask_volume;
  std::uint32_t symbol;
  std::uint32_t flags;
};

template <typename Byte, typename Time, typename Double, typename Word>
struct BasicRowColumns {
  Time* time;
  Double* price;
  Double* volume;
  Double* bid;
  Double* ask;
  Double* bid_volume;
  Double* ask_volume;
  Word* symbol;
  Word* flags;

  // `base` is aligned to 8 and holds kTickRowBytes * rows bytes.
  static BasicRowColumns over(Byte* base, std::size_t rows) {
    BasicRowColumns columns;
    columns.time = reinterpret_cast<Time*>(base);
    Double** wide[] = {&columns.price, &columns.volume,     &columns.bid,
                       &columns.ask,   &columns.bid_volume, &columns.ask_volume};
    std::size_t offset = 8 * rows;
    for (Double** column : wide) {
      *column = reinterpret_cast<Double*>(base + offset);
      offset += 8 * rows;
    }
    columns.symbol = reinterpret_cast<Word*>(base + offset);
    columns.flags = reinterpret_cast<Word*>(base + offset + 4 * rows);
    return columns;
  }
};

using RowColumns = BasicRowColumns<std::byte, std::int64_t, double, std::uint32_t>;
using ConstRowColumns =
    BasicRowColumns<const std::byte, const std::int64_t, const double, const std::uint32_t>;

// Copies `rows` rows of `from`, starting at `from_row`, to row `to_row` of `to`.
inline void copy_rows(const RowColumns& to, std::size_t to_row, const ConstRowColumns& from,
                      std::size_t from_row, std::size_t rows) {
  const std::size_t wide = rows * 8;
  std::memcpy(to.time + to_row, from.time + from_row, wide);
  std::memcpy(to.price + to_row, from.price + from_row, wide);
  std::memcpy(to.volume + to_row, from.volume + from_row, wide);
  std::memcpy(to.bid + to_row, from.bid + from_row, wide);
  std::memcpy(to.ask + to_row, from.ask + from_row, wide);
  std::memcpy(to.bid_volume + to_row, from.bid_volume + from_row, wide);
  std::memcpy(to.ask_volume + to_row, from.ask_volume + from_row, wide);
  std::memcpy(to.symbol + to_row, from.symbol + from_row, rows * 4);
  std::memcpy(to.flags + to_row, from.flags + from_row, rows * 4);
}

// Writes a row into a batch at `index`; the caller keeps index < capacity.
inline void put_row(const TickBatchView& batch, std::size_t index, const TickRow& row,
                    std::uint32_t shard) {
  unpack_time(row.time, batch.day[index], batch.ns_of_day[index]);
  batch.sequence[index] = static_cast<double>(row.sequence);
  batch.price[index] = row.price;
  batch.volume[index] = row.volume;
  batch.bid[index] = row.bid;
  batch.ask[index] = row.ask;
  batch.bid_volume[index] = row.bid_volume;
  batch.ask_volume[index] = row.ask_volume;
  batch.symbol[index] = row.symbol;
  batch.flags[index] = row.flags;
  batch.shard[index] = shard;
  batch.epoch[index] = static_cast<std::uint32_t>(row.epoch);
}

}  // namespace ndts
