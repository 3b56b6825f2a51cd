// See scan_kernels.h: the scalar twins, and the choice.
#include "scan/scan_kernels.h"

#include <algorithm>
#include <cmath>

#include "scan/scan_split.h"

namespace ndts {

namespace {

bool find_split(const double* values, std::size_t count, double* splitter) {
  double greatest = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t at = 0; at < count; at += 1) {
    const double magnitude = std::fabs(values[at]);
    if (!std::isfinite(magnitude)) return false;
    if (magnitude == 0) continue;
    greatest = std::max(greatest, magnitude);
    least = std::min(least, magnitude);
  }
  *splitter = 1;
  return greatest == 0 || find_splitter(greatest, least, splitter);
}

bool sum(const double* values, std::size_t count, double splitter, SumParts* parts) {
  *parts = {};
  if (splitter == 0 && !find_split(values, count, &splitter)) return false;
  for (std::size_t at = 0; at < count; at += 1) {
    const double high = (values[at] + splitter) - splitter;
    parts->high += high;
    parts->low += values[at] - high;
  }
  if (std::isfinite(parts->high) && std::isfinite(parts->low)) return true;
  *parts = {};
  return false;
}

void products(const double* a, const double* b, std::size_t count, double* product,
              double* error) {
  for (std::size_t at = 0; at < count; at += 1) {
    product[at] = a[at] * b[at];
    error[at] = std::fma(a[at], b[at], -product[at]);
  }
}

void real_range(const double* values, std::size_t count, RealRange* range) {
  for (std::size_t at = 0; at < count; at += 1) {
    if (values[at] < range->least) range->least = values[at];
    if (values[at] > range->greatest) range->greatest = values[at];
  }
}

void whole_range(const std::int64_t* values, std::size_t count, WholeRange* range) {
  for (std::size_t at = 0; at < count; at += 1) {
    range->least = std::min(range->least, values[at]);
    range->greatest = std::max(range->greatest, values[at]);
  }
}

WholeSum whole_sum(const std::int64_t* values, std::size_t count) {
  WholeSum total;
  for (std::size_t at = 0; at < count; at += 1) {
    total.high += values[at] >> 32;
    total.low += static_cast<std::uint32_t>(values[at]);
  }
  return total;
}

template <typename T>
void select(const T* values, std::size_t count, T low, T high, std::uint64_t* bits) {
  for (std::size_t at = 0; at < count; at += 1)
    if (!(values[at] >= low && values[at] <= high))
      bits[at / 64] &= ~(std::uint64_t{1} << at % 64);
}

void keep(const double* values, std::size_t count, const std::uint64_t* bits, std::size_t first,
          double other, double* out) {
  for (std::size_t at = 0; at < count; at += 1) {
    const std::size_t bit = first + at;
    out[at] = (bits[bit / 64] >> bit % 64 & 1) != 0 ? values[at] : other;
  }
}

std::size_t below(const std::int64_t* times, std::size_t count, std::int64_t limit) {
  std::size_t at = 0;
  while (at < count && times[at] < limit) at += 1;
  return at;
}

constexpr ScanKernels kScalar = {"scalar",  sum,       products,
                                 real_range, whole_range, whole_sum,
                                 select<double>, select<std::int64_t>, keep,
                                 below};

}  // namespace

const ScanKernels& scalar_scan_kernels() { return kScalar; }

const ScanKernels* avx2_scan_kernels() {
#if defined(__x86_64__)
  static const bool has =
      __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  return has ? &compiled_avx2_scan_kernels() : nullptr;
#else
  return nullptr;
#endif
}

const ScanKernels* avx512_scan_kernels() {
#if defined(__x86_64__)
  static const bool has = __builtin_cpu_supports("avx512f") != 0 &&
                          __builtin_cpu_supports("avx512dq") != 0 &&
                          avx2_scan_kernels() != nullptr;
  return has ? &compiled_avx512_scan_kernels() : nullptr;
#else
  return nullptr;
#endif
}

const ScanKernels& best_scan_kernels() {
  static const ScanKernels& best = avx512_scan_kernels() != nullptr ? *avx512_scan_kernels()
                                   : avx2_scan_kernels() != nullptr ? *avx2_scan_kernels()
                                                                    : scalar_scan_kernels();
  return best;
}

}  // namespace ndts
