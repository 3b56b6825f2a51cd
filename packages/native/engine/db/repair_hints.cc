// See repair_hints.h.
#include "db/repair_hints.h"

#include <algorithm>

#include "base/crc32c.h"
#include "db/snapshot_folder.h"

namespace ndts {

namespace {

class HintReader {
 public:
  HintReader(Bytes bytes, ManifestHints* hints) : bytes_(bytes), hints_(*hints) {}

  void run() {
    read_header();
    std::uint32_t expected = 0;
    bool gap = false;
    std::size_t at = sizeof(ManifestHeader);
    while (at < bytes_.size()) {
      ManifestRecord record{};
      const std::size_t bytes = record_at(at, &record);
      // Behind a damaged one the next is looked for: records begin at multiples of 8.
      gap = gap || bytes == 0 || record.ordinal != expected;
      if (bytes == 0) {
        at += 8;
        continue;
      }
      read_body(record, bytes_.subspan(at + sizeof record, record.bytes));
      expected = record.ordinal + 1;
      at += bytes;
    }
    // The last record is that of the staging path.
    hints_.complete = !gap && expected > 0 && last_is_staging_;
  }

 private:
  void read_header() {
    if (bytes_.size() < sizeof(ManifestHeader)) return;
    const auto header = load<ManifestHeader>(bytes_.data());
    if (header.magic != kManifestMagic ||
        header.checksum != crc32c(0, bytes_of(header).subspan(4)))
      return;
    hints_.header = header;
    hints_.shard_count = header.shard_count;
  }

  // Bytes of the whole record that stands there; 0 when none does.
  std::size_t record_at(std::size_t at, ManifestRecord* record) const {
    if (bytes_.size() - at < sizeof *record) return 0;
    *record = load<ManifestRecord>(bytes_.data() + at);
    const std::uint64_t total = align_up(sizeof *record + std::uint64_t{record->bytes}, 8);
    if (total > bytes_.size() - at) return 0;
    const bool whole = crc32c(0, bytes_.subspan(at + 4, total - 4)) == record->checksum;
    return whole ? static_cast<std::size_t>(total) : 0;
  }

  void read_body(const ManifestRecord& record, Bytes bytes) {
    ByteReader body(bytes);
    const auto kind = static_cast<ManifestKind>(record.kind);
    last_is_staging_ = kind == ManifestKind::kStaging;
    if (kind == ManifestKind::kShard) return read_shard(body);
    if (kind == ManifestKind::kTableShard) {
      const auto head = body.read<ManifestTableShard>();
      if (body.ok()) hints_.sealed[{head.table, head.shard}] = head.sealed_sequence;
    }
    if (kind == ManifestKind::kStaging) hints_.staging_path = text_of(bytes);
    if (kind == ManifestKind::kSeries) hints_.segments.insert(body.read<SegmentRecord>().number);
    if (kind == ManifestKind::kSegment)
      hints_.segments.insert(body.read<ManifestSegment>().number);
    if (kind == ManifestKind::kSymbol) {
      const auto head = body.read<ManifestSymbol>();
      hints_.symbols.push_back(
          {head.symbol, head.shard, std::string(text_of(body.read_bytes(body.left())))});
    }
    TableSchema schema;
    if (kind == ManifestKind::kSchema && decode_schema(bytes, &schema).ok())
      hints_.schemas.push_back(std::move(schema));
    SstInfo table;
    if (kind == ManifestKind::kSst && decode_table(bytes, &table).ok())
      hints_.sorted_tables[table.number] = table;
  }

  void read_shard(ByteReader& body) {
    const auto head = body.read<ManifestShard>();
    std::vector<ManifestEpoch> epochs;
    for (std::uint32_t index = 0; index < head.epoch_count && body.ok(); index += 1)
      epochs.push_back(body.read<ManifestEpoch>());
    if (!body.ok()) return;
    hints_.sealed[{kTickTable, head.shard}] = head.sealed_sequence;
    hints_.epochs[head.shard] = head.epoch;
    hints_.tick_epochs[head.shard] = std::move(epochs);
  }

  const Bytes bytes_;
  ManifestHints& hints_;
  bool last_is_staging_ = false;
};

Status read_snapshot_hints(FileSystem& files, const std::string& dir, ManifestHints* hints) {
  std::vector<SnapshotInfo> snapshots;
  NDTS_TRY(list_snapshots(files, dir, &snapshots));
  for (; !snapshots.empty(); snapshots.pop_back()) {
    Manifest manifest;
    std::vector<SymbolInfo> symbols;
    const std::string folder = snapshot_folder(dir, snapshots.back().name);
    if (!read_manifest(files, manifest_path(folder), &manifest, &symbols).ok()) continue;
    hints->snapshot = snapshots.back().name;
    if (hints->shard_count == 0) hints->shard_count = manifest.shard_count();
    for (TableProgress& table : manifest.tables)
      hints->schemas.push_back(std::move(table.schema));
    return {};
  }
  return {};
}

}  // namespace

Status read_manifest_hints(FileSystem& files, const std::string& dir, ManifestHints* hints) {
  std::vector<std::byte> content;
  const Status status = files.read_file(manifest_path(dir), &content);
  if (!status.ok() && status.code() != Code::kNotFound) return status;
  HintReader(content, hints).run();
  // Every shard has a record; where all records are there, so are the shards.
  if (hints->shard_count == 0 && hints->complete)
    hints->shard_count = static_cast<std::uint32_t>(hints->epochs.size());
  return read_snapshot_hints(files, dir, hints);
}

}  // namespace ndts
