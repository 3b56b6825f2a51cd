// Writes one immutable segment: rows of one table, shard and UTC day, sorted by (symbol, time,
// sequence), by column, encoded. docs/formats/segment.md describes the file.
//
// A block holds up to 4096 rows. A symbol with many rows has blocks of its own, so that their least
// and greatest values say something; symbols with few rows share a block.
//
// Threads: one at a time. Lifetime: the FileSystem and the texts of rows outlive the call that got
// them. Errors: those of the file system; the file is then of no use and the caller removes it.
// Invariant: nothing refers to the file before finish() has synced it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "generated/layouts.h"
#include "table/rows.h"

namespace ndts {

inline constexpr std::uint64_t kSegmentMagic = 0x4d47'4553'5354'444e;  // "NDTSSEGM"
inline constexpr std::uint32_t kSegmentVersion = 2;
inline constexpr std::uint32_t kBlockRows = 4096;
// A symbol with at least so many rows left begins a block.
inline constexpr std::uint32_t kOwnBlockRows = 1024;

class SegmentWriter {
 public:
  SegmentWriter(FileSystem& files, std::string path, std::uint64_t number,
                const TableSchema& schema, std::uint32_t shard, std::int64_t day);
  ~SegmentWriter();

  [[nodiscard]] Status create();
  // Symbols in ascending order; exactly `rows` rows of it follow, at least one.
  [[nodiscard]] Status begin_symbol(std::uint32_t symbol, std::string_view name,
                                    std::uint64_t rows);
  // Rows of the symbol begun last, in (time, sequence) order, all of the segment's day.
  [[nodiscard]] Status add(const RowsView& rows);
  [[nodiscard]] Status finish(SegmentRecord* record);
};

}  // namespace ndts
