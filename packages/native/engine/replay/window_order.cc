// See window_order.h.
#include "replay/window_order.h"

#include <algorithm>
#include <bit>

namespace ndts {

namespace {

// Parts of so few keys are sorted by insertion.
constexpr std::uint32_t kInsertionKeys = 24;

void insert_into_place(std::uint64_t* keys, std::size_t count) {
  for (std::size_t at = 1; at < count; at += 1) {
    const std::uint64_t key = keys[at];
    std::size_t to = at;
    for (; to > 0 && keys[to - 1] > key; to -= 1) keys[to] = keys[to - 1];
    keys[to] = key;
  }
}

}  // namespace

std::span<std::uint64_t> WindowOrder::sort(std::span<const std::uint64_t> keys) {
  sorted_.resize(keys.size());
  std::uint64_t all = 0;
  for (const std::uint64_t key : keys) all |= key;
  const std::uint64_t span = all >> kPlaceBits;
  // Between one and two parts for each row.
  const auto part_bits = static_cast<unsigned>(std::bit_width(keys.size()));
  const auto span_bits = static_cast<unsigned>(std::bit_width(span));
  const unsigned shift = kPlaceBits + (span_bits > part_bits ? span_bits - part_bits : 0);
  const std::size_t parts = static_cast<std::size_t>(all >> shift) + 1;
  ends_.assign(parts + 1, 0);
  std::uint32_t most = 0;
  for (const std::uint64_t key : keys) most = std::max(most, ++ends_[(key >> shift) + 1]);
  std::uint32_t end = 0;
  for (std::size_t part = 1; part <= parts; part += 1) ends_[part] = end += ends_[part];
  for (const std::uint64_t key : keys) sorted_[ends_[key >> shift]++] = key;
  if (most <= kInsertionKeys) {
    insert_into_place(sorted_.data(), sorted_.size());
  } else {
    sort_parts(parts);
  }
  return sorted_;
}

void WindowOrder::sort_parts(std::size_t parts) {
  std::uint32_t first = 0;
  for (std::size_t part = 0; part < parts; part += 1) {
    const std::uint32_t end = ends_[part];
    std::uint64_t* const keys = sorted_.data() + first;
    if (end - first <= kInsertionKeys) {
      insert_into_place(keys, end - first);
    } else if (!std::is_sorted(keys, keys + (end - first))) {
      std::sort(keys, keys + (end - first));
    }
    first = end;
  }
}

}  // namespace ndts
