// Snapshots of a database on disk: a folder of links to its immutable files, a manifest of its own
// and, written last, the file COMPLETE. docs/formats/manifest.md describes it.
//
//   dir/snapshots/{name}/MANIFEST   no log, no staging: everything is in the files it lists
//   dir/snapshots/{name}/tables/    links
//   dir/snapshots/{name}/COMPLETE   SnapshotMark
//
// Threads: plain functions; write_snapshot() where nobody removes files of the manifest meanwhile.
// Errors: INVALID_ARGUMENT, ALREADY_EXISTS, NOT_FOUND, CORRUPT and those of the file system.
// Invariant: a folder with a good COMPLETE is whole, whenever the power goes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "db/manifest.h"

namespace ndts {

// What the names of snapshots begin with that a database makes by itself.
inline constexpr std::string_view kOwnSnapshotPrefix = "auto-";

inline constexpr std::uint64_t kSnapshotMagic = 0x5041'4e53'5354'444e;  // "NDTSSNAP"

struct SnapshotInfo {
  std::string name;
  std::uint64_t generation = 0;
  std::int64_t wall_ns = 0;
  std::uint64_t bytes = 0;  // of the files it lists; shared with the database while that has them
  std::uint32_t files = 0;
};

[[nodiscard]] std::string snapshots_dir(const std::string& dir);
[[nodiscard]] std::string snapshot_folder(const std::string& dir, const std::string& name);
// Letters, digits, '.', '-' and '_', not '.' first; 1 to 64.
[[nodiscard]] Status check_snapshot_name(const std::string& name);

// Links what `manifest`, the one written last, lists. An incomplete folder of that name goes first.
[[nodiscard]] Status write_snapshot(FileSystem& files, const std::string& dir,
                                    const Manifest& manifest, std::int64_t wall_ns,
                                    const std::string& name);
// Is it the folder of a complete snapshot?
[[nodiscard]] bool is_snapshot(FileSystem& files, const std::string& folder);
// NOT_FOUND when the snapshot is not complete.
[[nodiscard]] Status read_snapshot_mark(FileSystem& files, const std::string& folder,
                                        SnapshotMark* mark);
// The complete ones, oldest first.
[[nodiscard]] Status list_snapshots(FileSystem& files, const std::string& dir,
                                    std::vector<SnapshotInfo>* snapshots);
// Complete or not. NOT_FOUND.
[[nodiscard]] Status remove_snapshot(FileSystem& files, const std::string& dir,
                                     const std::string& name);
// The same for a database that is not open: LOCKED when it is. Needs no room on the disk, which an
// open does.
[[nodiscard]] Status remove_closed_snapshot(FileSystem& files, const std::string& dir,
                                            const std::string& name);
// Removes all but the newest `keep` of those made by themselves. Best effort: one too many only
// takes space.
void prune_snapshots(FileSystem& files, const std::string& dir, std::size_t keep);
// Makes a database folder of a snapshot folder, by links where both are on one disk, else by
// copies. `dir` must not exist or be empty. Its epochs begin far above those of the snapshot, so
// that what is appended to it is never taken for what was appended to the other one.
[[nodiscard]] Status restore_snapshot(FileSystem& files, Clock& clock, const std::string& folder,
                                      const std::string& dir);

}  // namespace ndts
