// See arena.h.
#include "kv/arena.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>

namespace ndts {

namespace {

constexpr std::size_t kPageBytes = 4096;

// From the system and back to it: a heap keeps what is freed between other things, and a memtable
// is a quarter of a gigabyte.
std::byte* map_pages(std::size_t bytes) {
  void* found =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (found == MAP_FAILED) std::abort();  // as operator new does where there are no exceptions
  return static_cast<std::byte*>(found);
}

void unmap_pages(std::byte* first, std::size_t bytes) {
  if (bytes > 0) static_cast<void>(::munmap(first, bytes));
}

// Aligned to its size.
std::byte* map_aligned(std::size_t bytes) {
  std::byte* found = map_pages(2 * bytes);
  const std::size_t over = reinterpret_cast<std::uintptr_t>(found) % bytes;
  const std::size_t before = over == 0 ? 0 : bytes - over;
  unmap_pages(found, before);
  unmap_pages(found + before + bytes, bytes - before);
  return found + before;
}

}  // namespace

void Arena::Free::operator()(std::byte* block) const { unmap_pages(block, bytes); }

std::byte* Arena::allocate_slow(std::size_t bytes) {
  // Large pieces get a block of their own, so that at most a quarter of one is wasted.
  if (bytes > kBlockBytes / 4) {
    used_.fetch_add(bytes, std::memory_order_relaxed);
    const std::size_t pages = static_cast<std::size_t>(align_up(bytes, kPageBytes));
    return add_block(map_pages(pages), pages);
  }
  next_ = add_block(map_aligned(kBlockBytes), kBlockBytes);
  left_ = kBlockBytes;
  // Advice only: without huge pages it works all the same.
  static_cast<void>(::madvise(next_, kBlockBytes, MADV_HUGEPAGE));
  return allocate(bytes);
}

std::byte* Arena::add_block(std::byte* block, std::size_t bytes) {
  blocks_.emplace_back(block, Free{bytes});
  return block;
}

}  // namespace ndts
