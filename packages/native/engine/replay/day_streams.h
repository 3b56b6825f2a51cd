// The rows of a replay as streams of one day: a stream is what one segment, or one memtable, holds
// of one symbol that day, in (time, sequence) order. Days follow each other; within a day a merge
// takes rows from the fronts of the streams.
//
// A stream has at most one block open, and is known only from the time on that something could be
// taken from it: the state is as large as what is open, whatever the range. Blocks stay until
// release_finished(), so that rows that were taken can be read until then.
//
// Threads: one. Lifetime: the request's view is kept. Errors: those of ReplayBlocks::load.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "replay/replay_blocks.h"
#include "replay/replay_request.h"

namespace ndts {

// The front of a stream that has rows left.
struct Stream {
  // Of the next row; of a run that is not opened the earliest it may have.
  std::int64_t next = 0;
  DecodedRows block{};                 // of the run; without rows: not opened
  std::uint32_t at = 0;                // next row in the block
  std::uint32_t end = 0;
  std::uint32_t rank = 0;              // place of the symbol in the request
  std::uint32_t run = 0;               // of the day
  std::uint32_t end_run = 0;

  [[nodiscard]] bool is_open() const { return block.rows != nullptr; }
};

class DayStreams {
 public:
  explicit DayStreams(ReplayRequest request);
  ~DayStreams();

  [[nodiscard]] const ReplayRequest& request() const { return request_; }
  [[nodiscard]] const TableSchema& schema() const { return *request_.view.schema; }
  [[nodiscard]] const RowCells& cells() const { return blocks_.cells(); }
  [[nodiscard]] std::uint32_t symbol(std::uint32_t rank) const {
    return request_.symbols[rank].id;
  }

  // Goes to the next day that may have rows; false when there is none. What was left of the day
  // before is dropped.
  [[nodiscard]] bool next_day();
  [[nodiscard]] std::int64_t day() const { return day_; }
  // The first time that is beyond the day or the range.
  [[nodiscard]] std::int64_t end() const { return end_; }

  // The earliest that a row left may have; end() or later: there is none.
  [[nodiscard]] std::int64_t first_time() const;
  // Makes active what may have rows before `time`.
  void activate(std::int64_t time);
  // In the order of ranks. Who takes rows moves `at`, and `next` along with it; at the end of a
  // run next_run(). Copies may be put back, along with put_back(), until release_finished().
  [[nodiscard]] std::span<Stream> active() { return active_; }
  // Reads the block of its run; `next` is then that of a row, or the end of the run is reached.
  [[nodiscard]] Status open(Stream& stream);
  // Goes to the run after it, not opened; at the last one, the stream has ended: `run` is end_run.
  void next_run(Stream& stream);
  // The earliest of the run after its; the greatest time when it is the last.
  [[nodiscard]] std::int64_t time_after(const Stream& stream) const {
    return stream.run + 1 < stream.end_run ? runs_[stream.run + 1].min_time
                                           : std::numeric_limits<std::int64_t>::max();
  }

  // How often next_run() was called since; and going back to that.
  [[nodiscard]] std::size_t finished() const { return finished_.size(); }
  void put_back(std::size_t finished) { finished_.resize(finished); }
  // Streams that ended go, and the blocks of finished runs are released.
  void release_finished();
  [[nodiscard]] std::size_t bytes();

 private:
  static constexpr std::uint32_t kNoRank = 0xffff'ffff;

  // Some rows of a stream, in one block.
  struct Run {
    std::int64_t min_time;  // not before the range
    std::uint32_t block;    // of the day
    std::uint32_t first_row;
    std::uint32_t rows;
  };
  struct WaitingStream {
    std::int64_t min_time;
    std::uint32_t rank;
    std::uint32_t run;
    std::uint32_t end_run;
  };
  // A symbol's rows in a memtable.
  struct MemtableStream {
    const SeriesMemtable* memtable;
    std::uint32_t rank;
    std::uint32_t shard;
    ShardExtent extent;
    std::vector<std::uint32_t> rows;
    std::size_t at = 0;  // rows of days before are below
  };

  void index_segments();
  void index_memtables();
  [[nodiscard]] std::int64_t memory_day(const MemtableStream& stream) const;
  void add_segment(const SegmentReader& reader);
  void add_runs(const SegmentReader& reader, std::uint32_t rank,
                std::span<const SegmentRun> runs);
  void add_memory(MemtableStream& stream);
  void order_blocks();

  const ReplayRequest request_;
  ReplayBlocks blocks_;
  std::vector<std::uint32_t> ranks_;                   // by symbol id
  std::vector<std::vector<std::uint32_t>> by_shard_;   // ranks by shard
  std::vector<const SegmentReader*> segments_;         // by day
  std::size_t segment_ = 0;                            // the first of a day to come
  std::vector<MemtableStream> memory_;

  std::int64_t day_ = 0;
  std::int64_t end_ = 0;
  std::vector<Run> runs_;
  std::vector<ReplayBlock> day_blocks_;
  std::vector<std::uint32_t> block_numbers_;  // by block of the segment being added
  std::vector<WaitingStream> waiting_;        // by min_time
  std::size_t waiting_at_ = 0;
  std::vector<Stream> active_;
  std::vector<std::uint32_t> finished_;  // runs
};

}  // namespace ndts
