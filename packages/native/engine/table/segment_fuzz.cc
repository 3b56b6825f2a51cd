// Fuzz target of segments: any bytes as a file, and good files with some bytes changed, mostly
// with checksums made right. They are read or refused, never followed out of the file; and what
// is read can be merged.
#include "table/segment_fuzz.h"

#include <cstdlib>

#include "base/sim_file.h"
#include "table/segment_merge.h"
#include "table/segment_reader.h"

namespace ndts {
namespace {

constexpr std::uint32_t kRows = 20;
constexpr const char* kPath = "f/s";

void check(bool holds) {
  if (!holds) std::abort();
}

TableSchema schema_of_all_types() {
  TableSchema schema;
  schema.id = 3;
  for (std::uint32_t type = 1; type <= 8; type += 1)
    schema.columns.push_back(
        {"c" + std::to_string(type), static_cast<ValueType>(type), type % 2 == 0});
  return schema;
}

// Two symbols, every type, texts that repeat, some nulls.
std::vector<std::byte> good_image() {
  const TableSchema schema = schema_of_all_types();
  const std::byte text[] = {std::byte{3}, {}, {}, {}, std::byte{97}, std::byte{98}, std::byte{99}};
  RowBuffer rows(schema, kRows);
  for (std::uint32_t at = 0; at < kRows; at += 1) {
    rows.time()[at] = at / 2;
    rows.sequence()[at] = at;
    rows.epoch()[at] = at / 15;
    for (std::size_t column = 0; column < schema.columns.size(); column += 1) {
      const std::size_t width = value_bytes(schema.columns[column].type);
      const bool null = schema.columns[column].nullable && at % 7 == 0;
      if (schema.columns[column].nullable) rows.nulls(column)[at] = null;
      std::byte* to = rows.values(column) + at * width;
      const std::uint64_t bits = null ? 0 : at * at % (width == 1 ? 2 : 50);
      std::memcpy(to, &bits, width);
      if (has_heap(schema.columns[column].type))
        store(to, null || at % 3 == 0 ? empty_heap_value() : HeapValue{text});
    }
  }
  rows.set_count(kRows);
  SimFileSystem files(1);
  check(files.make_directory("f").ok());
  SegmentWriter writer(files, kPath, 1, schema, 0, 0);
  SegmentRecord record{};
  check(writer.create().ok());
  for (const std::uint32_t symbol : {2u, 5u})
    check(writer.begin_symbol(symbol, "AB", kRows).ok() && writer.add(rows.view()).ok());
  check(writer.finish(&record).ok());
  std::vector<std::byte> image;
  check(files.read_file(kPath, &image).ok());
  return image;
}

// One block of two rows.
std::vector<std::byte> good_image_v1() {
  const SegmentBlockV1 block{5, 2, 64, 144, 0, 1, 0, 0, 0, 0};
  const SegmentName name{5, 2, 0};
  const SegmentRange range{2, 7, 9, 2};
  SegmentHeader header{};
  header.rows = 2;
  SegmentTrailer trailer{};
  trailer.footer_offset = 64 + block.bytes;
  trailer.block_count = trailer.name_count = trailer.range_count = 1;
  trailer.text_bytes = 8;
  std::vector<std::byte> image;
  const std::byte zeros[144]{};
  for (const Bytes part : {bytes_of(header), Bytes(zeros), bytes_of(block), bytes_of(name),
                           bytes_of(range), bytes_of_text(std::string_view("AB\0\0\0\0\0\0", 8)),
                           bytes_of(trailer)})
    image.insert(image.end(), part.begin(), part.end());
  return image;
}

// Changes of three bytes each: where (u16), and what.
void change(Bytes changes, std::vector<std::byte>* image) {
  for (; changes.size() >= 3; changes = changes.subspan(3))
    (*image)[load<std::uint16_t>(changes.data()) % image->size()] = changes[2];
}

std::uint64_t sum_of_texts(const TableSchema& schema, const RowsView& rows) {
  std::uint64_t sum = 0;
  for (std::size_t column = 0; column < schema.columns.size(); column += 1) {
    if (!has_heap(schema.columns[column].type)) continue;
    for (std::size_t at = 0; at < rows.count; at += 1)
      for (const std::byte byte : heap_bytes(load<HeapValue>(rows.values[column] + 8 * at)))
        sum += static_cast<std::uint64_t>(byte);
  }
  return sum;
}

bool use(Bytes image) {
  SimFileSystem files(1);
  check(files.make_directory("f").ok() && files.replace(kPath, image).ok());
  std::shared_ptr<const SegmentReader> reader;
  if (!SegmentReader::open(files, kPath, nullptr, &reader).ok()) return false;
  for (const SegmentName& name : reader->names()) static_cast<void>(reader->name(name).size());
  for (const SegmentRun& run : reader->runs()) check(!reader->runs(run.symbol).empty());
  BlockRows rows(reader->schema());
  volatile std::uint64_t sum = 0;
  for (std::size_t block = 0; block < reader->blocks().size(); block += 1)
    if (rows.read(*reader, block).ok()) sum = sum + sum_of_texts(reader->schema(), rows.view());
  SegmentMerge merge(files, "f/m", 2, reader->schema(), {reader, reader});
  Status status;
  for (std::uint64_t bytes = 0; status.ok() && !merge.ended();) status = merge.step(100, &bytes);
  return status.ok();
}

std::vector<std::vector<std::byte>> good_images() {
  std::vector<std::vector<std::byte>> images = {good_image_v1(), good_image()};
  repair_segment(1, &images[0]);
  for (const std::vector<std::byte>& image : images) check(use(image));
  return images;
}

}  // namespace
}  // namespace ndts

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ndts;
  static const std::vector<std::vector<std::byte>> images = good_images();
  if (size == 0) return 0;
  const Bytes input(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  const std::uint32_t version = 1 + data[0] % 2;
  std::vector<std::byte> image(input.begin(), input.end());
  if (data[0] % 8 >= 4) {
    image = images[version - 1];
    change(input, &image);
  }
  if (data[0] % 4 >= 2) repair_segment(version, &image);
  static_cast<void>(use(image));
  return 0;
}
