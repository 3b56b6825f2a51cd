#include "factor/bollinger.h"

#include <algorithm>

namespace ndts {

namespace {

std::unique_ptr<Kernel> kernel_of(std::uint32_t period, double width, Simd simd) {
  const double parameters[kKernelParameters] = {static_cast<double>(period), width};
  std::unique_ptr<Kernel> kernel;
  static_cast<void>(make_kernel(FactorKernel::kBollinger, parameters, &kernel, simd));
  return kernel;
}

}  // namespace

Bollinger::Bollinger(std::uint32_t period, double width, Simd simd)
    : kernel_(kernel_of(period, width, simd)), rows_(kernel_->shape().state_bytes) {}

bool Bollinger::update(const std::uint32_t* symbol, const double* price, std::size_t count,
                       const BollingerColumns& out) {
  if (!rows_.grow(symbols_needed(symbol, count))) return false;
  for (std::size_t at = 0; at < count; at += kChunk) {
    const std::size_t rows = std::min(kChunk, count - at);
    kernel_->run({symbol + at,
                  rows,
                  {price + at},
                  {out.value + at, out.middle + at, out.upper + at, out.lower + at, signals_}},
                 &rows_, 0);
    // NaN where there is no value yet.
    for (std::size_t row = 0; row < rows; ++row)
      out.signal[at + row] = static_cast<std::int32_t>(signals_[row] > 0) -
                             static_cast<std::int32_t>(signals_[row] < 0);
  }
  return true;
}

}  // namespace ndts
