// Puts the rows of a window in order of time, rows of one time in the order they came: a counting
// sort over as many parts of the window's span as it has rows, then each part by itself. So it
// costs the same for years and for nanoseconds; where most rows fall into one part, that part is
// sorted by comparing.
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
  // At most kWindowRowsMax keys; the result lives until the next call.
  [[nodiscard]] std::span<std::uint64_t> sort(std::span<const std::uint64_t> keys);

 private:
  void sort_parts(std::size_t parts);

  std::vector<std::uint32_t> ends_;  // by part: where its next key goes
  std::vector<std::uint64_t> sorted_;
};

}  // namespace ndts
