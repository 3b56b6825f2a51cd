// Which instruction set a kernel is compiled for that has more than one form, and what this
// processor has. All forms of a kernel give the same bits.
#pragma once

#include <cstdint>

namespace ndts {

// kBest asks the processor.
enum class Simd : std::uint8_t { kBest, kScalar, kAvx2 };

[[nodiscard]] inline bool has_avx2() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") != 0;
#else
  return false;
#endif
}

// Products that are rounded once together with a sum, too.
[[nodiscard]] inline bool has_avx2_fma() {
#if defined(__x86_64__)
  return has_avx2() && __builtin_cpu_supports("fma") != 0;
#else
  return false;
#endif
}

}  // namespace ndts
