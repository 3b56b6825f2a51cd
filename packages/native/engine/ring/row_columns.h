// The columns of batches, which are generated, and the time that stands in two of them: whole days
// and nanoseconds of the day, both exact doubles in JavaScript, one int64 in a slot.
#pragma once

#include <cstddef>
#include <cstdint>

#include "generated/columns.h"

namespace ndts {

inline constexpr std::int64_t kNsPerDay = 86'400'000'000'000;

// Days whose every nanosecond fits an int64 since 1970.
inline constexpr double kDayMin = -106'751;
inline constexpr double kDayMax = 106'750;

// Whether the two halves are a time: whole numbers in range. NaN is not.
[[nodiscard]] inline bool is_time(double day, double ns_of_day) {
  if (!(day >= kDayMin && day <= kDayMax)) return false;
  if (!(ns_of_day >= 0 && ns_of_day < static_cast<double>(kNsPerDay))) return false;
  return static_cast<double>(static_cast<std::int64_t>(day)) == day &&
         static_cast<double>(static_cast<std::int64_t>(ns_of_day)) == ns_of_day;
}

// Requires is_time.
[[nodiscard]] inline std::int64_t pack_time(double day, double ns_of_day) {
  return static_cast<std::int64_t>(day) * kNsPerDay + static_cast<std::int64_t>(ns_of_day);
}

}  // namespace ndts
