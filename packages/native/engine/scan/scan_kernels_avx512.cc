// The loops of aggregates with AVX-512 F and DQ. Only this file may contain such instructions, and
// they run only where the processor has them.
#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "scan/scan_kernels.h"

#pragma GCC target("avx2,fma,avx512f,avx512dq")
#pragma GCC optimize("fp-contract=off")

#if defined(__GNUC__) && !defined(__clang__)
// The header's own undefined registers.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include "scan/scan_kernels_loop.h"

namespace ndts {
namespace {

struct Avx512Lanes {
  static constexpr std::size_t kWidth = 8;
  using Reals = __m512d;
  using Wholes = __m512i;

  static Reals load(const double* p) { return _mm512_loadu_pd(p); }
  static void store(double* p, Reals x) { _mm512_storeu_pd(p, x); }
  static Reals all(double x) { return _mm512_set1_pd(x); }
  static Reals add(Reals a, Reals b) { return _mm512_add_pd(a, b); }
  static Reals subtract(Reals a, Reals b) { return _mm512_sub_pd(a, b); }
  static Reals multiply(Reals a, Reals b) { return _mm512_mul_pd(a, b); }
  static Reals multiply_subtract(Reals a, Reals b, Reals c) { return _mm512_fmsub_pd(a, b, c); }
  static Reals magnitude(Reals x) { return _mm512_andnot_pd(_mm512_set1_pd(-0.0), x); }
  // The second where either is NaN.
  static Reals max(Reals a, Reals b) { return _mm512_max_pd(a, b); }
  static Reals min(Reals a, Reals b) { return _mm512_min_pd(a, b); }
  // What min() passes over where it is zero.
  static Reals without_zero(Reals x) {
    const __mmask8 zero = _mm512_cmp_pd_mask(x, _mm512_setzero_pd(), _CMP_EQ_OQ);
    return _mm512_mask_blend_pd(zero, x, _mm512_set1_pd(kInfinite));
  }
  static unsigned within(Reals x, Reals low, Reals high) {
    const __mmask8 above = _mm512_cmp_pd_mask(x, low, _CMP_GE_OQ);
    return _mm512_mask_cmp_pd_mask(above, x, high, _CMP_LE_OQ);
  }
  // By the lowest eight bits.
  static Reals choose(std::uint64_t bits, Reals x, Reals other) {
    return _mm512_mask_blend_pd(static_cast<__mmask8>(bits), other, x);
  }

  static Wholes load_whole(const std::int64_t* p) { return _mm512_loadu_si512(p); }
  static void store_whole(std::int64_t* p, Wholes x) { _mm512_storeu_si512(p, x); }
  static Wholes all_whole(std::int64_t x) { return _mm512_set1_epi64(x); }
  static Wholes add_whole(Wholes a, Wholes b) { return _mm512_add_epi64(a, b); }
  static Wholes both(Wholes a, Wholes b) { return _mm512_and_si512(a, b); }
  static Wholes flip(Wholes a, Wholes b) { return _mm512_xor_si512(a, b); }
  static Wholes upper_half(Wholes a) { return _mm512_srli_epi64(a, 32); }
  static Wholes min_whole(Wholes a, Wholes b) { return _mm512_min_epi64(a, b); }
  static Wholes max_whole(Wholes a, Wholes b) { return _mm512_max_epi64(a, b); }
  static unsigned less_whole(Wholes a, Wholes b) { return _mm512_cmplt_epi64_mask(a, b); }
  static unsigned within_whole(Wholes x, Wholes low, Wholes high) {
    const __mmask8 above = _mm512_cmpge_epi64_mask(x, low);
    return _mm512_mask_cmple_epi64_mask(above, x, high);
  }
};

}  // namespace

const ScanKernels& compiled_avx512_scan_kernels() {
  static constexpr ScanKernels kTable = scan_table<Avx512Lanes>("avx512");
  return kTable;
}

}  // namespace ndts

#endif
