// Doubles that are integers divided by a power of ten: prices, sizes, rates as people write them.
// The integers are stored as scaled frame vectors; a value comes back by one IEEE division, which
// is exact where multiplying by 10^-e is not. What does not come back bit for bit (NaN, -0,
// infinities, true doubles) stands at the end of the column as it is.
//
//   CodecCount of exceptions, [CodecScale], frame vectors, u64 bits x exceptions,
//   u32 places x exceptions in ascending order, zeros to a multiple of 8
//
// The header's parameter is the exponent, 0 to 15, and kScaledBit.
//
// Threads: any. Errors: false for bytes no encoder writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "codec/kernels.h"
#include "codec/scratch.h"

namespace ndts::codec {

inline constexpr unsigned kExponentMax = 15;

// The smallest exponent under which the most of a sample are integers.
struct DecimalGuess {
  std::uint8_t exponent = 0;
  std::size_t taken = 0;       // values in the sample
  std::size_t exceptions = 0;  // of them
};
[[nodiscard]] DecimalGuess guess_decimal(const Kernels& kernels, std::span<const double> values);

// Appends the body and gives the header's parameter. Any values; how small depends on them.
void put_decimal(const Kernels& kernels, std::uint8_t exponent, std::span<const double> values,
                 std::uint8_t* parameter, Scratch* scratch, std::vector<std::byte>* out);

[[nodiscard]] bool read_decimal(const Kernels& kernels, ByteReader* reader, std::uint8_t parameter,
                                std::span<double> out);

// An encoded decimal column without exceptions as the integers in it.
struct DecimalIntegers {
  FrameScale scale;  // a value is (offset + scale * integer) / divisor
  std::uint8_t exponent = 0;
};
// False for any other column, a damaged one too; `out` then holds nothing.
[[nodiscard]] bool read_decimal_integers(const Kernels& kernels, Bytes column,
                                         std::span<std::int64_t> out, DecimalIntegers* integers);

// The sum without making the doubles: the integers' exact sum, as a double, divided once; then
// the exceptions are added one after the other.
[[nodiscard]] bool sum_decimal(const Kernels& kernels, ByteReader* reader, std::uint8_t parameter,
                               std::size_t count, double* sum);

}  // namespace ndts::codec
