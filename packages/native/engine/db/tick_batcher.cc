// hot: no allocation after the first batch of a size
// See tick_batcher.h.
#include "db/tick_batcher.h"

namespace ndts {

namespace {

Status bad_row(const TickBatchView& batch, const SymbolTable& symbols, std::size_t row) {
  const std::uint32_t symbol = batch.symbol[row];
  const std::string where = "row " + std::to_string(row) + ": ";
  if (symbols.shard(symbol) == kNoShard)
    return Status(Code::kInvalidArgument,
                  where + "symbol id " + std::to_string(symbol) + " is not registered");
  return Status(Code::kInvalidArgument,
                where + "day must be whole and in [-106751, 106750], nsOfDay whole and in "
                        "[0, 86400e9); found " +
                    std::to_string(batch.day[row]) + ", " + std::to_string(batch.ns_of_day[row]));
}

template <typename T>
void gather(T* to, const T* from, const std::uint32_t* rows, std::size_t count) {
  for (std::size_t index = 0; index < count; index += 1) to[index] = from[rows[index]];
}

}  // namespace

Status TickBatcher::check(const TickBatchView& batch, const SymbolTable& symbols) {
  touched_.clear();
  for (std::size_t row = 0; row < batch.count; row += 1) {
    const std::uint32_t shard = symbols.shard(batch.symbol[row]);
    if (shard == kNoShard || !is_time(batch.day[row], batch.ns_of_day[row])) {
      for (const std::uint32_t touched : touched_) counts_[touched] = 0;
      return bad_row(batch, symbols, row);
    }
    shard_of_[row] = shard;
    if (counts_[shard] == 0) touched_.push_back(shard);
    counts_[shard] += 1;
  }
  return {};
}

// Counting sort, stable. counts_ becomes the place of the next row of each shard, then zero.
void TickBatcher::group_rows(std::size_t count) {
  std::uint32_t place = 0;
  for (const std::uint32_t shard : touched_) {
    const std::uint32_t rows = counts_[shard];
    groups_.push_back({{0, 0, shard, rows}, {}, order_.data() + place});
    counts_[shard] = place;
    place += rows;
  }
  for (std::size_t row = 0; row < count; row += 1)
    order_[counts_[shard_of_[row]]++] = static_cast<std::uint32_t>(row);
  for (const std::uint32_t shard : touched_) counts_[shard] = 0;
}

Status TickBatcher::prepare(const TickBatchView& batch, const SymbolTable& symbols,
                            std::span<const ShardPosition> shards) {
  groups_.clear();
  if (shard_of_.size() < batch.count) {
    shard_of_.resize(batch.count);
    order_.resize(batch.count);
  }
  NDTS_TRY(check(batch, symbols));
  group_rows(batch.count);
  body_bytes_ = groups_.size() * sizeof(TicksEntry) + batch.count * kTickRowBytes;
  if (body_.size() < body_bytes_) body_.resize(body_bytes_);
  std::byte* to = body_.data();
  for (TickGroup& group : groups_) {
    group.entry.epoch = shards[group.entry.shard].epoch;
    group.entry.first_sequence = shards[group.entry.shard].next_sequence;
    store(to, group.entry);
    to += sizeof(TicksEntry);
    fill(batch, group, RowColumns::over(to, group.entry.rows));
    group.columns = ConstRowColumns::over(to, group.entry.rows);
    to += std::size_t{group.entry.rows} * kTickRowBytes;
  }
  return {};
}

void TickBatcher::fill(const TickBatchView& batch, const TickGroup& group,
                       const RowColumns& to) const {
  const std::size_t count = group.entry.rows;
  for (std::size_t index = 0; index < count; index += 1) {
    const std::uint32_t row = group.rows[index];
    to.time[index] = pack_time(batch.day[row], batch.ns_of_day[row]);
  }
  gather(to.price, batch.price, group.rows, count);
  gather(to.volume, batch.volume, group.rows, count);
  gather(to.bid, batch.bid, group.rows, count);
  gather(to.ask, batch.ask, group.rows, count);
  gather(to.bid_volume, batch.bid_volume, group.rows, count);
  gather(to.ask_volume, batch.ask_volume, group.rows, count);
  gather(to.symbol, batch.symbol, group.rows, count);
  gather(to.flags, batch.flags, group.rows, count);
}

void TickBatcher::stamp(const TickBatchView& batch) const {
  for (const TickGroup& group : groups_) {
    for (std::uint32_t index = 0; index < group.entry.rows; index += 1) {
      const std::uint32_t row = group.rows[index];
      batch.shard[row] = group.entry.shard;
      batch.epoch[row] = static_cast<std::uint32_t>(group.entry.epoch);
      batch.sequence[row] = static_cast<double>(group.entry.first_sequence + index);
    }
  }
}

}  // namespace ndts
