// See repair_files.h.
#include "db/repair_files.h"

#include <algorithm>
#include <set>

#include "kv/bloom_filter.h"
#include "table/segment_writer.h"

namespace ndts {

namespace {

constexpr std::uint32_t kTableBlockBytes = 4096;

// Damage, as opposed to a file system that does not do its work.
bool is_damage(const Status& status) {
  return status.code() == Code::kCorrupt || status.code() == Code::kNotFound;
}

void take_status(const Status& status, const std::string& path, RepairFinding* finding) {
  finding->file = path;
  finding->offset = status.offset();
  finding->code = status.code();
  finding->what = status.code() == Code::kNotFound ? "the file is missing" : status.message();
}

bool any(const std::vector<bool>& bad, bool value) {
  return std::find(bad.begin(), bad.end(), value) != bad.end();
}

// Says it of the first block, and of how many.
void describe_blocks(const Status& first, std::size_t count, const std::string& path,
                     RepairFinding* finding) {
  take_status(first, path, finding);
  if (count > 1) finding->what += ", and " + std::to_string(count - 1) + " more bad blocks";
}

void note_time(std::int64_t from, std::int64_t to, bool first, RepairFinding* finding) {
  finding->from_time = first ? from : std::min(finding->from_time, from);
  finding->to_time = first ? to : std::max(finding->to_time, to);
}

// Nothing of it can be read: what the manifest says about it is all there is to say.
void lose_segment(const Status& status, const std::string& path, const SegmentRecord* record,
                  SegmentCheck* check) {
  check->damaged = true;
  check->reader.reset();
  take_status(status, path, &check->finding);
  check->finding.lost_unknown = record == nullptr;
  if (record == nullptr) return;
  check->finding.shard = record->shard;
  check->finding.lost.rows = record->rows;
  note_time(record->min_time, record->max_time, true, &check->finding);
}

// The rows of the bad blocks.
void count_lost(const SegmentReader& reader, SegmentCheck* check) {
  RepairFinding& finding = check->finding;
  finding.shard = reader.record().shard;
  std::set<std::uint32_t> symbols;
  for (const SegmentRun& run : reader.runs()) {
    if (!check->bad[run.block]) {
      finding.saved.rows += run.rows;
      continue;
    }
    note_time(run.min_time, run.max_time, finding.lost.rows == 0, &finding);
    finding.lost.rows += run.rows;
    symbols.insert(run.symbol);
  }
  for (const SegmentName& name : reader.names())
    if (symbols.contains(name.symbol) && finding.symbols.size() < kRepairSymbols)
      finding.symbols.emplace_back(reader.name(name));
}

std::string_view name_of(const SegmentReader& reader, std::uint32_t symbol) {
  const std::span<const SegmentName> names = reader.names();
  const auto found = std::lower_bound(
      names.begin(), names.end(), symbol,
      [](const SegmentName& name, std::uint32_t wanted) { return name.symbol < wanted; });
  return reader.name(*found);
}

// The good rows of the symbol whose runs these are.
Status save_symbol(const SegmentCheck& check, std::span<const SegmentRun> runs, BlockRows* rows,
                   std::size_t* loaded, SegmentWriter* writer) {
  const SegmentReader& reader = *check.reader;
  std::uint64_t count = 0;
  for (const SegmentRun& run : runs)
    if (!check.bad[run.block]) count += run.rows;
  if (count == 0) return {};
  NDTS_TRY(writer->begin_symbol(runs.front().symbol, name_of(reader, runs.front().symbol), count));
  for (const SegmentRun& run : runs) {
    if (check.bad[run.block]) continue;
    if (*loaded != run.block) NDTS_TRY(rows->read(reader, run.block));
    *loaded = run.block;
    NDTS_TRY(writer->add(rows->view(run.first_row, run.rows)));
    NDTS_TRY(reader.status());
  }
  return {};
}

}  // namespace

bool SegmentCheck::any_good() const { return reader != nullptr && any(bad, false); }

Status check_segment(FileSystem& files, const std::string& path, const SegmentRecord* record,
                     const TableSchema* schema, const std::string& table, SegmentCheck* check) {
  check->finding.table = table;
  std::shared_ptr<const SegmentReader> reader;
  Status status = SegmentReader::open(files, path, record, &reader);
  if (status.ok() && schema != nullptr && reader->schema().columns != schema->columns)
    status = Status(Code::kCorrupt, "the columns are not those of its table", path);
  if (is_damage(status)) {
    lose_segment(status, path, record, check);
    return {};
  }
  NDTS_TRY(status);
  BlockRows rows(reader->schema());
  Status first;
  std::size_t count = 0;
  for (std::size_t block = 0; block < reader->blocks().size(); block += 1) {
    const Status read = rows.read(*reader, block);
    if (!read.ok() && !is_damage(read)) return read;
    check->bad.push_back(!read.ok());
    if (read.ok()) continue;
    if (first.ok()) first = read;
    count += 1;
  }
  check->reader = std::move(reader);
  check->damaged = count > 0;
  if (!check->damaged) return {};
  describe_blocks(first, count, path, &check->finding);
  count_lost(*check->reader, check);
  return {};
}

Status save_segment(FileSystem& files, const std::string& dir, std::uint64_t number,
                    const SegmentCheck& check, SegmentRecord* record) {
  const SegmentReader& reader = *check.reader;
  record->number = number;
  record->version = kSegmentVersion;
  const std::string path = segment_path(dir, *record);
  // What a repair that was cut off left under this number was never listed.
  if (files.exists(path)) NDTS_TRY(files.remove(path));
  SegmentWriter writer(files, path, number, reader.schema(), reader.record().shard,
                       reader.record().day);
  NDTS_TRY(writer.create());
  BlockRows rows(reader.schema());
  std::size_t loaded = reader.blocks().size();
  const std::span<const SegmentRun> runs = reader.runs();
  for (std::size_t at = 0; at < runs.size();) {
    const std::size_t first = at;
    while (at < runs.size() && runs[at].symbol == runs[first].symbol) at += 1;
    NDTS_TRY(save_symbol(check, runs.subspan(first, at - first), &rows, &loaded, &writer));
  }
  NDTS_TRY(writer.finish(record));
  std::shared_ptr<const SegmentReader> written;
  return SegmentReader::open(files, path, record, &written);
}

bool TableCheck::any_good() const { return file != nullptr && any(bad, false); }

Status check_sorted_table(FileSystem& files, const std::string& path, const SstInfo* info,
                          TableCheck* check) {
  std::shared_ptr<SstFile> file;
  const Status status = info == nullptr
                            ? SstFile::open_unlisted(files, path, &file)
                            : SstFile::open(files, parent_folder(path), *info, &file);
  RepairFinding& finding = check->finding;
  if (is_damage(status)) {
    check->damaged = true;
    take_status(status, path, &finding);
    finding.lost_unknown = info == nullptr;
    if (info == nullptr) return {};
    finding.lost.keys = info->entries;
    finding.from_key = info->min_key;
    finding.to_key = info->max_key;
    return {};
  }
  NDTS_TRY(status);
  Status first;
  std::size_t count = 0;
  for (std::uint32_t block = 0; block < file->block_count(); block += 1) {
    std::uint64_t keys = 0;
    const Status read = file->visit_block(block, [&keys](const KeyValueEntry&) { keys += 1; });
    if (!read.ok() && !is_damage(read)) return read;
    check->bad.push_back(!read.ok());
    finding.saved.keys += keys;
    if (read.ok()) continue;
    if (first.ok()) {
      first = read;
      finding.from_key = block == 0 ? file->min_key() : file->last_key(block - 1);
    }
    finding.to_key = file->last_key(block);
    count += 1;
  }
  check->file = std::move(file);
  check->damaged = count > 0;
  if (!check->damaged) return {};
  describe_blocks(first, count, path, &finding);
  const std::uint64_t entries = check->file->info().entries;
  finding.lost.keys = entries - std::min(entries, finding.saved.keys);
  return {};
}

Status save_sorted_table(FileSystem& files, const std::string& dir, std::uint64_t number,
                         const TableCheck& check, SstInfo* info) {
  const SstInfo old = check.file->info();
  SstWriter writer(files, tables_dir(dir), number, kTableBlockBytes);
  NDTS_TRY(writer.create());
  for (std::uint32_t block = 0; block < check.file->block_count(); block += 1) {
    if (check.bad[block]) continue;
    Status added;
    NDTS_TRY(check.file->visit_block(block, [&](const KeyValueEntry& entry) {
      if (added.ok()) added = writer.add(entry, hash_key(entry.key));
    }));
    NDTS_TRY(added);
  }
  NDTS_TRY(check.file->status());
  NDTS_TRY(writer.finish(old.first_sequence, old.last_sequence, info));
  info->level = old.level;
  info->hidden_bytes = old.hidden_bytes;
  std::shared_ptr<SstFile> written;
  return SstFile::open(files, tables_dir(dir), *info, &written);
}

}  // namespace ndts
