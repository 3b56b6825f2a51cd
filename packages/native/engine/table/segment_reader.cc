// See segment_reader.h.
#include "table/segment_reader.h"

#include <algorithm>
#include <limits>

#include "base/crc32c.h"
#include "generated/constants.h"
#include "table/segment_writer.h"

namespace ndts {

Status SegmentReader::corrupt(const std::string& what, std::uint64_t offset) const {
  return Status(Code::kCorrupt, "segment: " + what, path_, offset);
}

Status SegmentReader::open(FileSystem& files, const std::string& path,
                           const ManifestSegment* expected,
                           std::unique_ptr<SegmentReader>* reader) {
  std::unique_ptr<SegmentReader> made(new SegmentReader);
  made->path_ = path;
  {
    std::unique_ptr<File> file;
    NDTS_TRY(files.open(path, OpenMode::kRead, &file));
    NDTS_TRY(file->map(&made->mapping_));
  }
  made->bytes_ = made->mapping_->bytes();
  SegmentTrailer trailer{};
  NDTS_TRY(made->check_ends(path, &trailer));
  NDTS_TRY(made->check_footer(trailer));
  const ManifestSegment& found = made->summary_;
  if (expected != nullptr && std::memcmp(expected, &found, sizeof found) != 0)
    return made->corrupt("it is not the file that the manifest lists", 0);
  *reader = std::move(made);
  return {};
}

Status SegmentReader::check_ends(const std::string& path, SegmentTrailer* trailer) {
  constexpr std::size_t kEnds = sizeof(SegmentHeader) + sizeof(SegmentTrailer);
  const std::string length = std::to_string(bytes_.size()) + " bytes";
  if (bytes_.size() < kEnds) return corrupt("cut short, " + length, bytes_.size());
  const auto header = load<SegmentHeader>(bytes_.data());
  if (header.magic != kSegmentMagic) return corrupt("bad magic in the header", 8);
  if (header.checksum != crc32c(0, bytes_of(header).subspan(4)))
    return corrupt("checksum of the header", 0);
  const std::uint64_t at = bytes_.size() - sizeof *trailer;
  *trailer = load<SegmentTrailer>(bytes_.data() + at);
  if (header.version > kSegmentVersion)
    return Status(Code::kVersionTooNew,
                  "segment version " + std::to_string(header.version) + ", this is version " +
                      std::to_string(kSegmentVersion),
                  path);
  if (trailer->magic != kSegmentMagic) return corrupt("bad magic in the trailer", at + 8);
  if (trailer->checksum != crc32c(0, bytes_of(*trailer).subspan(4)))
    return corrupt("checksum of the trailer", at);
  if (trailer->version != header.version) return corrupt("version of the trailer", at + 4);
  if (trailer->file_bytes != bytes_.size())
    return corrupt("is " + length + ", was " + std::to_string(trailer->file_bytes), at);
  if (header.reserved0 != 0 || !all_zero(bytes_of(header.reserved1)) ||
      !all_zero(bytes_of(trailer->reserved)))
    return corrupt("reserved bytes are not zero", 0);
  summary_.number = header.number;
  summary_.shard = header.shard;
  summary_.day = header.day;
  summary_.rows = header.rows;
  summary_.bytes = bytes_.size();
  summary_.trailer_checksum = trailer->checksum;
  return {};
}

Status SegmentReader::check_footer(const SegmentTrailer& trailer) {
  const std::uint64_t at = bytes_.size() - sizeof trailer;
  const std::uint64_t offset = trailer.footer_offset;
  const std::uint64_t block_bytes = std::uint64_t{trailer.block_count} * sizeof(SegmentBlock);
  const std::uint64_t name_bytes = std::uint64_t{trailer.name_count} * sizeof(SegmentName);
  const std::uint64_t range_bytes = std::uint64_t{trailer.range_count} * sizeof(SegmentRange);
  if (offset < sizeof(SegmentHeader) || offset > at || offset % 8 != 0)
    return corrupt("footer offset", at + offsetof(SegmentTrailer, footer_offset));
  if (trailer.text_bytes > at ||
      block_bytes + name_bytes + range_bytes + trailer.text_bytes != at - offset)
    return corrupt("length of the footer", at + offsetof(SegmentTrailer, block_count));
  if (crc32c(0, bytes_.subspan(offset, at - offset)) != trailer.footer_checksum)
    return corrupt("checksum of the footer", offset);
  const std::byte* from = bytes_.data() + offset;
  blocks_ = {reinterpret_cast<const SegmentBlock*>(from), trailer.block_count};
  from += block_bytes;
  names_ = {reinterpret_cast<const SegmentName*>(from), trailer.name_count};
  from += name_bytes;
  ranges_ = {reinterpret_cast<const SegmentRange*>(from), trailer.range_count};
  from += range_bytes;
  text_ = {reinterpret_cast<const char*>(from), trailer.text_bytes};
  for (const SegmentName& entry : names_)
    if (entry.offset > text_.size() || entry.bytes > text_.size() - entry.offset)
      return corrupt("name of symbol " + std::to_string(entry.symbol), offset);
  summary_.first_sequence = std::numeric_limits<std::uint64_t>::max();
  for (const SegmentRange& range : ranges_) {
    summary_.first_sequence = std::min(summary_.first_sequence, range.first_sequence);
    summary_.end_sequence = std::max(summary_.end_sequence, range.end_sequence);
  }
  verified_.reset(new std::atomic<std::uint8_t>[blocks_.size()]());
  return check_blocks(offset);
}

// Blocks stand one after the other from the header to the footer, so that no byte of the file is
// outside of a checksum.
Status SegmentReader::check_blocks(std::uint64_t footer_offset) {
  std::uint64_t expected = sizeof(SegmentHeader);
  std::uint64_t rows = 0;
  summary_.min_time = std::numeric_limits<std::int64_t>::max();
  summary_.max_time = std::numeric_limits<std::int64_t>::min();
  const SegmentBlock* before = nullptr;
  for (const SegmentBlock& block : blocks_) {
    const auto at = static_cast<std::uint64_t>(reinterpret_cast<const std::byte*>(&block) -
                                               bytes_.data());
    if (block.codec != static_cast<std::uint32_t>(BlockCodec::kRaw))
      return corrupt("unknown codec " + std::to_string(block.codec), at);
    if (block.offset != expected || block.rows == 0 || block.rows > kBlockRows ||
        block.bytes != std::uint64_t{block.rows} * kRawRowBytes || block.min_time > block.max_time)
      return corrupt("block entry", at);
    const bool same_symbol = before != nullptr && block.symbol == before->symbol;
    if (before != nullptr && (block.symbol < before->symbol ||
                              (same_symbol && block.min_time < before->max_time)))
      return corrupt("order of the blocks", at);
    expected += block.bytes;
    rows += block.rows;
    summary_.min_time = std::min(summary_.min_time, block.min_time);
    summary_.max_time = std::max(summary_.max_time, block.max_time);
    before = &block;
  }
  if (expected != footer_offset) return corrupt("blocks do not reach the footer", expected);
  if (rows != summary_.rows) return corrupt("number of rows", offsetof(SegmentHeader, rows));
  return {};
}

std::string_view SegmentReader::name(const SegmentName& entry) const {
  return text_.substr(entry.offset, entry.bytes);
}

std::span<const SegmentBlock> SegmentReader::blocks(std::uint32_t symbol) const {
  const auto first = std::lower_bound(
      blocks_.begin(), blocks_.end(), symbol,
      [](const SegmentBlock& block, std::uint32_t wanted) { return block.symbol < wanted; });
  auto last = first;
  while (last != blocks_.end() && last->symbol == symbol) ++last;
  return {first, last};
}

Status SegmentReader::read(const SegmentBlock& block, BlockColumns* columns) const {
  const auto index = static_cast<std::size_t>(&block - blocks_.data());
  const Bytes bytes = bytes_.subspan(block.offset, block.bytes);
  if (verified_[index].load(std::memory_order_relaxed) == 0) {
    if (crc32c(0, bytes) != block.checksum)
      return corrupt("checksum of a block of symbol " + std::to_string(block.symbol), block.offset);
    verified_[index].store(1, std::memory_order_relaxed);
  }
  const std::byte* from = bytes.data();
  const std::size_t step = std::size_t{8} * block.rows;
  columns->time = reinterpret_cast<const std::int64_t*>(from);
  columns->sequence = reinterpret_cast<const std::uint64_t*>(from + step);
  const double** doubles[] = {&columns->price, &columns->volume,     &columns->bid,
                              &columns->ask,   &columns->bid_volume, &columns->ask_volume};
  std::size_t offset = 2 * step;
  for (const double** column : doubles) {
    *column = reinterpret_cast<const double*>(from + offset);
    offset += step;
  }
  columns->flags = reinterpret_cast<const std::uint32_t*>(from + offset);
  columns->epoch = reinterpret_cast<const std::uint32_t*>(from + offset + step / 2);
  columns->symbol = block.symbol;
  columns->rows = block.rows;
  return {};
}

}  // namespace ndts
