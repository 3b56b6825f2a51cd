#include "codec/kernels.h"

#include <bit>
#include <cstring>

#include "base/bytes.h"
#include "codec/kernels_simd.h"
#include "codec/kernels_widths.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace ndts::codec {
namespace {

std::uint64_t mask_of(unsigned width) { return width == 0 ? 0 : ~std::uint64_t{0} >> (64 - width); }

// The packed value at (row, lane).
std::uint64_t packed_at(const std::byte* packed, unsigned width, std::size_t row,
                        std::size_t lane) {
  if (width == 0) return 0;
  const std::size_t bit = row * width;
  const std::size_t word = bit / 64;
  const unsigned shift = bit % 64;
  const auto word_at = [&](std::size_t k) {
    return load<std::uint64_t>(packed + (k * kLanes + lane) * sizeof(std::uint64_t));
  };
  std::uint64_t value = word_at(word) >> shift;
  if (shift + width > 64) value |= word_at(word + 1) << (64 - shift);
  return value & mask_of(width);
}

void pack(const std::uint64_t* values, std::size_t rows, std::uint64_t step, unsigned width,
          std::byte* out) {
  if (width == 0) return;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    std::uint64_t word = 0;
    unsigned used = 0;
    std::byte* to = out + lane * sizeof(word);
    for (std::size_t row = 0; row < rows; ++row) {
      const std::uint64_t value = (values[row * kLanes + lane] - step) & mask_of(width);
      word |= value << used;
      used += width;
      if (used < 64) continue;
      store(to, word);
      to += kLanes * sizeof(word);
      used -= 64;
      word = used == 0 ? 0 : value >> (width - used);
    }
    if (used > 0) store(to, word);
  }
}

void unpack(const std::byte* packed, std::size_t rows, unsigned width, std::uint64_t* out) {
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t lane = 0; lane < kLanes; ++lane)
      out[row * kLanes + lane] = packed_at(packed, width, row, lane);
}

// Hands every restored integer to `sink`, in order.
template <typename Sink>
void restore(const FrameRun& run, Sink sink) {
  std::uint64_t before[8];
  for (std::uint64_t& value : before) value = run.base;
  std::uint64_t slope = run.slope;
  for (std::size_t i = 0; i < run.rows * kLanes; ++i) {
    const std::uint64_t packed = run.unpacked != nullptr
                                     ? run.unpacked[i]
                                     : packed_at(run.packed, run.width, i / kLanes, i % kLanes);
    const std::uint64_t residual = packed + run.step;
    switch (run.transform) {
      case FrameTransform::kReference:
        sink(i, run.base + residual);
        break;
      case FrameTransform::kDelta1:
        sink(i, before[0] += residual);
        break;
      case FrameTransform::kDelta4:
        sink(i, before[i % 4] += residual);
        break;
      case FrameTransform::kDelta8:
        sink(i, before[i % 8] += residual);
        break;
      case FrameTransform::kDeltaOfDelta:
        slope += residual;
        sink(i, before[0] += slope);
        break;
    }
  }
}

void frame_i64(const FrameRun& run, const FrameScale& scale, std::int64_t* out) {
  restore(run, [&](std::size_t i, std::uint64_t value) {
    out[i] = static_cast<std::int64_t>(value * scale.scale + scale.offset);
  });
}

void frame_f64(const FrameRun& run, const FrameScale& scale, double* out) {
  restore(run, [&](std::size_t i, std::uint64_t value) {
    const std::uint64_t bits = value * scale.scale + scale.offset + kRoundingBits;
    out[i] = (std::bit_cast<double>(bits) - kRoundingShift) / scale.divisor;
  });
}

std::uint64_t frame_sum(const FrameRun& run) {
  std::uint64_t sum = 0;
  restore(run, [&](std::size_t, std::uint64_t value) { sum += value; });
  return sum;
}

void front_bits(const FrontBitsRun& run, double* out) {
  for (std::size_t row = 0; row < run.rows; ++row)
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const std::uint64_t code = packed_at(run.codes, run.code_bits, row, lane);
      const std::uint64_t right = packed_at(run.right, run.right_bits, row, lane);
      out[row * kLanes + lane] = std::bit_cast<double>(run.front[code % 8] | right);
    }
}

std::size_t decimal(const double* values, std::size_t count, double power,
                    std::int64_t* integers, std::uint16_t* exceptions) {
  std::size_t found = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double scaled = values[i] * power;
    const double shifted = scaled + kRoundingShift;
    const double whole = shifted - kRoundingShift;
    const bool same = std::bit_cast<std::uint64_t>(whole / power) ==
                      std::bit_cast<std::uint64_t>(values[i]);
    const bool fits = scaled >= -kIntegerMax && scaled <= kIntegerMax;
    integers[i] = 0;
    if (same && fits)
      integers[i] = static_cast<std::int64_t>(std::bit_cast<std::uint64_t>(shifted) -
                                              kRoundingBits);
    else
      exceptions[found++] = static_cast<std::uint16_t>(i);
  }
  return found;
}

struct PlainBits {
  static std::size_t zeros(std::uint64_t value) {
    return static_cast<std::size_t>(std::countl_zero(value));
  }
  static IntegerRange range(const std::uint64_t* values, std::size_t count) {
    IntegerRange range = kNoRange;
    for (std::size_t i = 0; i < count; ++i) range.include(static_cast<std::int64_t>(values[i]));
    return range;
  }
  // Writes zigzag(value - from) over the values; returns all of them, or'ed.
  static std::uint64_t zigzags(std::uint64_t* values, std::size_t count, std::uint64_t from) {
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < count; ++i) all |= values[i] = zigzag(values[i] - from);
    return all;
  }
};

IntegerRange residuals(FrameTransform transform, const std::uint64_t* values, std::size_t count,
                       std::uint64_t* out) {
  IntegerRange range = kNoRange;
  with_transform(transform, [&]<FrameTransform kTransform>() {
    for (std::size_t i = reach_of(kTransform); i < count; ++i) {
      const std::uint64_t residual = delta_at<kTransform>(values + i);
      if constexpr (kTransform != FrameTransform::kReference) out[i] = residual;
      range.include(static_cast<std::int64_t>(residual));
    }
  });
  return range;
}

FrameGuess guess(FrameTransform transform, const std::uint64_t* values, std::size_t count) {
  return with_transform(transform, [&]<FrameTransform kTransform>() {
    const auto take_run = [](const std::uint64_t* from, std::uint64_t* to, std::size_t run) {
      for (std::size_t i = 0; i < run; ++i) to[i] = delta_at<kTransform>(from + i);
    };
    return guess_runs<PlainBits>(values, count, reach_of(kTransform), take_run);
  });
}

std::size_t above(const std::uint64_t* values, std::size_t count, std::uint64_t step,
                  std::uint64_t limit, std::uint16_t* places) {
  std::size_t found = 0;
  for (std::size_t i = 0; i < count; ++i)
    if (values[i] - step > limit) places[found++] = static_cast<std::uint16_t>(i);
  return found;
}

bool divide(const std::int64_t* values, std::size_t count, const ExactDivision& by,
            std::int64_t* out) {
  bool whole = true;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t distance = static_cast<std::uint64_t>(values[i]) - by.least;
    const std::uint64_t quotient =
        std::rotr(distance * by.odd_inverse, static_cast<int>(by.twos));
    whole &= quotient <= by.greatest;
    out[i] = static_cast<std::int64_t>(by.first + quotient);
  }
  return whole;
}

}  // namespace

const Kernels& scalar_kernels() {
  static constexpr Kernels kTable{"scalar",  pack,       unpack,  frame_i64, frame_f64,
                                  frame_sum, front_bits, decimal, residuals, guess,
                                  widths<PlainBits>, above, divide};
  return kTable;
}

#if defined(__x86_64__)
namespace {

// Beside AVX2 the table counts leading zeros, which a processor without it takes for something
// else, silently.
bool has_lzcnt() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return __get_cpuid(0x80000001, &a, &b, &c, &d) != 0 && (c & bit_LZCNT) != 0;
}

}  // namespace
#endif

const Kernels* avx2_kernels() {
#if defined(__x86_64__)
  static const bool has = __builtin_cpu_supports("avx2") != 0 && has_lzcnt();
  return has ? &compiled_avx2_kernels() : nullptr;
#else
  return nullptr;
#endif
}

const Kernels* avx512_kernels() {
#if defined(__x86_64__)
  static const bool has =
      __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
      avx2_kernels() != nullptr;
  return has ? &compiled_avx512_kernels() : nullptr;
#else
  return nullptr;
#endif
}

const Kernels& best_kernels() {
  static const Kernels& best = avx512_kernels() != nullptr ? *avx512_kernels()
                               : avx2_kernels() != nullptr ? *avx2_kernels()
                                                           : scalar_kernels();
  return best;
}

}  // namespace ndts::codec
