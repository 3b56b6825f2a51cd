// See symbol_files.h.
#include "db/symbol_files.h"

#include "base/crc32c.h"

namespace ndts {

namespace {

constexpr std::uint32_t kSymbolVersion = 1;

void append(std::vector<std::byte>* to, Bytes part) {
  to->insert(to->end(), part.begin(), part.end());
}

void put_symbol(const SymbolInfo& symbol, std::vector<std::byte>* to) {
  append(to, bytes_of(ManifestSymbol{symbol.id, symbol.shard}));
  append(to, bytes_of(static_cast<std::uint32_t>(symbol.name.size())));
  append(to, bytes_of_text(symbol.name));
}

Status write_file(FileSystem& files, const std::string& path, Bytes content) {
  // What a crash left under this number was never listed.
  if (files.exists(path)) NDTS_TRY(files.remove(path));
  std::unique_ptr<File> file;
  NDTS_TRY(files.open(path, OpenMode::kCreate, &file));
  NDTS_TRY(file->write(0, content));
  return file->sync();
}

}  // namespace

Status write_symbols(FileSystem& files, const std::string& dir,
                     std::span<const SymbolInfo* const> fresh, Manifest* next,
                     std::vector<std::string>* obsolete) {
  if (fresh.empty()) return {};
  SymbolFileHeader header{};
  header.version = kSymbolVersion;
  header.magic = kSymbolMagic;
  header.first_ordinal = next->symbols();
  header.count = fresh.size();
  header.number = next->next_file;
  std::vector<std::byte> content(sizeof header);
  if (next->symbol_files.size() >= kSymbolFilesMax) {
    for (const ManifestSymbolFile& record : next->symbol_files) {
      const std::string path = symbol_file_path(dir, record.number);
      std::vector<SymbolInfo> old;
      NDTS_TRY(read_symbols(files, path, record, &old));
      for (const SymbolInfo& symbol : old) put_symbol(symbol, &content);
      obsolete->push_back(path);
    }
    header.count += header.first_ordinal;
    header.first_ordinal = 0;
  }
  for (const SymbolInfo* symbol : fresh) put_symbol(*symbol, &content);
  header.file_bytes = content.size();
  store(content.data(), header);
  header.checksum = crc32c(0, Bytes(content).subspan(sizeof header.checksum));
  store(content.data(), header);
  const std::string path = symbol_file_path(dir, header.number);
  if (const Status status = write_file(files, path, content); !status.ok()) {
    static_cast<void>(files.remove(path));
    obsolete->clear();
    return status;
  }
  next->next_file += 1;
  if (header.first_ordinal == 0) next->symbol_files.clear();
  next->symbol_files.push_back({header.number, header.file_bytes, header.first_ordinal,
                                header.count, header.checksum, 0});
  return {};
}

Status read_symbols(FileSystem& files, const std::string& path, const ManifestSymbolFile& record,
                    std::vector<SymbolInfo>* symbols) {
  const auto corrupt = [&path](const std::string& what, std::uint64_t offset) {
    return Status(Code::kCorrupt, "symbol file: " + what, path, offset);
  };
  std::vector<std::byte> content;
  NDTS_TRY(files.read_file(path, &content));
  if (content.size() < sizeof(SymbolFileHeader)) return corrupt("cut short", content.size());
  const auto header = load<SymbolFileHeader>(content.data());
  if (header.magic != kSymbolMagic) return corrupt("bad magic", 8);
  if (header.checksum != crc32c(0, Bytes(content).subspan(sizeof header.checksum)))
    return corrupt("checksum", 0);
  if (header.version > kSymbolVersion)
    return Status(Code::kVersionTooNew,
                  "symbol file version " + std::to_string(header.version) +
                      ", this is version " + std::to_string(kSymbolVersion),
                  path);
  if (header.number != record.number || header.file_bytes != record.bytes ||
      header.first_ordinal != record.first_ordinal || header.count != record.count ||
      header.checksum != record.checksum || header.file_bytes != content.size() ||
      !all_zero(bytes_of(header.reserved)))
    return corrupt("it is not the file that the manifest lists", 0);
  ByteReader reader(Bytes(content).subspan(sizeof header));
  for (std::uint64_t index = 0; index < header.count && reader.ok(); index += 1) {
    const auto head = reader.read<ManifestSymbol>();
    const auto bytes = reader.read<std::uint32_t>();
    symbols->push_back({head.symbol, head.shard, std::string(text_of(reader.read_bytes(bytes)))});
  }
  if (!reader.ok() || reader.left() != 0) return corrupt("symbols", sizeof header + reader.at());
  return {};
}

}  // namespace ndts
