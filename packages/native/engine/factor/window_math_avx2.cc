// The window kernels with AVX2. Only this file may contain such instructions, and what is in it
// runs only where the processor has them. Without FMA: a fused product would give other bits.
#if defined(__x86_64__)

#include <cmath>
#include <cstddef>

#include "factor/window_math.h"

#pragma GCC target("avx2")

#include <immintrin.h>

#include "factor/window_math_loop.h"

namespace ndts {

namespace {

struct Avx2Four {
  __m256d lanes;

  static Avx2Four all(double x) { return {_mm256_set1_pd(x)}; }
  static Avx2Four load(const double* p) { return {_mm256_loadu_pd(p)}; }
  static __m256i below(std::size_t count) {
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(static_cast<long long>(count)),
                              _mm256_setr_epi64x(0, 1, 2, 3));
  }
  static Avx2Four first(const double* p, std::size_t count) {
    return {_mm256_maskload_pd(p, below(count))};
  }
  static Avx2Four keep(Avx2Four a, std::size_t count) {
    return {_mm256_and_pd(a.lanes, _mm256_castsi256_pd(below(count)))};
  }
  static Avx2Four add(Avx2Four a, Avx2Four b) { return {_mm256_add_pd(a.lanes, b.lanes)}; }
  static Avx2Four subtract(Avx2Four a, Avx2Four b) { return {_mm256_sub_pd(a.lanes, b.lanes)}; }
  static Avx2Four multiply(Avx2Four a, Avx2Four b) { return {_mm256_mul_pd(a.lanes, b.lanes)}; }
  static Avx2Four absolute(Avx2Four a) {
    return {_mm256_andnot_pd(_mm256_set1_pd(-0.0), a.lanes)};
  }
  static Avx2Four least(Avx2Four a, Avx2Four b) { return {_mm256_min_pd(a.lanes, b.lanes)}; }
  static Avx2Four greatest(Avx2Four a, Avx2Four b) { return {_mm256_max_pd(a.lanes, b.lanes)}; }
  static Avx2Four places(std::size_t i) {
    return {_mm256_add_pd(_mm256_set1_pd(static_cast<double>(i)),
                          _mm256_setr_pd(1, 2, 3, 4))};
  }
  static double total(Avx2Four a) {
    const __m128d halves =
        _mm_add_pd(_mm256_castpd256_pd128(a.lanes), _mm256_extractf128_pd(a.lanes, 1));
    return _mm_cvtsd_f64(_mm_add_sd(halves, _mm_unpackhi_pd(halves, halves)));
  }
  static double lowest(Avx2Four a) {
    double lane[4];
    _mm256_storeu_pd(lane, a.lanes);
    double found = lane[0];
    for (const double x : lane) found = x < found ? x : found;
    return found;
  }
  static double highest(Avx2Four a) {
    double lane[4];
    _mm256_storeu_pd(lane, a.lanes);
    double found = lane[0];
    for (const double x : lane) found = x > found ? x : found;
    return found;
  }
};

}  // namespace

const WindowMath& window_math_avx2() { return Over<Avx2Four>::kMath; }

}  // namespace ndts

#endif
