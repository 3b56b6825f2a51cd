// Blocks on their way into a merge: read, checked and decoded into rows, each once, by whoever
// comes first: threads that work ahead in the order of first use, or the merge itself.
//
// Threads: everything but the threads' own work from one thread, the merge's. Lifetime: readers
// and memtables outlive the loader. Errors: CORRUPT, IO_ERROR, VERSION_TOO_NEW of a block come
// from its load(), whoever read it.
// Invariant: the threads are at most kAhead blocks ahead of the merge, which bounds the memory.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/thread.h"
#include "replay/block_pool.h"
#include "replay/replay_request.h"
#include "replay/row_form.h"

namespace ndts {

// Rows of one symbol in a memtable, in order.
struct MemtableRows {
  const SeriesMemtable* memtable = nullptr;
  std::uint32_t shard = 0;
  ShardExtent extent;
  std::span<const std::uint32_t> rows;
};

// Either a block of a segment, or rows of a memtable.
struct ReplayBlock {
  const SegmentReader* reader = nullptr;
  std::uint32_t place = 0;  // in the reader
  std::uint32_t rows = 0;
  std::uint32_t users = 0;  // runs of it that are not finished
  MemtableRows memory;
};

// Decodes blocks, by column as they are stored, into rows (row_form.h). One for each thread.
class BlockDecoder {
 public:
  BlockDecoder(const TableSchema& schema, const RowCells& cells, BlockPool& pool);
  // The room is taken even when it fails.
  [[nodiscard]] Status decode(const ReplayBlock& block, BlockRoom* room, DecodedRows* rows);

 private:
  [[nodiscard]] Status read_times(const ReplayBlock& block);
  [[nodiscard]] Status read_stream(const ReplayBlock& block, StreamPart part, std::size_t column,
                                   std::size_t cell);
  [[nodiscard]] Status read_integers(const ReplayBlock& block, std::size_t stream,
                                     std::size_t cell, bool* found);
  void take_integers(std::size_t rows, std::size_t cell);
  [[nodiscard]] Status read_columns(const ReplayBlock& block);
  void gather(const MemtableRows& memory);
  void put(std::size_t rows, BlockRoom* room, DecodedRows* decoded);
  [[nodiscard]] MutableBytes room_of(std::size_t cell, std::size_t rows);

  const TableSchema& schema_;
  const RowCells& cells_;
  BlockPool& pool_;
  codec::Scratch scratch_;
  // By cell, one for the times, and by cell for take_integers(); made when first needed.
  std::vector<std::unique_ptr<std::uint64_t[]>> rooms_;
  const std::byte* times_ = nullptr;
  std::vector<CellColumn> columns_;  // by cell
  std::vector<CellForm> forms_;
  std::unique_ptr<RowBuffer> rows_;  // of memtables; made when first needed
};

class ReplayBlocks {
 public:
  static constexpr std::size_t kAhead = 128;

  ReplayBlocks(const TableSchema& schema, const std::vector<bool>& wanted, std::uint32_t threads);
  ~ReplayBlocks();
  ReplayBlocks(const ReplayBlocks&) = delete;
  ReplayBlocks& operator=(const ReplayBlocks&) = delete;

  [[nodiscard]] const RowCells& cells() const { return cells_; }
  // What is to be read next, in the order of first use. All blocks before were released.
  void begin(std::vector<ReplayBlock> blocks);
  // Nobody works on blocks any more, and all are released.
  void end();
  // Decoded when it returns. Until release() was called as often as the block has users.
  [[nodiscard]] Status load(std::uint32_t block, DecodedRows* rows);
  // A user is done with it, whether it was loaded or not.
  void release(std::uint32_t block);
  [[nodiscard]] std::size_t bytes() { return pool_.bytes(); }

 private:
  enum class State : std::uint8_t { kWaiting = 1, kClaimed = 2, kReady = 3, kDone = 4 };
  struct Entry {
    ReplayBlock block;
    State state = State::kWaiting;
    bool used = false;  // counted in used_
    BlockRoom room{};
    DecodedRows rows{};
    Status status{};
  };

  void work();
  void decode(Entry& entry, BlockDecoder& decoder, MutexLock& lock);
  void note_used(Entry& entry);
  [[nodiscard]] Entry* next_ahead();
  void drop(Entry& entry);

  const TableSchema& schema_;
  const RowCells cells_;
  BlockPool pool_;
  BlockDecoder decoder_;  // of the merge
  Mutex mutex_;
  ConditionVariable claimable_;  // for threads
  ConditionVariable decoded_;    // for the merge
  // Guarded by mutex_.
  std::vector<Entry> entries_;
  std::size_t next_ = 0;   // the first that no thread looked at
  std::size_t used_ = 0;   // blocks that were loaded, or released by all without that
  std::size_t busy_ = 0;   // threads that decode
  bool stopping_ = false;
  std::vector<std::unique_ptr<Thread>> threads_;  // last: they start when the others stand
};

}  // namespace ndts
