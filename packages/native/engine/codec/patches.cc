#include "codec/patches.h"

namespace ndts::codec {

void put_patches(const Kernels& kernels, std::span<const std::uint64_t> values, std::uint64_t step,
                 unsigned width, unsigned bytes_log, std::vector<std::byte>* out) {
  std::uint16_t places[kVectorValues];
  const std::size_t patches =
      kernels.above(values.data(), values.size(), step, low_bits(width), places);
  std::size_t at = out->size();
  out->resize(at + patches_bytes(patches, bytes_log));
  for (std::size_t i = 0; i < patches; ++i) {
    const std::uint64_t high = (values[places[i]] - step) >> width;
    std::memcpy(out->data() + at, &high, std::size_t{1} << bytes_log);
    at += std::size_t{1} << bytes_log;
  }
  std::memcpy(out->data() + at, places, patches * sizeof(std::uint16_t));
}

bool apply_patches(ByteReader* reader, std::size_t patches, unsigned bytes_log, unsigned width,
                   std::size_t count, std::uint64_t* values) {
  if (width >= 64) return false;
  const Bytes bytes = reader->read_bytes(patches_bytes(patches, bytes_log));
  if (!reader->ok()) return false;
  const std::size_t value_bytes = std::size_t{1} << bytes_log;
  const std::byte* places = bytes.data() + patches * value_bytes;
  for (std::size_t i = 0; i < patches; ++i) {
    const auto place = load<std::uint16_t>(places + i * sizeof(std::uint16_t));
    if (place >= count) return false;
    std::uint64_t high = 0;
    std::memcpy(&high, bytes.data() + i * value_bytes, value_bytes);
    values[place] += high << width;
  }
  return all_zero(bytes.subspan(patches * (value_bytes + sizeof(std::uint16_t))));
}

}  // namespace ndts::codec
