// What the fuzz targets of the codecs share. The input is taken twice: as the body of a column of
// the codec (two bytes of count and one of parameter in front), which every set of kernels must
// answer alike without leaving its memory; and as values, which must come back bit for bit.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "codec/codec.h"
#include "generated/layouts.h"

namespace ndts::codec {

inline void fuzz_check(bool holds) {
  if (!holds) std::abort();
}

inline Status fuzz_decode(Bytes column, std::span<double> out, const Kernels& kernels) {
  return decode_f64(column, out, kernels);
}
inline Status fuzz_decode(Bytes column, std::span<std::int64_t> out, const Kernels& kernels) {
  return decode_i64(column, out, kernels);
}

template <typename T>
bool fuzz_same(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0) return true;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (std::memcmp(&a[i], &b[i], sizeof(T)) != 0 && !(a[i] != a[i] && b[i] != b[i])) return false;
  return true;
}

// Any bytes: the same answer from all kernels. Wrong doubles of wrong bytes may be any NaN.
template <typename T>
void fuzz_any_bytes(ColumnCodec codec, ColumnType type, Bytes input) {
  if (input.size() < 3) return;
  const auto count = static_cast<std::uint16_t>(load<std::uint16_t>(input.data()) % 5000);
  const CodecHeader header{static_cast<std::uint8_t>(codec), kCodecVersion,
                           static_cast<std::uint8_t>(type), static_cast<std::uint8_t>(input[2]),
                           count};
  const Bytes head = bytes_of(header);
  std::vector<std::byte> column(head.begin(), head.end());
  column.insert(column.end(), input.begin() + 3, input.end());
  const Kernels* const all[] = {avx2_kernels(), avx512_kernels()};
  std::vector<T> expected(count);
  const Status status = fuzz_decode(column, expected, scalar_kernels());
  for (const Kernels* kernels : all) {
    if (kernels == nullptr) continue;
    std::vector<T> values(count);
    fuzz_check(fuzz_decode(column, values, *kernels).code() == status.code());
    fuzz_check(!status.ok() || fuzz_same(expected, values));
  }
  if (type != ColumnType::kF64) return;
  Scratch scratch;
  double sum = 0;
  (void)sum_f64(column, count, &scratch, &sum);
}

template <typename T>
void fuzz_round_trip(ColumnCodec codec, Bytes input) {
  std::vector<T> values(input.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), input.data(), values.size() * sizeof(T));
  std::vector<std::byte> column;
  bool encoded = false;
  if constexpr (std::is_same_v<T, double>)
    encoded = encode_f64_as(codec, values, &column);
  else
    encoded = encode_i64_as(codec, values, &column);
  if (!encoded) return;
  std::vector<T> back(values.size());
  fuzz_check(fuzz_decode(column, back, best_kernels()).ok());
  fuzz_check(values.empty() ||
             std::memcmp(values.data(), back.data(), values.size() * sizeof(T)) == 0);
}

template <typename T>
void fuzz_codec(ColumnCodec codec, const std::uint8_t* data, std::size_t size) {
  const Bytes input(reinterpret_cast<const std::byte*>(data), size);
  constexpr bool kDoubles = std::is_same_v<T, double>;
  fuzz_any_bytes<T>(codec, kDoubles ? ColumnType::kF64 : ColumnType::kI64, input);
  fuzz_round_trip<T>(codec, input);
}

}  // namespace ndts::codec
