// Cleaning: one pass over a batch of ticks that keeps the good rows and gives every other row the
// reason why it was refused.
//
// Rules, in the order in which they are tried; the first that refuses names the reason. Their
// limits are those of the symbol's plan (clean_rules.h), which may also have a rule mark instead:
//   sentinel    a number is missing: the time is no time, or price, volume, bid, ask or one of
//               their volumes is NaN, infinite or +-DBL_MAX; or the price is -0
//   price       not price_min < price < price_max; or bid or ask below 0 where price_min is not
//   volume      volume, bid volume or ask volume below 0
//   crossed     bid and ask present, bid > ask
//   spread      bid and ask present, not (ask - bid) / bid < spread_max
//   tickSize    price further than 1e-6 ticks from a multiple of tick_size
//   session     the calendar has no session at the time
//   stale       the time is behind the clock by more than stale_ns
//   future      the time is ahead of the clock by more than future_ns
//   duplicate   time, price, volume, bid and ask equal those of the tick of this symbol that was
//               accepted last
//   outOfOrder  older than the newest accepted tick of this symbol by more than disorder_ns
//   jump        far from the prices of this symbol accepted last (price_window.h), unless
//               `confirmations` ticks in a row, this one included, are near each other: then the
//               market has moved, and its prices begin anew. They also do after quiet_ns without a
//               tick.
// A bid or ask of 0 is an absent side. Those up to `future` look at the row alone. Only accepted
// ticks change what is known of a symbol, and a jump that waits to be confirmed, so a refused tick
// cannot make good ones be refused. Marking sets TickFlags: crossed, stale, else suspect.
//
// One thread at a time. Allocates only when a symbol id above all earlier ones appears. The result
// depends on the order of ticks, not on how they are split into batches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "clean/clean_rules.h"
#include "clean/row_rules.h"
#include "factor/symbol_rows.h"
#include "generated/constants.h"
#include "ring/row_columns.h"

namespace ndts {

// Feeds are told apart in counts; those at or above it are counted with the last.
inline constexpr std::uint32_t kCleanSources = 64;

struct CleanCounts {
  std::uint64_t refused[kCleanReasonCount];
  std::uint64_t marked[kCleanReasonCount];
};

struct CleanInput {
  TickColumns batch;
  std::size_t count;
  std::uint32_t source;
  // The wall clock; empty: of the past, so that nothing is stale or of the future.
  std::optional<std::int64_t> now_ns;
};

struct CleanOutput {
  TickColumns rejects;  // not the batch
  std::size_t capacity;
  std::size_t kept = 0;
  std::size_t rejected = 0;  // copied
};

// A plan, and its tolerances as the integers that times are compared by.
struct CleanTolerances : CleanPlan {
  std::uint64_t disorder;
  std::uint64_t stale;
  std::uint64_t future;
  std::uint64_t quiet;
};

class Cleaner {
 public:
  // `rules` passed check_rules().
  explicit Cleaner(CleanRules rules, Simd simd = Simd::kBest);

  // Takes effect with the next batch; what is known of the symbols stays.
  void set_rules(CleanRules rules);
  // Of a symbol that came later. INVALID_ARGUMENT: no such plan, an id at or above kSymbolLimit.
  [[nodiscard]] Status assign(std::uint32_t symbol, std::uint16_t plan);

  // Moves the accepted rows to the front in order. Refused rows are copied to `rejects` in order,
  // while it has room, with the reason in flags. False: a symbol id at or above kSymbolLimit, or no
  // memory; nothing was changed.
  [[nodiscard]] bool clean(const CleanInput& input, CleanOutput* output);

  // So far, by source; [0] of each stays 0.
  [[nodiscard]] const CleanCounts& counts(std::uint32_t source) const { return counts_[source]; }

 private:
  struct Row;
  [[nodiscard]] const CleanTolerances& plan_of(std::uint32_t symbol) const {
    return plans_[symbol < rules_.plan_of.size() ? rules_.plan_of[symbol] : 0];
  }
  void against_themselves(const TickColumns& batch, std::size_t first, std::size_t count,
                          std::uint32_t* found);
  [[nodiscard]] std::uint32_t examine(const CleanInput& input, std::size_t i,
                                      const CleanTolerances& plan, std::uint32_t own);
  [[nodiscard]] std::uint32_t against_clock(const Row& row, std::optional<std::int64_t> now_ns);
  [[nodiscard]] std::uint32_t against_symbol(const Row& row, std::uint32_t found);
  [[nodiscard]] bool in_session(std::uint32_t calendar, std::int64_t time_ns);
  static void mark(const TickColumns& batch, std::size_t row, std::uint32_t found,
                   CleanCounts* counts);
  static void refuse(const TickColumns& batch, std::size_t row, CleanReason reason,
                     CleanCounts* counts, CleanOutput* output);

  CleanRules rules_;
  std::vector<CleanTolerances> plans_;  // those of rules_
  const RowRules row_rules_;
  std::unique_ptr<RowLimits> limits_;  // of the rows at hand; with one plan, of all rows
  std::vector<std::size_t> session_at_;  // by calendar: where the last time was found
  SymbolRows rows_;
  std::vector<CleanCounts> counts_;
};

}  // namespace ndts
