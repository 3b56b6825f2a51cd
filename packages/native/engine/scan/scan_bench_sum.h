// A plain sum over an array, as fast as the memory gives it: what scans are measured against.
#pragma once

#include <algorithm>
#include <atomic>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "scan/aggregate.h"

namespace ndts {

#if defined(__x86_64__)
// In 32 parts, so that no addition waits for another.
__attribute__((target("avx2"))) inline double avx2_sum(const double* values, std::size_t count) {
  __m256d parts[8];
  for (__m256d& part : parts) part = _mm256_setzero_pd();
  std::size_t at = 0;
  for (; at + 32 <= count; at += 32)
    for (std::size_t part = 0; part < 8; part += 1)
      parts[part] = _mm256_add_pd(parts[part], _mm256_loadu_pd(values + at + 4 * part));
  double sum = 0;
  for (const __m256d& part : parts) {
    double lanes[4];
    _mm256_storeu_pd(lanes, part);
    sum += lanes[0] + lanes[1] + lanes[2] + lanes[3];
  }
  for (; at < count; at += 1) sum += values[at];
  return sum;
}
#endif

inline double part_sum(const double* values, std::size_t count) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") != 0) return avx2_sum(values, count);
#endif
  double parts[8] = {};
  for (std::size_t at = 0; at < count; at += 1) parts[at % 8] += values[at];
  double sum = 0;
  for (const double part : parts) sum += part;
  return sum;
}

// Every worker takes its share.
[[nodiscard]] inline double plain_sum(const std::vector<double>& values,
                                      const ScanWorkers& workers) {
  std::vector<double> sums(workers.count);
  const std::size_t share = (values.size() + workers.count - 1) / workers.count;
  workers.run([&](std::size_t at) {
    const std::size_t first = std::min(at * share, values.size());
    sums[at] = part_sum(values.data() + first, std::min(share, values.size() - first));
  });
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

}  // namespace ndts
