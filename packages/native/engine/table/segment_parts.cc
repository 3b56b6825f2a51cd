// See segment_parts.h.
#include "table/segment_parts.h"

#include <algorithm>
#include <limits>

#include "base/crc32c.h"
#include "generated/constants.h"
#include "table/segment_v1.h"
#include "table/segment_writer.h"

namespace ndts {

namespace {

class Parser {
 public:
  Parser(const SegmentEnds& ends, const std::string& path, SegmentParts* parts)
      : head_(ends.head),
        tail_(ends.tail),
        tail_offset_(ends.tail_offset),
        size_(ends.tail_offset + ends.tail.size()),
        path_(path),
        parts_(*parts) {}

  Status check_ends();
  Status read_rest();

 private:
  Status corrupt(const std::string& what, std::uint64_t offset) const {
    return Status(Code::kCorrupt, "segment: " + what, path_, offset);
  }
  // Where an entry of the footer stands.
  template <typename T>
  std::uint64_t place_of(const T& entry) const {
    return static_cast<std::uint64_t>(reinterpret_cast<const std::byte*>(&entry) -
                                      tail_.data()) +
           tail_offset_;
  }
  template <typename T>
  void take(std::uint64_t count, std::span<const T>* entries) {
    *entries = {reinterpret_cast<const T*>(tail_.data() + (at_ - tail_offset_)),
                static_cast<std::size_t>(count)};
    at_ += count * sizeof(T);
  }
  [[nodiscard]] bool in_text(std::uint64_t offset, std::uint64_t bytes);

  Status split();
  Status check_streams();
  Status check_column(std::size_t* at);
  Status check_block(const SegmentBlock& block, std::size_t index);
  Status check_strips(const SegmentBlock& block, std::size_t index) const;
  Status check_runs(const SegmentBlock& block, std::size_t index);
  Status check_names();
  Status check_totals();

  const Bytes head_;
  const Bytes tail_;
  const std::uint64_t tail_offset_;
  const std::uint64_t size_;
  const std::string& path_;
  SegmentParts& parts_;
  SegmentHeader header_{};
  SegmentTrailer trailer_{};
  std::uint64_t at_ = 0;        // of the part of the footer that comes next
  std::uint64_t text_end_ = 0;  // of the text that something names
  // Of what was looked at so far.
  std::uint64_t offset_ = sizeof(SegmentHeader);
  std::uint64_t rows_ = 0;
  std::uint64_t runs_ = 0;
};

Status Parser::check_ends() {
  constexpr std::size_t kEnds = sizeof(SegmentHeader) + sizeof(SegmentTrailer);
  const std::string length = std::to_string(size_) + " bytes";
  if (size_ < kEnds || head_.size() < sizeof header_ || tail_.size() < sizeof trailer_)
    return corrupt("cut short, " + length, size_);
  header_ = load<SegmentHeader>(head_.data());
  if (header_.magic != kSegmentMagic) return corrupt("bad magic in the header", 8);
  if (header_.checksum != crc32c(0, bytes_of(header_).subspan(4)))
    return corrupt("checksum of the header", 0);
  const std::uint64_t at = size_ - sizeof trailer_;
  trailer_ = load<SegmentTrailer>(tail_.data() + (at - tail_offset_));
  if (header_.version > kSegmentVersion)
    return Status(Code::kVersionTooNew,
                  "segment version " + std::to_string(header_.version) + ", this is version " +
                      std::to_string(kSegmentVersion),
                  path_);
  if (trailer_.magic != kSegmentMagic) return corrupt("bad magic in the trailer", at + 8);
  if (trailer_.checksum != crc32c(0, bytes_of(trailer_).subspan(4)))
    return corrupt("checksum of the trailer", at);
  if (header_.version == 0 || trailer_.version != header_.version)
    return corrupt("version of the trailer", at + 4);
  if (trailer_.file_bytes != size_)
    return corrupt("is " + length + ", was " + std::to_string(trailer_.file_bytes), at);
  if (!all_zero(bytes_of(header_.reserved1))) return corrupt("reserved bytes are not zero", 0);
  const std::uint64_t footer = trailer_.footer_offset;
  if (footer < sizeof(SegmentHeader) || footer > at || footer % 8 != 0 || footer < tail_offset_)
    return corrupt("footer offset", at + offsetof(SegmentTrailer, footer_offset));
  SegmentRecord& record = parts_.record;
  record.number = header_.number;
  record.table = header_.table;
  record.shard = header_.shard;
  record.day = header_.day;
  record.rows = header_.rows;
  record.bytes = size_;
  record.trailer_checksum = trailer_.checksum;
  record.version = header_.version;
  return {};
}

Status Parser::read_rest() {
  const bool second = header_.version != 1;
  if (!second && (trailer_.run_count != 0 || trailer_.stream_count != 0 || header_.table != 0))
    return corrupt("reserved bytes are not zero", 0);
  if (!second && tail_offset_ != 0)
    return Status(Code::kInvalidArgument, "segment: of version 1, without its blocks", path_);
  if (!second) return read_segment_v1(tail_, path_, trailer_, &parts_);
  if (header_.table == 0) return corrupt("no table", offsetof(SegmentHeader, table));
  NDTS_TRY(split());
  NDTS_TRY(check_streams());
  SegmentRecord& record = parts_.record;
  record.min_time = std::numeric_limits<std::int64_t>::max();
  record.max_time = std::numeric_limits<std::int64_t>::min();
  record.first_sequence = std::numeric_limits<std::uint64_t>::max();
  for (std::size_t index = 0; index < parts_.blocks.size(); index += 1)
    NDTS_TRY(check_block(parts_.blocks[index], index));
  NDTS_TRY(check_names());
  return check_totals();
}

Status Parser::split() {
  const std::uint64_t end = size_ - sizeof trailer_;
  at_ = trailer_.footer_offset;
  // Bounded first, so that the sum cannot overflow.
  const bool few = trailer_.stream_count <= kFirstColumnStream + 3 * kMaxColumns &&
                   trailer_.text_bytes <= end;
  const std::uint64_t strips =
      few ? std::uint64_t{trailer_.block_count} * trailer_.stream_count : 0;
  const std::uint64_t bytes = std::uint64_t{trailer_.block_count} * sizeof(SegmentBlock) +
                              strips * sizeof(SegmentStrip) +
                              std::uint64_t{trailer_.run_count} * sizeof(SegmentRun) +
                              std::uint64_t{trailer_.stream_count} * sizeof(SegmentStream) +
                              std::uint64_t{trailer_.name_count} * sizeof(SegmentName) +
                              std::uint64_t{trailer_.range_count} * sizeof(SegmentRange);
  if (!few || bytes + trailer_.text_bytes != end - at_)
    return corrupt("length of the footer", end + offsetof(SegmentTrailer, block_count));
  if (crc32c(0, tail_.subspan(at_ - tail_offset_, end - at_)) != trailer_.footer_checksum)
    return corrupt("checksum of the footer", at_);
  take(trailer_.block_count, &parts_.blocks);
  take(strips, &parts_.strips);
  take(trailer_.run_count, &parts_.runs);
  take(trailer_.stream_count, &parts_.streams);
  take(trailer_.name_count, &parts_.names);
  take(trailer_.range_count, &parts_.ranges);
  parts_.text = text_of(tail_.subspan(at_ - tail_offset_, trailer_.text_bytes));
  return {};
}

bool Parser::in_text(std::uint64_t offset, std::uint64_t bytes) {
  if (offset > parts_.text.size() || bytes > parts_.text.size() - offset) return false;
  text_end_ = std::max(text_end_, offset + bytes);
  return true;
}

// Streams stand as streams_of() would have them for the schema they describe.
Status Parser::check_streams() {
  const std::span<const SegmentStream> streams = parts_.streams;
  parts_.schema.id = header_.table;
  for (std::size_t at = kFirstColumnStream; at < streams.size();) NDTS_TRY(check_column(&at));
  const std::vector<StreamKey> keys = streams_of(parts_.schema);
  if (keys.size() != streams.size() || parts_.schema.columns.size() > kMaxColumns)
    return corrupt("number of streams", trailer_.footer_offset);
  for (std::size_t at = 0; at < streams.size(); at += 1) {
    SegmentStream expected{};
    expected.part = static_cast<std::uint8_t>(keys[at].part);
    if (at >= kFirstColumnStream) {
      expected.name_offset = streams[at].name_offset;
      expected.name_bytes = streams[at].name_bytes;
      expected.column = keys[at].column;
      expected.type = static_cast<std::uint8_t>(keys[at].type);
    }
    if (std::memcmp(&expected, &streams[at], sizeof expected) != 0 ||
        !in_text(expected.name_offset, expected.name_bytes))
      return corrupt("stream entry", place_of(streams[at]));
  }
  return {};
}

// A values stream and what belongs to it.
Status Parser::check_column(std::size_t* at) {
  const SegmentStream& stream = parts_.streams[*at];
  const bool known = stream.type >= static_cast<std::uint8_t>(ValueType::kI64) &&
                     stream.type <= static_cast<std::uint8_t>(ValueType::kBytes);
  if (!known || !in_text(stream.name_offset, stream.name_bytes))
    return corrupt("stream entry", place_of(stream));
  ColumnSchema column;
  column.name = parts_.text.substr(stream.name_offset, stream.name_bytes);
  column.type = static_cast<ValueType>(stream.type);
  for (*at += 1; *at < parts_.streams.size(); *at += 1) {
    const auto part = static_cast<StreamPart>(parts_.streams[*at].part);
    if (part != StreamPart::kNulls && part != StreamPart::kHeap) break;
    column.nullable = column.nullable || part == StreamPart::kNulls;
  }
  parts_.schema.columns.push_back(std::move(column));
  return {};
}

// Blocks stand one after the other from the header to the footer, so that no byte of the file is
// outside of a checksum.
Status Parser::check_block(const SegmentBlock& block, std::size_t index) {
  if (block.offset != offset_ || block.rows == 0 || block.rows > kBlockRows ||
      block.reserved != 0 || block.min_time > block.max_time ||
      block.first_sequence >= block.end_sequence ||
      block.bytes > trailer_.footer_offset - block.offset)
    return corrupt("block entry", place_of(block));
  NDTS_TRY(check_strips(block, index));
  NDTS_TRY(check_runs(block, index));
  offset_ += block.bytes;
  rows_ += block.rows;
  SegmentRecord& record = parts_.record;
  record.min_time = std::min(record.min_time, block.min_time);
  record.max_time = std::max(record.max_time, block.max_time);
  record.first_sequence = std::min(record.first_sequence, block.first_sequence);
  record.end_sequence = std::max(record.end_sequence, block.end_sequence);
  return {};
}

Status Parser::check_strips(const SegmentBlock& block, std::size_t index) const {
  const std::size_t count = parts_.streams.size();
  std::uint64_t expected = 0;
  for (std::size_t stream = 0; stream < count; stream += 1) {
    const SegmentStrip& strip = parts_.strips[index * count + stream];
    const bool heap =
        parts_.streams[stream].part == static_cast<std::uint8_t>(StreamPart::kHeap);
    const StripEncoding encoding = heap ? StripEncoding::kPlain : StripEncoding::kCodec;
    if (strip.offset != expected || strip.encoding != static_cast<std::uint32_t>(encoding))
      return corrupt("strip entry", place_of(strip));
    expected += align_up(strip.bytes, 8);
  }
  if (expected != block.bytes) return corrupt("strips do not fill their block", place_of(block));
  return {};
}

Status Parser::check_runs(const SegmentBlock& block, std::size_t index) {
  if (block.first_run != runs_ || block.run_count > parts_.runs.size() - runs_)
    return corrupt("block entry", place_of(block));
  std::uint64_t rows = 0;
  std::int64_t min_time = std::numeric_limits<std::int64_t>::max();
  std::int64_t max_time = std::numeric_limits<std::int64_t>::min();
  for (std::uint32_t at = 0; at < block.run_count; at += 1, runs_ += 1) {
    const SegmentRun& run = parts_.runs[runs_];
    if (run.block != index || run.first_row != rows || run.rows == 0 ||
        run.min_time > run.max_time)
      return corrupt("run entry", place_of(run));
    if (runs_ > 0) {
      const SegmentRun& before = parts_.runs[runs_ - 1];
      const bool goes_on =
          at == 0 && run.symbol == before.symbol && run.min_time >= before.max_time;
      if (run.symbol <= before.symbol && !goes_on)
        return corrupt("order of the runs", place_of(run));
    }
    rows += run.rows;
    min_time = std::min(min_time, run.min_time);
    max_time = std::max(max_time, run.max_time);
  }
  if (rows != block.rows || min_time != block.min_time || max_time != block.max_time)
    return corrupt("runs of a block", place_of(block));
  return {};
}

// One name for each symbol that has runs, in the same order.
Status Parser::check_names() {
  const std::span<const SegmentName> names = parts_.names;
  std::size_t at = 0;
  for (const SegmentRun& run : parts_.runs) {
    if (at > 0 && names[at - 1].symbol == run.symbol) continue;
    if (at == names.size() || names[at].symbol != run.symbol ||
        !in_text(names[at].offset, names[at].bytes))
      return corrupt("name of symbol " + std::to_string(run.symbol), trailer_.footer_offset);
    at += 1;
  }
  if (at != names.size()) return corrupt("name without rows", place_of(names[at]));
  const std::string_view rest = parts_.text.substr(text_end_);
  if (rest.size() >= 8 || !all_zero(bytes_of_text(rest)))
    return corrupt("padding of the text", trailer_.footer_offset);
  return {};
}

Status Parser::check_totals() {
  const SegmentRecord& record = parts_.record;
  if (offset_ != trailer_.footer_offset)
    return corrupt("blocks do not reach the footer", offset_);
  if (rows_ != record.rows) return corrupt("number of rows", offsetof(SegmentHeader, rows));
  if (runs_ != parts_.runs.size()) return corrupt("number of runs", trailer_.footer_offset);
  std::uint64_t rows = 0;
  std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t end = 0;
  const SegmentRange* before = nullptr;
  for (const SegmentRange& range : parts_.ranges) {
    if (range.rows == 0 || range.rows > record.rows - rows ||
        range.first_sequence >= range.end_sequence ||
        (before != nullptr && range.epoch <= before->epoch))
      return corrupt("range entry", place_of(range));
    rows += range.rows;
    first = std::min(first, range.first_sequence);
    end = std::max(end, range.end_sequence);
    before = &range;
  }
  if (rows != record.rows || first != record.first_sequence || end != record.end_sequence)
    return corrupt("ranges of the sequences", trailer_.footer_offset);
  return {};
}

}  // namespace

Status read_segment_parts(Bytes file, const std::string& path, SegmentParts* parts) {
  return read_segment_parts(SegmentEnds{file, file, 0}, path, parts);
}

Status read_segment_parts(const SegmentEnds& ends, const std::string& path, SegmentParts* parts) {
  Parser parser(ends, path, parts);
  NDTS_TRY(parser.check_ends());
  return parser.read_rest();
}

}  // namespace ndts
