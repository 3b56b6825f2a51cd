// The kernels of row_expand.h with AVX2. Only this file may contain such instructions, and they run
// only where the processor has them.
#if defined(__x86_64__)

#include "replay/row_expand.h"

#pragma GCC target("avx2")

#include <immintrin.h>

namespace ndts {

namespace {

using Wholes = __m256i;
using Reals = __m256d;

Wholes load_wholes(const std::uint64_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

Wholes load_cells(const LaneGroup& group, const std::byte* row) {
  const auto pair = [row](std::uint16_t low, std::uint16_t high) {
    const __m128d first = _mm_load_sd(reinterpret_cast<const double*>(row + low));
    return _mm_loadh_pd(first, reinterpret_cast<const double*>(row + high));
  };
  const __m128d low = pair(group.offsets[0], group.offsets[1]);
  const __m128d high = pair(group.offsets[2], group.offsets[3]);
  const Wholes cells = _mm256_castpd_si256(_mm256_set_m128d(high, low));
  return _mm256_and_si256(cells, load_wholes(group.masks));
}

// All 64 bits, rounded once: the halves are put behind exponents that make them whole.
Reals to_reals(Wholes cells) {
  const Wholes high_exponent = _mm256_castpd_si256(_mm256_set1_pd(0x1p84));
  const Wholes low_exponent = _mm256_castpd_si256(_mm256_set1_pd(0x1p52));
  const Wholes high = _mm256_or_si256(_mm256_srli_epi64(cells, 32), high_exponent);
  const Wholes low = _mm256_blend_epi32(low_exponent, cells, 0x55);
  const Reals above = _mm256_sub_pd(_mm256_castsi256_pd(high), _mm256_set1_pd(0x1p84 + 0x1p52));
  return _mm256_add_pd(above, _mm256_castsi256_pd(low));
}

Wholes expand_group(const LaneGroup& group, const std::byte* row, Wholes bases) {
  const Wholes cells = load_cells(group, row);
  const Wholes wholes = _mm256_add_epi64(cells, bases);
  Reals reals = _mm256_mul_pd(to_reals(cells), _mm256_load_pd(group.scales));
  reals = _mm256_add_pd(reals, _mm256_castsi256_pd(bases));
  reals = _mm256_div_pd(reals, _mm256_load_pd(group.divisors));
  return _mm256_blendv_epi8(wholes, _mm256_castpd_si256(reals), load_wholes(group.real));
}

void store_lanes(std::uint64_t* to, Wholes values) {
  _mm256_store_si256(reinterpret_cast<__m256i*>(to), values);
}

// All groups of a row in one turn of a loop: its end is a surprise to the processor, once instead
// of once a group. Ticks with all columns have two groups.
template <std::size_t kGroups>
void expand_groups(const PackedRows& rows, std::uint64_t* out) {
  const LaneGroup* const groups = rows.shape->groups.data();
  Wholes bases[kGroups];
  for (std::size_t at = 0; at < kGroups; at += 1) bases[at] = load_wholes(rows.bases + kLanes * at);
  const std::byte* row = rows.first;
  for (std::size_t done = 0; done < rows.count; done += 1) {
    for (std::size_t at = 0; at < kGroups; at += 1)
      store_lanes(out + kLanes * at, expand_group(groups[at], row, bases[at]));
    row += rows.row_bytes;
    out += kLanes * kGroups;
  }
}

void expand_many(const PackedRows& rows, std::uint64_t* out) {
  const std::size_t count = rows.shape->groups.size();
  for (std::size_t at = 0; at < count; at += 1) {
    const Wholes bases = load_wholes(rows.bases + kLanes * at);
    for (std::size_t row = 0; row < rows.count; row += 1)
      store_lanes(out + kLanes * (count * row + at),
                  expand_group(rows.shape->groups[at], rows.first + rows.row_bytes * row, bases));
  }
}

void expand(const PackedRows& rows, std::uint64_t* out) {
  if (rows.shape->groups.size() == 1) return expand_groups<1>(rows, out);
  if (rows.shape->groups.size() == 2) return expand_groups<2>(rows, out);
  expand_many(rows, out);
}

// Four values of a lane.
void store_four(const LaneOut& out, std::size_t at, Reals values) {
  if (out.width == 8) {
    _mm256_storeu_pd(reinterpret_cast<double*>(out.first) + at, values);
    return;
  }
  if (out.width == 0) return;
  const Wholes halves = _mm256_permutevar8x32_epi32(_mm256_castpd_si256(values),
                                                    _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6));
  const __m128i words = _mm256_castsi256_si128(halves);
  if (out.width == 4) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out.first + 4 * at), words);
    return;
  }
  const __m128i lowest = _mm_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  _mm_storeu_si32(out.first + at, _mm_shuffle_epi8(words, lowest));
}

// Four lanes of four rows.
void turn_four(const ExpandedRows& rows, const std::uint32_t* places, std::size_t lane,
               const LaneOut* out, std::size_t at) {
  const auto read = [&rows, places, lane](std::size_t place) {
    return _mm256_castsi256_pd(load_wholes(rows.first + rows.lanes * places[place] + lane));
  };
  const Reals a = read(0);
  const Reals b = read(1);
  const Reals c = read(2);
  const Reals d = read(3);
  const Reals even_ab = _mm256_unpacklo_pd(a, b);  // a0 b0 a2 b2
  const Reals odd_ab = _mm256_unpackhi_pd(a, b);
  const Reals even_cd = _mm256_unpacklo_pd(c, d);
  const Reals odd_cd = _mm256_unpackhi_pd(c, d);
  store_four(out[0], at, _mm256_permute2f128_pd(even_ab, even_cd, 0x20));
  store_four(out[1], at, _mm256_permute2f128_pd(odd_ab, odd_cd, 0x20));
  store_four(out[2], at, _mm256_permute2f128_pd(even_ab, even_cd, 0x31));
  store_four(out[3], at, _mm256_permute2f128_pd(odd_ab, odd_cd, 0x31));
}

void turn(const ExpandedRows& rows, std::span<const std::uint32_t> places,
          std::span<const LaneOut> out) {
  std::size_t at = 0;
  for (; at + 4 <= places.size(); at += 4)
    for (std::size_t lane = 0; lane < out.size(); lane += kLanes)
      turn_four(rows, places.data() + at, lane, out.data() + lane, at);
  for (; at < places.size(); at += 1)
    for (std::size_t lane = 0; lane < out.size(); lane += 1)
      store_lane(out[lane], at, rows.first[rows.lanes * places[at] + lane]);
}

constexpr RowKernels kAvx2 = {expand, turn};

}  // namespace

const RowKernels& avx2_row_kernels() { return kAvx2; }

}  // namespace ndts

#endif
