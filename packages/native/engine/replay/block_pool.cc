// See block_pool.h.
#include "replay/block_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>

#include "base/bytes.h"

namespace ndts {

namespace {

constexpr std::size_t kHugePage = 2u << 20;
constexpr std::size_t kSlabBytes = 8u << 20;

std::size_t slot_bytes_of(std::size_t block_bytes) {
  const std::size_t bytes = align_up(block_bytes, kCacheLine);
  return bytes / kCacheLine % 2 == 1 ? bytes : bytes + kCacheLine;
}

}  // namespace

BlockPool::BlockPool(std::size_t block_bytes)
    : slot_bytes_(slot_bytes_of(block_bytes)),
      slab_slots_(std::max<std::size_t>(1, kSlabBytes / slot_bytes_)) {}

BlockPool::~BlockPool() {
  for (std::byte* slab : slabs_) std::free(slab);
}

void BlockPool::add_slab() {
  const std::size_t bytes = align_up(slab_slots_ * slot_bytes_, kHugePage);
  auto* slab = static_cast<std::byte*>(std::aligned_alloc(kHugePage, bytes));
  if (slab == nullptr) std::abort();  // as operator new does here
  // Rows of thousands of symbols are read in turn: small pages would be looked up every time.
  static_cast<void>(::madvise(slab, bytes, MADV_HUGEPAGE));
  slabs_.push_back(slab);
  // The lowest slot on top.
  for (std::size_t slot = slab_slots_; slot > 0; slot -= 1)
    free_.push_back(static_cast<std::uint32_t>(slots_.size() + slot - 1));
  for (std::size_t slot = 0; slot < slab_slots_; slot += 1) {
    slots_.push_back(slab + slot * slot_bytes_);
    users_.push_back(0);
  }
}

std::uint32_t BlockPool::take_slot() {
  if (free_.empty()) add_slab();
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  return slot;
}

BlockRoom BlockPool::take(std::size_t bytes) {
  const MutexLock lock(mutex_);
  if (bytes > slot_bytes_ / 2) {
    const std::uint32_t slot = take_slot();
    users_[slot] = 1;
    return {slot, slots_[slot]};
  }
  const std::size_t room = align_up(bytes, kCacheLine);
  if (open_ == kNoSlot || open_bytes_ + room > slot_bytes_) {
    // The slot before stays as long as blocks in it do.
    if (open_ != kNoSlot) drop_user(open_);
    open_ = take_slot();
    users_[open_] = 1;
    open_bytes_ = 0;
  }
  std::byte* const memory = slots_[open_] + open_bytes_;
  open_bytes_ += room;
  users_[open_] += 1;
  return {open_, memory};
}

void BlockPool::drop_user(std::uint32_t slot) {
  users_[slot] -= 1;
  if (users_[slot] == 0) free_.push_back(slot);
}

void BlockPool::give(const BlockRoom& room) {
  const MutexLock lock(mutex_);
  drop_user(room.slot);
}

std::size_t BlockPool::bytes() {
  const MutexLock lock(mutex_);
  return slots_.size() * slot_bytes_;
}

}  // namespace ndts
