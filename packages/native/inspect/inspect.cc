// See inspect.h.
#include "inspect.h"

#include "db/joined_entry.h"
#include "db/manifest.h"
#include "db/snapshot_folder.h"
#include "db/symbol_files.h"
#include "format.h"
#include "generated/constants.h"
#include "inspect_segment.h"
#include "kv/sstable.h"
#include "ring/ring_line.h"
#include "ring/ring_memory.h"
#include "table/key_value_file.h"
#include "table/logged_rows.h"
#include "table/segment_writer.h"
#include "wal/wal_reader.h"

namespace ndts {

namespace {

// How often the head of a living ring is read again when a line was caught half-written.
constexpr int kRingReads = 100;

std::string group_text(std::uint32_t table, std::uint32_t shard, std::uint64_t epoch,
                       std::uint64_t sequence, std::uint32_t rows) {
  return "  [table " + std::to_string(table) + " shard " + std::to_string(shard) + " epoch " +
         std::to_string(epoch) + " sequence " + std::to_string(sequence) + " rows " +
         std::to_string(rows);
}

std::string ticks_text(Bytes payload) {
  std::string text;
  std::vector<std::byte> scratch;
  LoggedRowsReader reader(payload, &scratch);
  LoggedRows rows;
  for (bool found = true;;) {
    const Status status = reader.next_ticks(&rows, &found);
    if (!status.ok()) return text + "  " + status.text();
    if (!found) return text;
    text += group_text(kTickTable, rows.shard, rows.epoch, rows.first_sequence, rows.rows) +
            " first " + (rows.rows == 0 ? std::string("-") : time_text(rows.time[0])) + "]";
  }
}

// Without the schema only the first group can be told from the next.
std::string rows_text(Bytes payload) {
  ByteReader reader(payload);
  const auto entry = reader.read<RowsEntry>();
  if (!reader.ok()) return "  cut short";
  return group_text(entry.table, entry.shard, entry.epoch, entry.first_sequence, entry.rows) +
         " ...]";
}

std::string schema_text(Bytes payload) {
  TableSchema schema;
  const Status status = decode_schema(payload, &schema);
  if (!status.ok()) return "  " + status.text();
  return "  [" + std::to_string(schema.id) + " " + quoted(schema.name) + ", " +
         std::to_string(schema.columns.size()) + " columns]";
}

std::string key_value_text(Bytes payload) {
  std::string text;
  ByteReader reader(payload);
  while (reader.ok() && reader.left() > 0) {
    const auto head = reader.read<KeyValueHead>();
    const std::string_view key = text_of(reader.read_bytes(head.key_bytes));
    static_cast<void>(reader.read_bytes(head.value_bytes));
    if (!reader.ok()) return text + "  cut short";
    const bool put = head.kind == static_cast<std::uint32_t>(KeyValueKind::kPut);
    text += put ? "  [put " + quoted(key) + " " + std::to_string(head.value_bytes) + " bytes]"
                : "  [delete " + quoted(key) + "]";
  }
  return text;
}

std::string symbol_text(Bytes payload) {
  ByteReader reader(payload);
  const auto head = reader.read<SymbolEntryHead>();
  return "  [symbol " + std::to_string(head.symbol) + " shard " + std::to_string(head.shard) + " " +
         quoted(text_of(reader.read_bytes(reader.left()))) + "]";
}

std::string joined_text(Bytes payload) {
  JoinedEntry entry;
  if (!read_joined(payload, &entry).ok()) return "  cut short";
  return key_value_text(entry.batch) +
         (entry.kind == LogKind::kTicks ? ticks_text(entry.rows) : rows_text(entry.rows));
}

std::string entry_text(const WalEntry& entry) {
  switch (static_cast<LogKind>(entry.header.kind)) {
    case LogKind::kTicks:
      return "ticks" + ticks_text(entry.payload);
    case LogKind::kKeyValue:
      return "keyValue" + key_value_text(entry.payload);
    case LogKind::kSymbol:
      return "symbol" + symbol_text(entry.payload);
    case LogKind::kTable:
      return "table" + schema_text(entry.payload);
    case LogKind::kRows:
      return "rows" + rows_text(entry.payload);
    case LogKind::kJoined:
      return "joined" + joined_text(entry.payload);
  }
  if (entry.header.kind == kWalSealKind) return "closed";
  return "kind " + std::to_string(entry.header.kind);
}

Status inspect_log(FileSystem& files, const std::string& path, const PrintLine& print) {
  std::unique_ptr<WalReader> reader;
  NDTS_TRY(WalReader::open(files, path, &reader));
  const WalFileHeader& header = reader->header();
  print("log file, version " + std::to_string(header.version));
  print(Fields()
            .add("file", header.file_sequence)
            .add("epoch", header.epoch)
            .add("start position", header.start_position)
            .add("previous end", header.previous_end)
            .add("bytes", header.file_bytes)
            .add("made", time_text(header.wall_time))
            .text());
  WalEntry entry{};
  std::uint64_t count = 0;
  for (; reader->next(&entry); count += 1)
    print("at " + std::to_string(entry.file_offset) + "  position " + std::to_string(entry.end) +
          "  durable " + std::to_string(entry.header.durable) + "  " +
          time_text(entry.header.wall_time) + "  " + entry_text(entry));
  print(std::to_string(count) + " entries");
  const WalTail tail = reader->inspect_tail();
  if (tail.was_durable)
    return Status(Code::kCorrupt, "a later entry says that this place was durable", path,
                  reader->file_offset());
  if (tail.torn_bytes > 0) print("torn tail of " + std::to_string(tail.torn_bytes) + " bytes");
  if (reader->missing_bytes() > 0)
    return Status(Code::kCorrupt,
                  "the file lacks " + std::to_string(reader->missing_bytes()) + " bytes", path,
                  reader->file_offset());
  return {};
}

Status inspect_staging(const std::string& path, Bytes bytes, const PrintLine& print) {
  if (bytes.size() < sizeof(WalStagingHeader))
    return Status(Code::kCorrupt, "staging memory: cut short", path, bytes.size());
  const auto header = load<WalStagingHeader>(bytes.data());
  print("staging memory, version " + std::to_string(header.version));
  print(Fields()
            .add("epoch", header.epoch)
            .add("base position", header.base_position)
            .add("accepted", header.tail)
            .add("durable", header.durable)
            .add("ring bytes", header.ring_bytes)
            .text());
  if (header.checksum != crc32c(0, bytes.subspan(16, 112)))
    return Status(Code::kCorrupt, "staging memory: checksum of the header", path, 12);
  return {};
}

std::string epochs_text(const ShardProgress& shard) {
  std::string text = "  epochs";
  for (const ManifestEpoch& epoch : shard.epochs)
    text.append(" ").append(std::to_string(epoch.epoch)).append("@").append(
        std::to_string(epoch.first_sequence));
  return text;
}

void print_tables(const Manifest& manifest, const PrintLine& print) {
  for (const TableProgress& table : manifest.tables) {
    std::string line = "table " + std::to_string(table.schema.id) + " " + quoted(table.schema.name);
    for (const ColumnSchema& column : table.schema.columns)
      line += "  " + column.name + " " + type_text(column.type) + (column.nullable ? "?" : "");
    print(line);
    for (std::size_t shard = 0; shard < table.shards.size(); shard += 1) {
      if (table.shards[shard].epochs.empty()) continue;
      print(Fields()
                .add("shard", shard)
                .add("epoch", manifest.epochs[shard])
                .add("sealed below", table.shards[shard].sealed_sequence)
                .text() +
            epochs_text(table.shards[shard]));
    }
  }
}

Status inspect_manifest(FileSystem& files, const std::string& path, const PrintLine& print) {
  Manifest manifest;
  std::vector<SymbolInfo> symbols;
  NDTS_TRY(read_manifest(files, path, &manifest, &symbols));
  print("manifest, version " + std::to_string(kManifestVersion));
  print(Fields()
            .add("generation", manifest.generation)
            .add("log position", manifest.wal_position)
            .add("next file", manifest.next_file)
            .add("shards", manifest.shard_count())
            .text());
  print_tables(manifest, print);
  for (const SymbolInfo& symbol : symbols)
    print("symbol " + std::to_string(symbol.id) + " shard " + std::to_string(symbol.shard) + " " +
          quoted(symbol.name));
  for (const ManifestSymbolFile& file : manifest.symbol_files)
    print(Fields()
              .add("symbol file", file.number)
              .add("symbols from", file.first_ordinal)
              .add("count", file.count)
              .add("bytes", file.bytes)
              .text());
  for (const SegmentRecord& segment : manifest.segments)
    print(Fields()
              .add("segment", segment.number)
              .add("table", segment.table)
              .add("shard", segment.shard)
              .add("day", day_text(segment.day))
              .add("rows", segment.rows)
              .add("bytes", segment.bytes)
              .add("sequences from", segment.first_sequence)
              .add("below", segment.end_sequence)
              .text());
  if (manifest.table.has_value())
    print(Fields()
              .add("key-value table", manifest.table->position)
              .add("entries", manifest.table->entries)
              .add("bytes", manifest.table->bytes)
              .text());
  for (const SstInfo& table : manifest.key_value.tables)
    print(Fields()
              .add("sorted table", table.number)
              .add("level", table.level)
              .add("entries", table.entries)
              .add("bytes", table.bytes)
              .add("from", quoted(table.min_key))
              .add("to", quoted(table.max_key))
              .text());
  print("staging " + quoted(manifest.staging_path));
  return {};
}

Status inspect_table(FileSystem& files, const std::string& path, const PrintLine& print) {
  print("key-value table, version " + std::to_string(kTableVersion));
  std::uint64_t count = 0;
  const Status status =
      read_table(files, path, nullptr, [&](std::string_view key, Bytes value) {
        print(quoted(key) + " " + std::to_string(value.size()) + " bytes");
        count += 1;
      });
  print(std::to_string(count) + " entries");
  return status;
}

Status inspect_symbols(FileSystem& files, const std::string& path, Bytes head,
                       const PrintLine& print) {
  const auto header = load<SymbolFileHeader>(head.data());
  std::vector<SymbolInfo> symbols;
  // As it says of itself: there is no manifest to compare with.
  NDTS_TRY(read_symbols(files, path,
                        {header.number, header.file_bytes, header.first_ordinal, header.count,
                         header.checksum, 0},
                        &symbols));
  print("symbol file, version " + std::to_string(header.version));
  print(Fields()
            .add("number", header.number)
            .add("symbols from", header.first_ordinal)
            .add("count", header.count)
            .text());
  for (const SymbolInfo& symbol : symbols)
    print("symbol " + std::to_string(symbol.id) + " shard " + std::to_string(symbol.shard) + " " +
          quoted(symbol.name));
  return {};
}

Status inspect_sorted_table(FileSystem& files, const std::string& path, const PrintLine& print) {
  std::shared_ptr<SstFile> table;
  NDTS_TRY(SstFile::open_unlisted(files, path, &table));
  const SstInfo& info = table->info();
  print("sorted table, version " + std::to_string(kSstVersion));
  print(Fields()
            .add("number", info.number)
            .add("entries", info.entries)
            .add("deletes", info.deletes)
            .add("sequences from", info.first_sequence)
            .add("to", info.last_sequence)
            .text());
  const std::unique_ptr<Cursor> each = table->cursor();
  for (each->seek(""); each->valid(); each->next()) {
    const KeyValueEntry& entry = each->entry();
    const std::string key = quoted(entry.key);
    print(entry.deleted ? key + " deleted"
                        : key + " " + std::to_string(entry.value.size()) + " bytes");
  }
  return each->status();
}

Status inspect_snapshot(FileSystem& files, const std::string& path, const PrintLine& print) {
  SnapshotMark mark{};
  NDTS_TRY(read_snapshot_mark(files, parent_folder(path), &mark));
  print("snapshot, version " + std::to_string(mark.version));
  print(Fields()
            .add("generation", mark.generation)
            .add("taken", time_text(mark.wall_time))
            .add("files", mark.file_count)
            .add("bytes", mark.bytes)
            .text());
  return {};
}

bool line_good(const RingLine& line) {
  return line.check == (line.value ^ line.epoch ^ kRingLineSalt);
}

Status inspect_ring(File& file, const PrintLine& print) {
  RingHeader header{};
  const std::pair<const char*, const RingLine*> lines[] = {
      {"intent", &header.intent},         {"tail", &header.tail},
      {"accepted", &header.accepted},     {"durable", &header.durable},
      {"replicated", &header.replicated}, {"sealed", &header.sealed},
      {"heartbeat", &header.heartbeat}};
  bool good = false;
  for (int read = 0; read < kRingReads && !good; read += 1) {
    NDTS_TRY(file.read_exactly(0, std::as_writable_bytes(std::span(&header, 1))));
    good = true;
    for (const auto& [name, line] : lines) good = good && line_good(*line);
  }
  print("ring, version " + std::to_string(header.version));
  print(Fields()
            .add("record kind", header.record_kind)
            .add("owner", header.shard)
            .add("epoch", header.epoch)
            .add("slots", header.slot_count)
            .add("slot bytes", header.slot_bytes)
            .add("first sequence", header.first_sequence)
            .text());
  for (const auto& [name, line] : lines)
    print(std::string(name) + " " + std::to_string(line->value) +
          (line_good(*line) ? "" : "  bad check word"));
  return good ? Status() : Status(Code::kCorrupt, "ring: check word of a line", file.path());
}

}  // namespace

Status inspect_file(FileSystem& files, const std::string& path, const PrintLine& print) {
  std::unique_ptr<File> file;
  NDTS_TRY(files.open(path, OpenMode::kRead, &file));
  std::byte head[4096]{};
  std::size_t count = 0;
  NDTS_TRY(file->read(0, head, &count));
  const Bytes bytes(head, count);
  const auto first = load<std::uint64_t>(head);
  const auto second = load<std::uint64_t>(head + 8);
  if (first == kStagingMagic) return inspect_staging(path, bytes, print);
  if (first == kRingMagic) return inspect_ring(*file, print);
  if (second == kWalMagic) return inspect_log(files, path, print);
  if (second == kSegmentMagic) return inspect_segment(files, path, print);
  if (second == kManifestMagic) return inspect_manifest(files, path, print);
  if (second == kSstMagic) return inspect_sorted_table(files, path, print);
  if (second == kTableMagic) return inspect_table(files, path, print);
  if (second == kSymbolMagic) return inspect_symbols(files, path, bytes, print);
  if (second == kSnapshotMagic) return inspect_snapshot(files, path, print);
  return Status(Code::kInvalidArgument, "no file of NDTS: unknown magic", path);
}

}  // namespace ndts
