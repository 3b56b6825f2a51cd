// Fuzz target of the manifest, of symbol files and of the bodies of log entries: any bytes. They
// are read or refused. Checksums are made right for half of the inputs, so that what is behind them
// is reached.
#include <cstdlib>

#include "base/crc32c.h"
#include "base/sim_file.h"
#include "db/manifest.h"
#include "db/symbol_files.h"
#include "table/key_value.h"
#include "table/logged_rows.h"

namespace ndts {
namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

// The checksums of header and records of a manifest, as far as lengths can be followed.
void repair(std::vector<std::byte>* bytes) {
  if (bytes->size() < sizeof(ManifestHeader)) return;
  auto header = load<ManifestHeader>(bytes->data());
  header.magic = kManifestMagic;
  header.version = 1 + header.version % kManifestVersion;
  header.file_bytes = bytes->size();
  header.shard_count = 1 + header.shard_count % 4;
  std::uint32_t count = 0;
  for (std::size_t at = sizeof header; bytes->size() - at >= sizeof(ManifestRecord);) {
    auto record = load<ManifestRecord>(bytes->data() + at);
    record.kind = 1 + record.kind % 12;
    record.bytes %= 200;
    record.ordinal = count;
    const std::uint64_t total = align_up(sizeof record + std::uint64_t{record.bytes}, 8);
    if (total > bytes->size() - at) break;
    store(bytes->data() + at, record);
    record.checksum = crc32c(0, Bytes(*bytes).subspan(at + 4, total - 4));
    store(bytes->data() + at, record);
    count += 1;
    at += total;
  }
  header.record_count = count;
  header.checksum = crc32c(0, bytes_of(header).subspan(4));
  store(bytes->data(), header);
}

void read_as_manifest(SimFileSystem& files, std::vector<std::byte> bytes, bool repaired) {
  if (repaired) repair(&bytes);
  check(files.replace("f/MANIFEST", bytes).ok());
  Manifest manifest;
  std::vector<SymbolInfo> symbols;
  if (!read_manifest(files, "f/MANIFEST", &manifest, &symbols).ok()) return;
  // What was read can be written and says the same.
  check(write_manifest(files, "f", manifest).ok());
  Manifest again;
  check(read_manifest(files, "f/MANIFEST", &again, &symbols).ok());
  check(again.tables.size() == manifest.tables.size());
  check(again.segments.size() == manifest.segments.size());
}

void read_as_symbols(SimFileSystem& files, std::vector<std::byte> bytes) {
  ManifestSymbolFile record{};
  if (bytes.size() >= sizeof(SymbolFileHeader)) {
    auto header = load<SymbolFileHeader>(bytes.data());
    header.magic = kSymbolMagic;
    header.version = 1;
    header.file_bytes = bytes.size();
    header.count %= 100;
    for (std::uint8_t& byte : header.reserved) byte = 0;
    store(bytes.data(), header);
    header.checksum = crc32c(0, Bytes(bytes).subspan(4));
    store(bytes.data(), header);
    record = {header.number, header.file_bytes, header.first_ordinal,
              header.count,  header.checksum,   0};
  }
  check(files.replace("f/s", bytes).ok());
  std::vector<SymbolInfo> symbols;
  if (read_symbols(files, "f/s", record, &symbols).ok()) check(symbols.size() == record.count);
}

// Walks every row, so that a sanitizer sees a view that leaves the body.
std::uint64_t sum_of(const TableSchema& schema, const LoggedRows& rows) {
  std::uint64_t sum = 0;
  for (std::uint32_t row = 0; row < rows.rows; row += 1) {
    sum += static_cast<std::uint64_t>(rows.time[row]) + rows.symbol[row];
    for (std::size_t column = 0; column < schema.columns.size(); column += 1) {
      const ValueType type = schema.columns[column].type;
      const std::size_t width = has_heap(type) ? 4 : value_bytes(type);
      sum += static_cast<std::uint64_t>(rows.values[column][width * row + width - 1]);
      if (rows.nulls[column] != nullptr) sum += rows.nulls[column][row];
    }
  }
  for (const std::byte byte : rows.heap) sum += static_cast<std::uint64_t>(byte);
  return sum;
}

void read_as_bodies(Bytes bytes) {
  static const TableSchema schema{7,
                                  "t",
                                  {{"a", ValueType::kI64, true},
                                   {"b", ValueType::kText, false},
                                   {"c", ValueType::kBool, true}}};
  std::vector<std::byte> scratch;
  LoggedRows rows;
  bool found = true;
  for (LoggedRowsReader reader(bytes, &scratch); found;)
    if (!reader.next_ticks(&rows, &found).ok()) break;
    else if (found) static_cast<void>(sum_of(tick_schema(), rows));
  found = true;
  const auto schema_of = [](std::uint32_t id) { return id == 7 ? &schema : nullptr; };
  for (LoggedRowsReader reader(bytes, &scratch); found;)
    if (!reader.next_rows(schema_of, &rows, &found).ok()) break;
    else if (found) static_cast<void>(sum_of(schema, rows));
  TableSchema made;
  if (decode_schema(bytes, &made).ok()) {
    const std::vector<std::byte> again = encode_schema(made);
    check(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
  }
  static_cast<void>(check_batch(bytes));
}

}  // namespace
}  // namespace ndts

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ndts;
  if (size == 0) return 0;
  const Bytes input(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  SimFileSystem files(1);
  check(files.make_directory("f").ok());
  const std::vector<std::byte> bytes(input.begin(), input.end());
  switch (data[0] % 4) {
    case 0:
    case 1:
      read_as_manifest(files, bytes, data[0] % 4 == 1);
      break;
    case 2:
      read_as_symbols(files, bytes);
      break;
    default:
      read_as_bodies(input);
  }
  return 0;
}
