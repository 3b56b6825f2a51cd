// A key-value table as one file: every entry in key order, each with its own checksum.
// docs/formats/manifest.md describes it beside the manifest that names it.
//
// Threads: any, one at a time per file. Errors: CORRUPT with file and offset, VERSION_TOO_NEW,
// those of the file system.
#pragma once

#include <functional>
#include <string>

#include "base/file.h"
#include "generated/layouts.h"
#include "table/key_value.h"

namespace ndts {

inline constexpr std::uint64_t kTableMagic = 0x5659'454b'5354'444e;  // "NDTSKEYV"
inline constexpr std::uint32_t kTableVersion = 1;

// Writes and syncs a new file; the caller syncs the folder. `record` is what the manifest says.
[[nodiscard]] Status write_table(FileSystem& files, const std::string& path,
                                 std::uint64_t position, const KeyValueTable::Base& entries,
                                 ManifestTable* record);

// Calls `visit` for every entry after the whole file was checked up to there. `expected` may be
// null (inspect).
[[nodiscard]] Status read_table(FileSystem& files, const std::string& path,
                                const ManifestTable* expected, const KeyValueTable::Visit& visit);

}  // namespace ndts
