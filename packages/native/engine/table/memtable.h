// The series memtable: ticks of all shards in arrival order, by column, in chunks, with a chain per
// symbol through them. Appending copies columns and links chains; order by time is made only when
// somebody reads or seals.
//
// Threads: append and the caching reads (sorted_rows) belong to the one writer thread. Once the
// owner stops appending, the const functions may be called by one other thread at the same time
// (the sealing step); they touch no cache.
// Lifetime: row pointers and spans are valid until the next append. Chunks come from a ChunkPool
// that outlives the memtable and get their memory back.
// Invariants: within a shard sequences have no gap: sequence = first_sequence + row. A row of the
// memtable is in the log; a memtable is dropped only after its rows are in synced segments.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "table/row_columns.h"

namespace ndts {

inline constexpr std::uint32_t kChunkRows = 1024;
inline constexpr std::uint32_t kNoRow = 0xffff'ffff;

// Rows of one shard, and for each the row of the same symbol before it.
struct MemtableChunk {
  alignas(64) std::byte columns[kTickRowBytes * kChunkRows];
  std::uint32_t previous[kChunkRows];
};

// Keeps the chunks of dropped memtables, up to a limit, so that steady state allocates nothing.
class ChunkPool {
 public:
  explicit ChunkPool(std::size_t keep) : keep_(keep) {}
  [[nodiscard]] std::unique_ptr<MemtableChunk> take();
  void give(std::unique_ptr<MemtableChunk> chunk);

 private:
  std::size_t keep_;
  std::vector<std::unique_ptr<MemtableChunk>> free_;
};

class SeriesMemtable {
 public:
  SeriesMemtable(std::uint32_t shard_count, ChunkPool& pool);
  ~SeriesMemtable();
  SeriesMemtable(const SeriesMemtable&) = delete;
  SeriesMemtable& operator=(const SeriesMemtable&) = delete;

  // All rows belong to `shard`; first_sequence follows the last row of the shard, if any.
  void append(std::uint32_t shard, std::uint64_t epoch, std::uint64_t first_sequence,
              const ConstRowColumns& columns, std::uint32_t rows);

  std::uint64_t rows() const { return rows_; }
  std::uint64_t bytes() const { return rows_ * (kTickRowBytes + 4); }
  std::uint32_t shard_count() const { return static_cast<std::uint32_t>(shards_.size()); }
  std::uint32_t shard_rows(std::uint32_t shard) const { return shards_[shard].rows; }
  std::uint64_t first_sequence(std::uint32_t shard) const { return shards_[shard].first_sequence; }
  std::uint64_t end_sequence(std::uint32_t shard) const {
    return shards_[shard].first_sequence + shards_[shard].rows;
  }

  // row < shard_rows(shard).
  TickRow row(std::uint32_t shard, std::uint32_t row) const;
  std::int64_t time(std::uint32_t shard, std::uint32_t row) const;

  // Rows of the symbol in (time, sequence) order; kept and extended between calls. Writer thread.
  std::span<const std::uint32_t> sorted_rows(std::uint32_t shard, std::uint32_t symbol);
  // The newest `limit` rows of the symbol in (time, sequence) order, newest first. Writer thread.
  void newest_rows(std::uint32_t shard, std::uint32_t symbol, std::size_t limit,
                   std::vector<std::uint32_t>& into);

  // The symbols of a shard, ascending, and the rows of one in (time, sequence) order, uncached.
  std::vector<std::uint32_t> symbols(std::uint32_t shard) const;
  std::vector<std::uint32_t> collect_rows(std::uint32_t shard, std::uint32_t symbol) const;

 private:
  struct EpochRun {
    std::uint64_t epoch;
    std::uint32_t first_row;
  };
  struct Shard {
    std::vector<std::unique_ptr<MemtableChunk>> chunks;
    std::vector<EpochRun> epochs;
    std::vector<std::uint32_t> symbols;
    std::uint64_t first_sequence = 0;
    std::uint32_t rows = 0;
  };
  struct Chain {
    std::uint32_t head = kNoRow;
    std::uint32_t disorder = 0;
    std::int64_t max_time = 0;
  };
  struct Sorted {
    std::uint32_t head = kNoRow;
    std::vector<std::uint32_t> rows;
  };

  void link(Shard& shard, MemtableChunk& chunk, std::uint32_t start, std::uint32_t end);
  void extend(std::uint32_t shard, const Chain& chain, Sorted& sorted) const;
  std::uint32_t previous(const Shard& shard, std::uint32_t row) const {
    return shard.chunks[row / kChunkRows]->previous[row % kChunkRows];
  }

  ChunkPool& pool_;
  std::vector<Shard> shards_;
  std::vector<Chain> chains_;
  std::unordered_map<std::uint32_t, Sorted> sorted_;
  std::uint64_t rows_ = 0;
};

}  // namespace ndts
