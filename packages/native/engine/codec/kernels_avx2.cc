// The codecs' loops with AVX2. Only this file may contain such instructions, and they run only
// where the processor has them. Without FMA: a fused product would give other bits.
#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include "codec/kernels_simd.h"

#pragma GCC target("avx2,lzcnt")

#include <immintrin.h>

#include "codec/kernels_loop.h"

namespace ndts::codec {
namespace {

struct Avx2Lanes {
  static constexpr std::size_t kWidth = 4;
  using Vector = __m256i;
  using Doubles = __m256d;
  using Count = __m128i;

  static std::size_t leading_zeros(std::uint64_t word) { return _lzcnt_u64(word); }
  static Vector load(const std::byte* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static void store(std::byte* p, Vector x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), x);
  }
  static Vector all(std::uint64_t x) { return _mm256_set1_epi64x(static_cast<long long>(x)); }
  static Count count_of(unsigned bits) { return _mm_cvtsi32_si128(static_cast<int>(bits)); }
  static Vector shift_right(Vector x, Count bits) { return _mm256_srl_epi64(x, bits); }
  static Vector shift_left(Vector x, Count bits) { return _mm256_sll_epi64(x, bits); }
  static Vector add(Vector a, Vector b) { return _mm256_add_epi64(a, b); }
  static Vector bit_and(Vector a, Vector b) { return _mm256_and_si256(a, b); }
  static Vector bit_or(Vector a, Vector b) { return _mm256_or_si256(a, b); }
  static Vector bit_xor(Vector a, Vector b) { return _mm256_xor_si256(a, b); }
  static Vector subtract(Vector a, Vector b) { return _mm256_sub_epi64(a, b); }
  static Vector least(Vector a, Vector b) {
    return _mm256_blendv_epi8(a, b, _mm256_cmpgt_epi64(a, b));
  }
  static Vector greatest(Vector a, Vector b) {
    return _mm256_blendv_epi8(b, a, _mm256_cmpgt_epi64(a, b));
  }
  static unsigned above(Vector a, Vector b) {
    const Vector sign = all(std::uint64_t{1} << 63);
    const Vector is_above =
        _mm256_cmpgt_epi64(_mm256_xor_si256(a, sign), _mm256_xor_si256(b, sign));
    return static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(is_above)));
  }
  static Vector multiply_low(Vector a, Vector b) {
    const Vector low = _mm256_mul_epu32(a, b);
    const Vector cross = _mm256_add_epi64(_mm256_mul_epu32(_mm256_srli_epi64(a, 32), b),
                                          _mm256_mul_epu32(a, _mm256_srli_epi64(b, 32)));
    return _mm256_add_epi64(low, _mm256_slli_epi64(cross, 32));
  }
  static Vector prefix(Vector x) {
    const Vector pairs = _mm256_add_epi64(x, _mm256_slli_si256(x, 8));
    // The total of the low half, into both lanes of the high one.
    const Vector low = _mm256_permute4x64_epi64(pairs, 0x55);
    return _mm256_add_epi64(pairs, _mm256_blend_epi32(_mm256_setzero_si256(), low, 0xf0));
  }
  static Vector last(Vector x) { return _mm256_permute4x64_epi64(x, 0xff); }
  // A register is one stride of four: never called.
  static Vector prefix4(Vector x) { return x; }
  static Vector last4(Vector x) { return x; }
  static Doubles whole(Vector x) {
    const Vector bits = _mm256_add_epi64(x, all(kRoundingBits));
    return _mm256_sub_pd(_mm256_castsi256_pd(bits), _mm256_set1_pd(kRoundingShift));
  }
  static Doubles all_doubles(double x) { return _mm256_set1_pd(x); }
  static Doubles divide(Doubles a, Doubles b) { return _mm256_div_pd(a, b); }
  static void store_doubles(double* p, Doubles x) { _mm256_storeu_pd(p, x); }

  // Front bits leave the lowest 48 free, so the upper halves are enough.
  using Choices = __m256i;
  static Choices choices(const std::uint64_t* front) {
    int high[8];
    for (int i = 0; i < 8; ++i) high[i] = static_cast<int>(front[i] >> 32);
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(high));
  }
  static Vector choose(Choices front, Vector codes) {
    return _mm256_slli_epi64(_mm256_permutevar8x32_epi32(front, codes), 32);
  }

  static unsigned decimal(const double* values, double power, std::int64_t* integers) {
    const Doubles value = _mm256_loadu_pd(values);
    const Doubles tens = _mm256_set1_pd(power);
    const Doubles shift = _mm256_set1_pd(kRoundingShift);
    const Doubles scaled = _mm256_mul_pd(value, tens);
    const Doubles shifted = _mm256_add_pd(scaled, shift);
    const Doubles back = _mm256_div_pd(_mm256_sub_pd(shifted, shift), tens);
    const Doubles magnitude = _mm256_andnot_pd(_mm256_set1_pd(-0.0), scaled);
    const Doubles fits = _mm256_cmp_pd(magnitude, _mm256_set1_pd(kIntegerMax), _CMP_LE_OQ);
    const Vector same =
        _mm256_cmpeq_epi64(_mm256_castpd_si256(back), _mm256_castpd_si256(value));
    const Vector good = _mm256_and_si256(same, _mm256_castpd_si256(fits));
    const Vector whole = _mm256_sub_epi64(_mm256_castpd_si256(shifted), all(kRoundingBits));
    store(reinterpret_cast<std::byte*>(integers), _mm256_and_si256(whole, good));
    return ~static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(good))) & 15u;
  }
};

}  // namespace

const Kernels& compiled_avx2_kernels() {
  static constexpr Kernels kTable = table_of<Avx2Lanes>("avx2");
  return kTable;
}

}  // namespace ndts::codec

#endif
