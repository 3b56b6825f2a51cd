// Bollinger bands per symbol, one value per tick, over flat state.
//
// Finite window: the result depends on the last `period` prices of the symbol and their order,
// never on what passed before them, on the batches they came in, or on the machine. So a value can
// be recomputed from stored ticks and has the same bits, in stream and in batch.
//
// The arithmetic is fixed. With x[0] the oldest price of the window, n = period:
//   lane j adds x[i] - x[0] for i = j, j+4, j+8, ... in this order, j = 0..3
//   mean      = x[0] + ((lane0 + lane2) + (lane1 + lane3)) / n
//   lane j adds (x[i] - mean) * (x[i] - mean) in the same order, each product rounded by itself
//   deviation = sqrt(((lane0 + lane2) + (lane1 + lane3)) / n)            population deviation
//   upper = mean + width * deviation, lower = mean - width * deviation
//   value = (price - lower) / (upper - lower)
// Subtracting x[0] makes the mean of a flat window exact, so a flat window has width 0: value 0.5,
// signal 0. The scalar kernel is the definition, the AVX2 kernel gives the same bits.
//
// One thread at a time. Allocates only when a symbol id above all earlier ones appears.
#pragma once

#include <cstddef>
#include <cstdint>

#include "factor/symbol_rows.h"

namespace ndts {

inline constexpr std::uint32_t kBollingerPeriodMin = 2;
inline constexpr std::uint32_t kBollingerPeriodMax = 4096;

// One row per tick; the caller owns the columns.
struct BollingerColumns {
  double* value;
  double* middle;
  double* upper;
  double* lower;
  std::int32_t* signal;
};

// Which kernel runs; kBest asks the processor.
enum class Simd : std::uint8_t { kBest, kScalar, kAvx2 };

[[nodiscard]] bool has_avx2();

class Bollinger {
 public:
  // Requires kBollingerPeriodMin <= period <= kBollingerPeriodMax and a finite width > 0; kAvx2
  // only where has_avx2().
  Bollinger(std::uint32_t period, double width, Simd simd = Simd::kBest);

  // Runs `count` ticks. A NaN price leaves the window as it is and gives NaN and signal 0, as do
  // the first period - 1 prices of a symbol. False: a symbol id at or above kSymbolLimit, or no
  // memory; nothing was changed.
  [[nodiscard]] bool update(const std::uint32_t* symbol, const double* price, std::size_t count,
                            const BollingerColumns& out);

 private:
  SymbolRows rows_;
  std::uint32_t period_;
  double width_;
  bool avx2_;
};

}  // namespace ndts
