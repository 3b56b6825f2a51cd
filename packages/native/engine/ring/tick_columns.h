// The columns of a TickBatch as typed pointers into the one buffer JavaScript allocated.
//
// A view: it owns nothing and is made anew for every call. Column order and widths come from the
// schema; every column starts on a 64-byte line, as createTickBatch lays them out.
#pragma once

#include <cstddef>
#include <cstdint>

#include "generated/layouts.h"

namespace ndts {

inline constexpr std::int64_t kNsPerDay = 86'400'000'000'000;

// Days whose every nanosecond fits an int64 since 1970.
inline constexpr double kDayMin = -106'751;
inline constexpr double kDayMax = 106'750;

struct TickColumns {
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

  // Bytes of a column of `capacity` values of this width, up to the next column.
  [[nodiscard]] static constexpr std::size_t column_bytes(std::size_t capacity,
                                                          std::uint32_t width) {
    return (capacity * width + 63) / 64 * 64;
  }

  // Bytes of a whole batch; a caller checks its buffer against this before make().
  [[nodiscard]] static constexpr std::size_t batch_bytes(std::size_t capacity) {
    std::size_t bytes = 0;
    for (const std::uint32_t width : kTickBatchWidths) bytes += column_bytes(capacity, width);
    return bytes;
  }

  [[nodiscard]] static TickColumns make(void* buffer, std::size_t capacity) {
    std::byte* columns[kTickBatchColumns];
    auto* next = static_cast<std::byte*>(buffer);
    for (std::uint32_t i = 0; i < kTickBatchColumns; ++i) {
      columns[i] = next;
      next += column_bytes(capacity, kTickBatchWidths[i]);
    }
    const auto wide = [&columns](TickBatchColumn column) {
      return reinterpret_cast<double*>(columns[static_cast<std::uint32_t>(column)]);
    };
    const auto narrow = [&columns](TickBatchColumn column) {
      return reinterpret_cast<std::uint32_t*>(columns[static_cast<std::uint32_t>(column)]);
    };
    return {
        .day = wide(TickBatchColumn::kDay),
        .ns_of_day = wide(TickBatchColumn::kNsOfDay),
        .sequence = wide(TickBatchColumn::kSequence),
        .price = wide(TickBatchColumn::kPrice),
        .volume = wide(TickBatchColumn::kVolume),
        .bid = wide(TickBatchColumn::kBid),
        .ask = wide(TickBatchColumn::kAsk),
        .bid_volume = wide(TickBatchColumn::kBidVolume),
        .ask_volume = wide(TickBatchColumn::kAskVolume),
        .symbol = narrow(TickBatchColumn::kSymbol),
        .flags = narrow(TickBatchColumn::kFlags),
        .shard = narrow(TickBatchColumn::kShard),
        .epoch = narrow(TickBatchColumn::kEpoch),
    };
  }

  // Calls f with every column, for work that treats all alike (moving rows).
  template <typename F>
  void each(F&& f) const {
    f(day), f(ns_of_day), f(sequence), f(price), f(volume), f(bid), f(ask);
    f(bid_volume), f(ask_volume), f(symbol), f(flags), f(shard), f(epoch);
  }
};

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
