// See key_value_file.h.
#include "table/key_value_file.h"

#include "base/crc32c.h"

namespace ndts {

namespace {

constexpr std::size_t kWriteBytes = 1u << 20;

void append_entry(std::vector<std::byte>& to, std::string_view key, Bytes value) {
  TableEntry entry{};
  entry.key_bytes = static_cast<std::uint32_t>(key.size());
  entry.value_bytes = static_cast<std::uint32_t>(value.size());
  const std::size_t start = to.size();
  for (const Bytes part : {bytes_of(entry), bytes_of_text(key), value})
    to.insert(to.end(), part.begin(), part.end());
  to.resize(start + align_up(to.size() - start, 8));
  const std::uint32_t checksum = crc32c(0, Bytes(to).subspan(start + 4));
  store(to.data() + start, checksum);
}

Status corrupt(const std::string& path, const std::string& what, std::uint64_t offset) {
  return Status(Code::kCorrupt, "key-value table: " + what, path, offset);
}

Status check_header(const std::string& path, Bytes bytes, const ManifestTable* expected,
                    TableHeader* header) {
  if (bytes.size() < sizeof *header) return corrupt(path, "cut short", bytes.size());
  *header = load<TableHeader>(bytes.data());
  if (header->magic != kTableMagic) return corrupt(path, "bad magic", 8);
  if (header->checksum != crc32c(0, bytes_of(*header).subspan(4)))
    return corrupt(path, "checksum of the header", 0);
  if (header->version > kTableVersion)
    return Status(Code::kVersionTooNew,
                  "key-value table version " + std::to_string(header->version) +
                      ", this is version " + std::to_string(kTableVersion),
                  path);
  if (header->file_bytes != bytes.size() || !all_zero(bytes_of(header->reserved)))
    return corrupt(path, "length of the file", offsetof(TableHeader, file_bytes));
  if (expected != nullptr && (expected->position != header->position ||
                              expected->bytes != header->file_bytes ||
                              expected->entries != header->entries))
    return corrupt(path, "it is not the file that the manifest lists", 0);
  return {};
}

}  // namespace

Status write_table(FileSystem& files, const std::string& path, std::uint64_t position,
                   const KeyValueTable::Base& entries, ManifestTable* record) {
  std::unique_ptr<File> file;
  NDTS_TRY(files.open(path, OpenMode::kCreate, &file));
  std::vector<std::byte> buffer;
  std::uint64_t offset = sizeof(TableHeader);
  for (const auto& [key, value] : entries) {
    append_entry(buffer, key, value);
    if (buffer.size() < kWriteBytes) continue;
    NDTS_TRY(file->write(offset, buffer));
    offset += buffer.size();
    buffer.clear();
  }
  if (!buffer.empty()) NDTS_TRY(file->write(offset, buffer));
  offset += buffer.size();
  TableHeader header{};
  header.version = kTableVersion;
  header.magic = kTableMagic;
  header.position = position;
  header.entries = entries.size();
  header.file_bytes = offset;
  header.checksum = crc32c(0, bytes_of(header).subspan(4));
  NDTS_TRY(file->write(0, bytes_of(header)));
  NDTS_TRY(file->sync());
  *record = {position, offset, entries.size()};
  return {};
}

namespace {

Status read_entries(Bytes bytes, const std::string& path, const ManifestTable* expected,
                    const KeyValueTable::Visit& visit) {
  TableHeader header{};
  NDTS_TRY(check_header(path, bytes, expected, &header));
  std::uint64_t offset = sizeof header;
  std::uint64_t count = 0;
  std::string_view before;
  while (offset < bytes.size()) {
    if (bytes.size() - offset < sizeof(TableEntry)) return corrupt(path, "entry", offset);
    const auto entry = load<TableEntry>(bytes.data() + offset);
    const std::uint64_t body = std::uint64_t{entry.key_bytes} + entry.value_bytes;
    const std::uint64_t total = align_up(sizeof entry + body, 8);
    if (total > bytes.size() - offset) return corrupt(path, "length of an entry", offset);
    if (crc32c(0, bytes.subspan(offset + 4, total - 4)) != entry.checksum)
      return corrupt(path, "checksum of an entry", offset);
    const std::string_view key = text_of(bytes.subspan(offset + sizeof entry, entry.key_bytes));
    if (entry.reserved != 0 || (count > 0 && key <= before))
      return corrupt(path, "order of the entries", offset);
    visit(key, bytes.subspan(offset + sizeof entry + entry.key_bytes, entry.value_bytes));
    before = key;
    offset += total;
    count += 1;
  }
  if (count != header.entries) return corrupt(path, "number of entries", offset);
  return {};
}

}  // namespace

Status read_table(FileSystem& files, const std::string& path, const ManifestTable* expected,
                  const KeyValueTable::Visit& visit) {
  std::unique_ptr<File> file;
  std::unique_ptr<Mapping> mapping;
  NDTS_TRY(files.open(path, OpenMode::kRead, &file));
  NDTS_TRY(file->map(&mapping));
  return mapping->outcome(read_entries(mapping->bytes(), path, expected, visit), path);
}

}  // namespace ndts
