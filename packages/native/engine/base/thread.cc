// See thread.h.
#include "base/thread.h"

#include <pthread.h>

#include <chrono>
#include <utility>

namespace ndts {

void ConditionVariable::wait_for(MutexLock& lock, std::int64_t ns) {
  condition_.wait_for(lock, std::chrono::nanoseconds(ns));
}

Thread::Thread(const std::string& name, std::function<void()> body) : thread_(std::move(body)) {
  pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
}

void Thread::join() {
  if (thread_.joinable()) thread_.join();
}

BackgroundThread::BackgroundThread(const std::string& name, std::int64_t idle_ns,
                                   std::function<std::uint64_t()> step, BackgroundRest rest)
    : idle_ns_(idle_ns),
      step_(std::move(step)),
      rest_(std::move(rest)),
      thread_(name, [this] { run(); }) {}

void BackgroundThread::wake() {
  if (wake_pending_.exchange(true, std::memory_order_acq_rel)) return;
  const MutexLock lock(mutex_);
  condition_.notify_one();
}

void BackgroundThread::stir() {
  if (!resting_.exchange(false, std::memory_order_acq_rel)) return;
  const MutexLock lock(mutex_);
  condition_.notify_one();
}

void BackgroundThread::rest() {
  if (!rest_.may_rest) return;
  resting_.exchange(true, std::memory_order_acq_rel);
  if (rest_.may_rest()) {
    MutexLock lock(mutex_);
    if (resting_.load(std::memory_order_acquire) && !wake_pending_.load(std::memory_order_acquire))
      condition_.wait_for(lock, rest_.ns);
  }
  resting_.exchange(false, std::memory_order_acq_rel);
}

void BackgroundThread::stop() {
  stopping_.store(true, std::memory_order_release);
  wake();
  thread_.join();
}

void BackgroundThread::run() {
  while (!stopping_.load(std::memory_order_acquire)) {
    // Acquires what every wake() so far released: the step sees it.
    wake_pending_.exchange(false, std::memory_order_acq_rel);
    if (step_() > 0) continue;
    rest();
    MutexLock lock(mutex_);
    if (!wake_pending_.load(std::memory_order_acquire)) condition_.wait_for(lock, idle_ns_);
  }
}

}  // namespace ndts
