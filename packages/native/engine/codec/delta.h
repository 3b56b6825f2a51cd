// Where the differences of a vector of integers begin. The differences themselves, and the way
// back, are in the kernels.
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

// The start that makes the first differences look like `typical`, one of the later ones.
[[nodiscard]] DeltaStart delta_start(FrameTransform transform,
                                     std::span<const std::uint64_t> values,
                                     std::uint64_t typical);

// The residuals of the values that a transform would reach back from beyond the first: as many as
// reach_of(), or all. Returns how many.
std::size_t take_first_deltas(FrameTransform transform, const DeltaStart& start,
                              std::span<const std::uint64_t> values, std::uint64_t* residuals);

}  // namespace ndts::codec
