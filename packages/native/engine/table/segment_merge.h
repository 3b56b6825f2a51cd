// Merges segments of one (table, shard, day) into one, in steps.
//
// Rows leave in (symbol, time, sequence) order. The same (epoch, sequence) twice would be a row
// stored twice: the merge keeps one and counts the other. Epoch and sequence stay as they are.
//
// Threads: one at a time. Lifetime: FileSystem outlives it; inputs are kept. Errors: those of the
// readers and the writer; then only abandon(). Invariant: nothing lists the output until the merge
// has ended, so abandon() may remove it.
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

  // Goes on until about `budget` bytes more were read from the inputs; *bytes: how many.
  [[nodiscard]] Status step(std::uint64_t budget, std::uint64_t* bytes);
  [[nodiscard]] bool ended() const;
  // Once ended: the file is synced, its name is not.
  [[nodiscard]] const SegmentRecord& record() const;
  [[nodiscard]] std::uint64_t duplicates() const;
  // Removes what was written, best effort. Twice is allowed.
  void abandon();
};

}  // namespace ndts
