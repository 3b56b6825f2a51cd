// One tick with everything that names it, for tests: models are plain vectors of these.
#pragma once

#include "table/tick_batch.h"

namespace ndts {

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
