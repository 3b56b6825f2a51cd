#include "codec/bit_pack.h"

namespace ndts::codec {
namespace {

void pack_in_line(const std::uint64_t* values, std::size_t count, std::uint64_t step,
                  unsigned width, std::byte* out) {
  const std::uint64_t mask = low_bits(width);
  std::uint64_t word = 0;
  unsigned used = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t value = (values[i] - step) & mask;
    word |= value << used;
    used += width;
    if (used < 64) continue;
    store(out, word);
    out += sizeof(word);
    used -= 64;
    word = used == 0 ? 0 : value >> (width - used);
  }
  if (used > 0) store(out, word);
}

void unpack_in_line(const std::byte* from, std::size_t count, unsigned width,
                    std::uint64_t* out) {
  const std::uint64_t mask = low_bits(width);
  std::size_t bit = 0;
  for (std::size_t i = 0; i < count; ++i, bit += width) {
    const std::byte* word = from + bit / 64 * sizeof(mask);
    const unsigned shift = bit % 64;
    std::uint64_t value = load<std::uint64_t>(word) >> shift;
    if (shift + width > 64) value |= load<std::uint64_t>(word + sizeof(mask)) << (64 - shift);
    out[i] = value & mask;
  }
}

}  // namespace

void pack_vector(const Kernels& kernels, const std::uint64_t* values, std::size_t count,
                 std::uint64_t step, unsigned width, std::vector<std::byte>* out) {
  const std::size_t at = out->size();
  const std::size_t bytes = packed_bytes(count, width);
  if (bytes == 0) return;
  out->resize(at + bytes);
  if (is_interleaved(count))
    kernels.pack(values, rows_of(count), step, width, out->data() + at);
  else
    pack_in_line(values, count, step, width, out->data() + at);
}

Bytes read_packed(ByteReader* reader, std::size_t count, unsigned width) {
  return reader->read_bytes(packed_bytes(count, width));
}

void unpack_vector(const Kernels& kernels, Bytes packed, std::size_t count, unsigned width,
                   VectorWords out) {
  const std::size_t rows = rows_of(count);
  if (width == 0) {
    std::memset(out, 0, rows * kLanes * sizeof(std::uint64_t));
  } else if (is_interleaved(count)) {
    kernels.unpack(packed.data(), rows, width, out);
  } else {
    unpack_in_line(packed.data(), count, width, out);
    for (std::size_t i = count; i < rows * kLanes; ++i) out[i] = 0;
  }
}

}  // namespace ndts::codec
