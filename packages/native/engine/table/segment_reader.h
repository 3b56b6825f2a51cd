// Reads one segment, through a mapping or block by block as a BlockSource has them. Header,
// trailer and footer are checked when it is opened; a strip's checksum when the strip is first
// asked for, by the source before. Reads version 1 (raw; a mapping only) and 2.
//
// Threads: any, at the same time. Lifetime: spans, and the pointers read() gives, live as long as
// the reader; texts too. Errors: CORRUPT with file and offset; VERSION_TOO_NEW; IO_ERROR when the
// mapping failed; those of the file system.
// Invariant: a value handed out came from a strip whose checksum matched.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "codec/codec.h"
#include "generated/layouts.h"
#include "table/block_source.h"
#include "table/rows.h"
#include "table/segment_parts.h"

namespace ndts {

// What the opener of a segment knows to come: its rows being read, so that the disk may begin.
enum class Soon : std::uint8_t { kNothing = 1, kRead = 2 };

class SegmentReader {
 public:
  // `expected` is the manifest's record, or null when there is none (inspect, repair).
  [[nodiscard]] static Status open(FileSystem& files, const std::string& path,
                                   const SegmentRecord* expected,
                                   std::shared_ptr<const SegmentReader>* reader,
                                   Soon soon = Soon::kNothing);
  // Of a file that is elsewhere: `ends` are the 64 bytes of its header, then all from its footer
  // on; blocks are those of file `file` of the source. `path` is for messages. Of version 2 only.
  [[nodiscard]] static Status open_ends(std::shared_ptr<const std::vector<std::byte>> ends,
                                        const std::string& path,
                                        std::shared_ptr<BlockSource> source, std::uint32_t file,
                                        std::shared_ptr<const SegmentReader>* reader);
  ~SegmentReader();

  [[nodiscard]] const std::string& path() const { return path_; }
  // IO_ERROR once a part of the file could not be read: for whoever used spans and pointers, after.
  [[nodiscard]] Status status() const;
  // A file of version 1 is of table kTickTable.
  [[nodiscard]] const SegmentRecord& record() const { return parts_.record; }
  // The whole file; empty when it is elsewhere.
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  // Null: the file is here.
  [[nodiscard]] BlockSource* source() const { return source_.get(); }
  [[nodiscard]] std::uint32_t source_file() const { return source_file_; }
  // The bytes of a block, or of what somebody says is it, against the footer: CORRUPT.
  [[nodiscard]] Status check_block(std::size_t block, Bytes bytes) const;
  // A block of a source is read between these two, by one thread at a time: hold() waits for it.
  // Errors: those of the source. Of a file both do nothing.
  [[nodiscard]] Status hold(std::size_t block) const;
  void release(std::size_t block) const;
  // As far as the file says: id and columns; the name of the table is empty.
  [[nodiscard]] const TableSchema& schema() const { return parts_.schema; }
  [[nodiscard]] std::span<const SegmentBlock> blocks() const { return parts_.blocks; }
  // By (symbol, time).
  [[nodiscard]] std::span<const SegmentRun> runs() const { return parts_.runs; }
  // The runs of one symbol, in time order; empty when it has none.
  [[nodiscard]] std::span<const SegmentRun> runs(std::uint32_t symbol) const;
  [[nodiscard]] std::span<const SegmentRange> ranges() const { return parts_.ranges; }
  // By symbol.
  [[nodiscard]] std::span<const SegmentName> names() const { return parts_.names; }
  [[nodiscard]] std::string_view name(const SegmentName& entry) const;

  [[nodiscard]] std::span<const SegmentStream> streams() const { return parts_.streams; }
  // Place of a stream in streams(); -1 when the file has none. `column` counts for values, nulls
  // and heap.
  [[nodiscard]] int stream(StreamPart part, std::size_t column = 0) const;
  [[nodiscard]] const SegmentStrip& strip(std::size_t block, std::size_t stream) const;
  // The bytes of a strip, checked.
  [[nodiscard]] Status strip_bytes(std::size_t block, std::size_t stream, Bytes* bytes) const;

  // All rows of a block of one stream as they are in memory (rows.h; nulls are bytes, epochs u32):
  // `*values` points into the file where the strip is plain or raw and aligned, otherwise into
  // `room`, which has 8 bytes for each row and is aligned to 8. Not for heaps.
  [[nodiscard]] Status read(std::size_t block, std::size_t stream, MutableBytes room,
                            codec::Scratch* scratch, const std::byte** values) const;

 private:
  struct Place {
    std::size_t block;
    std::size_t stream;
  };
  SegmentReader() = default;
  [[nodiscard]] Status corrupt(const std::string& what, std::uint64_t offset) const;
  [[nodiscard]] std::string describe(Place place) const;
  [[nodiscard]] std::uint64_t offset_of(Place place) const;
  void index_streams();
  // Empty: of a source, and not held.
  [[nodiscard]] Bytes block_bytes(std::size_t block) const;
  [[nodiscard]] Status outcome(Status status) const;
  [[nodiscard]] Status check_sum(Place place) const;
  [[nodiscard]] Status check_values(Place place, const Status& decoded) const;
  [[nodiscard]] Status find(Place place, Bytes* bytes) const;
  [[nodiscard]] Status decode(Place place, MutableBytes room, codec::Scratch* scratch,
                              const std::byte** values) const;
  [[nodiscard]] Status read_plain(Place place, Bytes bytes, const std::byte** values) const;
  [[nodiscard]] Status read_signed(Place place, Bytes bytes, MutableBytes room,
                                   codec::Scratch* scratch) const;
  [[nodiscard]] Status read_unsigned(Place place, Bytes bytes, MutableBytes room,
                                     codec::Scratch* scratch) const;

  std::string path_;
  std::unique_ptr<Mapping> mapping_;
  Bytes bytes_;
  // Instead of the two: header and footer, and where the blocks come from.
  std::shared_ptr<const std::vector<std::byte>> ends_;
  std::shared_ptr<BlockSource> source_;
  std::uint32_t source_file_ = 0;
  // By block, null unless held; of who holds it.
  std::unique_ptr<std::atomic<const std::byte*>[]> held_;
  SegmentParts parts_;
  std::vector<int> value_streams_;  // by column
  // 1 when the checksum of the strip, in version 1 of the block, matched. Set and read by any
  // reader; a lost race checks twice.
  std::unique_ptr<std::atomic<std::uint8_t>[]> verified_;
};

// All columns of one block, decoded; re-used from block to block.
class BlockRows {
 public:
  explicit BlockRows(const TableSchema& schema);
  // `columns[i]` false: the values of column i are not read and stay null pointers in view().
  // Empty: all. The reader has the columns of the schema and outlives the view.
  [[nodiscard]] Status read(const SegmentReader& reader, std::size_t block,
                            std::span<const bool> columns = {});
  // Rows [first, first + count) of the block read last. Until the next view() or read().
  [[nodiscard]] RowsView view(std::size_t first, std::size_t count);
  [[nodiscard]] RowsView view();

 private:
  [[nodiscard]] Status read_stream(const SegmentReader& reader, std::size_t block,
                                   StreamPart part, std::size_t column,
                                   const std::byte** values);

  std::vector<std::size_t> widths_;  // by column of the schema
  bool nullable_ = false;
  codec::Scratch scratch_;
  std::vector<std::unique_ptr<std::uint64_t[]>> rooms_;  // by stream, made when first needed
  std::size_t rows_ = 0;
  const std::byte* time_ = nullptr;
  const std::byte* sequence_ = nullptr;
  const std::byte* epoch_ = nullptr;
  std::vector<const std::byte*> values_;
  std::vector<const std::byte*> nulls_;
  // What view() hands out.
  std::vector<const std::byte*> view_values_;
  std::vector<const std::uint8_t*> view_nulls_;
};

}  // namespace ndts
