// The codecs' loops with AVX-512 F and DQ. Only this file may contain such instructions, and they
// run only where the processor has them. Without FMA: a fused product would give other bits.
#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include "codec/kernels_simd.h"

#pragma GCC target("avx2,lzcnt,avx512f,avx512dq")
#pragma GCC optimize("fp-contract=off")

#if defined(__GNUC__) && !defined(__clang__)
// The header's own undefined registers.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include "codec/kernels_loop.h"

namespace ndts::codec {
namespace {

struct Avx512Lanes {
  static constexpr std::size_t kWidth = 8;
  using Vector = __m512i;
  using Doubles = __m512d;
  using Count = __m128i;

  static std::size_t leading_zeros(std::uint64_t word) { return _lzcnt_u64(word); }
  static Vector load(const std::byte* p) { return _mm512_loadu_si512(p); }
  static void store(std::byte* p, Vector x) { _mm512_storeu_si512(p, x); }
  static Vector all(std::uint64_t x) { return _mm512_set1_epi64(static_cast<long long>(x)); }
  static Count count_of(unsigned bits) { return _mm_cvtsi32_si128(static_cast<int>(bits)); }
  static Vector shift_right(Vector x, Count bits) { return _mm512_srl_epi64(x, bits); }
  static Vector shift_left(Vector x, Count bits) { return _mm512_sll_epi64(x, bits); }
  static Vector add(Vector a, Vector b) { return _mm512_add_epi64(a, b); }
  static Vector bit_and(Vector a, Vector b) { return _mm512_and_si512(a, b); }
  static Vector bit_or(Vector a, Vector b) { return _mm512_or_si512(a, b); }
  static Vector bit_xor(Vector a, Vector b) { return _mm512_xor_si512(a, b); }
  static Vector subtract(Vector a, Vector b) { return _mm512_sub_epi64(a, b); }
  static Vector least(Vector a, Vector b) { return _mm512_min_epi64(a, b); }
  static Vector greatest(Vector a, Vector b) { return _mm512_max_epi64(a, b); }
  static unsigned above(Vector a, Vector b) { return _mm512_cmpgt_epu64_mask(a, b); }
  static Vector multiply_low(Vector a, Vector b) { return _mm512_mullo_epi64(a, b); }
  static Vector prefix(Vector x) {
    const Vector zero = _mm512_setzero_si512();
    x = add(x, _mm512_alignr_epi64(x, zero, 7));
    x = add(x, _mm512_alignr_epi64(x, zero, 6));
    return add(x, _mm512_alignr_epi64(x, zero, 4));
  }
  static Vector last(Vector x) { return _mm512_permutexvar_epi64(_mm512_set1_epi64(7), x); }
  // Two strides of four in a register.
  static Vector prefix4(Vector x) {
    return add(x, _mm512_alignr_epi64(x, _mm512_setzero_si512(), 4));
  }
  static Vector last4(Vector x) { return _mm512_shuffle_i64x2(x, x, 0xee); }
  static Doubles whole(Vector x) {
    const Vector bits = add(x, all(kRoundingBits));
    return _mm512_sub_pd(_mm512_castsi512_pd(bits), _mm512_set1_pd(kRoundingShift));
  }
  static Doubles all_doubles(double x) { return _mm512_set1_pd(x); }
  static Doubles divide(Doubles a, Doubles b) { return _mm512_div_pd(a, b); }
  static void store_doubles(double* p, Doubles x) { _mm512_storeu_pd(p, x); }

  using Choices = __m512i;
  static Choices choices(const std::uint64_t* front) { return _mm512_loadu_si512(front); }
  static Vector choose(Choices front, Vector codes) {
    return _mm512_permutexvar_epi64(codes, front);
  }

  static unsigned decimal(const double* values, double power, std::int64_t* integers) {
    const Doubles value = _mm512_loadu_pd(values);
    const Doubles tens = _mm512_set1_pd(power);
    const Doubles shift = _mm512_set1_pd(kRoundingShift);
    const Doubles scaled = _mm512_mul_pd(value, tens);
    const Doubles shifted = _mm512_add_pd(scaled, shift);
    const Doubles back = _mm512_div_pd(_mm512_sub_pd(shifted, shift), tens);
    const __mmask8 fits = _mm512_cmp_pd_mask(_mm512_abs_pd(scaled),
                                             _mm512_set1_pd(kIntegerMax), _CMP_LE_OQ);
    const __mmask8 good = _mm512_mask_cmpeq_epi64_mask(fits, _mm512_castpd_si512(back),
                                                       _mm512_castpd_si512(value));
    const Vector whole = _mm512_sub_epi64(_mm512_castpd_si512(shifted), all(kRoundingBits));
    store(reinterpret_cast<std::byte*>(integers), _mm512_maskz_mov_epi64(good, whole));
    return ~static_cast<unsigned>(good) & 255u;
  }
};

}  // namespace

const Kernels& compiled_avx512_kernels() {
  static constexpr Kernels kTable = table_of<Avx512Lanes>("avx512");
  return kTable;
}

}  // namespace ndts::codec

#endif
