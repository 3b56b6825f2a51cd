// See snapshot_folder.h.
#include "db/snapshot_folder.h"

#include <algorithm>

#include "base/crash_point.h"
#include "base/crc32c.h"

namespace ndts {

namespace {

constexpr std::uint32_t kSnapshotVersion = 1;
constexpr std::size_t kMaxName = 64;
constexpr std::size_t kCopyBytes = 1u << 20;
// A folder would have to be opened so often before its epochs meet those of a restored one.
constexpr std::uint64_t kRestoreEpochs = 65536;

std::string mark_path(const std::string& folder) { return folder + "/COMPLETE"; }

std::string last_part(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

Status file_checksum(FileSystem& files, const std::string& path, std::uint32_t* checksum) {
  std::vector<std::byte> content;
  NDTS_TRY(files.read_file(path, &content));
  *checksum = crc32c(0, content);
  return {};
}

Status remove_files(FileSystem& files, const std::string& folder) {
  std::vector<std::string> names;
  NDTS_TRY(files.list(folder, &names));
  for (const std::string& name : names) NDTS_TRY(files.remove(folder + "/" + name));
  return files.remove_directory(folder);
}

Status copy_file(FileSystem& files, const std::string& from, const std::string& to) {
  std::unique_ptr<File> source;
  std::unique_ptr<File> target;
  NDTS_TRY(files.open(from, OpenMode::kRead, &source));
  NDTS_TRY(files.open(to, OpenMode::kCreate, &target));
  std::vector<std::byte> buffer(kCopyBytes);
  for (std::uint64_t offset = 0;;) {
    std::size_t count = 0;
    NDTS_TRY(source->read(offset, buffer, &count));
    if (count == 0) break;
    NDTS_TRY(target->write(offset, Bytes(buffer).first(count)));
    offset += count;
  }
  return target->sync();
}

Status check_empty(FileSystem& files, const std::string& dir) {
  if (!files.exists(dir)) return {};
  std::vector<std::string> names;
  NDTS_TRY(files.list(dir, &names));
  if (names.empty()) return {};
  return Status(Code::kAlreadyExists, "expected an empty folder, found " + names.front(), dir);
}

}  // namespace

std::string snapshots_dir(const std::string& dir) { return dir + "/snapshots"; }
std::string snapshot_folder(const std::string& dir, const std::string& name) {
  return snapshots_dir(dir) + "/" + name;
}

Status check_snapshot_name(const std::string& name) {
  const auto allowed = [](char one) {
    return (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z') ||
           (one >= '0' && one <= '9') || one == '.' || one == '-' || one == '_';
  };
  if (!name.empty() && name.size() <= kMaxName && name.front() != '.' &&
      std::all_of(name.begin(), name.end(), allowed))
    return {};
  return Status(Code::kInvalidArgument,
                "the name of a snapshot has 1 to 64 letters, digits, '.', '-' or '_', no '.' "
                "first; found '" + name + "'");
}

bool is_snapshot(FileSystem& files, const std::string& folder) {
  return files.exists(mark_path(folder));
}

Status read_snapshot_mark(FileSystem& files, const std::string& folder, SnapshotMark* mark) {
  const std::string path = mark_path(folder);
  std::vector<std::byte> content;
  NDTS_TRY(files.read_file(path, &content));
  if (content.size() != sizeof *mark) return Status(Code::kCorrupt, "snapshot mark: size", path);
  *mark = load<SnapshotMark>(content.data());
  if (mark->magic != kSnapshotMagic || mark->checksum != crc32c(0, bytes_of(*mark).subspan(4)))
    return Status(Code::kCorrupt, "snapshot mark: checksum", path);
  if (mark->version > kSnapshotVersion)
    return Status(Code::kVersionTooNew,
                  "snapshot version " + std::to_string(mark->version) + ", this is version " +
                      std::to_string(kSnapshotVersion),
                  path);
  return {};
}

Status write_snapshot(FileSystem& files, const std::string& dir, const Manifest& manifest,
                      std::int64_t wall_ns, const std::string& name) {
  NDTS_TRY(check_snapshot_name(name));
  const std::string folder = snapshot_folder(dir, name);
  if (files.exists(mark_path(folder)))
    return Status(Code::kAlreadyExists, "there is a snapshot of this name", folder);
  if (files.exists(folder)) NDTS_TRY(remove_snapshot(files, dir, name));
  NDTS_TRY(files.make_directory(tables_dir(folder)));
  SnapshotMark mark{};
  for (const std::string& path : listed_files(dir, manifest)) {
    NDTS_TRY(files.hard_link(path, tables_dir(folder) + "/" + last_part(path)));
    std::unique_ptr<File> file;
    std::uint64_t bytes = 0;
    NDTS_TRY(files.open(path, OpenMode::kRead, &file));
    NDTS_TRY(file->size(&bytes));
    mark.bytes += bytes;
    mark.file_count += 1;
  }
  NDTS_TRY(files.sync_directory(tables_dir(folder)));
  crash_point("snapshot.linked");
  // All that its log held is in the files: it begins without one.
  Manifest own = manifest;
  own.wal_position = 0;
  own.key_value.position = 0;
  own.staging_path.clear();
  NDTS_TRY(write_manifest(files, folder, own));
  NDTS_TRY(file_checksum(files, manifest_path(folder), &mark.manifest_checksum));
  crash_point("snapshot.manifest_written");
  mark.version = kSnapshotVersion;
  mark.magic = kSnapshotMagic;
  mark.generation = manifest.generation;
  mark.wall_time = wall_ns;
  mark.checksum = crc32c(0, bytes_of(mark).subspan(4));
  NDTS_TRY(files.sync_directory(snapshots_dir(dir)));
  NDTS_TRY(files.replace(mark_path(folder), bytes_of(mark)));
  crash_point("snapshot.complete");
  return {};
}

Status list_snapshots(FileSystem& files, const std::string& dir,
                      std::vector<SnapshotInfo>* snapshots) {
  snapshots->clear();
  if (!files.exists(snapshots_dir(dir))) return {};
  std::vector<std::string> names;
  NDTS_TRY(files.list(snapshots_dir(dir), &names));
  for (const std::string& name : names) {
    SnapshotMark mark{};
    const Status status = read_snapshot_mark(files, snapshot_folder(dir, name), &mark);
    if (status.code() == Code::kNotFound || status.code() == Code::kCorrupt) continue;
    NDTS_TRY(status);
    snapshots->push_back({name, mark.generation, mark.wall_time, mark.bytes, mark.file_count});
  }
  std::sort(snapshots->begin(), snapshots->end(), [](const auto& a, const auto& b) {
    return a.wall_ns != b.wall_ns ? a.wall_ns < b.wall_ns : a.name < b.name;
  });
  return {};
}

// The mark first: what is half removed is not complete.
Status remove_snapshot(FileSystem& files, const std::string& dir, const std::string& name) {
  NDTS_TRY(check_snapshot_name(name));
  const std::string folder = snapshot_folder(dir, name);
  if (!files.exists(folder)) return Status(Code::kNotFound, "no such snapshot", folder);
  if (files.exists(mark_path(folder))) {
    NDTS_TRY(files.remove(mark_path(folder)));
    NDTS_TRY(files.sync_directory(folder));
  }
  if (files.exists(tables_dir(folder))) NDTS_TRY(remove_files(files, tables_dir(folder)));
  NDTS_TRY(remove_files(files, folder));
  return files.sync_directory(snapshots_dir(dir));
}

Status remove_closed_snapshot(FileSystem& files, const std::string& dir,
                              const std::string& name) {
  NDTS_TRY(check_snapshot_name(name));
  std::unique_ptr<FileLock> lock;
  NDTS_TRY(files.lock(dir + "/LOCK", &lock));
  return remove_snapshot(files, dir, name);
}

void prune_snapshots(FileSystem& files, const std::string& dir, std::size_t keep) {
  std::vector<SnapshotInfo> snapshots;
  if (!list_snapshots(files, dir, &snapshots).ok()) return;
  std::erase_if(snapshots,
                [](const SnapshotInfo& one) { return !one.name.starts_with(kOwnSnapshotPrefix); });
  for (std::size_t at = 0; at + keep < snapshots.size(); at += 1)
    static_cast<void>(remove_snapshot(files, dir, snapshots[at].name));
}

Status restore_snapshot(FileSystem& files, Clock& clock, const std::string& folder,
                        const std::string& dir) {
  SnapshotMark mark{};
  const Status read = read_snapshot_mark(files, folder, &mark);
  if (read.code() == Code::kNotFound)
    return Status(Code::kNotFound, "no complete snapshot", folder);
  NDTS_TRY(read);
  std::uint32_t checksum = 0;
  NDTS_TRY(file_checksum(files, manifest_path(folder), &checksum));
  if (checksum != mark.manifest_checksum)
    return Status(Code::kCorrupt, "the manifest is not the one the snapshot was completed with",
                  manifest_path(folder));
  Manifest manifest;
  std::vector<SymbolInfo> old_symbols;
  NDTS_TRY(read_manifest(files, manifest_path(folder), &manifest, &old_symbols));
  NDTS_TRY(check_empty(files, dir));
  NDTS_TRY(files.make_directory(tables_dir(dir)));
  for (const std::string& path : listed_files(folder, manifest)) {
    const std::string to = tables_dir(dir) + "/" + last_part(path);
    const Status linked = files.hard_link(path, to);
    if (linked.ok()) continue;
    // A file that is missing or already there is no reason to copy.
    if (linked.code() == Code::kNotFound || linked.code() == Code::kAlreadyExists) return linked;
    NDTS_TRY(copy_file(files, path, to));
  }
  NDTS_TRY(files.sync_directory(tables_dir(dir)));
  const std::int64_t times[2] = {clock.wall_ns(), clock.monotonic_ns()};
  manifest.id = static_cast<std::uint64_t>(times[0]) << 32 |
                crc32c(crc32c(0, bytes_of(times)), bytes_of_text(dir));
  for (std::uint64_t& epoch : manifest.epochs) epoch += kRestoreEpochs;
  NDTS_TRY(files.sync_directory(parent_folder(dir)));
  return write_manifest(files, dir, manifest);
}

}  // namespace ndts
