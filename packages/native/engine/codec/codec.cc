#include "codec/codec.h"

#include <array>
#include <limits>
#include <string>

#include "codec/alp_rd.h"
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
