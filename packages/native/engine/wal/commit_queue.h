// Those who wait until the log is durable: the first of them commits for all, the others sleep.
//
// A commit wakes exactly those it made durable and hands the lead to one of the others, who came
// too late for it. Before it commits, a leader waits for those who were just woken to come back
// with their next entry, up to half a sync long: one sync for all of them is worth more than two
// for a half each. Where that was in vain it is left out for a while, longer each time.
//
// Threads: all calls from any thread. Lifetime: outlives all calls; the Clock outlives it.
// Invariant: whoever sleeps is woken by wake(), or there is a leader, awake or being woken.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/signal.h"
#include "base/thread.h"

namespace ndts {

class CommitQueue {
 public:
  explicit CommitQueue(Clock& clock) : clock_(clock) {}

  // Returns when done() is true. Calls commit() when nobody else is at it, without a lock; it makes
  // done() true or changes nothing for good. done() is called under a lock and must not block.
  void wait(std::uint64_t position, const std::function<bool()>& done,
            const std::function<void()>& commit);
  // After what done() looks at has changed: wakes those who wait for a position up to `durable`, or
  // all. Costs one load where nobody waits.
  void wake(std::uint64_t durable, bool all);
  // How long a sync took, which is what waiting for company may cost.
  void note_sync(std::int64_t ns) { sync_ns_.store(ns, std::memory_order_relaxed); }

 private:
  struct Sleeper {
    std::uint64_t position = 0;
    bool leads = false;       // guarded by mutex_: woken to commit
    Sleeper* next = nullptr;  // of those about to be woken
    Signal signal;
  };

  [[nodiscard]] bool sleep_in_queue(MutexLock& lock, std::uint64_t position);
  void gather(MutexLock& lock);
  [[nodiscard]] Sleeper* take(std::uint64_t durable, bool all);
  void pass_lead(MutexLock& lock);
  static void signal_all(Sleeper* first);

  Clock& clock_;
  // Callers inside wait(); incremented before they look at done(), loaded by wake() after what
  // done() looks at has changed.
  std::atomic<std::uint32_t> waiters_{0};
  std::atomic<std::int64_t> sync_ns_{0};  // orders nothing

  Mutex mutex_;
  // All below are guarded by mutex_.
  bool leading_ = false;
  std::vector<Sleeper*> queue_;  // in the order in which they came
  std::vector<std::unique_ptr<Sleeper>> sleepers_;  // kept: a wake-up may come late
  std::vector<Sleeper*> unused_;
  std::size_t taken_ = 0;     // woken since the lead was passed on
  std::size_t expected_ = 1;  // callers there were around the last commit
  std::size_t gather_for_ = 0;  // a leader waits until so many are there; 0: none waits
  std::size_t gather_pause_ = 0;  // so many commits without gathering
  std::size_t next_pause_ = 1;
  ConditionVariable gathered_;
};

}  // namespace ndts
