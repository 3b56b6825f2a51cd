#include "base/sync_batch.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

#include "base/thread.h"

namespace ndts {

Status SyncBatch::add(std::unique_ptr<File> file) {
  files_.push_back(std::move(file));
  return files_.size() < kFilesMax ? Status() : sync();
}

Status SyncBatch::sync() {
  const std::vector<std::unique_ptr<File>> files = std::exchange(files_, {});
  std::vector<Status> outcomes(files.size());
  std::atomic<std::size_t> next{0};  // each is taken by one thread; joining publishes outcomes
  const auto work = [&] {
    for (;;) {
      const std::size_t at = next.fetch_add(1, std::memory_order_relaxed);
      if (at >= files.size()) return;
      outcomes[at] = files[at]->sync();
    }
  };
  {
    std::vector<std::unique_ptr<Thread>> helpers;
    const std::size_t count = std::min<std::size_t>(threads_, files.size());
    for (std::size_t at = 1; at < count; at += 1)
      helpers.push_back(std::make_unique<Thread>("ndts-sync", work));
    work();
  }
  for (Status& outcome : outcomes)
    if (!outcome.ok()) return std::move(outcome);
  return {};
}

}  // namespace ndts
