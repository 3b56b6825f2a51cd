// True doubles (ALP for "real doubles"): the front bits, sign, exponent and the first of the
// fraction, repeat and come from a dictionary of eight; the right bits do not and are packed as
// they are. Front bits that are not in the dictionary stand at the end of the column.
//
//   FrontBits, per vector: packed right bits, packed codes;
//   u32 places x exceptions in ascending order, u16 front bits x exceptions, zeros to 8 bytes
//
// Threads: any. Errors: false for bytes no encoder writes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "codec/kernels.h"

namespace ndts::codec {

// Where to split, and the dictionary, by a sample.
struct FrontSplit {
  unsigned right_bits = 0;
  unsigned code_bits = 0;
  std::array<std::uint16_t, 8> front{};  // most frequent first
  std::size_t taken = 0;                 // values in the sample
  std::size_t bits = 0;                  // that they take
};
[[nodiscard]] FrontSplit choose_split(std::span<const double> values);

// Appends the body of at least one value.
void put_alp_rd(const Kernels& kernels, const FrontSplit& split, std::span<const double> values,
                std::vector<std::byte>* out);

[[nodiscard]] bool read_alp_rd(const Kernels& kernels, ByteReader* reader, std::span<double> out);

}  // namespace ndts::codec
