// The rules of rows with AVX2, four rows at once. Only this file may contain such instructions, and
// what is in it runs only where the processor has them. The arithmetic is that of row_rules.cc.
#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>
#include <limits>

#include "clean/row_rules.h"

#pragma GCC target("avx2")

#include <immintrin.h>

namespace ndts {

namespace {

using Four = __m256d;

template <int kComparison>
Four compare(Four a, Four b) {
  return _mm256_cmp_pd(a, b, kComparison);
}
Four both_of(Four a, Four b) { return _mm256_and_pd(a, b); }
Four any_of(Four a, Four b) { return _mm256_or_pd(a, b); }
Four magnitude(Four a) { return _mm256_andnot_pd(_mm256_set1_pd(-0.0), a); }
// Of all four, where the mask holds.
__m256i bits_where(Four mask, CleanReason reason) {
  return _mm256_and_si256(_mm256_castpd_si256(mask),
                          _mm256_set1_epi64x(static_cast<long long>(clean_bit(reason))));
}

Four is_odd_number(Four x) {
  return compare<_CMP_NLT_UQ>(magnitude(x), _mm256_set1_pd(std::numeric_limits<double>::max()));
}

// The distance from the nearest whole number, of numbers below 2^51.
Four off_whole(Four x) {
  const Four rounds = _mm256_set1_pd(6'755'399'441'055'744.0);
  return magnitude(_mm256_sub_pd(x, _mm256_sub_pd(_mm256_add_pd(x, rounds), rounds)));
}

__m256i found_in(const TickColumns& t, std::size_t i, const RowLimits& limits,
                 std::size_t row) {
  const Four zero = _mm256_setzero_pd();
  const Four price_min = _mm256_loadu_pd(limits.price_min + row);
  const Four price_max = _mm256_loadu_pd(limits.price_max + row);
  const Four spread_max = _mm256_loadu_pd(limits.spread_max + row);
  const Four tick_size = _mm256_loadu_pd(limits.tick_size + row);
  const Four price = _mm256_loadu_pd(t.price + i);
  const Four volume = _mm256_loadu_pd(t.volume + i);
  const Four bid = _mm256_loadu_pd(t.bid + i);
  const Four ask = _mm256_loadu_pd(t.ask + i);
  const Four bid_volume = _mm256_loadu_pd(t.bid_volume + i);
  const Four ask_volume = _mm256_loadu_pd(t.ask_volume + i);

  const Four negative_zero =
      _mm256_castsi256_pd(_mm256_cmpeq_epi64(_mm256_castpd_si256(price),
                                             _mm256_castpd_si256(_mm256_set1_pd(-0.0))));
  Four odd = any_of(any_of(is_odd_number(price), is_odd_number(volume)),
                    any_of(is_odd_number(bid), is_odd_number(ask)));
  odd = any_of(odd, any_of(is_odd_number(bid_volume), is_odd_number(ask_volume)));
  const Four outside = any_of(compare<_CMP_NGT_UQ>(price, price_min),
                              compare<_CMP_NLT_UQ>(price, price_max));
  const Four below =
      any_of(compare<_CMP_LT_OQ>(bid, zero), compare<_CMP_LT_OQ>(ask, zero));
  const Four sold = any_of(any_of(compare<_CMP_LT_OQ>(volume, zero),
                                  compare<_CMP_LT_OQ>(bid_volume, zero)),
                           compare<_CMP_LT_OQ>(ask_volume, zero));
  const Four both =
      both_of(compare<_CMP_GT_OQ>(bid, zero), compare<_CMP_GT_OQ>(ask, zero));
  const Four spread = _mm256_div_pd(_mm256_sub_pd(ask, bid), bid);
  const Four wide = compare<_CMP_NLT_UQ>(spread, spread_max);
  const Four between = compare<_CMP_GT_OQ>(off_whole(_mm256_div_pd(price, tick_size)),
                                           _mm256_set1_pd(1e-6));

  __m256i found = bits_where(any_of(odd, negative_zero), CleanReason::kSentinel);
  const auto add = [&found](Four mask, CleanReason reason) {
    found = _mm256_or_si256(found, bits_where(mask, reason));
  };
  add(any_of(outside, both_of(compare<_CMP_GE_OQ>(price_min, zero), below)), CleanReason::kPrice);
  add(sold, CleanReason::kVolume);
  add(both_of(both, compare<_CMP_GT_OQ>(bid, ask)), CleanReason::kCrossed);
  add(both_of(both, wide), CleanReason::kSpread);
  add(both_of(compare<_CMP_GT_OQ>(tick_size, zero), between), CleanReason::kTickSize);
  return found;
}

}  // namespace

void row_rules_avx2(const TickColumns& batch, std::size_t first, std::size_t count,
                    const RowLimits& limits, std::uint32_t* found) {
  const __m256i low_words = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
  const std::size_t whole = count / 4 * 4;
  for (std::size_t i = 0; i < whole; i += 4) {
    const __m256i wide = found_in(batch, first + i, limits, i);
    const __m128i narrow =
        _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(wide, low_words));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(found + i), narrow);
  }
  for (std::size_t i = whole; i < count; ++i)
    found[i] = row_rule_of_one(batch, first + i, limits, i);
}

}  // namespace ndts

#endif
