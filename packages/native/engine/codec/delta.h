// Differences of a vector of integers: the way there. The way back is in the kernels.
//
// Modulo 2^64, so that every int64 sequence has differences and comes back exactly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/kernels.h"

namespace ndts::codec {

// What stands before the first value (see FrameRun).
struct DeltaStart {
  std::uint64_t base = 0;
  std::uint64_t slope = 0;  // delta of delta only
};

// How far back a difference looks: 0 for the reference, 1, 4, 8; 2 for delta of delta.
[[nodiscard]] std::size_t reach_of(FrameTransform transform);

// The start that makes the first differences look like `typical`, one of the later ones.
[[nodiscard]] DeltaStart delta_start(FrameTransform transform,
                                     std::span<const std::uint64_t> values,
                                     std::uint64_t typical);

// residuals[i] of every value, from the start on; as many as there are values.
void take_deltas(FrameTransform transform, const DeltaStart& start,
                 std::span<const std::uint64_t> values, std::uint64_t* residuals);

// The residual at one place at least reach_of(transform) from the first.
[[nodiscard]] inline std::uint64_t delta_at(FrameTransform transform, const std::uint64_t* value) {
  switch (transform) {
    case FrameTransform::kReference:
      return value[0];
    case FrameTransform::kDelta1:
      return value[0] - value[-1];
    case FrameTransform::kDelta4:
      return value[0] - value[-4];
    case FrameTransform::kDelta8:
      return value[0] - value[-8];
    case FrameTransform::kDeltaOfDelta:
      return value[0] - 2 * value[-1] + value[-2];
  }
  return 0;
}

}  // namespace ndts::codec
