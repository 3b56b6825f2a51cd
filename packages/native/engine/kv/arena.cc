// See arena.h.
#include "kv/arena.h"

#include <sys/mman.h>

#include <cstdlib>

namespace ndts {

void Arena::Free::operator()(std::byte* block) const { std::free(block); }

std::byte* Arena::allocate_slow(std::size_t bytes) {
  // Large pieces get a block of their own, so that at most a quarter of one is wasted.
  if (bytes > kBlockBytes / 4) {
    used_.fetch_add(bytes, std::memory_order_relaxed);
    return add_block(static_cast<std::size_t>(align_up(bytes, 64)));
  }
  next_ = add_block(kBlockBytes);
  left_ = kBlockBytes;
  // Advice only: without huge pages it works all the same.
  static_cast<void>(::madvise(next_, kBlockBytes, MADV_HUGEPAGE));
  return allocate(bytes);
}

std::byte* Arena::add_block(std::size_t bytes) {
  const std::size_t alignment = bytes == kBlockBytes ? kBlockBytes : 64;
  auto* block = static_cast<std::byte*>(std::aligned_alloc(alignment, bytes));
  if (block == nullptr) std::abort();  // as operator new does where there are no exceptions
  blocks_.emplace_back(block);
  return block;
}

}  // namespace ndts
