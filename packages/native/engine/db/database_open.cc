// Opening a database: options, lock, manifest, files, log, epochs. See database.h.
#include <algorithm>
#include <bit>

#include "base/crash_point.h"
#include "base/crc32c.h"
#include "base/side_by_side.h"
#include "db/database.h"
#include "db/joined_entry.h"
#include "db/snapshot_folder.h"
#include "db/staging_path.h"
#include "db/symbol_files.h"
#include "generated/constants.h"
#include "table/key_value_file.h"

namespace ndts {

namespace {

// They wait for the disk and do nothing else.
constexpr std::uint32_t kDiskThreads = 8;
// Of segments, at open: what a first look at every symbol needs of a day.
constexpr std::uint64_t kReadAheadBytes = 64u << 20;

void append_hex(std::string* text, std::uint64_t value, int digits) {
  for (int shift = 4 * digits - 4; shift >= 0; shift -= 4)
    *text += "0123456789abcdef"[value >> shift & 15];
}

std::string staging_place(const std::string& dir) {
  std::string place = "_";
  append_hex(&place, crc32c(0, bytes_of_text(dir)), 8);
  return place += ".staging";
}

Status corrupt_entry(const WalRecord& record, const std::string& what) {
  return Status(Code::kCorrupt,
                "log entry at position " + std::to_string(record.position) + ": " + what);
}

}  // namespace

std::string staging_name(std::uint64_t id, const std::string& dir) {
  std::string name = "wal_";
  append_hex(&name, id, 16);
  return name += staging_place(dir);
}

bool is_staging_of(const std::string& path, const std::string& dir) {
  return path.ends_with(staging_place(dir));
}

Database::Database(const DatabaseOptions& options)
    : options_(options), batcher_(options.shard_count) {}

Status Database::check_options() const {
  const std::uint32_t shards = options_.shard_count;
  if (shards == 0 || shards > kMaxShards || !std::has_single_bit(shards))
    return Status(Code::kInvalidArgument, "shardCount must be a power of two up to 65536, found " +
                                              std::to_string(shards));
  if (options_.memtable_bytes == 0 || options_.wal_budget_bytes == 0)
    return Status(Code::kInvalidArgument, "memtableBytes and walBudgetBytes must be above 0");
  if (options_.segments.fan_in < 2)
    return Status(Code::kInvalidArgument,
                  "mergeSegments must be 2 or more, found " +
                      std::to_string(options_.segments.fan_in));
  if (options_.dir.empty() || options_.staging_dir.empty())
    return Status(Code::kInvalidArgument, "dir and stagingDir must not be empty");
  return {};
}

Status Database::open(const DatabaseOptions& options, std::unique_ptr<Database>* database) {
  // Before the constructor sizes tables by it.
  if (options.shard_count == 0 || options.shard_count > kMaxShards)
    return Status(Code::kInvalidArgument, "shardCount must be a power of two up to 65536, found " +
                                              std::to_string(options.shard_count));
  std::unique_ptr<Database> made(new Database(options));
  NDTS_TRY(made->check_options());
  if (is_snapshot(*options.files, options.dir))
    return Status(Code::kInvalidArgument,
                  "this is a snapshot, which must not change: restore it into another folder",
                  options.dir);
  NDTS_TRY(options.files->make_directory(options.dir));
  NDTS_TRY(options.files->lock(options.dir + "/LOCK", &made->lock_));
  NDTS_TRY(made->load_manifest());
  SegmentList segments;
  NDTS_TRY(made->load_segments(&segments));
  made->remove_strays();
  NDTS_TRY(made->open_key_value());
  NDTS_TRY(made->open_log());
  NDTS_TRY(made->grant_epochs());
  made->start_background(std::move(segments));
  *database = std::move(made);
  return {};
}

void Database::start_background(SegmentList segments) {
  BackgroundOptions options;
  options.files = options_.files;
  options.clock = options_.clock;
  options.dir = options_.dir;
  options.plan = options_.segments;
  options.day_segments_limit = options_.day_segments_limit;
  options.snapshots_kept = options_.snapshots_kept;
  options.bytes_per_second = options_.compaction_bytes_per_second;
  options.sync_threads = options_.threads ? kDiskThreads : 1;
  background_ = std::make_unique<Background>(options, *wal_, *key_value_, symbols_, manifest_,
                                             std::move(segments));
  if (!options_.threads) return;
  wal_->start();
  background_->start([wal = wal_.get(), report = options_.on_failure] {
    if (const Status status = wal->failure(); !status.ok() && report) report(status);
  });
}

Status Database::load_manifest() {
  FileSystem& files = *options_.files;
  const std::string path = manifest_path(options_.dir);
  if (!files.exists(path)) return create_manifest();
  std::vector<SymbolInfo> old_symbols;
  NDTS_TRY(read_manifest(files, path, &manifest_, &old_symbols));
  if (manifest_.shard_count() != options_.shard_count)
    return Status(Code::kInvalidArgument,
                  "shardCount is " + std::to_string(options_.shard_count) + ", the folder " +
                      options_.dir + " was made with " +
                      std::to_string(manifest_.shard_count()));
  NDTS_TRY(load_symbols(old_symbols));
  for (const TableProgress& table : manifest_.tables) add_table(table);
  flushed_position_ = manifest_.wal_position;
  return files.make_directory(tables_dir(options_.dir));
}

Status Database::load_symbols(const std::vector<SymbolInfo>& old_symbols) {
  for (const ManifestSymbolFile& record : manifest_.symbol_files) {
    const std::string path = symbol_file_path(options_.dir, record.number);
    std::vector<SymbolInfo> symbols;
    Status status = read_symbols(*options_.files, path, record, &symbols);
    if (status.code() == Code::kNotFound)
      return Status(Code::kCorrupt, "a symbol file that the manifest lists is missing", path);
    NDTS_TRY(status);
    NDTS_TRY(add_symbols(symbols, path));
  }
  symbols_flushed_ = symbols_.all().size();
  old_symbols_ = old_symbols.size();
  return add_symbols(old_symbols, manifest_path(options_.dir));
}

Status Database::add_symbols(const std::vector<SymbolInfo>& symbols, const std::string& path) {
  for (const SymbolInfo& symbol : symbols) {
    bool known = false;
    NDTS_TRY(symbols_.check(symbol.id, symbol.shard, symbol.name, &known));
    if (known || symbol.shard >= options_.shard_count)
      return Status(Code::kCorrupt, "symbol " + symbol.name, path);
    symbols_.add(symbol.id, symbol.shard, symbol.name);
  }
  return {};
}

Status Database::create_manifest() {
  FileSystem& files = *options_.files;
  // Without its manifest a log can not be told from a stranger's: never start over on top of it.
  std::vector<std::string> names;
  if (files.exists(options_.dir + "/wal")) NDTS_TRY(files.list(options_.dir + "/wal", &names));
  if (!names.empty())
    return Status(Code::kCorrupt, "there is a log but no manifest",
                  manifest_path(options_.dir));
  names.clear();
  if (files.exists(tables_dir(options_.dir)))
    NDTS_TRY(files.list(tables_dir(options_.dir), &names));
  if (!names.empty())
    return Status(Code::kCorrupt, "there are tables but no manifest",
                  manifest_path(options_.dir));
  NDTS_TRY(files.make_directory(tables_dir(options_.dir)));
  manifest_ = Manifest::empty(options_.shard_count);
  // Different for two folders on one host, also for those made in the same nanosecond.
  const std::int64_t wall_ns = options_.clock->wall_ns();
  manifest_.id = static_cast<std::uint64_t>(wall_ns) << 32 |
                 crc32c(crc32c(0, bytes_of(wall_ns)), bytes_of_text(options_.dir));
  for (const TableProgress& table : manifest_.tables) add_table(table);
  return write_manifest(files, options_.dir, manifest_);
}

Status Database::load_segments(SegmentList* segments) {
  struct Opened {
    Status status;
    std::shared_ptr<const SegmentReader> reader;
  };
  const std::vector<SegmentRecord>& records = manifest_.segments;
  std::vector<Opened> opened(records.size());
  // What was written last is asked for early: a cold disk reads it while the log is opened.
  std::size_t first_asked = records.size();
  for (std::uint64_t bytes = 0; first_asked > 0; first_asked -= 1) {
    bytes += records[first_asked - 1].bytes;
    if (bytes > kReadAheadBytes) break;
  }
  // From a cold disk each footer is waited for.
  side_by_side(records.size(), options_.threads ? kDiskThreads : 1, [&](std::size_t at) {
    opened[at].status = SegmentReader::open(
        *options_.files, segment_path(options_.dir, records[at]), &records[at],
        &opened[at].reader, at >= first_asked ? Soon::kRead : Soon::kNothing);
  });
  for (std::size_t at = 0; at < records.size(); at += 1) {
    const SegmentRecord& record = records[at];
    auto& [status, reader] = opened[at];
    if (status.code() == Code::kNotFound)
      return Status(Code::kCorrupt, "a segment that the manifest lists is missing", status.file());
    if (!status.ok()) return std::move(status);
    SeriesTable* table = find(record.table);
    if (reader->schema().columns != table->schema().columns)
      return Status(Code::kCorrupt, "the columns are not those of table " + table->schema().name,
                    reader->path());
    table->add_segment(reader);
    segments->push_back(std::move(reader));
  }
  return {};
}

// It has no thread of its own: the flusher's does its work.
Status Database::open_key_value() {
  KeyValueOptions options;
  options.files = options_.files;
  options.clock = options_.clock;
  options.dir = tables_dir(options_.dir);
  options.memtable_bytes = options_.memtable_bytes;
  options.compaction = options_.compaction;
  options.compaction.level1_bytes =
      std::max<std::uint64_t>(options.compaction.level1_bytes, 4 * options_.memtable_bytes);
  options.compaction_bytes_per_second = options_.compaction_bytes_per_second;
  options.threads = false;
  options.log_edit = [this](const KeyValueManifest& next, const KeyValueEdit&) {
    return background_->log_edit(next);
  };
  NDTS_TRY(KeyValueStore::open(options, manifest_.key_value, &key_value_));
  reader_ = std::make_unique<KeyValueReader>(*key_value_);
  return load_old_table();
}

// The table as versions before sorted tables wrote it: into the memtable, and from there on with
// the next flush.
Status Database::load_old_table() {
  if (!manifest_.table.has_value()) return {};
  std::vector<std::byte> batch;
  const std::string path = table_path(options_.dir, manifest_.table->position);
  Status status = read_table(*options_.files, path, &*manifest_.table,
                             [this, &batch](std::string_view key, Bytes value) {
                               batch.clear();
                               encode_operation(batch, key, value);
                               key_value_->apply(batch, manifest_.table->position);
                               key_value_changed_ = true;
                             });
  if (status.code() == Code::kNotFound)
    return Status(Code::kCorrupt, "the key-value table that the manifest lists is missing", path);
  return status;
}

// Files of work that was cut off before its manifest, and those that were read until the end.
// Best effort: a stray file only takes space. Sorted tables are the key-value store's.
void Database::remove_strays() {
  FileSystem& files = *options_.files;
  const std::string dir = tables_dir(options_.dir);
  std::vector<std::string> keep = listed_files(options_.dir, manifest_);
  std::sort(keep.begin(), keep.end());
  std::vector<std::string> names;
  if (!files.list(dir, &names).ok()) return;
  for (const std::string& name : names) {
    if (!name.ends_with(".segment") && !name.ends_with(".table") && !name.ends_with(".dict"))
      continue;
    const std::string path = dir + "/" + name;
    if (!std::binary_search(keep.begin(), keep.end(), path))
      static_cast<void>(files.remove(path));
  }
}

Status Database::open_log() {
  FileSystem& files = *options_.files;
  NDTS_TRY(files.make_directory(options_.staging_dir));
  // What the last run left in its staging file counts, also when the folder was moved or its
  // staging folder changed since. Read from a copy: this folder may be one, too, and then the file
  // is its original's, which may be open.
  const std::string path = options_.staging_dir + "/" + staging_name(manifest_.id, options_.dir);
  if (manifest_.staging_path != path && files.exists(manifest_.staging_path)) {
    std::vector<std::byte> content;
    NDTS_TRY(files.read_file(manifest_.staging_path, &content));
    NDTS_TRY(files.replace(path, content));
  }
  manifest_.staging_path = path;
  WalOptions options;
  options.files = &files;
  options.clock = options_.clock;
  options.dir = options_.dir + "/wal";
  options.staging_path = manifest_.staging_path;
  options.staging_bytes = options_.staging_bytes;
  options.file_bytes = options_.wal_file_bytes;
  options.commit_interval_ns = options_.commit_interval_ns;
  options.threads = options_.threads;
  options.replay_from = manifest_.wal_position;
  options.on_durable = options_.on_durable;
  return Wal::open(options, [this](const WalRecord& record) { return replay(record); }, &wal_);
}

Status Database::replay(const WalRecord& record) {
  switch (static_cast<LogKind>(record.kind)) {
    case LogKind::kTicks:
    case LogKind::kRows:
      return replay_rows(record);
    case LogKind::kKeyValue:
      if (!check_batch(record.payload).ok()) return corrupt_entry(record, "key-value batch");
      key_value_->apply(record.payload, record.position);
      key_value_changed_ = true;
      return {};
    case LogKind::kSymbol:
      return replay_symbol(record);
    case LogKind::kTable:
      return replay_table(record);
    case LogKind::kJoined:
      return replay_joined(record);
  }
  return corrupt_entry(record, "unknown kind " + std::to_string(record.kind));
}

Status Database::replay_rows(const WalRecord& record) {
  LoggedRowsReader reader(record.payload, &scratch_);
  const bool ticks = static_cast<LogKind>(record.kind) == LogKind::kTicks;
  const auto schema_of = [this](std::uint32_t table) { return schema(table); };
  for (bool found = true;;) {
    const Status status = ticks ? reader.next_ticks(&logged_, &found)
                                : reader.next_rows(schema_of, &logged_, &found);
    if (!status.ok()) return corrupt_entry(record, status.message());
    if (!found) return {};
    NDTS_TRY(replay_group(record, logged_));
  }
}

Status Database::replay_joined(const WalRecord& record) {
  WalRecord rows;
  Bytes batch;
  if (!split_joined(record, &rows, &batch).ok()) return corrupt_entry(record, "joined entry");
  NDTS_TRY(replay_rows(rows));
  if (batch.empty()) return {};
  key_value_->apply(batch, record.position);
  key_value_changed_ = true;
  return {};
}

Status Database::replay_group(const WalRecord& record, const LoggedRows& rows) {
  if (rows.shard >= options_.shard_count) return corrupt_entry(record, "shard");
  for (std::uint32_t row = 0; row < rows.rows; row += 1)
    if (symbols_.shard(rows.symbol[row]) != rows.shard)
      return corrupt_entry(record, "symbol of another shard");
  SeriesTable& table = *find(rows.table);
  const char* refused = table.replay(rows);
  if (refused == nullptr) return {};
  return corrupt_entry(
      record, std::string(refused) + ": table " + table.schema().name + ", shard " +
                  std::to_string(rows.shard) + ", epoch " + std::to_string(rows.epoch) +
                  ", sequence " + std::to_string(rows.first_sequence) + ", expected " +
                  std::to_string(table.positions()[rows.shard].next_sequence));
}

Status Database::replay_table(const WalRecord& record) {
  TableSchema made;
  if (!decode_schema(record.payload, &made).ok()) return corrupt_entry(record, "schema");
  if (const TableSchema* known = schema(made.id); known != nullptr)
    return *known == made ? Status() : corrupt_entry(record, "table created differently before");
  add_table({made, std::vector<ShardProgress>(options_.shard_count)});
  return {};
}

Status Database::replay_symbol(const WalRecord& record) {
  ByteReader reader(record.payload);
  const auto head = reader.read<SymbolEntryHead>();
  const std::string_view name = text_of(reader.read_bytes(reader.left()));
  if (!reader.ok() || head.shard >= options_.shard_count) return corrupt_entry(record, "symbol");
  bool known = false;
  if (!symbols_.check(head.symbol, head.shard, name, &known).ok())
    return corrupt_entry(record, "symbol registered differently before");
  if (!known) symbols_.add(head.symbol, head.shard, name);
  return {};
}

// Everything found is durable by now. An epoch without rows needs no entry of its own: it ends
// where it begins, which is where the next one begins.
Status Database::grant_epochs() {
  std::vector<ShardProgress>& ticks = manifest_.tables.front().shards;
  for (std::uint32_t shard = 0; shard < options_.shard_count; shard += 1) {
    std::vector<ManifestEpoch>& epochs = ticks[shard].epochs;
    const std::uint64_t next = next_sequence(shard);
    if (next < epochs.back().first_sequence)
      return Status(Code::kCorrupt,
                    "shard " + std::to_string(shard) + " ends at sequence " +
                        std::to_string(next) + ", its epoch " +
                        std::to_string(epochs.back().epoch) + " began at " +
                        std::to_string(epochs.back().first_sequence),
                    manifest_path(options_.dir));
    const std::uint64_t epoch = manifest_.epochs[shard] += 1;
    if (epochs.back().first_sequence == next) epochs.pop_back();
    epochs.push_back({epoch, next});
    tables_.front()->set_epochs(shard, epochs);
    for (const std::unique_ptr<SeriesTable>& table : tables_) table->set_epoch(shard, epoch);
  }
  for (const std::unique_ptr<SeriesTable>& table : tables_) table->end_replay();
  std::vector<std::string> obsolete;
  // Symbols of a version 2 manifest; those of the log are still there.
  if (symbols_flushed_ == 0 && manifest_.symbol_files.empty() && old_symbols_ > 0) {
    const auto old = symbols_.all().first(old_symbols_);
    NDTS_TRY(write_symbols(*options_.files, options_.dir, old, &manifest_, &obsolete));
    NDTS_TRY(options_.files->sync_directory(tables_dir(options_.dir)));
    symbols_flushed_ = old_symbols_;
  }
  manifest_.generation += 1;
  crash_point("open.before_manifest");
  NDTS_TRY(write_manifest(*options_.files, options_.dir, manifest_));
  crash_point("open.manifest_written");
  return {};
}

}  // namespace ndts
