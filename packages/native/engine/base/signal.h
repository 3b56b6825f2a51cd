// One sleeper, and somebody who wakes him once: a system call each at most, and no lock that both
// need. A part of the seam of thread.h.
//
// Threads: wait() by the sleeper, set() by one other. clear() before anybody may set(). Lifetime:
// it must stand until set() has returned, which may be after wait() has.
#pragma once

#include <atomic>
#include <cstdint>

namespace ndts {

class Signal {
 public:
  void clear() { set_.store(0, std::memory_order_relaxed); }
  // Sees what the one who set it did before.
  void wait() { set_.wait(0, std::memory_order_acquire); }
  void set() {
    set_.store(1, std::memory_order_release);
    set_.notify_one();
  }

 private:
  std::atomic<std::uint32_t> set_{0};  // set() releases to wait()
};

}  // namespace ndts
