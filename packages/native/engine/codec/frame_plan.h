// How a frame vector is best stored: the transform, the step, the width and how many patches.
//
// A few transforms are worked out, those that a sample of the vector speaks for. Working one out
// takes its residuals once and counts the width of each once, so the plan's size is exact.
//
// Threads: any. Memory: none is allocated; a plan points into the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "codec/bit_pack.h"
#include "codec/delta.h"
#include "codec/kernels.h"

namespace ndts::codec {

// One way to store a vector, and what it takes beside the FrameVector.
struct FramePlan {
  FrameTransform transform = FrameTransform::kReference;
  DeltaStart start;
  const std::uint64_t* residuals = nullptr;  // before the step is subtracted
  std::uint64_t step = 0;
  unsigned width = 64;
  std::size_t patches = 0;
  unsigned patch_bytes_log = 0;
  std::size_t bytes = std::numeric_limits<std::size_t>::max();
};

// Where the residuals of two plans are: the best so far and the one that is worked out.
struct FrameRoom {
  VectorWords words[2];
};

// The plan with a given transform, of 1 to 1024 values; its residuals are the values themselves or
// in `words`.
[[nodiscard]] FramePlan plan_with(const Kernels& kernels, FrameTransform transform,
                                  std::span<const std::uint64_t> values, VectorWords words);

// The best plan.
[[nodiscard]] FramePlan plan_frame(const Kernels& kernels, std::span<const std::uint64_t> values,
                                   FrameRoom* room);

}  // namespace ndts::codec
