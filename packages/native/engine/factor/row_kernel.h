// A kernel whose rule looks at one row and a state of fixed size.
//
// Rule: `State`; kInputs, kOutputs; warm_up(); step(State*, const double* in, double* out), which
// leaves out[] as it is, all NaN, when it has nothing to say.
#pragma once

#include <limits>
#include <utility>

#include "factor/kernel.h"
#include "factor/kernel_kinds.h"

namespace ndts {

template <typename Rule>
class RowKernel final : public Kernel {
 public:
  explicit RowKernel(Rule rule)
      : Kernel({Rule::kInputs, Rule::kOutputs, sizeof(typename Rule::State), rule.warm_up()}),
        rule_(std::move(rule)) {}

  void run(const KernelRun& run, SymbolRows* rows, std::size_t offset) const override {
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    constexpr std::size_t kAhead = 16;
    for (std::size_t i = 0; i < run.count; ++i) {
      if (i + kAhead < run.count)
        __builtin_prefetch(rows->at<const char>(run.symbol[i + kAhead]) + offset, 1);
      double in[Rule::kInputs];
      double out[Rule::kOutputs];
      bool numbers = true;
      for (std::size_t at = 0; at < Rule::kInputs; ++at) {
        in[at] = run.in[at][i];
        numbers &= is_finite_number(in[at]);
      }
      for (double& value : out) value = kNan;
      if (numbers) {
        auto* state = reinterpret_cast<typename Rule::State*>(
            rows->at<char>(run.symbol[i]) + offset);
        rule_.step(state, in, out);
      }
      for (std::size_t at = 0; at < Rule::kOutputs; ++at) run.out[at][i] = out[at];
    }
  }

 private:
  const Rule rule_;
};

}  // namespace ndts
