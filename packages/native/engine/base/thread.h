// Threads, in one place. The engine starts no thread and blocks on nothing except through here.
//
// Long-running work is written as a resumable step; a BackgroundThread calls it in production,
// tests call it directly.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace ndts {

using Mutex = std::mutex;
using MutexLock = std::unique_lock<std::mutex>;

class ConditionVariable {
 public:
  void wait(MutexLock& lock) { condition_.wait(lock); }
  // Returns after a notify, after `ns`, or for no reason at all.
  void wait_for(MutexLock& lock, std::int64_t ns);
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

// Runs `body` until it returns; join() or the destructor wait for that.
class Thread {
 public:
  Thread(const std::string& name, std::function<void()> body);
  ~Thread() { join(); }
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  void join();

 private:
  std::thread thread_;  // ambient: the seam itself
};

// How a BackgroundThread sleeps that has nothing to look at again after idle_ns.
struct BackgroundRest {
  // Whether nothing is there for a step before the next stir(); empty: never.
  std::function<bool()> may_rest;
  std::int64_t ns = 0;  // the longest rest
};

// Calls `step` again and again. A step that did no work (returned 0) is followed by a sleep of at
// most idle_ns, which wake() ends early, and before that by a rest where there is one. wake(),
// stir() and stop() from any thread; stop() returns when the running step has ended, and twice is
// allowed.
class BackgroundThread {
 public:
  BackgroundThread(const std::string& name, std::int64_t idle_ns,
                   std::function<std::uint64_t()> step, BackgroundRest rest = BackgroundRest());
  ~BackgroundThread() { stop(); }
  BackgroundThread(const BackgroundThread&) = delete;
  BackgroundThread& operator=(const BackgroundThread&) = delete;
  // Costs one atomic exchange when a wake-up is pending already.
  void wake();
  // After something was made that a step will find: a rest ends, the next step comes idle_ns later.
  // Costs one atomic exchange while it does not rest.
  void stir();
  void stop();

 private:
  void run();
  void rest();

  const std::int64_t idle_ns_;
  const std::function<std::uint64_t()> step_;
  const BackgroundRest rest_;
  Mutex mutex_;
  ConditionVariable condition_;
  // Set by wake(), cleared by run() before the step that answers it.
  std::atomic<bool> wake_pending_{false};
  // Exchanged by rest() before it looks whether it may, by stir() after the work was made: one of
  // the two sees the other.
  std::atomic<bool> resting_{false};
  std::atomic<bool> stopping_{false};  // set by stop(), read by run()
  Thread thread_;                      // last member: starts when the others stand
};

}  // namespace ndts
