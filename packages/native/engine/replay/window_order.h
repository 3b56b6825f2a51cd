// Puts the rows of a window in order of time, rows of one time in the order they came: by counting,
// twice, over parts of parts of the window's span, about 65,536 in all; then few rows are not in
// their places, and are put there one by one. So it costs the same for years and for nanoseconds;
// where most rows fall into one part, all are sorted by comparing. (One count over as many parts as
// there are rows takes counters that do not stay in the first level of the cache.)
//
// Threads: one. Invariant: keys are unique, since the lowest bits are the row's place.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ndts {

// A key: nanoseconds since the start of the window, then the place of the row in it.
inline constexpr unsigned kPlaceBits = 16;
inline constexpr std::size_t kWindowRowsMax = std::size_t{1} << kPlaceBits;
inline constexpr std::uint64_t kPlaceMask = kWindowRowsMax - 1;

class WindowOrder {
 public:
  // At most kWindowRowsMax keys, which may be moved; the result lives until the next call, in their
  // memory or here.
  [[nodiscard]] std::span<std::uint64_t> sort(std::span<std::uint64_t> keys);

 private:
  [[nodiscard]] std::span<std::uint64_t> sort_by_digits(std::span<std::uint64_t> keys);

  std::vector<std::uint64_t> other_;
};

}  // namespace ndts
