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

// The least and the greatest of some integers.
struct IntegerRange {
  std::int64_t least;
  std::int64_t greatest;

  void include(std::int64_t value) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
};
inline constexpr IntegerRange kNoRange = {INT64_MAX, INT64_MIN};

// What the residuals of a transform look like, of some places of a vector.
struct FrameGuess {
  std::size_t bits = 0;       // that the residuals at those places would take
  std::uint64_t typical = 0;  // one of them that is no outlier
  unsigned width = 0;         // of most distances to it, in either direction (see zigzag())
};

// Division without remainder by `divisor`: quotient = first + (value - least) / divisor, for values
// from `least` on.
struct ExactDivision {
  std::uint64_t least = 0;
  std::uint64_t first = 0;
  std::uint64_t odd_inverse = 1;  // modulo 2^64, of the divisor without its twos
  unsigned twos = 0;
  std::uint64_t greatest = ~std::uint64_t{0};  // 2^64 - 1 divided by the divisor
};

// How many values need each width, 0 to 64 bits.
using WidthCounts = std::uint16_t[65];

struct Kernels {
  const char* name;
  // Packs value - step, which is cut to `width` bits.
  void (*pack)(const std::uint64_t* values, std::size_t rows, std::uint64_t step, unsigned width,
               std::byte* out);
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

  // For planning a frame vector, of up to 1024 values of any count:
  // The residuals of a transform from the place it reaches back from on, and their range. The
  // reference has none: nothing is written, the range is of the values. kNoRange for none.
  IntegerRange (*residuals)(FrameTransform transform, const std::uint64_t* values,
                            std::size_t count, std::uint64_t* out);
  // The same of at most 128 residuals, without writing them; more values than it reaches back.
  FrameGuess (*guess)(FrameTransform transform, const std::uint64_t* values, std::size_t count);
  // Counts the widths of value - step, of which none is above `widest`; nor are counts written
  // above it.
  void (*widths)(const std::uint64_t* values, std::size_t count, std::uint64_t step,
                 unsigned widest, WidthCounts* counts);
  // The places, ascending, where value - step is above `limit`; `places` has room for all.
  std::size_t (*above)(const std::uint64_t* values, std::size_t count, std::uint64_t step,
                       std::uint64_t limit, std::uint16_t* places);

  // Quotients of any count, which may replace the values. False when one is not divisible; its
  // quotient is then some value.
  bool (*divide)(const std::int64_t* values, std::size_t count, const ExactDivision& by,
                 std::int64_t* out);
};

[[nodiscard]] const Kernels& scalar_kernels();
// nullptr where the processor or the compiler's target cannot.
[[nodiscard]] const Kernels* avx2_kernels();
[[nodiscard]] const Kernels* avx512_kernels();
// The fastest table of this processor.
[[nodiscard]] const Kernels& best_kernels();

// How far back a difference looks: 0 for the reference, 1, 4, 8; 2 for delta of delta.
[[nodiscard]] constexpr std::size_t reach_of(FrameTransform transform) {
  switch (transform) {
    case FrameTransform::kReference:
      return 0;
    case FrameTransform::kDelta1:
      return 1;
    case FrameTransform::kDelta4:
      return 4;
    case FrameTransform::kDelta8:
      return 8;
    case FrameTransform::kDeltaOfDelta:
      return 2;
  }
  return 0;
}

// A signed distance as an unsigned one: 0, -1, 1, -2, 2 are 0, 1, 2, 3, 4.
[[nodiscard]] constexpr std::uint64_t zigzag(std::uint64_t distance) {
  return distance << 1 ^ (0 - (distance >> 63));
}

// Integers up to this magnitude become doubles exactly by adding and subtracting 1.5 * 2^52.
inline constexpr double kIntegerMax = 2251799813685248.0;          // 2^51
inline constexpr double kRoundingShift = 6755399441055744.0;       // 1.5 * 2^52
inline constexpr std::uint64_t kRoundingBits = 0x4338000000000000;  // its bits

}  // namespace ndts::codec
