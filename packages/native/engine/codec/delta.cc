#include "codec/delta.h"

#include <algorithm>

namespace ndts::codec {

std::size_t reach_of(FrameTransform transform) {
  switch (transform) {
    case FrameTransform::kReference:
      return 0;
    case FrameTransform::kDelta1:
      return 1;
    case FrameTransform::kDelta4:
      return 4;
    case FrameTransform::kDelta8:
      return 8;
    case FrameTransform::kDeltaOfDelta:
      return 2;
  }
  return 0;
}

DeltaStart delta_start(FrameTransform transform, std::span<const std::uint64_t> values,
                       std::uint64_t typical) {
  if (values.empty() || transform == FrameTransform::kReference) return {};
  if (transform != FrameTransform::kDeltaOfDelta) return {values[0] - typical, 0};
  const std::uint64_t slope = values.size() > 1 ? values[1] - values[0] : 0;
  return {values[0] - slope - typical, slope};
}

void take_deltas(FrameTransform transform, const DeltaStart& start,
                 std::span<const std::uint64_t> values, std::uint64_t* residuals) {
  const std::uint64_t* value = values.data();
  const std::size_t count = values.size();
  const std::size_t reach = std::min(reach_of(transform), count);
  if (transform == FrameTransform::kDeltaOfDelta) {
    std::uint64_t before = start.base;
    std::uint64_t slope = start.slope;
    for (std::size_t i = 0; i < reach; ++i) {
      residuals[i] = value[i] - before - slope;
      slope = value[i] - before;
      before = value[i];
    }
  } else {
    for (std::size_t i = 0; i < reach; ++i) residuals[i] = value[i] - start.base;
  }
  const auto rest = [&]<FrameTransform kTransform>() {
    for (std::size_t i = reach; i < count; ++i) residuals[i] = delta_at(kTransform, value + i);
  };
  switch (transform) {
    case FrameTransform::kReference:
      return rest.operator()<FrameTransform::kReference>();
    case FrameTransform::kDelta1:
      return rest.operator()<FrameTransform::kDelta1>();
    case FrameTransform::kDelta4:
      return rest.operator()<FrameTransform::kDelta4>();
    case FrameTransform::kDelta8:
      return rest.operator()<FrameTransform::kDelta8>();
    case FrameTransform::kDeltaOfDelta:
      return rest.operator()<FrameTransform::kDeltaOfDelta>();
  }
}

}  // namespace ndts::codec
