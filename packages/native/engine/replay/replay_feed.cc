// See replay_feed.h.
#include "replay/replay_feed.h"

#include <utility>

namespace ndts {

ReplayFeed::ReplayFeed(std::unique_ptr<ReplaySource> source, std::vector<FeedBatch> batches,
                       std::function<void()> wake)
    : source_(std::move(source)),
      batches_(std::move(batches)),
      wake_(std::move(wake)),
      filled_(batches_.size()) {
  thread_ = std::make_unique<Thread>("ndts-replay", [this] { run(); });
}

void ReplayFeed::run() {
  MutexLock lock(mutex_);
  while (!stopping_ && !ended_) {
    if (produced_ - consumed_ == batches_.size()) {
      changed_.wait(lock);
      continue;
    }
    const std::size_t index = produced_ % batches_.size();
    lock.unlock();
    Filled filled;
    Status status = source_->fill(batches_[index].out, batches_[index].steps, &filled);
    lock.lock();
    // Rows before an error are handed out, then the error.
    const bool any = filled.rows > 0 || filled.steps > 0;
    if (any) {
      filled_[index] = filled;
      produced_ += 1;
    }
    ended_ = !status.ok() || !any;
    status_ = std::move(status);
    if (!std::exchange(waiting_, false)) continue;
    lock.unlock();
    wake_();
    lock.lock();
  }
}

ReplayFeed::Outcome ReplayFeed::take(Filled* filled) {
  const MutexLock lock(mutex_);
  if (std::exchange(held_, false)) {
    consumed_ += 1;
    changed_.notify_one();
  }
  if (produced_ > consumed_) {
    held_ = true;
    *filled = filled_[consumed_ % batches_.size()];
    return Outcome::kBatch;
  }
  if (ended_) return status_.ok() ? Outcome::kEnd : Outcome::kFailed;
  waiting_ = true;
  return Outcome::kWait;
}

void ReplayFeed::stop() {
  if (thread_ == nullptr) return;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  thread_->join();
  thread_.reset();
  source_.reset();
}

}  // namespace ndts
