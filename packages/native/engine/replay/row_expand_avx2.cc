// The kernels of row_expand.h with AVX2. Only this file may contain such instructions, and they run
// only where the processor has them.
#if defined(__x86_64__)

#include "base/bytes.h"
#include "replay/row_expand.h"

#pragma GCC target("avx2,fma")

#include <immintrin.h>

namespace ndts {

namespace {

using Wholes = __m256i;
using Reals = __m256d;

[[gnu::always_inline]] inline Wholes load_wholes(const std::uint64_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

[[gnu::always_inline]] inline Wholes load_cells(const LaneGroup& group, const std::byte* row) {
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
[[gnu::always_inline]] inline Reals to_reals(Wholes cells) {
  const Wholes high_exponent = _mm256_castpd_si256(_mm256_set1_pd(0x1p84));
  const Wholes low_exponent = _mm256_castpd_si256(_mm256_set1_pd(0x1p52));
  const Wholes high = _mm256_or_si256(_mm256_srli_epi64(cells, 32), high_exponent);
  const Wholes low = _mm256_blend_epi32(low_exponent, cells, 0x55);
  const Reals above = _mm256_sub_pd(_mm256_castsi256_pd(high), _mm256_set1_pd(0x1p84 + 0x1p52));
  return _mm256_add_pd(above, _mm256_castsi256_pd(low));
}

// Of cells of four bytes at most.
[[gnu::always_inline]] inline Reals narrow_to_reals(Wholes cells) {
  const Reals exponent = _mm256_set1_pd(0x1p52);
  return _mm256_sub_pd(_mm256_or_pd(_mm256_castsi256_pd(cells), exponent), exponent);
}

// An integer of at most 53 bits by a power of ten up to 10^15, rounded as a division is. The first
// quotient is a few units of its last place off, so that the remainder is exact, and what is left
// is wrong by 2^-105 of the quotient. No quotient is as near to where rounding changes: the
// distance is at least 2^-54 divided by 5^15.
[[gnu::always_inline]] inline Reals divide(Reals integers, Reals divisors, Reals inverses) {
  const Reals quotients = _mm256_mul_pd(integers, inverses);
  const Reals remainders = _mm256_fnmadd_pd(quotients, divisors, integers);
  return _mm256_fmadd_pd(remainders, inverses, quotients);
}

template <bool kNarrow>
[[gnu::always_inline]] inline Wholes expand_group(const LaneGroup& group, const std::byte* row,
                                                  Wholes bases) {
  const Wholes cells = load_cells(group, row);
  const Wholes wholes = _mm256_add_epi64(cells, bases);
  const Reals distances = kNarrow ? narrow_to_reals(cells) : to_reals(cells);
  const Reals integers =
      _mm256_fmadd_pd(distances, _mm256_load_pd(group.scales), _mm256_castsi256_pd(bases));
  const Reals reals =
      divide(integers, _mm256_load_pd(group.divisors), _mm256_load_pd(group.inverses));
  return _mm256_blendv_epi8(wholes, _mm256_castpd_si256(reals), load_wholes(group.real));
}

[[gnu::always_inline]] inline void store_lanes(std::uint64_t* to, Wholes values) {
  _mm256_store_si256(reinterpret_cast<__m256i*>(to), values);
}

// One loop for times and values, and all groups in a turn of it: its end is a surprise to the
// processor, once instead of once for each. Ticks with all columns have two groups. Arguments are
// copies: for what the compiler knows, what is written could otherwise be them.
template <std::size_t kGroups, bool kNarrow>
std::size_t take_groups(PackedRows rows, WindowPart part) {
  const LaneGroup* const groups = rows.shape->groups.data();
  Wholes bases[kGroups];
  for (std::size_t at = 0; at < kGroups; at += 1) bases[at] = load_wholes(rows.bases + kLanes * at);
  const std::byte* from = rows.first;
  std::uint64_t* out = part.lanes;
  for (std::size_t row = 0; row < rows.count; row += 1) {
    const auto time = load<std::int64_t>(from);
    if (time >= part.end) return row;
    note_row(part, row, time);
    for (std::size_t at = 0; at < kGroups; at += 1)
      store_lanes(out + kLanes * at, expand_group<kNarrow>(groups[at], from, bases[at]));
    from += rows.row_bytes;
    out += kLanes * kGroups;
  }
  return rows.count;
}

std::size_t take_many(PackedRows rows, WindowPart part) {
  const std::size_t groups = rows.shape->groups.size();
  const std::byte* from = rows.first;
  std::uint64_t* out = part.lanes;
  for (std::size_t row = 0; row < rows.count; row += 1) {
    const auto time = load<std::int64_t>(from);
    if (time >= part.end) return row;
    note_row(part, row, time);
    for (std::size_t at = 0; at < groups; at += 1, out += kLanes)
      store_lanes(out, expand_group<false>(rows.shape->groups[at], from,
                                           load_wholes(rows.bases + kLanes * at)));
    from += rows.row_bytes;
  }
  return rows.count;
}

std::size_t take(const PackedRows& rows, const WindowPart& part) {
  const std::size_t groups = rows.shape->groups.size();
  const bool narrow = rows.shape->narrow;
  if (groups == 1)
    return narrow ? take_groups<1, true>(rows, part) : take_groups<1, false>(rows, part);
  if (groups == 2)
    return narrow ? take_groups<2, true>(rows, part) : take_groups<2, false>(rows, part);
  return take_many(rows, part);
}

// Four values of a lane.
[[gnu::always_inline]] inline void store_four(const LaneOut& out, std::size_t at, Reals values) {
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
[[gnu::always_inline]] inline void turn_four(const ExpandedRows& rows,
                                             const std::uint32_t* places, std::size_t lane,
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

// Each half of the lanes lies within sixteen bytes.
std::size_t take_narrow(const NarrowRows& given, const WindowPart& window) {
  const NarrowRows rows = given;
  const WindowPart part = window;
  const NarrowShape& cells = rows.shape->cells;
  const Wholes shuffle = _mm256_load_si256(reinterpret_cast<const __m256i*>(cells.shuffle));
  const Wholes bases = _mm256_load_si256(reinterpret_cast<const __m256i*>(rows.block->bases));
  const Wholes scales = _mm256_load_si256(reinterpret_cast<const __m256i*>(rows.block->scales));
  const std::size_t low = cells.offsets[0];
  const std::size_t high = cells.offsets[1];
  const std::byte* from = rows.first;
  std::int32_t* out = rows.out;
  for (std::size_t row = 0; row < rows.count; row += 1) {
    const auto time = load<std::int64_t>(from);
    if (time >= part.end) return row;
    note_row(part, row, time);
    const Wholes bytes =
        _mm256_loadu2_m128i(reinterpret_cast<const __m128i_u*>(from + high),
                            reinterpret_cast<const __m128i_u*>(from + low));
    const Wholes values = _mm256_mullo_epi32(_mm256_shuffle_epi8(bytes, shuffle), scales);
    _mm256_store_si256(reinterpret_cast<__m256i*>(out), _mm256_add_epi32(values, bases));
    from += rows.row_bytes;
    out += kNarrowLanes;
  }
  return rows.count;
}

// Four values of a lane.
[[gnu::always_inline]] inline void store_narrow(const NarrowLane& lane, const LaneOut& out,
                                                std::size_t at, __m128i values) {
  if (out.width == 0) return;
  if (lane.real) {
    const Reals integers = _mm256_add_pd(_mm256_cvtepi32_pd(values),
                                         _mm256_set1_pd(static_cast<double>(lane.origin)));
    const Reals reals = divide(integers, _mm256_broadcast_sd(&lane.divisor),
                               _mm256_broadcast_sd(&lane.inverse));
    store_four(out, at, reals);
    return;
  }
  const Wholes wholes =
      _mm256_add_epi64(_mm256_cvtepi32_epi64(values), _mm256_set1_epi64x(lane.origin));
  store_four(out, at, _mm256_castsi256_pd(wholes));
}

void turn_narrow(const std::int32_t* rows, const NarrowForm& form,
                 std::span<const std::uint32_t> places, std::span<const LaneOut> out) {
  const auto read = [rows](std::uint32_t place) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(rows + kNarrowLanes * place));
  };
  const bool both = out.size() > kLanes;
  std::size_t at = 0;
  for (; at + 4 <= places.size(); at += 4) {
    const Wholes a = read(places[at]);
    const Wholes b = read(places[at + 1]);
    const Wholes c = read(places[at + 2]);
    const Wholes d = read(places[at + 3]);
    const Wholes low_ab = _mm256_unpacklo_epi32(a, b);  // a0 b0 a1 b1, a4 b4 a5 b5
    const Wholes high_ab = _mm256_unpackhi_epi32(a, b);
    const Wholes low_cd = _mm256_unpacklo_epi32(c, d);
    const Wholes high_cd = _mm256_unpackhi_epi32(c, d);
    const Wholes lanes[kLanes] = {
        _mm256_unpacklo_epi64(low_ab, low_cd), _mm256_unpackhi_epi64(low_ab, low_cd),
        _mm256_unpacklo_epi64(high_ab, high_cd), _mm256_unpackhi_epi64(high_ab, high_cd)};
    for (std::size_t lane = 0; lane < kLanes; lane += 1)
      store_narrow(form.lane(lane), out[lane], at, _mm256_castsi256_si128(lanes[lane]));
    for (std::size_t lane = 0; both && lane < kLanes; lane += 1)
      store_narrow(form.lane(kLanes + lane), out[kLanes + lane], at,
                   _mm256_extracti128_si256(lanes[lane], 1));
  }
  for (; at < places.size(); at += 1)
    for (std::size_t lane = 0; lane < out.size(); lane += 1)
      store_lane(out[lane], at,
                 narrow_value(form.lane(lane), rows[kNarrowLanes * places[at] + lane]));
}

constexpr RowKernels kAvx2 = {take, turn, take_narrow, turn_narrow};

}  // namespace

const RowKernels& avx2_row_kernels() { return kAvx2; }

}  // namespace ndts

#endif
