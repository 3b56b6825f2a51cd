// Memory for decoded blocks. A slot has room for the largest block; a large block has one for
// itself, smaller ones lie in one behind each other.
//
// Threads: take() and give() from any. Lifetime: memory of a slot stays where it is until the pool
// goes, and is used again when all blocks in it were given back.
// Slots are an odd number of cache lines apart: rows at the same place of many slots would
// otherwise fight for the same few lines of the cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/thread.h"

namespace ndts {

inline constexpr std::size_t kCacheLine = 64;

struct BlockRoom {
  std::uint32_t slot = 0;
  std::byte* memory = nullptr;
};

class BlockPool {
 public:
  explicit BlockPool(std::size_t block_bytes);  // of the largest
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  // Room for 1 byte to those of the largest block, aligned to a cache line.
  [[nodiscard]] BlockRoom take(std::size_t bytes);
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
  std::size_t open_bytes_ = 0;    // of it that are taken
};

}  // namespace ndts
