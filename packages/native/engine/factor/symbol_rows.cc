#include "factor/symbol_rows.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>

namespace ndts {

SymbolRows::~SymbolRows() {
  if (base_ != nullptr) ::munmap(base_, bytes_);
}

bool SymbolRows::grow(std::uint32_t count) {
  if (count <= count_) return true;
  if (count > kSymbolLimit) return false;
  // Anonymous pages are zero when first touched, and mremap moves them without copying.
  const std::uint32_t rows = std::bit_ceil(std::max(count, 1024u));
  const std::size_t bytes = rows * stride_;
  void* memory = base_ == nullptr
                     ? ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                     : ::mremap(base_, bytes_, bytes, MREMAP_MAYMOVE);
  if (memory == MAP_FAILED) return false;
  base_ = static_cast<std::byte*>(memory);
  bytes_ = bytes;
  count_ = rows;
  return true;
}

std::uint32_t symbols_needed(const std::uint32_t* symbols, std::size_t count) {
  std::uint32_t largest = 0;
  for (std::size_t i = 0; i < count; ++i) largest = std::max(largest, symbols[i]);
  if (count == 0) return 0;
  return largest == UINT32_MAX ? largest : largest + 1;
}

}  // namespace ndts
