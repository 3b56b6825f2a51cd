// The order of keys: byte order, shorter first. Most comparisons are decided by the first eight
// bytes, kept as one number beside the key.
//
// Pure functions; any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/bytes.h"

namespace ndts {

// The first eight bytes of a key as a number of the same order; short keys end in zeros, so that
// equal numbers decide nothing.
[[nodiscard]] inline std::uint64_t key_prefix(std::string_view key) {
  std::uint64_t word = 0;
  if (key.size() >= 8) {
    std::memcpy(&word, key.data(), 8);
  } else if (!key.empty()) {
    std::memcpy(&word, key.data(), key.size());
  }
  return __builtin_bswap64(word);
}

[[nodiscard]] inline std::size_t common_bytes(std::string_view a, std::string_view b) {
  const std::size_t end = std::min(a.size(), b.size());
  std::size_t at = 0;
  while (at < end && a[at] == b[at]) at += 1;
  return at;
}

}  // namespace ndts
