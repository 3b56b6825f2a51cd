// See segment_writer.h.
#include "table/segment_writer.h"

#include <algorithm>
#include <limits>

#include "base/crc32c.h"
#include "generated/constants.h"

namespace ndts {

namespace {

constexpr std::size_t kWriteBytes = 1u << 20;

template <typename T>
Bytes array_bytes(const std::vector<T>& values) {
  return std::as_bytes(std::span<const T>(values));
}

template <typename T, typename Get>
std::byte* put_column(std::byte* to, const std::vector<TickRow>& rows, Get get) {
  for (const TickRow& row : rows) {
    store<T>(to, get(row));
    to += sizeof(T);
  }
  return to;
}

}  // namespace

SegmentWriter::SegmentWriter(FileSystem& files, std::string path, std::uint64_t number,
                             std::uint32_t shard, std::int64_t day)
    : files_(files), path_(std::move(path)) {
  summary_.number = number;
  summary_.shard = shard;
  summary_.day = day;
  summary_.min_time = std::numeric_limits<std::int64_t>::max();
  summary_.max_time = std::numeric_limits<std::int64_t>::min();
  summary_.first_sequence = std::numeric_limits<std::uint64_t>::max();
}

Status SegmentWriter::create() {
  NDTS_TRY(files_.open(path_, OpenMode::kCreate, &file_));
  // The row count is not known yet: the header is written by finish().
  return put(bytes_of(SegmentHeader{}));
}

Status SegmentWriter::put(Bytes bytes) {
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  offset_ += bytes.size();
  return buffer_.size() >= kWriteBytes ? write_out() : Status();
}

Status SegmentWriter::write_out() {
  NDTS_TRY(file_->write(flushed_, buffer_));
  flushed_ += buffer_.size();
  buffer_.clear();
  return {};
}

Status SegmentWriter::begin_symbol(std::uint32_t symbol, std::string_view name) {
  NDTS_TRY(end_block());
  symbol_ = symbol;
  names_.push_back({symbol, static_cast<std::uint32_t>(name.size()), text_.size()});
  text_.append(name);
  return {};
}

Status SegmentWriter::add(const TickRow& row) {
  if (rows_.size() == kBlockRows) NDTS_TRY(end_block());
  rows_.push_back(row);
  note_range(row);
  return {};
}

void SegmentWriter::note_range(const TickRow& row) {
  summary_.rows += 1;
  summary_.min_time = std::min(summary_.min_time, row.time);
  summary_.max_time = std::max(summary_.max_time, row.time);
  summary_.first_sequence = std::min(summary_.first_sequence, row.sequence);
  summary_.end_sequence = std::max(summary_.end_sequence, row.sequence + 1);
  auto range = std::find_if(ranges_.begin(), ranges_.end(), [&row](const SegmentRange& known) {
    return known.epoch == row.epoch;
  });
  if (range == ranges_.end())
    range = ranges_.insert(ranges_.end(), {row.epoch, row.sequence, row.sequence, 0});
  range->first_sequence = std::min(range->first_sequence, row.sequence);
  range->end_sequence = std::max(range->end_sequence, row.sequence + 1);
  range->rows += 1;
}

Status SegmentWriter::end_block() {
  if (rows_.empty()) return {};
  SegmentBlock block{};
  block.symbol = symbol_;
  block.rows = static_cast<std::uint32_t>(rows_.size());
  block.offset = offset_;
  block.bytes = rows_.size() * kRawRowBytes;
  block.codec = static_cast<std::uint32_t>(BlockCodec::kRaw);
  block.min_time = rows_.front().time;
  block.max_time = rows_.back().time;
  block.min_price = std::numeric_limits<double>::infinity();
  block.max_price = -std::numeric_limits<double>::infinity();
  for (const TickRow& row : rows_) {
    if (row.price < block.min_price) block.min_price = row.price;
    if (row.price > block.max_price) block.max_price = row.price;
  }
  block_.resize(block.bytes);
  std::byte* to = block_.data();
  to = put_column<std::int64_t>(to, rows_, [](const TickRow& row) { return row.time; });
  to = put_column<std::uint64_t>(to, rows_, [](const TickRow& row) { return row.sequence; });
  to = put_column<double>(to, rows_, [](const TickRow& row) { return row.price; });
  to = put_column<double>(to, rows_, [](const TickRow& row) { return row.volume; });
  to = put_column<double>(to, rows_, [](const TickRow& row) { return row.bid; });
  to = put_column<double>(to, rows_, [](const TickRow& row) { return row.ask; });
  to = put_column<double>(to, rows_, [](const TickRow& row) { return row.bid_volume; });
  to = put_column<double>(to, rows_, [](const TickRow& row) { return row.ask_volume; });
  to = put_column<std::uint32_t>(to, rows_, [](const TickRow& row) { return row.flags; });
  put_column<std::uint32_t>(to, rows_, [](const TickRow& row) {
    return static_cast<std::uint32_t>(row.epoch);
  });
  block.checksum = crc32c(0, block_);
  blocks_.push_back(block);
  rows_.clear();
  return put(block_);
}

Status SegmentWriter::put_footer() {
  const std::uint64_t start = offset_;
  text_.resize(align_up(text_.size(), 8), '\0');
  std::uint32_t checksum = 0;
  for (const Bytes part : {array_bytes(blocks_), array_bytes(names_), array_bytes(ranges_),
                           bytes_of_text(text_)}) {
    checksum = crc32c(checksum, part);
    NDTS_TRY(put(part));
  }
  SegmentTrailer trailer{};
  trailer.version = kSegmentVersion;
  trailer.magic = kSegmentMagic;
  trailer.footer_offset = start;
  trailer.footer_checksum = checksum;
  trailer.block_count = static_cast<std::uint32_t>(blocks_.size());
  trailer.name_count = static_cast<std::uint32_t>(names_.size());
  trailer.range_count = static_cast<std::uint32_t>(ranges_.size());
  trailer.text_bytes = text_.size();
  trailer.file_bytes = offset_ + sizeof trailer;
  trailer.checksum = crc32c(0, bytes_of(trailer).subspan(4));
  summary_.trailer_checksum = trailer.checksum;
  return put(bytes_of(trailer));
}

Status SegmentWriter::finish(ManifestSegment* summary) {
  NDTS_TRY(end_block());
  NDTS_TRY(put_footer());
  NDTS_TRY(write_out());
  SegmentHeader header{};
  header.version = kSegmentVersion;
  header.magic = kSegmentMagic;
  header.shard = summary_.shard;
  header.day = summary_.day;
  header.rows = summary_.rows;
  header.number = summary_.number;
  header.checksum = crc32c(0, bytes_of(header).subspan(4));
  NDTS_TRY(file_->write(0, bytes_of(header)));
  NDTS_TRY(file_->sync());
  summary_.bytes = offset_;
  *summary = summary_;
  file_.reset();
  return {};
}

}  // namespace ndts
