// See segment_writer.h.
#include "table/segment_writer.h"

#include <algorithm>
#include <limits>

#include "base/crc32c.h"
#include "generated/constants.h"
#include "table/segment_reader.h"

namespace ndts {

namespace {

constexpr std::size_t kWriteBytes = 1u << 20;

template <typename T>
Bytes array_bytes(const std::vector<T>& values) {
  return std::as_bytes(std::span<const T>(values));
}

void append(Bytes bytes, std::vector<std::byte>* out) {
  out->insert(out->end(), bytes.begin(), bytes.end());
}

}  // namespace

SegmentWriter::SegmentWriter(FileSystem& files, std::string path, std::uint64_t number,
                             const TableSchema& schema, std::uint32_t shard, std::int64_t day)
    : files_(files), path_(std::move(path)), block_(schema) {
  record_.number = number;
  record_.table = schema.id;
  record_.shard = shard;
  record_.day = day;
  record_.version = kSegmentVersion;
  record_.min_time = std::numeric_limits<std::int64_t>::max();
  record_.max_time = std::numeric_limits<std::int64_t>::min();
  record_.first_sequence = std::numeric_limits<std::uint64_t>::max();
  std::vector<std::uint32_t> name_places;
  for (const ColumnSchema& column : schema.columns) {
    name_places.push_back(static_cast<std::uint32_t>(text_.size()));
    text_.append(column.name);
  }
  for (const StreamKey& key : streams_of(schema)) {
    SegmentStream stream{};
    stream.part = static_cast<std::uint8_t>(key.part);
    if (key.part >= StreamPart::kValues) {
      stream.name_offset = name_places[key.column];
      stream.name_bytes = static_cast<std::uint32_t>(schema.columns[key.column].name.size());
      stream.column = key.column;
      stream.type = static_cast<std::uint8_t>(key.type);
    }
    streams_.push_back(stream);
  }
}

SegmentWriter::~SegmentWriter() = default;

Status SegmentWriter::create() {
  NDTS_TRY(files_.open(path_, OpenMode::kCreate, &file_));
  // The row count is not known yet: the header is written by finish().
  append(bytes_of(SegmentHeader{}), &buffer_);
  return {};
}

Status SegmentWriter::write_out() {
  NDTS_TRY(file_->write(flushed_, buffer_));
  flushed_ += buffer_.size();
  buffer_.clear();
  return {};
}

Status SegmentWriter::begin_symbol(std::uint32_t symbol, std::string_view name,
                                   std::uint64_t rows) {
  // Neither a block that was one symbol's own nor one that many share gets rows of a large one.
  if (block_.rows() > 0 && (own_block_ || rows >= kOwnBlockRows)) NDTS_TRY(end_block());
  symbol_ = symbol;
  left_ = rows;
  run_open_ = false;
  names_.push_back({symbol, static_cast<std::uint32_t>(name.size()), text_.size()});
  text_.append(name);
  return {};
}

Status SegmentWriter::add(const RowsView& rows) {
  for (std::size_t at = 0; at < rows.count;) {
    if (block_.rows() == 0) {
      own_block_ = left_ >= kOwnBlockRows;
      block_limit_ = static_cast<std::size_t>(
          own_block_ ? std::min<std::uint64_t>(left_, kBlockRows) : kBlockRows);
    }
    const std::size_t wanted = std::min(rows.count - at, block_limit_ - block_.rows());
    const std::size_t count = block_.room_for(rows, at, wanted);
    if (count == 0) {
      if (block_.rows() == 0)
        return Status(Code::kInvalidArgument,
                      "segment: the texts of a row have more than " +
                          std::to_string(kRowTextBytes) + " bytes",
                      path_);
      NDTS_TRY(end_block());
      continue;
    }
    if (!run_open_) begin_run();
    extend_run(rows, at, count);
    block_.append(rows, at, count);
    at += count;
    left_ -= std::min<std::uint64_t>(left_, count);
    if (block_.rows() == block_limit_) NDTS_TRY(end_block());
  }
  return {};
}

void SegmentWriter::begin_run() {
  SegmentRun run{};
  run.symbol = symbol_;
  run.block = static_cast<std::uint32_t>(blocks_.size());
  run.first_row = static_cast<std::uint32_t>(block_.rows());
  runs_.push_back(run);
  run_open_ = true;
}

void SegmentWriter::extend_run(const RowsView& rows, std::size_t first, std::size_t count) {
  SegmentRun& run = runs_.back();
  if (run.rows == 0) run.min_time = rows.time[first];
  run.max_time = rows.time[first + count - 1];
  run.rows += static_cast<std::uint32_t>(count);
}

Status SegmentWriter::end_block() {
  SegmentBlock block{};
  const std::size_t start = buffer_.size();
  block.offset = flushed_ + start;
  block.rows = static_cast<std::uint32_t>(block_.rows());
  block.first_run =
      blocks_.empty() ? 0 : blocks_.back().first_run + blocks_.back().run_count;
  block.run_count = static_cast<std::uint32_t>(runs_.size()) - block.first_run;
  block.min_time = std::numeric_limits<std::int64_t>::max();
  block.max_time = std::numeric_limits<std::int64_t>::min();
  for (std::size_t at = block.first_run; at < runs_.size(); at += 1) {
    block.min_time = std::min(block.min_time, runs_[at].min_time);
    block.max_time = std::max(block.max_time, runs_[at].max_time);
  }
  note_ranges();
  const std::size_t sequence_strip = strips_.size() + kSequenceStream;
  block_.finish(&buffer_, &strips_);
  block.bytes = buffer_.size() - start;
  block.first_sequence = strips_[sequence_strip].min;
  block.end_sequence = strips_[sequence_strip].max + 1;
  return put_block(block);
}

Status SegmentWriter::add_block(const SegmentReader& reader, std::size_t index) {
  if (block_.rows() > 0) NDTS_TRY(end_block());
  SegmentBlock block = reader.blocks()[index];
  block.offset = flushed_ + buffer_.size();
  block.first_run = static_cast<std::uint32_t>(runs_.size());
  runs_.push_back({symbol_, static_cast<std::uint32_t>(blocks_.size()), 0, block.rows,
                   block.min_time, block.max_time});
  for (std::size_t stream = 0; stream < streams_.size(); stream += 1) {
    Bytes bytes;
    NDTS_TRY(reader.strip_bytes(index, stream, &bytes));
    append(bytes, &buffer_);
    buffer_.resize(static_cast<std::size_t>(align_up(buffer_.size(), 8)));
    strips_.push_back(reader.strip(index, stream));
  }
  const std::uint64_t epoch = reader.strip(index, kEpochStream).min;
  note_range(epoch, block.first_sequence, block.end_sequence - 1, block.rows);
  left_ -= std::min<std::uint64_t>(left_, block.rows);
  return put_block(block);
}

Status SegmentWriter::put_block(const SegmentBlock& block) {
  record_.rows += block.rows;
  record_.min_time = std::min(record_.min_time, block.min_time);
  record_.max_time = std::max(record_.max_time, block.max_time);
  record_.first_sequence = std::min(record_.first_sequence, block.first_sequence);
  record_.end_sequence = std::max(record_.end_sequence, block.end_sequence);
  blocks_.push_back(block);
  run_open_ = false;
  return buffer_.size() >= kWriteBytes ? write_out() : Status();
}

// Rows of one epoch mostly follow each other.
void SegmentWriter::note_ranges() {
  const std::span<const std::uint64_t> sequences = block_.sequences();
  const std::span<const std::uint32_t> epochs = block_.epochs();
  for (std::size_t at = 0; at < epochs.size();) {
    const std::size_t begin = at;
    std::uint64_t first = sequences[at];
    std::uint64_t last = first;
    for (; at < epochs.size() && epochs[at] == epochs[begin]; at += 1) {
      first = std::min(first, sequences[at]);
      last = std::max(last, sequences[at]);
    }
    note_range(epochs[begin], first, last, at - begin);
  }
}

void SegmentWriter::note_range(std::uint64_t epoch, std::uint64_t first, std::uint64_t last,
                               std::uint64_t rows) {
  auto range = std::lower_bound(
      ranges_.begin(), ranges_.end(), epoch,
      [](const SegmentRange& known, std::uint64_t wanted) { return known.epoch < wanted; });
  if (range == ranges_.end() || range->epoch != epoch)
    range = ranges_.insert(range, {epoch, first, last + 1, 0});
  range->first_sequence = std::min(range->first_sequence, first);
  range->end_sequence = std::max(range->end_sequence, last + 1);
  range->rows += rows;
}

Status SegmentWriter::put_footer() {
  SegmentTrailer trailer{};
  trailer.version = kSegmentVersion;
  trailer.magic = kSegmentMagic;
  trailer.footer_offset = flushed_ + buffer_.size();
  text_.resize(align_up(text_.size(), 8), '\0');
  for (const Bytes part :
       {array_bytes(blocks_), array_bytes(strips_), array_bytes(runs_), array_bytes(streams_),
        array_bytes(names_), array_bytes(ranges_), bytes_of_text(text_)}) {
    trailer.footer_checksum = crc32c(trailer.footer_checksum, part);
    append(part, &buffer_);
  }
  trailer.block_count = static_cast<std::uint32_t>(blocks_.size());
  trailer.run_count = static_cast<std::uint32_t>(runs_.size());
  trailer.stream_count = static_cast<std::uint32_t>(streams_.size());
  trailer.name_count = static_cast<std::uint32_t>(names_.size());
  trailer.range_count = static_cast<std::uint32_t>(ranges_.size());
  trailer.text_bytes = text_.size();
  trailer.file_bytes = flushed_ + buffer_.size() + sizeof trailer;
  trailer.checksum = crc32c(0, bytes_of(trailer).subspan(4));
  record_.trailer_checksum = trailer.checksum;
  append(bytes_of(trailer), &buffer_);
  return write_out();
}

Status SegmentWriter::finish(SegmentRecord* record) {
  std::unique_ptr<File> file;
  NDTS_TRY(finish(record, &file));
  return file->sync();
}

Status SegmentWriter::finish(SegmentRecord* record, std::unique_ptr<File>* unsynced) {
  if (block_.rows() > 0) NDTS_TRY(end_block());
  NDTS_TRY(put_footer());
  SegmentHeader header{};
  header.version = kSegmentVersion;
  header.magic = kSegmentMagic;
  header.table = record_.table;
  header.shard = record_.shard;
  header.day = record_.day;
  header.rows = record_.rows;
  header.number = record_.number;
  header.checksum = crc32c(0, bytes_of(header).subspan(4));
  NDTS_TRY(file_->write(0, bytes_of(header)));
  record_.bytes = flushed_;
  *record = record_;
  *unsynced = std::move(file_);
  return {};
}

}  // namespace ndts
