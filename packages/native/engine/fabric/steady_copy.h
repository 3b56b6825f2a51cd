// Copies memory that nobody writes meanwhile, as blocks are.
//
// Long copies go through four pages at once: a processor fetches ahead within a page only, and
// memory that is not in its caches is copied faster so than from end to end. What was copied is in
// the caches: whoever asked for it reads it next. The AVX2 twin is used where the processor has it,
// found out at run time; a test compares the two. Any thread; no state.
#pragma once

#include <cstring>

#include "base/bytes.h"
#include "base/simd.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ndts {

inline void copy_steady_scalar(std::byte* to, Bytes from) {
  if (!from.empty()) std::memcpy(to, from.data(), from.size());
}

#if defined(__x86_64__)

// Only to be called where has_avx2().
__attribute__((target("avx2"))) inline void copy_steady_hardware(std::byte* to, Bytes from) {
  constexpr std::size_t kPageBytes = 4096;
  constexpr std::size_t kPages = 4;
  const std::byte* at = from.data();
  std::size_t left = from.size();
  for (; left >= kPages * kPageBytes; left -= kPages * kPageBytes) {
    for (std::size_t line = 0; line < kPageBytes; line += 64)
      for (std::size_t place = line; place < kPages * kPageBytes; place += kPageBytes) {
        const auto* source = reinterpret_cast<const __m256i*>(at + place);
        auto* target = reinterpret_cast<__m256i*>(to + place);
        const __m256i first = _mm256_loadu_si256(source);
        const __m256i second = _mm256_loadu_si256(source + 1);
        _mm256_storeu_si256(target, first);
        _mm256_storeu_si256(target + 1, second);
      }
    at += kPages * kPageBytes;
    to += kPages * kPageBytes;
  }
  copy_steady_scalar(to, Bytes(at, left));
}

#else

inline void copy_steady_hardware(std::byte* to, Bytes from) { copy_steady_scalar(to, from); }

#endif

inline void copy_steady(std::byte* to, Bytes from) {
  if (has_avx2()) return copy_steady_hardware(to, from);
  copy_steady_scalar(to, from);
}

}  // namespace ndts
