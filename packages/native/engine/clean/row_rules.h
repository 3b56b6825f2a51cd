// The cleaning rules that look at the numbers of a row alone, over many rows at once: sentinel,
// price, volume, crossed, spread, tickSize, as cleaner.h states them. Compiled for more than one
// instruction set; what they find is the same.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/simd.h"
#include "clean/clean_rules.h"
#include "ring/row_columns.h"

namespace ndts {

inline constexpr std::size_t kRowRulesMost = 1024;

// The limits of each row's class.
struct RowLimits {
  double price_min[kRowRulesMost];
  double price_max[kRowRulesMost];
  double spread_max[kRowRulesMost];
  double tick_size[kRowRulesMost];

  void set(std::size_t row, const CleanPlan& plan) {
    price_min[row] = plan.price_min;
    price_max[row] = plan.price_max;
    spread_max[row] = plan.spread_max;
    tick_size[row] = plan.tick_size;
  }
};

// found[i]: a bit for each rule that row first + i breaks, whether its plan has it on or not, for
// `count` rows, at most kRowRulesMost; limits are those of row first + i at i.
using RowRules = void (*)(const TickColumns& batch, std::size_t first, std::size_t count,
                          const RowLimits& limits, std::uint32_t* found);

// The definition.
void row_rules_scalar(const TickColumns& batch, std::size_t first, std::size_t count,
                      const RowLimits& limits, std::uint32_t* found);
// Requires has_avx2().
void row_rules_avx2(const TickColumns& batch, std::size_t first, std::size_t count,
                    const RowLimits& limits, std::uint32_t* found);

// Of row i of the batch, whose limits stand at `row`.
[[nodiscard]] std::uint32_t row_rule_of_one(const TickColumns& batch, std::size_t i,
                                            const RowLimits& limits, std::size_t row);

[[nodiscard]] RowRules row_rules(Simd simd);

}  // namespace ndts
