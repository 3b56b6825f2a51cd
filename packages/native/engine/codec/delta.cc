#include "codec/delta.h"

#include <algorithm>

namespace ndts::codec {

DeltaStart delta_start(FrameTransform transform, std::span<const std::uint64_t> values,
                       std::uint64_t typical) {
  if (values.empty() || transform == FrameTransform::kReference) return {};
  if (transform != FrameTransform::kDeltaOfDelta) return {values[0] - typical, 0};
  const std::uint64_t slope = values.size() > 1 ? values[1] - values[0] : 0;
  return {values[0] - slope - typical, slope};
}

std::size_t take_first_deltas(FrameTransform transform, const DeltaStart& start,
                              std::span<const std::uint64_t> values, std::uint64_t* residuals) {
  const std::size_t first = std::min(reach_of(transform), values.size());
  if (transform != FrameTransform::kDeltaOfDelta) {
    for (std::size_t i = 0; i < first; ++i) residuals[i] = values[i] - start.base;
    return first;
  }
  std::uint64_t before = start.base;
  std::uint64_t slope = start.slope;
  for (std::size_t i = 0; i < first; ++i) {
    residuals[i] = values[i] - before - slope;
    slope = values[i] - before;
    before = values[i];
  }
  return first;
}

}  // namespace ndts::codec
