#include "factor/bollinger.h"

#include "factor/bollinger_loop.h"

namespace ndts {
namespace {

// Four lanes in plain C++: what the kernel means.
struct ScalarLanes {
  double lane[4];

  static ScalarLanes all(double x) { return {{x, x, x, x}}; }
  static ScalarLanes load(const double* p) { return {{p[0], p[1], p[2], p[3]}}; }
  static ScalarLanes add(const ScalarLanes& a, const ScalarLanes& b) {
    return {{a.lane[0] + b.lane[0], a.lane[1] + b.lane[1], a.lane[2] + b.lane[2],
             a.lane[3] + b.lane[3]}};
  }
  static ScalarLanes subtract(const ScalarLanes& a, const ScalarLanes& b) {
    return {{a.lane[0] - b.lane[0], a.lane[1] - b.lane[1], a.lane[2] - b.lane[2],
             a.lane[3] - b.lane[3]}};
  }
  static ScalarLanes multiply(const ScalarLanes& a, const ScalarLanes& b) {
    return {{a.lane[0] * b.lane[0], a.lane[1] * b.lane[1], a.lane[2] * b.lane[2],
             a.lane[3] * b.lane[3]}};
  }
  // The last 1..3 values less b; the lanes behind them are 0 and change no sum.
  static ScalarLanes rest_minus(const double* p, std::uint32_t count, const ScalarLanes& b) {
    ScalarLanes result = all(0);
    for (std::uint32_t i = 0; i < count; ++i) result.lane[i] = p[i] - b.lane[i];
    return result;
  }
  static double total(const ScalarLanes& a) {
    return (a.lane[0] + a.lane[2]) + (a.lane[1] + a.lane[3]);
  }
};

// A row holds the window and room to slide: half a window more keeps the moves rare.
std::size_t row_bytes(std::uint32_t period) {
  return sizeof(BollingerRow) + (period + period / 2) * sizeof(double);
}

}  // namespace

void run_bollinger_scalar(const BollingerRun& run) { run_bollinger<ScalarLanes>(run); }

bool has_avx2() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") != 0;
#else
  return false;
#endif
}

Bollinger::Bollinger(std::uint32_t period, double width, Simd simd)
    : rows_(row_bytes(period)),
      period_(period),
      width_(width),
      avx2_(simd == Simd::kAvx2 || (simd == Simd::kBest && has_avx2())) {}

bool Bollinger::update(const std::uint32_t* symbol, const double* price, std::size_t count,
                       const BollingerColumns& out) {
  if (!rows_.grow(symbols_needed(symbol, count))) return false;
  const BollingerRun run{&rows_, period_, width_, symbol, price, count, out};
#if defined(__x86_64__)
  if (avx2_) {
    run_bollinger_avx2(run);
    return true;
  }
#endif
  run_bollinger_scalar(run);
  return true;
}

}  // namespace ndts
