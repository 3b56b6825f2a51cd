// Kernels over the last `period` rows of a symbol, and nothing else: whatever passed through a
// window before has no part in its bits. Each is worked out from the whole window, by
// window_math_loop.h.
#include <algorithm>
#include <cstring>
#include <limits>

#include "factor/kernel_kinds.h"
#include "factor/window_math.h"

namespace ndts {

namespace {

// The head of the state. Behind it, for each input, room for the window: it is [start, start +
// length), oldest first, slides towards the end of the room and is moved back to the front there.
struct WindowHead {
  std::uint32_t start;
  std::uint32_t length;
};

// Moving back costs a window once in so many rows.
constexpr std::uint32_t room_of(std::uint32_t period) { return period + std::max(8u, period / 2); }

template <std::uint32_t kInputs, std::uint32_t kOutputs>
class WindowKernel final : public Kernel {
 public:
  WindowKernel(std::uint32_t period, WindowFinish finish, double parameter)
      : Kernel({kInputs, kOutputs,
                static_cast<std::uint32_t>(sizeof(WindowHead) +
                                           sizeof(double) * kInputs * room_of(period)),
                period}),
        period_(period),
        room_(room_of(period)),
        finish_(finish),
        parameter_(parameter) {}

  void run(const KernelRun& run, SymbolRows* rows, std::size_t offset) const override {
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    constexpr std::size_t kAhead = 16;
    Block block(*this, run);
    for (std::size_t i = 0; i < run.count; ++i) {
      if (i + kAhead < run.count) {
        const char* next = rows->at<const char>(run.symbol[i + kAhead]) + offset;
        for (std::size_t line = 0; line < 256; line += 64) __builtin_prefetch(next + line, 1);
      }
      bool numbers = true;
      for (std::size_t at = 0; at < kInputs; ++at) numbers &= is_finite_number(run.in[at][i]);
      for (std::size_t at = 0; at < kOutputs; ++at) run.out[at][i] = kNan;
      if (numbers) push(rows->at<char>(run.symbol[i]) + offset, run, i, &block);
    }
    block.finish();
  }

 private:
  // Windows that are full and wait to be worked out. A value that was just stored stalls the vector
  // load that covers it, and everything behind it; storing a block first and working it out
  // afterwards pays for that once a block, and lets divisions of different rows overlap.
  class Block {
   public:
    Block(const WindowKernel& kernel, const KernelRun& run) : kernel_(kernel), run_(run) {}
    void add(const double* window, std::size_t row) {
      windows_[count_] = window;
      rows_[count_] = row;
      if (++count_ == kSize) finish();
    }
    void finish() {
      for (std::size_t at = 0; at < count_; ++at) kernel_.finish(run_, windows_[at], rows_[at]);
      count_ = 0;
    }

   private:
    static constexpr std::size_t kSize = 16;
    const WindowKernel& kernel_;
    const KernelRun& run_;
    const double* windows_[kSize];
    std::size_t rows_[kSize];
    std::size_t count_ = 0;
  };

  void push(char* state, const KernelRun& run, std::size_t i, Block* block) const {
    auto* head = reinterpret_cast<WindowHead*>(state);
    auto* values = reinterpret_cast<double*>(head + 1);
    if (head->length == period_) {
      ++head->start;
      --head->length;
    }
    if (head->start + head->length == room_) {
      block->finish();  // what waits may be of this symbol
      for (std::size_t at = 0; at < kInputs; ++at)
        std::memmove(values + at * room_, values + at * room_ + head->start,
                     head->length * sizeof(double));
      head->start = 0;
    }
    const std::uint32_t place = head->start + head->length;
    for (std::size_t at = 0; at < kInputs; ++at) values[at * room_ + place] = run.in[at][i];
    ++head->length;
    if (head->length == period_) block->add(values + head->start, i);
  }

  void finish(const KernelRun& run, const double* window, std::size_t i) const {
    const double* windows[kInputs];
    for (std::size_t at = 0; at < kInputs; ++at) windows[at] = window + at * room_;
    double out[kOutputs];
    for (double& value : out) value = std::numeric_limits<double>::quiet_NaN();
    finish_(windows, period_, parameter_, out);
    for (std::size_t at = 0; at < kOutputs; ++at) run.out[at][i] = out[at];
  }

  const std::uint32_t period_;
  const std::uint32_t room_;
  const WindowFinish finish_;
  const double parameter_;
};

template <std::uint32_t kInputs, std::uint32_t kOutputs = 1>
std::unique_ptr<Kernel> window(double period, WindowFinish finish, double parameter = 0) {
  return std::make_unique<WindowKernel<kInputs, kOutputs>>(static_cast<std::uint32_t>(period),
                                                           finish, parameter);
}

std::unique_ptr<Kernel> make_of_one(FactorKernel kind, double period, const WindowMath& math) {
  switch (kind) {
    case FactorKernel::kDelay:
      // One more row than a window may have otherwise.
      return window<1>(period + 1, math.delay);
    case FactorKernel::kSum:
      return window<1>(period, math.sum);
    case FactorKernel::kSma:
      return window<1>(period, math.sma);
    case FactorKernel::kWma:
      return window<1>(period, math.wma);
    case FactorKernel::kDeviation:
      return window<1>(period, math.deviation);
    case FactorKernel::kMinimum:
      return window<1>(period, math.minimum);
    case FactorKernel::kMaximum:
      return window<1>(period, math.maximum);
    case FactorKernel::kZscore:
      return window<1>(period, math.zscore);
    case FactorKernel::kCci:
      return window<1>(period, math.cci);
    default:
      return nullptr;
  }
}

}  // namespace

std::unique_ptr<Kernel> make_window_kernel(FactorKernel kind, const double* with, Simd simd) {
  const double period = with[0];
  if (!is_period(period, 1)) return nullptr;
#if defined(__x86_64__)
  const bool avx2 = simd == Simd::kAvx2 || (simd == Simd::kBest && has_avx2());
  const WindowMath& math = avx2 ? window_math_avx2() : window_math_scalar();
#else
  static_cast<void>(simd);
  const WindowMath& math = window_math_scalar();
#endif
  switch (kind) {
    case FactorKernel::kBollinger: {
      const double width = with[1];
      if (period < 2 || !(width > 0) || !is_finite_number(width)) return nullptr;
      return window<1, 5>(period, math.bollinger, width);
    }
    case FactorKernel::kStochastic:
      return window<3>(period, math.stochastic);
    case FactorKernel::kVwap:
      return window<2>(period, math.vwap);
    case FactorKernel::kCorrelation:
      return period < 2 ? nullptr : window<2>(period, math.correlation);
    case FactorKernel::kBeta:
      return period < 2 ? nullptr : window<2>(period, math.beta);
    default:
      return make_of_one(kind, period, math);
  }
}

}  // namespace ndts
