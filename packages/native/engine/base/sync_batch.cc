#include "base/sync_batch.h"

#include <utility>

#include "base/side_by_side.h"

namespace ndts {

Status SyncBatch::add(std::unique_ptr<File> file) {
  files_.push_back(std::move(file));
  return files_.size() < kFilesMax ? Status() : sync();
}

Status SyncBatch::sync() {
  const std::vector<std::unique_ptr<File>> files = std::exchange(files_, {});
  std::vector<Status> outcomes(files.size());
  side_by_side(files.size(), threads_,
               [&](std::size_t at) { outcomes[at] = files[at]->sync(); });
  for (Status& outcome : outcomes)
    if (!outcome.ok()) return std::move(outcome);
  return {};
}

}  // namespace ndts
