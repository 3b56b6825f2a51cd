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

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "generated/constants.h"

namespace ndts {

inline constexpr std::size_t kPanes = static_cast<std::size_t>(FactorLimit::kPanes);

// Which panes hold rows: bit i is that of index i. The others are as they were left.
using HeldPanes = std::uint64_t;
static_assert(kPanes == 64);

template <typename Each>
void each_pane(HeldPanes held, Each each) {
  for (; held != 0; held &= held - 1) each(static_cast<std::size_t>(std::countr_zero(held)));
}

// term(i) of the panes, summed in lanes.
template <typename Term>
[[nodiscard]] double pane_sum(HeldPanes held, Term term) {
  double lanes[4] = {};
  each_pane(held, [&](std::size_t i) { lanes[i % 4] += term(i); });
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

// `panes[i].*sum` of the panes.
template <typename Pane>
[[nodiscard]] PaneSum merge_sums(const Pane* panes, HeldPanes held, PaneSum Pane::*sum) {
  PaneSum all{};
  each_pane(held, [&](std::size_t i) {
    all.add((panes[i].*sum).sum);
    all.lost += (panes[i].*sum).lost;
  });
  return all;
}

// Count, mean and squares of one column; `squares` of distances from the mean.
struct PaneMoments {
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
  [[nodiscard]] static PaneMoments of_both(const PaneMoments& others, const PaneMoments& newest) {
    if (others.count == 0) return newest;
    const double count = others.count + newest.count;
    const double part = newest.count / count;
    const double apart = (newest.from - others.from) + (newest.shift - others.shift);
    return {count, others.from, others.shift + apart * part,
            others.squares + newest.squares + apart * apart * (others.count * part)};
  }

  // of(i) is pane i.
  template <typename Of>
  [[nodiscard]] static PaneMoments merge(HeldPanes held, Of of) {
    if (held == 0) return {};
    const double from = of(static_cast<std::size_t>(std::countr_zero(held))).from;
    const auto shift_of = [&](std::size_t i) { return (of(i).from - from) + of(i).shift; };
    const double count = pane_sum(held, [&](std::size_t i) { return of(i).count; });
    const double shift =
        pane_sum(held, [&](std::size_t i) { return of(i).count * shift_of(i); }) / count;
    const double squares = pane_sum(held, [&](std::size_t i) {
      const double apart = shift_of(i) - shift;
      return of(i).squares + of(i).count * (apart * apart);
    });
    return {count, from, shift, squares};
  }
};

// Of two columns; `products` of their distances from their means.
struct PairMoments {
  PaneMoments a;
  PaneMoments b;
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
    return {PaneMoments::of_both(others.a, newest.a), PaneMoments::of_both(others.b, newest.b),
            others.products + newest.products + apart_a * apart_b * (others.a.count * part)};
  }

  [[nodiscard]] static PairMoments merge(const PairMoments* panes, HeldPanes held) {
    const auto of_a = [&](std::size_t i) -> const PaneMoments& { return panes[i].a; };
    const auto of_b = [&](std::size_t i) -> const PaneMoments& { return panes[i].b; };
    const PaneMoments a = PaneMoments::merge(held, of_a);
    const PaneMoments b = PaneMoments::merge(held, of_b);
    const double products = pane_sum(held, [&](std::size_t i) {
      const double apart_a = ((panes[i].a.from - a.from) + panes[i].a.shift) - a.shift;
      const double apart_b = ((panes[i].b.from - b.from) + panes[i].b.shift) - b.shift;
      return panes[i].products + panes[i].a.count * (apart_a * apart_b);
    });
    return {a, b, products};
  }
};

}  // namespace ndts
