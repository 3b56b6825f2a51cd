// The loops of aggregates with AVX2 and FMA. Only this file may contain such instructions, and they
// run only where the processor has them. Products are fused where it is written, nowhere else.
#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "scan/scan_kernels.h"

#pragma GCC target("avx2,fma")
#pragma GCC optimize("fp-contract=off")

#include <immintrin.h>

#include "scan/scan_kernels_loop.h"

namespace ndts {
namespace {

struct Avx2Lanes {
  static constexpr std::size_t kWidth = 4;
  using Reals = __m256d;
  using Wholes = __m256i;

  static Reals load(const double* p) { return _mm256_loadu_pd(p); }
  static void store(double* p, Reals x) { _mm256_storeu_pd(p, x); }
  static Reals all(double x) { return _mm256_set1_pd(x); }
  static Reals add(Reals a, Reals b) { return _mm256_add_pd(a, b); }
  static Reals subtract(Reals a, Reals b) { return _mm256_sub_pd(a, b); }
  static Reals multiply(Reals a, Reals b) { return _mm256_mul_pd(a, b); }
  static Reals multiply_subtract(Reals a, Reals b, Reals c) { return _mm256_fmsub_pd(a, b, c); }
  static Reals magnitude(Reals x) { return _mm256_andnot_pd(_mm256_set1_pd(-0.0), x); }
  // The second where either is NaN.
  static Reals max(Reals a, Reals b) { return _mm256_max_pd(a, b); }
  static Reals min(Reals a, Reals b) { return _mm256_min_pd(a, b); }
  // What min() passes over where it is zero.
  static Reals without_zero(Reals x) {
    return _mm256_or_pd(x, _mm256_cmp_pd(x, _mm256_setzero_pd(), _CMP_EQ_OQ));
  }
  static unsigned within(Reals x, Reals low, Reals high) {
    const Reals inside = _mm256_and_pd(_mm256_cmp_pd(x, low, _CMP_GE_OQ),
                                       _mm256_cmp_pd(x, high, _CMP_LE_OQ));
    return static_cast<unsigned>(_mm256_movemask_pd(inside));
  }
  // By the lowest four bits.
  static Reals choose(std::uint64_t bits, Reals x, Reals other) {
    const Wholes places = _mm256_setr_epi64x(1, 2, 4, 8);
    const Wholes chosen = _mm256_and_si256(_mm256_set1_epi64x(static_cast<long long>(bits)),
                                           places);
    const Wholes mask = _mm256_cmpeq_epi64(chosen, places);
    return _mm256_blendv_pd(other, x, _mm256_castsi256_pd(mask));
  }

  static Wholes load_whole(const std::int64_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static void store_whole(std::int64_t* p, Wholes x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), x);
  }
  static Wholes all_whole(std::int64_t x) { return _mm256_set1_epi64x(x); }
  static Wholes add_whole(Wholes a, Wholes b) { return _mm256_add_epi64(a, b); }
  static Wholes both(Wholes a, Wholes b) { return _mm256_and_si256(a, b); }
  static Wholes flip(Wholes a, Wholes b) { return _mm256_xor_si256(a, b); }
  static Wholes upper_half(Wholes a) { return _mm256_srli_epi64(a, 32); }
  static Wholes min_whole(Wholes a, Wholes b) {
    return _mm256_blendv_epi8(a, b, _mm256_cmpgt_epi64(a, b));
  }
  static Wholes max_whole(Wholes a, Wholes b) {
    return _mm256_blendv_epi8(b, a, _mm256_cmpgt_epi64(a, b));
  }
  static unsigned lanes_of(Wholes mask) {
    return static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(mask)));
  }
  static unsigned less_whole(Wholes a, Wholes b) { return lanes_of(_mm256_cmpgt_epi64(b, a)); }
  static unsigned within_whole(Wholes x, Wholes low, Wholes high) {
    const Wholes outside =
        _mm256_or_si256(_mm256_cmpgt_epi64(low, x), _mm256_cmpgt_epi64(x, high));
    return lanes_of(outside) ^ 15u;
  }
};

}  // namespace

const ScanKernels& compiled_avx2_scan_kernels() {
  static constexpr ScanKernels kTable = scan_table<Avx2Lanes>("avx2");
  return kTable;
}

}  // namespace ndts

#endif
