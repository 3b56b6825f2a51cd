// Fuzz target of the sorted table: any bytes as a file. They are read or refused, never followed
// out of the file. With an odd first byte the checksums of header and footer are made right, so
// that what is behind them is reached.
#include <cstdlib>

#include "base/crc32c.h"
#include "base/sim_file.h"
#include "kv/bloom_filter.h"
#include "kv/sstable.h"

namespace {

void repair(std::vector<std::byte>* bytes) {
  if (bytes->size() < sizeof(ndts::SstHeader)) return;
  auto header = ndts::load<ndts::SstHeader>(bytes->data());
  header.magic = ndts::kSstMagic;
  header.version = ndts::kSstVersion;
  header.file_bytes = bytes->size();
  if (header.index_offset <= bytes->size())
    header.footer_checksum = ndts::crc32c(
        0, ndts::Bytes(*bytes).subspan(static_cast<std::size_t>(header.index_offset)));
  header.checksum = ndts::crc32c(0, ndts::bytes_of(header).subspan(4));
  ndts::store(bytes->data(), header);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto* from = reinterpret_cast<const std::byte*>(data);
  std::vector<std::byte> bytes(from + 1, from + size);
  if (data[0] % 2 == 1) repair(&bytes);
  ndts::SimFileSystem files(1);
  if (!files.make_directory("f").ok() || !files.replace("f/t", bytes).ok()) std::abort();
  std::shared_ptr<ndts::SstFile> file;
  if (!ndts::SstFile::open_unlisted(files, "f/t", &file).ok()) return 0;
  const auto cursor = file->cursor();
  std::string before;
  bool first = true;
  for (cursor->seek(""); cursor->valid(); cursor->next()) {
    const std::string key(cursor->entry().key);
    if (!first && key <= before) std::abort();
    first = false;
    before = key;
  }
  for (cursor->seek_last(); cursor->valid(); cursor->previous()) before = cursor->entry().key;
  bool found = false;
  ndts::KeyValueEntry entry;
  static_cast<void>(file->get(before, ndts::hash_key(before), &found, &entry));
  return 0;
}
