// A replay that runs ahead of who reads it: a thread fills a few batches in turn, the reader takes
// them in that order, one at a time.
//
// Threads: take(), stop() and the destructor from the reader's; `wake` is called from the feed's
// thread. Lifetime: `memory` of a batch is shared with the reader and written only while the
// reader does not hold the batch. Errors: what the source said, from the take() that meets it,
// after all rows before it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/thread.h"
#include "replay/replay_source.h"

namespace ndts {

// Memory that rows are put into.
struct FeedBatch {
  std::shared_ptr<std::byte[]> memory;
  RowsOut out;
  StepsOut steps;
};

class ReplayFeed {
 public:
  enum class Outcome : std::uint8_t { kBatch = 1, kWait = 2, kEnd = 3, kFailed = 4 };

  // `batches`, two or more, are taken in their order, again and again. `wake` is called once after
  // a take() that said kWait, when another may say more.
  ReplayFeed(std::unique_ptr<ReplaySource> source, std::vector<FeedBatch> batches,
             std::function<void()> wake);
  ~ReplayFeed() { stop(); }

  // Gives back the batch taken before. kBatch: the next one, of which *filled is filled; kWait:
  // nothing is ready; kFailed: status() says why.
  [[nodiscard]] Outcome take(Filled* filled);
  [[nodiscard]] const Status& status() const { return status_; }
  // No batch is written any more, and the source is gone. Twice is allowed.
  void stop();

 private:
  void run();

  std::unique_ptr<ReplaySource> source_;
  const std::vector<FeedBatch> batches_;
  const std::function<void()> wake_;
  Mutex mutex_;
  ConditionVariable changed_;  // for the feed's thread
  // Guarded by mutex_.
  std::vector<Filled> filled_;  // by batch
  std::uint64_t produced_ = 0;  // batches ever filled
  std::uint64_t consumed_ = 0;  // batches ever given back
  bool held_ = false;           // the reader has batch consumed_
  bool waiting_ = false;        // the reader was told to
  bool ended_ = false;
  bool stopping_ = false;
  Status status_;  // written before ended_, read after
  std::unique_ptr<Thread> thread_;
};

}  // namespace ndts
