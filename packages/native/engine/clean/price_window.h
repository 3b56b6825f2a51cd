// The prices of a symbol that were accepted last, and whether another one is a jump away from
// them.
//
// A price p is no jump when |p - m| <= max(jump_max * |m|, jump_deviations * 1.4826 * d), with
// m the median of the last eight prices and d the median of their distances from m: a few bad
// prices among them move neither. Of eight numbers the median is the mean of the fourth and the
// fifth. Fewer than eight say nothing.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace ndts {

inline constexpr std::size_t kPriceWindow = 8;

struct PriceWindow {
  double prices[kPriceWindow];

  void put(std::uint32_t count, double price) { prices[count % kPriceWindow] = price; }

  // True where the distance to every single price shows that it is no jump; spares the medians for
  // nearly every tick. The median lies between the lowest and the highest.
  [[nodiscard]] bool surely_near(double price, double jump_max) const {
    const double* const p = prices;
    const double lowest = lesser(lesser(lesser(p[0], p[1]), lesser(p[2], p[3])),
                                 lesser(lesser(p[4], p[5]), lesser(p[6], p[7])));
    const double highest = greater(greater(greater(p[0], p[1]), greater(p[2], p[3])),
                                   greater(greater(p[4], p[5]), greater(p[6], p[7])));
    const double room = jump_max * lowest;
    return (lowest > 0) & (price - lowest <= room) & (highest - price <= room);
  }

  [[nodiscard]] bool is_jump(double price, double jump_max, double jump_deviations) const {
    std::array<double, kPriceWindow> sorted;
    std::copy_n(prices, kPriceWindow, sorted.begin());
    const double middle = median(&sorted);
    for (std::size_t at = 0; at < kPriceWindow; at += 1)
      sorted[at] = std::fabs(prices[at] - middle);
    const double deviation = 1.4826 * median(&sorted);
    const double limit = std::max(jump_max * std::fabs(middle), jump_deviations * deviation);
    return !(std::fabs(price - middle) <= limit);
  }

 private:
  // By value: std::min and std::max hand out references, which cost a branch each here.
  static double lesser(double a, double b) { return a < b ? a : b; }
  static double greater(double a, double b) { return a > b ? a : b; }

  static double median(std::array<double, kPriceWindow>* values) {
    std::sort(values->begin(), values->end());
    return ((*values)[3] + (*values)[4]) / 2;
  }
};

}  // namespace ndts
