// Named places at which a test may end the process or throw the power switch.
//
// Nothing is installed in production: a crash point then costs one relaxed load. Install before
// the threads that pass the points start.
#pragma once

#include <atomic>

namespace ndts {

using CrashPointHook = void (*)(const char* name);

// Written by install_crash_points(), read by crash_point(); carries no other data.
inline std::atomic<CrashPointHook> crash_point_hook{nullptr};

inline void install_crash_points(CrashPointHook hook) {
  crash_point_hook.store(hook, std::memory_order_release);
}

inline void crash_point(const char* name) {
  if (const CrashPointHook hook = crash_point_hook.load(std::memory_order_acquire)) hook(name);
}

}  // namespace ndts
