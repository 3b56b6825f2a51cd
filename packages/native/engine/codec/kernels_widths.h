// What counts widths and looks at samples, for the table of every instruction set: compiled in
// each file of one, with its own instruction for leading zeros. Included by kernels.cc and, after
// the target is set, by kernels_loop.h, and by nothing else. Nothing of std is called here: what
// files share must not be made of one file's instructions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/kernels.h"

namespace ndts::codec {
namespace {

constexpr std::size_t kGuessRuns = 8;
constexpr std::size_t kGuessRun = 8;
constexpr std::size_t kGuessValues = kGuessRuns * kGuessRun;
// What a residual that is too wide costs more than the others, about.
constexpr std::size_t kPatchBits = 56;

// Counts how many values need each width; `Count` holds the number of values. Counted are leading
// zeros, by `Bits::zeros(value)`. Neighbours mostly have as many and would wait for each other's
// count, so there are eight or four of each, those of four side by side for one load.
template <typename Bits, typename Count>
class WidthCounter {
 public:
  static constexpr std::size_t kParts = sizeof(Count) == 1 ? 4 : 8;

  // No value is wider.
  explicit WidthCounter(unsigned widest) {
    for (auto& group : groups_)
      for (std::size_t zeros = 64 - widest; zeros <= 64; ++zeros)
        __builtin_memset(group[zeros], 0, sizeof(group[zeros]));
  }
  void add(const std::uint64_t* values, std::size_t count, std::uint64_t step) {
    std::size_t i = 0;
    for (; i + kParts <= count; i += kParts) {
#pragma GCC unroll 8
      for (std::size_t part = 0; part < kParts; ++part)
        ++groups_[part / 4][Bits::zeros(values[i + part] - step)][part % 4];
    }
    for (; i < count; ++i) ++groups_[0][Bits::zeros(values[i] - step)][0];
  }
  [[nodiscard]] unsigned of(unsigned width) const {
    unsigned sum = 0;
    for (const auto& group : groups_)
      for (const Count count : group[64 - width]) sum += count;
    return sum;
  }

 private:
  Count groups_[kParts / 4][65][4];
};

template <typename Bits>
void widths(const std::uint64_t* values, std::size_t count, std::uint64_t step,
            unsigned widest, WidthCounts* counts) {
  WidthCounter<Bits, std::uint16_t> counter(widest);
  counter.add(values, count, step);
  for (unsigned width = 0; width <= widest; ++width)
    (*counts)[width] = static_cast<std::uint16_t>(counter.of(width));
}

template <FrameTransform kTransform>
std::uint64_t delta_at(const std::uint64_t* value) {
  if constexpr (kTransform == FrameTransform::kReference)
    return value[0];
  else if constexpr (kTransform == FrameTransform::kDeltaOfDelta)
    return value[0] - 2 * value[-1] + value[-2];
  else
    return value[0] - value[-static_cast<std::ptrdiff_t>(reach_of(kTransform))];
}

inline std::int64_t middle_of(std::int64_t a, std::int64_t b, std::int64_t c) {
  const std::int64_t low = a < b ? a : b;
  const std::int64_t high = a < b ? b : a;
  return c < low ? low : c > high ? high : c;
}

// The middle of the middles of nine: something typical, and never an outlier alone.
std::uint64_t typical_of(const std::uint64_t* sample, std::size_t taken) {
  const auto at = [&](std::size_t i) {
    return static_cast<std::int64_t>(sample[i * (taken - 1) / 8]);
  };
  return static_cast<std::uint64_t>(middle_of(middle_of(at(0), at(1), at(2)),
                                              middle_of(at(3), at(4), at(5)),
                                              middle_of(at(6), at(7), at(8))));
}

// The least bits of a sample, each value less `step`: as if a vector were made of samples, so that
// its rounding does not hide differences.
struct SampleFit {
  std::size_t bits;
  unsigned width;
};
template <typename Bits>
SampleFit fit_sample(const std::uint64_t* sample, std::size_t taken, std::uint64_t step,
                     unsigned widest) {
  WidthCounter<Bits, std::uint8_t> counter(widest);
  counter.add(sample, taken, step);
  SampleFit best = {taken * widest, widest};
  std::size_t above = 0;
  for (unsigned width = widest; width > 0; --width) {
    above += counter.of(width);
    if (above * kPatchBits >= best.bits) break;
    const std::size_t bits = taken * (width - 1) + above * kPatchBits;
    if (bits <= best.bits) best = {bits, width - 1};
  }
  return best;
}

template <typename Bits>
FrameGuess guess_of(std::uint64_t* sample, std::size_t taken) {
  const auto width_in = [](std::uint64_t value) {
    return static_cast<unsigned>(64 - Bits::zeros(value));
  };
  const std::uint64_t typical = typical_of(sample, taken);
  const IntegerRange range = Bits::range(sample, taken);
  const auto least = static_cast<std::uint64_t>(range.least);
  const unsigned widest = width_in(static_cast<std::uint64_t>(range.greatest) - least);
  const SampleFit up = fit_sample<Bits>(sample, taken, least, widest);
  const unsigned below = width_in(typical - least);
  const unsigned inner = (up.width > below ? up.width : below) + 1;
  const FrameGuess guess = {up.bits, typical, inner > 64 ? 64 : inner};
  if (below < up.width) return guess;
  // Most are far from the least, which may be an outlier.
  const std::uint64_t all = Bits::zigzags(sample, taken, typical);
  const SampleFit around = fit_sample<Bits>(sample, taken, 0, width_in(all));
  return around.bits < up.bits ? FrameGuess{around.bits, typical, around.width} : guess;
}

// `take_run(from, to, count)` writes the residuals of `count` values.
template <typename Bits, typename TakeRun>
FrameGuess guess_runs(const std::uint64_t* values, std::size_t count, std::size_t reach,
                      TakeRun take_run) {
  std::uint64_t sample[kGuessValues];
  const std::size_t usable = count - reach;
  const std::size_t even = (usable + kGuessRuns - 1) / kGuessRuns;
  const std::size_t run = even < kGuessRun ? even : kGuessRun;
  for (std::size_t i = 0; i < kGuessRuns; ++i)
    take_run(values + reach + i * (usable - run) / (kGuessRuns - 1), sample + i * run, run);
  return guess_of<Bits>(sample, kGuessRuns * run);
}

// Calls `use.operator()<transform>()`.
template <typename Use>
auto with_transform(FrameTransform transform, Use use) {
  switch (transform) {
    case FrameTransform::kDelta1:
      return use.template operator()<FrameTransform::kDelta1>();
    case FrameTransform::kDelta4:
      return use.template operator()<FrameTransform::kDelta4>();
    case FrameTransform::kDelta8:
      return use.template operator()<FrameTransform::kDelta8>();
    case FrameTransform::kDeltaOfDelta:
      return use.template operator()<FrameTransform::kDeltaOfDelta>();
    case FrameTransform::kReference:
      break;
  }
  return use.template operator()<FrameTransform::kReference>();
}

}  // namespace
}  // namespace ndts::codec
