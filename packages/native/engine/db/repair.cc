// See repair.h: a folder is looked at as a whole, then a plan of what to write and what to move is
// carried out, the manifest before the log.
#include "db/repair.h"

#include <algorithm>
#include <set>

#include "db/manifest.h"
#include "db/repair_files.h"
#include "db/repair_log.h"
#include "db/repair_manifest.h"
#include "db/repair_replay.h"
#include "db/snapshot_folder.h"
#include "db/staging_path.h"
#include "db/symbol_files.h"
#include "kv/bloom_filter.h"
#include "table/key_value_file.h"

namespace ndts {

namespace {

std::string last_part(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

class Repair {
 public:
  Repair(const RepairOptions& options, RepairReport* report)
      : options_(options), files_(*options.files), report_(*report) {}

  Status run();

 private:
  Status read_folder();
  Status check_segments();
  Status check_tables();
  Status check_old_table();
  Status check_symbols();
  Status find_symbols(RepairFinding* finding, std::uint64_t wanted);
  Status check_log_files();
  Status check_snapshots();
  void leave_staging();
  void cut_epochs(const ReplayCheck& replay);
  void add(const RepairFinding& finding) { report_.findings.push_back(finding); }
  void move(const std::string& path) { moved_.insert(path); }

  Status apply();
  Status make_folder();
  Status keep(const std::string& path);
  Status save_files();
  Status save_old_table();
  Status save_symbols();
  Status replace_log();
  void remove_moved();

  [[nodiscard]] std::string tables() const { return tables_dir(options_.dir); }
  [[nodiscard]] std::string log_dir() const { return options_.dir + "/wal"; }

  const RepairOptions& options_;
  FileSystem& files_;
  RepairReport& report_;
  std::unique_ptr<FileLock> lock_;

  Manifest manifest_;            // as it is to be
  bool manifest_changed_ = false;
  std::vector<SymbolInfo> symbols_;  // all that are known
  SymbolTable known_;
  bool symbols_changed_ = false;
  std::vector<SegmentCheck> segments_;  // damaged, in part good
  std::vector<TableCheck> sorted_;      // damaged, in part good
  std::vector<std::shared_ptr<const SegmentReader>> readers_;  // of all that can be read
  std::vector<std::pair<std::string, std::vector<std::byte>>> old_entries_;
  LogRepair log_;
  std::set<std::string> moved_;  // files that go to the folder of the damaged
};

Status Repair::run() {
  const std::string manifest = manifest_path(options_.dir);
  if (!files_.exists(manifest) && !files_.exists(tables()) && !files_.exists(log_dir()))
    return Status(Code::kNotFound, "no database in this folder", options_.dir);
  NDTS_TRY(files_.lock(options_.dir + "/LOCK", &lock_));
  NDTS_TRY(read_folder());
  NDTS_TRY(check_segments());
  NDTS_TRY(check_tables());
  NDTS_TRY(check_old_table());
  NDTS_TRY(check_symbols());
  NDTS_TRY(check_log_files());
  NDTS_TRY(check_snapshots());
  if (!options_.apply || report_.findings.empty()) return {};
  return apply();
}

// Snapshots are apart from the database: what is wrong with one is said, and left alone.
Status Repair::check_snapshots() {
  const std::string folder = snapshots_dir(options_.dir);
  std::vector<std::string> names;
  if (files_.exists(folder)) NDTS_TRY(files_.list(folder, &names));
  for (const std::string& name : names) {
    SnapshotMark mark{};
    const Status status = read_snapshot_mark(files_, snapshot_folder(options_.dir, name), &mark);
    if (status.code() == Code::kNotFound)
      report_.notes.push_back("snapshot " + name + " was not completed: it cannot be restored");
    else if (status.code() == Code::kCorrupt)
      report_.notes.push_back("snapshot " + name + " is damaged and cannot be restored: " +
                              status.text());
    else
      NDTS_TRY(status);
  }
  return {};
}

// The manifest, or what can be made in its place.
Status Repair::read_folder() {
  const std::string path = manifest_path(options_.dir);
  Status status = read_manifest(files_, path, &manifest_, &symbols_);
  if (status.ok()) {
    for (const SymbolInfo& symbol : symbols_) known_.add(symbol.id, symbol.shard, symbol.name);
    // They stand in the manifest, which is not written in that version any more.
    symbols_changed_ = !symbols_.empty();
    return {};
  }
  const bool missing = status.code() == Code::kNotFound;
  if (!missing && status.code() != Code::kCorrupt) return status;
  RepairFinding& finding = report_.findings.emplace_back();
  finding.file = path;
  finding.offset = status.offset();
  finding.what = missing ? "the file is missing" : status.message();
  finding.note = "a new one is made of what the other files say";
  manifest_ = {};
  symbols_.clear();
  RebuiltManifest rebuilt;
  NDTS_TRY(rebuild_manifest(options_, &rebuilt, &report_));
  manifest_ = std::move(rebuilt.manifest);
  for (const SymbolInfo& symbol : rebuilt.symbols) add_symbol(symbol, &symbols_, &known_);
  for (const std::string& left_out : rebuilt.left_out) move(left_out);
  manifest_changed_ = symbols_changed_ = true;
  return {};
}

Status Repair::check_segments() {
  std::vector<SegmentRecord> good;
  for (const SegmentRecord& record : manifest_.segments) {
    const TableSchema& schema = manifest_.find_table(record.table)->schema;
    const std::string path = segment_path(options_.dir, record);
    SegmentCheck check;
    NDTS_TRY(check_segment(files_, path, &record, &schema, schema.name, &check));
    if (check.reader != nullptr) readers_.push_back(check.reader);
    if (!check.damaged) {
      good.push_back(record);
      continue;
    }
    manifest_changed_ = true;
    add(check.finding);
    move(path);
    if (check.any_good()) segments_.push_back(std::move(check));
  }
  manifest_.segments = std::move(good);
  return {};
}

// A table that is saved in part keeps its place in the order.
Status Repair::check_tables() {
  std::vector<SstInfo> good;
  for (const SstInfo& info : manifest_.key_value.tables) {
    const std::string path = sst_path(tables(), info.number);
    TableCheck check;
    NDTS_TRY(check_sorted_table(files_, path, &info, &check));
    if (check.damaged) {
      manifest_changed_ = true;
      check.finding.note = "older values of these keys may show again, deleted ones too";
      add(check.finding);
      move(path);
      if (!check.any_good()) continue;
      sorted_.push_back(std::move(check));
    }
    good.push_back(info);
  }
  manifest_.key_value.tables = std::move(good);
  return {};
}

Status Repair::check_old_table() {
  if (!manifest_.table.has_value()) return {};
  const std::string path = table_path(options_.dir, manifest_.table->position);
  const Status status = read_table(
      files_, path, &*manifest_.table, [this](std::string_view key, Bytes value) {
        old_entries_.emplace_back(key, std::vector<std::byte>(value.begin(), value.end()));
      });
  if (!status.ok() && status.code() != Code::kCorrupt && status.code() != Code::kNotFound)
    return status;
  if (status.ok()) {
    old_entries_.clear();
    return {};
  }
  RepairFinding& finding = report_.findings.emplace_back();
  finding.file = path;
  finding.offset = status.offset();
  finding.what = status.code() == Code::kNotFound ? "the file is missing" : status.message();
  finding.saved.keys = old_entries_.size();
  finding.lost.keys = manifest_.table->entries - std::min<std::uint64_t>(
                                                     manifest_.table->entries, old_entries_.size());
  manifest_.table.reset();
  manifest_changed_ = true;
  move(path);
  return {};
}

Status Repair::check_symbols() {
  std::vector<RepairFinding> findings;
  std::uint64_t wanted = 0;
  for (const ManifestSymbolFile& record : manifest_.symbol_files) {
    const std::string path = symbol_file_path(options_.dir, record.number);
    std::vector<SymbolInfo> symbols;
    const Status status = read_symbols(files_, path, record, &symbols);
    for (const SymbolInfo& symbol : symbols)
      if (status.ok()) add_symbol(symbol, &symbols_, &known_);
    if (status.ok()) continue;
    if (status.code() != Code::kCorrupt && status.code() != Code::kNotFound) return status;
    RepairFinding& finding = findings.emplace_back();
    finding.file = path;
    finding.offset = status.offset();
    finding.what = status.code() == Code::kNotFound ? "the file is missing" : status.message();
    wanted += record.count;
    move(path);
  }
  if (findings.empty()) return {};
  symbols_changed_ = manifest_changed_ = true;
  NDTS_TRY(find_symbols(&findings.front(), wanted));
  for (const RepairFinding& finding : findings) add(finding);
  return {};
}

// Names stand in segments, too, and in what is left of the log.
Status Repair::find_symbols(RepairFinding* finding, std::uint64_t wanted) {
  const std::size_t before = symbols_.size();
  for (const auto& reader : readers_)
    for (const SegmentName& name : reader->names())
      add_symbol({name.symbol, reader->record().shard, std::string(reader->name(name))},
                 &symbols_, &known_);
  LogRepair ignored;
  LogCheckOptions log{&files_, options_.clock, log_dir(), "", 0};
  NDTS_TRY(find_log_begin(files_, log.dir, &log.position));
  NDTS_TRY(check_log(
      log,
      [this](const WalRecord& record) {
        if (static_cast<LogKind>(record.kind) != LogKind::kSymbol) return Status();
        ByteReader reader(record.payload);
        const auto head = reader.read<SymbolEntryHead>();
        const std::string_view name = text_of(reader.read_bytes(reader.left()));
        if (reader.ok())
          add_symbol({head.symbol, head.shard, std::string(name)}, &symbols_, &known_);
        return Status();
      },
      &ignored));
  finding->saved.symbols = std::min<std::uint64_t>(symbols_.size() - before, wanted);
  finding->lost.symbols = wanted - finding->saved.symbols;
  finding->note = "a symbol that is lost is registered again by whoever writes ticks of it";
  return {};
}

Status Repair::check_log_files() {
  ReplayCheck replay(manifest_, symbols_);
  const LogCheckOptions log{&files_, options_.clock, log_dir(), manifest_.staging_path,
                            manifest_.wal_position};
  NDTS_TRY(check_log(
      log, [&replay](const WalRecord& record) { return replay.take(record); }, &log_));
  for (const RepairFinding& finding : log_.findings) {
    add(finding);
    report_.findings.back().saved.rows = replay.rows();
  }
  for (const std::string& path : log_.removed) move(path);
  for (const LogRepair::Written& written : log_.written)
    if (files_.exists(written.path)) move(written.path);
  if (!log_.staging.empty()) leave_staging();
  cut_epochs(replay);
  return {};
}

// Once more under the damaged, and then removed. Memory that is not of this folder is that of the
// one this is a copy of, which may be open: it stays, and the manifest forgets it.
void Repair::leave_staging() {
  move(log_.staging);
  if (is_staging_of(log_.staging, options_.dir)) return;
  log_.staging.clear();
  manifest_.staging_path.clear();
  manifest_changed_ = true;
}

// An epoch cannot begin behind the last row there is.
void Repair::cut_epochs(const ReplayCheck& replay) {
  std::vector<ShardProgress>& shards = manifest_.tables.front().shards;
  for (std::uint32_t shard = 0; shard < shards.size(); shard += 1) {
    std::vector<ManifestEpoch>& epochs = shards[shard].epochs;
    const std::uint64_t next = replay.next_sequence(kTickTable, shard);
    if (epochs.back().first_sequence <= next) continue;
    const std::uint64_t epoch = epochs.back().epoch;
    while (!epochs.empty() && epochs.back().first_sequence >= next) epochs.pop_back();
    epochs.push_back({epoch, next});
    manifest_changed_ = true;
  }
}

Status Repair::apply() {
  NDTS_TRY(make_folder());
  NDTS_TRY(save_files());
  if (manifest_changed_) {
    manifest_.generation += 1;
    NDTS_TRY(write_manifest(files_, options_.dir, manifest_));
  }
  NDTS_TRY(replace_log());
  remove_moved();
  return {};
}

// Before anything changes: the manifest of before, and every damaged file by one more name.
Status Repair::make_folder() {
  const std::string all = options_.dir + "/damaged";
  NDTS_TRY(files_.make_directory(all));
  std::uint64_t number = 1;
  while (files_.exists(all + "/" + std::to_string(number))) number += 1;
  report_.moved_to = all + "/" + std::to_string(number);
  NDTS_TRY(files_.make_directory(report_.moved_to));
  std::vector<std::byte> content;
  const std::string manifest = manifest_path(options_.dir);
  if (files_.exists(manifest)) {
    NDTS_TRY(files_.read_file(manifest, &content));
    NDTS_TRY(files_.replace(report_.moved_to + "/MANIFEST", content));
  }
  for (const std::string& path : moved_) NDTS_TRY(keep(path));
  NDTS_TRY(files_.sync_directory(report_.moved_to));
  return files_.sync_directory(all);
}

// By a link, or a copy where the file is on another disk, as staging memory is.
Status Repair::keep(const std::string& path) {
  if (!files_.exists(path)) return {};
  const std::string to = report_.moved_to + "/" + last_part(path);
  if (files_.hard_link(path, to).ok()) return {};
  std::vector<std::byte> content;
  NDTS_TRY(files_.read_file(path, &content));
  return files_.replace(to, content);
}

Status Repair::save_files() {
  NDTS_TRY(files_.make_directory(tables()));
  for (const SegmentCheck& check : segments_) {
    SegmentRecord record{};
    NDTS_TRY(save_segment(files_, options_.dir, manifest_.next_file, check, &record));
    manifest_.next_file += 1;
    manifest_.segments.push_back(record);
  }
  for (const TableCheck& check : sorted_) {
    SstInfo saved;
    KeyValueManifest& key_value = manifest_.key_value;
    NDTS_TRY(save_sorted_table(files_, options_.dir, key_value.next_number, check, &saved));
    key_value.next_number += 1;
    for (SstInfo& info : key_value.tables)
      if (info.number == check.file->info().number) info = saved;
  }
  NDTS_TRY(save_old_table());
  NDTS_TRY(save_symbols());
  return files_.sync_directory(tables());
}

// What is left of a table of version 1 becomes a sorted table; there were none beside it.
Status Repair::save_old_table() {
  if (old_entries_.empty()) return {};
  KeyValueManifest& key_value = manifest_.key_value;
  SstWriter writer(files_, tables(), key_value.next_number, 4096);
  NDTS_TRY(writer.create());
  for (const auto& [key, value] : old_entries_)
    NDTS_TRY(writer.add({key, value, false}, hash_key(key)));
  SstInfo info;
  NDTS_TRY(writer.finish(1, old_entries_.size(), &info));
  key_value.next_number += 1;
  key_value.last_sequence = std::max<std::uint64_t>(key_value.last_sequence, old_entries_.size());
  key_value.tables.push_back(info);
  return {};
}

Status Repair::save_symbols() {
  if (!symbols_changed_) return {};
  manifest_changed_ = true;
  for (const ManifestSymbolFile& record : manifest_.symbol_files) {
    // The good ones among them are not listed any more, either.
    moved_.insert(symbol_file_path(options_.dir, record.number));
    NDTS_TRY(keep(symbol_file_path(options_.dir, record.number)));
  }
  manifest_.symbol_files.clear();
  std::vector<std::string> obsolete;
  return write_symbols(files_, options_.dir, known_.all(), &manifest_, &obsolete);
}

// A log that is damaged is refused until the last of these steps.
Status Repair::replace_log() {
  for (const std::string& path : log_.removed) {
    NDTS_TRY(files_.remove(path));
    NDTS_TRY(files_.sync_directory(log_dir()));
  }
  if (!log_.staging.empty()) {
    NDTS_TRY(files_.remove(log_.staging));
    NDTS_TRY(files_.sync_directory(parent_folder(log_.staging)));
  }
  if (!log_.written.empty()) NDTS_TRY(files_.make_directory(log_dir()));
  for (const LogRepair::Written& written : log_.written)
    NDTS_TRY(files_.replace(written.path, written.content));
  return {};
}

// Best effort: the next open removes what no manifest lists.
void Repair::remove_moved() {
  for (const std::string& path : moved_)
    if (parent_folder(path) == tables()) static_cast<void>(files_.remove(path));
  static_cast<void>(files_.sync_directory(tables()));
}

}  // namespace

Status repair_database(const RepairOptions& options, RepairReport* report) {
  return Repair(options, report).run();
}

}  // namespace ndts
