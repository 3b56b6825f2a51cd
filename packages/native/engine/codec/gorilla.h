// Doubles as the XOR with the one before, as published (Pelkonen et al., "Gorilla", VLDB 2015,
// section 4.1.2). One bit stream, the first bit of a byte is its highest:
//
//   first value: 64 bits
//   then per value, of x = value XOR the one before:
//     0                                    x is zero
//     1 0 bits                             x fits into the window of the last 1 1: its bits there
//     1 1 leading:5 length:6 bits          a new window; leading zeros capped to 31, length 64
//                                          is written as 0
//   zeros to a multiple of 8 bytes
//
// One value depends on the one before, so there is no SIMD version: it is the slow codec.
//
// Threads: any. Errors: false for bytes no encoder writes.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace ndts::codec {

// Bits that the body of these values takes at least.
[[nodiscard]] std::size_t gorilla_bits_min(std::span<const double> values);

// Appends the body of at least one value.
void put_gorilla(std::span<const double> values, std::vector<std::byte>* out);

[[nodiscard]] bool read_gorilla(ByteReader* reader, std::span<double> out);

}  // namespace ndts::codec
