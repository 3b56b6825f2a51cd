// Cleaning: one pass over a batch of ticks that keeps the good rows and gives every other row the
// reason why it was refused.
//
// Rules, in the order in which they are tried; the first that holds names the reason:
//   sentinel    a number is missing: the time is no time, or price, volume, bid, ask or one of
//               their volumes is NaN, infinite or +-DBL_MAX; or the price is -0
//   price       not 0 < price < price_max, or bid or ask below 0
//   volume      volume, bid volume or ask volume below 0
//   crossed     bid and ask present, bid > ask
//   spread      bid and ask present, not (ask - bid) / bid < spread_max
//   duplicate   time, price, volume, bid and ask equal those of the tick of this symbol that was
//               accepted last
//   outOfOrder  older than the newest accepted tick of this symbol by more than disorder_ns
// A bid or ask of 0 is an absent side. The first five look at the row alone. Only accepted ticks
// change what is known of a symbol, so a refused tick cannot make others be refused.
//
// One thread at a time. Allocates only when a symbol id above all earlier ones appears. The result
// depends on the order of ticks, not on how they are split into batches.
#pragma once

#include <cstddef>
#include <cstdint>

#include "factor/symbol_rows.h"
#include "generated/constants.h"
#include "ring/row_columns.h"

namespace ndts {

struct CleanRules {
  double price_max;
  double spread_max;
  std::int64_t disorder_ns;
};

inline constexpr std::size_t kCleanReasonCount = 8;

class Cleaner {
 public:
  explicit Cleaner(const CleanRules& rules);

  // Takes effect with the next batch; what is known of the symbols stays.
  void set_rules(const CleanRules& rules) { rules_ = rules; }

  // Moves the accepted rows of [0, *count) to the front in order and sets *count to their number.
  // Refused rows are copied to `rejects` in order, while it has room, with the reason in flags;
  // *reject_count is how many were copied. The two batches do not overlap. False: a symbol id at
  // or above kSymbolLimit, or no memory; nothing was changed.
  [[nodiscard]] bool clean(const TickColumns& batch, std::size_t* count,
                           const TickColumns& rejects, std::size_t reject_capacity,
                           std::size_t* reject_count);

  // Refused so far by CleanReason; [0] stays 0.
  [[nodiscard]] const std::uint64_t* counts() const { return counts_; }

 private:
  [[nodiscard]] CleanReason against_symbol(const TickColumns& batch, std::size_t row);

  CleanRules rules_;
  SymbolRows rows_;
  std::uint64_t counts_[kCleanReasonCount] = {};
};

}  // namespace ndts
