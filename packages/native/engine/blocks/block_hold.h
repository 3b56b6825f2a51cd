// What a table held at one moment, for a reader on another host: the segments with rows that it
// asked for, whose blocks it fetches and decodes by itself. Rows that were in memory only are
// written into segments of their own, in shared memory, so that the reader has one kind of thing
// to read.
//
// Threads: any, once it is open. Lifetime: segments stay as long as the hold, whatever is merged
// meanwhile; those of memory are removed when they are open. Errors: those of the file system,
// CORRUPT of a segment, INVALID_ARGUMENT for a file or block that is none.
// Invariant: every row of the request is in exactly one block of the files.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "replay/replay_request.h"
#include "table/block_source.h"

namespace ndts {

struct HeldFile {
  std::shared_ptr<const SegmentReader> segment;
  bool memory = false;  // made for this hold: nobody asks for it again
};

class BlockHold {
 public:
  // `folder` is in shared memory; `name` is nobody else's in it.
  [[nodiscard]] static Status open(FileSystem& files, const std::string& folder,
                                   const std::string& name, ReplayRequest request,
                                   std::unique_ptr<BlockHold>* hold);

  [[nodiscard]] const std::vector<HeldFile>& files() const { return files_; }
  [[nodiscard]] const TableSchema& schema() const { return *request_.view.schema; }
  // By shard, as end_sequences() says.
  [[nodiscard]] std::vector<std::uint64_t> ends() const { return end_sequences(request_.view); }
  // Header and footer of a file, as SegmentReader::open_ends() takes them; version 2 only.
  [[nodiscard]] Status copy_ends(std::uint32_t file, std::vector<std::byte>* ends) const;
  // As they are in the file, unchecked. read_status() after they were read.
  [[nodiscard]] Status block_bytes(const SourceBlock& block, Bytes* bytes) const;
  // Of several. INVALID_ARGUMENT when they have more than `bytes_max`, unless it is a single one.
  [[nodiscard]] Status blocks_bytes(std::span<const SourceBlock> blocks, std::uint64_t bytes_max,
                                    std::vector<Bytes>* bytes) const;
  [[nodiscard]] Status read_status(const SourceBlock& block) const {
    return files_[block.file].segment->status();
  }

 private:
  BlockHold(FileSystem& files, std::string path, ReplayRequest request);
  void add_segments(std::uint32_t shard);
  [[nodiscard]] bool is_wanted(const SegmentReader& segment) const;
  struct MemoryRows {
    std::uint32_t symbol;
    std::vector<std::uint32_t> rows;
    std::size_t at = 0;
  };
  [[nodiscard]] Status add_memory(const MemtableView& view, std::uint32_t shard);
  [[nodiscard]] Status add_day(const MemtableView& view, std::uint32_t shard, std::int64_t day,
                               std::vector<MemoryRows>* symbols);

  FileSystem& disk_;
  const std::string path_;  // of files of memory, without their number
  const ReplayRequest request_;
  std::vector<std::vector<std::uint32_t>> symbols_;  // by shard, ascending
  std::vector<HeldFile> files_;
};

}  // namespace ndts
