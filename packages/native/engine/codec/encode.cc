// The encoding half of codec.h. A column is encoded with the codec that mostly wins; another one is
// tried on it only where a bound or a sample says that it can be smaller, and the smaller is kept.
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "codec/alp_rd.h"
#include "codec/append.h"
#include "codec/codec.h"
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
std::span<const std::int64_t> bits_of(std::span<const double> values, Scratch* scratch) {
  if (scratch->words.size() < values.size()) scratch->words.resize(values.size());
  if (!values.empty()) std::memcpy(scratch->words.data(), values.data(), values.size_bytes());
  return {scratch->words.data(), values.size()};
}

void put_integers(const Kernels& kernels, std::span<const std::int64_t> values,
                  std::size_t header_at, Scratch* scratch, std::vector<std::byte>* out) {
  const FrameScale scale = take_scale(kernels, values, &scratch->quotients);
  if (scale.scale == 1) return put_frames(kernels, values, out);
  set_parameter(header_at, kScaledBit, out);
  put_scale(scale, out);
  put_frames(kernels, {scratch->quotients.data(), values.size()}, out);
}

// The codecs that hold any 64 bits; `type` is what they are.
bool put_any(const Kernels& kernels, ColumnCodec codec, ColumnType type,
             std::span<const std::int64_t> values, Scratch* scratch,
             std::vector<std::byte>* out) {
  const std::size_t at = out->size();
  const std::size_t header_at = put_header(codec, type, values.size(), out);
  switch (codec) {
    case ColumnCodec::kRaw:
      put_raw(values, out);
      return true;
    case ColumnCodec::kFrame:
      put_integers(kernels, values, header_at, scratch, out);
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

void put_decimals(const Kernels& kernels, std::uint8_t exponent, std::span<const double> values,
                  Scratch* scratch, std::vector<std::byte>* out) {
  const std::size_t at = put_header(ColumnCodec::kDecimal, ColumnType::kF64, values.size(), out);
  std::uint8_t parameter = 0;
  put_decimal(kernels, exponent, values, &parameter, scratch, out);
  set_parameter(at, parameter, out);
}

void put_fronts(const Kernels& kernels, const FrontSplit& split, std::span<const double> values,
                std::vector<std::byte>* out) {
  put_header(ColumnCodec::kAlpRd, ColumnType::kF64, values.size(), out);
  put_alp_rd(kernels, split, values, out);
}

bool put_doubles(const Kernels& kernels, ColumnCodec codec, std::span<const double> values,
                 Scratch* scratch, std::vector<std::byte>* out) {
  if (codec == ColumnCodec::kFrame) return false;
  if (codec < ColumnCodec::kDecimal)
    return put_any(kernels, codec, ColumnType::kF64, bits_of(values, scratch), scratch, out);
  if (values.empty()) return false;
  switch (codec) {
    case ColumnCodec::kDecimal:
      put_decimals(kernels, guess_decimal(kernels, values).exponent, values, scratch, out);
      return true;
    case ColumnCodec::kAlpRd:
      put_fronts(kernels, choose_split(values), values, out);
      return true;
    case ColumnCodec::kGorilla:
      put_header(codec, ColumnType::kF64, values.size(), out);
      put_gorilla(values, out);
      return true;
    default:
      return false;
  }
}

// A run or an entry takes at least that many values, else it is not tried.
constexpr std::size_t kValuesPerRun = 4;
constexpr std::size_t kValuesPerEntry = 4;
// With fewer bits a value there is no point in trying.
constexpr std::size_t kFrontBitsMin = 48;
constexpr std::size_t kGorillaMin = 16;
// One that is slower to decode must be smaller by so many 64ths.
constexpr std::size_t kRepeatMargin = 1;
constexpr std::size_t kFrontMargin = 7;  // than raw, which is read where it is mapped
constexpr std::size_t kGorillaMargin = 16;
constexpr std::size_t kGorillaSample = 256;
constexpr std::size_t kEntryBitsMin = 4;  // of an entry, in ascending order
constexpr std::size_t kDecimalExceptionBits = 96;
constexpr std::size_t kRunLengthBytesMin =
    sizeof(CodecHeader) + sizeof(CodecCount) + 2 * sizeof(FrameVector);
// With more vectors one run is smaller than frames of no width.
constexpr std::size_t kOneRunFrom = 2 * kVectorValues + 1;

template <typename T>
std::span<const T> sample_of(std::span<const T> values, std::size_t count = kVectorValues) {
  if (values.size() <= count) return values;
  return values.subspan(values.size() / count / 2 * count, count);
}

// A column as one codec after the other encodes it, of which the smallest stays.
class Contest {
 public:
  Contest(std::size_t count, Scratch* scratch, std::vector<std::byte>* out)
      : out_(out),
        other_(&scratch->column),
        at_(out->size()),
        best_bytes_(sizeof(CodecHeader) + count * sizeof(std::uint64_t)) {}

  // `put(out)` appends a column or returns false. It stays when it is smaller than raw and, by
  // `margin` 64ths, than the best so far.
  template <typename Put>
  void enter(std::size_t margin, Put put) {
    std::vector<std::byte>* to = encoded_ ? other_ : out_;
    const std::size_t at = encoded_ ? 0 : at_;
    to->resize(at);
    if (put(to) && (to->size() - at) * 64 < best_bytes_ * (64 - margin)) {
      best_bytes_ = to->size() - at;
      if (encoded_) {
        out_->resize(at_);
        out_->insert(out_->end(), to->begin(), to->end());
      }
      encoded_ = true;
    } else if (!encoded_) {
      out_->resize(at_);
    }
  }
  [[nodiscard]] std::size_t best_bytes() const { return best_bytes_; }
  [[nodiscard]] bool is_raw() const { return !encoded_; }

 private:
  std::vector<std::byte>* out_;
  std::vector<std::byte>* other_;
  std::size_t at_;
  std::size_t best_bytes_;
  bool encoded_ = false;
};

// Bytes of a dictionary column with so many entries, about. Places in no particular order need
// their width; in order they would fit a frame as well.
std::size_t dictionary_bytes(std::size_t entries, std::size_t count) {
  const std::size_t vectors = (count + kVectorValues - 1) / kVectorValues;
  const std::size_t bits = count * width_of(entries - 1) + entries * kEntryBitsMin;
  return sizeof(CodecHeader) + sizeof(CodecCount) + (1 + vectors) * sizeof(FrameVector) + bits / 8;
}

bool may_be_dictionary(std::span<const std::int64_t> sample, std::size_t count,
                       std::size_t best_bytes) {
  const auto is_smaller = [&](std::size_t entries) {
    return dictionary_bytes(entries, count) * 64 < best_bytes * (64 - kRepeatMargin);
  };
  std::size_t limit = std::min(sample.size() / kValuesPerEntry, kDictionaryMax);
  while (limit > 1 && !is_smaller(limit)) limit /= 2;
  if (limit <= 1) return false;
  const DistinctCount seen = count_distinct(sample, limit);
  if (seen.all > limit) return false;
  // As many more as the second half of the sample had, and ever fewer.
  const std::size_t more = (seen.all - seen.half) * (count - sample.size()) / sample.size();
  return is_smaller(seen.all + more);
}

// Run length and dictionary, of a column of which `sample` is a part.
template <typename Put>
void enter_repeats(std::span<const std::int64_t> sample, std::size_t count, Contest* contest,
                   Put put) {
  const std::size_t runs = sample.size() / kValuesPerRun;
  if (contest->best_bytes() > kRunLengthBytesMin && count_runs(sample, runs) <= runs)
    contest->enter(kRepeatMargin,
                   [&](auto* out) { return put(ColumnCodec::kRunLength, out); });
  if (may_be_dictionary(sample, count, contest->best_bytes()))
    contest->enter(kRepeatMargin,
                   [&](auto* out) { return put(ColumnCodec::kDictionary, out); });
}

void enter_integers(const Kernels& kernels, std::span<const std::int64_t> values,
                    Scratch* scratch, Contest* contest) {
  const auto put = [&](ColumnCodec codec, std::vector<std::byte>* out) {
    return put_any(kernels, codec, ColumnType::kI64, values, scratch, out);
  };
  if (values.size() >= kOneRunFrom && is_one_run(values))
    return contest->enter(0, [&](auto* out) { return put(ColumnCodec::kRunLength, out); });
  contest->enter(0, [&](auto* out) { return put(ColumnCodec::kFrame, out); });
  enter_repeats(sample_of(values), values.size(), contest, put);
}

void enter_doubles(const Kernels& kernels, std::span<const double> values, Scratch* scratch,
                   Contest* contest) {
  const auto put = [&](ColumnCodec codec, std::vector<std::byte>* out) {
    return put_doubles(kernels, codec, values, scratch, out);
  };
  if (values.size() >= kOneRunFrom && is_one_run(values))
    return contest->enter(0, [&](auto* out) { return put(ColumnCodec::kRunLength, out); });
  const DecimalGuess guess = guess_decimal(kernels, values);
  if (guess.exceptions * kDecimalExceptionBits < guess.taken * 64)
    contest->enter(0, [&](auto* out) {
      put_decimals(kernels, guess.exponent, values, scratch, out);
      return true;
    });
  const std::span<const double> sample = sample_of(values);
  std::int64_t bits[kVectorValues];
  std::memcpy(bits, sample.data(), sample.size_bytes());
  enter_repeats({bits, sample.size()}, values.size(), contest, put);
  if (contest->best_bytes() * 8 > values.size() * kFrontBitsMin) {
    const FrontSplit split = choose_split(values);
    const std::size_t bytes = sizeof(CodecHeader) + sizeof(FrontBits) +
                              split.bits * values.size() / split.taken / 8;
    if (bytes * 64 < contest->best_bytes() * (64 - kFrontMargin))
      contest->enter(kFrontMargin, [&](auto* out) {
        put_fronts(kernels, split, values, out);
        return true;
      });
  }
  if (contest->best_bytes() * 8 <= values.size() * kGorillaMin) return;
  const std::span<const double> few = sample_of(values, kGorillaSample);
  const std::size_t least = gorilla_bits_min(few) / 8 * values.size() / few.size();
  if (least * 64 < contest->best_bytes() * (64 - kGorillaMargin))
    contest->enter(kGorillaMargin, [&](auto* out) { return put(ColumnCodec::kGorilla, out); });
}

template <typename T>
void put_raw_column(ColumnType type, std::span<const T> values, std::vector<std::byte>* out) {
  put_header(ColumnCodec::kRaw, type, values.size(), out);
  put_raw(values, out);
}

}  // namespace

bool encode_i64_as(ColumnCodec codec, std::span<const std::int64_t> values,
                   std::vector<std::byte>* out, const Kernels& kernels) {
  Scratch scratch;
  return put_any(kernels, codec, ColumnType::kI64, values, &scratch, out);
}

bool encode_f64_as(ColumnCodec codec, std::span<const double> values, std::vector<std::byte>* out,
                   const Kernels& kernels) {
  Scratch scratch;
  return put_doubles(kernels, codec, values, &scratch, out);
}

void encode_i64(std::span<const std::int64_t> values, std::vector<std::byte>* out,
                Scratch* scratch, const Kernels& kernels) {
  Contest contest(values.size(), scratch, out);
  if (!values.empty()) enter_integers(kernels, values, scratch, &contest);
  if (contest.is_raw()) put_raw_column(ColumnType::kI64, values, out);
}

void encode_f64(std::span<const double> values, std::vector<std::byte>* out, Scratch* scratch,
                const Kernels& kernels) {
  Contest contest(values.size(), scratch, out);
  if (!values.empty()) enter_doubles(kernels, values, scratch, &contest);
  if (contest.is_raw()) put_raw_column(ColumnType::kF64, values, out);
}

void encode_u32(std::span<const std::uint32_t> values, std::vector<std::byte>* out,
                Scratch* scratch, const Kernels& kernels) {
  scratch->words.assign(values.begin(), values.end());
  const std::size_t at = out->size();
  encode_i64(scratch->words, out, scratch, kernels);
  (*out)[at + offsetof(CodecHeader, type)] = std::byte{static_cast<std::uint8_t>(ColumnType::kU32)};
}

void encode_i64(std::span<const std::int64_t> values, std::vector<std::byte>* out,
                const Kernels& kernels) {
  Scratch scratch;
  encode_i64(values, out, &scratch, kernels);
}

void encode_f64(std::span<const double> values, std::vector<std::byte>* out,
                const Kernels& kernels) {
  Scratch scratch;
  encode_f64(values, out, &scratch, kernels);
}

void encode_u32(std::span<const std::uint32_t> values, std::vector<std::byte>* out,
                const Kernels& kernels) {
  Scratch scratch;
  encode_u32(values, out, &scratch, kernels);
}

}  // namespace ndts::codec
