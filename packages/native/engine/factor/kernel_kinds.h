// The families of kernels, each in its own file: null for what is not of the family or whose
// parameters are out of range. For make_kernel() alone.
#pragma once

#include <cmath>
#include <memory>

#include "base/simd.h"
#include "factor/kernel.h"

namespace ndts {

[[nodiscard]] std::unique_ptr<Kernel> make_plain_kernel(FactorKernel kind);
// Parameter 0 is the period; of bollinger, 1 the width.
[[nodiscard]] std::unique_ptr<Kernel> make_window_kernel(FactorKernel kind, const double* with,
                                                         Simd simd);
// Parameter 0 is the period; of macd they are the fast, the slow and that of the signal.
[[nodiscard]] std::unique_ptr<Kernel> make_smooth_kernel(FactorKernel kind, const double* with);

// Parameter 0 is the span in nanoseconds, of pane, too; of bollinger, 1 the width.
[[nodiscard]] std::unique_ptr<Kernel> make_timed_kernel(FactorKernel kind, const double* with);

// A whole number of rows.
[[nodiscard]] inline bool is_period(double value, std::uint32_t least) {
  return value >= least && value <= kFactorPeriodMax && std::floor(value) == value;
}

[[nodiscard]] inline bool is_finite_number(double value) { return value - value == 0; }

}  // namespace ndts
