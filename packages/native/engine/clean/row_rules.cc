#include "clean/row_rules.h"

#include <cmath>
#include <limits>

namespace ndts {

namespace {

constexpr std::uint32_t bit_where(bool holds, CleanReason reason) {
  return holds ? clean_bit(reason) : 0;
}

// False for NaN, the infinities and +-DBL_MAX.
inline bool is_number(double x) { return std::fabs(x) < std::numeric_limits<double>::max(); }

// Rounds to whole numbers below 2^51 without a call.
inline double nearest(double x) {
  constexpr double kRounds = 6'755'399'441'055'744.0;
  return (x + kRounds) - kRounds;
}

// The rules that look at the numbers of a row alone, without branches.
inline std::uint32_t against_itself(const TickColumns& t, std::size_t i, const RowLimits& limits,
                                    std::size_t row) {
  const double price = t.price[i];
  const double volume = t.volume[i];
  const double bid = t.bid[i];
  const double ask = t.ask[i];
  const double bid_volume = t.bid_volume[i];
  const double ask_volume = t.ask_volume[i];

  const bool both = (bid > 0) & (ask > 0);
  const bool narrow = (ask - bid) / bid < limits.spread_max[row];
  const bool positive = limits.price_min[row] >= 0;
  const double ticks = price / limits.tick_size[row];
  const bool numbers = is_number(price) & is_number(volume) & is_number(bid) & is_number(ask) &
                       is_number(bid_volume) & is_number(ask_volume);
  const bool negative_zero = (price == 0) & std::signbit(price);
  const bool within = (price > limits.price_min[row]) & (price < limits.price_max[row]);
  return bit_where((!numbers) | negative_zero, CleanReason::kSentinel) |
         bit_where((!within) | (positive & ((bid < 0) | (ask < 0))), CleanReason::kPrice) |
         bit_where((volume < 0) | (bid_volume < 0) | (ask_volume < 0), CleanReason::kVolume) |
         bit_where(both & (bid > ask), CleanReason::kCrossed) |
         bit_where(both & (!narrow), CleanReason::kSpread) |
         bit_where((limits.tick_size[row] > 0) & (std::fabs(ticks - nearest(ticks)) > 1e-6),
                CleanReason::kTickSize);
}

}  // namespace

void row_rules_scalar(const TickColumns& batch, std::size_t first, std::size_t count,
                      const RowLimits& limits, std::uint32_t* found) {
  for (std::size_t i = 0; i < count; ++i) found[i] = against_itself(batch, first + i, limits, i);
}

std::uint32_t row_rule_of_one(const TickColumns& batch, std::size_t i, const RowLimits& limits,
                              std::size_t row) {
  return against_itself(batch, i, limits, row);
}

RowRules row_rules(Simd simd) {
#if defined(__x86_64__)
  if (simd == Simd::kAvx2 || (simd == Simd::kBest && has_avx2())) return row_rules_avx2;
#else
  static_cast<void>(simd);
#endif
  return row_rules_scalar;
}

}  // namespace ndts
