// The cleaning rules of all symbols, compiled: a plan for each class of symbols, which plan a
// symbol has, and the calendars the plans name. Immutable while a cleaner uses it.
//
// A bit 1 << CleanReason in CleanPlan.refused or .marked says what a rule does with what it
// finds; a rule in neither is off. `sentinel` is always refused: the rules that follow count on
// numbers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "generated/constants.h"
#include "generated/layouts.h"

namespace ndts {

inline constexpr std::size_t kCleanReasonCount = 13;
inline constexpr std::uint32_t kAlwaysOpen = 0xffff'ffff;

[[nodiscard]] constexpr std::uint32_t clean_bit(CleanReason reason) {
  return 1u << static_cast<std::uint32_t>(reason);
}

// When an exchange trades: half-open ranges of time, ascending, without a common nanosecond.
struct SessionRange {
  std::int64_t open_ns;
  std::int64_t close_ns;
};
using CleanCalendar = std::vector<SessionRange>;

struct CleanRules {
  std::vector<CleanPlan> plans;           // at least one: that of symbols nobody named
  std::vector<CleanCalendar> calendars;
  std::vector<std::uint16_t> plan_of;     // by symbol id; those beyond it have plan 0
};

// INVALID_ARGUMENT with the number of the plan and the field.
[[nodiscard]] Status check_rules(const CleanRules& rules);
[[nodiscard]] Status check_plan(const CleanPlan& plan, std::size_t number,
                                std::size_t calendars);

}  // namespace ndts
