// The manifest: which files make up the database and what every shard has reached. It is written
// whole, beside the old one, synced and renamed over it, so that after any crash exactly one
// version is there. docs/formats/manifest.md describes the file.
//
// Threads: a Manifest is plain data. Errors: CORRUPT with file and offset, VERSION_TOO_NEW.
// Invariants: files are listed only after they and their names are synced; a log file goes only
// after the manifest that supersedes it is synced.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "generated/layouts.h"
#include "kv/version.h"
#include "table/schema.h"
#include "table/symbols.h"

namespace ndts {

inline constexpr std::uint64_t kManifestMagic = 0x494e'414d'5354'444e;  // "NDTSMANI"
inline constexpr std::uint32_t kManifestVersion = 3;
inline constexpr std::uint32_t kMaxShards = 65536;

// What a shard has reached in a table. Of ticks: epochs has at least the newest.
struct ShardProgress {
  std::uint64_t sealed_sequence = 0;
  std::vector<ManifestEpoch> epochs;
};

struct TableProgress {
  TableSchema schema;
  std::vector<ShardProgress> shards;
};

struct Manifest {
  std::uint64_t id = 0;
  std::uint64_t generation = 0;
  std::uint64_t wal_position = 0;
  std::uint64_t next_file = 1;
  std::vector<std::uint64_t> epochs;  // of the last open, by shard
  std::vector<TableProgress> tables;  // ticks first, then as they were created
  std::vector<SegmentRecord> segments;
  std::vector<ManifestSymbolFile> symbol_files;
  // The whole key-value table as one file, as version 1 wrote it.
  std::optional<ManifestTable> table;
  // Its position is wal_position.
  KeyValueManifest key_value;
  std::string staging_path;

  // A manifest of no rows.
  static Manifest empty(std::uint32_t shard_count);
  [[nodiscard]] std::uint32_t shard_count() const {
    return static_cast<std::uint32_t>(epochs.size());
  }
  [[nodiscard]] std::uint64_t symbols() const {
    return symbol_files.empty() ? 0
                                : symbol_files.back().first_ordinal + symbol_files.back().count;
  }
  // Null when there is no such table.
  [[nodiscard]] TableProgress* find_table(std::uint32_t id);
};

// Where the files of a database folder are.
[[nodiscard]] std::string manifest_path(const std::string& dir);
[[nodiscard]] std::string tables_dir(const std::string& dir);
[[nodiscard]] std::string segment_path(const std::string& dir, const SegmentRecord& segment);
[[nodiscard]] std::string table_path(const std::string& dir, std::uint64_t position);
[[nodiscard]] std::string symbol_file_path(const std::string& dir, std::uint64_t number);
// Of all files that the manifest lists.
[[nodiscard]] std::vector<std::string> listed_files(const std::string& dir,
                                                    const Manifest& manifest);

// Replaces the manifest of the folder, synced.
[[nodiscard]] Status write_manifest(FileSystem& files, const std::string& dir,
                                    const Manifest& manifest);
// `old_symbols`: those that versions before 3 kept in the manifest itself.
[[nodiscard]] Status read_manifest(FileSystem& files, const std::string& path, Manifest* manifest,
                                   std::vector<SymbolInfo>* old_symbols);

}  // namespace ndts
