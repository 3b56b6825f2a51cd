// Writes one immutable segment: rows of one (shard, UTC day), sorted by (symbol, time, sequence).
// docs/formats/segment.md describes the file.
//
// Threads: one at a time. Lifetime: the FileSystem outlives the writer. Errors: those of the file
// system; the file is then of no use and the caller removes it.
// Invariant: nothing refers to the file before finish() has synced it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "generated/layouts.h"
#include "table/row_columns.h"

namespace ndts {

inline constexpr std::uint64_t kSegmentMagic = 0x4d47'4553'5354'444e;  // "NDTSSEGM"
inline constexpr std::uint32_t kSegmentVersion = 1;
inline constexpr std::uint32_t kBlockRows = 4096;
// Raw: time, sequence, six doubles (8 bytes each), flags, epoch (4 each).
inline constexpr std::uint32_t kRawRowBytes = 72;

class SegmentWriter {
 public:
  SegmentWriter(FileSystem& files, std::string path, std::uint64_t number, std::uint32_t shard,
                std::int64_t day);

  [[nodiscard]] Status create();
  // Symbols in ascending order; at least one row follows.
  [[nodiscard]] Status begin_symbol(std::uint32_t symbol, std::string_view name);
  // Rows of the symbol in (time, sequence) order, all of the segment's day.
  [[nodiscard]] Status add(const TickRow& row);
  // Writes the footer and syncs; `summary` is what the manifest records.
  [[nodiscard]] Status finish(ManifestSegment* summary);

 private:
  [[nodiscard]] Status put(Bytes bytes);
  [[nodiscard]] Status write_out();
  [[nodiscard]] Status end_block();
  [[nodiscard]] Status put_footer();
  void note_range(const TickRow& row);

  FileSystem& files_;
  const std::string path_;
  std::unique_ptr<File> file_;
  std::vector<std::byte> buffer_;  // bytes not yet handed to the file
  std::uint64_t offset_ = 0;       // of the next byte put
  std::uint64_t flushed_ = 0;      // bytes the file has
  ManifestSegment summary_{};
  std::uint32_t symbol_ = 0;
  std::vector<TickRow> rows_;  // of the block being filled
  std::vector<std::byte> block_;
  std::vector<SegmentBlock> blocks_;
  std::vector<SegmentName> names_;
  std::vector<SegmentRange> ranges_;
  std::string text_;
};

}  // namespace ndts
