#include "codec/frame_plan.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "codec/patches.h"

namespace ndts::codec {
namespace {

constexpr std::array<FrameTransform, 5> kTransforms = {
    FrameTransform::kReference, FrameTransform::kDelta8, FrameTransform::kDelta4,
    FrameTransform::kDelta1, FrameTransform::kDeltaOfDelta};  // by speed
constexpr std::size_t kTryAllUpTo = 64;  // values: a sample of so few says little
constexpr std::size_t kLittleBits = 64;  // of a sample: about one patch

// The width with the least bytes for all values, those above it patched.
struct Cheapest {
  unsigned width = 64;
  std::size_t above = 0;
  unsigned bytes_log = 0;
  std::size_t bytes = std::numeric_limits<std::size_t>::max();
};
Cheapest cheapest_width(const WidthCounts& counts, unsigned widest, std::size_t count) {
  while (widest > 0 && counts[widest] == 0) --widest;
  Cheapest best = {widest, 0, 0, packed_bytes(count, widest)};
  std::size_t above = 0;
  for (unsigned width = widest; width > 0;) {
    above += counts[width--];
    // Narrower ones have more patches still.
    if (patches_bytes(above, 0) >= best.bytes) break;
    const unsigned log = patch_bytes_log(widest - width);
    const std::size_t bytes = packed_bytes(count, width) + patches_bytes(above, log);
    if (bytes < best.bytes) best = {width, above, log, bytes};
  }
  return best;
}

void consider_step(const Kernels& kernels, std::int64_t step, const IntegerRange& range,
                   std::size_t count, FramePlan* plan) {
  if (plan->transform == FrameTransform::kDeltaOfDelta)
    step = std::clamp<std::int64_t>(step, std::numeric_limits<std::int32_t>::min(),
                                    std::numeric_limits<std::int32_t>::max());
  // Those below the step are as wide as can be.
  const unsigned widest = step > range.least ? 64 : width_of(static_cast<std::uint64_t>(range.greatest) -
                                                   static_cast<std::uint64_t>(step));
  WidthCounts counts;
  kernels.widths(plan->residuals, count, static_cast<std::uint64_t>(step), widest, &counts);
  const Cheapest cheapest = cheapest_width(counts, widest, count);
  if (cheapest.bytes >= plan->bytes) return;
  plan->step = static_cast<std::uint64_t>(step);
  plan->width = cheapest.width;
  plan->patches = cheapest.above;
  plan->patch_bytes_log = cheapest.bytes_log;
  plan->bytes = cheapest.bytes;
}

// The least residual that is not far from the typical one.
std::int64_t least_inner(const FramePlan& plan, std::size_t count, const FrameGuess& guess) {
  auto least = std::numeric_limits<std::int64_t>::max();
  const std::uint64_t limit = low_bits(guess.width);
  for (std::size_t i = 0; i < count; ++i)
    if (zigzag(plan.residuals[i] - guess.typical) <= limit)
      least = std::min(least, static_cast<std::int64_t>(plan.residuals[i]));
  return least;
}

FramePlan make_plan(const Kernels& kernels, FrameTransform transform, const FrameGuess& guess,
                    std::span<const std::uint64_t> values, std::uint64_t* words) {
  const std::size_t count = values.size();
  FramePlan plan;
  plan.transform = transform;
  plan.residuals = transform == FrameTransform::kReference ? values.data() : words;
  IntegerRange range = kernels.residuals(transform, values.data(), count, words);
  plan.start = delta_start(transform, values, guess.typical);
  const std::size_t first = take_first_deltas(transform, plan.start, values, words);
  for (std::size_t i = 0; i < first; ++i) range.include(static_cast<std::int64_t>(words[i]));

  consider_step(kernels, range.least, range, count, &plan);
  const std::uint64_t below = static_cast<std::uint64_t>(range.least) - guess.typical;
  if (zigzag(below) > low_bits(guess.width))
    consider_step(kernels, least_inner(plan, count, guess), range, count, &plan);
  return plan;
}

// Smaller; the one that is slower to restore must be so by more than 1 in 64.
bool is_better(const FramePlan& a, const FramePlan& b) {
  const auto cost = [](const FramePlan& plan) {
    const bool has_slope = plan.transform == FrameTransform::kDeltaOfDelta;
    return plan.bytes + (has_slope ? sizeof(std::uint64_t) : 0);
  };
  const auto place = [](const FramePlan& plan) {
    return std::find(kTransforms.begin(), kTransforms.end(), plan.transform);
  };
  if (place(a) < place(b)) return cost(a) * 63 <= cost(b) * 64;
  return cost(a) * 64 < cost(b) * 63;
}

struct Candidate {
  FrameTransform transform;
  FrameGuess guess;
};

// Those that may be the best, the most promising first; returns how many: the second when it is
// within a 32nd.
std::size_t list_candidates(const Kernels& kernels, std::span<const std::uint64_t> values,
                            std::array<Candidate, kTransforms.size()>* candidates) {
  std::size_t listed = 0;
  for (const FrameTransform transform : kTransforms) {
    if (values.size() <= reach_of(transform)) continue;
    const Candidate one = {transform, kernels.guess(transform, values.data(), values.size())};
    std::size_t at = listed++;
    for (; at > 0 && (*candidates)[at - 1].guess.bits > one.guess.bits; --at)
      (*candidates)[at] = (*candidates)[at - 1];
    (*candidates)[at] = one;
  }
  if (values.size() <= kTryAllUpTo) return listed;
  const std::size_t bits = (*candidates)[0].guess.bits;
  if (bits < kLittleBits) {
    // What breaks the rule now and then does so once per break in delta 1, more often in others.
    const auto second = std::find_if(candidates->begin() + 1, candidates->begin() + listed,
                                     [](const Candidate& one) {
                                       return one.transform == FrameTransform::kDelta1;
                                     });
    if (second != candidates->begin() + listed) std::swap((*candidates)[1], *second);
  }
  const std::size_t second_bits = (*candidates)[1].guess.bits;
  return second_bits < kLittleBits || second_bits * 32 <= bits * 33 ? 2 : 1;
}

}  // namespace

FramePlan plan_with(const Kernels& kernels, FrameTransform transform,
                    std::span<const std::uint64_t> values, VectorWords words) {
  FrameGuess guess;
  if (values.size() > reach_of(transform))
    guess = kernels.guess(transform, values.data(), values.size());
  return make_plan(kernels, transform, guess, values, words);
}

FramePlan plan_frame(const Kernels& kernels, std::span<const std::uint64_t> values,
                     FrameRoom* room) {
  std::array<Candidate, kTransforms.size()> candidates;
  const std::size_t count = list_candidates(kernels, values, &candidates);
  FramePlan best;
  std::size_t next = 0;
  for (std::size_t i = 0; i < count && (i == 0 || best.bytes > 0); ++i) {
    const Candidate& one = candidates[i];
    const FramePlan plan =
        make_plan(kernels, one.transform, one.guess, values, room->words[next]);
    if (i > 0 && !is_better(plan, best)) continue;
    best = plan;
    next = 1 - next;
  }
  return best;
}

}  // namespace ndts::codec
