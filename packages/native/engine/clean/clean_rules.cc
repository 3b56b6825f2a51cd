#include "clean/clean_rules.h"

#include <cmath>
#include <string>

namespace ndts {

namespace {

constexpr std::uint32_t kAllRules = ((1u << kCleanReasonCount) - 1) & ~1u;
// Whole nanoseconds that a double holds exactly.
constexpr double kLargestNs = 9'007'199'254'740'992.0;

Status wrong(std::size_t number, const char* field, const char* expected, double found) {
  return Status(Code::kInvalidArgument, "cleaning plan " + std::to_string(number) + ": expected " +
                                            field + " " + expected + ", found " +
                                            std::to_string(found));
}

Status check_tolerances(const CleanPlan& plan, std::size_t number) {
  const struct {
    const char* name;
    double value;
  } tolerances[] = {{"disorderNs", plan.disorder_ns},
                    {"staleNs", plan.stale_ns},
                    {"futureNs", plan.future_ns},
                    {"quietNs", plan.quiet_ns}};
  for (const auto& each : tolerances)
    if (!(each.value >= 0 && each.value < kLargestNs && std::floor(each.value) == each.value))
      return wrong(number, each.name, "whole, 0 or more and below 2^53", each.value);
  return {};
}

}  // namespace

Status check_plan(const CleanPlan& plan, std::size_t number, std::size_t calendars) {
  if (!(std::isfinite(plan.price_min) && plan.price_max > plan.price_min))
    return wrong(number, "priceMax", "above a finite priceMin", plan.price_max);
  if (!(plan.spread_max > 0)) return wrong(number, "spreadMax", "above 0", plan.spread_max);
  if (!(plan.tick_size >= 0 && std::isfinite(plan.tick_size)))
    return wrong(number, "tickSize", "0 or more", plan.tick_size);
  if (!(plan.jump_max > 0)) return wrong(number, "jumpMax", "above 0", plan.jump_max);
  if (!(plan.jump_deviations >= 0))
    return wrong(number, "jumpDeviations", "0 or more", plan.jump_deviations);
  NDTS_TRY(check_tolerances(plan, number));
  if (plan.confirmations == 0) return wrong(number, "confirmations", "above 0", 0);
  if (plan.calendar != kAlwaysOpen && plan.calendar >= calendars)
    return wrong(number, "calendar", "in the list of calendars", plan.calendar);
  if (((plan.refused | plan.marked) & ~kAllRules) != 0 || (plan.refused & plan.marked) != 0)
    return wrong(number, "refused and marked", "of known rules, none in both", plan.refused);
  if ((plan.refused & clean_bit(CleanReason::kSentinel)) == 0)
    return wrong(number, "refused", "with sentinel", plan.refused);
  return {};
}

Status check_rules(const CleanRules& rules) {
  if (rules.plans.empty())
    return Status(Code::kInvalidArgument, "expected at least one cleaning plan");
  for (std::size_t at = 0; at < rules.plans.size(); at += 1)
    NDTS_TRY(check_plan(rules.plans[at], at, rules.calendars.size()));
  for (const std::uint16_t plan : rules.plan_of)
    if (plan >= rules.plans.size())
      return Status(Code::kInvalidArgument,
                    "there is no cleaning plan " + std::to_string(plan));
  for (const CleanCalendar& calendar : rules.calendars)
    for (std::size_t at = 0; at < calendar.size(); at += 1)
      if (calendar[at].open_ns >= calendar[at].close_ns ||
          (at > 0 && calendar[at].open_ns < calendar[at - 1].close_ns))
        return Status(Code::kInvalidArgument,
                      "session " + std::to_string(at) + " of a calendar ends before it begins, or "
                      "begins before the one before it ends");
  return {};
}

}  // namespace ndts
