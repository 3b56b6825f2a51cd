// Writes one immutable segment: rows of one table, shard and UTC day, sorted by (symbol, time,
// sequence), by column, encoded. docs/formats/segment.md describes the file.
//
// A block holds up to 4096 rows. A symbol with many rows has blocks of its own, so that their least
// and greatest values say something; symbols with few rows share a block.
//
// Threads: one at a time. Lifetime: the FileSystem outlives it; texts of rows are copied by add().
// Errors: those of the file system, and INVALID_ARGUMENT for a row with more than kRowTextBytes of
// texts; the file is then of no use and the caller removes it.
// Invariant: nothing refers to the file before it was synced.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "generated/layouts.h"
#include "table/block_builder.h"
#include "table/rows.h"

namespace ndts {

inline constexpr std::uint64_t kSegmentMagic = 0x4d47'4553'5354'444e;  // "NDTSSEGM"
inline constexpr std::uint32_t kSegmentVersion = 2;
// A symbol with at least so many rows left begins a block.
inline constexpr std::uint32_t kOwnBlockRows = 1024;

class SegmentReader;

class SegmentWriter {
 public:
  SegmentWriter(FileSystem& files, std::string path, std::uint64_t number,
                const TableSchema& schema, std::uint32_t shard, std::int64_t day);
  ~SegmentWriter();

  [[nodiscard]] Status create();
  // Symbols in ascending order; up to `rows` rows of it follow, at least one. Blocks are laid out
  // for `rows`: fewer leave them shorter.
  [[nodiscard]] Status begin_symbol(std::uint32_t symbol, std::string_view name,
                                    std::uint64_t rows);
  // Rows of the symbol begun last, in (time, sequence) order, all of the segment's day.
  [[nodiscard]] Status add(const RowsView& rows);
  // All rows of a block, as they are encoded: it holds only rows of the symbol begun last, of one
  // epoch, of a file of version 2 with the same columns. Errors of the reader, too.
  [[nodiscard]] Status add_block(const SegmentReader& reader, std::size_t block);
  // At least one symbol was begun. Synced when it returns.
  [[nodiscard]] Status finish(SegmentRecord* record);
  // The caller syncs the file.
  [[nodiscard]] Status finish(SegmentRecord* record, std::unique_ptr<File>* unsynced);

 private:
  [[nodiscard]] Status write_out();
  [[nodiscard]] Status end_block();
  [[nodiscard]] Status put_block(const SegmentBlock& block);
  [[nodiscard]] Status put_footer();
  void begin_run();
  void extend_run(const RowsView& rows, std::size_t first, std::size_t count);
  void note_ranges();
  void note_range(std::uint64_t epoch, std::uint64_t first, std::uint64_t last,
                  std::uint64_t rows);

  FileSystem& files_;
  const std::string path_;
  std::unique_ptr<File> file_;
  std::vector<std::byte> buffer_;  // bytes not yet handed to the file
  std::uint64_t flushed_ = 0;      // bytes the file has
  SegmentRecord record_{};
  std::uint32_t symbol_ = 0;
  std::uint64_t left_ = 0;         // rows of the symbol to come
  std::size_t block_limit_ = 0;    // rows at which the block ends
  bool own_block_ = false;         // it is the symbol's own
  bool run_open_ = false;          // runs_.back() is of this symbol and block
  BlockBuilder block_;
  std::vector<SegmentBlock> blocks_;
  std::vector<SegmentStrip> strips_;
  std::vector<SegmentRun> runs_;
  std::vector<SegmentStream> streams_;
  std::vector<SegmentName> names_;
  std::vector<SegmentRange> ranges_;
  std::string text_;
};

}  // namespace ndts
