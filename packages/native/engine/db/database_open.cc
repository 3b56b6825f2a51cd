// Opening a database: options, lock, manifest, files, log, epochs. See database.h.
#include <algorithm>
#include <bit>

#include "base/crash_point.h"
#include "base/crc32c.h"
#include "db/database.h"
#include "generated/constants.h"
#include "table/key_value_file.h"

namespace ndts {

namespace {

constexpr std::uint32_t kMaxShards = 65536;
constexpr std::uint64_t kLevel1Bytes = 400u << 20;

std::string hex(std::uint64_t value) {
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[value >> shift & 15];
  return text;
}

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

Status corrupt_entry(const WalRecord& record, const std::string& what) {
  return Status(Code::kCorrupt,
                "log entry at position " + std::to_string(record.position) + ": " + what);
}

}  // namespace

Database::Database(const DatabaseOptions& options)
    : options_(options),
      shards_(options.shard_count),
      marks_(options.shard_count),
      batcher_(options.shard_count),
      pool_(static_cast<std::size_t>(options.memtable_bytes / sizeof(MemtableChunk)) +
            options.shard_count),
      segments_(options.shard_count) {}

Status Database::check_options() const {
  const std::uint32_t shards = options_.shard_count;
  if (shards == 0 || shards > kMaxShards || !std::has_single_bit(shards))
    return Status(Code::kInvalidArgument, "shardCount must be a power of two up to 65536, found " +
                                              std::to_string(shards));
  if (options_.memtable_bytes == 0 || options_.wal_budget_bytes == 0)
    return Status(Code::kInvalidArgument, "memtableBytes and walBudgetBytes must be above 0");
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
  NDTS_TRY(options.files->make_directory(options.dir));
  NDTS_TRY(options.files->lock(options.dir + "/LOCK", &made->lock_));
  NDTS_TRY(made->load_manifest());
  NDTS_TRY(made->load_files());
  made->remove_strays();
  NDTS_TRY(made->open_key_value());
  NDTS_TRY(made->open_log());
  NDTS_TRY(made->grant_epochs());
  const auto symbols = made->symbols_.all();
  made->flusher_ = std::make_unique<Flusher>(
      *options.files, *made->wal_, *made->key_value_, options.dir, made->manifest_,
      std::vector<const SymbolInfo*>(symbols.begin(), symbols.end()));
  if (options.threads) {
    made->wal_->start();
    Wal* wal = made->wal_.get();
    made->flusher_->start([wal, report = options.on_failure] {
      if (const Status status = wal->failure(); !status.ok() && report) report(status);
    });
  }
  *database = std::move(made);
  return {};
}

Status Database::load_manifest() {
  FileSystem& files = *options_.files;
  const std::string path = manifest_path(options_.dir);
  if (!files.exists(path)) return create_manifest();
  std::vector<SymbolInfo> symbols;
  NDTS_TRY(read_manifest(files, path, &manifest_, &symbols));
  if (manifest_.shards.size() != options_.shard_count)
    return Status(Code::kInvalidArgument,
                  "shardCount is " + std::to_string(options_.shard_count) + ", the folder " +
                      options_.dir + " was made with " + std::to_string(manifest_.shards.size()));
  for (const SymbolInfo& symbol : symbols) {
    bool known = false;
    NDTS_TRY(symbols_.check(symbol.id, symbol.shard, symbol.name, &known));
    if (known || symbol.shard >= options_.shard_count)
      return Status(Code::kCorrupt, "manifest: symbol " + symbol.name, path);
    symbols_.add(symbol.id, symbol.shard, symbol.name);
  }
  return files.make_directory(tables_dir(options_.dir));
}

Status Database::create_manifest() {
  FileSystem& files = *options_.files;
  // Without its manifest a log can not be told from a stranger's: never start over on top of it.
  std::vector<std::string> names;
  if (files.exists(options_.dir + "/wal")) NDTS_TRY(files.list(options_.dir + "/wal", &names));
  if (!names.empty())
    return Status(Code::kCorrupt, "there is a log but no manifest",
                  manifest_path(options_.dir));
  NDTS_TRY(files.make_directory(tables_dir(options_.dir)));
  manifest_.shards.resize(options_.shard_count);
  for (ShardState& shard : manifest_.shards) shard.epochs.push_back({0, 0});
  // Different for two folders on one host, also for those made in the same nanosecond.
  const std::int64_t wall_ns = options_.clock->wall_ns();
  manifest_.id = static_cast<std::uint64_t>(wall_ns) << 32 |
                 crc32c(crc32c(0, bytes_of(wall_ns)), bytes_of_text(options_.dir));
  return write_manifest(files, options_.dir, manifest_, {});
}

Status Database::load_files() {
  FileSystem& files = *options_.files;
  for (const ManifestSegment& segment : manifest_.segments) {
    std::unique_ptr<SegmentReader> reader;
    Status status =
        SegmentReader::open(files, segment_path(options_.dir, segment.number), &segment, &reader);
    if (status.code() == Code::kNotFound)
      return Status(Code::kCorrupt, "a segment that the manifest lists is missing", status.file());
    NDTS_TRY(status);
    segments_[segment.shard].push_back(std::move(reader));
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
  options.compaction.level1_bytes =
      std::max<std::uint64_t>(kLevel1Bytes, 4 * options_.memtable_bytes);
  options.threads = false;
  options.log_edit = [this](const KeyValueManifest& next, const KeyValueEdit&) {
    return flusher_->log_edit(next);
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

// Files of a flush that was cut off before its manifest. Best effort: a stray file only takes
// space.
void Database::remove_strays() {
  FileSystem& files = *options_.files;
  const std::string dir = tables_dir(options_.dir);
  std::vector<std::string> keep;
  for (const ManifestSegment& segment : manifest_.segments)
    keep.push_back(segment_path(options_.dir, segment.number));
  if (manifest_.table.has_value())
    keep.push_back(table_path(options_.dir, manifest_.table->position));
  std::sort(keep.begin(), keep.end());
  std::vector<std::string> names;
  if (!files.list(dir, &names).ok()) return;
  for (const std::string& name : names) {
    if (!ends_with(name, ".segment") && !ends_with(name, ".table")) continue;
    const std::string path = dir + "/" + name;
    if (!std::binary_search(keep.begin(), keep.end(), path))
      static_cast<void>(files.remove(path));
  }
}

Status Database::open_log() {
  FileSystem& files = *options_.files;
  NDTS_TRY(files.make_directory(options_.staging_dir));
  // What the last run left in its staging file counts, also when the folder was changed since.
  const std::string path = options_.staging_dir + "/wal_" + hex(manifest_.id) + ".staging";
  if (manifest_.staging_path.empty() || !files.exists(manifest_.staging_path))
    manifest_.staging_path = path;
  for (std::uint32_t shard = 0; shard < options_.shard_count; shard += 1)
    shards_[shard] = {manifest_.shards[shard].epoch, manifest_.shards[shard].sealed_sequence};
  active_ = std::make_unique<SeriesMemtable>(options_.shard_count, pool_);
  memtables_ = {active_.get()};
  WalOptions options;
  options.files = &files;
  options.clock = options_.clock;
  options.dir = options_.dir + "/wal";
  options.staging_path = manifest_.staging_path;
  options.staging_bytes = options_.staging_bytes;
  options.file_bytes = options_.wal_file_bytes;
  options.commit_interval_ns = options_.commit_interval_ns;
  options.replay_from = manifest_.wal_position;
  options.on_durable = options_.on_durable;
  return Wal::open(options, [this](const WalRecord& record) { return replay(record); }, &wal_);
}

Status Database::replay(const WalRecord& record) {
  switch (static_cast<LogKind>(record.kind)) {
    case LogKind::kTicks:
      return replay_ticks(record);
    case LogKind::kKeyValue:
      if (!check_batch(record.payload).ok()) return corrupt_entry(record, "key-value batch");
      key_value_->apply(record.payload, record.position);
      key_value_changed_ = true;
      return {};
    case LogKind::kSymbol:
      return replay_symbol(record);
  }
  return corrupt_entry(record, "unknown kind " + std::to_string(record.kind));
}

Status Database::replay_ticks(const WalRecord& record) {
  return each_group(
      record.payload, scratch_,
      [this, &record](const TicksEntry& entry, const ConstRowColumns& columns) -> Status {
        if (entry.shard >= options_.shard_count) return corrupt_entry(record, "shard");
        ShardPosition& shard = shards_[entry.shard];
        if (entry.epoch > shard.epoch) return corrupt_entry(record, "epoch not granted");
        if (entry.first_sequence != shard.next_sequence)
          return corrupt_entry(record, "shard " + std::to_string(entry.shard) +
                                           " goes on at sequence " +
                                           std::to_string(shard.next_sequence) + ", found " +
                                           std::to_string(entry.first_sequence));
        for (std::uint32_t row = 0; row < entry.rows; row += 1)
          if (symbols_.shard(columns.symbol[row]) != entry.shard)
            return corrupt_entry(record, "symbol of another shard");
        active_->append(entry.shard, entry.epoch, entry.first_sequence, columns, entry.rows);
        shard.next_sequence += entry.rows;
        return {};
      });
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
  for (std::uint32_t index = 0; index < options_.shard_count; index += 1) {
    ShardState& state = manifest_.shards[index];
    const std::uint64_t next = shards_[index].next_sequence;
    if (next < state.epochs.back().first_sequence)
      return Status(Code::kCorrupt,
                    "shard " + std::to_string(index) + " ends at sequence " +
                        std::to_string(next) + ", its epoch " + std::to_string(state.epoch) +
                        " began at " + std::to_string(state.epochs.back().first_sequence),
                    manifest_path(options_.dir));
    state.epoch += 1;
    if (state.epochs.back().first_sequence == next) state.epochs.pop_back();
    state.epochs.push_back({state.epoch, next});
    shards_[index].epoch = state.epoch;
    marks_.set(index, next);
  }
  manifest_.generation += 1;
  crash_point("open.before_manifest");
  NDTS_TRY(write_manifest(*options_.files, options_.dir, manifest_, symbols_.all()));
  crash_point("open.manifest_written");
  return {};
}

}  // namespace ndts
