// The inner loops of the codecs, one table of functions per instruction set.
//
// A vector is 1024 values of 64 bits. Bit-packed values are interleaved over 16 lanes: value i is
// in lane i % 16, row i / 16; a lane's values of `width` bits follow each other, lowest bit first,
// in the lane's 64-bit words; word k of lane l is the word at 16 * k + l. So a row is 16 values
// side by side that need the same shift, and leave in their natural order. A shorter vector
// has fewer rows and as many words per lane as they need (packed_bytes()).
//
// Threads: any; the functions keep nothing. Memory: inputs and outputs are exactly the rows named,
// 16 values each, at any alignment; nothing else is touched. Errors: none; every input gives some
// output, and the same one in every table, bit for bit.
#pragma once

#include <cstddef>
#include <cstdint>

#include "generated/constants.h"

namespace ndts::codec {

inline constexpr std::size_t kVectorValues = 1024;
inline constexpr std::size_t kLanes = 16;
inline constexpr std::size_t kVectorRows = kVectorValues / kLanes;

// Bytes of `rows` packed rows of `width` bits.
[[nodiscard]] constexpr std::size_t packed_row_bytes(std::size_t rows, unsigned width) {
  return (rows * width + 63) / 64 * kLanes * sizeof(std::uint64_t);
}

// A vector of integers to restore. Arithmetic is modulo 2^64.
//   residual[i] = packed[i] + step
//   reference:      value[i] = base + residual[i]
//   delta of S:     value[i] = value[i - S] + residual[i]; before the first all are `base`
//   delta of delta: slope[i] = slope[i - 1] + residual[i]; value[i] = value[i - 1] + slope[i]
struct FrameRun {
  const std::byte* packed = nullptr;          // interleaved, unless:
  const std::uint64_t* unpacked = nullptr;    // the packed values, already unpacked
  std::size_t rows = 0;
  unsigned width = 0;  // 0 to 64
  FrameTransform transform = FrameTransform::kReference;
  std::uint64_t base = 0;
  std::uint64_t step = 0;
  std::uint64_t slope = 0;  // before the first
};

// What becomes of a restored integer: offset + scale * integer, then perhaps a division.
struct FrameScale {
  std::uint64_t scale = 1;
  std::uint64_t offset = 0;  // zero when scale is 1
  double divisor = 1;        // a power of ten
};

// Doubles as front bits from a dictionary and packed right bits.
struct FrontBitsRun {
  const std::byte* right = nullptr;  // interleaved, right_bits wide
  const std::byte* codes = nullptr;  // interleaved, code_bits wide
  std::size_t rows = 0;
  unsigned right_bits = 0;           // 48 to 63
  unsigned code_bits = 0;            // 0 to 3
  std::uint64_t front[8] = {};       // already shifted to their place
};

struct Kernels {
  const char* name;
  // Values must fit into width.
  void (*pack)(const std::uint64_t* values, std::size_t rows, unsigned width, std::byte* out);
  void (*unpack)(const std::byte* packed, std::size_t rows, unsigned width, std::uint64_t* out);
  void (*frame_i64)(const FrameRun& run, const FrameScale& scale, std::int64_t* out);
  // Integers beyond 2^51 give some double.
  void (*frame_f64)(const FrameRun& run, const FrameScale& scale, double* out);
  // The sum of the restored integers, before any scale.
  std::uint64_t (*frame_sum)(const FrameRun& run);
  void (*front_bits)(const FrontBitsRun& run, double* out);
  // Scales doubles to integers: integer[i] = value[i] * power, rounded. Returns how many do not
  // come back bit for bit by division, with their places (ascending) in `exceptions`, which has
  // room for all; their integers are zero.
  std::size_t (*decimal)(const double* values, std::size_t count, double power,
                         std::int64_t* integers, std::uint16_t* exceptions);
};

[[nodiscard]] const Kernels& scalar_kernels();
// nullptr where the processor or the compiler's target cannot.
[[nodiscard]] const Kernels* avx2_kernels();
[[nodiscard]] const Kernels* avx512_kernels();
// The fastest table of this processor.
[[nodiscard]] const Kernels& best_kernels();

// Integers up to this magnitude become doubles exactly by adding and subtracting 1.5 * 2^52.
inline constexpr double kIntegerMax = 2251799813685248.0;          // 2^51
inline constexpr double kRoundingShift = 6755399441055744.0;       // 1.5 * 2^52
inline constexpr std::uint64_t kRoundingBits = 0x4338000000000000;  // its bits

}  // namespace ndts::codec
