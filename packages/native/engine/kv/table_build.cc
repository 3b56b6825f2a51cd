// See table_build.h.
#include "kv/table_build.h"

#include "base/crash_point.h"
#include "kv/bloom_filter.h"

namespace ndts {

namespace {

// One key in this many is looked up in older tables; by hash, so that the choice is always the
// same, and by bits that choose no line of a filter.
constexpr std::uint64_t kSample = 16;

}  // namespace

TableBuild::TableBuild(TableBuildOptions options, std::unique_ptr<Cursor> source)
    : options_(std::move(options)), source_(std::move(source)) {}

std::uint64_t TableBuild::hidden_by(const KeyValueEntry& entry, std::uint64_t hash) const {
  std::uint64_t hidden = entry.deleted ? entry.key.size() + 4 : 0;
  if (hash % kSample != 0 || options_.older == nullptr) return hidden;
  for (std::uint32_t level = options_.older_level; level < kSstLevels; level += 1) {
    const SstLevel& tables = (*options_.older)[level];
    const std::span<const std::shared_ptr<SstFile>> near =
        level == 0 ? std::span<const std::shared_ptr<SstFile>>(tables)
                   : overlapping(tables, entry.key, entry.key);
    for (const std::shared_ptr<SstFile>& table : near) {
      if (table->min_key() > entry.key || table->max_key() < entry.key) continue;
      if (!table->may_contain(hash)) continue;
      return hidden + kSample * (table->info().bytes / table->info().entries);
    }
  }
  return hidden;
}

Status TableBuild::add(const KeyValueEntry& entry) {
  if (writer_ == nullptr) {
    number_ = options_.next_number();
    hidden_bytes_ = 0;
    writer_ = std::make_unique<SstWriter>(*options_.files, options_.dir, number_,
                                          options_.block_bytes);
    made_.push_back(number_);
    NDTS_TRY(writer_->create());
  }
  const std::uint64_t hash = hash_key(entry.key);
  hidden_bytes_ += hidden_by(entry, hash);
  NDTS_TRY(writer_->add(entry, hash));
  if (options_.table_bytes > 0 && writer_->bytes() >= options_.table_bytes) return end_table();
  return {};
}

Status TableBuild::end_table() {
  if (writer_ == nullptr) return {};
  SstInfo info;
  NDTS_TRY(writer_->finish(options_.first_sequence, options_.last_sequence, &info));
  writer_.reset();
  info.level = options_.level;
  info.hidden_bytes = hidden_bytes_;
  bytes_written_ += info.bytes;
  std::shared_ptr<SstFile> table;
  NDTS_TRY(SstFile::open(*options_.files, options_.dir, info, &table));
  tables_.push_back(std::move(table));
  crash_point("kv.table_written");
  return {};
}

Status TableBuild::step(std::uint64_t budget, std::uint64_t* bytes) {
  *bytes = 0;
  while (source_->valid() && *bytes < budget) {
    const KeyValueEntry entry = source_->entry();
    *bytes += entry.key.size() + entry.value.size() + 4;
    if (!entry.deleted || !options_.drop_deletes) NDTS_TRY(add(entry));
    source_->next();
  }
  NDTS_TRY(source_->status());
  if (source_->valid()) return {};
  NDTS_TRY(end_table());
  ended_ = true;
  return {};
}

void TableBuild::abandon() {
  writer_.reset();
  tables_.clear();
  // Best effort: the next open removes what no manifest lists.
  for (const std::uint64_t number : made_)
    static_cast<void>(options_.files->remove(sst_path(options_.dir, number)));
  made_.clear();
}

}  // namespace ndts
