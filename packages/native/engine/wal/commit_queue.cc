// See commit_queue.h.
#include "wal/commit_queue.h"

#include <algorithm>
#include <utility>

namespace ndts {

namespace {
constexpr std::size_t kLongestPause = 64;
}  // namespace

void CommitQueue::wait(std::uint64_t position, const std::function<bool()>& done,
                       const std::function<void()>& commit) {
  waiters_.fetch_add(1, std::memory_order_seq_cst);
  MutexLock lock(mutex_);
  bool leads = false;
  while (!done()) {
    if (!leads && leading_) {
      leads = sleep_in_queue(lock, position);
      continue;
    }
    leading_ = true;
    gather(lock);
    lock.unlock();
    commit();
    lock.lock();
    leads = false;
    pass_lead(lock);
  }
  if (leads) pass_lead(lock);  // woken to lead, with nothing left to do
  lock.unlock();
  waiters_.fetch_sub(1, std::memory_order_seq_cst);
}

// Returns whether the caller leads now.
bool CommitQueue::sleep_in_queue(MutexLock& lock, std::uint64_t position) {
  if (unused_.empty()) {
    sleepers_.push_back(std::make_unique<Sleeper>());
    unused_.push_back(sleepers_.back().get());
  }
  Sleeper* const sleeper = unused_.back();
  unused_.pop_back();
  sleeper->position = position;
  sleeper->leads = false;
  sleeper->signal.clear();
  queue_.push_back(sleeper);
  if (gather_for_ != 0 && queue_.size() + 1 >= gather_for_) gathered_.notify_one();
  lock.unlock();
  sleeper->signal.wait();
  lock.lock();
  unused_.push_back(sleeper);
  return sleeper->leads;
}

void CommitQueue::gather(MutexLock& lock) {
  if (queue_.size() + 1 >= expected_) return;
  if (gather_pause_ > 0) {
    gather_pause_ -= 1;
    return;
  }
  const std::int64_t until =
      clock_.monotonic_ns() + sync_ns_.load(std::memory_order_relaxed) / 2;
  gather_for_ = expected_;
  bool all = false;
  for (;;) {
    all = queue_.size() + 1 >= gather_for_;
    const std::int64_t left = until - clock_.monotonic_ns();
    if (all || left <= 0) break;
    gathered_.wait_for(lock, left);
  }
  gather_for_ = 0;
  gather_pause_ = all ? 0 : next_pause_;
  next_pause_ = all ? 1 : std::min(next_pause_ * 2, kLongestPause);
}

// Out of the queue, in a chain.
CommitQueue::Sleeper* CommitQueue::take(std::uint64_t durable, bool all) {
  Sleeper* first = nullptr;
  std::erase_if(queue_, [&](Sleeper* sleeper) {
    if (!all && sleeper->position > durable) return false;
    sleeper->next = std::exchange(first, sleeper);
    taken_ += 1;
    return true;
  });
  return first;
}

// Without the lock, which those who wake up need.
void CommitQueue::signal_all(Sleeper* first) {
  while (first != nullptr) std::exchange(first, first->next)->signal.set();
}

void CommitQueue::wake(std::uint64_t durable, bool all) {
  if (waiters_.load(std::memory_order_seq_cst) == 0) return;
  MutexLock lock(mutex_);
  Sleeper* const awake = take(durable, all);
  if (all) gathered_.notify_one();
  lock.unlock();
  signal_all(awake);
}

void CommitQueue::pass_lead(MutexLock& lock) {
  expected_ = std::exchange(taken_, 0) + 1 + queue_.size();
  if (queue_.empty()) {
    leading_ = false;
    return;
  }
  Sleeper* const next = queue_.front();
  queue_.erase(queue_.begin());
  next->leads = true;
  next->next = nullptr;
  lock.unlock();
  signal_all(next);
  lock.lock();
}

}  // namespace ndts
