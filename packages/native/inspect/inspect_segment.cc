// See inspect_segment.h.
#include "inspect_segment.h"

#include "format.h"
#include "generated/constants.h"
#include "table/segment_reader.h"

namespace ndts {

namespace {

std::string codec_text(ColumnCodec codec) {
  switch (codec) {
    case ColumnCodec::kRaw:
      return "raw";
    case ColumnCodec::kFrame:
      return "frame";
    case ColumnCodec::kRunLength:
      return "run length";
    case ColumnCodec::kDictionary:
      return "dictionary";
    case ColumnCodec::kDecimal:
      return "decimal";
    case ColumnCodec::kAlpRd:
      return "ALP_RD";
    case ColumnCodec::kGorilla:
      return "Gorilla";
  }
  return std::to_string(static_cast<std::uint32_t>(codec));
}

std::string stream_text(const TableSchema& schema, const SegmentStream& stream) {
  switch (static_cast<StreamPart>(stream.part)) {
    case StreamPart::kTime:
      return "time";
    case StreamPart::kSequence:
      return "sequence";
    case StreamPart::kEpoch:
      return "epoch";
    case StreamPart::kNulls:
      return "nulls of " + schema.columns[stream.column].name;
    case StreamPart::kHeap:
      return "heap of " + schema.columns[stream.column].name;
    case StreamPart::kValues:
      break;
  }
  return schema.columns[stream.column].name;
}

// Least and greatest value of a strip.
std::string extent_text(const SegmentStream& stream, const SegmentStrip& strip) {
  const auto part = static_cast<StreamPart>(stream.part);
  const auto type = static_cast<ValueType>(stream.type);
  const auto text = [](auto min, auto max, auto&& print) -> std::string {
    return min > max ? "none" : print(min) + " to " + print(max);
  };
  if (part == StreamPart::kHeap) return "-";
  if (part == StreamPart::kTime)
    return text(static_cast<std::int64_t>(strip.min), static_cast<std::int64_t>(strip.max),
                time_text);
  if (part == StreamPart::kValues && (type == ValueType::kF64 || type == ValueType::kF32))
    return text(std::bit_cast<double>(strip.min), std::bit_cast<double>(strip.max), real_text);
  const auto number = [](auto value) { return std::to_string(value); };
  if (part == StreamPart::kValues && (type == ValueType::kI64 || type == ValueType::kI32))
    return text(static_cast<std::int64_t>(strip.min), static_cast<std::int64_t>(strip.max),
                number);
  return text(strip.min, strip.max, number);
}

std::string encoding_text(const SegmentStrip& strip, Bytes bytes) {
  if (strip.encoding == static_cast<std::uint32_t>(StripEncoding::kPlain)) return "plain";
  codec::ColumnInfo info;
  return codec::inspect(bytes, &info).ok() ? codec_text(info.codec) : "unknown";
}

void print_head(const SegmentReader& reader, const PrintLine& print) {
  const SegmentRecord& record = reader.record();
  print("segment " + std::to_string(record.number) + ", version " +
        std::to_string(record.version));
  print(Fields()
            .add("table", record.table)
            .add("shard", record.shard)
            .add("day", day_text(record.day))
            .add("rows", record.rows)
            .add("bytes", record.bytes)
            .add("from", time_text(record.min_time))
            .add("to", time_text(record.max_time))
            .text());
  for (const ColumnSchema& column : reader.schema().columns)
    print("column " + quoted(column.name) + " " + type_text(column.type) +
          (column.nullable ? " nullable" : ""));
  for (const SegmentRange& range : reader.ranges())
    print(Fields()
              .add("epoch", range.epoch)
              .add("sequences from", range.first_sequence)
              .add("below", range.end_sequence)
              .add("rows", range.rows)
              .text());
  for (const SegmentName& name : reader.names()) {
    std::uint64_t rows = 0;
    const std::span<const SegmentRun> runs = reader.runs(name.symbol);
    for (const SegmentRun& run : runs) rows += run.rows;
    print("symbol " + std::to_string(name.symbol) + " " + quoted(reader.name(name)) + "  " +
          Fields().add("rows", rows).add("blocks", runs.size()).text());
  }
}

Status print_strip(const SegmentReader& reader, std::size_t block, std::size_t stream,
                   const PrintLine& print) {
  const SegmentStrip& strip = reader.strip(block, stream);
  const SegmentStream& entry = reader.streams()[stream];
  Bytes bytes;
  const Status status = reader.strip_bytes(block, stream, &bytes);
  print("  " +
        Fields()
            .add(stream_text(reader.schema(), entry), extent_text(entry, strip))
            .add("bytes", strip.bytes)
            .add("codec", status.ok() ? encoding_text(strip, bytes) : std::string("-"))
            .add("crc32c", hex_text(strip.checksum))
            .text() +
        (status.ok() ? "" : "  " + status.text()));
  return status;
}

}  // namespace

Status inspect_segment(FileSystem& files, const std::string& path, const PrintLine& print) {
  std::shared_ptr<const SegmentReader> reader;
  NDTS_TRY(SegmentReader::open(files, path, nullptr, &reader));
  print_head(*reader, print);
  BlockRows rows(reader->schema());
  Status damage;
  for (std::size_t index = 0; index < reader->blocks().size(); index += 1) {
    const SegmentBlock& block = reader->blocks()[index];
    print("at " + std::to_string(block.offset) + "  " +
          Fields()
              .add("rows", block.rows)
              .add("symbols", block.run_count)
              .add("bytes", block.bytes)
              .add("sequences from", block.first_sequence)
              .add("below", block.end_sequence)
              .text());
    for (std::size_t stream = 0; stream < reader->streams().size(); stream += 1) {
      const Status status = print_strip(*reader, index, stream, print);
      if (damage.ok()) damage = status;
    }
    // What a strip's checksum covers is decoded, too.
    if (damage.ok()) damage = rows.read(*reader, index);
  }
  return damage;
}

}  // namespace ndts
