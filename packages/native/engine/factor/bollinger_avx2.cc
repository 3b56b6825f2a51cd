// The Bollinger kernel with AVX2. Only this file may contain such instructions, and it runs only
// where the processor has them. Without FMA: a fused product would give other bits.
#if defined(__x86_64__)

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "factor/symbol_rows.h"

#pragma GCC target("avx2")

#include <immintrin.h>

#include "factor/bollinger_loop.h"

namespace ndts {
namespace {

struct Avx2Lanes {
  static __m256d all(double x) { return _mm256_set1_pd(x); }
  static __m256d load(const double* p) { return _mm256_loadu_pd(p); }
  static __m256d add(__m256d a, __m256d b) { return _mm256_add_pd(a, b); }
  static __m256d subtract(__m256d a, __m256d b) { return _mm256_sub_pd(a, b); }
  static __m256d multiply(__m256d a, __m256d b) { return _mm256_mul_pd(a, b); }
  static __m256d rest_minus(const double* p, std::uint32_t count, __m256d b) {
    const __m256i lanes = _mm256_setr_epi64x(0, 1, 2, 3);
    const __m256i kept = _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), lanes);
    const __m256d difference = _mm256_sub_pd(_mm256_maskload_pd(p, kept), b);
    return _mm256_and_pd(difference, _mm256_castsi256_pd(kept));
  }
  static double total(__m256d a) {
    const __m128d halves = _mm_add_pd(_mm256_castpd256_pd128(a), _mm256_extractf128_pd(a, 1));
    return _mm_cvtsd_f64(_mm_add_sd(halves, _mm_unpackhi_pd(halves, halves)));
  }
};

}  // namespace

void run_bollinger_avx2(const BollingerRun& run) { run_bollinger<Avx2Lanes>(run); }

}  // namespace ndts

#endif
