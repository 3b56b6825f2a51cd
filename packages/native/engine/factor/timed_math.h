// What windows of time are made of: a window of span D is the newest 64 panes of a symbol, a pane
// being D / 64 of event time. Each pane is worked out from its own rows in the order in which they
// came; the panes but the newest are merged in the order of their index modulo 64, and the newest
// one is merged to that. So the bits are those of the rows of the window and their
// times: neither what was there before nor how the window came about has a part in them.
//
// Sums are compensated. Moments are worked out over distances from the first value of their pane
// (`from`), by Welford's rule; `shift` is the mean as a distance from there.
//
// Sums over panes of moments go in four lanes, as those of window_math_loop.h.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "generated/constants.h"

namespace ndts {

inline constexpr std::size_t kPanes = static_cast<std::size_t>(FactorLimit::kPanes);

// term(i) of all panes, summed in lanes.
template <typename Term>
[[nodiscard]] double pane_sum(Term term) {
  double lanes[4] = {};
  for (std::size_t i = 0; i < kPanes; i += 4)
    for (std::size_t lane = 0; lane < 4; ++lane) lanes[lane] += term(i + lane);
  return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]);
}

// A sum, and what its rounding lost.
struct PaneSum {
  double sum;
  double lost;

  void add(double x) {
    const double next = sum + x;
    const double of_x = next - sum;
    lost += (sum - (next - of_x)) + (x - of_x);
    sum = next;
  }
  [[nodiscard]] double value() const { return sum + lost; }
  // Of this and another; what both lost is added last.
  [[nodiscard]] double with(const PaneSum& other) const {
    PaneSum both = *this;
    both.add(other.sum);
    both.lost += other.lost;
    return both.value();
  }
};

// `panes[i].*sum` of all of them.
template <typename Pane>
[[nodiscard]] PaneSum merge_sums(const Pane* panes, PaneSum Pane::*sum) {
  PaneSum all{};
  for (std::size_t i = 0; i < kPanes; ++i) {
    all.add((panes[i].*sum).sum);
    all.lost += (panes[i].*sum).lost;
  }
  return all;
}

// Count, mean and squares of one column; `squares` of distances from the mean.
struct Moments {
  double count;
  double from;
  double shift;
  double squares;

  void push(double x) {
    if (count == 0) from = x;
    count += 1;
    const double distance = x - from;
    const double ahead = distance - shift;
    shift += ahead / count;
    squares += ahead * (distance - shift);
  }
  [[nodiscard]] double mean() const { return from + shift; }
  [[nodiscard]] double deviation() const { return std::sqrt(squares / count); }
  // Exact to a rounding of the distance, where x - mean() loses what the mean's rounding lost.
  [[nodiscard]] double above_mean(double x) const { return (x - from) - shift; }

  // `newest` is not empty.
  [[nodiscard]] static Moments of_both(const Moments& others, const Moments& newest) {
    if (others.count == 0) return newest;
    const double count = others.count + newest.count;
    const double part = newest.count / count;
    const double apart = (newest.from - others.from) + (newest.shift - others.shift);
    return {count, others.from, others.shift + apart * part,
            others.squares + newest.squares + apart * apart * (others.count * part)};
  }

  [[nodiscard]] static Moments merge(const Moments* panes) {
    std::size_t first = 0;
    while (first < kPanes && panes[first].count == 0) ++first;
    if (first == kPanes) return {};
    const double from = panes[first].from;
    const auto shift_of = [&](std::size_t i) { return (panes[i].from - from) + panes[i].shift; };
    const double count = pane_sum([&](std::size_t i) { return panes[i].count; });
    const double shift =
        pane_sum([&](std::size_t i) {
          return panes[i].count == 0 ? 0 : panes[i].count * shift_of(i);
        }) /
        count;
    const double squares = pane_sum([&](std::size_t i) {
      if (panes[i].count == 0) return 0.0;
      const double apart = shift_of(i) - shift;
      return panes[i].squares + panes[i].count * (apart * apart);
    });
    return {count, from, shift, squares};
  }
};

// Of two columns; `products` of their distances from their means.
struct PairMoments {
  Moments a;
  Moments b;
  double products;

  void push(double x, double y) {
    const double before = a.count == 0 ? 0 : (x - a.from) - a.shift;
    a.push(x);
    b.push(y);
    products += before * b.above_mean(y);
  }

  [[nodiscard]] static PairMoments of_both(const PairMoments& others, const PairMoments& newest) {
    if (others.a.count == 0) return newest;
    const double apart_a =
        (newest.a.from - others.a.from) + (newest.a.shift - others.a.shift);
    const double apart_b =
        (newest.b.from - others.b.from) + (newest.b.shift - others.b.shift);
    const double part = newest.a.count / (others.a.count + newest.a.count);
    return {Moments::of_both(others.a, newest.a), Moments::of_both(others.b, newest.b),
            others.products + newest.products + apart_a * apart_b * (others.a.count * part)};
  }

  [[nodiscard]] static PairMoments merge(const PairMoments* panes) {
    Moments of_a[kPanes];
    Moments of_b[kPanes];
    for (std::size_t i = 0; i < kPanes; ++i) {
      of_a[i] = panes[i].a;
      of_b[i] = panes[i].b;
    }
    const Moments a = Moments::merge(of_a);
    const Moments b = Moments::merge(of_b);
    const double products = pane_sum([&](std::size_t i) {
      if (panes[i].a.count == 0) return 0.0;
      const double apart_a = ((panes[i].a.from - a.from) + panes[i].a.shift) - a.shift;
      const double apart_b = ((panes[i].b.from - b.from) + panes[i].b.shift) - b.shift;
      return panes[i].products + panes[i].a.count * (apart_a * apart_b);
    });
    return {a, b, products};
  }
};

}  // namespace ndts
