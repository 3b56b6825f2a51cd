#include "codec/decimal.h"

#include <algorithm>
#include <array>
#include <bit>

#include "codec/append.h"
#include "codec/codec.h"
#include "codec/frame.h"
#include "codec/scale.h"
#include "generated/layouts.h"

namespace ndts::codec {
namespace {

constexpr std::array<double, kExponentMax + 1> kPowers = {1,    1e1,  1e2,  1e3,  1e4,  1e5,
                                                          1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                                          1e12, 1e13, 1e14, 1e15};
constexpr std::size_t kDecimalSample = 64;

__extension__ using Wide = __int128;
__extension__ using WideBits = unsigned __int128;  // that may wrap, on damaged bytes

// Gives the exceptions the integer before them, so that they cost nothing in the frame.
void fill_exceptions(std::span<const std::uint32_t> places, std::span<std::int64_t> integers) {
  if (places.empty() || places.size() == integers.size()) return;
  std::size_t first = 0;  // that is none
  while (first < places.size() && places[first] == first) ++first;
  for (const std::uint32_t place : places)
    integers[place] = place == 0 ? integers[first] : integers[place - 1];
}

// What stands before the frames, and where the exceptions are.
struct DecimalHead {
  FrameScale scale;
  std::size_t exceptions = 0;

  [[nodiscard]] bool read(ByteReader* reader, std::uint8_t parameter, std::size_t count) {
    const auto head = reader->read<CodecCount>();
    const unsigned exponent = parameter & ~unsigned{kScaledBit};
    exceptions = head.count;
    if (exponent > kExponentMax || head.reserved != 0 || exceptions > count) return false;
    scale.divisor = kPowers[exponent];
    return read_scale(reader, parameter, &scale);
  }
};

struct DecimalExceptions {
  Bytes bits;
  Bytes places;

  [[nodiscard]] bool read(ByteReader* reader, std::size_t count, std::size_t values) {
    bits = reader->read_bytes(count * sizeof(std::uint64_t));
    places = reader->read_bytes(count * sizeof(std::uint32_t));
    const std::size_t odd = count % 2 * sizeof(std::uint32_t);
    if (!all_zero(reader->read_bytes(odd)) || !reader->ok()) return false;
    for (std::size_t i = 0; i < count; ++i)
      if (place(i) >= values || (i > 0 && place(i) <= place(i - 1))) return false;
    return true;
  }
  [[nodiscard]] std::uint32_t place(std::size_t i) const {
    return load<std::uint32_t>(places.data() + i * sizeof(std::uint32_t));
  }
  [[nodiscard]] double value(std::size_t i) const {
    return load<double>(bits.data() + i * sizeof(double));
  }
};

}  // namespace

DecimalGuess guess_decimal(const Kernels& kernels, std::span<const double> values) {
  double sample[kDecimalSample];
  DecimalGuess guess;
  guess.taken = std::min(kDecimalSample, values.size());
  for (std::size_t i = 0; i < guess.taken; ++i)
    sample[i] = values[i * values.size() / guess.taken];
  std::int64_t integers[kDecimalSample];
  std::uint16_t places[kDecimalSample];
  guess.exceptions = guess.taken + 1;
  for (std::uint8_t exponent = 0; exponent <= kExponentMax && guess.exceptions > 0; ++exponent) {
    const std::size_t found =
        kernels.decimal(sample, guess.taken, kPowers[exponent], integers, places);
    if (found >= guess.exceptions) continue;
    guess.exceptions = found;
    guess.exponent = exponent;
  }
  return guess;
}

void put_decimal(const Kernels& kernels, std::uint8_t exponent, std::span<const double> values,
                 std::uint8_t* parameter, Scratch* scratch, std::vector<std::byte>* out) {
  if (scratch->integers.size() < values.size()) scratch->integers.resize(values.size());
  std::span<std::int64_t> integers(scratch->integers.data(), values.size());
  std::vector<std::uint32_t>& places = scratch->places;
  places.clear();
  std::uint16_t found[kVectorValues];
  for (std::size_t at = 0; at < values.size(); at += kVectorValues) {
    const std::size_t count = std::min(kVectorValues, values.size() - at);
    const std::size_t bad = kernels.decimal(values.data() + at, count, kPowers[exponent],
                                            integers.data() + at, found);
    for (std::size_t i = 0; i < bad; ++i)
      places.push_back(static_cast<std::uint32_t>(at + found[i]));
  }
  fill_exceptions(places, integers);
  const FrameScale scale = take_scale(kernels, integers, &scratch->quotients);
  *parameter = exponent;
  append(CodecCount{static_cast<std::uint32_t>(places.size()), 0}, out);
  if (scale.scale != 1) {
    *parameter |= kScaledBit;
    put_scale(scale, out);
    integers = {scratch->quotients.data(), values.size()};
  }
  put_frames(kernels, integers, out);
  for (const std::uint32_t place : places) append(values[place], out);
  const std::size_t at = out->size();
  append_all(std::span<const std::uint32_t>(places), out);
  append_padding(at, out);
}

bool read_decimal(const Kernels& kernels, ByteReader* reader, std::uint8_t parameter,
                  std::span<double> out) {
  DecimalHead head;
  if (!head.read(reader, parameter, out.size())) return false;
  if (!read_frames(kernels, reader, head.scale, out)) return false;
  if (head.exceptions == 0) return true;
  DecimalExceptions exceptions;
  if (!exceptions.read(reader, head.exceptions, out.size())) return false;
  for (std::size_t i = 0; i < head.exceptions; ++i)
    out[exceptions.place(i)] = exceptions.value(i);
  return true;
}

bool read_decimal_integers(const Kernels& kernels, Bytes column, std::span<std::int64_t> out,
                           DecimalIntegers* integers) {
  ColumnInfo info;
  const bool decimal = inspect(column, &info).ok() && info.codec == ColumnCodec::kDecimal &&
                       info.type == ColumnType::kF64 && info.count == out.size();
  if (!decimal) return false;
  ByteReader reader(column);
  const std::uint8_t parameter = reader.read<CodecHeader>().parameter;
  DecimalHead head;
  if (!head.read(&reader, parameter, out.size()) || head.exceptions > 0) return false;
  *integers = {head.scale, static_cast<std::uint8_t>(parameter & ~unsigned{kScaledBit})};
  return read_frames(kernels, &reader, {}, out) && reader.ok() && reader.left() == 0;
}

bool sum_decimal(const Kernels& kernels, ByteReader* reader, std::uint8_t parameter,
                 std::size_t count, double* sum) {
  DecimalHead head;
  if (!head.read(reader, parameter, count)) return false;
  ByteReader ahead = *reader;
  FrameReader vector;
  DecimalExceptions exceptions;
  if (head.exceptions > 0) {
    for (std::size_t at = 0; at < count; at += kVectorValues)
      if (!vector.read(kernels, &ahead, std::min(kVectorValues, count - at))) return false;
    if (!exceptions.read(&ahead, head.exceptions, count)) return false;
  }
  WideBits total = 0;
  std::size_t next = 0;
  for (std::size_t at = 0; at < count; at += kVectorValues) {
    const std::size_t values = std::min(kVectorValues, count - at);
    if (!vector.read(kernels, reader, values)) return false;
    std::uint64_t part = vector.sum(kernels);
    std::size_t summed = values;
    if (next < head.exceptions && exceptions.place(next) < at + values) {
      std::int64_t integers[kVectorValues];
      vector.restore(kernels, {}, integers);
      for (; next < head.exceptions && exceptions.place(next) < at + values; ++next, --summed)
        part -= static_cast<std::uint64_t>(integers[exceptions.place(next) - at]);
    }
    const Wide scaled =
        Wide{static_cast<std::int64_t>(part)} * static_cast<std::int64_t>(head.scale.scale);
    const Wide offsets =
        Wide{static_cast<std::int64_t>(head.scale.offset)} * static_cast<Wide>(summed);
    total += static_cast<WideBits>(scaled) + static_cast<WideBits>(offsets);
  }
  *sum = static_cast<double>(static_cast<Wide>(total)) / head.scale.divisor;
  for (std::size_t i = 0; i < head.exceptions; ++i) *sum += exceptions.value(i);
  if (head.exceptions > 0) *reader = ahead;
  return true;
}

}  // namespace ndts::codec
