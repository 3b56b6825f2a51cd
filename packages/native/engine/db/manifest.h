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
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "generated/layouts.h"
#include "kv/version.h"
#include "table/symbols.h"

namespace ndts {

inline constexpr std::uint64_t kManifestMagic = 0x494e'414d'5354'444e;  // "NDTSMANI"
// Written as 1 where there is no sorted table yet, which older programs can read.
inline constexpr std::uint32_t kManifestVersion = 2;

struct ShardState {
  std::uint64_t epoch = 0;
  std::uint64_t sealed_sequence = 0;
  std::vector<ManifestEpoch> epochs;
};

struct Manifest {
  std::uint64_t id = 0;
  std::uint64_t generation = 0;
  std::uint64_t wal_position = 0;
  std::uint64_t next_file = 1;
  std::vector<ShardState> shards;
  std::vector<ManifestSegment> segments;
  // The whole key-value table as one file, as older versions wrote it.
  std::optional<ManifestTable> table;
  // Its position is wal_position.
  KeyValueManifest key_value;
  std::string staging_path;
};

// Where the files of a database folder are.
[[nodiscard]] std::string manifest_path(const std::string& dir);
[[nodiscard]] std::string tables_dir(const std::string& dir);
[[nodiscard]] std::string segment_path(const std::string& dir, std::uint64_t number);
[[nodiscard]] std::string table_path(const std::string& dir, std::uint64_t position);

// Replaces the manifest of the folder, synced.
[[nodiscard]] Status write_manifest(FileSystem& files, const std::string& dir,
                                    const Manifest& manifest,
                                    std::span<const SymbolInfo* const> symbols);
[[nodiscard]] Status read_manifest(FileSystem& files, const std::string& path, Manifest* manifest,
                                   std::vector<SymbolInfo>* symbols);

}  // namespace ndts
