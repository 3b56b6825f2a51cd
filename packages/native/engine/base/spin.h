// What a loop that waits for another processor says to this one.
#pragma once

namespace ndts {

inline void spin_pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace ndts
