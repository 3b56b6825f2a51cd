// Repair of a database folder: says what is wrong with every file, what can be saved and what would
// be lost, and does it only when told. docs/runbook.md is the page for people.
//
// What can be saved: good blocks of segments and sorted tables, into new files; the log up to its
// first bad entry, and from staging memory what stands there; names of symbols from segments and
// log; a manifest from the files that describe themselves. Nothing that is damaged is deleted: it
// goes to dir/damaged/{n}/, beside a copy of the manifest of before.
//
// Threads: plain functions; the folder is locked meanwhile. Lifetime: all for the call.
// Errors: LOCKED; NOT_FOUND when there is no database; VERSION_TOO_NEW; IO_ERROR, also of a disk
// that refuses to read: copy such a folder to another disk first; DISK_FULL, READ_ONLY.
// Invariant: whatever ends an apply, also a power cut, the folder opens as before or as repaired,
// or is refused as before; the next apply then ends what was begun.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/status.h"

namespace ndts {

struct RepairOptions {
  FileSystem* files = nullptr;
  Clock* clock = nullptr;
  std::string dir;
  bool apply = false;
  // Of a folder whose manifest is lost; 0: as many as the files have, a power of two.
  std::uint32_t shard_count = 0;
};

// How much, by kind.
struct RepairAmount {
  std::uint64_t rows = 0;     // of series tables
  std::uint64_t keys = 0;     // entries of sorted tables, deletes too
  std::uint64_t entries = 0;  // of the log
  std::uint64_t symbols = 0;
};

struct RepairFinding {
  std::string file;
  std::uint64_t offset = 0;
  Code code = Code::kCorrupt;
  std::string what;  // is wrong
  RepairAmount saved;
  RepairAmount lost;
  bool lost_unknown = false;  // more may be lost than can be counted
  // Of the rows that are lost.
  std::string table;
  std::uint32_t shard = 0;
  std::vector<std::string> symbols;  // the first kRepairSymbols of them
  std::int64_t from_time = 0;        // inclusive, as to_time; both 0 where no rows are lost
  std::int64_t to_time = 0;
  // Of the keys that are lost: above the first or at it, up to the last.
  std::string from_key;
  std::string to_key;
  std::string note;  // what else follows from it
};

// A finding names so many symbols.
inline constexpr std::size_t kRepairSymbols = 20;

struct RepairReport {
  std::vector<RepairFinding> findings;
  std::vector<std::string> notes;  // about the folder as a whole
  std::string moved_to;            // where the damaged files are; empty: nothing was changed
};

[[nodiscard]] Status repair_database(const RepairOptions& options, RepairReport* report);

}  // namespace ndts
