#include "codec/frame.h"

#include <algorithm>
#include <array>
#include <limits>

#include "codec/append.h"
#include "codec/delta.h"
#include "codec/patches.h"
#include "generated/layouts.h"

namespace ndts::codec {
namespace {

constexpr std::uint8_t kExtraBit = 0x80;
constexpr std::size_t kSampleRuns = 8;
constexpr std::size_t kSampleRunValues = 16;
constexpr std::size_t kTryAllUpTo = 64;  // values, a multiple of kLanes

constexpr std::array<FrameTransform, 5> kTransforms = {
    FrameTransform::kReference, FrameTransform::kDelta8, FrameTransform::kDelta4,
    FrameTransform::kDelta1, FrameTransform::kDeltaOfDelta};  // by speed

using Widths = std::array<std::uint32_t, 65>;  // how many values need each width

// Counts the width of width_at(i) for every i. Four counts side by side, because neighbours mostly
// have the same width and would wait for each other.
template <typename WidthAt>
Widths count_widths(std::size_t count, WidthAt width_at) {
  std::array<Widths, 4> parts{};
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4)
    for (std::size_t part = 0; part < 4; ++part) ++parts[part][width_at(i + part)];
  for (; i < count; ++i) ++parts[0][width_at(i)];
  for (std::size_t width = 0; width < parts[0].size(); ++width)
    parts[0][width] += parts[1][width] + parts[2][width] + parts[3][width];
  return parts[0];
}

// One way to store a vector, and what it costs.
struct Plan {
  FrameTransform transform = FrameTransform::kReference;
  DeltaStart start;
  std::uint64_t step = 0;
  unsigned width = 64;
  std::size_t patches = 0;
  unsigned patch_bytes_log = 0;
  std::size_t bytes = std::numeric_limits<std::size_t>::max();
};

// The middle of nine of the values, cheaply: something typical, and never an outlier alone.
std::uint64_t typical_of(const std::uint64_t* values, std::size_t count) {
  std::array<std::int64_t, 9> some{};
  for (std::size_t i = 0; i < some.size(); ++i)
    some[i] = static_cast<std::int64_t>(values[i * (count - 1) / (some.size() - 1)]);
  std::nth_element(some.begin(), some.begin() + some.size() / 2, some.end());
  return static_cast<std::uint64_t>(some[some.size() / 2]);
}

// Width of a distance in either direction.
unsigned two_sided_width(std::uint64_t difference) {
  const auto sign = static_cast<std::uint64_t>(static_cast<std::int64_t>(difference) >> 63);
  return width_of((difference << 1) ^ sign);
}

// The width with the least bits for all values, those above it patched.
struct Cheapest {
  unsigned width = 64;
  std::size_t above = 0;
  std::size_t bytes = std::numeric_limits<std::size_t>::max();
};
Cheapest cheapest_width(const Widths& widths, std::size_t count) {
  unsigned widest = 64;
  while (widest > 0 && widths[widest] == 0) --widest;
  Cheapest best;
  std::size_t above = 0;
  for (unsigned width = widest;; --width) {
    const unsigned log = patch_bytes_log(widest - width);
    const std::size_t bytes =
        packed_bytes(count, width) + (above == 0 ? 0 : patches_bytes(above, log));
    if (bytes < best.bytes) best = {width, above, bytes};
    if (width == 0) return best;
    above += widths[width];
  }
}

// Bits of a transform, from some of the differences.
std::size_t estimate(FrameTransform transform, std::span<const std::uint64_t> values) {
  std::uint64_t sample[kSampleRuns * kSampleRunValues];
  std::size_t taken = 0;
  const std::size_t reach = reach_of(transform);
  if (values.size() <= reach) return std::numeric_limits<std::size_t>::max();
  const std::size_t usable = values.size() - reach;
  const std::size_t run = std::min(kSampleRunValues, (usable + kSampleRuns - 1) / kSampleRuns);
  for (std::size_t i = 0; i < kSampleRuns; ++i) {
    const std::size_t at = reach + i * (usable - std::min(run, usable)) / (kSampleRuns - 1);
    for (std::size_t j = 0; j < run; ++j)
      sample[taken++] = delta_at(transform, values.data() + at + j);
  }
  const std::uint64_t typical = typical_of(sample, taken);
  Widths widths{};
  for (std::size_t i = 0; i < taken; ++i) ++widths[two_sided_width(sample[i] - typical)];
  // As if the vector were made of samples, so that its rounding does not hide differences.
  std::size_t best = std::numeric_limits<std::size_t>::max();
  std::size_t above = 0;
  for (unsigned width = 64;; --width) {
    best = std::min(best, taken * width + above * 56);
    if (width == 0) return best;
    above += widths[width];
  }
}

// The best step and width for a transform, and the residuals less the step.
Plan make_plan(FrameTransform transform, std::span<const std::uint64_t> values,
               std::uint64_t* packed) {
  Plan plan;
  plan.transform = transform;
  const std::size_t count = values.size();
  const std::size_t reach = std::min(reach_of(transform), count - 1);
  std::uint64_t typical = 0;
  if (transform != FrameTransform::kReference && count > reach) {
    take_deltas(transform, {}, values, packed);
    typical = count > reach_of(transform) ? typical_of(packed + reach, count - reach) : 0;
  }
  plan.start = delta_start(transform, values, typical);
  take_deltas(transform, plan.start, values, packed);
  if (transform == FrameTransform::kReference) typical = typical_of(packed, count);

  const Widths around =
      count_widths(count, [&](std::size_t i) { return two_sided_width(packed[i] - typical); });
  auto least = std::numeric_limits<std::int64_t>::max();
  for (std::size_t i = 0; i < count; ++i)
    least = std::min(least, static_cast<std::int64_t>(packed[i]));
  const unsigned inner = cheapest_width(around, count).width;
  auto least_inner = std::numeric_limits<std::int64_t>::max();
  for (std::size_t i = 0; i < count; ++i)
    if (two_sided_width(packed[i] - typical) <= inner)
      least_inner = std::min(least_inner, static_cast<std::int64_t>(packed[i]));

  const auto consider = [&](std::int64_t step) {
    if (transform == FrameTransform::kDeltaOfDelta)
      step = std::clamp<std::int64_t>(step, std::numeric_limits<std::int32_t>::min(),
                                      std::numeric_limits<std::int32_t>::max());
    const Widths widths = count_widths(count, [&](std::size_t i) {
      return width_of(packed[i] - static_cast<std::uint64_t>(step));
    });
    const Cheapest cheapest = cheapest_width(widths, count);
    if (cheapest.bytes >= plan.bytes) return;
    unsigned widest = 64;
    while (widest > 0 && widths[widest] == 0) --widest;
    plan.step = static_cast<std::uint64_t>(step);
    plan.width = cheapest.width;
    plan.patches = cheapest.above;
    plan.patch_bytes_log = cheapest.above == 0 ? 0 : patch_bytes_log(widest - cheapest.width);
    plan.bytes = cheapest.bytes;
  };
  consider(least);
  if (least_inner != least) consider(least_inner);
  for (std::size_t i = 0; i < count; ++i) packed[i] -= plan.step;
  return plan;
}

bool fits_i32(std::uint64_t value) {
  const auto number = static_cast<std::int64_t>(value);
  return number == static_cast<std::int32_t>(number);
}

void put_plan(const Kernels& kernels, const Plan& plan, std::uint64_t* packed, std::size_t count,
              std::vector<std::byte>* out) {
  FrameVector head{};
  head.base = static_cast<std::int64_t>(plan.start.base);
  head.transform = static_cast<std::uint8_t>(plan.transform);
  head.width = static_cast<std::uint8_t>(plan.width);
  head.patches =
      static_cast<std::uint16_t>(plan.patches | plan.patch_bytes_log << kPatchBytesShift);
  std::uint64_t extra = plan.start.slope;
  bool has_extra = plan.transform == FrameTransform::kDeltaOfDelta;
  if (plan.transform == FrameTransform::kReference) {
    head.base = static_cast<std::int64_t>(plan.step);
  } else if (has_extra || fits_i32(plan.step)) {
    head.step = static_cast<std::int32_t>(plan.step);
  } else {
    extra = plan.step;
    has_extra = true;
  }
  if (has_extra) head.transform |= kExtraBit;
  append(head, out);
  if (has_extra) append(extra, out);

  std::uint16_t places[kVectorValues + 1];
  const std::size_t patches = find_patches(packed, count, plan.width, places);
  std::uint64_t outliers[kVectorValues];
  for (std::size_t i = 0; i < patches; ++i) outliers[i] = packed[places[i]];
  const std::uint64_t mask = low_bits(plan.width);
  for (std::size_t i = 0; i < patches; ++i) packed[places[i]] &= mask;
  for (std::size_t i = count; i < rows_of(count) * kLanes; ++i) packed[i] = 0;
  pack_vector(kernels, packed, count, plan.width, out);
  for (std::size_t i = 0; i < patches; ++i) packed[places[i]] = outliers[i];
  if (patches > 0)
    put_patches(packed, places, patches, plan.width, plan.patch_bytes_log, out);
}

// Smaller; the one that is slower to restore must be so by more than 1 in 64.
bool is_better(const Plan& a, const Plan& b) {
  const auto cost = [](const Plan& plan) {
    const bool has_slope = plan.transform == FrameTransform::kDeltaOfDelta;
    return plan.bytes + (has_slope ? sizeof(std::uint64_t) : 0);
  };
  const auto place = [](const Plan& plan) {
    return std::find(kTransforms.begin(), kTransforms.end(), plan.transform);
  };
  if (place(a) < place(b)) return cost(a) * 63 <= cost(b) * 64;
  return cost(a) * 64 < cost(b) * 63;
}

std::span<const std::uint64_t> words_of(std::span<const std::int64_t> values) {
  return {reinterpret_cast<const std::uint64_t*>(values.data()), values.size()};
}

}  // namespace

namespace {

// Works out every transform: for vectors too short for a sample.
void put_smallest(const Kernels& kernels, std::span<const std::uint64_t> values,
                  std::vector<std::byte>* out) {
  std::uint64_t packed[2][kTryAllUpTo];
  std::size_t best = 0;
  Plan plan = make_plan(kTransforms[0], values, packed[best]);
  for (std::size_t i = 1; i < kTransforms.size(); ++i) {
    const Plan other = make_plan(kTransforms[i], values, packed[1 - best]);
    if (!is_better(other, plan)) continue;
    plan = other;
    best = 1 - best;
  }
  put_plan(kernels, plan, packed[best], values.size(), out);
}

}  // namespace

void put_frame_as(const Kernels& kernels, FrameTransform transform,
                  std::span<const std::int64_t> values, std::vector<std::byte>* out) {
  VectorWords packed;
  const Plan plan = make_plan(transform, words_of(values), packed);
  put_plan(kernels, plan, packed, values.size(), out);
}

void put_frame(const Kernels& kernels, std::span<const std::int64_t> values,
               std::vector<std::byte>* out) {
  const std::span<const std::uint64_t> words = words_of(values);
  if (values.size() <= kTryAllUpTo) return put_smallest(kernels, words, out);
  // The most promising is worked out, and the second when it is within an eighth.
  FrameTransform first = FrameTransform::kReference;
  FrameTransform second = FrameTransform::kReference;
  auto first_bits = std::numeric_limits<std::size_t>::max();
  auto second_bits = first_bits;
  for (const FrameTransform transform : kTransforms) {
    const std::size_t bits = estimate(transform, words);
    if (bits < first_bits) {
      second = first;
      second_bits = first_bits;
      first = transform;
      first_bits = bits;
    } else if (bits < second_bits) {
      second = transform;
      second_bits = bits;
    }
  }
  VectorWords packed;
  const Plan plan = make_plan(first, words, packed);
  if (second == first || second_bits * 8 > first_bits * 9) {
    put_plan(kernels, plan, packed, values.size(), out);
    return;
  }
  VectorWords other_packed;
  const Plan other = make_plan(second, words, other_packed);
  if (is_better(other, plan))
    put_plan(kernels, other, other_packed, values.size(), out);
  else
    put_plan(kernels, plan, packed, values.size(), out);
}

void put_frames(const Kernels& kernels, std::span<const std::int64_t> values,
                std::vector<std::byte>* out) {
  for (std::size_t at = 0; at < values.size(); at += kVectorValues)
    put_frame(kernels, values.subspan(at, std::min(kVectorValues, values.size() - at)), out);
}

bool FrameReader::read(const Kernels& kernels, ByteReader* reader, std::size_t count) {
  const auto head = reader->read<FrameVector>();
  const auto transform = static_cast<std::uint8_t>(head.transform & ~kExtraBit);
  const bool has_extra = (head.transform & kExtraBit) != 0;
  const std::uint64_t extra = has_extra ? reader->read<std::uint64_t>() : 0;
  const unsigned patches = head.patches & kPatchCountMask;
  const unsigned patch_bytes = head.patches >> kPatchBytesShift;
  if (!reader->ok() || transform < 1 || transform > kTransforms.size()) return false;
  if (head.width > 64 || patches > count || patch_bytes > 3) return false;

  count_ = count;
  run_ = {};
  run_.rows = rows_of(count);
  run_.width = head.width;
  run_.transform = static_cast<FrameTransform>(transform);
  run_.base = static_cast<std::uint64_t>(head.base);
  run_.step = static_cast<std::uint64_t>(std::int64_t{head.step});
  if (run_.transform == FrameTransform::kDeltaOfDelta) {
    if (!has_extra) return false;
    run_.slope = extra;
  } else if (has_extra) {
    if (run_.transform == FrameTransform::kReference || head.step != 0) return false;
    run_.step = extra;
  }
  if (run_.transform == FrameTransform::kReference && head.step != 0) return false;

  const Bytes packed = read_packed(reader, count, head.width);
  if (!reader->ok()) return false;
  run_.packed = packed.data();
  if (is_interleaved(count) && patches == 0) return true;
  unpack_vector(kernels, packed, count, head.width, words_);
  run_.unpacked = words_;
  return patches == 0 ||
         apply_patches(reader, patches, patch_bytes, head.width, count, words_);
}

void FrameReader::restore(const Kernels& kernels, const FrameScale& scale,
                          std::int64_t* out) const {
  if (count_ % kLanes == 0) return kernels.frame_i64(run_, scale, out);
  std::int64_t rows[kVectorValues];
  kernels.frame_i64(run_, scale, rows);
  std::copy_n(rows, count_, out);
}

void FrameReader::restore(const Kernels& kernels, const FrameScale& scale, double* out) const {
  if (count_ % kLanes == 0) return kernels.frame_f64(run_, scale, out);
  double rows[kVectorValues];
  kernels.frame_f64(run_, scale, rows);
  std::copy_n(rows, count_, out);
}

std::uint64_t FrameReader::sum(const Kernels& kernels) const {
  if (count_ % kLanes == 0) return kernels.frame_sum(run_);
  std::int64_t rows[kVectorValues];
  kernels.frame_i64(run_, {}, rows);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < count_; ++i) sum += static_cast<std::uint64_t>(rows[i]);
  return sum;
}

namespace {

template <typename T>
bool read_vectors(const Kernels& kernels, ByteReader* reader, const FrameScale& scale,
                  std::span<T> out) {
  FrameReader vector;
  for (std::size_t at = 0; at < out.size(); at += kVectorValues) {
    const std::size_t count = std::min(kVectorValues, out.size() - at);
    if (!vector.read(kernels, reader, count)) return false;
    vector.restore(kernels, scale, out.data() + at);
  }
  return true;
}

}  // namespace

bool read_frames(const Kernels& kernels, ByteReader* reader, const FrameScale& scale,
                 std::span<std::int64_t> out) {
  return read_vectors(kernels, reader, scale, out);
}

bool read_frames(const Kernels& kernels, ByteReader* reader, const FrameScale& scale,
                 std::span<double> out) {
  return read_vectors(kernels, reader, scale, out);
}

}  // namespace ndts::codec
