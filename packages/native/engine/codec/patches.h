// Outliers of a bit-packed vector: what does not fit into the width stands behind the packed
// values, as the bits above the width and the place of each.
//
//   high bits   count x 1, 2, 4 or 8 bytes
//   places      count x u16
//   zeros to a multiple of 8 bytes
//
// Threads: any. Errors: see apply_patches().
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "codec/bit_pack.h"

namespace ndts::codec {

// Of the field FrameVector.patches: the count below, the logarithm of the bytes above.
inline constexpr unsigned kPatchBytesShift = 12;
inline constexpr unsigned kPatchCountMask = (1u << kPatchBytesShift) - 1;

// Logarithm of the bytes that hold `bits` high bits.
[[nodiscard]] constexpr unsigned patch_bytes_log(unsigned bits) {
  return bits <= 8 ? 0 : bits <= 16 ? 1 : bits <= 32 ? 2 : 3;
}
[[nodiscard]] constexpr std::size_t patches_bytes(std::size_t count, unsigned bytes_log) {
  return align_up((count << bytes_log) + count * sizeof(std::uint16_t), 8);
}

// Appends the bits above `width` of every value - step that has some, 1 << bytes_log bytes each.
void put_patches(const Kernels& kernels, std::span<const std::uint64_t> values, std::uint64_t step,
                 unsigned width, unsigned bytes_log, std::vector<std::byte>* out);

// Adds the patches to unpacked values. False when they are not wholly there, a place is not below
// `count`, or the padding is not zero.
[[nodiscard]] bool apply_patches(ByteReader* reader, std::size_t patches, unsigned bytes_log,
                                 unsigned width, std::size_t count, std::uint64_t* values);

}  // namespace ndts::codec
