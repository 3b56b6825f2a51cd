// Kernels that remember everything a little: each value comes from the one before. So they are
// equal in stream and in batch from an equal start, and two starts differ less and less.
//   ema   mean of the first n; then e + (x - e) * 2 / (n + 1)
//   dema  2 * ema(x) - ema(ema(x))
//   macd  ema(fast) - ema(slow); its ema(signal); their difference
//   Wilder's mean of n: mean of the first n; then (m * (n - 1) + x) / n
//   rsi   of gains and losses between rows, by Wilder's mean: 100 * gain / (gain + loss); 50
//         without either
//   atr   Wilder's mean of max(high, close before) - min(low, close before), from the second row on
//   adx   Wilder's means of the ranges as in atr and of the moves up and down (the larger of
//         high - high before and low before - low, where above 0); di = 100 * move / range;
//         dx = 100 * |+di - -di| / (+di + -di), 0 without moves; adx is Wilder's mean of dx
//   obv   0; then + volume where the price rose, - volume where it fell
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "factor/kernel_kinds.h"
#include "factor/row_kernel.h"

namespace ndts {

namespace {

// A mean that begins with the plain mean of `n` values; false until these are there. `sum` is the
// sum before and the mean after.
struct Mean {
  double sum;
  std::uint64_t count;

  bool ema(double x, double n) {
    if (begin(x, n)) return static_cast<double>(count) == n;
    sum += (x - sum) * (2 / (n + 1));
    return true;
  }
  bool wilder(double x, double n) {
    if (begin(x, n)) return static_cast<double>(count) == n;
    sum = (sum * (n - 1) + x) / n;
    return true;
  }

 private:
  // True while the beginning lasts, up to the value that ends it.
  bool begin(double x, double n) {
    if (static_cast<double>(count) == n) return false;
    sum += x;
    ++count;
    if (static_cast<double>(count) == n) sum /= n;
    return true;
  }
};

struct Ema {
  using State = Mean;
  static constexpr std::uint32_t kInputs = 1;
  static constexpr std::uint32_t kOutputs = 1;
  double n;
  [[nodiscard]] std::uint32_t warm_up() const { return static_cast<std::uint32_t>(n); }
  void step(State* state, const double* in, double* out) const {
    if (state->ema(in[0], n)) out[0] = state->sum;
  }
};

struct Dema {
  struct State {
    Mean once;
    Mean twice;
  };
  static constexpr std::uint32_t kInputs = 1;
  static constexpr std::uint32_t kOutputs = 1;
  double n;
  [[nodiscard]] std::uint32_t warm_up() const { return static_cast<std::uint32_t>(2 * n - 1); }
  void step(State* state, const double* in, double* out) const {
    if (state->once.ema(in[0], n) && state->twice.ema(state->once.sum, n))
      out[0] = 2 * state->once.sum - state->twice.sum;
  }
};

struct Macd {
  struct State {
    Mean fast;
    Mean slow;
    Mean signal;
  };
  static constexpr std::uint32_t kInputs = 1;
  static constexpr std::uint32_t kOutputs = 3;
  double fast;
  double slow;
  double signal;
  [[nodiscard]] std::uint32_t warm_up() const {
    return static_cast<std::uint32_t>(std::max(fast, slow) + signal - 1);
  }
  void step(State* state, const double* in, double* out) const {
    const bool has_fast = state->fast.ema(in[0], fast);
    const bool has_slow = state->slow.ema(in[0], slow);
    if (!has_fast || !has_slow) return;
    out[0] = state->fast.sum - state->slow.sum;
    if (!state->signal.ema(out[0], signal)) return;
    out[1] = state->signal.sum;
    out[2] = out[0] - out[1];
  }
};

struct Rsi {
  struct State {
    Mean gain;
    Mean loss;
    double before;
    std::uint64_t seen;
  };
  static constexpr std::uint32_t kInputs = 1;
  static constexpr std::uint32_t kOutputs = 1;
  double n;
  [[nodiscard]] std::uint32_t warm_up() const { return static_cast<std::uint32_t>(n + 1); }
  void step(State* state, const double* in, double* out) const {
    const double move = in[0] - state->before;
    state->before = in[0];
    if (state->seen == 0) {
      state->seen = 1;
      return;
    }
    state->gain.wilder(move > 0 ? move : 0, n);
    if (!state->loss.wilder(move < 0 ? -move : 0, n)) return;
    const double moves = state->gain.sum + state->loss.sum;
    out[0] = moves == 0 ? 50 : 100 * state->gain.sum / moves;
  }
};

double true_range(double high, double low, double close_before) {
  return std::max(high, close_before) - std::min(low, close_before);
}

struct Atr {
  struct State {
    Mean range;
    double close;
    std::uint64_t seen;
  };
  static constexpr std::uint32_t kInputs = 3;
  static constexpr std::uint32_t kOutputs = 1;
  double n;
  [[nodiscard]] std::uint32_t warm_up() const { return static_cast<std::uint32_t>(n + 1); }
  void step(State* state, const double* in, double* out) const {
    const double range = true_range(in[0], in[1], state->close);
    state->close = in[2];
    if (state->seen == 0) {
      state->seen = 1;
      return;
    }
    if (state->range.wilder(range, n)) out[0] = state->range.sum;
  }
};

struct Adx {
  struct State {
    Mean range;
    Mean up;
    Mean down;
    Mean index;
    double high;
    double low;
    double close;
    std::uint64_t seen;
  };
  static constexpr std::uint32_t kInputs = 3;
  static constexpr std::uint32_t kOutputs = 3;
  double n;
  [[nodiscard]] std::uint32_t warm_up() const { return static_cast<std::uint32_t>(2 * n); }
  void step(State* state, const double* in, double* out) const {
    const double rise = in[0] - state->high;
    const double fall = state->low - in[1];
    const double range = true_range(in[0], in[1], state->close);
    state->high = in[0];
    state->low = in[1];
    state->close = in[2];
    if (state->seen == 0) {
      state->seen = 1;
      return;
    }
    state->up.wilder(rise > fall && rise > 0 ? rise : 0, n);
    state->down.wilder(fall > rise && fall > 0 ? fall : 0, n);
    if (!state->range.wilder(range, n)) return;
    const double whole = state->range.sum;
    out[1] = whole == 0 ? 0 : 100 * state->up.sum / whole;
    out[2] = whole == 0 ? 0 : 100 * state->down.sum / whole;
    const double both = out[1] + out[2];
    const double index = both == 0 ? 0 : 100 * std::fabs(out[1] - out[2]) / both;
    if (state->index.wilder(index, n)) out[0] = state->index.sum;
  }
};

struct Obv {
  struct State {
    double volume;
    double price;
    std::uint64_t seen;
  };
  static constexpr std::uint32_t kInputs = 2;
  static constexpr std::uint32_t kOutputs = 1;
  [[nodiscard]] std::uint32_t warm_up() const { return 1; }
  void step(State* state, const double* in, double* out) const {
    if (state->seen != 0) {
      if (in[0] > state->price) state->volume += in[1];
      if (in[0] < state->price) state->volume -= in[1];
    }
    state->seen = 1;
    state->price = in[0];
    out[0] = state->volume;
  }
};

template <typename Rule>
std::unique_ptr<Kernel> of(Rule rule) {
  return std::make_unique<RowKernel<Rule>>(rule);
}

}  // namespace

std::unique_ptr<Kernel> make_smooth_kernel(FactorKernel kind, const double* with) {
  if (kind == FactorKernel::kObv) return of(Obv{});
  const double n = with[0];
  if (!is_period(n, 1)) return nullptr;
  switch (kind) {
    case FactorKernel::kEma:
      return of(Ema{n});
    case FactorKernel::kDema:
      return of(Dema{n});
    case FactorKernel::kRsi:
      return of(Rsi{n});
    case FactorKernel::kAtr:
      return of(Atr{n});
    case FactorKernel::kAdx:
      return of(Adx{n});
    case FactorKernel::kMacd:
      if (!is_period(with[1], 1) || !is_period(with[2], 1)) return nullptr;
      return of(Macd{n, with[1], with[2]});
    default:
      return nullptr;
  }
}

}  // namespace ndts
