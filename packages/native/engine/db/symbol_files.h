// Symbols on disk: files to which nothing is added, each with the symbols registered since the one
// before, so that a flush writes what is new and not a million names. Some files become one when
// there are many. docs/formats/manifest.md describes the file.
//
// Threads: plain functions. Errors: those of the file system; CORRUPT with file and offset;
// VERSION_TOO_NEW. Invariant: a file is listed by a manifest only after it is synced.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "db/manifest.h"

namespace ndts {

inline constexpr std::uint64_t kSymbolMagic = 0x424d'5953'5354'444e;  // "NDTSSYMB"
// More files than this are made one.
inline constexpr std::size_t kSymbolFilesMax = 8;

// Writes `fresh`, the symbols behind those of the manifest's files, and lists the file in `next`
// under the number next->next_file. Its name is not synced. Files that are not listed any more go
// to `obsolete`. Nothing is done when there is nothing fresh.
[[nodiscard]] Status write_symbols(FileSystem& files, const std::string& dir,
                                   std::span<const SymbolInfo* const> fresh, Manifest* next,
                                   std::vector<std::string>* obsolete);

// The symbols of one file, checked against the manifest's record.
[[nodiscard]] Status read_symbols(FileSystem& files, const std::string& path,
                                  const ManifestSymbolFile& record,
                                  std::vector<SymbolInfo>* symbols);

}  // namespace ndts
