// CRC-32C (Castagnoli), the checksum of every file of the engine.
//
// crc32c(0, bytes) is the usual value ("123456789" gives e3069283). The first argument continues
// an earlier checksum or seeds a new one: crc32c(crc32c(0, a), b) == crc32c(0, a followed by b).
// The instruction is used where the processor has it, found out at run time; both twins are
// exported so that a test compares them. Any thread; no state.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace ndts {

[[nodiscard]] std::uint32_t crc32c(std::uint32_t seed, Bytes bytes);

[[nodiscard]] std::uint32_t crc32c_scalar(std::uint32_t seed, Bytes bytes);
// Only to be called where crc32c_has_hardware().
[[nodiscard]] std::uint32_t crc32c_hardware(std::uint32_t seed, Bytes bytes);
[[nodiscard]] bool crc32c_has_hardware();
// Copies bytes that others may write meanwhile, aligned 64-bit words whole, each read once, and
// sums up what was copied. Only where crc32c_has_hardware(); fabric/changing_copy.h has the twin.
[[nodiscard]] std::uint32_t crc32c_copy_hardware(std::uint32_t seed, std::byte* to, Bytes from);

}  // namespace ndts
