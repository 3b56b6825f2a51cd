// See block_builder.h.
#include "table/block_builder.h"

#include <algorithm>
#include <limits>

#include "base/crc32c.h"
#include "codec/codec.h"

namespace ndts {

namespace {

// Least and greatest value, without nulls and NaN; the least is above the greatest when there is
// none.
template <typename T>
struct Extent {
  using Limits = std::numeric_limits<T>;
  T min = Limits::has_infinity ? Limits::infinity() : Limits::max();
  T max = Limits::has_infinity ? -Limits::infinity() : Limits::lowest();

  void take(const Extent& other) {
    min = other.min < min ? other.min : min;
    max = other.max > max ? other.max : max;
  }
  void take(T value) { take(Extent{value, value}); }
};

// Several at a time, so that no value waits for the one before it.
template <typename T, typename From>
Extent<T> extent_of(const From* values, std::size_t count, const std::uint32_t* nulls) {
  constexpr std::size_t kParts = 8;
  Extent<T> parts[kParts];
  std::size_t at = 0;
  if (nulls == nullptr)
    for (; at + kParts <= count; at += kParts)
      for (std::size_t part = 0; part < kParts; part += 1)
        parts[part].take(static_cast<T>(values[at + part]));
  for (; at < count; at += 1)
    if (nulls == nullptr || nulls[at] == 0) parts[0].take(static_cast<T>(values[at]));
  for (std::size_t part = 1; part < kParts; part += 1) parts[0].take(parts[part]);
  return parts[0];
}

template <typename T, typename From>
void note_extent(const From* values, std::size_t count, const std::uint32_t* nulls,
                 SegmentStrip* strip) {
  const Extent<T> extent = extent_of<T>(values, count, nulls);
  strip->min = std::bit_cast<std::uint64_t>(extent.min);
  strip->max = std::bit_cast<std::uint64_t>(extent.max);
}

template <typename To, typename From>
void widen(std::byte* to, const std::byte* from, std::size_t count) {
  auto* values = reinterpret_cast<To*>(to);
  const auto* source = reinterpret_cast<const From*>(from);
  for (std::size_t at = 0; at < count; at += 1) values[at] = static_cast<To>(source[at]);
}

// What the values of a stream take while they wait to be encoded.
std::size_t stored_bytes(const StreamKey& key) {
  switch (key.part) {
    case StreamPart::kTime:
    case StreamPart::kSequence:
      return 8;
    case StreamPart::kValues:
      return key.type == ValueType::kI64 || key.type == ValueType::kF64 ||
                     key.type == ValueType::kI32
                 ? 8
                 : 4;
    case StreamPart::kHeap:
      return 0;
    default:
      return 4;
  }
}

}  // namespace

std::vector<StreamKey> streams_of(const TableSchema& schema) {
  std::vector<StreamKey> streams;
  for (const StreamPart part : {StreamPart::kTime, StreamPart::kSequence, StreamPart::kEpoch})
    streams.push_back({part, {}, 0});
  for (std::size_t at = 0; at < schema.columns.size(); at += 1) {
    const ColumnSchema& column = schema.columns[at];
    const auto place = static_cast<std::uint16_t>(at);
    streams.push_back({StreamPart::kValues, column.type, place});
    if (column.nullable) streams.push_back({StreamPart::kNulls, column.type, place});
    if (has_heap(column.type)) streams.push_back({StreamPart::kHeap, column.type, place});
  }
  return streams;
}

BlockBuilder::BlockBuilder(const TableSchema& schema) {
  std::size_t bytes = 0;
  for (const StreamKey& key : streams_of(schema)) {
    streams_.push_back({.key = key});
    bytes += stored_bytes(key) * kBlockRows;
  }
  memory_ = std::make_unique_for_overwrite<std::byte[]>(bytes);
  std::byte* free = memory_.get();
  Stream* values = nullptr;
  for (Stream& stream : streams_) {
    stream.values = free;
    free += stored_bytes(stream.key) * kBlockRows;
    switch (stream.key.part) {
      case StreamPart::kValues:
        values = &stream;
        break;
      case StreamPart::kNulls:
        values->nulls = reinterpret_cast<const std::uint32_t*>(stream.values);
        break;
      case StreamPart::kHeap:
        heaps_.push_back(std::make_unique<TextHeap>());
        stream.heap = values->heap = heaps_.back().get();
        text_columns_.push_back(stream.key.column);
        break;
      default:
        break;
    }
  }
}

std::size_t BlockBuilder::room_for(const RowsView& rows, std::size_t first,
                                   std::size_t count) const {
  count = std::min(count, std::size_t{kBlockRows} - rows_);
  if (text_columns_.empty()) return count;
  std::uint64_t bytes = text_bytes_;
  for (std::size_t at = 0; at < count; at += 1) {
    std::uint64_t row_bytes = 0;
    for (const std::size_t column : text_columns_) {
      const auto value = load<HeapValue>(rows.values[column] + (first + at) * sizeof(HeapValue));
      row_bytes += sizeof(std::uint32_t) + heap_bytes(value).size();
    }
    bytes += row_bytes;
    if (row_bytes > kRowTextBytes || (bytes > kBlockTextBytes && rows_ + at > 0)) return at;
  }
  return count;
}

void BlockBuilder::append(const RowsView& rows, std::size_t first, std::size_t count) {
  for (const Stream& stream : streams_) append_to(stream, rows, first, count);
  rows_ += count;
}

void BlockBuilder::append_to(const Stream& stream, const RowsView& rows, std::size_t first,
                             std::size_t count) {
  std::byte* to = stream.values + rows_ * stored_bytes(stream.key);
  const std::size_t column = stream.key.column;
  switch (stream.key.part) {
    case StreamPart::kTime:
      std::memcpy(to, rows.time + first, count * sizeof *rows.time);
      return;
    case StreamPart::kSequence:
      std::memcpy(to, rows.sequence + first, count * sizeof *rows.sequence);
      return;
    case StreamPart::kEpoch:
      std::memcpy(to, rows.epoch + first, count * sizeof *rows.epoch);
      return;
    case StreamPart::kNulls:
      if (const std::uint8_t* nulls = rows.nulls_of(column); nulls == nullptr)
        std::memset(to, 0, count * sizeof(std::uint32_t));
      else
        widen<std::uint32_t, std::uint8_t>(to, reinterpret_cast<const std::byte*>(nulls + first),
                                           count);
      return;
    case StreamPart::kHeap:
      return;
    case StreamPart::kValues:
      break;
  }
  const std::size_t width = value_bytes(stream.key.type);
  const std::byte* from = rows.values[column] + first * width;
  switch (stream.key.type) {
    case ValueType::kI32:
      return widen<std::int64_t, std::int32_t>(to, from, count);
    case ValueType::kBool:
      return widen<std::uint32_t, std::uint8_t>(to, from, count);
    case ValueType::kText:
    case ValueType::kBytes:
      for (std::size_t at = 0; at < count; at += 1) {
        const Bytes value = heap_bytes(load<HeapValue>(from + at * width));
        text_bytes_ += sizeof(std::uint32_t) + value.size();
        store(to + at * sizeof(std::uint32_t), stream.heap->place_of(value));
      }
      return;
    default:
      std::memcpy(to, from, count * width);
  }
}

std::span<const std::uint64_t> BlockBuilder::sequences() const {
  return {reinterpret_cast<const std::uint64_t*>(streams_[kSequenceStream].values), rows_};
}

std::span<const std::uint32_t> BlockBuilder::epochs() const {
  return {reinterpret_cast<const std::uint32_t*>(streams_[kEpochStream].values), rows_};
}

void BlockBuilder::encode(const Stream& stream, std::vector<std::byte>* out,
                          SegmentStrip* strip) const {
  const StreamKey& key = stream.key;
  const auto* signeds = reinterpret_cast<const std::int64_t*>(stream.values);
  const auto* words = reinterpret_cast<const std::uint32_t*>(stream.values);
  strip->encoding = static_cast<std::uint32_t>(StripEncoding::kCodec);
  if (key.part == StreamPart::kHeap) {
    strip->encoding = static_cast<std::uint32_t>(StripEncoding::kPlain);
    const Bytes heap = stream.heap->bytes();
    out->insert(out->end(), heap.begin(), heap.end());
  } else if (key.part == StreamPart::kSequence) {
    codec::encode_i64({signeds, rows_}, out);
    note_extent<std::uint64_t>(sequences().data(), rows_, nullptr, strip);
  } else if (key.part == StreamPart::kNulls) {
    codec::encode_u32({words, rows_}, out);
    for (std::size_t at = 0; at < rows_; at += 1) strip->max += words[at];
  } else if (key.part == StreamPart::kValues && key.type == ValueType::kF64) {
    const auto* doubles = reinterpret_cast<const double*>(stream.values);
    codec::encode_f64({doubles, rows_}, out);
    note_extent<double>(doubles, rows_, stream.nulls, strip);
  } else if (key.part == StreamPart::kValues && key.type == ValueType::kF32) {
    codec::encode_u32({words, rows_}, out);
    note_extent<double>(reinterpret_cast<const float*>(stream.values), rows_, stream.nulls, strip);
  } else if (stored_bytes(key) == sizeof *signeds) {
    codec::encode_i64({signeds, rows_}, out);
    note_extent<std::int64_t>(signeds, rows_, stream.nulls, strip);
  } else {
    codec::encode_u32({words, rows_}, out);
    note_extent<std::uint64_t>(words, rows_, stream.nulls, strip);
  }
}

void BlockBuilder::finish(std::vector<std::byte>* out, std::vector<SegmentStrip>* strips) {
  const std::size_t start = out->size();
  for (const Stream& stream : streams_) {
    const std::size_t at = out->size();
    SegmentStrip strip{};
    strip.offset = static_cast<std::uint32_t>(at - start);
    encode(stream, out, &strip);
    strip.bytes = static_cast<std::uint32_t>(out->size() - at);
    out->resize(at + static_cast<std::size_t>(align_up(strip.bytes, 8)));
    strip.checksum = crc32c(0, Bytes(*out).subspan(at));
    strips->push_back(strip);
  }
  for (const std::unique_ptr<TextHeap>& heap : heaps_) heap->clear();
  rows_ = 0;
  text_bytes_ = 0;
}

}  // namespace ndts
