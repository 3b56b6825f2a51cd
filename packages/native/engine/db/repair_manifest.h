// A manifest from what the files of a folder say about themselves, for a folder that has none that
// can be read. Part of repair.h.
//
// What is left of the manifest counts first (repair_hints.h). What no other file says: levels of
// sorted tables (all go to level 0, by age), names of tables that no log or snapshot has
// (table_{id}), from where the log is to be replayed (repair_position.h).
//
// Threads: plain functions. Errors: those of the file system, VERSION_TOO_NEW, INVALID_ARGUMENT for
// a number of shards that the files contradict.
#pragma once

#include <string>
#include <vector>

#include "db/manifest.h"
#include "db/repair.h"

namespace ndts {

struct RebuiltManifest {
  Manifest manifest;  // without symbol files
  std::vector<SymbolInfo> symbols;
  std::vector<std::string> left_out;  // files of tables/ that it does not list
};

[[nodiscard]] Status rebuild_manifest(const RepairOptions& options, RebuiltManifest* rebuilt,
                                      RepairReport* report);

// Adds a symbol unless its id or name is taken.
void add_symbol(const SymbolInfo& symbol, std::vector<SymbolInfo>* symbols, SymbolTable* known);

}  // namespace ndts
