// See version.h.
#include "kv/version.h"

#include <algorithm>

namespace ndts {

void apply_edit(const KeyValueEdit& edit, KeyValueManifest* manifest) {
  std::erase_if(manifest->tables, [&edit](const SstInfo& table) {
    return std::find(edit.removed.begin(), edit.removed.end(), table.number) !=
           edit.removed.end();
  });
  manifest->tables.insert(manifest->tables.end(), edit.added.begin(), edit.added.end());
  manifest->position = std::max(manifest->position, edit.position);
  manifest->last_sequence = std::max(manifest->last_sequence, edit.last_sequence);
  manifest->next_number = std::max(manifest->next_number, edit.next_number);
}

std::vector<std::byte> encode_table(const SstInfo& table) {
  SstRecord record{};
  record.number = table.number;
  record.bytes = table.bytes;
  record.entries = table.entries;
  record.deletes = table.deletes;
  record.first_sequence = table.first_sequence;
  record.last_sequence = table.last_sequence;
  record.hidden_bytes = table.hidden_bytes;
  record.level = table.level;
  record.header_checksum = table.header_checksum;
  record.min_key_bytes = static_cast<std::uint32_t>(table.min_key.size());
  record.max_key_bytes = static_cast<std::uint32_t>(table.max_key.size());
  std::vector<std::byte> bytes;
  for (const Bytes part :
       {bytes_of(record), bytes_of_text(table.min_key), bytes_of_text(table.max_key)})
    bytes.insert(bytes.end(), part.begin(), part.end());
  return bytes;
}

Status decode_table(Bytes bytes, SstInfo* table) {
  ByteReader reader(bytes);
  const auto record = reader.read<SstRecord>();
  const Bytes min_key = reader.read_bytes(record.min_key_bytes);
  const Bytes max_key = reader.read_bytes(record.max_key_bytes);
  if (!reader.ok() || reader.left() > 0 || record.level >= kSstLevels || record.number == 0 ||
      record.entries == 0 || text_of(min_key) > text_of(max_key))
    return Status(Code::kCorrupt, "record of a sorted table");
  *table = {record.number,        record.bytes,         record.entries,
            record.deletes,       record.first_sequence, record.last_sequence,
            record.hidden_bytes,  record.level,         record.header_checksum,
            std::string(text_of(min_key)), std::string(text_of(max_key))};
  return {};
}

Status sort_levels(SstLevels* levels) {
  std::sort((*levels)[0].begin(), (*levels)[0].end(), [](const auto& a, const auto& b) {
    return a->info().last_sequence > b->info().last_sequence;
  });
  for (std::size_t at = 1; at < levels->size(); at += 1) {
    SstLevel& level = (*levels)[at];
    std::sort(level.begin(), level.end(),
              [](const auto& a, const auto& b) { return a->min_key() < b->min_key(); });
    for (std::size_t table = 1; table < level.size(); table += 1)
      if (level[table]->min_key() <= level[table - 1]->max_key())
        return Status(Code::kCorrupt,
                      "two sorted tables of level " + std::to_string(at) + " share keys",
                      level[table]->path());
  }
  return {};
}

std::span<const std::shared_ptr<SstFile>> overlapping(const SstLevel& level, std::string_view min,
                                                      std::string_view max) {
  const auto from = std::lower_bound(
      level.begin(), level.end(), min,
      [](const auto& table, std::string_view key) { return table->max_key() < key; });
  auto to = from;
  while (to != level.end() && (*to)->min_key() <= max) ++to;
  return {from, to};
}

}  // namespace ndts
