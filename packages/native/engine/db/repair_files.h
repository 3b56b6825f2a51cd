// What of segments and sorted tables can be saved: their blocks are looked at one by one, and the
// good ones written to new files. Part of repair.h.
//
// Threads: plain functions. Errors: those of the file system; damage is no error here, it is what
// the functions return.
// Invariant: a row or key that is written came from a block whose checksums matched.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "db/manifest.h"
#include "db/repair.h"
#include "table/segment_reader.h"

namespace ndts {

struct SegmentCheck {
  std::shared_ptr<const SegmentReader> reader;  // null: nothing of it can be read
  std::vector<bool> bad;                        // by block
  bool damaged = false;
  RepairFinding finding;  // when damaged

  [[nodiscard]] bool any_good() const;
};

// `record` as the manifest has it; `name` of its table, `schema` its columns, or null where they
// are not known.
[[nodiscard]] Status check_segment(FileSystem& files, const std::string& path,
                                   const SegmentRecord* record, const TableSchema* schema,
                                   const std::string& table, SegmentCheck* check);
// Writes the good blocks as segment `number`.
[[nodiscard]] Status save_segment(FileSystem& files, const std::string& dir, std::uint64_t number,
                                  const SegmentCheck& check, SegmentRecord* record);

struct TableCheck {
  std::shared_ptr<SstFile> file;  // null: nothing of it can be read
  std::vector<bool> bad;          // by block
  bool damaged = false;
  RepairFinding finding;

  [[nodiscard]] bool any_good() const;
};

// `info` as the manifest has it, or null.
[[nodiscard]] Status check_sorted_table(FileSystem& files, const std::string& path,
                                        const SstInfo* info, TableCheck* check);
// Writes the good blocks as sorted table `number` of the same level and age.
[[nodiscard]] Status save_sorted_table(FileSystem& files, const std::string& dir,
                                       std::uint64_t number, const TableCheck& check,
                                       SstInfo* info);

}  // namespace ndts
