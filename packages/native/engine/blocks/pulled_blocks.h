// The blocks of a replay whose segments are on another host: what its threads will need, what of it
// is under way, and what is here. Whoever drives it fetches what take_wanted() names, as it likes,
// and delivers; the threads that decode wait in hold().
//
// What is fetched ahead stays here until it was used; of what was used the cache keeps what it has
// room for.
//
// Threads: any. `wake` is called from any of them, one at a time, and calls nothing of this:
// there may be something to take. Lifetime: kept by the segments that read from it
// (SegmentReader::open_ends).
// Errors: fail() ends it: every hold() of what is not here gives that error from then on. A driver
// that gives up calls it, so that nobody waits for ever.
// Invariants: only blocks that match the footer are handed out; no more is asked for ahead of its
// use than the window allows, but what a thread waits for is always asked for.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/thread.h"
#include "blocks/block_cache.h"
#include "table/segment_reader.h"

namespace ndts {

struct PulledFile {
  SegmentIdentity identity;
  bool cached = true;  // false: nobody asks for it again
};

class PulledBlocks final : public BlockSource,
                           public std::enable_shared_from_this<PulledBlocks> {
 public:
  PulledBlocks(std::vector<PulledFile> files, std::shared_ptr<BlockCache> cache,
               std::uint64_t window_bytes, std::function<void()> wake);

  // Opens file `file` by its header and footer: CORRUPT when it is not the one that was named, or
  // does not have the columns of the schema. All files before anything else is called.
  [[nodiscard]] Status open_file(std::uint32_t file, SharedBytes ends, const TableSchema& schema);
  // Readers that get their blocks here and keep this; null where a file is not open. Once: nobody
  // but the caller has them then.
  [[nodiscard]] std::vector<std::shared_ptr<const SegmentReader>> take_segments();
  // Afterwards nobody is woken, and there are no segments to take.
  void close();

  // What to fetch next: not more than `bytes_max`, or one block. They are delivered or put back.
  [[nodiscard]] std::vector<SourceBlock> take_wanted(std::uint64_t bytes_max);
  [[nodiscard]] std::uint64_t bytes_of(const SourceBlock& block) const;
  // Whether there is such a block.
  [[nodiscard]] bool has(const SourceBlock& block) const;
  // CORRUPT, and it is still to come, when they do not match the footer.
  [[nodiscard]] Status deliver(const SourceBlock& block, Bytes bytes);
  // Of memory that was lent until then: LEASE_LOST, likewise, when they were checked later.
  [[nodiscard]] Status deliver(const SourceBlock& block, Bytes bytes, Clock* clock,
                               std::int64_t lease_end_ns);
  void put_back(const SourceBlock& block);
  void fail(const Status& why);

  void expect(std::vector<SourceBlock> blocks) override;
  [[nodiscard]] Status hold(const SourceBlock& block, Bytes* bytes) override;
  void release(const SourceBlock& block) override;

 private:
  struct Entry {
    SharedBytes bytes;         // null: under way
    std::uint32_t holds = 0;
    std::uint32_t waiting = 0;
    bool expected = false;     // not used yet
  };
  static std::uint64_t key_of(const SourceBlock& block) {
    return std::uint64_t{block.file} << 32 | block.block;
  }
  void wake();
  void keep(const SourceBlock& block, SharedBytes bytes);
  // With the lock held, as all below.
  [[nodiscard]] SharedBytes cached(const SourceBlock& block);
  void drop_unused(std::uint64_t key);
  [[nodiscard]] bool has_work() const;

  const std::vector<PulledFile> files_;
  const std::shared_ptr<BlockCache> cache_;
  const std::uint64_t window_bytes_;
  // What the files say, for this alone: without a source, or they would keep each other for ever.
  std::vector<std::shared_ptr<const SegmentReader>> segments_;  // set before threads begin
  Mutex wake_mutex_;
  std::function<void()> wake_;  // guarded by wake_mutex_
  Mutex mutex_;
  ConditionVariable arrived_;
  // Guarded by mutex_.
  std::vector<std::shared_ptr<const SegmentReader>> taken_;  // until they are
  std::unordered_map<std::uint64_t, Entry> entries_;
  std::deque<SourceBlock> urgent_;
  std::vector<SourceBlock> expected_;
  std::size_t next_ = 0;            // of expected_
  std::uint64_t ahead_bytes_ = 0;   // of entries that are expected
  Status failure_;
};

}  // namespace ndts
