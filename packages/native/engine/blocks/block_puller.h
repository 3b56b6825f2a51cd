// Reads spaces of another host's arena one-sided: what the blocks of one request are, one behind
// the other, in reads of a size that keeps many in flight. Each block is handed on when all of it
// is there.
//
// Threads: any; one pull runs at a time, others wait for it. Lifetime: clock, random source and
// file system outlive it. Errors: those of remote_memory.h; a connection that ended is made again
// by the next pull. Every pull ends by its deadline, counted from when it is connected; connecting
// has as long once more: what it takes on a busy machine says nothing of the reads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/thread.h"
#include "fabric/memory_adapters.h"

namespace ndts {

class BlockPuller {
 public:
  // The most one pull may read.
  static constexpr std::uint64_t kPullBytesMax = 8u << 20;

  [[nodiscard]] static Status open(const MemoryParts& parts, const Grant& grant,
                                   std::unique_ptr<BlockPuller>* puller);
  ~BlockPuller() { close(); }

  // `take(i, bytes)` is called for pieces in their order; bytes hold until it returns. An error of
  // the reads ends the pull; who was not called has nothing.
  [[nodiscard]] Status pull(std::uint64_t offset, std::span<const std::uint64_t> pieces,
                            std::int64_t timeout_ns,
                            const std::function<void(std::size_t, Bytes)>& take);
  // Waits for the pull that runs. Pulls afterwards are CLOSED. Twice is allowed.
  void close();

 private:
  BlockPuller(const MemoryParts& parts, const Grant& grant)
      : clock_(parts.clock), grant_(grant), memory_(kPullBytesMax) {}
  [[nodiscard]] Status connect(std::int64_t timeout_ns);
  [[nodiscard]] Status read(std::uint64_t offset, std::uint64_t bytes, std::int64_t deadline_ns,
                            const std::function<void(std::uint64_t)>& arrived);

  Clock* const clock_;
  const Grant grant_;
  Mutex mutex_;
  // Guarded by mutex_, as is the reader.
  std::vector<std::byte> memory_;
  std::unique_ptr<MemoryReader> reader_;
  bool closed_ = false;
};

}  // namespace ndts
