// What a loop that waits for another processor says to this one.
#pragma once

#include <sched.h>

namespace ndts {

inline void spin_pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// The same where the one waited for may need this very processor: two that spin on one would each
// wait for the other's time to be over.
inline void spin_yield() { static_cast<void>(sched_yield()); }

}  // namespace ndts
