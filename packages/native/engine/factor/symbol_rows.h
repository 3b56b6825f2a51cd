// One row of state per symbol id, flat and zero at first: what the cleaner and the factor kernels
// keep between batches.
//
// Rows are `stride` bytes, each on its own 64-byte lines, addressed by symbol id. grow() makes more
// of them; pages that no symbol touches take no memory, so sparse ids are cheap. Rows may move when
// they grow: hold no pointer across a grow. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ndts {

// Symbol ids at or above this are refused; the symbol dictionary aims at 1M.
inline constexpr std::uint32_t kSymbolLimit = 1u << 22;

class SymbolRows {
 public:
  explicit SymbolRows(std::size_t row_bytes) : stride_((row_bytes + 63) / 64 * 64) {}
  ~SymbolRows();
  SymbolRows(const SymbolRows&) = delete;
  SymbolRows& operator=(const SymbolRows&) = delete;

  [[nodiscard]] std::uint32_t count() const { return count_; }
  [[nodiscard]] std::size_t stride() const { return stride_; }

  // Makes rows for all ids below `count`. False: above the limit or no memory, and nothing changed.
  [[nodiscard]] bool grow(std::uint32_t count);

  template <typename T>
  [[nodiscard]] T* at(std::uint32_t symbol) {
    return reinterpret_cast<T*>(base_ + symbol * stride_);
  }

 private:
  std::byte* base_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t stride_;
  std::uint32_t count_ = 0;
};

// One more than the largest id among the first `count`; 0 for none.
[[nodiscard]] std::uint32_t symbols_needed(const std::uint32_t* symbols, std::size_t count);

}  // namespace ndts
