#include "clean/cleaner.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "clean/price_window.h"

namespace ndts {
namespace {

using Plan = CleanTolerances;

// What is known of a symbol: the newest time among accepted ticks, the tick accepted last, its last
// prices, and a jump that waits to be confirmed. Two cache lines.
struct SymbolState {
  std::int64_t newest_ns;
  std::int64_t time_ns;
  double volume;
  double bid;
  double ask;
  double candidate;
  std::int64_t candidate_ns;
  PriceWindow window;
  std::uint32_t prices;      // put into the window since it began; never 0 once seen
  std::uint16_t candidates;  // in a row, near each other
  std::uint16_t seen;

  [[nodiscard]] double price() const { return window.prices[(prices - 1) % kPriceWindow]; }
};
static_assert(sizeof(SymbolState) == 128);

// Rows whose own fields are checked before the pass that needs the order.
constexpr std::size_t kChunk = kRowRulesMost;
constexpr std::size_t kAhead = 16;

// In the order in which they are tried.
constexpr CleanReason kOrder[] = {
    CleanReason::kSentinel, CleanReason::kPrice,     CleanReason::kVolume,
    CleanReason::kCrossed,  CleanReason::kSpread,    CleanReason::kTickSize,
    CleanReason::kSession,  CleanReason::kStale,     CleanReason::kFuture,
    CleanReason::kDuplicate, CleanReason::kOutOfOrder, CleanReason::kJump};
static_assert(std::size(kOrder) + 1 == kCleanReasonCount);

CleanReason first_of(std::uint32_t found) {
  for (const CleanReason reason : kOrder)
    if ((found & clean_bit(reason)) != 0) return reason;
  return CleanReason::kOk;
}

constexpr std::uint32_t bit_if(bool holds, CleanReason reason) {
  return holds ? clean_bit(reason) : 0;
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

// Whether `later` is above `earlier` by more than `ns`. Times may be the length of the whole range
// apart; unsigned arithmetic is right there too.
inline bool beyond(std::int64_t later, std::int64_t earlier, std::uint64_t ns) {
  return (later > earlier) &
         (static_cast<std::uint64_t>(later) - static_cast<std::uint64_t>(earlier) > ns);
}

inline bool is_jump(SymbolState* state, double price, std::int64_t time_ns, const Plan& plan) {
  if (beyond(time_ns, state->time_ns, plan.quiet)) state->prices = 0;
  if (state->prices < kPriceWindow || state->window.surely_near(price, plan.jump_max))
    return false;
  if (!state->window.is_jump(price, plan.jump_max, plan.jump_deviations)) return false;
  const bool again = state->candidates > 0 && std::fabs(price - state->candidate) <=
                                                  plan.jump_max * std::fabs(state->candidate);
  // A message that comes twice confirms nothing.
  if (again && time_ns == state->candidate_ns && price == state->candidate) return true;
  state->candidates = again ? static_cast<std::uint16_t>(state->candidates + 1) : std::uint16_t{1};
  state->candidate = price;
  state->candidate_ns = time_ns;
  if (state->candidates < plan.confirmations) return true;
  state->prices = 0;
  return false;
}

}  // namespace

// A row beyond its own numbers.
struct Cleaner::Row {
  const TickColumns& batch;
  std::size_t at;
  std::int64_t time_ns;
  const Plan& plan;
};

Cleaner::Cleaner(CleanRules rules, Simd simd)
    : row_rules_(row_rules(simd)),
      limits_(std::make_unique<RowLimits>()),
      rows_(sizeof(SymbolState)),
      counts_(kCleanSources) {
  set_rules(std::move(rules));
}

void Cleaner::set_rules(CleanRules rules) {
  rules_ = std::move(rules);
  plans_.clear();
  for (const CleanPlan& plan : rules_.plans)
    plans_.push_back({plan, static_cast<std::uint64_t>(plan.disorder_ns),
                      static_cast<std::uint64_t>(plan.stale_ns),
                      static_cast<std::uint64_t>(plan.future_ns),
                      static_cast<std::uint64_t>(plan.quiet_ns)});
  for (std::size_t row = 0; row < kRowRulesMost; ++row) limits_->set(row, plans_.front());
  session_at_.assign(rules_.calendars.size(), 0);
}

Status Cleaner::assign(std::uint32_t symbol, std::uint16_t plan) {
  if (symbol >= kSymbolLimit || plan >= rules_.plans.size())
    return Status(Code::kInvalidArgument, "cleaning plan " + std::to_string(plan) +
                                              " of symbol " + std::to_string(symbol) +
                                              " is not there");
  if (symbol >= rules_.plan_of.size()) rules_.plan_of.resize(symbol + 1, 0);
  rules_.plan_of[symbol] = plan;
  return {};
}

void Cleaner::against_themselves(const TickColumns& batch, std::size_t first, std::size_t count,
                                 std::uint32_t* found) {
  if (plans_.size() > 1)
    for (std::size_t i = 0; i < count; ++i) limits_->set(i, plan_of(batch.symbol[first + i]));
  row_rules_(batch, first, count, *limits_, found);
}

// Ticks come mostly in the session of the one before.
bool Cleaner::in_session(std::uint32_t calendar, std::int64_t time_ns) {
  const CleanCalendar& ranges = rules_.calendars[calendar];
  std::size_t& at = session_at_[calendar];
  const auto holds = [&](std::size_t place) {
    return place < ranges.size() && ranges[place].open_ns <= time_ns &&
           time_ns < ranges[place].close_ns;
  };
  if (holds(at)) return true;
  const auto next = std::partition_point(
      ranges.begin(), ranges.end(),
      [time_ns](const SessionRange& range) { return range.close_ns <= time_ns; });
  const auto place = static_cast<std::size_t>(next - ranges.begin());
  if (!holds(place)) return false;
  at = place;
  return true;
}

std::uint32_t Cleaner::against_clock(const Row& row, std::optional<std::int64_t> now_ns) {
  const Plan& plan = row.plan;
  std::uint32_t found = 0;
  if (plan.calendar != kAlwaysOpen)
    found |= bit_if(!in_session(plan.calendar, row.time_ns), CleanReason::kSession);
  if (now_ns.has_value())
    found |= bit_if(beyond(*now_ns, row.time_ns, plan.stale), CleanReason::kStale) |
             bit_if(beyond(row.time_ns, *now_ns, plan.future), CleanReason::kFuture);
  return found & (plan.refused | plan.marked);
}

std::uint32_t Cleaner::against_symbol(const Row& row, std::uint32_t found) {
  const TickColumns& t = row.batch;
  const std::size_t i = row.at;
  const Plan& plan = row.plan;
  const std::uint32_t active = plan.refused | plan.marked;
  auto* state = rows_.at<SymbolState>(t.symbol[i]);
  if (state->seen != 0) {
    const bool equal = (row.time_ns == state->time_ns) & (t.price[i] == state->price()) &
                       (t.volume[i] == state->volume) & (t.bid[i] == state->bid) &
                       (t.ask[i] == state->ask);
    found |= active & bit_if(equal, CleanReason::kDuplicate);
    found |= active & bit_if(beyond(state->newest_ns, row.time_ns, plan.disorder),
                             CleanReason::kOutOfOrder);
    if ((found & plan.refused) != 0) return found;
    if ((active & clean_bit(CleanReason::kJump)) != 0 &&
        is_jump(state, t.price[i], row.time_ns, plan)) {
      found |= clean_bit(CleanReason::kJump);
      if ((found & plan.refused) != 0) return found;
    }
    state->newest_ns = std::max(state->newest_ns, row.time_ns);
  } else {
    state->seen = 1;
    state->newest_ns = row.time_ns;
  }
  state->time_ns = row.time_ns;
  state->volume = t.volume[i];
  state->bid = t.bid[i];
  state->ask = t.ask[i];
  state->candidates = 0;
  state->window.put(state->prices, t.price[i]);
  state->prices += 1;
  // Goes round at a multiple of the window.
  if (state->prices == 0) state->prices = kPriceWindow;
  return found;
}

void Cleaner::mark(const TickColumns& batch, std::size_t row, std::uint32_t found,
                   CleanCounts* counts) {
  constexpr std::uint32_t kKnown =
      clean_bit(CleanReason::kCrossed) | clean_bit(CleanReason::kStale);
  std::uint32_t bits = 0;
  if ((found & clean_bit(CleanReason::kCrossed)) != 0)
    bits |= static_cast<std::uint32_t>(TickFlags::kCrossed);
  if ((found & clean_bit(CleanReason::kStale)) != 0)
    bits |= static_cast<std::uint32_t>(TickFlags::kStale);
  if ((found & ~kKnown) != 0) bits |= static_cast<std::uint32_t>(TickFlags::kSuspect);
  batch.flags[row] |= bits;
  for (std::size_t reason = 1; reason < kCleanReasonCount; reason += 1)
    counts->marked[reason] += found >> reason & 1;
}

void Cleaner::refuse(const TickColumns& batch, std::size_t row, CleanReason reason,
                     CleanCounts* counts, CleanOutput* output) {
  ++counts->refused[static_cast<std::size_t>(reason)];
  if (output->rejected == output->capacity) return;
  copy_row(batch, row, output->rejects, output->rejected);
  output->rejects.flags[output->rejected++] = static_cast<std::uint32_t>(reason);
}

// All that is found in a row, `own` by its numbers alone.
inline std::uint32_t Cleaner::examine(const CleanInput& input, std::size_t i, const Plan& plan,
                                      std::uint32_t own) {
  const TickColumns& batch = input.batch;
  std::uint32_t found = own & (plan.refused | plan.marked);
  if (!is_time(batch.day[i], batch.ns_of_day[i])) found |= clean_bit(CleanReason::kSentinel);
  if ((found & plan.refused) != 0) return found;
  const Row row{batch, i, pack_time(batch.day[i], batch.ns_of_day[i]), plan};
  found |= against_clock(row, input.now_ns);
  return (found & plan.refused) != 0 ? found : against_symbol(row, found);
}

bool Cleaner::clean(const CleanInput& input, CleanOutput* output) {
  const TickColumns& batch = input.batch;
  const std::size_t total = input.count;
  if (!rows_.grow(symbols_needed(batch.symbol, total))) return false;
  CleanCounts& counts = counts_[std::min(input.source, kCleanSources - 1)];
  std::uint32_t own[kChunk];
  std::size_t kept = 0;       // rows [0, kept) are final
  std::size_t run_start = 0;  // rows [run_start, i) are accepted and not yet moved
  output->rejected = 0;
  for (std::size_t chunk = 0; chunk < total; chunk += kChunk) {
    const std::size_t end = std::min(chunk + kChunk, total);
    against_themselves(batch, chunk, end - chunk, own);
    for (std::size_t i = chunk; i < end; ++i) {
      if (i + kAhead < total) {
        const auto* ahead = rows_.at<const char>(batch.symbol[i + kAhead]);
        __builtin_prefetch(ahead, 1);
        __builtin_prefetch(ahead + 64, 1);
      }
      const Plan& plan = plan_of(batch.symbol[i]);
      const std::uint32_t found = examine(input, i, plan, own[i - chunk]);
      if (found == 0) [[likely]]
        continue;
      if ((found & plan.refused) == 0) {
        mark(batch, i, found, &counts);
        continue;
      }
      refuse(batch, i, first_of(found & plan.refused), &counts, output);
      if (kept != run_start) move_rows(batch, kept, run_start, i - run_start);
      kept += i - run_start;
      run_start = i + 1;
    }
  }
  if (kept != run_start) move_rows(batch, kept, run_start, total - run_start);
  output->kept = kept + (total - run_start);
  return true;
}

}  // namespace ndts
