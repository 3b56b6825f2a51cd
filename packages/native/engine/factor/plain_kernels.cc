// Kernels without state: arithmetic on the values of one row. What has no value (0 / 0, the
// logarithm of a negative number) is NaN; an infinite result is handed on as it is and taken for
// NaN by the kernel that reads it.
#include <cmath>
#include <limits>

#include "factor/kernel_kinds.h"

namespace ndts {

namespace {

template <std::uint32_t kInputs, typename Rule>
class PlainKernel final : public Kernel {
 public:
  explicit PlainKernel(Rule rule) : Kernel({kInputs, 1, 0, 1}), rule_(rule) {}

  void run(const KernelRun& run, SymbolRows*, std::size_t) const override {
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    for (std::size_t i = 0; i < run.count; ++i) {
      const double a = run.in[0][i];
      const double b = run.in[kInputs - 1][i];
      const double value = rule_(a, b);
      run.out[0][i] = is_finite_number(a) & is_finite_number(b) ? value : kNan;
    }
  }

 private:
  const Rule rule_;
};

template <std::uint32_t kInputs, typename Rule>
std::unique_ptr<Kernel> plain(Rule rule) {
  return std::make_unique<PlainKernel<kInputs, Rule>>(rule);
}

}  // namespace

std::unique_ptr<Kernel> make_plain_kernel(FactorKernel kind) {
  switch (kind) {
    case FactorKernel::kAdd:
      return plain<2>([](double a, double b) { return a + b; });
    case FactorKernel::kSubtract:
      return plain<2>([](double a, double b) { return a - b; });
    case FactorKernel::kMultiply:
      return plain<2>([](double a, double b) { return a * b; });
    case FactorKernel::kDivide:
      return plain<2>([](double a, double b) { return a / b; });
    case FactorKernel::kNegate:
      return plain<1>([](double a, double) { return -a; });
    case FactorKernel::kAbsolute:
      return plain<1>([](double a, double) { return std::fabs(a); });
    case FactorKernel::kLog:
      return plain<1>([](double a, double) { return std::log(a); });
    case FactorKernel::kSqrt:
      return plain<1>([](double a, double) { return std::sqrt(a); });
    case FactorKernel::kLesser:
      return plain<2>([](double a, double b) { return b < a ? b : a; });
    case FactorKernel::kGreater:
      return plain<2>([](double a, double b) { return b > a ? b : a; });
    case FactorKernel::kImbalance:
      return plain<2>([](double a, double b) { return a + b == 0 ? 0 : (a - b) / (a + b); });
    default:
      return nullptr;
  }
}

}  // namespace ndts
