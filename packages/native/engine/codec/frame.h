// Vectors of integers: frame of reference, or differences (to the value before, the fourth or
// eighth before, or of the differences), bit-packed, with the outliers beside them as patches.
// Per vector of up to 1024 values the smallest is taken, estimated on a sample of it.
//
//   FrameVector, [i64 when transform has bit 7], packed values, patches
//
// The i64 is the first slope for delta of delta, otherwise a step that does not fit into i32.
//
// Threads: any. Memory: decoding allocates nothing. Errors: false for bytes no encoder writes;
// bytes that only could have been written by one give some values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "codec/bit_pack.h"
#include "codec/kernels.h"

namespace ndts::codec {

// Appends one vector of 1 to 1024 values.
void put_frame(const Kernels& kernels, std::span<const std::int64_t> values,
               std::vector<std::byte>* out);
// The same with the transform given: for tests and benches.
void put_frame_as(const Kernels& kernels, FrameTransform transform,
                  std::span<const std::int64_t> values, std::vector<std::byte>* out);

// Appends values of any count, vector by vector.
void put_frames(const Kernels& kernels, std::span<const std::int64_t> values,
                std::vector<std::byte>* out);

// A vector as it is in the file, ready to be restored. Lives as long as the bytes it was read from.
class FrameReader {
 public:
  FrameReader() = default;
  FrameReader(const FrameReader&) = delete;
  FrameReader& operator=(const FrameReader&) = delete;

  // Reads a vector of `count` values, 1 to 1024.
  [[nodiscard]] bool read(const Kernels& kernels, ByteReader* reader, std::size_t count);

  // Exactly `count` values.
  void restore(const Kernels& kernels, const FrameScale& scale, std::int64_t* out) const;
  void restore(const Kernels& kernels, const FrameScale& scale, double* out) const;
  // The sum of the integers before any scale, modulo 2^64.
  [[nodiscard]] std::uint64_t sum(const Kernels& kernels) const;

 private:
  FrameRun run_;
  std::size_t count_ = 0;
  VectorWords words_;  // unpacked and patched, when it has patches or is not interleaved
};

// Reads what put_frames() wrote: exactly as many values as `out` holds.
[[nodiscard]] bool read_frames(const Kernels& kernels, ByteReader* reader, const FrameScale& scale,
                               std::span<std::int64_t> out);
[[nodiscard]] bool read_frames(const Kernels& kernels, ByteReader* reader, const FrameScale& scale,
                               std::span<double> out);

}  // namespace ndts::codec
