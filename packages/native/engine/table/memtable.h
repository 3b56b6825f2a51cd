// The series memtable: the newest rows of one table, of all shards, in arrival order, by column,
// in chunks, with a chain per symbol through them. Appending copies columns and links chains; order
// by time is made only when somebody reads or seals.
//
// Threads: append() and sorted_rows() belong to the one writer thread. Any thread may call the
// const functions for what a MemtableView says was there: nothing of that changes or moves.
// Lifetime: views keep the memtable; pointers into it live as long. Chunks come from a ChunkPool
// that outlives the memtable and get their memory back.
// Invariants: within a shard sequences have no gap: sequence = first_sequence + row. A row of the
// memtable is in the log; a memtable is dropped only after its rows are in synced segments.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/thread.h"
#include "table/logged_rows.h"
#include "table/rows.h"
#include "table/stable_array.h"

namespace ndts {

inline constexpr std::uint32_t kChunkRows = 1024;
inline constexpr std::uint32_t kNoRow = 0xffff'ffff;

// Keeps the memory of dropped memtables' chunks, up to a limit, so that steady state allocates
// nothing. Threads: any; the last view of a memtable may go anywhere.
class ChunkPool {
 public:
  ChunkPool(std::size_t chunk_bytes, std::size_t keep) : chunk_bytes_(chunk_bytes), keep_(keep) {}
  [[nodiscard]] std::unique_ptr<std::byte[]> take();
  void give(std::unique_ptr<std::byte[]> chunk);
  [[nodiscard]] std::size_t chunk_bytes() const { return chunk_bytes_; }

 private:
  const std::size_t chunk_bytes_;
  const std::size_t keep_;
  Mutex mutex_;
  std::vector<std::unique_ptr<std::byte[]>> free_;  // guarded by mutex_
};

// Where the columns of a chunk are: time, values, nulls, symbol, chain.
struct ChunkLayout {
  explicit ChunkLayout(const TableSchema& schema);
  std::vector<std::size_t> widths;  // of the values, by column
  std::vector<std::size_t> values;  // offsets
  std::vector<std::size_t> nulls;   // offsets; 0: not nullable
  std::size_t symbol = 0;
  std::size_t previous = 0;  // row of the same symbol before it
  std::size_t bytes = 0;
  std::size_t row_bytes = 0;
};

// How much of a shard there was at one moment.
struct ShardExtent {
  std::uint32_t rows = 0;
  std::uint32_t symbols = 0;
  std::uint32_t epochs = 0;
};

class SeriesMemtable {
 public:
  // `pool` has chunks of ChunkLayout(schema).bytes.
  SeriesMemtable(TableSchema schema, std::uint32_t shard_count, std::shared_ptr<ChunkPool> pool);
  ~SeriesMemtable();
  SeriesMemtable(const SeriesMemtable&) = delete;
  SeriesMemtable& operator=(const SeriesMemtable&) = delete;

  // first_sequence follows the last row of the shard, if any.
  void append(const LoggedRows& rows);

  [[nodiscard]] const TableSchema& schema() const { return schema_; }
  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  [[nodiscard]] std::uint64_t bytes() const { return rows_ * layout_.row_bytes + heap_bytes_; }
  [[nodiscard]] std::uint32_t shard_count() const {
    return static_cast<std::uint32_t>(shards_.size());
  }
  // The present extent. Writer, or anyone once nothing is appended any more.
  [[nodiscard]] ShardExtent extent(std::uint32_t shard) const { return shards_[shard].extent; }
  // Of a shard that has rows.
  [[nodiscard]] std::uint64_t first_sequence(std::uint32_t shard) const {
    return shards_[shard].first_sequence;
  }
  [[nodiscard]] std::uint64_t end_sequence(std::uint32_t shard) const {
    return shards_[shard].first_sequence + shards_[shard].extent.rows;
  }

  // row < extent.rows.
  [[nodiscard]] std::int64_t time(std::uint32_t shard, std::uint32_t row) const {
    return reinterpret_cast<const std::int64_t*>(chunk(shard, row))[row % kChunkRows];
  }
  [[nodiscard]] std::uint32_t symbol(std::uint32_t shard, std::uint32_t row) const {
    return reinterpret_cast<const std::uint32_t*>(chunk(shard, row) +
                                                  layout_.symbol)[row % kChunkRows];
  }
  // Copies rows of the shard behind the last of `into`, which has room for them. `wanted[i]` zero:
  // what stands in column i of `into` then says nothing. Empty: all.
  void gather(std::uint32_t shard, const ShardExtent& extent, std::span<const std::uint32_t> rows,
              RowBuffer* into, std::span<const std::uint8_t> wanted) const;
  void gather(std::uint32_t shard, const ShardExtent& extent, std::span<const std::uint32_t> rows,
              RowBuffer* into) const;

  // Rows of the symbol in (time, sequence) order; kept and extended between calls. Writer thread.
  [[nodiscard]] std::span<const std::uint32_t> sorted_rows(std::uint32_t shard,
                                                           std::uint32_t symbol);
  // The same of an extent, uncached, ascending or the newest `limit` only.
  [[nodiscard]] std::vector<std::uint32_t> collect_rows(std::uint32_t shard,
                                                        const ShardExtent& extent,
                                                        std::uint32_t symbol) const;
  [[nodiscard]] std::vector<std::uint32_t> newest_rows(std::uint32_t shard,
                                                       const ShardExtent& extent,
                                                       std::uint32_t symbol,
                                                       std::size_t limit) const;
  // The symbols of an extent, ascending.
  [[nodiscard]] std::vector<std::uint32_t> symbols(std::uint32_t shard,
                                                   const ShardExtent& extent) const;

 private:
  struct EpochRun {
    std::uint64_t epoch;
    std::uint32_t first_row;
  };
  struct Shard {
    StableArray<std::byte*> chunks;
    StableArray<EpochRun> epochs;
    StableArray<std::uint32_t> symbols;
    std::uint32_t chunk_count = 0;
    std::uint64_t first_sequence = 0;
    ShardExtent extent;
  };
  // `head` and `disorder` by the writer with release, by readers with acquire: who finds a row
  // finds its columns and whether an earlier row came late.
  struct Chain {
    std::atomic<std::uint32_t> head_plus_one{0};
    std::atomic<std::uint32_t> disorder{0};
    std::int64_t max_time = 0;
  };
  struct Sorted {
    std::uint32_t head = kNoRow;
    std::vector<std::uint32_t> rows;
  };

  [[nodiscard]] std::byte* chunk(std::uint32_t shard, std::uint32_t row) const {
    return shards_[shard].chunks.at(row / kChunkRows);
  }
  [[nodiscard]] std::uint32_t previous(std::uint32_t shard, std::uint32_t row) const {
    return reinterpret_cast<const std::uint32_t*>(chunk(shard, row) +
                                                  layout_.previous)[row % kChunkRows];
  }
  void copy_in(std::byte* chunk, std::uint32_t start, const LoggedRows& from, std::uint32_t done,
               std::uint32_t count) const;
  void put_heap(Shard& shard, const LoggedRows& rows);
  [[nodiscard]] std::byte* heap_room(std::size_t bytes);
  void link(Shard& shard, std::byte* chunk, std::uint32_t start, std::uint32_t end);
  void extend(std::uint32_t shard, const Chain& chain, std::uint32_t end, Sorted& sorted) const;

  const TableSchema schema_;
  const ChunkLayout layout_;
  const std::shared_ptr<ChunkPool> pool_;
  std::vector<Shard> shards_;
  StableArray<Chain> chains_;  // by symbol
  std::unordered_map<std::uint32_t, Sorted> sorted_;
  std::uint64_t rows_ = 0;
  std::vector<std::unique_ptr<std::byte[]>> heap_;
  std::size_t heap_left_ = 0;
  std::uint64_t heap_bytes_ = 0;
};

// What was in a memtable at one moment, for any thread.
struct MemtableView {
  std::shared_ptr<const SeriesMemtable> memtable;
  std::vector<ShardExtent> shards;

  // Writer, or anyone once nothing is appended any more.
  [[nodiscard]] static MemtableView of(std::shared_ptr<const SeriesMemtable> memtable);
};

}  // namespace ndts
