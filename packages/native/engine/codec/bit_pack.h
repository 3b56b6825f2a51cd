// Bit packing of a vector of up to 1024 unsigned integers, 0 to 64 bits each.
//
// Two layouts, told apart by the count alone. From 512 values on: interleaved over 16 lanes (see
// kernels.h), in whole rows. Below: one value after the other, lowest bit first, in 64-bit words,
// because a small vector would mostly pay for empty lanes. Both end on a multiple of 8 bytes.
//
// Threads: any. Errors: a vector that is not wholly there makes the reader's ok() false.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "codec/kernels.h"

namespace ndts::codec {

inline constexpr std::size_t kInterleavedFrom = 512;

// A vector's worth of 64-bit words on the stack; whole rows may be written to it.
using VectorWords = std::uint64_t[kVectorValues];

[[nodiscard]] constexpr std::size_t rows_of(std::size_t count) {
  return (count + kLanes - 1) / kLanes;
}
[[nodiscard]] constexpr bool is_interleaved(std::size_t count) {
  return count >= kInterleavedFrom;
}
[[nodiscard]] constexpr std::size_t packed_bytes(std::size_t count, unsigned width) {
  if (is_interleaved(count)) return packed_row_bytes(rows_of(count), width);
  return (count * width + 63) / 64 * sizeof(std::uint64_t);
}

// The smallest width that holds `value`.
[[nodiscard]] constexpr unsigned width_of(std::uint64_t value) {
  return static_cast<unsigned>(64 - std::countl_zero(value));
}
// `width` ones.
[[nodiscard]] constexpr std::uint64_t low_bits(unsigned width) {
  return width == 0 ? 0 : ~std::uint64_t{0} >> (64 - width);
}

// Appends the lowest `width` bits of `count` values less `step`. When they are interleaved `values`
// holds `step` from count to the end of the last row.
void pack_vector(const Kernels& kernels, const std::uint64_t* values, std::size_t count,
                 std::uint64_t step, unsigned width, std::vector<std::byte>* out);

// The bytes of a packed vector, empty when they are not all there; width at most 64.
[[nodiscard]] Bytes read_packed(ByteReader* reader, std::size_t count, unsigned width);

// Unpacks what read_packed() gave; writes whole rows, beyond `count` some value.
void unpack_vector(const Kernels& kernels, Bytes packed, std::size_t count, unsigned width,
                   VectorWords out);

}  // namespace ndts::codec
