// Blocks of segments of other hosts that were read before, and the ends of their files. Segments
// never change, so what is here is never wrong; what was not used for longest goes first.
//
// Threads: any. Lifetime: what was taken stays as long as somebody has it, also after it left the
// cache. Invariants: only bytes that were checked are put here; the cache itself never holds more
// than its budget.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/thread.h"

namespace ndts {

using SharedBytes = std::shared_ptr<const std::vector<std::byte>>;

// Which segment of all that there are: two that agree in this have the same bytes. The checksum is
// that of the trailer, which covers the footer, which covers the blocks.
struct SegmentIdentity {
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;
  std::int64_t day = 0;
  std::uint32_t table = 0;
  std::uint32_t shard = 0;
  std::uint32_t trailer_checksum = 0;

  friend bool operator==(const SegmentIdentity&, const SegmentIdentity&) = default;
};

// Instead of a block: header and footer.
inline constexpr std::uint32_t kSegmentEnds = 0xffff'ffff;

struct BlockCacheCounters {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t evicted = 0;
  std::uint64_t bytes = 0;   // at present, as the next
  std::uint64_t blocks = 0;
};

class BlockCache {
 public:
  explicit BlockCache(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  // Null when it is not here. Counts as a hit or a miss.
  [[nodiscard]] SharedBytes get(const SegmentIdentity& segment, std::uint32_t block);
  // What is larger than the budget is not kept.
  void put(const SegmentIdentity& segment, std::uint32_t block, SharedBytes bytes);
  [[nodiscard]] BlockCacheCounters counters() const;

 private:
  struct Key {
    SegmentIdentity segment;
    std::uint32_t block;

    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  struct Entry {
    Key key;
    SharedBytes bytes;
  };

  const std::uint64_t bytes_max_;
  mutable Mutex mutex_;
  // Guarded by mutex_.
  std::list<Entry> entries_;  // the one used last is first
  std::unordered_map<Key, std::list<Entry>::iterator, KeyHash> places_;
  BlockCacheCounters counters_;
};

}  // namespace ndts
