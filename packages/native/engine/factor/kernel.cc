#include "factor/kernel.h"

#include <string>

#include "factor/kernel_kinds.h"

namespace ndts {

Status make_kernel(FactorKernel kind, const double (&parameters)[kKernelParameters],
                   std::unique_ptr<Kernel>* kernel, Simd simd) {
  *kernel = make_plain_kernel(kind);
  if (*kernel == nullptr) *kernel = make_window_kernel(kind, parameters, simd);
  if (*kernel == nullptr) *kernel = make_smooth_kernel(kind, parameters);
  if (*kernel == nullptr) *kernel = make_timed_kernel(kind, parameters);
  if (*kernel != nullptr) return {};
  std::string given;
  for (const double parameter : parameters) given += ' ' + std::to_string(parameter);
  return Status(Code::kInvalidArgument,
                "factor kernel " + std::to_string(static_cast<std::uint32_t>(kind)) +
                    ": not there, or not with parameters" + given + "; periods are 1 to " +
                    std::to_string(kFactorPeriodMax) + " rows, spans 1 ms to 100 days in ns");
}

}  // namespace ndts
