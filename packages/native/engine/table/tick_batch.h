// A TickBatch of JavaScript as the series table sees it: its columns, how many rows there is room
// for and how many are filled; and time between its day and nanoseconds of day, both exact
// doubles, and the engine's int64 nanoseconds.
//
// Threads: none of its own; a view is used by the caller's thread while the memory stays in place.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ring/row_columns.h"

namespace ndts {

struct TickBatchView : TickColumns {
  std::size_t capacity;
  std::size_t count;

  // `memory` holds batch_bytes(capacity) bytes, aligned to 8; count <= capacity.
  static TickBatchView over(void* memory, std::size_t capacity, std::size_t count) {
    return {TickColumns::make(memory, capacity), capacity, count};
  }
};

inline std::int64_t day_of(std::int64_t time) {
  const std::int64_t day = time / kNsPerDay;
  return time % kNsPerDay < 0 ? day - 1 : day;
}

inline void unpack_time(std::int64_t time, double& day, double& ns_of_day) {
  const std::int64_t whole = day_of(time);
  day = static_cast<double>(whole);
  ns_of_day = static_cast<double>(time - whole * kNsPerDay);
}

}  // namespace ndts
