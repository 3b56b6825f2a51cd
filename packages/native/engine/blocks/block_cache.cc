// See block_cache.h.
#include "blocks/block_cache.h"

#include <utility>

namespace ndts {

// Numbers of files and blocks are small and dense: they are spread over the word.
std::size_t BlockCache::KeyHash::operator()(const Key& key) const {
  constexpr std::uint64_t kSpread = 0x9e37'79b9'7f4a'7c15;
  std::uint64_t hash = key.segment.trailer_checksum;
  hash = hash * kSpread + key.segment.number;
  hash = hash * kSpread + key.block;
  return static_cast<std::size_t>((hash * kSpread) >> 13);
}

SharedBytes BlockCache::get(const SegmentIdentity& segment, std::uint32_t block) {
  const MutexLock lock(mutex_);
  const auto found = places_.find({segment, block});
  if (found == places_.end()) {
    counters_.misses += 1;
    return nullptr;
  }
  counters_.hits += 1;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->bytes;
}

void BlockCache::put(const SegmentIdentity& segment, std::uint32_t block, SharedBytes bytes) {
  const std::uint64_t size = bytes->size();
  const MutexLock lock(mutex_);
  const Key key{segment, block};
  if (size > bytes_max_ || places_.contains(key)) return;
  while (counters_.bytes + size > bytes_max_) {
    counters_.bytes -= entries_.back().bytes->size();
    counters_.evicted += 1;
    places_.erase(entries_.back().key);
    entries_.pop_back();
  }
  entries_.push_front({key, std::move(bytes)});
  places_.emplace(key, entries_.begin());
  counters_.bytes += size;
}

BlockCacheCounters BlockCache::counters() const {
  const MutexLock lock(mutex_);
  BlockCacheCounters counters = counters_;
  counters.blocks = entries_.size();
  return counters;
}

}  // namespace ndts
