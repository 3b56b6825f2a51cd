// The door of the column codecs: bytes for a column of int64, float64 or uint32, the smallest that
// a sample shows, and the column back, every bit of it. docs/formats/codecs.md describes the bytes.
//
// An encoded column says what it is: codec, version, type, count. It does not hold a checksum:
// whoever stores it has one over more, and checks it first. Decoding stays within its input and
// output whatever the bytes are; damaged ones are CORRUPT or give wrong values.
//
// Threads: any, nothing is kept. Memory: with a Scratch, which grows once and is re-used, nothing is
// allocated but what `out` grows by (run length and dictionary excepted). Columns of more than 2^32 - 1 values are not encoded: the caller's
// business, like that `out` of a decode has exactly the column's count (INVALID_ARGUMENT).
// Errors: CORRUPT, VERSION_TOO_NEW, INVALID_ARGUMENT; without file and offset, which the caller
// knows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "codec/kernels.h"
#include "codec/scratch.h"
#include "generated/constants.h"

namespace ndts::codec {

inline constexpr std::uint8_t kCodecVersion = 1;

struct ColumnInfo {
  ColumnCodec codec = ColumnCodec::kRaw;
  ColumnType type = ColumnType::kI64;
  std::uint32_t count = 0;
};

// What stands at the head of an encoded column.
[[nodiscard]] Status inspect(Bytes column, ColumnInfo* info);

// Append an encoded column to `out`, with the smallest codec.
void encode_i64(std::span<const std::int64_t> values, std::vector<std::byte>* out,
                Scratch* scratch, const Kernels& kernels = best_kernels());
void encode_f64(std::span<const double> values, std::vector<std::byte>* out, Scratch* scratch,
                const Kernels& kernels = best_kernels());
void encode_u32(std::span<const std::uint32_t> values, std::vector<std::byte>* out,
                Scratch* scratch, const Kernels& kernels = best_kernels());
// The same with memory of their own.
void encode_i64(std::span<const std::int64_t> values, std::vector<std::byte>* out,
                const Kernels& kernels = best_kernels());
void encode_f64(std::span<const double> values, std::vector<std::byte>* out,
                const Kernels& kernels = best_kernels());
void encode_u32(std::span<const std::uint32_t> values, std::vector<std::byte>* out,
                const Kernels& kernels = best_kernels());

// `column` is exactly what one encode call appended.
[[nodiscard]] Status decode_i64(Bytes column, std::span<std::int64_t> out,
                                const Kernels& kernels = best_kernels());
[[nodiscard]] Status decode_f64(Bytes column, std::span<double> out,
                                const Kernels& kernels = best_kernels());
[[nodiscard]] Status decode_u32(Bytes column, std::span<std::uint32_t> out, Scratch* scratch,
                                const Kernels& kernels = best_kernels());

// The sum of a column of `count` doubles. A decimal column is summed as integers, which is exact,
// then divided once, then its exceptions are added in order. Others are decoded and summed in 16
// parts (value i to part i % 16), the parts added in order. The same bits on every processor.
[[nodiscard]] Status sum_f64(Bytes column, std::uint32_t count, Scratch* scratch,
                             double* sum, const Kernels& kernels = best_kernels());

// With a given codec, for tests and benches. False, and nothing is appended, when the codec does
// not hold such a column: a double codec for integers, too many values for a dictionary, none.
[[nodiscard]] bool encode_i64_as(ColumnCodec codec, std::span<const std::int64_t> values,
                                 std::vector<std::byte>* out,
                                 const Kernels& kernels = best_kernels());
[[nodiscard]] bool encode_f64_as(ColumnCodec codec, std::span<const double> values,
                                 std::vector<std::byte>* out,
                                 const Kernels& kernels = best_kernels());

}  // namespace ndts::codec
