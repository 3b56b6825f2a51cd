#include "codec/codec.h"

#include <array>
#include <limits>
#include <string>

#include "codec/alp_rd.h"
#include "codec/append.h"
#include "codec/choose.h"
#include "codec/decimal.h"
#include "codec/dictionary.h"
#include "codec/frame.h"
#include "codec/gorilla.h"
#include "codec/raw.h"
#include "codec/run_length.h"
#include "codec/scale.h"
#include "generated/layouts.h"

namespace ndts::codec {
namespace {

std::size_t put_header(ColumnCodec codec, ColumnType type, std::size_t count,
                       std::vector<std::byte>* out) {
  const std::size_t at = out->size();
  const CodecHeader header{static_cast<std::uint8_t>(codec), kCodecVersion,
                           static_cast<std::uint8_t>(type), 0, static_cast<std::uint32_t>(count)};
  append(header, out);
  return at;
}

void set_parameter(std::size_t header_at, std::uint8_t parameter, std::vector<std::byte>* out) {
  (*out)[header_at + offsetof(CodecHeader, parameter)] = std::byte{parameter};
}

// Doubles as their bits: the same memory, which int64 may not name.
std::vector<std::int64_t> bits_of(std::span<const double> values) {
  std::vector<std::int64_t> bits(values.size());
  if (!bits.empty()) std::memcpy(bits.data(), values.data(), values.size_bytes());
  return bits;
}

void put_integers(const Kernels& kernels, std::span<const std::int64_t> values,
                  std::size_t header_at, std::vector<std::byte>* out) {
  const FrameScale scale = common_scale(values);
  if (scale.scale == 1) return put_frames(kernels, values, out);
  set_parameter(header_at, kScaledBit, out);
  put_scale(scale, out);
  std::vector<std::int64_t> divided(values.size());
  divide_by(scale, values, divided.data());
  put_frames(kernels, divided, out);
}

// The codecs that hold any 64 bits; `type` is what they are.
bool put_any(const Kernels& kernels, ColumnCodec codec, ColumnType type,
             std::span<const std::int64_t> values, std::vector<std::byte>* out) {
  const std::size_t at = out->size();
  const std::size_t header_at = put_header(codec, type, values.size(), out);
  switch (codec) {
    case ColumnCodec::kRaw:
      put_raw(values, out);
      return true;
    case ColumnCodec::kFrame:
      put_integers(kernels, values, header_at, out);
      return true;
    case ColumnCodec::kRunLength:
      put_run_length(kernels, values, out);
      return true;
    case ColumnCodec::kDictionary:
      if (put_dictionary(kernels, values, out)) return true;
      break;
    default:
      break;
  }
  out->resize(at);
  return false;
}

template <typename T>
bool read_any(const Kernels& kernels, const CodecHeader& header, ByteReader* reader,
              std::span<T> out) {
  if (header.parameter != 0) return false;
  switch (static_cast<ColumnCodec>(header.codec)) {
    case ColumnCodec::kRaw:
      return read_raw(reader, out);
    case ColumnCodec::kRunLength:
      return read_run_length(kernels, reader, out);
    case ColumnCodec::kDictionary:
      return read_dictionary(kernels, reader, out);
    default:
      return false;
  }
}

bool read_integers(const Kernels& kernels, const CodecHeader& header, ByteReader* reader,
                   std::span<std::int64_t> out) {
  if (static_cast<ColumnCodec>(header.codec) != ColumnCodec::kFrame)
    return read_any(kernels, header, reader, out);
  FrameScale scale;
  return (header.parameter & ~unsigned{kScaledBit}) == 0 &&
         read_scale(reader, header.parameter, &scale) && read_frames(kernels, reader, scale, out);
}

bool read_doubles(const Kernels& kernels, const CodecHeader& header, ByteReader* reader,
                  std::span<double> out) {
  switch (static_cast<ColumnCodec>(header.codec)) {
    case ColumnCodec::kDecimal:
      return read_decimal(kernels, reader, header.parameter, out);
    case ColumnCodec::kAlpRd:
      return header.parameter == 0 && read_alp_rd(kernels, reader, out);
    case ColumnCodec::kGorilla:
      return header.parameter == 0 && read_gorilla(reader, out);
    default:
      return read_any(kernels, header, reader, out);
  }
}

Status corrupt(const CodecHeader& header) {
  return Status(Code::kCorrupt,
                "not what codec " + std::to_string(header.codec) + " writes for " +
                    std::to_string(header.count) + " values of type " +
                    std::to_string(header.type));
}

Status read_header(ByteReader* reader, CodecHeader* header) {
  *header = reader->read<CodecHeader>();
  if (!reader->ok()) return Status(Code::kCorrupt, "an encoded column has at least 8 bytes");
  if (header->version > kCodecVersion)
    return Status(Code::kVersionTooNew, "column codec version " + std::to_string(header->version) +
                                            "; this one reads " + std::to_string(kCodecVersion));
  const auto type = static_cast<ColumnType>(header->type);
  const bool known = type == ColumnType::kI64 || type == ColumnType::kF64 ||
                     type == ColumnType::kU32;
  if (!known || header->version == 0) return corrupt(*header);
  return Status::success();
}

Status read_header_of(ByteReader* reader, ColumnType type, std::size_t count,
                      CodecHeader* header) {
  NDTS_TRY(read_header(reader, header));
  if (header->type == static_cast<std::uint8_t>(type) && header->count == count)
    return Status::success();
  return Status(Code::kInvalidArgument,
                "the column has " + std::to_string(header->count) + " values of type " +
                    std::to_string(header->type) + ", asked for " + std::to_string(count) +
                    " of type " + std::to_string(static_cast<std::uint32_t>(type)));
}

Status ended(bool read, const ByteReader& reader, const CodecHeader& header) {
  return read && reader.ok() && reader.left() == 0 ? Status::success() : corrupt(header);
}

double sum_in_parts(std::span<const double> values) {
  std::array<double, kLanes> parts{};
  const std::size_t whole = values.size() / kLanes * kLanes;
  for (std::size_t at = 0; at < whole; at += kLanes)
    for (std::size_t lane = 0; lane < kLanes; ++lane) parts[lane] += values[at + lane];
  for (std::size_t at = whole; at < values.size(); ++at) parts[at - whole] += values[at];
  double sum = 0;
  for (const double part : parts) sum += part;
  return sum;
}

}  // namespace

Status inspect(Bytes column, ColumnInfo* info) {
  ByteReader reader(column);
  CodecHeader header;
  NDTS_TRY(read_header(&reader, &header));
  *info = {static_cast<ColumnCodec>(header.codec), static_cast<ColumnType>(header.type),
           header.count};
  return Status::success();
}

bool encode_i64_as(ColumnCodec codec, std::span<const std::int64_t> values,
                   std::vector<std::byte>* out, const Kernels& kernels) {
  return put_any(kernels, codec, ColumnType::kI64, values, out);
}

bool encode_f64_as(ColumnCodec codec, std::span<const double> values, std::vector<std::byte>* out,
                   const Kernels& kernels) {
  if (codec == ColumnCodec::kFrame) return false;
  if (codec < ColumnCodec::kDecimal)
    return put_any(kernels, codec, ColumnType::kF64, bits_of(values), out);
  if (values.empty()) return false;
  const std::size_t at = put_header(codec, ColumnType::kF64, values.size(), out);
  std::uint8_t parameter = 0;
  switch (codec) {
    case ColumnCodec::kDecimal:
      put_decimal(kernels, values, &parameter, out);
      break;
    case ColumnCodec::kAlpRd:
      put_alp_rd(kernels, values, out);
      break;
    case ColumnCodec::kGorilla:
      put_gorilla(values, out);
      break;
    default:
      out->resize(at);
      return false;
  }
  set_parameter(at, parameter, out);
  return true;
}

namespace {

// What was chosen on a sample may be larger than raw in the end.
template <typename T>
void keep_or_raw(bool encoded, ColumnType type, std::size_t at, std::span<const T> values,
                 std::vector<std::byte>* out) {
  const std::size_t raw_bytes = sizeof(CodecHeader) + values.size() * sizeof(std::uint64_t);
  if (encoded && out->size() - at <= raw_bytes) return;
  out->resize(at);
  put_header(ColumnCodec::kRaw, type, values.size(), out);
  put_raw(values, out);
}

}  // namespace

void encode_i64(std::span<const std::int64_t> values, std::vector<std::byte>* out,
                const Kernels& kernels) {
  const std::size_t at = out->size();
  const bool encoded = encode_i64_as(choose_i64(kernels, values), values, out, kernels);
  keep_or_raw(encoded, ColumnType::kI64, at, values, out);
}

void encode_f64(std::span<const double> values, std::vector<std::byte>* out,
                const Kernels& kernels) {
  const std::size_t at = out->size();
  const bool encoded = encode_f64_as(choose_f64(kernels, values), values, out, kernels);
  keep_or_raw(encoded, ColumnType::kF64, at, values, out);
}

void encode_u32(std::span<const std::uint32_t> values, std::vector<std::byte>* out,
                const Kernels& kernels) {
  const std::vector<std::int64_t> wide(values.begin(), values.end());
  const std::size_t at = out->size();
  encode_i64(wide, out, kernels);
  (*out)[at + offsetof(CodecHeader, type)] = std::byte{static_cast<std::uint8_t>(ColumnType::kU32)};
}

Status decode_i64(Bytes column, std::span<std::int64_t> out, const Kernels& kernels) {
  ByteReader reader(column);
  CodecHeader header;
  NDTS_TRY(read_header_of(&reader, ColumnType::kI64, out.size(), &header));
  return ended(read_integers(kernels, header, &reader, out), reader, header);
}

Status decode_f64(Bytes column, std::span<double> out, const Kernels& kernels) {
  ByteReader reader(column);
  CodecHeader header;
  NDTS_TRY(read_header_of(&reader, ColumnType::kF64, out.size(), &header));
  return ended(read_doubles(kernels, header, &reader, out), reader, header);
}

Status decode_u32(Bytes column, std::span<std::uint32_t> out, Scratch* scratch,
                  const Kernels& kernels) {
  ByteReader reader(column);
  CodecHeader header;
  NDTS_TRY(read_header_of(&reader, ColumnType::kU32, out.size(), &header));
  if (scratch->integers.size() < out.size()) scratch->integers.resize(out.size());
  const std::span<std::int64_t> words(scratch->integers.data(), out.size());
  NDTS_TRY(ended(read_integers(kernels, header, &reader, words), reader, header));
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    all |= static_cast<std::uint64_t>(words[i]);
    out[i] = static_cast<std::uint32_t>(words[i]);
  }
  return all <= std::numeric_limits<std::uint32_t>::max() ? Status::success() : corrupt(header);
}

Status sum_f64(Bytes column, std::uint32_t count, Scratch* scratch, double* sum,
               const Kernels& kernels) {
  ByteReader reader(column);
  CodecHeader header;
  NDTS_TRY(read_header_of(&reader, ColumnType::kF64, count, &header));
  if (static_cast<ColumnCodec>(header.codec) == ColumnCodec::kDecimal)
    return ended(sum_decimal(kernels, &reader, header.parameter, count, sum), reader,
                 header);
  if (scratch->doubles.size() < count) scratch->doubles.resize(count);
  const std::span<double> values(scratch->doubles.data(), count);
  NDTS_TRY(ended(read_doubles(kernels, header, &reader, values), reader, header));
  *sum = sum_in_parts(values);
  return Status::success();
}

}  // namespace ndts::codec
