// What is left of a manifest that cannot be read as a whole: each of its records has a checksum of
// its own, so that one damaged byte spoils one of them. And what the newest snapshot's manifest
// says, which does not change: names of tables, number of shards. Part of repair.h.
//
// Threads: plain functions. Errors: those of the file system; damage is none here.
// Invariant: what is in here stood under a matching checksum.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "db/manifest.h"

namespace ndts {

struct ManifestHints {
  std::optional<ManifestHeader> header;
  // No record is missing: what is not listed here was not listed.
  bool complete = false;
  std::uint32_t shard_count = 0;  // 0: not known
  std::string staging_path;
  std::vector<TableSchema> schemas;
  std::map<std::uint32_t, std::uint64_t> epochs;  // of the last open, by shard
  std::map<std::uint32_t, std::vector<ManifestEpoch>> tick_epochs;  // by shard
  // By table and shard: where the rows in segments end.
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> sealed;
  std::map<std::uint64_t, SstInfo> sorted_tables;                   // by number
  std::set<std::uint64_t> segments;                                 // numbers
  std::vector<SymbolInfo> symbols;  // of versions before 3
  std::string snapshot;  // name of the newest complete one; empty: none
};

[[nodiscard]] Status read_manifest_hints(FileSystem& files, const std::string& dir,
                                         ManifestHints* hints);

}  // namespace ndts
