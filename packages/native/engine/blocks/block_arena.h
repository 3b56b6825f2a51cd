// Memory of a bounded size that other hosts read one-sided: blocks of segments are copied into it
// on demand, each request's one behind the other in a space of its own.
//
// A space is its owner's until it is released, or its lease has ended and no read that began
// before can still be under way; then other blocks take its place. A reader that comes too late
// finds other bytes: it checks them against the footer, and looks at the lease after that.
//
// Threads: any. Lifetime: the mapping lives as long as the arena or whoever reads it. The file is
// in shared memory, mode 0600, and goes with the arena.
// Errors: RATE_LIMITED when there is no room now, and in how many ms there may be; INVALID_ARGUMENT
// for more than an arena can ever hold.
// Invariant: spaces never overlap.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/thread.h"
#include "fabric/remote_memory.h"

namespace ndts {

// How long after the end of its lease a space stays as it is: what a read may last, and a margin
// for clocks that do not run alike.
inline constexpr std::int64_t kArenaReadMs = 5'000;
inline constexpr std::int64_t kArenaMarginMs = 1'000;

struct ArenaSpace {
  std::uint64_t id = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

struct BlockArenaCounters {
  std::uint64_t spaces = 0;  // now, as the next
  std::uint64_t bytes = 0;
  std::uint64_t copied_bytes = 0;
  std::uint64_t refused = 0;  // for want of room
};

class BlockArena {
 public:
  // Replaces a file that was left at `path`. `bytes` is rounded up to whole huge pages.
  [[nodiscard]] static Status open(FileSystem* files, Clock* clock, const std::string& path,
                                   std::uint64_t bytes, std::unique_ptr<BlockArena>* arena);
  ~BlockArena();
  BlockArena(const BlockArena&) = delete;
  BlockArena& operator=(const BlockArena&) = delete;

  // Of all of it, for one reader.
  [[nodiscard]] Exposure exposure(std::int64_t lease_ms) const;
  // Copies blocks, whose sizes are multiples of 8, for an owner; at most half of the arena is one
  // owner's. `retry_ms` is set along with RATE_LIMITED.
  [[nodiscard]] Status place(std::uint64_t owner, std::span<const Bytes> blocks,
                             std::int64_t lease_ms, ArenaSpace* space, std::int64_t* retry_ms);
  // Nothing when it is not that owner's, or gone.
  void release(std::uint64_t owner, std::uint64_t id);
  // After the owner's grant was revoked.
  void release_all(std::uint64_t owner);
  [[nodiscard]] BlockArenaCounters counters() const;
  [[nodiscard]] std::uint64_t bytes() const { return mapping_->bytes().size(); }

 private:
  struct Space {
    std::uint64_t id;
    std::uint64_t owner;
    std::uint64_t offset;
    std::uint64_t bytes;
    std::int64_t free_ns;  // by the monotonic clock
    bool filling;          // being copied into: stays whatever happens
    bool released;
  };

  BlockArena(FileSystem* files, Clock* clock, std::string path)
      : files_(files), clock_(clock), path_(std::move(path)) {}
  [[nodiscard]] Status reserve(std::uint64_t owner, std::uint64_t bytes, std::int64_t lease_ms,
                               ArenaSpace* space, std::int64_t* retry_ms);
  // Of a gap of so many bytes, where the first is; the size of the arena: there is none.
  [[nodiscard]] std::uint64_t find_gap(std::uint64_t bytes) const;
  void drop_expired(std::int64_t now_ns);
  void fill(std::uint64_t offset, std::span<const Bytes> blocks);
  void filled(std::uint64_t id);

  FileSystem* const files_;
  Clock* const clock_;
  const std::string path_;
  std::shared_ptr<Mapping> mapping_;
  mutable Mutex mutex_;
  // Guarded by mutex_.
  std::vector<Space> spaces_;  // by offset
  std::uint64_t next_id_ = 1;
  std::uint64_t copied_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace ndts
