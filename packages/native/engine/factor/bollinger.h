// Bollinger bands per symbol, one value per tick, over flat state.
//
// Finite window: the result depends on the last `period` prices of the symbol and their order,
// never on what passed before them, on the batches they came in, or on the machine. So a value can
// be recomputed from stored ticks and has the same bits, in stream and in batch.
//
// The arithmetic is that of the kernel in window_math_loop.h, fixed to the bit: population
// deviation, value = (price - lower) / (upper - lower); a flat window has width 0, value 0.5 and
// signal 0.
//
// One thread at a time. Allocates only when a symbol id above all earlier ones appears.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/simd.h"
#include "factor/kernel.h"
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
  // Rows at once: signals are float64 until they are handed out.
  static constexpr std::size_t kChunk = 1024;

  std::unique_ptr<Kernel> kernel_;
  SymbolRows rows_;
  double signals_[kChunk];
};

}  // namespace ndts
