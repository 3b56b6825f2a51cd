// Merges segments of one (table, shard, day) into one, in steps.
//
// Rows leave in (symbol, time, sequence) order. The same (epoch, sequence) twice would be a row
// stored twice: the merge keeps one and counts the other. Epoch and sequence stay as they are.
// A full block of one symbol whose time is its own moves as it is, any other block is decoded,
// once; one block of each input is in memory.
//
// Threads: one at a time. Lifetime: FileSystem outlives it; inputs are kept. Errors: those of the
// readers and the writer, INVALID_ARGUMENT for inputs that do not belong together; then only
// abandon(). Invariant: nothing lists the output until the merge has ended, so abandon() may
// remove it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "table/segment_reader.h"
#include "table/segment_writer.h"

namespace ndts {

class SegmentMerge {
 public:
  // At least one input; all of one table, shard and day, with the columns of `schema`.
  SegmentMerge(FileSystem& files, std::string path, std::uint64_t number,
               const TableSchema& schema,
               std::vector<std::shared_ptr<const SegmentReader>> inputs);
  ~SegmentMerge();

  // Goes on until about `budget` bytes more were read from the inputs; *bytes: how many. Every
  // call gets somewhere.
  [[nodiscard]] Status step(std::uint64_t budget, std::uint64_t* bytes);
  [[nodiscard]] bool ended() const { return ended_; }
  // Once ended: the file is synced, its name is not.
  [[nodiscard]] const SegmentRecord& record() const { return record_; }
  [[nodiscard]] std::uint64_t duplicates() const { return duplicates_; }
  // Removes what was written, best effort. Twice is allowed.
  void abandon();

 private:
  // One input and how far it was read: run after run, row after row.
  struct Source {
    std::shared_ptr<const SegmentReader> reader;
    BlockRows rows;                    // of the block read last
    std::size_t block;                 // which; the number of blocks before the first
    const std::int64_t* time = nullptr;
    const std::uint64_t* sequence = nullptr;
    const std::uint32_t* epoch = nullptr;
    std::size_t run = 0;               // the next of its runs
    bool loaded = false;               // row and end are places in the block of that run
    std::size_t row = 0;
    std::size_t end = 0;
  };

  [[nodiscard]] Status begin();
  [[nodiscard]] Status advance(std::uint64_t* bytes);
  [[nodiscard]] Status begin_symbol();
  [[nodiscard]] Status load_run(Source& source, std::uint64_t* bytes);
  [[nodiscard]] bool can_move(const Source& source, const Source* other) const;
  [[nodiscard]] Status move_block(Source& source, std::uint64_t* bytes);
  [[nodiscard]] Status write_rows(Source& source, const Source* other);
  [[nodiscard]] const SegmentRun& run_of(const Source& source) const {
    return source.reader->runs()[source.run];
  }
  [[nodiscard]] bool has_symbol(const Source& source) const;
  // Of its next row.
  [[nodiscard]] std::int64_t time_of(const Source& source) const {
    return source.loaded ? source.time[source.row] : run_of(source).min_time;
  }
  [[nodiscard]] bool comes_before(const Source& a, const Source& b) const;
  [[nodiscard]] bool is_repeated(const Source& source);
  [[nodiscard]] std::size_t stretch_end(const Source& source, const Source* other) const;

  FileSystem& files_;
  const std::string path_;
  const TableSchema schema_;
  const std::uint64_t number_;
  std::vector<Source> sources_;
  std::unique_ptr<SegmentWriter> writer_;  // null before the first step, and at the end
  bool created_ = false;
  bool ended_ = false;
  bool in_symbol_ = false;
  std::uint32_t symbol_ = 0;
  // The row of the symbol written last, and the epochs of all that were written like it.
  std::int64_t last_time_ = 0;
  std::uint64_t last_sequence_ = 0;
  std::vector<std::uint32_t> last_epochs_;
  std::uint64_t duplicates_ = 0;
  SegmentRecord record_{};
};

}  // namespace ndts
