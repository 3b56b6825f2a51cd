// A kernel: what a factor makes of its inputs, row by row, with state for each symbol.
//
// The state is plain bytes, zero for a symbol that was not seen, in the symbol's row at an offset
// the program chose; so what is known of a symbol can be copied, stored and put back. Results
// depend on the symbol's earlier rows and their order, never on the batches they came in or on the
// machine. A NaN among the inputs leaves the state as it is and makes every output NaN; infinities
// are taken for NaN. Outputs are NaN until there is enough to say something, which is after
// warm_up() rows.
//
// Threads: one at a time. Allocates nothing in run().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/simd.h"
#include "base/status.h"
#include "factor/symbol_rows.h"
#include "generated/constants.h"

namespace ndts {

inline constexpr std::size_t kKernelInputs = 3;
inline constexpr std::size_t kKernelOutputs = 5;
inline constexpr std::size_t kKernelParameters = 3;
inline constexpr std::uint32_t kFactorPeriodMax = static_cast<std::uint32_t>(FactorLimit::kRows);

// Columns of one batch.
struct KernelRun {
  const std::uint32_t* symbol;
  std::size_t count;
  const double* in[kKernelInputs];
  double* out[kKernelOutputs];
};

struct KernelShape {
  std::uint32_t inputs;
  std::uint32_t outputs;
  std::uint32_t state_bytes;  // a multiple of 8
  std::uint32_t warm_up;      // rows of a symbol before its first value
  double span_ns = 0;         // of a window of time: how long it is
};

class Kernel {
 public:
  explicit Kernel(const KernelShape& shape) : shape_(shape) {}
  virtual ~Kernel() = default;
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;
  [[nodiscard]] const KernelShape& shape() const { return shape_; }
  // `rows` has a row for every symbol of the run, and the state begins `offset` bytes into it.
  virtual void run(const KernelRun& run, SymbolRows* rows, std::size_t offset) const = 0;

 private:
  const KernelShape shape_;
};

// INVALID_ARGUMENT: a kernel that is not there, or parameters out of range. What the parameters
// are is said in kernel_kinds.h.
// Kernels of every Simd give the same bits; kAvx2 only where has_avx2().
[[nodiscard]] Status make_kernel(FactorKernel kind, const double (&parameters)[kKernelParameters],
                                 std::unique_ptr<Kernel>* kernel, Simd simd = Simd::kBest);

}  // namespace ndts
