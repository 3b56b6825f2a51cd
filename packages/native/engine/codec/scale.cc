#include "codec/scale.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>

#include "generated/layouts.h"

namespace ndts::codec {
namespace {

constexpr std::size_t kScaleSample = 64;

std::uint64_t distance(std::int64_t a, std::int64_t b) {
  const auto from = static_cast<std::uint64_t>(std::min(a, b));
  return static_cast<std::uint64_t>(std::max(a, b)) - from;
}

// The common divisor of the distances of every `stride`th value to the first, and of `divisor`.
std::uint64_t divisor_of(std::span<const std::int64_t> values, std::size_t stride,
                         std::int64_t first, std::uint64_t divisor) {
  for (std::size_t i = 0; i < values.size() && divisor != 1; i += stride) {
    const std::uint64_t one = distance(values[i], first);
    if (divisor == 0 || one % divisor != 0) divisor = std::gcd(divisor, one);
  }
  return divisor;
}

// False when these values have no such scale.
bool scale_of(std::int64_t least, std::uint64_t divisor, FrameScale* scale) {
  if (divisor <= 1 || divisor > std::numeric_limits<std::int64_t>::max()) return false;
  const auto signed_divisor = static_cast<std::int64_t>(divisor);
  std::int64_t offset = least % signed_divisor;
  if (offset < 0) offset += signed_divisor;
  if (least < std::numeric_limits<std::int64_t>::min() + offset) return false;
  *scale = {divisor, static_cast<std::uint64_t>(offset), 1};
  return true;
}

ExactDivision division_by(const FrameScale& scale, std::int64_t least) {
  ExactDivision by;
  by.least = static_cast<std::uint64_t>(least);
  by.first = static_cast<std::uint64_t>((least - static_cast<std::int64_t>(scale.offset)) /
                                        static_cast<std::int64_t>(scale.scale));
  by.twos = static_cast<unsigned>(std::countr_zero(scale.scale));
  const std::uint64_t odd = scale.scale >> by.twos;
  by.odd_inverse = odd;  // right in its lowest three bits; each step doubles them
  for (int bits = 3; bits < 64; bits *= 2) by.odd_inverse *= 2 - odd * by.odd_inverse;
  by.greatest = std::numeric_limits<std::uint64_t>::max() / scale.scale;
  return by;
}

}  // namespace

FrameScale take_scale(const Kernels& kernels, std::span<const std::int64_t> values,
                      std::vector<std::int64_t>* out) {
  if (values.size() < 2) return {};
  const std::size_t stride = std::max<std::size_t>(1, values.size() / kScaleSample);
  std::uint64_t divisor = divisor_of(values, stride, values[0], 0);
  if (divisor == 1) return {};
  const auto* words = reinterpret_cast<const std::uint64_t*>(values.data());
  const IntegerRange range =
      kernels.residuals(FrameTransform::kReference, words, values.size(), nullptr);
  divisor = std::gcd(divisor, distance(range.least, range.greatest));
  if (out->size() < values.size()) out->resize(values.size());
  FrameScale scale;
  ExactDivision by;
  for (std::size_t at = 0; at < values.size();) {
    if (at == 0) {
      if (!scale_of(range.least, divisor, &scale)) return {};
      by = division_by(scale, range.least);
    }
    const auto vector = values.subspan(at, std::min(kVectorValues, values.size() - at));
    if (kernels.divide(vector.data(), vector.size(), by, out->data() + at)) {
      at += vector.size();
      continue;
    }
    // Smaller, at most half: from the first on again.
    divisor = divisor_of(vector, 1, values[0], divisor);
    at = 0;
  }
  return scale;
}

void put_scale(const FrameScale& scale, std::vector<std::byte>* out) {
  const CodecScale layout{scale.scale, static_cast<std::int64_t>(scale.offset)};
  const Bytes bytes = bytes_of(layout);
  out->insert(out->end(), bytes.begin(), bytes.end());
}

bool read_scale(ByteReader* reader, std::uint8_t parameter, FrameScale* scale) {
  if ((parameter & kScaledBit) == 0) return true;
  const auto layout = reader->read<CodecScale>();
  scale->scale = layout.scale;
  scale->offset = static_cast<std::uint64_t>(layout.offset);
  return reader->ok() && layout.scale > 1 && layout.offset >= 0;
}

}  // namespace ndts::codec
