#include "clean/cleaner.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace ndts {
namespace {

// What is known of a symbol: the newest time among accepted ticks, and the tick accepted last.
struct SymbolState {
  std::int64_t newest_ns;
  std::int64_t time_ns;
  double price;
  double volume;
  double bid;
  double ask;
  std::uint64_t seen;
};

// Rows whose own fields are checked before the pass that needs the order.
constexpr std::size_t kChunk = 1024;

// False for NaN, the infinities and +-DBL_MAX.
inline bool is_number(double x) { return std::fabs(x) < std::numeric_limits<double>::max(); }

// The rules that look at a row alone. Without branches, so that the loop over it is vectorised;
// assignments stand in reverse order of precedence.
inline std::uint32_t against_itself(const TickColumns& t, std::size_t i, const CleanRules& rules) {
  const double price = t.price[i];
  const double volume = t.volume[i];
  const double bid = t.bid[i];
  const double ask = t.ask[i];
  const double bid_volume = t.bid_volume[i];
  const double ask_volume = t.ask_volume[i];

  const bool both = (bid > 0) & (ask > 0);
  const bool narrow = (ask - bid) / bid < rules.spread_max;
  std::uint32_t reason = both & !narrow ? static_cast<std::uint32_t>(CleanReason::kSpread) : 0;
  if (both & (bid > ask)) reason = static_cast<std::uint32_t>(CleanReason::kCrossed);
  if ((volume < 0) | (bid_volume < 0) | (ask_volume < 0))
    reason = static_cast<std::uint32_t>(CleanReason::kVolume);
  if (!((price > 0) & (price < rules.price_max)) | (bid < 0) | (ask < 0))
    reason = static_cast<std::uint32_t>(CleanReason::kPrice);
  const bool numbers = is_number(price) & is_number(volume) & is_number(bid) & is_number(ask) &
                       is_number(bid_volume) & is_number(ask_volume);
  const bool negative_zero = (price == 0) & std::signbit(price);
  if (!numbers | negative_zero) reason = static_cast<std::uint32_t>(CleanReason::kSentinel);
  return reason;
}

void move_rows(const TickColumns& columns, std::size_t to, std::size_t from, std::size_t count) {
  columns.each([=](auto* column) {
    std::memmove(column + to, column + from, count * sizeof(*column));
  });
}

void copy_row(const TickColumns& from, std::size_t from_row, const TickColumns& to,
              std::size_t to_row) {
  to.day[to_row] = from.day[from_row];
  to.ns_of_day[to_row] = from.ns_of_day[from_row];
  to.sequence[to_row] = from.sequence[from_row];
  to.price[to_row] = from.price[from_row];
  to.volume[to_row] = from.volume[from_row];
  to.bid[to_row] = from.bid[from_row];
  to.ask[to_row] = from.ask[from_row];
  to.bid_volume[to_row] = from.bid_volume[from_row];
  to.ask_volume[to_row] = from.ask_volume[from_row];
  to.symbol[to_row] = from.symbol[from_row];
  to.shard[to_row] = from.shard[from_row];
  to.epoch[to_row] = from.epoch[from_row];
}

}  // namespace

Cleaner::Cleaner(const CleanRules& rules) : rules_(rules), rows_(sizeof(SymbolState)) {}

CleanReason Cleaner::against_symbol(const TickColumns& batch, std::size_t i) {
  const std::int64_t time_ns = pack_time(batch.day[i], batch.ns_of_day[i]);
  auto* state = rows_.at<SymbolState>(batch.symbol[i]);
  if (state->seen != 0) {
    const bool equal = (time_ns == state->time_ns) & (batch.price[i] == state->price) &
                       (batch.volume[i] == state->volume) & (batch.bid[i] == state->bid) &
                       (batch.ask[i] == state->ask);
    if (equal) return CleanReason::kDuplicate;
    // Times span less than 2^63 apart from each other only near the ends of the range; unsigned
    // arithmetic is right there too.
    const auto behind_ns =
        static_cast<std::uint64_t>(state->newest_ns) - static_cast<std::uint64_t>(time_ns);
    if (time_ns < state->newest_ns && behind_ns > static_cast<std::uint64_t>(rules_.disorder_ns))
      return CleanReason::kOutOfOrder;
    state->newest_ns = std::max(state->newest_ns, time_ns);
  } else {
    state->seen = 1;
    state->newest_ns = time_ns;
  }
  state->time_ns = time_ns;
  state->price = batch.price[i];
  state->volume = batch.volume[i];
  state->bid = batch.bid[i];
  state->ask = batch.ask[i];
  return CleanReason::kOk;
}

bool Cleaner::clean(const TickColumns& batch, std::size_t* count, const TickColumns& rejects,
                    std::size_t reject_capacity, std::size_t* reject_count) {
  if (!rows_.grow(symbols_needed(batch.symbol, *count))) return false;
  constexpr std::size_t kAhead = 16;
  std::uint32_t reasons[kChunk];
  std::size_t kept = 0;       // rows [0, kept) are final
  std::size_t run_start = 0;  // rows [run_start, i) are accepted and not yet moved
  std::size_t rejected = 0;
  const std::size_t total = *count;
  for (std::size_t chunk = 0; chunk < total; chunk += kChunk) {
    const std::size_t end = std::min(chunk + kChunk, total);
    for (std::size_t i = chunk; i < end; ++i) reasons[i - chunk] = against_itself(batch, i, rules_);
    for (std::size_t i = chunk; i < end; ++i) {
      if (i + kAhead < total)
        __builtin_prefetch(rows_.at<const char>(batch.symbol[i + kAhead]), 1);
      auto reason = static_cast<CleanReason>(reasons[i - chunk]);
      if (!is_time(batch.day[i], batch.ns_of_day[i])) reason = CleanReason::kSentinel;
      if (reason == CleanReason::kOk) reason = against_symbol(batch, i);
      if (reason == CleanReason::kOk) [[likely]]
        continue;
      ++counts_[static_cast<std::size_t>(reason)];
      if (rejected < reject_capacity) {
        copy_row(batch, i, rejects, rejected);
        rejects.flags[rejected++] = static_cast<std::uint32_t>(reason);
      }
      if (kept != run_start) move_rows(batch, kept, run_start, i - run_start);
      kept += i - run_start;
      run_start = i + 1;
    }
  }
  if (kept != run_start) move_rows(batch, kept, run_start, total - run_start);
  *count = kept + (total - run_start);
  *reject_count = rejected;
  return true;
}

}  // namespace ndts
