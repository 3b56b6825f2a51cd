// Kernels over the last `period` rows of a symbol, and nothing else: whatever passed through a
// window before has no part in its bits. Each is worked out from the whole window, in lanes: lane j
// adds term i for i = j, j + 4, j + 8, ... in this order, j = 0..3, and the sum of lanes is
// (lane0 + lane2) + (lane1 + lane3). No product is fused with a sum. With x[0] the oldest value and
// n = period:
//   sum         of x[i]
//   mean        x[0] + sum(x[i] - x[0]) / n
//   deviation   sqrt(sum((x[i] - mean)^2) / n)
//   wma         x[0] + sum((i + 1) * (x[i] - x[0])) / (n (n + 1) / 2)
//   bollinger   upper and lower = mean +- width * deviation; (price - lower) / (upper - lower),
//               signal 1 below lower, -1 above upper; 0.5 and 0 where these are equal
//   cci         t = (high + low + close) / 3; (t - mean) / (0.015 * sum(|t[i] - mean|) / n);
//               0 in a flat window
//   stochastic  100 * (close - least low) / (greatest high - least low); 50 where these are equal
//   vwap        sum(a * b) / sum(b)
//   correlation products(a, b) / sqrt(products(a, a) * products(b, b)), within [-1, 1]
//   beta        products(a, b) / products(b, b)
//
// Included by one file for each instruction set; everything here has internal linkage, so that
// nothing compiled for one set is ever linked into another.
#pragma once

#include <cmath>
#include <cstddef>

#include "factor/window_math.h"

namespace ndts {

namespace {

double within_one(double x) { return x > 1 ? 1 : x < -1 ? -1 : x; }

// Lanes: four doubles. all(x); load(p) of four, first(p, count) of 1..3 with zeros behind; keep(a,
// count) with zeros behind; add, subtract, multiply, absolute, least, greatest; places(i) is i + 1,
// i + 2, i + 3, i + 4; total(a) in the order above; lowest(a), highest(a) of all four.
template <typename Lanes>
struct Over {
  using Four = Lanes;

  // term(values...) of the windows, summed; what stands behind their end is left out.
  template <typename Term>
  static double sum(const double* x, std::size_t n, Term term) {
    Four lanes = Four::all(0);
    std::size_t i = 0;
    for (; i + 4 <= n; i += 4) lanes = Four::add(lanes, term(Four::load(x + i), i));
    if (const std::size_t rest = n - i; rest != 0)
      lanes = Four::add(lanes, Four::keep(term(Four::first(x + i, rest), i), rest));
    return Four::total(lanes);
  }
  template <typename Term>
  static double sum(const double* x, const double* y, std::size_t n, Term term) {
    Four lanes = Four::all(0);
    std::size_t i = 0;
    for (; i + 4 <= n; i += 4)
      lanes = Four::add(lanes, term(Four::load(x + i), Four::load(y + i)));
    if (const std::size_t rest = n - i; rest != 0)
      lanes = Four::add(
          lanes, Four::keep(term(Four::first(x + i, rest), Four::first(y + i, rest)), rest));
    return Four::total(lanes);
  }

  static double mean(const double* x, std::size_t n) {
    const Four first = Four::all(x[0]);
    return x[0] + sum(x, n, [&](Four a, std::size_t) { return Four::subtract(a, first); }) /
                      static_cast<double>(n);
  }
  // Sum of the products of distances from the means.
  static double products(const double* x, double x_mean, const double* y, double y_mean,
                         std::size_t n) {
    const Four from_x = Four::all(x_mean);
    const Four from_y = Four::all(y_mean);
    return sum(x, y, n, [&](Four a, Four b) {
      return Four::multiply(Four::subtract(a, from_x), Four::subtract(b, from_y));
    });
  }
  static double squares(const double* x, double mean, std::size_t n) {
    const Four from = Four::all(mean);
    return sum(x, n, [&](Four a, std::size_t) {
      const Four distance = Four::subtract(a, from);
      return Four::multiply(distance, distance);
    });
  }
  static double deviation_of(const double* x, double mean, std::size_t n) {
    return std::sqrt(squares(x, mean, n) / static_cast<double>(n));
  }
  static double least(const double* x, std::size_t n) {
    Four lanes = Four::all(x[0]);
    std::size_t i = 0;
    for (; i + 4 <= n; i += 4) lanes = Four::least(Four::load(x + i), lanes);
    double found = Four::lowest(lanes);
    for (; i < n; ++i) found = x[i] < found ? x[i] : found;
    return found;
  }
  static double greatest(const double* x, std::size_t n) {
    Four lanes = Four::all(x[0]);
    std::size_t i = 0;
    for (; i + 4 <= n; i += 4) lanes = Four::greatest(Four::load(x + i), lanes);
    double found = Four::highest(lanes);
    for (; i < n; ++i) found = x[i] > found ? x[i] : found;
    return found;
  }

  static void delay(Windows w, std::size_t, double, double* out) { out[0] = w[0][0]; }
  static void total(Windows w, std::size_t n, double, double* out) {
    out[0] = sum(w[0], n, [](Four a, std::size_t) { return a; });
  }
  static void sma(Windows w, std::size_t n, double, double* out) { out[0] = mean(w[0], n); }
  static void wma(Windows w, std::size_t n, double, double* out) {
    const double* x = w[0];
    const Four first = Four::all(x[0]);
    const double weighted = sum(x, n, [&](Four a, std::size_t i) {
      return Four::multiply(Four::places(i), Four::subtract(a, first));
    });
    out[0] = x[0] + weighted / static_cast<double>(n * (n + 1) / 2);
  }
  static void deviation(Windows w, std::size_t n, double, double* out) {
    out[0] = deviation_of(w[0], mean(w[0], n), n);
  }
  static void minimum(Windows w, std::size_t n, double, double* out) { out[0] = least(w[0], n); }
  static void maximum(Windows w, std::size_t n, double, double* out) {
    out[0] = greatest(w[0], n);
  }
  static void zscore(Windows w, std::size_t n, double, double* out) {
    const double middle = mean(w[0], n);
    const double deviation = deviation_of(w[0], middle, n);
    out[0] = deviation == 0 ? 0 : (w[0][n - 1] - middle) / deviation;
  }
  static void bollinger(Windows w, std::size_t n, double width, double* out) {
    const double price = w[0][n - 1];
    const double middle = mean(w[0], n);
    const double reach = width * deviation_of(w[0], middle, n);
    const double upper = middle + reach;
    const double lower = middle - reach;
    const bool flat = upper == lower;
    out[0] = flat ? 0.5 : (price - lower) / (upper - lower);
    out[1] = middle;
    out[2] = upper;
    out[3] = lower;
    out[4] = flat ? 0 : static_cast<double>(price < lower) - static_cast<double>(price > upper);
  }
  static void cci(Windows w, std::size_t n, double, double* out) {
    const double middle = mean(w[0], n);
    const Four from = Four::all(middle);
    const double reach =
        sum(w[0], n,
            [&](Four a, std::size_t) { return Four::absolute(Four::subtract(a, from)); }) /
        static_cast<double>(n);
    out[0] = reach == 0 ? 0 : (w[0][n - 1] - middle) / (0.015 * reach);
  }
  static void stochastic(Windows w, std::size_t n, double, double* out) {
    const double low = least(w[1], n);
    const double high = greatest(w[0], n);
    out[0] = high == low ? 50 : 100 * (w[2][n - 1] - low) / (high - low);
  }
  static void vwap(Windows w, std::size_t n, double, double* out) {
    const double traded = sum(w[1], n, [](Four b, std::size_t) { return b; });
    if (!(traded > 0)) return;
    out[0] = sum(w[0], w[1], n, [](Four a, Four b) { return Four::multiply(a, b); }) / traded;
  }
  static void correlation(Windows w, std::size_t n, double, double* out) {
    const double a = mean(w[0], n);
    const double b = mean(w[1], n);
    const double scale = std::sqrt(squares(w[0], a, n)) * std::sqrt(squares(w[1], b, n));
    if (scale > 0) out[0] = within_one(products(w[0], a, w[1], b, n) / scale);
  }
  static void beta(Windows w, std::size_t n, double, double* out) {
    const double a = mean(w[0], n);
    const double b = mean(w[1], n);
    const double own = squares(w[1], b, n);
    if (own > 0) out[0] = products(w[0], a, w[1], b, n) / own;
  }

  static constexpr WindowMath kMath{
      .delay = delay,
      .sum = total,
      .sma = sma,
      .wma = wma,
      .deviation = deviation,
      .minimum = minimum,
      .maximum = maximum,
      .zscore = zscore,
      .bollinger = bollinger,
      .cci = cci,
      .stochastic = stochastic,
      .vwap = vwap,
      .correlation = correlation,
      .beta = beta,
  };
};

}  // namespace
}  // namespace ndts
