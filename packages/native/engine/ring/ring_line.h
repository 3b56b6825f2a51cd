// Words of a ring: relaxed 64-bit accesses to slots, and the published lines of the header.
//
// A line is value, epoch and check = value ^ epoch ^ kRingLineSalt on a cache line of its own. On
// this host the value alone cannot tear; the check is for readers that fetch the line over a
// network, and shows memory that is no line. Everybody re-reads a line whose check is wrong.
// One thread writes a line, any number in any process read it.
#pragma once

#include <atomic>
#include <cstdint>

#include "generated/layouts.h"

namespace ndts {

// "RINGLINE" read as a little-endian number.
inline constexpr std::uint64_t kRingLineSalt = 0x454E'494C'474E'4952;

static_assert(__atomic_always_lock_free(sizeof(std::uint64_t), nullptr));

inline void store_word(std::uint64_t* to, std::uint64_t value) {
  __atomic_store_n(to, value, __ATOMIC_RELAXED);
}
[[nodiscard]] inline std::uint64_t load_word(const std::uint64_t* from) {
  return __atomic_load_n(from, __ATOMIC_RELAXED);
}

// The thread sanitizer does not model fences; it needs none here, as every shared word is atomic.
#if defined(__SANITIZE_THREAD__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif
inline void fence_release() { std::atomic_thread_fence(std::memory_order_release); }
inline void fence_acquire() { std::atomic_thread_fence(std::memory_order_acquire); }
// Also keeps a store before a later load: each of two threads stores, then loads what the other
// stores, and at least one of them sees it.
inline void fence_full() { std::atomic_thread_fence(std::memory_order_seq_cst); }
#if defined(__SANITIZE_THREAD__)
#pragma GCC diagnostic pop
#endif

// Release: who reads the value with read_line sees everything written before. Its partner is the
// acquire in read_line.
inline void publish_line(RingLine* line, std::uint64_t value, std::uint64_t epoch) {
  __atomic_store_n(&line->value, value, __ATOMIC_RELEASE);
  __atomic_store_n(&line->epoch, epoch, __ATOMIC_RELAXED);
  __atomic_store_n(&line->check, value ^ epoch ^ kRingLineSalt, __ATOMIC_RELAXED);
}

// One try: false when the check does not hold just now, or the line is of another epoch.
[[nodiscard]] inline bool read_line(const RingLine* line, std::uint64_t epoch,
                                    std::uint64_t* value) {
  const std::uint64_t found = __atomic_load_n(&line->value, __ATOMIC_ACQUIRE);
  const std::uint64_t found_epoch = load_word(&line->epoch);
  const std::uint64_t check = load_word(&line->check);
  *value = found;
  return found_epoch == epoch && check == (found ^ epoch ^ kRingLineSalt);
}

// Several tries: a writer between its two stores is done within nanoseconds unless it was
// suspended or killed there.
[[nodiscard]] inline bool await_line(const RingLine* line, std::uint64_t epoch,
                                     std::uint64_t* value) {
  constexpr int kTries = 256;
  for (int i = 0; i < kTries; ++i) {
    if (read_line(line, epoch, value)) return true;
  }
  return false;
}

}  // namespace ndts
