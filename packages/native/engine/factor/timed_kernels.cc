// Kernels over windows of time, and the kernel that says in which pane of one a row is. Their last
// input is the pane; timed_math.h says what a window is.
//
// A row that is older than the newest one of its symbol goes into its own pane, when that is still
// in the window, which stays where it is. One that is older than the window is in none: its
// outputs are NaN, and nothing is known of it.
#include "factor/timed_math.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "factor/kernel_kinds.h"

namespace ndts {

namespace {

constexpr double kNsOfDay = 86'400e9;
constexpr double kSpanNsMin = 1e6 * static_cast<double>(FactorLimit::kSpanMsMin);
constexpr double kSpanNsMax = kNsOfDay * static_cast<double>(FactorLimit::kSpanDaysMax);
constexpr double kDaysMax = 1e6;      // from 1970, either way
constexpr double kPaneMax = 0x1p53;  // beyond, neighbours are one double
constexpr std::size_t kRowsAhead = 8;

bool is_span(double ns) {
  return ns >= kSpanNsMin && ns <= kSpanNsMax && std::floor(ns) == ns;
}

class PaneKernel final : public Kernel {
 public:
  explicit PaneKernel(double span_ns)
      : Kernel({2, 1, 0, 1}), span_(static_cast<std::int64_t>(span_ns)) {}

  void run(const KernelRun& run, SymbolRows*, std::size_t) const override {
    double known = std::numeric_limits<double>::quiet_NaN();
    Midnight midnight{};
    for (std::size_t i = 0; i < run.count; ++i) {
      const double day = run.in[0][i];
      const double ns = run.in[1][i];
      run.out[0][i] = std::numeric_limits<double>::quiet_NaN();
      if (!(std::fabs(day) <= kDaysMax) || !(ns >= 0 && ns < kNsOfDay)) continue;
      if (day != known) midnight = midnight_of(static_cast<std::int64_t>(day));
      known = day;
      const std::int64_t parts = midnight.parts + static_cast<std::int64_t>(ns) * kParts;
      run.out[0][i] = static_cast<double>(midnight.pane + parts / span_);
    }
  }

 private:
  static constexpr std::int64_t kParts = static_cast<std::int64_t>(kPanes);

  // Where a day begins: in which pane, and how far into it, in 64ths of a nanosecond.
  struct Midnight {
    std::int64_t pane;
    std::int64_t parts;
  };

  [[nodiscard]] Midnight midnight_of(std::int64_t day) const {
    __extension__ using Wide = __int128;
    const Wide parts = static_cast<Wide>(day) * static_cast<std::int64_t>(kNsOfDay) * kParts;
    Wide pane = parts / span_;
    if (pane * span_ > parts) --pane;
    return {static_cast<std::int64_t>(pane), static_cast<std::int64_t>(parts - pane * span_)};
  }

  const std::int64_t span_;
};

// Rule: `Pane`; kValues, kOutputs; clear(Pane*); push(Pane*, values); merge(panes, held) of those
// that hold rows, or of none; finish(others, newest, values, out), newest not empty, which leaves
// out[] as it is, all NaN, when it has nothing to say.
template <typename Rule>
class TimedKernel final : public Kernel {
 public:
  TimedKernel(double span_ns, Rule rule)
      : Kernel({kInputs, Rule::kOutputs, sizeof(State), 1, span_ns}), rule_(rule) {}

  void run(const KernelRun& run, SymbolRows* rows, std::size_t offset) const override {
    for (std::size_t i = 0; i < run.count; ++i) {
      if (i + kRowsAhead < run.count)
        prefetch(rows->at<const char>(run.symbol[i + kRowsAhead]) + offset,
                 run.in[Rule::kValues][i + kRowsAhead]);
      double values[Rule::kValues];
      double out[Rule::kOutputs];
      const double pane = run.in[Rule::kValues][i];
      bool numbers = std::fabs(pane) <= kPaneMax;
      for (std::size_t at = 0; at < Rule::kValues; ++at) {
        values[at] = run.in[at][i];
        numbers &= is_finite_number(values[at]);
      }
      for (double& value : out) value = std::numeric_limits<double>::quiet_NaN();
      if (numbers) {
        auto* state = reinterpret_cast<State*>(rows->at<char>(run.symbol[i]) + offset);
        step(state, static_cast<std::int64_t>(pane), values, out);
      }
      for (std::size_t at = 0; at < Rule::kOutputs; ++at) run.out[at][i] = out[at];
    }
  }

 private:
  using Pane = typename Rule::Pane;
  static constexpr std::uint32_t kInputs = Rule::kValues + 1;
  static constexpr std::int64_t kReach = static_cast<std::int64_t>(kPanes);

  struct State {
    std::int64_t newest;
    HeldPanes held;  // none: no row was seen
    Pane others;  // all panes but the newest
    Pane panes[kPanes];
  };
  static_assert(sizeof(State) % 8 == 0);

  static std::size_t place_of(std::int64_t pane) {
    return static_cast<std::size_t>(pane) % kPanes;
  }

  static void prefetch(const char* at, double pane) {
    const auto* state = reinterpret_cast<const State*>(at);
    __builtin_prefetch(state, 1);
    if (std::fabs(pane) <= kPaneMax)
      __builtin_prefetch(state->panes + place_of(static_cast<std::int64_t>(pane)), 1);
  }

  static HeldPanes bit_of(std::int64_t pane) { return HeldPanes{1} << place_of(pane); }

  void step(State* state, std::int64_t pane, const double* values, double* out) const {
    if (state->held != 0 && pane <= state->newest - kReach) return;
    if (state->held == 0 || pane > state->newest) advance(state, pane);
    Pane* own = &state->panes[place_of(pane)];
    if ((state->held & bit_of(pane)) == 0) Rule::clear(own);
    state->held |= bit_of(pane);
    Rule::push(own, values);
    if (pane != state->newest) merge_others(state);
    rule_.finish(state->others, state->panes[place_of(state->newest)], values, out);
  }

  // The window moves: its oldest panes make room for new ones.
  static void advance(State* state, std::int64_t pane) {
    const std::int64_t steps = pane - state->newest;
    if (state->held == 0 || steps >= kReach)
      state->held = 0;
    else
      state->held &= ~std::rotl((HeldPanes{1} << steps) - 1,
                                static_cast<int>(place_of(state->newest + 1)));
    state->newest = pane;
    merge_others(state);
  }

  static void merge_others(State* state) {
    state->others = Rule::merge(state->panes, state->held & ~bit_of(state->newest));
  }

  const Rule rule_;
};

struct TimedCount {
  struct Pane {
    double count;
  };
  static constexpr std::uint32_t kValues = 1;
  static constexpr std::uint32_t kOutputs = 1;
  static void clear(Pane* pane) { pane->count = 0; }
  static void push(Pane* pane, const double*) { pane->count += 1; }
  static Pane merge(const Pane* panes, HeldPanes held) {
    return {pane_sum(held, [&](std::size_t i) { return panes[i].count; })};
  }
  void finish(const Pane& others, const Pane& newest, const double*, double* out) const {
    out[0] = others.count + newest.count;
  }
};

struct TimedSum {
  struct Pane {
    PaneSum sum;
  };
  static constexpr std::uint32_t kValues = 1;
  static constexpr std::uint32_t kOutputs = 1;
  static void clear(Pane* pane) { *pane = {}; }
  static void push(Pane* pane, const double* in) { pane->sum.add(in[0]); }
  static Pane merge(const Pane* panes, HeldPanes held) {
    return {merge_sums(panes, held, &Pane::sum)};
  }
  void finish(const Pane& others, const Pane& newest, const double*, double* out) const {
    out[0] = others.sum.with(newest.sum);
  }
};

struct TimedVwap {
  struct Pane {
    PaneSum paid;
    PaneSum traded;
  };
  static constexpr std::uint32_t kValues = 2;
  static constexpr std::uint32_t kOutputs = 1;
  static void clear(Pane* pane) { *pane = {}; }
  static void push(Pane* pane, const double* in) {
    pane->paid.add(in[0] * in[1]);
    pane->traded.add(in[1]);
  }
  static Pane merge(const Pane* panes, HeldPanes held) {
    return {merge_sums(panes, held, &Pane::paid), merge_sums(panes, held, &Pane::traded)};
  }
  void finish(const Pane& others, const Pane& newest, const double*, double* out) const {
    const double traded = others.traded.with(newest.traded);
    if (traded > 0) out[0] = others.paid.with(newest.paid) / traded;
  }
};

// Least of the window, or greatest where the sign is -1: the least of the negatives.
template <int kSign>
struct TimedExtreme {
  struct Pane {
    double least;
  };
  static constexpr std::uint32_t kValues = 1;
  static constexpr std::uint32_t kOutputs = 1;
  static void clear(Pane* pane) { pane->least = std::numeric_limits<double>::infinity(); }
  static void push(Pane* pane, const double* in) {
    pane->least = std::min(pane->least, kSign * in[0]);
  }
  static Pane merge(const Pane* panes, HeldPanes held) {
    Pane all;
    clear(&all);
    each_pane(held, [&](std::size_t i) { all.least = std::min(all.least, panes[i].least); });
    return all;
  }
  void finish(const Pane& others, const Pane& newest, const double*, double* out) const {
    out[0] = kSign * std::min(others.least, newest.least);
  }
};

template <std::uint32_t kOut, typename Say>
struct TimedMoments {
  using Pane = PaneMoments;
  static constexpr std::uint32_t kValues = 1;
  static constexpr std::uint32_t kOutputs = kOut;
  static void clear(Pane* pane) { *pane = {}; }
  static void push(Pane* pane, const double* in) { pane->push(in[0]); }
  static Pane merge(const Pane* panes, HeldPanes held) {
    return PaneMoments::merge(held, [&](std::size_t i) -> const PaneMoments& { return panes[i]; });
  }
  void finish(const Pane& others, const Pane& newest, const double* in, double* out) const {
    say(PaneMoments::of_both(others, newest), in[0], out);
  }
  Say say;
};

template <typename Say>
struct TimedPair {
  using Pane = PairMoments;
  static constexpr std::uint32_t kValues = 2;
  static constexpr std::uint32_t kOutputs = 1;
  static void clear(Pane* pane) { *pane = {}; }
  static void push(Pane* pane, const double* in) { pane->push(in[0], in[1]); }
  static Pane merge(const Pane* panes, HeldPanes held) {
    return PairMoments::merge(panes, held);
  }
  void finish(const Pane& others, const Pane& newest, const double*, double* out) const {
    say(PairMoments::of_both(others, newest), out);
  }
  Say say;
};

template <typename Rule>
std::unique_ptr<Kernel> timed(double span_ns, Rule rule) {
  return std::make_unique<TimedKernel<Rule>>(span_ns, rule);
}

template <std::uint32_t kOutputs, typename Say>
std::unique_ptr<Kernel> of_moments(double span_ns, Say say) {
  return timed(span_ns, TimedMoments<kOutputs, Say>{say});
}

template <typename Say>
std::unique_ptr<Kernel> of_pairs(double span_ns, Say say) {
  return timed(span_ns, TimedPair<Say>{say});
}

void say_bollinger(const PaneMoments& window, double price, double width, double* out) {
  const double reach = width * window.deviation();
  const double above = window.above_mean(price);
  out[1] = window.mean();
  out[2] = out[1] + reach;
  out[3] = out[1] - reach;
  const bool flat = out[2] == out[3];
  out[0] = flat ? 0.5 : (above + reach) / (2 * reach);
  out[4] = flat ? 0 : static_cast<double>(price < out[3]) - static_cast<double>(price > out[2]);
}

std::unique_ptr<Kernel> make_timed_pairs(FactorKernel kind, double span) {
  if (kind == FactorKernel::kTimedBeta)
    return of_pairs(span, [](const PairMoments& window, double* out) {
      if (window.b.squares > 0) out[0] = window.products / window.b.squares;
    });
  return of_pairs(span, [](const PairMoments& window, double* out) {
    const double scale = std::sqrt(window.a.squares) * std::sqrt(window.b.squares);
    if (scale > 0) out[0] = std::clamp(window.products / scale, -1.0, 1.0);
  });
}

}  // namespace

std::unique_ptr<Kernel> make_timed_kernel(FactorKernel kind, const double* with) {
  const double span = with[0];
  if (!is_span(span)) return nullptr;
  switch (kind) {
    case FactorKernel::kPane:
      return std::make_unique<PaneKernel>(span);
    case FactorKernel::kTimedCount:
      return timed(span, TimedCount{});
    case FactorKernel::kTimedSum:
      return timed(span, TimedSum{});
    case FactorKernel::kTimedVwap:
      return timed(span, TimedVwap{});
    case FactorKernel::kTimedMinimum:
      return timed(span, TimedExtreme<1>{});
    case FactorKernel::kTimedMaximum:
      return timed(span, TimedExtreme<-1>{});
    case FactorKernel::kTimedMean:
      return of_moments<1>(
          span, [](const PaneMoments& window, double, double* out) { out[0] = window.mean(); });
    case FactorKernel::kTimedDeviation:
      return of_moments<1>(
          span, [](const PaneMoments& w, double, double* out) { out[0] = w.deviation(); });
    case FactorKernel::kTimedZscore:
      return of_moments<1>(span, [](const PaneMoments& window, double x, double* out) {
        const double deviation = window.deviation();
        out[0] = deviation == 0 ? 0 : window.above_mean(x) / deviation;
      });
    case FactorKernel::kTimedBollinger: {
      const double width = with[1];
      if (!(width > 0) || !is_finite_number(width)) return nullptr;
      return of_moments<5>(span, [width](const PaneMoments& window, double price, double* out) {
        say_bollinger(window, price, width, out);
      });
    }
    case FactorKernel::kTimedCorrelation:
    case FactorKernel::kTimedBeta:
      return make_timed_pairs(kind, span);
    default:
      return nullptr;
  }
}

}  // namespace ndts
