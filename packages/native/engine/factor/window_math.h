// What window kernels make of a full window, compiled for more than one instruction set with the
// same bits. The formulas stand in window_math_loop.h.
#pragma once

#include <cstddef>

namespace ndts {

// A window for each input, oldest value first.
using Windows = const double* const*;
// `parameter` is bollinger's width and nothing to the others; out[] is NaN before.
using WindowFinish = void (*)(Windows windows, std::size_t n, double parameter, double* out);

struct WindowMath {
  WindowFinish delay;
  WindowFinish sum;
  WindowFinish sma;
  WindowFinish wma;
  WindowFinish deviation;
  WindowFinish minimum;
  WindowFinish maximum;
  WindowFinish zscore;
  WindowFinish bollinger;
  WindowFinish cci;
  WindowFinish stochastic;
  WindowFinish vwap;
  WindowFinish correlation;
  WindowFinish beta;
};

// The definition.
[[nodiscard]] const WindowMath& window_math_scalar();
// Same bits; requires has_avx2().
[[nodiscard]] const WindowMath& window_math_avx2();

}  // namespace ndts
