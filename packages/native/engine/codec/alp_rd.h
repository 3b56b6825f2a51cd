// True doubles (ALP for "real doubles"): the front bits, sign, exponent and the first of the
// fraction, repeat and come from a dictionary of eight; the right bits do not and are packed as
// they are. Front bits that are not in the dictionary stand at the end of the column.
//
//   FrontBits, per vector: packed right bits, packed codes;
//   u32 places x exceptions in ascending order, u16 front bits x exceptions, zeros to 8 bytes
//
// Threads: any. Errors: false for bytes no encoder writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "codec/kernels.h"

namespace ndts::codec {

// Appends the body of at least one value.
void put_alp_rd(const Kernels& kernels, std::span<const double> values,
                std::vector<std::byte>* out);

[[nodiscard]] bool read_alp_rd(const Kernels& kernels, ByteReader* reader, std::span<double> out);

}  // namespace ndts::codec
