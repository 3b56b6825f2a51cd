// See segment_reader.h.
#include "table/segment_reader.h"

#include <algorithm>
#include <limits>

#include "base/crc32c.h"
#include "generated/constants.h"
#include "table/block_builder.h"

namespace ndts {

namespace {

bool is_aligned(const std::byte* at, std::size_t bytes) {
  return reinterpret_cast<std::uintptr_t>(at) % bytes == 0;
}

template <typename T>
std::span<T> span_of(std::byte* at, std::size_t rows) {
  return {reinterpret_cast<T*>(at), rows};
}

// Bytes of a value of a stream in memory.
std::size_t stream_width(const SegmentStream& stream) {
  switch (static_cast<StreamPart>(stream.part)) {
    case StreamPart::kEpoch:
      return 4;
    case StreamPart::kNulls:
      return 1;
    case StreamPart::kValues:
      return value_bytes(static_cast<ValueType>(stream.type));
    default:
      return 8;
  }
}

// The values of a raw column of 8-byte values stand in it as they are in memory.
const std::byte* raw_values(Bytes column, ColumnType type, std::size_t rows) {
  codec::ColumnInfo info;
  const bool raw = codec::inspect(column, &info).ok() && info.codec == ColumnCodec::kRaw &&
                   info.type == type && info.count == rows &&
                   column.size() == sizeof(CodecHeader) + 8 * rows &&
                   load<CodecHeader>(column.data()).parameter == 0;
  const std::byte* at = column.data() + sizeof(CodecHeader);
  return raw && is_aligned(at, 8) ? at : nullptr;
}

// Places in a heap, in the second half of a room, become pointers into it. Pointer `at` is written
// over places that were read before: 8 * (at + 1) <= 4 * (rows + at + 1).
Status point_into(Bytes heap, std::size_t rows, std::byte* room) {
  constexpr std::size_t kHead = sizeof(std::uint32_t);
  for (std::size_t at = 0; at < rows; at += 1) {
    const std::size_t offset = load<std::uint32_t>(room + 4 * (rows + at));
    const bool head = offset <= heap.size() && heap.size() - offset >= kHead;
    if (!head || load<std::uint32_t>(heap.data() + offset) > heap.size() - offset - kHead)
      return Status(Code::kCorrupt, "a place outside of the heap");
    store(room + 8 * at, heap.data() + offset);
  }
  return {};
}

Status out_of_range() { return Status(Code::kCorrupt, "a value that the type does not have"); }

}  // namespace

SegmentReader::~SegmentReader() = default;

Status SegmentReader::corrupt(const std::string& what, std::uint64_t offset) const {
  return Status(Code::kCorrupt, "segment: " + what, path_, offset);
}

Status SegmentReader::open(FileSystem& files, const std::string& path,
                           const SegmentRecord* expected,
                           std::shared_ptr<const SegmentReader>* reader, Soon soon) {
  std::shared_ptr<SegmentReader> made(new SegmentReader);
  made->path_ = path;
  {
    std::unique_ptr<File> file;
    NDTS_TRY(files.open(path, OpenMode::kRead, &file));
    NDTS_TRY(file->map(&made->mapping_));
    if (soon == Soon::kRead) file->will_read(0, made->mapping_->bytes().size());
  }
  made->bytes_ = made->mapping_->bytes();
  NDTS_TRY(made->outcome(read_segment_parts(made->bytes_, path, &made->parts_)));
  const SegmentParts& parts = made->parts_;
  if (expected != nullptr && std::memcmp(expected, &parts.record, sizeof parts.record) != 0)
    return made->corrupt("it is not the file that the manifest lists", 0);
  made->index_streams();
  made->verified_.reset(new std::atomic<std::uint8_t>[parts.strips.size()]());
  *reader = std::move(made);
  return {};
}

Status SegmentReader::open_ends(std::shared_ptr<const std::vector<std::byte>> ends,
                                const std::string& path, std::shared_ptr<BlockSource> source,
                                std::uint32_t file,
                                std::shared_ptr<const SegmentReader>* reader) {
  std::shared_ptr<SegmentReader> made(new SegmentReader);
  made->path_ = path;
  const Bytes bytes(*ends);
  if (bytes.size() < sizeof(SegmentHeader) + sizeof(SegmentTrailer))
    return made->corrupt("cut short, " + std::to_string(bytes.size()) + " bytes", 0);
  SegmentEnds split{bytes.first(sizeof(SegmentHeader)), bytes.subspan(sizeof(SegmentHeader)), 0};
  const auto trailer =
      load<SegmentTrailer>(bytes.data() + bytes.size() - sizeof(SegmentTrailer));
  if (trailer.footer_offset > trailer.file_bytes ||
      trailer.file_bytes - trailer.footer_offset != split.tail.size())
    return made->corrupt("length of header and footer", 0);
  split.tail_offset = trailer.footer_offset;
  NDTS_TRY(read_segment_parts(split, path, &made->parts_));
  made->index_streams();
  made->verified_.reset(new std::atomic<std::uint8_t>[made->parts_.strips.size()]());
  // Strips are checked before the source hands them out.
  for (std::size_t at = 0; at < made->parts_.strips.size(); at += 1)
    made->verified_[at].store(1, std::memory_order_relaxed);
  made->held_.reset(new std::atomic<const std::byte*>[made->parts_.blocks.size()]());
  made->ends_ = std::move(ends);
  made->source_ = std::move(source);
  made->source_file_ = file;
  *reader = std::move(made);
  return {};
}

void SegmentReader::index_streams() {
  for (std::size_t at = kFirstColumnStream; at < parts_.streams.size(); at += 1)
    if (parts_.streams[at].part == static_cast<std::uint8_t>(StreamPart::kValues))
      value_streams_.push_back(static_cast<int>(at));
}

Status SegmentReader::hold(std::size_t block) const {
  if (source_ == nullptr) return {};
  Bytes bytes;
  NDTS_TRY(source_->hold({source_file_, static_cast<std::uint32_t>(block)}, &bytes));
  if (bytes.size() != parts_.blocks[block].bytes)
    return corrupt("length of block " + std::to_string(block), parts_.blocks[block].offset);
  held_[block].store(bytes.data(), std::memory_order_relaxed);
  return {};
}

void SegmentReader::release(std::size_t block) const {
  if (source_ == nullptr) return;
  held_[block].store(nullptr, std::memory_order_relaxed);
  source_->release({source_file_, static_cast<std::uint32_t>(block)});
}

Bytes SegmentReader::block_bytes(std::size_t block) const {
  const SegmentBlock& entry = parts_.blocks[block];
  if (source_ == nullptr) return bytes_.subspan(entry.offset, entry.bytes);
  const std::byte* at = held_[block].load(std::memory_order_relaxed);
  return at == nullptr ? Bytes() : Bytes(at, entry.bytes);
}

Status SegmentReader::check_block(std::size_t block, Bytes bytes) const {
  const SegmentBlock& entry = parts_.blocks[block];
  if (bytes.size() != entry.bytes || parts_.record.version == 1)
    return corrupt("length of block " + std::to_string(block), entry.offset);
  for (std::size_t stream = 0; stream < parts_.streams.size(); stream += 1) {
    const SegmentStrip& place = strip(block, stream);
    const Bytes found = bytes.subspan(place.offset, align_up(place.bytes, 8));
    if (crc32c(0, found) != place.checksum || !all_zero(found.subspan(place.bytes)))
      return corrupt("checksum of " + describe({block, stream}), entry.offset + place.offset);
  }
  return {};
}

// Everything that was read from the mapping ends here: the place to ask whether the mapping failed
// meanwhile, and what was found is not what the file holds.
Status SegmentReader::outcome(Status status) const {
  return mapping_ == nullptr ? status : mapping_->outcome(std::move(status), path_);
}

Status SegmentReader::status() const { return outcome({}); }

std::string_view SegmentReader::name(const SegmentName& entry) const {
  return parts_.text.substr(entry.offset, entry.bytes);
}

std::span<const SegmentRun> SegmentReader::runs(std::uint32_t symbol) const {
  const std::span<const SegmentRun> runs = parts_.runs;
  const auto first = std::partition_point(
      runs.begin(), runs.end(), [symbol](const SegmentRun& run) { return run.symbol < symbol; });
  const auto last = std::partition_point(
      first, runs.end(), [symbol](const SegmentRun& run) { return run.symbol == symbol; });
  return {first, last};
}

int SegmentReader::stream(StreamPart part, std::size_t column) const {
  if (part < StreamPart::kValues) return static_cast<int>(part) - 1;
  if (column >= value_streams_.size()) return -1;
  const std::span<const SegmentStream> streams = parts_.streams;
  for (auto at = static_cast<std::size_t>(value_streams_[column]);
       at < streams.size() && streams[at].column == column; at += 1)
    if (streams[at].part == static_cast<std::uint8_t>(part)) return static_cast<int>(at);
  return -1;
}

const SegmentStrip& SegmentReader::strip(std::size_t block, std::size_t stream) const {
  return parts_.strips[block * parts_.streams.size() + stream];
}

std::uint64_t SegmentReader::offset_of(Place place) const {
  return parts_.blocks[place.block].offset + strip(place.block, place.stream).offset;
}

std::string SegmentReader::describe(Place place) const {
  const SegmentStream& stream = parts_.streams[place.stream];
  const std::string of = " of block " + std::to_string(place.block);
  switch (static_cast<StreamPart>(stream.part)) {
    case StreamPart::kTime:
      return "times" + of;
    case StreamPart::kSequence:
      return "sequences" + of;
    case StreamPart::kEpoch:
      return "epochs" + of;
    case StreamPart::kNulls:
      return "nulls of column " + parts_.schema.columns[stream.column].name + of;
    case StreamPart::kHeap:
      return "heap of column " + parts_.schema.columns[stream.column].name + of;
    case StreamPart::kValues:
      break;
  }
  return "column " + parts_.schema.columns[stream.column].name + of;
}

Status SegmentReader::check_sum(Place place) const {
  const bool whole_block = parts_.record.version == 1;
  const SegmentBlock& block = parts_.blocks[place.block];
  const SegmentStrip& entry = strip(place.block, place.stream);
  std::atomic<std::uint8_t>& verified =
      verified_[place.block * parts_.streams.size() + (whole_block ? 0 : place.stream)];
  if (verified.load(std::memory_order_relaxed) != 0) return {};
  const std::uint64_t offset = block.offset + (whole_block ? 0 : entry.offset);
  const Bytes bytes = bytes_.subspan(offset, whole_block ? block.bytes : align_up(entry.bytes, 8));
  const std::uint32_t sum = crc32c(0, bytes);
  if (sum != entry.checksum) return corrupt("checksum of " + describe(place), offset);
  if (!whole_block && !all_zero(bytes.subspan(entry.bytes)))
    return corrupt("padding of " + describe(place), offset);
  verified.store(1, std::memory_order_relaxed);
  return {};
}

// A codec does not know where its bytes are from; and that it was asked for another type or count
// is damage, here.
Status SegmentReader::check_values(Place place, const Status& decoded) const {
  if (decoded.ok()) return {};
  const Code code =
      decoded.code() == Code::kVersionTooNew ? Code::kVersionTooNew : Code::kCorrupt;
  return Status(code, "segment: " + describe(place) + ": " + decoded.message(), path_,
                offset_of(place));
}

Status SegmentReader::find(Place place, Bytes* bytes) const {
  NDTS_TRY(check_sum(place));
  const Bytes block = block_bytes(place.block);
  if (block.empty()) return Status(Code::kInternal, "segment: a block is not held", path_);
  const SegmentStrip& entry = strip(place.block, place.stream);
  *bytes = block.subspan(entry.offset, entry.bytes);
  return {};
}

Status SegmentReader::strip_bytes(std::size_t block, std::size_t stream, Bytes* bytes) const {
  return outcome(find({block, stream}, bytes));
}

Status SegmentReader::read(std::size_t block, std::size_t stream, MutableBytes room,
                           codec::Scratch* scratch, const std::byte** values) const {
  return outcome(decode({block, stream}, room, scratch, values));
}

Status SegmentReader::decode(Place place, MutableBytes room, codec::Scratch* scratch,
                             const std::byte** values) const {
  Bytes bytes;
  NDTS_TRY(find(place, &bytes));
  if (strip(place.block, place.stream).encoding ==
      static_cast<std::uint32_t>(StripEncoding::kPlain))
    return read_plain(place, bytes, values);
  const std::size_t rows = parts_.blocks[place.block].rows;
  const SegmentStream& entry = parts_.streams[place.stream];
  const auto part = static_cast<StreamPart>(entry.part);
  const bool is_f64 =
      part == StreamPart::kValues && entry.type == static_cast<std::uint8_t>(ValueType::kF64);
  const bool is_i64 =
      part == StreamPart::kTime || part == StreamPart::kSequence ||
      (part == StreamPart::kValues && entry.type == static_cast<std::uint8_t>(ValueType::kI64));
  *values = room.data();
  if (is_f64 || is_i64) {
    const std::byte* raw = raw_values(bytes, is_f64 ? ColumnType::kF64 : ColumnType::kI64, rows);
    if (raw != nullptr) {
      *values = raw;
      return {};
    }
  }
  if (is_f64)
    return check_values(place, codec::decode_f64(bytes, span_of<double>(room.data(), rows)));
  if (is_i64)
    return check_values(place, codec::decode_i64(bytes, span_of<std::int64_t>(room.data(), rows)));
  if (part == StreamPart::kValues && entry.type == static_cast<std::uint8_t>(ValueType::kI32))
    return check_values(place, read_signed(place, bytes, room, scratch));
  return read_unsigned(place, bytes, room, scratch);
}

Status SegmentReader::read_plain(Place place, Bytes bytes, const std::byte** values) const {
  const SegmentStream& entry = parts_.streams[place.stream];
  const std::size_t rows = parts_.blocks[place.block].rows;
  const std::size_t width = stream_width(entry);
  if (entry.part == static_cast<std::uint8_t>(StreamPart::kHeap) ||
      bytes.size() != rows * width || !is_aligned(bytes.data(), width))
    return corrupt("plain " + describe(place), offset_of(place));
  *values = bytes.data();
  return {};
}

Status SegmentReader::read_signed(Place place, Bytes bytes, MutableBytes room,
                                  codec::Scratch* scratch) const {
  const std::size_t rows = parts_.blocks[place.block].rows;
  if (scratch->integers.size() < rows) scratch->integers.resize(rows);
  const std::span<std::int64_t> wide(scratch->integers.data(), rows);
  NDTS_TRY(codec::decode_i64(bytes, wide));
  auto* narrow = reinterpret_cast<std::int32_t*>(room.data());
  std::uint64_t outside = 0;
  for (std::size_t at = 0; at < rows; at += 1) {
    narrow[at] = static_cast<std::int32_t>(wide[at]);
    outside |= static_cast<std::uint64_t>(wide[at] ^ narrow[at]);
  }
  return outside == 0 ? Status() : out_of_range();
}

// Epochs, nulls, float32, bools, symbols and places of texts are stored as uint32. Narrower ones
// are decoded into the second half of the room, and from there into the first.
Status SegmentReader::read_unsigned(Place place, Bytes bytes, MutableBytes room,
                                    codec::Scratch* scratch) const {
  const SegmentStream& entry = parts_.streams[place.stream];
  const std::size_t rows = parts_.blocks[place.block].rows;
  const std::size_t width = stream_width(entry);
  std::byte* words = room.data() + (width == 4 ? 0 : 4 * rows);
  NDTS_TRY(check_values(
      place, codec::decode_u32(bytes, span_of<std::uint32_t>(words, rows), scratch)));
  if (width == 4) return {};
  if (width == 8) {
    const int heap_stream = stream(StreamPart::kHeap, entry.column);
    if (heap_stream < 0) return corrupt("no heap of " + describe(place), offset_of(place));
    Bytes heap;
    NDTS_TRY(find({place.block, static_cast<std::size_t>(heap_stream)}, &heap));
    return check_values(place, point_into(heap, rows, room.data()));
  }
  const auto* from = reinterpret_cast<const std::uint32_t*>(words);
  auto* to = reinterpret_cast<std::uint8_t*>(room.data());
  std::uint32_t all = 0;
  for (std::size_t at = 0; at < rows; at += 1) {
    all |= from[at];
    to[at] = static_cast<std::uint8_t>(from[at]);
  }
  return check_values(place, all <= 1 ? Status() : out_of_range());
}

BlockRows::BlockRows(const TableSchema& schema) {
  for (const ColumnSchema& column : schema.columns) {
    widths_.push_back(value_bytes(column.type));
    nullable_ = nullable_ || column.nullable;
  }
  values_.resize(widths_.size());
  nulls_.resize(widths_.size());
  view_values_.resize(widths_.size());
  if (nullable_) view_nulls_.resize(widths_.size());
}

Status BlockRows::read_stream(const SegmentReader& reader, std::size_t block, StreamPart part,
                              std::size_t column, const std::byte** values) {
  const int found = reader.stream(part, column);
  *values = nullptr;
  if (found < 0) return {};
  const auto stream = static_cast<std::size_t>(found);
  // Most blocks of a nullable column have no null.
  if (part == StreamPart::kNulls && reader.strip(block, stream).max == 0) return {};
  if (rooms_.size() < reader.streams().size()) rooms_.resize(reader.streams().size());
  if (rooms_[stream] == nullptr)
    rooms_[stream] = std::make_unique_for_overwrite<std::uint64_t[]>(kBlockRows);
  const auto room = std::as_writable_bytes(std::span(rooms_[stream].get(), kBlockRows));
  return reader.read(block, stream, room, &scratch_, values);
}

Status BlockRows::read(const SegmentReader& reader, std::size_t block,
                       std::span<const bool> columns) {
  rows_ = reader.blocks()[block].rows;
  NDTS_TRY(read_stream(reader, block, StreamPart::kTime, 0, &time_));
  NDTS_TRY(read_stream(reader, block, StreamPart::kSequence, 0, &sequence_));
  NDTS_TRY(read_stream(reader, block, StreamPart::kEpoch, 0, &epoch_));
  for (std::size_t column = 0; column < values_.size(); column += 1) {
    values_[column] = nulls_[column] = nullptr;
    if (!columns.empty() && !columns[column]) continue;
    NDTS_TRY(read_stream(reader, block, StreamPart::kValues, column, &values_[column]));
    NDTS_TRY(read_stream(reader, block, StreamPart::kNulls, column, &nulls_[column]));
  }
  return {};
}

RowsView BlockRows::view() { return view(0, rows_); }

RowsView BlockRows::view(std::size_t first, std::size_t count) {
  for (std::size_t column = 0; column < values_.size(); column += 1) {
    const std::byte* values = values_[column];
    view_values_[column] = values == nullptr ? nullptr : values + first * widths_[column];
    if (!nullable_) continue;
    const std::byte* nulls = nulls_[column];
    view_nulls_[column] =
        nulls == nullptr ? nullptr : reinterpret_cast<const std::uint8_t*>(nulls + first);
  }
  return {count,
          reinterpret_cast<const std::int64_t*>(time_) + first,
          reinterpret_cast<const std::uint64_t*>(sequence_) + first,
          reinterpret_cast<const std::uint32_t*>(epoch_) + first,
          view_values_,
          view_nulls_};
}

}  // namespace ndts
