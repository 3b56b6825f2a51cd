// The texts of one column of one block while it is filled: each different one once, in order of
// first appearance, as the heap of a segment holds them: length (u32) and bytes.
//
// Threads: one at a time. Memory is kept from block to block. Invariant: at most kTextHeapValues
// different values, and 4 GiB; the caller counts.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace ndts {

inline constexpr std::size_t kTextHeapValues = 4096;

class TextHeap {
 public:
  TextHeap() : slots_(2 * kTextHeapValues) {}

  // Where the value stands in bytes(); it is added when it is new.
  [[nodiscard]] std::uint32_t place_of(Bytes value);
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  void clear();

 private:
  std::vector<std::byte> bytes_;
  std::vector<std::uint32_t> slots_;  // by hash: place + 1, or 0 when free
};

}  // namespace ndts
