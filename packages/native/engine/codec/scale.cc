#include "codec/scale.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "generated/layouts.h"

namespace ndts::codec {

FrameScale common_scale(std::span<const std::int64_t> values) {
  if (values.size() < 2) return {};
  const std::int64_t first = values[0];
  std::uint64_t divisor = 0;
  std::int64_t least = first;
  for (const std::int64_t value : values) {
    least = std::min(least, value);
    const std::uint64_t difference =
        value >= first ? static_cast<std::uint64_t>(value) - static_cast<std::uint64_t>(first)
                       : static_cast<std::uint64_t>(first) - static_cast<std::uint64_t>(value);
    if (divisor == 0 ? difference == 0 : difference % divisor == 0) continue;
    divisor = std::gcd(divisor, difference);
    if (divisor == 1) return {};
  }
  if (divisor <= 1 || divisor > std::numeric_limits<std::int64_t>::max()) return {};
  const auto signed_divisor = static_cast<std::int64_t>(divisor);
  std::int64_t offset = first % signed_divisor;
  if (offset < 0) offset += signed_divisor;
  if (least < std::numeric_limits<std::int64_t>::min() + offset) return {};
  return {divisor, static_cast<std::uint64_t>(offset), 1};
}

void divide_by(const FrameScale& scale, std::span<const std::int64_t> values, std::int64_t* out) {
  const auto divisor = static_cast<std::int64_t>(scale.scale);
  const auto offset = static_cast<std::int64_t>(scale.offset);
  for (std::size_t i = 0; i < values.size(); ++i) out[i] = (values[i] - offset) / divisor;
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
