// See manifest.h.
#include "db/manifest.h"

#include <unordered_set>

#include "base/crc32c.h"
#include "generated/constants.h"

namespace ndts {

namespace {

std::string padded(std::uint64_t number) {
  std::string digits = std::to_string(number);
  return std::string(20 - digits.size(), '0') + digits;
}

class RecordWriter {
 public:
  RecordWriter() { bytes_.resize(sizeof(ManifestHeader)); }

  void begin(ManifestKind kind) {
    start_ = bytes_.size();
    ManifestRecord record{};
    record.kind = static_cast<std::uint32_t>(kind);
    record.ordinal = count_;
    put(bytes_of(record));
  }
  void put(Bytes part) { bytes_.insert(bytes_.end(), part.begin(), part.end()); }
  void end() {
    const auto body = static_cast<std::uint32_t>(bytes_.size() - start_ - sizeof(ManifestRecord));
    store(bytes_.data() + start_ + offsetof(ManifestRecord, bytes), body);
    bytes_.resize(align_up(bytes_.size(), 8));
    store(bytes_.data() + start_, crc32c(0, Bytes(bytes_).subspan(start_ + 4)));
    count_ += 1;
  }
  Bytes finish(const Manifest& manifest) {
    ManifestHeader header{};
    header.version = kManifestVersion;
    header.magic = kManifestMagic;
    header.generation = manifest.generation;
    header.wal_position = manifest.wal_position;
    header.next_file = manifest.next_file;
    header.file_bytes = bytes_.size();
    header.shard_count = manifest.shard_count();
    header.record_count = count_;
    header.id = manifest.id;
    header.checksum = crc32c(0, bytes_of(header).subspan(4));
    store(bytes_.data(), header);
    return bytes_;
  }

 private:
  std::vector<std::byte> bytes_;
  std::size_t start_ = 0;
  std::uint32_t count_ = 0;
};

// Takes the records of a manifest file apart.
class RecordReader {
 public:
  RecordReader(const std::string& path, Bytes bytes, Manifest* manifest,
               std::vector<SymbolInfo>* symbols)
      : path_(path), bytes_(bytes), manifest_(manifest), symbols_(symbols) {}

  Status run() {
    ManifestHeader header{};
    NDTS_TRY(read_header(&header));
    manifest_->id = header.id;
    manifest_->generation = header.generation;
    manifest_->wal_position = header.wal_position;
    manifest_->key_value.position = header.wal_position;
    manifest_->next_file = header.next_file;
    manifest_->epochs.resize(header.shard_count);
    manifest_->tables = {{tick_schema(), {}}};
    manifest_->tables[0].shards.resize(header.shard_count);
    at_ = sizeof header;
    for (std::uint32_t ordinal = 0; ordinal < header.record_count; ordinal += 1)
      NDTS_TRY(read_record(ordinal));
    if (at_ != bytes_.size()) return corrupt("bytes after the last record");
    for (const ShardProgress& shard : manifest_->tables[0].shards)
      if (shard.epochs.empty()) return corrupt("a shard without a record");
    return {};
  }

 private:
  Status corrupt(const std::string& what) const {
    return Status(Code::kCorrupt, "manifest: " + what, path_, at_);
  }

  Status read_header(ManifestHeader* header) {
    if (bytes_.size() < sizeof *header) return corrupt("cut short");
    *header = load<ManifestHeader>(bytes_.data());
    if (header->magic != kManifestMagic) return corrupt("bad magic");
    if (header->checksum != crc32c(0, bytes_of(*header).subspan(4)))
      return corrupt("checksum of the header");
    if (header->version > kManifestVersion)
      return Status(Code::kVersionTooNew,
                    "the data folder has version " + std::to_string(header->version) +
                        ", this is version " + std::to_string(kManifestVersion),
                    path_);
    if (header->file_bytes != bytes_.size())
      return corrupt("is " + std::to_string(bytes_.size()) + " bytes, was " +
                     std::to_string(header->file_bytes));
    if (header->shard_count == 0 || header->shard_count > kMaxShards)
      return corrupt("number of shards");
    return {};
  }

  Status read_record(std::uint32_t ordinal) {
    if (bytes_.size() - at_ < sizeof(ManifestRecord)) return corrupt("record cut short");
    const auto record = load<ManifestRecord>(bytes_.data() + at_);
    const std::uint64_t total = align_up(sizeof record + std::uint64_t{record.bytes}, 8);
    if (total > bytes_.size() - at_) return corrupt("length of a record");
    if (crc32c(0, bytes_.subspan(at_ + 4, total - 4)) != record.checksum)
      return corrupt("checksum of a record");
    if (record.ordinal != ordinal) return corrupt("order of the records");
    ByteReader body(bytes_.subspan(at_ + sizeof record, record.bytes));
    NDTS_TRY(read_body(static_cast<ManifestKind>(record.kind), body));
    if (!body.ok() || body.left() != 0) return corrupt("body of a record");
    at_ += total;
    return {};
  }

  Status read_body(ManifestKind kind, ByteReader& body) {
    switch (kind) {
      case ManifestKind::kShard:
        return read_shard(body);
      case ManifestKind::kSymbol: {
        const auto head = body.read<ManifestSymbol>();
        symbols_->push_back(
            {head.symbol, head.shard, std::string(text_of(body.read_bytes(body.left())))});
        return {};
      }
      case ManifestKind::kSegment:
        return read_old_segment(body);
      case ManifestKind::kSeries:
        return read_segment(body);
      case ManifestKind::kSchema:
        return read_schema(body);
      case ManifestKind::kTableShard:
        return read_table_shard(body);
      case ManifestKind::kSymbolFile:
        return read_symbol_file(body);
      case ManifestKind::kTable:
        manifest_->table = body.read<ManifestTable>();
        return {};
      case ManifestKind::kKeyValue: {
        const auto head = body.read<ManifestKeyValue>();
        manifest_->key_value.last_sequence = head.last_sequence;
        manifest_->key_value.next_number = head.next_number;
        return {};
      }
      case ManifestKind::kSst:
        manifest_->key_value.tables.emplace_back();
        if (!decode_table(body.read_bytes(body.left()), &manifest_->key_value.tables.back()).ok())
          return corrupt("record of a sorted table");
        return {};
      case ManifestKind::kStaging:
        manifest_->staging_path = text_of(body.read_bytes(body.left()));
        return {};
    }
    return corrupt("unknown kind of record");
  }

  Status read_shard(ByteReader& body) {
    const auto head = body.read<ManifestShard>();
    std::vector<ShardProgress>& shards = manifest_->tables[0].shards;
    if (head.shard >= shards.size() || !shards[head.shard].epochs.empty())
      return corrupt("shard of a record");
    manifest_->epochs[head.shard] = head.epoch;
    shards[head.shard].sealed_sequence = head.sealed_sequence;
    read_epochs(body, head.epoch_count, &shards[head.shard]);
    return {};
  }

  Status read_table_shard(ByteReader& body) {
    const auto head = body.read<ManifestTableShard>();
    TableProgress* table = manifest_->find_table(head.table);
    if (table == nullptr || head.shard >= table->shards.size() || head.reserved != 0 ||
        !table->shards[head.shard].epochs.empty())
      return corrupt("shard of a table");
    table->shards[head.shard].sealed_sequence = head.sealed_sequence;
    read_epochs(body, head.epoch_count, &table->shards[head.shard]);
    return {};
  }

  static void read_epochs(ByteReader& body, std::uint32_t count, ShardProgress* shard) {
    for (std::uint32_t index = 0; index < count && body.ok(); index += 1)
      shard->epochs.push_back(body.read<ManifestEpoch>());
  }

  Status read_schema(ByteReader& body) {
    TableProgress table;
    if (!decode_schema(body.read_bytes(body.left()), &table.schema).ok() ||
        manifest_->find_table(table.schema.id) != nullptr)
      return corrupt("schema of a table");
    table.shards.resize(manifest_->epochs.size());
    manifest_->tables.push_back(std::move(table));
    return {};
  }

  Status read_old_segment(ByteReader& body) {
    const auto old = body.read<ManifestSegment>();
    manifest_->segments.push_back({old.number, old.day, old.bytes, old.rows, old.min_time,
                                   old.max_time, old.first_sequence, old.end_sequence, kTickTable,
                                   old.shard, old.trailer_checksum, 1});
    return old.shard < manifest_->epochs.size() ? Status() : corrupt("shard of a segment");
  }

  Status read_segment(ByteReader& body) {
    const auto segment = body.read<SegmentRecord>();
    manifest_->segments.push_back(segment);
    // Files are told apart by their numbers.
    if (segment.number >= manifest_->next_file || !numbers_.insert(segment.number).second)
      return corrupt("number of a segment");
    return segment.shard < manifest_->epochs.size() &&
                   manifest_->find_table(segment.table) != nullptr
               ? Status()
               : corrupt("table or shard of a segment");
  }

  Status read_symbol_file(ByteReader& body) {
    const auto file = body.read<ManifestSymbolFile>();
    if (file.first_ordinal != manifest_->symbols() || file.reserved != 0)
      return corrupt("order of the symbol files");
    manifest_->symbol_files.push_back(file);
    return {};
  }

  const std::string& path_;
  const Bytes bytes_;
  Manifest* const manifest_;
  std::vector<SymbolInfo>* const symbols_;
  std::uint64_t at_ = 0;
  std::unordered_set<std::uint64_t> numbers_;  // of segments
};

void put_epochs(RecordWriter& writer, const ShardProgress& shard) {
  for (const ManifestEpoch& epoch : shard.epochs) writer.put(bytes_of(epoch));
}

void put_tables(RecordWriter& writer, const Manifest& manifest) {
  for (std::uint32_t index = 0; index < manifest.shard_count(); index += 1) {
    const ShardProgress& shard = manifest.tables[0].shards[index];
    writer.begin(ManifestKind::kShard);
    writer.put(bytes_of(ManifestShard{index, static_cast<std::uint32_t>(shard.epochs.size()),
                                      shard.sealed_sequence, manifest.epochs[index]}));
    put_epochs(writer, shard);
    writer.end();
  }
  for (std::size_t at = 1; at < manifest.tables.size(); at += 1) {
    const TableProgress& table = manifest.tables[at];
    writer.begin(ManifestKind::kSchema);
    writer.put(encode_schema(table.schema));
    writer.end();
    for (std::uint32_t index = 0; index < manifest.shard_count(); index += 1) {
      const ShardProgress& shard = table.shards[index];
      if (shard.epochs.empty()) continue;
      writer.begin(ManifestKind::kTableShard);
      writer.put(bytes_of(ManifestTableShard{table.schema.id, index, shard.sealed_sequence,
                                             static_cast<std::uint32_t>(shard.epochs.size()),
                                             0}));
      put_epochs(writer, shard);
      writer.end();
    }
  }
}

void put_key_value(RecordWriter& writer, const Manifest& manifest) {
  if (manifest.table.has_value()) {
    writer.begin(ManifestKind::kTable);
    writer.put(bytes_of(*manifest.table));
    writer.end();
  }
  if (manifest.key_value.next_number > 1) {
    writer.begin(ManifestKind::kKeyValue);
    writer.put(bytes_of(ManifestKeyValue{manifest.key_value.last_sequence,
                                         manifest.key_value.next_number}));
    writer.end();
  }
  for (const SstInfo& table : manifest.key_value.tables) {
    writer.begin(ManifestKind::kSst);
    writer.put(encode_table(table));
    writer.end();
  }
}

}  // namespace

Manifest Manifest::empty(std::uint32_t shard_count) {
  Manifest manifest;
  manifest.epochs.resize(shard_count);
  manifest.tables = {{tick_schema(), {}}};
  manifest.tables[0].shards.resize(shard_count, {0, {{0, 0}}});
  return manifest;
}

TableProgress* Manifest::find_table(std::uint32_t id) {
  for (TableProgress& table : tables)
    if (table.schema.id == id) return &table;
  return nullptr;
}

std::string manifest_path(const std::string& dir) { return dir + "/MANIFEST"; }
std::string tables_dir(const std::string& dir) { return dir + "/tables"; }
std::string segment_path(const std::string& dir, const SegmentRecord& segment) {
  const char* name = segment.version == 1 ? "/ticks_" : "/series_";
  return tables_dir(dir) + name + padded(segment.number) + ".segment";
}
std::string table_path(const std::string& dir, std::uint64_t position) {
  return tables_dir(dir) + "/kv_" + padded(position) + ".table";
}
std::string symbol_file_path(const std::string& dir, std::uint64_t number) {
  return tables_dir(dir) + "/symbols_" + padded(number) + ".dict";
}

std::vector<std::string> listed_files(const std::string& dir, const Manifest& manifest) {
  std::vector<std::string> paths;
  for (const SegmentRecord& segment : manifest.segments)
    paths.push_back(segment_path(dir, segment));
  for (const ManifestSymbolFile& file : manifest.symbol_files)
    paths.push_back(symbol_file_path(dir, file.number));
  for (const SstInfo& table : manifest.key_value.tables)
    paths.push_back(sst_path(tables_dir(dir), table.number));
  if (manifest.table.has_value()) paths.push_back(table_path(dir, manifest.table->position));
  return paths;
}

Status write_manifest(FileSystem& files, const std::string& dir, const Manifest& manifest) {
  RecordWriter writer;
  put_tables(writer, manifest);
  for (const ManifestSymbolFile& file : manifest.symbol_files) {
    writer.begin(ManifestKind::kSymbolFile);
    writer.put(bytes_of(file));
    writer.end();
  }
  for (const SegmentRecord& segment : manifest.segments) {
    writer.begin(ManifestKind::kSeries);
    writer.put(bytes_of(segment));
    writer.end();
  }
  put_key_value(writer, manifest);
  writer.begin(ManifestKind::kStaging);
  writer.put(bytes_of_text(manifest.staging_path));
  writer.end();
  return files.replace(manifest_path(dir), writer.finish(manifest));
}

Status read_manifest(FileSystem& files, const std::string& path, Manifest* manifest,
                     std::vector<SymbolInfo>* old_symbols) {
  std::vector<std::byte> content;
  NDTS_TRY(files.read_file(path, &content));
  return RecordReader(path, content, manifest, old_symbols).run();
}

}  // namespace ndts
