// See db_waiters.h.
#include "db_waiters.h"

#include <algorithm>

#include "errors.h"

namespace ndts::binding {
namespace {

Napi::Value error_of(Napi::Env env, const Status& status) {
  Napi::Error error = Napi::Error::New(env, status.message());
  error.Set("code", Napi::String::New(env, code_name(status.code())));
  return error.Value();
}

}  // namespace

void DurableWaiters::start(Napi::Env env, void* owner, Settle settle) {
  owner_ = owner;
  settle_ = settle;
  alive_ = std::make_shared<bool>(true);
  const auto nothing = Napi::Function::New(env, [](const Napi::CallbackInfo&) {});
  function_ = Napi::ThreadSafeFunction::New(env, nothing, "ndts.durable", 0, 1);
  function_.Unref(env);
}

void DurableWaiters::release() {
  *alive_ = false;
  function_.Release();
  function_ = Napi::ThreadSafeFunction();
}

Napi::Promise DurableWaiters::add(Napi::Env env, std::uint64_t position) {
  if (waiters_.empty()) function_.Ref(env);
  waiters_.push_back({position, Napi::Promise::Deferred::New(env)});
  const std::uint64_t lowest = lowest_.load(std::memory_order_relaxed);
  lowest_.exchange(std::min(lowest, position), std::memory_order_acq_rel);
  return waiters_.back().deferred.Promise();
}

void DurableWaiters::settle(Napi::Env env, std::uint64_t durable, const Status& failure) {
  if (waiters_.empty()) return;
  std::vector<Waiter> due;
  const auto first_due = std::partition(
      waiters_.begin(), waiters_.end(), [durable, &failure](const Waiter& waiter) {
        return waiter.position > durable && failure.ok();
      });
  due.assign(first_due, waiters_.end());
  waiters_.erase(first_due, waiters_.end());
  std::uint64_t lowest = kNobody;
  for (const Waiter& waiter : waiters_) lowest = std::min(lowest, waiter.position);
  lowest_.store(lowest, std::memory_order_release);
  if (waiters_.empty() && !due.empty()) function_.Unref(env);
  for (const Waiter& waiter : due) {
    if (waiter.position <= durable) {
      waiter.deferred.Resolve(env.Undefined());
    } else {
      waiter.deferred.Reject(error_of(env, failure));
    }
  }
}

void DurableWaiters::notify_durable(std::uint64_t durable) {
  if (lowest_.fetch_add(0, std::memory_order_acq_rel) <= durable) wake();
}

void DurableWaiters::notify_failure() {
  if (lowest_.load(std::memory_order_acquire) != kNobody) wake();
}

void DurableWaiters::wake() {
  if (wake_pending_.exchange(true, std::memory_order_acq_rel)) return;
  // Fails only while the environment is being taken down; nobody waits then.
  static_cast<void>(function_.NonBlockingCall([this, alive = alive_](Napi::Env, Napi::Function) {
    if (!*alive) return;
    wake_pending_.exchange(false, std::memory_order_acq_rel);
    settle_(owner_);
  }));
}

}  // namespace ndts::binding
