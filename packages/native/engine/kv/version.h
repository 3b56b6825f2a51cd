// Which sorted tables make up the key-value table, as data: what a manifest keeps, and the edits by
// which a flush or a compaction changes it.
//
// Plain data, any thread. Invariants of a KeyValueManifest: tables of one level above 0 share no
// key; a table of level 0 is newer than those of level 0 before it in `tables`, and everything in
// a level is newer than the same key in a deeper one. Errors: CORRUPT.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "kv/sstable.h"

namespace ndts {

struct KeyValueManifest {
  std::vector<SstInfo> tables;      // level 0 from old to new
  std::uint64_t position = 0;       // of the log: every write up to it is in the tables
  std::uint64_t last_sequence = 0;  // of these writes
  std::uint64_t next_number = 1;    // no file has this number or a higher one
};

struct KeyValueEdit {
  std::vector<std::uint64_t> removed;
  std::vector<SstInfo> added;
  // Of a flush; 0 otherwise.
  std::uint64_t position = 0;
  std::uint64_t last_sequence = 0;
  std::uint64_t next_number = 0;
};

// A table that is removed and added again has moved to another level.
void apply_edit(const KeyValueEdit& edit, KeyValueManifest* manifest);

// A table as a manifest record: SstRecord and two keys.
[[nodiscard]] std::vector<std::byte> encode_table(const SstInfo& table);
[[nodiscard]] Status decode_table(Bytes record, SstInfo* table);

// The open tables of one state. Level 0 from new to old, the others by key.
using SstLevel = std::vector<std::shared_ptr<SstFile>>;
using SstLevels = std::array<SstLevel, kSstLevels>;

// Puts tables where they belong. CORRUPT when two tables of a level above 0 share keys.
[[nodiscard]] Status sort_levels(SstLevels* levels);

// The tables of a level above 0 that may hold keys from `min` to `max`, both inclusive.
[[nodiscard]] std::span<const std::shared_ptr<SstFile>> overlapping(const SstLevel& level,
                                                                    std::string_view min,
                                                                    std::string_view max);

}  // namespace ndts
