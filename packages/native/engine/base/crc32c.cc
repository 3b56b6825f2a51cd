// See crc32c.h. The scalar twin slices by eight tables. The hardware twin uses crc32q, whose answer
// takes three cycles while one can begin in each: long input is summed up in three lanes at once,
// which are then made one.
#include "base/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>
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

namespace {

// x^power modulo the polynomial; the highest bit is x^0.
constexpr std::uint32_t power_of_x(std::size_t power) {
  std::uint32_t value = 0x80000000;
  for (; power > 0; --power) value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
  return value;
}

// What `crc` becomes when kBytes zeros follow. The product of two reflected polynomials is one bit
// short of its place, and crc32q multiplies by x^32: 33 are taken off the power.
template <std::size_t kBytes>
__attribute__((target("sse4.2,pclmul"))) std::uint64_t followed_by_zeros(std::uint64_t crc) {
  constexpr std::uint32_t kFactor = power_of_x(8 * kBytes - 33);
  const __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<long long>(crc)),
                                               _mm_cvtsi32_si128(static_cast<int>(kFactor)), 0);
  return _mm_crc32_u64(0, static_cast<std::uint64_t>(_mm_cvtsi128_si64(product)));
}

struct WordsInPlace {
  [[nodiscard]] std::uint64_t at(const std::byte* word) const { return load<std::uint64_t>(word); }
};

// What is summed up is what was stored: each word is read once.
struct WordsCopied {
  const std::byte* from;
  std::byte* to;
  [[nodiscard]] std::uint64_t at(const std::byte* word) const {
    const std::uint64_t value =
        __atomic_load_n(reinterpret_cast<const std::uint64_t*>(word), __ATOMIC_RELAXED);
    store(to + (word - from), value);
    return value;
  }
};

// Three lanes of kLane bytes at a time, as long as there are; moves on behind them.
template <std::size_t kLane, typename Words>
__attribute__((target("sse4.2,pclmul"))) std::uint64_t sum_lanes(Words words, std::uint64_t crc,
                                                                 const std::byte** at,
                                                                 std::size_t* left) {
  static_assert(kLane % 8 == 0);
  for (; *left >= 3 * kLane; *at += 3 * kLane, *left -= 3 * kLane) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    const std::byte* word = *at;
    for (const std::byte* end = word + kLane; word != end; word += 8) {
      crc = _mm_crc32_u64(crc, words.at(word));
      second = _mm_crc32_u64(second, words.at(word + kLane));
      third = _mm_crc32_u64(third, words.at(word + 2 * kLane));
    }
    crc = followed_by_zeros<2 * kLane>(crc) ^ followed_by_zeros<kLane>(second) ^ third;
  }
  return crc;
}

// All whole words, as sum_lanes.
template <typename Words>
__attribute__((target("sse4.2,pclmul"))) std::uint64_t sum_words(Words words, std::uint64_t crc,
                                                                 const std::byte** at,
                                                                 std::size_t* left) {
  // As long as a page for what is read from memory: its lanes are fetched ahead by the processor.
  crc = sum_lanes<4096>(words, crc, at, left);
  crc = sum_lanes<128>(words, crc, at, left);
  for (; *left >= 8; *at += 8, *left -= 8) crc = _mm_crc32_u64(crc, words.at(*at));
  return crc;
}

}  // namespace

bool crc32c_has_hardware() {
  static const bool kHas =
      __builtin_cpu_supports("sse4.2") != 0 && __builtin_cpu_supports("pclmul") != 0;
  return kHas;
}

__attribute__((target("sse4.2,pclmul"))) std::uint32_t crc32c_hardware(std::uint32_t seed,
                                                                       Bytes bytes) {
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  const std::uint64_t crc = static_cast<std::uint32_t>(~seed);
  auto narrow = static_cast<std::uint32_t>(sum_words(WordsInPlace(), crc, &at, &left));
  for (; left > 0; ++at, --left) narrow = _mm_crc32_u8(narrow, static_cast<std::uint8_t>(*at));
  return ~narrow;
}

__attribute__((target("sse4.2,pclmul"))) std::uint32_t crc32c_copy_hardware(std::uint32_t seed,
                                                                            std::byte* to,
                                                                            Bytes from) {
  const std::byte* at = from.data();
  std::size_t left = from.size();
  std::uint32_t narrow = ~seed;
  const auto byte = [&] {
    const auto value = __atomic_load_n(reinterpret_cast<const std::uint8_t*>(at), __ATOMIC_RELAXED);
    to[at - from.data()] = static_cast<std::byte>(value);
    ++at;
    --left;
    return value;
  };
  while (left > 0 && reinterpret_cast<std::uintptr_t>(at) % 8 != 0)
    narrow = _mm_crc32_u8(narrow, byte());
  const WordsCopied words{.from = from.data(), .to = to};
  narrow = static_cast<std::uint32_t>(sum_words(words, narrow, &at, &left));
  while (left > 0) narrow = _mm_crc32_u8(narrow, byte());
  return ~narrow;
}

#else

bool crc32c_has_hardware() { return false; }

std::uint32_t crc32c_hardware(std::uint32_t seed, Bytes bytes) {
  return crc32c_scalar(seed, bytes);
}

std::uint32_t crc32c_copy_hardware(std::uint32_t seed, std::byte* to, Bytes from) {
  std::memcpy(to, from.data(), from.size());
  return crc32c_scalar(seed, Bytes(to, from.size()));
}

#endif

std::uint32_t crc32c(std::uint32_t seed, Bytes bytes) {
  return crc32c_has_hardware() ? crc32c_hardware(seed, bytes) : crc32c_scalar(seed, bytes);
}

}  // namespace ndts
