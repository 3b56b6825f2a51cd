// What a server exposes just now: regions by number, each with its key and its lease.
//
// Threads: any. A Region is read under its own lock, so that close() returns only when nobody
// reads the memory and nobody will. The number is no secret, the key is: they are compared without
// telling by time how much of a key was right.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/thread.h"
#include "fabric/remote_memory.h"

namespace ndts {

struct Region {
  Mutex mutex;
  bool open = true;  // under the mutex, as the rest
  Bytes bytes;
  std::int64_t expires_at_ms = 0;
  std::shared_ptr<const void> owner;
  std::uint64_t key = 0;  // never changes, as the rest
  std::uint32_t number = 0;
  bool changes = false;
  bool proves_itself = false;

  // With the mutex held.
  [[nodiscard]] bool readable(std::int64_t now_ms) const { return open && now_ms < expires_at_ms; }
};

[[nodiscard]] inline std::int64_t wall_ms(Clock* clock) { return clock->wall_ns() / 1'000'000; }

class MemoryRegions {
 public:
  // INVALID_ARGUMENT for no bytes or no lease, RATE_LIMITED when there are kPullRegionsMax.
  // Fills key, region, length and expiry of the grant.
  [[nodiscard]] Status add(const Exposure& exposure, std::uint64_t key, std::int64_t now_ms,
                           Grant* grant, std::shared_ptr<Region>* region);
  // Null for a wrong number or key. Whether it may be read now is asked under its mutex.
  [[nodiscard]] std::shared_ptr<Region> find(std::uint32_t number, std::uint64_t key) const;
  [[nodiscard]] std::shared_ptr<Region> find_key(std::uint64_t key) const;
  [[nodiscard]] Status renew(std::uint64_t key, std::int64_t now_ms, std::int64_t lease_ms);
  // Waits for a read that is under way; lets the owner go unless `keep_owner`.
  [[nodiscard]] Status close(std::uint64_t key, bool keep_owner = false);
  void close_all();

 private:
  mutable Mutex mutex_;
  std::vector<std::shared_ptr<Region>> regions_;  // by number; null: free
};

}  // namespace ndts
