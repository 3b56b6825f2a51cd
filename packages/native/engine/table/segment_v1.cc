// See segment_v1.h.
#include "table/segment_v1.h"

#include <algorithm>
#include <limits>

#include "base/crc32c.h"
#include "generated/constants.h"
#include "table/block_builder.h"

namespace ndts {

namespace {

// Time, sequence, six doubles (8 bytes each), flags, epoch (4 each).
constexpr std::uint32_t kRowBytes = 72;

constexpr std::uint64_t bits(std::int64_t value) { return static_cast<std::uint64_t>(value); }

class Footer {
 public:
  Footer(Bytes file, const std::string& path, SegmentParts* parts)
      : file_(file), path_(path), parts_(*parts) {}

  Status split(const SegmentTrailer& trailer) {
    const std::uint64_t at = file_.size() - sizeof trailer;
    const std::uint64_t offset = trailer.footer_offset;
    const std::uint64_t block_bytes = std::uint64_t{trailer.block_count} * sizeof(SegmentBlockV1);
    const std::uint64_t name_bytes = std::uint64_t{trailer.name_count} * sizeof(SegmentName);
    const std::uint64_t range_bytes = std::uint64_t{trailer.range_count} * sizeof(SegmentRange);
    if (trailer.text_bytes > at ||
        block_bytes + name_bytes + range_bytes + trailer.text_bytes != at - offset)
      return corrupt("length of the footer", at + offsetof(SegmentTrailer, block_count));
    if (crc32c(0, file_.subspan(offset, at - offset)) != trailer.footer_checksum)
      return corrupt("checksum of the footer", offset);
    const std::byte* from = file_.data() + offset;
    blocks_ = {reinterpret_cast<const SegmentBlockV1*>(from), trailer.block_count};
    from += block_bytes;
    parts_.names = {reinterpret_cast<const SegmentName*>(from), trailer.name_count};
    from += name_bytes;
    parts_.ranges = {reinterpret_cast<const SegmentRange*>(from), trailer.range_count};
    from += range_bytes;
    parts_.text = {reinterpret_cast<const char*>(from), trailer.text_bytes};
    NDTS_TRY(check_blocks(offset));
    return check_names(offset);
  }

  void present() {
    SegmentRecord& record = parts_.record;
    record.table = kTickTable;
    record.min_time = std::numeric_limits<std::int64_t>::max();
    record.max_time = std::numeric_limits<std::int64_t>::min();
    record.first_sequence = std::numeric_limits<std::uint64_t>::max();
    for (const SegmentRange& range : parts_.ranges) {
      record.first_sequence = std::min(record.first_sequence, range.first_sequence);
      record.end_sequence = std::max(record.end_sequence, range.end_sequence);
    }
    parts_.schema = tick_schema();
    parts_.schema.name.clear();
    present_streams();
    for (const SegmentBlockV1& block : blocks_) present_block(block);
    parts_.blocks = parts_.made_blocks;
    parts_.strips = parts_.made_strips;
    parts_.runs = parts_.made_runs;
    parts_.streams = parts_.made_streams;
  }

 private:
  Status corrupt(const std::string& what, std::uint64_t offset) const {
    return Status(Code::kCorrupt, "segment: " + what, path_, offset);
  }

  // Blocks stand one after the other from the header to the footer, so that no byte of the file is
  // outside of a checksum.
  Status check_blocks(std::uint64_t footer_offset) const {
    std::uint64_t expected = sizeof(SegmentHeader);
    std::uint64_t rows = 0;
    const SegmentBlockV1* before = nullptr;
    for (const SegmentBlockV1& block : blocks_) {
      const auto at = static_cast<std::uint64_t>(reinterpret_cast<const std::byte*>(&block) -
                                                 file_.data());
      if (block.codec != static_cast<std::uint32_t>(BlockCodec::kRaw))
        return corrupt("unknown codec " + std::to_string(block.codec), at);
      if (block.offset != expected || block.rows == 0 || block.rows > kBlockRows ||
          block.bytes != std::uint64_t{block.rows} * kRowBytes || block.min_time > block.max_time)
        return corrupt("block entry", at);
      const bool same_symbol = before != nullptr && block.symbol == before->symbol;
      if (before != nullptr && (block.symbol < before->symbol ||
                                (same_symbol && block.min_time < before->max_time)))
        return corrupt("order of the blocks", at);
      expected += block.bytes;
      rows += block.rows;
      before = &block;
    }
    if (expected != footer_offset) return corrupt("blocks do not reach the footer", expected);
    if (rows != parts_.record.rows)
      return corrupt("number of rows", offsetof(SegmentHeader, rows));
    return {};
  }

  // One name for each symbol, in the order of the blocks.
  Status check_names(std::uint64_t footer_offset) const {
    std::size_t at = 0;
    for (const SegmentBlockV1& block : blocks_) {
      const std::span<const SegmentName> names = parts_.names;
      if (at > 0 && names[at - 1].symbol == block.symbol) continue;
      if (at == names.size() || names[at].symbol != block.symbol ||
          names[at].offset > parts_.text.size() ||
          names[at].bytes > parts_.text.size() - names[at].offset)
        return corrupt("name of symbol " + std::to_string(block.symbol), footer_offset);
      at += 1;
    }
    if (at != parts_.names.size()) return corrupt("name without rows", footer_offset);
    return {};
  }

  void present_streams() {
    for (const StreamKey& key : streams_of(parts_.schema)) {
      SegmentStream stream{};
      stream.part = static_cast<std::uint8_t>(key.part);
      stream.column = key.column;
      if (key.part == StreamPart::kValues) stream.type = static_cast<std::uint8_t>(key.type);
      parts_.made_streams.push_back(stream);
    }
  }

  void present_block(const SegmentBlockV1& from) {
    SegmentRecord& record = parts_.record;
    record.min_time = std::min(record.min_time, from.min_time);
    record.max_time = std::max(record.max_time, from.max_time);
    const auto index = static_cast<std::uint32_t>(parts_.made_blocks.size());
    parts_.made_blocks.push_back({from.offset, from.bytes, from.rows, index, 1, 0, from.min_time,
                                  from.max_time, record.first_sequence, record.end_sequence});
    parts_.made_runs.push_back(
        {from.symbol, index, 0, from.rows, from.min_time, from.max_time});
    // In the file: time, sequence, the doubles, flags, epoch.
    const std::uint32_t wide = 8 * from.rows;
    const auto put = [&](std::uint32_t offset, std::uint32_t bytes, std::uint64_t min,
                         std::uint64_t max) {
      parts_.made_strips.push_back({offset, bytes, from.checksum,
                                    static_cast<std::uint32_t>(StripEncoding::kPlain), min, max});
    };
    put(0, wide, bits(from.min_time), bits(from.max_time));
    put(wide, wide, record.first_sequence, record.end_sequence - 1);
    put(8 * wide + wide / 2, wide / 2, 0, std::numeric_limits<std::uint32_t>::max());
    put(2 * wide, wide, std::bit_cast<std::uint64_t>(from.min_price),
        std::bit_cast<std::uint64_t>(from.max_price));
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    for (std::uint32_t column = 3; column < 8; column += 1)
      put(column * wide, wide, std::bit_cast<std::uint64_t>(-kInfinity),
          std::bit_cast<std::uint64_t>(kInfinity));
    put(8 * wide, wide / 2, bits(std::numeric_limits<std::int32_t>::min()),
        bits(std::numeric_limits<std::int32_t>::max()));
  }

  const Bytes file_;
  const std::string& path_;
  SegmentParts& parts_;
  std::span<const SegmentBlockV1> blocks_;
};

}  // namespace

Status read_segment_v1(Bytes file, const std::string& path, const SegmentTrailer& trailer,
                       SegmentParts* parts) {
  Footer footer(file, path, parts);
  NDTS_TRY(footer.split(trailer));
  footer.present();
  return {};
}

}  // namespace ndts
