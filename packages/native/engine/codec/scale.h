// Takes out what integers share: their greatest common divisor and the remainder all of them have.
// Lots of 100, prices in ticks of 0.05, milliseconds written as nanoseconds.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "codec/kernels.h"

namespace ndts::codec {

// Set in the header's parameter when a CodecScale follows.
inline constexpr std::uint8_t kScaledBit = 0x80;

// The scale of these values, 1 and 0 when there is nothing to take out. Otherwise
// (value - offset) / scale of each is in `out`, which is as large as they are and not their memory.
[[nodiscard]] FrameScale take_scale(const Kernels& kernels, std::span<const std::int64_t> values,
                                    std::vector<std::int64_t>* out);

void put_scale(const FrameScale& scale, std::vector<std::byte>* out);
// scale is left at 1 when the bit is not set; false when it is not there or not one we write.
[[nodiscard]] bool read_scale(ByteReader* reader, std::uint8_t parameter, FrameScale* scale);

}  // namespace ndts::codec
