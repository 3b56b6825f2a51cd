// Files that are synced together. One after the other, each waits for the disk; side by side they
// wait for it once.
//
// Threads: one; it starts others while it syncs, where it may. Errors: of the first file that
// failed; none of the batch must be trusted then.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/file.h"
#include "base/status.h"

namespace ndts {

class SyncBatch {
 public:
  // Files that are open at once.
  static constexpr std::size_t kFilesMax = 64;

  // `threads`: 1 starts none.
  explicit SyncBatch(std::uint32_t threads) : threads_(threads) {}

  // Syncs all when there are enough.
  [[nodiscard]] Status add(std::unique_ptr<File> file);
  // Afterwards there are none, whatever came of it.
  [[nodiscard]] Status sync();

 private:
  const std::uint32_t threads_;
  std::vector<std::unique_ptr<File>> files_;
};

}  // namespace ndts
