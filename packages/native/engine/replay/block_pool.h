// Memory for decoded blocks. A slot has kBlockRows cells of 8 bytes in each of its columns; one
// large block or several small ones lie in it. A cell number names a row of a slot for all columns.
//
// Threads: take() and give() from any. Lifetime: memory of a slot stays where it is until the pool
// goes, and is used again when all blocks in it were given back.
// Columns and slots are an odd number of cache lines apart: rows at the same place of many slots
// would otherwise fight for the same few lines of the cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/thread.h"
#include "table/block_builder.h"

namespace ndts {

inline constexpr std::size_t kCellBytes = 8;
inline constexpr std::size_t kCacheLine = 64;
// From a row's cell in one column to its cell in the next.
inline constexpr std::size_t kColumnStride = kBlockRows * kCellBytes + kCacheLine;

struct BlockRoom {
  std::uint32_t cell = 0;  // of its first row
  std::byte* slot = nullptr;

  // The cell of row `row` of the block in column 0.
  [[nodiscard]] std::byte* row(std::size_t row) const {
    return slot + (cell % kBlockRows + row) * kCellBytes;
  }
};

class BlockPool {
 public:
  explicit BlockPool(std::size_t columns);
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  // Room for 1 to kBlockRows rows, aligned to a cache line in every column.
  [[nodiscard]] BlockRoom take(std::size_t rows);
  void give(const BlockRoom& room);
  // Of all slots there ever were.
  [[nodiscard]] std::size_t bytes();

 private:
  static constexpr std::uint32_t kNoSlot = 0xffff'ffff;

  void add_slab();
  [[nodiscard]] std::uint32_t take_slot();
  void drop_user(std::uint32_t slot);

  const std::size_t slot_bytes_;
  const std::size_t slab_slots_;
  Mutex mutex_;
  // Guarded by mutex_.
  std::vector<std::byte*> slabs_;
  std::vector<std::byte*> slots_;
  std::vector<std::uint32_t> users_;  // blocks in each slot, and one more for the open slot
  std::vector<std::uint32_t> free_;
  std::uint32_t open_ = kNoSlot;  // where small blocks go
  std::size_t open_rows_ = kBlockRows;  // of it that are taken
};

}  // namespace ndts
