// See crc32c.h. The scalar twin slices by eight tables; the hardware twin uses crc32q.
#include "base/crc32c.h"

#include <array>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace ndts {

namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // reflected

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? kPolynomial : 0);
    tables[0][byte] = value;
  }
  for (std::size_t slice = 1; slice < 8; ++slice)
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[slice - 1][byte];
      tables[slice][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  return tables;
}

constexpr Tables kTables = make_tables();

}  // namespace

std::uint32_t crc32c_scalar(std::uint32_t seed, Bytes bytes) {
  std::uint32_t crc = ~seed;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    const std::uint64_t word = load<std::uint64_t>(at) ^ crc;
    crc = 0;
    for (std::size_t slice = 0; slice < 8; ++slice)
      crc ^= kTables[7 - slice][(word >> (8 * slice)) & 0xff];
  }
  for (; left > 0; ++at, --left)
    crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<std::uint32_t>(*at)) & 0xff];
  return ~crc;
}

#if defined(__x86_64__)

bool crc32c_has_hardware() {
  static const bool kHas = __builtin_cpu_supports("sse4.2") != 0;
  return kHas;
}

__attribute__((target("sse4.2"))) std::uint32_t crc32c_hardware(std::uint32_t seed, Bytes bytes) {
  std::uint64_t crc = static_cast<std::uint32_t>(~seed);
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) crc = _mm_crc32_u64(crc, load<std::uint64_t>(at));
  auto narrow = static_cast<std::uint32_t>(crc);
  for (; left > 0; ++at, --left) narrow = _mm_crc32_u8(narrow, static_cast<std::uint8_t>(*at));
  return ~narrow;
}

#else

bool crc32c_has_hardware() { return false; }

std::uint32_t crc32c_hardware(std::uint32_t seed, Bytes bytes) {
  return crc32c_scalar(seed, bytes);
}

#endif

std::uint32_t crc32c(std::uint32_t seed, Bytes bytes) {
  return crc32c_has_hardware() ? crc32c_hardware(seed, bytes) : crc32c_scalar(seed, bytes);
}

}  // namespace ndts
