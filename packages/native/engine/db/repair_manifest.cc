// See repair_manifest.h.
#include "db/repair_manifest.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <map>
#include <optional>

#include "base/crc32c.h"
#include "db/joined_entry.h"
#include "db/repair_hints.h"
#include "db/repair_log.h"
#include "db/repair_overlap.h"
#include "db/repair_position.h"
#include "db/repair_replay.h"
#include "db/symbol_files.h"
#include "generated/constants.h"
#include "table/key_value_file.h"

namespace ndts {

namespace {

// As for a restored snapshot: no epoch that was granted is granted again.
constexpr std::uint64_t kRebuiltEpochs = 65536;

// The digits of "{prefix}{20 digits}{suffix}".
std::optional<std::uint64_t> number_of(const std::string& name, std::string_view suffix) {
  if (!name.ends_with(suffix) || name.size() < suffix.size() + 20) return std::nullopt;
  const char* end = name.data() + name.size() - suffix.size();
  std::uint64_t number = 0;
  const auto [at, error] = std::from_chars(end - 20, end, number);
  if (error != std::errc() || at != end) return std::nullopt;
  return number;
}

class Rebuild {
 public:
  Rebuild(const RepairOptions& options, RebuiltManifest* rebuilt, RepairReport* report)
      : options_(options),
        files_(*options.files),
        rebuilt_(*rebuilt),
        manifest_(rebuilt->manifest),
        report_(*report) {}

  Status run();

 private:
  Status read_hints();
  Status read_tables();
  Status is_unfinished(const std::string& path, bool* unfinished);
  Status read_segment(const std::string& path);
  [[nodiscard]] bool is_unlisted(const std::string& name) const;
  Status read_sorted_table(const std::string& path);
  Status read_symbol_file(const std::string& path);
  Status read_old_table(const std::string& path);
  Status scan_log();
  Status scan_entry(const WalRecord& record);
  Status scan_rows(const WalRecord& record);
  Status drop_overlap();
  void learn_schema(const TableSchema& schema);
  void name_tables();
  Status choose_shards();
  void choose_position();
  void fill_epochs();
  void fill_tables();
  [[nodiscard]] std::uint32_t guess_level(const SstInfo& info) const;
  Status fill_key_value();
  void lose(const Status& status, const std::string& path);
  void note(const std::string& text) { report_.notes.push_back(text); }

  const RepairOptions& options_;
  FileSystem& files_;
  RebuiltManifest& rebuilt_;
  Manifest& manifest_;
  RepairReport& report_;

  ManifestHints hints_;
  std::vector<std::shared_ptr<const SegmentReader>> segments_;
  std::vector<std::shared_ptr<SstFile>> tables_;
  std::map<std::uint32_t, TableSchema> schemas_;
  SymbolTable symbols_;
  std::vector<ScannedEntry> entries_;
  std::uint64_t log_begin_ = 0;
  std::map<ShardOfTable, std::uint64_t> sealed_;
  std::uint32_t shards_ = 0;  // the greatest that is used, plus one
  std::uint64_t next_file_ = 1;
  LoggedRows logged_;
  std::vector<std::byte> scratch_;
};

Status Rebuild::run() {
  NDTS_TRY(read_hints());
  NDTS_TRY(read_tables());
  NDTS_TRY(drop_overlap());
  for (const auto& segment : segments_) {
    learn_schema(segment->schema());
    shards_ = std::max(shards_, segment->record().shard + 1);
    for (const SegmentName& name : segment->names())
      add_symbol({name.symbol, segment->record().shard, std::string(segment->name(name))},
                 &rebuilt_.symbols, &symbols_);
  }
  NDTS_TRY(scan_log());
  for (const SymbolInfo& symbol : rebuilt_.symbols)
    shards_ = std::max(shards_, symbol.shard + 1);
  NDTS_TRY(choose_shards());
  choose_position();
  name_tables();
  fill_tables();
  fill_epochs();
  return fill_key_value();
}

void Rebuild::lose(const Status& status, const std::string& path) {
  RepairFinding& finding = report_.findings.emplace_back();
  finding.file = path;
  finding.offset = status.offset();
  finding.what = status.message();
  finding.lost_unknown = true;
  finding.note = "no manifest says whether it counted: it may be left over from work cut off";
  rebuilt_.left_out.push_back(path);
}

Status Rebuild::read_hints() {
  NDTS_TRY(read_manifest_hints(files_, options_.dir, &hints_));
  if (!hints_.snapshot.empty())
    note("the snapshot " + hints_.snapshot +
         " is complete: restoring it guesses nothing, and loses what was written since");
  for (const TableSchema& schema : hints_.schemas) learn_schema(schema);
  for (const SymbolInfo& symbol : hints_.symbols)
    add_symbol(symbol, &rebuilt_.symbols, &symbols_);
  return {};
}

// Header and what a file begins with are written last: zeros are there only while it is written.
Status Rebuild::is_unfinished(const std::string& path, bool* unfinished) {
  std::unique_ptr<File> file;
  NDTS_TRY(files_.open(path, OpenMode::kRead, &file));
  std::byte head[64]{};
  std::size_t count = 0;
  NDTS_TRY(file->read(0, head, &count));
  *unfinished = count == sizeof head && all_zero(head);
  return {};
}

Status Rebuild::read_tables() {
  const std::string dir = tables_dir(options_.dir);
  if (!files_.exists(dir)) return {};
  std::vector<std::string> names;
  NDTS_TRY(files_.list(dir, &names));
  for (const std::string& name : names) {
    const std::string path = dir + "/" + name;
    bool stray = false;
    NDTS_TRY(is_unfinished(path, &stray));
    for (const std::string_view suffix : {".segment", ".dict"})
      if (const auto number = number_of(name, suffix))
        next_file_ = std::max(next_file_, *number + 1);
    if (const auto number = number_of(name, ".sst"))
      manifest_.key_value.next_number = std::max(manifest_.key_value.next_number, *number + 1);
    if (stray || is_unlisted(name)) {
      rebuilt_.left_out.push_back(path);
      continue;
    }
    if (name.ends_with(".segment")) NDTS_TRY(read_segment(path));
    if (name.ends_with(".sst")) NDTS_TRY(read_sorted_table(path));
    if (name.ends_with(".dict")) NDTS_TRY(read_symbol_file(path));
    if (name.ends_with(".table")) NDTS_TRY(read_old_table(path));
  }
  return {};
}

bool Rebuild::is_unlisted(const std::string& name) const {
  if (!hints_.complete) return false;
  const auto segment = number_of(name, ".segment");
  const auto table = number_of(name, ".sst");
  return (segment.has_value() && !hints_.segments.contains(*segment)) ||
         (table.has_value() && !hints_.sorted_tables.contains(*table));
}

Status Rebuild::read_segment(const std::string& path) {
  std::shared_ptr<const SegmentReader> reader;
  Status status = SegmentReader::open(files_, path, nullptr, &reader);
  if (status.ok() && segment_path(options_.dir, reader->record()) != path)
    status = Status(Code::kCorrupt, "the header names another file", path, 0);
  if (status.ok()) segments_.push_back(std::move(reader));
  if (status.code() != Code::kCorrupt) return status;
  lose(status, path);
  return {};
}

Status Rebuild::read_sorted_table(const std::string& path) {
  std::shared_ptr<SstFile> table;
  Status status = SstFile::open_unlisted(files_, path, &table);
  if (status.ok() && sst_path(tables_dir(options_.dir), table->info().number) != path)
    status = Status(Code::kCorrupt, "the header names another file", path, 0);
  if (status.ok()) tables_.push_back(std::move(table));
  if (status.code() != Code::kCorrupt) return status;
  lose(status, path);
  return {};
}

// Its header says what a manifest would. All symbols go to a new file.
Status Rebuild::read_symbol_file(const std::string& path) {
  std::vector<std::byte> content;
  NDTS_TRY(files_.read_file(path, &content));
  SymbolFileHeader header{};
  if (content.size() >= sizeof header) header = load<SymbolFileHeader>(content.data());
  std::vector<SymbolInfo> symbols;
  const Status status = read_symbols(
      files_, path,
      {header.number, header.file_bytes, header.first_ordinal, header.count, header.checksum, 0},
      &symbols);
  if (!status.ok() && status.code() != Code::kCorrupt) return status;
  if (!status.ok()) {
    lose(status, path);
    return {};
  }
  for (const SymbolInfo& symbol : symbols) add_symbol(symbol, &rebuilt_.symbols, &symbols_);
  rebuilt_.left_out.push_back(path);
  return {};
}

// The newest counts, until a sorted table took its place.
Status Rebuild::read_old_table(const std::string& path) {
  const auto position = number_of(path, ".table");
  if (!position.has_value()) return {};
  std::uint64_t entries = 0;
  const Status status = read_table(files_, path, nullptr,
                                   [&entries](std::string_view, Bytes) { entries += 1; });
  if (!status.ok() && status.code() != Code::kCorrupt) return status;
  std::vector<std::byte> content;
  NDTS_TRY(files_.read_file(path, &content));
  if (manifest_.table.has_value())
    rebuilt_.left_out.push_back(table_path(options_.dir, manifest_.table->position));
  if (!status.ok()) {
    manifest_.table.reset();
    lose(status, path);
    return {};
  }
  manifest_.table = ManifestTable{*position, content.size(), entries};
  return {};
}

Status Rebuild::drop_overlap() {
  SegmentOverlap overlap;
  NDTS_TRY(find_overlap(&segments_, &overlap));
  for (const auto& segment : overlap.covered) rebuilt_.left_out.push_back(segment->path());
  for (const SegmentOverlap::Part& part : overlap.parts) {
    RepairFinding& finding = report_.findings.emplace_back();
    finding.file = part.segment->path();
    finding.what = "some of its rows are in another segment, too";
    finding.shard = part.segment->record().shard;
    finding.lost.rows = part.rows;
    finding.from_time = part.segment->record().min_time;
    finding.to_time = part.segment->record().max_time;
    rebuilt_.left_out.push_back(part.segment->path());
  }
  return {};
}

// What has a name is better than what has none.
void Rebuild::learn_schema(const TableSchema& schema) {
  TableSchema& known = schemas_[schema.id];
  if (known.id == 0 || (known.name.empty() && !schema.name.empty())) known = schema;
}

// Everything from the first file that can be read.
Status Rebuild::scan_log() {
  learn_schema(tick_schema());
  LogCheckOptions log{&files_, options_.clock, options_.dir + "/wal", "", 0};
  NDTS_TRY(find_log_begin(files_, log.dir, &log.position));
  log_begin_ = log.position;
  LogRepair ignored;  // said again when the log is looked at with the manifest made of this
  return check_log(log, [this](const WalRecord& record) { return scan_entry(record); }, &ignored);
}

Status Rebuild::scan_entry(const WalRecord& record) {
  const auto kind = static_cast<LogKind>(record.kind);
  if (kind == LogKind::kTable) {
    TableSchema schema;
    if (decode_schema(record.payload, &schema).ok()) learn_schema(schema);
  }
  if (kind == LogKind::kSymbol) {
    ByteReader reader(record.payload);
    const auto head = reader.read<SymbolEntryHead>();
    const std::string_view name = text_of(reader.read_bytes(reader.left()));
    if (reader.ok())
      add_symbol({head.symbol, head.shard, std::string(name)}, &rebuilt_.symbols, &symbols_);
  }
  if (kind == LogKind::kTicks || kind == LogKind::kRows) return scan_rows(record);
  if (kind != LogKind::kJoined) return {};
  WalRecord rows;
  Bytes batch;
  NDTS_TRY(split_joined(record, &rows, &batch));
  return scan_rows(rows);
}

Status Rebuild::scan_rows(const WalRecord& record) {
  ScannedEntry& entry = entries_.emplace_back();
  entry.position = record.position;
  const auto schema_of = [this](std::uint32_t table) -> const TableSchema* {
    const auto found = schemas_.find(table);
    return found == schemas_.end() ? nullptr : &found->second;
  };
  const Status status = each_group(
      record, schema_of, &scratch_, &logged_, [&](const LoggedRows& rows) {
        shards_ = std::max(shards_, rows.shard + 1);
        entry.groups.push_back(
            {rows.table, rows.shard, rows.epoch, rows.first_sequence, rows.rows});
        return Status();
      });
  if (!status.ok()) entries_.pop_back();
  return status;
}

Status Rebuild::choose_shards() {
  std::uint32_t count = options_.shard_count;
  if (hints_.shard_count != 0) {
    if (count != 0 && count != hints_.shard_count)
      return Status(Code::kInvalidArgument,
                    "the folder has " + std::to_string(hints_.shard_count) +
                        " shards, not " + std::to_string(count));
    count = hints_.shard_count;
  }
  if (count == 0) {
    count = std::bit_ceil(std::max(shards_, 1u));
    note("the number of shards is taken from the files: " + std::to_string(count) +
         "; it may have been greater (--shards)");
  }
  if (!std::has_single_bit(count) || count > kMaxShards || shards_ > count)
    return Status(Code::kInvalidArgument,
                  "expected a power of two, at least " + std::to_string(shards_) +
                      ", as the number of shards, found " + std::to_string(count));
  manifest_.epochs.resize(count);
  return {};
}

void Rebuild::choose_position() {
  std::optional<std::uint64_t> known;
  if (hints_.header.has_value()) known = hints_.header->wal_position;
  // Segments may end before, where one is lost: its sequences are not given out again.
  if (known.has_value()) sealed_ = hints_.sealed;
  LogPosition found = find_position(log_begin_, known, entries_, segments_);
  manifest_.wal_position = found.position;
  for (const auto& [shard, end] : found.sealed) sealed_[shard] = std::max(sealed_[shard], end);
  segments_ = std::move(found.segments);
  for (const auto& segment : found.left_out) rebuilt_.left_out.push_back(segment->path());
}

void Rebuild::name_tables() {
  for (auto& [id, schema] : schemas_) {
    if (!schema.name.empty()) continue;
    schema.name = "table_" + std::to_string(id);
    note("the name of table " + std::to_string(id) + " is not in any file: it is now " +
         schema.name);
  }
}

// An epoch begins with the first row of it that is found.
void Rebuild::fill_epochs() {
  std::map<ShardOfTable, std::map<std::uint64_t, std::uint64_t>> firsts;
  const auto begin = [&](std::uint32_t table, std::uint32_t shard, std::uint64_t epoch,
                         std::uint64_t sequence) {
    auto [found, fresh] = firsts[{table, shard}].try_emplace(epoch, sequence);
    if (!fresh) found->second = std::min(found->second, sequence);
    manifest_.epochs[shard] = std::max(manifest_.epochs[shard], epoch);
  };
  for (const auto& segment : segments_)
    for (const SegmentRange& range : segment->ranges())
      begin(segment->record().table, segment->record().shard, range.epoch,
            range.first_sequence);
  for (const ScannedEntry& entry : entries_)
    for (const LoggedGroup& group : entry.groups)
      if (group.table == kTickTable) {
        begin(group.table, group.shard, group.epoch, group.first_sequence);
      } else {
        manifest_.epochs[group.shard] = std::max(manifest_.epochs[group.shard], group.epoch);
      }
  for (const auto& [shard, epochs] : hints_.tick_epochs)
    if (shard < manifest_.shard_count() && !epochs.empty())
      manifest_.tables.front().shards[shard].epochs = epochs;
  for (TableProgress& table : manifest_.tables)
    for (std::uint32_t shard = 0; shard < table.shards.size(); shard += 1) {
      std::vector<ManifestEpoch>& epochs = table.shards[shard].epochs;
      if (!epochs.empty()) continue;
      for (const auto& [epoch, sequence] : firsts[{table.schema.id, shard}])
        if (epochs.empty() || sequence > epochs.back().first_sequence)
          epochs.push_back({epoch, sequence});
      // What is sealed is only written down beside an epoch.
      if (epochs.empty() &&
          (table.schema.id == kTickTable || table.shards[shard].sealed_sequence > 0))
        epochs.push_back({0, 0});
    }
  for (std::uint32_t shard = 0; shard < manifest_.shard_count(); shard += 1) {
    const auto known = hints_.epochs.find(shard);
    manifest_.epochs[shard] = known != hints_.epochs.end()
                                  ? std::max(manifest_.epochs[shard], known->second)
                                  : manifest_.epochs[shard] + kRebuiltEpochs;
  }
}

void Rebuild::fill_tables() {
  const std::uint32_t shards = manifest_.shard_count();
  for (const auto& [id, schema] : schemas_) {
    TableProgress& table = manifest_.tables.emplace_back();
    table.schema = schema;
    table.shards.resize(shards);
    for (std::uint32_t shard = 0; shard < shards; shard += 1)
      if (const auto end = sealed_.find({id, shard}); end != sealed_.end())
        table.shards[shard].sealed_sequence = end->second;
  }
  for (const auto& segment : segments_) manifest_.segments.push_back(segment->record());
  manifest_.next_file = next_file_;
  if (hints_.header.has_value()) {
    manifest_.generation = hints_.header->generation;
    manifest_.next_file = std::max(next_file_, hints_.header->next_file);
  }
  manifest_.staging_path = hints_.staging_path;
  if (!hints_.staging_path.empty() && hints_.header.has_value()) {
    manifest_.id = hints_.header->id;
    return;
  }
  // Another name for the staging memory: what is there now was not looked at.
  if (hints_.staging_path.empty())
    note("what was only in staging memory when the process died is not looked for");
  const std::int64_t times[2] = {options_.clock->wall_ns(), options_.clock->monotonic_ns()};
  manifest_.id = static_cast<std::uint64_t>(times[0]) << 32 |
                 crc32c(crc32c(0, bytes_of(times)), bytes_of_text(options_.dir));
}

// The smallest level in which it shares no key with another table; 0 for what is newer than all
// that was ever compacted.
std::uint32_t Rebuild::guess_level(const SstInfo& info) const {
  std::uint64_t compacted = 0;
  std::uint32_t level = 1;
  for (const SstInfo& other : manifest_.key_value.tables)
    if (other.level > 0) compacted = std::max(compacted, other.last_sequence);
  if (info.first_sequence > compacted) return 0;
  const auto meets = [&](const SstInfo& other) {
    return other.level == level && other.min_key <= info.max_key &&
           info.min_key <= other.max_key;
  };
  const std::vector<SstInfo>& tables = manifest_.key_value.tables;
  while (level < kSstLevels && std::any_of(tables.begin(), tables.end(), meets)) level += 1;
  return level < kSstLevels ? level : 0;
}

Status Rebuild::fill_key_value() {
  manifest_.key_value.position = manifest_.wal_position;
  if (!tables_.empty() && manifest_.table.has_value()) {
    rebuilt_.left_out.push_back(table_path(options_.dir, manifest_.table->position));
    manifest_.table.reset();
  }
  std::uint64_t doubtful = 0;
  NDTS_TRY(order_tables(&tables_, &doubtful));
  KeyValueManifest& key_value = manifest_.key_value;
  std::vector<SstInfo> unknown;
  for (const std::shared_ptr<SstFile>& table : tables_) {
    const auto known = hints_.sorted_tables.find(table->info().number);
    const bool same = known != hints_.sorted_tables.end() &&
                      known->second.header_checksum == table->info().header_checksum;
    (same ? key_value.tables : unknown).push_back(same ? known->second : table->info());
    key_value.last_sequence = std::max(key_value.last_sequence, table->info().last_sequence);
  }
  if (unknown.empty()) return {};
  if (doubtful > 0)
    note("of " + std::to_string(doubtful) +
         " keys it is not sure which of their values is the newest");
  if (tables_.size() > 1)
    note("keys that were deleted may show again, where files of a compaction were left behind");
  const bool some_known = !key_value.tables.empty();
  for (SstInfo& info : unknown) {
    info.level = some_known ? guess_level(info) : 0;
    key_value.tables.push_back(info);
  }
  return {};
}

}  // namespace

void add_symbol(const SymbolInfo& symbol, std::vector<SymbolInfo>* symbols, SymbolTable* known) {
  bool same = false;
  if (!known->check(symbol.id, symbol.shard, symbol.name, &same).ok() || same) return;
  known->add(symbol.id, symbol.shard, symbol.name);
  symbols->push_back(symbol);
}

Status rebuild_manifest(const RepairOptions& options, RebuiltManifest* rebuilt,
                        RepairReport* report) {
  return Rebuild(options, rebuilt, report).run();
}

}  // namespace ndts
