// Promises that wait for a log position to become durable. The committer wakes JavaScript once for
// all that are due; while nobody waits it costs the committer one atomic operation per commit, and
// the process may end.
//
// Threads: notify_durable() and notify_failure() from any engine thread until release(); the rest
// from the JavaScript thread. The engine's threads must have ended before release().
// Invariant: a promise resolves only after its position is durable; each is settled exactly once.
#pragma once

#include <napi.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "base/status.h"

namespace ndts::binding {

class DurableWaiters {
 public:
  // Called on the JavaScript thread when somebody may be due.
  using Settle = void (*)(void* owner);

  void start(Napi::Env env, void* owner, Settle settle);
  // Ends the wake-ups; everybody must be settled.
  void release();

  // A promise for the position. The caller looks at the durable position after this call, and
  // settles, so that a commit in between is not missed.
  Napi::Promise add(Napi::Env env, std::uint64_t position);
  // Resolves all up to `durable`; rejects the rest when `failure` is not ok.
  void settle(Napi::Env env, std::uint64_t durable, const Status& failure);

  bool empty() const { return waiters_.empty(); }

  void notify_durable(std::uint64_t durable);
  void notify_failure();

 private:
  struct Waiter {
    std::uint64_t position;
    Napi::Promise::Deferred deferred;
  };
  static constexpr std::uint64_t kNobody = std::numeric_limits<std::uint64_t>::max();

  void wake();

  std::vector<Waiter> waiters_;
  // The lowest position waited for. add() exchanges it before the durable position is read, the
  // committer reads it (as a read-modify-write, after durable was stored): one of the two sees
  // the other.
  std::atomic<std::uint64_t> lowest_{kNobody};
  std::atomic<bool> wake_pending_{false};  // set by wake(), cleared by the call it made
  Napi::ThreadSafeFunction function_;
  // False after release(): a call that was queued before finds that its owner is gone.
  std::shared_ptr<bool> alive_;
  void* owner_ = nullptr;
  Settle settle_ = nullptr;
};

}  // namespace ndts::binding
