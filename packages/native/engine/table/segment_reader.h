// Reads one segment through a mapping. Header, trailer and footer are checked when it is opened; a
// strip's checksum when the strip is first asked for. Reads version 1 (raw) and 2.
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
#include "table/rows.h"

namespace ndts {

class SegmentReader {
 public:
  // `expected` is the manifest's record, or null when there is none (inspect, repair).
  [[nodiscard]] static Status open(FileSystem& files, const std::string& path,
                                   const SegmentRecord* expected,
                                   std::shared_ptr<const SegmentReader>* reader);
  ~SegmentReader();

  [[nodiscard]] const std::string& path() const;
  [[nodiscard]] const SegmentRecord& record() const;
  // As far as the file says: id and columns; the name of the table is empty.
  [[nodiscard]] const TableSchema& schema() const;
  [[nodiscard]] std::span<const SegmentBlock> blocks() const;
  // By (symbol, time).
  [[nodiscard]] std::span<const SegmentRun> runs() const;
  // The runs of one symbol, in time order; empty when it has none.
  [[nodiscard]] std::span<const SegmentRun> runs(std::uint32_t symbol) const;
  [[nodiscard]] std::span<const SegmentRange> ranges() const;
  [[nodiscard]] std::span<const SegmentName> names() const;
  [[nodiscard]] std::string_view name(const SegmentName& entry) const;

  [[nodiscard]] std::span<const SegmentStream> streams() const;
  // Place of a stream in streams(); -1 when the file has none. `column` counts for values and nulls.
  [[nodiscard]] int stream(StreamPart part, std::size_t column = 0) const;
  [[nodiscard]] const SegmentStrip& strip(std::size_t block, std::size_t stream) const;
  // The bytes of a strip, checked.
  [[nodiscard]] Status strip_bytes(std::size_t block, std::size_t stream, Bytes* bytes) const;

  // All rows of a block of one stream as they are in memory (rows.h; nulls are bytes, epochs u32):
  // `*values` points into the file where the strip is plain or raw and aligned, otherwise into
  // `room`, which has 8 bytes for each row. Not for heaps.
  [[nodiscard]] Status read(std::size_t block, std::size_t stream, MutableBytes room,
                            codec::Scratch* scratch, const std::byte** values) const;
};

// All columns of one block, decoded; re-used from block to block.
class BlockRows {
 public:
  explicit BlockRows(const TableSchema& schema);
  // `columns[i]` false: the values of column i are not read and stay null pointers in view(). Empty:
  // all. The reader outlives the view.
  [[nodiscard]] Status read(const SegmentReader& reader, std::size_t block,
                            std::span<const bool> columns = {});
  // Rows [first, first + count) of the block read last.
  [[nodiscard]] RowsView view(std::size_t first, std::size_t count);
  [[nodiscard]] RowsView view();
};

}  // namespace ndts
