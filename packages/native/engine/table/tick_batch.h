// A TickBatch of JavaScript as the engine sees it: one memory, a column each, every column on a
// 64-byte line, in the order of TickBatchColumn. Time travels there as day and nanoseconds of day,
// both exact doubles; pack_time and unpack_time convert to the engine's int64 nanoseconds.
//
// Threads: none of its own; a view is used by the caller's thread while the memory stays in place.
#pragma once

#include <cstddef>
#include <cstdint>

#include "generated/layouts.h"

namespace ndts {

inline constexpr std::int64_t kNsPerDay = 86'400'000'000'000;
// The days whose every nanosecond fits an int64.
inline constexpr double kDayMin = -106751.0;
inline constexpr double kDayMax = 106750.0;

struct TickBatchView {
  double* day;
  double* ns_of_day;
  double* sequence;
  double* price;
  double* volume;
  double* bid;
  double* ask;
  double* bid_volume;
  double* ask_volume;
  std::uint32_t* symbol;
  std::uint32_t* flags;
  std::uint32_t* shard;
  std::uint32_t* epoch;
  std::size_t capacity;
  std::size_t count;

  static constexpr std::size_t lines(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

  // Bytes that a batch of this capacity takes.
  static constexpr std::size_t bytes(std::size_t capacity) {
    std::size_t total = 0;
    for (const std::uint32_t width : kTickBatchWidths) total += lines(width * capacity);
    return total;
  }

  // `memory` holds bytes(capacity) bytes, aligned to 8; count <= capacity.
  static TickBatchView over(std::byte* memory, std::size_t capacity, std::size_t count) {
    TickBatchView view{};
    double** wide[] = {&view.day, &view.ns_of_day,  &view.sequence,  &view.price, &view.volume,
                       &view.bid, &view.ask, &view.bid_volume, &view.ask_volume};
    std::uint32_t** narrow[] = {&view.symbol, &view.flags, &view.shard, &view.epoch};
    static_assert(kTickBatchColumns == 13 && kTickBatchWidths[8] == 8 && kTickBatchWidths[9] == 4);
    for (double** column : wide) {
      *column = reinterpret_cast<double*>(memory);
      memory += lines(8 * capacity);
    }
    for (std::uint32_t** column : narrow) {
      *column = reinterpret_cast<std::uint32_t*>(memory);
      memory += lines(4 * capacity);
    }
    view.capacity = capacity;
    view.count = count;
    return view;
  }
};

// True when both are whole and the day fits; NaN is false.
inline bool time_valid(double day, double ns_of_day) {
  if (!(day >= kDayMin && day <= kDayMax && ns_of_day >= 0.0)) return false;
  if (!(ns_of_day < static_cast<double>(kNsPerDay))) return false;
  return static_cast<double>(static_cast<std::int64_t>(day)) == day &&
         static_cast<double>(static_cast<std::int64_t>(ns_of_day)) == ns_of_day;
}

inline std::int64_t pack_time(double day, double ns_of_day) {
  return static_cast<std::int64_t>(day) * kNsPerDay + static_cast<std::int64_t>(ns_of_day);
}

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
