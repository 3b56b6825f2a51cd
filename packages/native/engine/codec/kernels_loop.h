// The SIMD loops of the codecs over a set of lanes `L`: 4 or 8 values of 64 bits in a register.
// Included by the file of each instruction set, after its target is set, and by nothing else.
//
// L has: leading_zeros (of a word); kWidth, Vector, Count (of a shift); load, store, all, count_of, shift_right, shift_left,
// add, subtract (of 64 bits), multiply_low, bit_and, bit_or, bit_xor; least, greatest (signed); above (a bit
// for every lane where a is above b, unsigned); prefix (inclusive sum over the lanes), last (the highest lane in all of them); whole (integers to doubles, see kRoundingBits),
// divide, store_double; choose (one of 8 by the lowest three bits).
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/kernels.h"
#include "codec/kernels_widths.h"

namespace ndts::codec {
namespace {

alignas(64) constexpr std::uint64_t kZeroRow[kLanes] = {};

template <typename L>
constexpr std::size_t kRegisters = kLanes / L::kWidth;  // per row

template <typename L>
[[gnu::always_inline]] inline typename L::Vector load(const std::uint64_t* values) {
  return L::load(reinterpret_cast<const std::byte*>(values));
}
template <typename L>
[[gnu::always_inline]] inline void store(std::uint64_t* values, typename L::Vector vector) {
  L::store(reinterpret_cast<std::byte*>(values), vector);
}

// Reads packed rows one after the other. The word behind a lane's last one is never read.
template <typename L>
class PackedRows {
 public:
  using Vector = typename L::Vector;

  PackedRows(const std::byte* packed, std::size_t rows, unsigned width)
      : packed_(width == 0 ? reinterpret_cast<const std::byte*>(kZeroRow) : packed),
        width_(width),
        last_(width == 0 ? 0 : (rows * width + 63) / 64 - 1),
        mask_(L::all(width == 0 ? 0 : ~std::uint64_t{0} >> (64 - width))) {}

  void begin(std::size_t row) {
    const std::size_t bit = row * width_;
    const std::size_t word = bit / 64;
    const unsigned shift = bit % 64;
    low_ = packed_ + word * kLanes * 8;
    // Where the value does not cross into the next word, what this adds is masked away.
    high_ = packed_ + (word < last_ ? word + 1 : last_) * kLanes * 8;
    right_ = L::count_of(shift);
    left_ = L::count_of(64 - shift);
  }
  [[gnu::always_inline]] Vector get(std::size_t j) const {
    const Vector low = L::shift_right(L::load(low_ + j * sizeof(Vector)), right_);
    const Vector high = L::shift_left(L::load(high_ + j * sizeof(Vector)), left_);
    return L::bit_and(L::bit_or(low, high), mask_);
  }

 private:
  const std::byte* packed_;
  std::size_t width_;
  std::size_t last_;
  Vector mask_;
  const std::byte* low_ = nullptr;
  const std::byte* high_ = nullptr;
  typename L::Count right_{};
  typename L::Count left_{};
};

template <typename L>
class UnpackedRows {
 public:
  explicit UnpackedRows(const std::uint64_t* values) : values_(values) {}
  void begin(std::size_t row) { at_ = values_ + row * kLanes; }
  [[gnu::always_inline]] typename L::Vector get(std::size_t j) const {
    return L::load(reinterpret_cast<const std::byte*>(at_ + j * L::kWidth));
  }

 private:
  const std::uint64_t* values_;
  const std::uint64_t* at_ = nullptr;
};

// From packed values to integers. apply() takes the registers in order; j is the place in the row.
template <typename L, FrameTransform kTransform>
class Restore {
 public:
  using Vector = typename L::Vector;

  explicit Restore(const FrameRun& run)
      : step_(L::all(run.step)), slope_(L::all(run.slope)) {
    for (Vector& carry : carry_) carry = L::all(run.base);
    if constexpr (kTransform == FrameTransform::kReference) step_ = L::all(run.step + run.base);
  }
  [[gnu::always_inline]] Vector apply(Vector packed, std::size_t j) {
    const Vector residual = L::add(packed, step_);
    if constexpr (kTransform == FrameTransform::kReference) {
      return residual;
    } else if constexpr (kTransform == FrameTransform::kDelta1) {
      return accumulate(L::prefix(residual));
    } else if constexpr (kTransform == FrameTransform::kDelta4) {
      if constexpr (L::kWidth == 4) return carry_[0] = L::add(carry_[0], residual);
      const Vector sums = L::prefix4(residual);
      const Vector value = L::add(carry_[0], sums);
      carry_[0] = L::add(carry_[0], L::last4(sums));
      return value;
    } else if constexpr (kTransform == FrameTransform::kDelta8) {
      Vector& carry = carry_[L::kWidth == 4 ? j % 2 : 0];
      return carry = L::add(carry, residual);
    } else {
      const Vector sums = L::prefix(residual);
      const Vector slopes = L::add(slope_, sums);
      slope_ = L::add(slope_, L::last(sums));
      return accumulate(L::prefix(slopes));
    }
  }

 private:
  [[gnu::always_inline]] Vector accumulate(Vector sums) {
    const Vector value = L::add(carry_[0], sums);
    carry_[0] = L::add(carry_[0], L::last(sums));
    return value;
  }

  Vector step_;
  Vector slope_;
  Vector carry_[2];
};

template <typename L, typename Rows, typename Restorer, typename Sink>
void run_rows(Rows rows, Restorer restore, Sink& sink, std::size_t count) {
  for (std::size_t row = 0; row < count; ++row) {
    rows.begin(row);
#pragma GCC unroll 4
    for (std::size_t j = 0; j < kRegisters<L>; ++j)
      sink.put(row * kLanes + j * L::kWidth, restore.apply(rows.get(j), j));
  }
}

template <typename L, FrameTransform kTransform, typename Sink>
void run_transform(const FrameRun& run, Sink& sink) {
  const Restore<L, kTransform> restore(run);
  if (run.unpacked != nullptr)
    run_rows<L>(UnpackedRows<L>(run.unpacked), restore, sink, run.rows);
  else
    run_rows<L>(PackedRows<L>(run.packed, run.rows, run.width), restore, sink, run.rows);
}

template <typename L, typename Sink>
void run_frame(const FrameRun& run, Sink& sink) {
  switch (run.transform) {
    case FrameTransform::kReference:
      return run_transform<L, FrameTransform::kReference>(run, sink);
    case FrameTransform::kDelta1:
      return run_transform<L, FrameTransform::kDelta1>(run, sink);
    case FrameTransform::kDelta4:
      return run_transform<L, FrameTransform::kDelta4>(run, sink);
    case FrameTransform::kDelta8:
      return run_transform<L, FrameTransform::kDelta8>(run, sink);
    case FrameTransform::kDeltaOfDelta:
      return run_transform<L, FrameTransform::kDeltaOfDelta>(run, sink);
  }
}

template <typename L, bool kScaled>
struct IntegerSink {
  std::int64_t* out;
  typename L::Vector scale;
  typename L::Vector offset;

  [[gnu::always_inline]] void put(std::size_t at, typename L::Vector value) {
    if constexpr (kScaled) value = L::add(L::multiply_low(value, scale), offset);
    L::store(reinterpret_cast<std::byte*>(out + at), value);
  }
};

template <typename L, bool kScaled, bool kDivided>
struct DoubleSink {
  double* out;
  typename L::Vector scale;
  typename L::Vector offset;
  typename L::Doubles divisor;

  [[gnu::always_inline]] void put(std::size_t at, typename L::Vector value) {
    if constexpr (kScaled) value = L::add(L::multiply_low(value, scale), offset);
    typename L::Doubles number = L::whole(value);
    if constexpr (kDivided) number = L::divide(number, divisor);
    L::store_doubles(out + at, number);
  }
};

template <typename L>
struct SumSink {
  typename L::Vector sum[2];

  [[gnu::always_inline]] void put(std::size_t at, typename L::Vector value) {
    typename L::Vector& part = sum[at / L::kWidth % 2];
    part = L::add(part, value);
  }
};

template <typename L>
void frame_i64(const FrameRun& run, const FrameScale& scale, std::int64_t* out) {
  if (scale.scale == 1 && scale.offset == 0) {
    IntegerSink<L, false> sink{out, {}, {}};
    return run_frame<L>(run, sink);
  }
  IntegerSink<L, true> sink{out, L::all(scale.scale), L::all(scale.offset)};
  run_frame<L>(run, sink);
}

template <typename L, bool kScaled, bool kDivided>
void frame_doubles(const FrameRun& run, const FrameScale& scale, double* out) {
  DoubleSink<L, kScaled, kDivided> sink{out, L::all(scale.scale), L::all(scale.offset),
                                        L::all_doubles(scale.divisor)};
  run_frame<L>(run, sink);
}

template <typename L>
void frame_f64(const FrameRun& run, const FrameScale& scale, double* out) {
  const bool scaled = scale.scale != 1 || scale.offset != 0;
  const bool divided = scale.divisor != 1;
  if (scaled && divided) return frame_doubles<L, true, true>(run, scale, out);
  if (scaled) return frame_doubles<L, true, false>(run, scale, out);
  if (divided) return frame_doubles<L, false, true>(run, scale, out);
  frame_doubles<L, false, false>(run, scale, out);
}

template <typename L>
std::uint64_t frame_sum(const FrameRun& run) {
  SumSink<L> sink{{L::all(0), L::all(0)}};
  run_frame<L>(run, sink);
  std::uint64_t lanes[L::kWidth];
  L::store(reinterpret_cast<std::byte*>(lanes), L::add(sink.sum[0], sink.sum[1]));
  std::uint64_t sum = 0;
  for (const std::uint64_t lane : lanes) sum += lane;
  return sum;
}

template <typename L>
void unpack(const std::byte* packed, std::size_t rows, unsigned width, std::uint64_t* out) {
  PackedRows<L> from(packed, rows, width);
  for (std::size_t row = 0; row < rows; ++row) {
    from.begin(row);
#pragma GCC unroll 4
    for (std::size_t j = 0; j < kRegisters<L>; ++j)
      L::store(reinterpret_cast<std::byte*>(out + row * kLanes + j * L::kWidth), from.get(j));
  }
}

template <typename L>
void pack(const std::uint64_t* values, std::size_t rows, std::uint64_t step, unsigned width,
          std::byte* out) {
  using Vector = typename L::Vector;
  if (width == 0) return;
  const Vector steps = L::all(step);
  const Vector mask = L::all(~std::uint64_t{0} >> (64 - width));
  Vector word[kRegisters<L>];
  for (Vector& one : word) one = L::all(0);
  unsigned used = 0;
  const auto put = [&] {
    for (std::size_t j = 0; j < kRegisters<L>; ++j)
      L::store(out + j * sizeof(Vector), word[j]);
    out += kLanes * sizeof(std::uint64_t);
  };
  for (std::size_t row = 0; row < rows; ++row) {
    Vector value[kRegisters<L>];
    const typename L::Count left = L::count_of(used);
#pragma GCC unroll 4
    for (std::size_t j = 0; j < kRegisters<L>; ++j) {
      value[j] = L::bit_and(L::subtract(load<L>(values + row * kLanes + j * L::kWidth), steps), mask);
      word[j] = L::bit_or(word[j], L::shift_left(value[j], left));
    }
    used += width;
    if (used < 64) continue;
    put();
    used -= 64;
    // A count of 64 (nothing is left over) shifts everything out.
    const typename L::Count right = L::count_of(used == 0 ? 64 : width - used);
#pragma GCC unroll 4
    for (std::size_t j = 0; j < kRegisters<L>; ++j) word[j] = L::shift_right(value[j], right);
  }
  if (used > 0) put();
}

template <typename L>
void front_bits(const FrontBitsRun& run, double* out) {
  PackedRows<L> right(run.right, run.rows, run.right_bits);
  PackedRows<L> codes(run.codes, run.rows, run.code_bits);
  const typename L::Choices front = L::choices(run.front);
  for (std::size_t row = 0; row < run.rows; ++row) {
    right.begin(row);
    codes.begin(row);
#pragma GCC unroll 4
    for (std::size_t j = 0; j < kRegisters<L>; ++j) {
      const typename L::Vector bits = L::bit_or(L::choose(front, codes.get(j)), right.get(j));
      L::store(reinterpret_cast<std::byte*>(out + row * kLanes + j * L::kWidth), bits);
    }
  }
}

template <typename L>
std::size_t decimal(const double* values, std::size_t count, double power,
                    std::int64_t* integers, std::uint16_t* exceptions) {
  std::size_t found = 0;
  std::size_t at = 0;
  for (; at + L::kWidth <= count; at += L::kWidth) {
    unsigned bad = L::decimal(values + at, power, integers + at);
    for (; bad != 0; bad &= bad - 1)
      exceptions[found++] =
          static_cast<std::uint16_t>(at + static_cast<std::size_t>(__builtin_ctz(bad)));
  }
  const std::size_t before = found;
  found += scalar_kernels().decimal(values + at, count - at, power, integers + at,
                                    exceptions + found);
  for (std::size_t i = before; i < found; ++i)
    exceptions[i] = static_cast<std::uint16_t>(exceptions[i] + at);
  return found;
}

// The residuals of as many values as a register has lanes.
template <typename L, FrameTransform kTransform>
[[gnu::always_inline]] inline typename L::Vector deltas_at(const std::uint64_t* value) {
  const typename L::Vector here = load<L>(value);
  if constexpr (kTransform == FrameTransform::kReference) {
    return here;
  } else if constexpr (kTransform == FrameTransform::kDeltaOfDelta) {
    const typename L::Vector before = load<L>(value - 1);
    return L::subtract(L::subtract(here, before), L::subtract(before, load<L>(value - 2)));
  } else {
    return L::subtract(here, load<L>(value - reach_of(kTransform)));
  }
}

template <typename L, FrameTransform kTransform>
IntegerRange residuals_of(const std::uint64_t* values, std::size_t count, std::uint64_t* out) {
  using Vector = typename L::Vector;
  Vector least = L::all(static_cast<std::uint64_t>(kNoRange.least));
  Vector greatest = L::all(static_cast<std::uint64_t>(kNoRange.greatest));
  std::size_t at = reach_of(kTransform);
  for (; at + L::kWidth <= count; at += L::kWidth) {
    const Vector residual = deltas_at<L, kTransform>(values + at);
    if constexpr (kTransform != FrameTransform::kReference) store<L>(out + at, residual);
    least = L::least(least, residual);
    greatest = L::greatest(greatest, residual);
  }
  std::uint64_t lanes[2 * L::kWidth];
  store<L>(lanes, least);
  store<L>(lanes + L::kWidth, greatest);
  IntegerRange range = kNoRange;
  for (std::size_t i = 0; i < L::kWidth; ++i) {
    const auto low = static_cast<std::int64_t>(lanes[i]);
    const auto high = static_cast<std::int64_t>(lanes[i + L::kWidth]);
    range.least = low < range.least ? low : range.least;
    range.greatest = high > range.greatest ? high : range.greatest;
  }
  for (; at < count; ++at) {
    const std::uint64_t residual = delta_at<kTransform>(values + at);
    if constexpr (kTransform != FrameTransform::kReference) out[at] = residual;
    range.include(static_cast<std::int64_t>(residual));
  }
  return range;
}

template <typename L>
IntegerRange residuals(FrameTransform transform, const std::uint64_t* values, std::size_t count,
                       std::uint64_t* out) {
  return with_transform(transform, [&]<FrameTransform kTransform>() {
    return residuals_of<L, kTransform>(values, count, out);
  });
}

template <typename L>
struct BitsOf {
  static std::size_t zeros(std::uint64_t value) { return L::leading_zeros(value); }
  static IntegerRange range(const std::uint64_t* values, std::size_t count) {
    return residuals_of<L, FrameTransform::kReference>(values, count, nullptr);
  }
  static std::uint64_t zigzags(std::uint64_t* values, std::size_t count, std::uint64_t from) {
    using Vector = typename L::Vector;
    const Vector froms = L::all(from);
    const typename L::Count sign_bit = L::count_of(63);
    Vector any = L::all(0);
    std::size_t i = 0;
    for (; i + L::kWidth <= count; i += L::kWidth) {
      const Vector distance = L::subtract(load<L>(values + i), froms);
      const Vector sign = L::subtract(L::all(0), L::shift_right(distance, sign_bit));
      const Vector folded = L::bit_xor(L::add(distance, distance), sign);
      store<L>(values + i, folded);
      any = L::bit_or(any, folded);
    }
    std::uint64_t lanes[L::kWidth];
    store<L>(lanes, any);
    std::uint64_t all = 0;
    for (const std::uint64_t lane : lanes) all |= lane;
    for (; i < count; ++i) all |= values[i] = zigzag(values[i] - from);
    return all;
  }
};

template <typename L>
FrameGuess guess(FrameTransform transform, const std::uint64_t* values, std::size_t count) {
  return with_transform(transform, [&]<FrameTransform kTransform>() {
    const auto take_run = [](const std::uint64_t* from, std::uint64_t* to, std::size_t run) {
      std::size_t i = 0;
      for (; i + L::kWidth <= run; i += L::kWidth)
        store<L>(to + i, deltas_at<L, kTransform>(from + i));
      for (; i < run; ++i) to[i] = delta_at<kTransform>(from + i);
    };
    return guess_runs<BitsOf<L>>(values, count, reach_of(kTransform), take_run);
  });
}

template <typename L>
std::size_t above(const std::uint64_t* values, std::size_t count, std::uint64_t step,
                  std::uint64_t limit, std::uint16_t* places) {
  const typename L::Vector steps = L::all(step);
  const typename L::Vector limits = L::all(limit);
  std::size_t found = 0;
  std::size_t at = 0;
  for (; at + kLanes <= count; at += kLanes) {
    unsigned is_above = 0;
#pragma GCC unroll 4
    for (std::size_t j = 0; j < kLanes; j += L::kWidth)
      is_above |= L::above(L::subtract(load<L>(values + at + j), steps), limits) << j;
    for (; is_above != 0; is_above &= is_above - 1)
      places[found++] =
          static_cast<std::uint16_t>(at + static_cast<std::size_t>(__builtin_ctz(is_above)));
  }
  for (; at < count; ++at)
    if (values[at] - step > limit) places[found++] = static_cast<std::uint16_t>(at);
  return found;
}

template <typename L>
bool divide(const std::int64_t* values, std::size_t count, const ExactDivision& by,
            std::int64_t* out) {
  using Vector = typename L::Vector;
  const Vector least = L::all(by.least);
  const Vector first = L::all(by.first);
  const Vector inverse = L::all(by.odd_inverse);
  const Vector limit = L::all(by.greatest);
  const typename L::Count right = L::count_of(by.twos);
  const typename L::Count left = L::count_of(64 - by.twos);
  unsigned rest = 0;
  std::size_t at = 0;
  for (; at + L::kWidth <= count; at += L::kWidth) {
    const Vector distance =
        L::subtract(L::load(reinterpret_cast<const std::byte*>(values + at)), least);
    const Vector product = L::multiply_low(distance, inverse);
    const Vector quotient = L::bit_or(L::shift_right(product, right), L::shift_left(product, left));
    rest |= L::above(quotient, limit);
    L::store(reinterpret_cast<std::byte*>(out + at), L::add(quotient, first));
  }
  const bool whole = scalar_kernels().divide(values + at, count - at, by, out + at);
  return rest == 0 && whole;
}

template <typename L>
constexpr Kernels table_of(const char* name) {
  return {name,          pack<L>,       unpack<L>,    frame_i64<L>, frame_f64<L>,
          frame_sum<L>,  front_bits<L>, decimal<L>,   residuals<L>, guess<L>,
          widths<BitsOf<L>>, above<L>,      divide<L>};
}

}  // namespace
}  // namespace ndts::codec
