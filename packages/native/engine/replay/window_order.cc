// See window_order.h.
#include "replay/window_order.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace ndts {

namespace {

// So few keys are not worth counting.
constexpr std::size_t kFewKeys = 32;
// Moves by insertion, for each key, beyond which comparing is cheaper.
constexpr std::size_t kMovesMax = 8;

constexpr unsigned kDigitBits = 8;
constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;
using Counts = std::uint32_t[kDigits];

// False, and in any order, where keys are far from their places.
bool insert_into_place(std::span<std::uint64_t> keys) {
  std::size_t moves = kMovesMax * keys.size();
  for (std::size_t at = 1; at < keys.size(); at += 1) {
    const std::uint64_t key = keys[at];
    std::size_t to = at;
    for (; to > 0 && keys[to - 1] > key && moves > 0; to -= 1, moves -= 1) keys[to] = keys[to - 1];
    keys[to] = key;
    if (moves == 0) return false;
  }
  return true;
}

// Where the first key of each digit goes. False when all have the same.
bool place_digits(Counts& counts, std::size_t keys) {
  std::uint32_t first = 0;
  for (std::uint32_t& count : counts) {
    if (count == keys) return false;
    first += count;
    count = first - count;
  }
  return true;
}

}  // namespace

std::span<std::uint64_t> WindowOrder::sort(std::span<std::uint64_t> keys) {
  if (keys.size() > kFewKeys) keys = sort_by_digits(keys);
  if (!insert_into_place(keys)) std::sort(keys.begin(), keys.end());
  return keys;
}

// By the 16 highest bits of the span, the lower half of them first.
std::span<std::uint64_t> WindowOrder::sort_by_digits(std::span<std::uint64_t> keys) {
  other_.resize(kWindowRowsMax);
  std::uint64_t all = 0;
  for (const std::uint64_t key : keys) all |= key;
  const auto bits = static_cast<unsigned>(std::bit_width(all >> kPlaceBits));
  const unsigned high = kPlaceBits + (bits > kDigitBits ? bits - kDigitBits : 0);
  const unsigned low = std::max(kPlaceBits, high - kDigitBits);
  Counts counts[2] = {};
  for (const std::uint64_t key : keys) {
    counts[0][key >> low & (kDigits - 1)] += 1;
    counts[1][key >> high & (kDigits - 1)] += 1;
  }
  std::span<std::uint64_t> other(other_.data(), keys.size());
  for (const unsigned pass : {0u, 1u}) {
    if (!place_digits(counts[pass], keys.size())) continue;
    const unsigned shift = pass == 0 ? low : high;
    for (const std::uint64_t key : keys)
      other[counts[pass][key >> shift & (kDigits - 1)]++] = key;
    std::swap(keys, other);
  }
  return keys;
}

}  // namespace ndts
