// See bloom_filter.h.
#include "kv/bloom_filter.h"

namespace ndts {

namespace {

constexpr std::uint64_t kBitsPerKey = 12;
constexpr std::uint64_t kLineBits = kFilterLineBytes * 8;
constexpr int kProbes = 7;  // nine bits each, 63 of a word
constexpr std::uint64_t kFirst = 0x9e37'79b9'7f4a'7c15;
constexpr std::uint64_t kSecond = 0xd1b5'4a32'd192'ed03;

// Both halves of the 128-bit product, folded.
std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::size_t line_of(std::uint64_t hash, std::uint64_t lines) {
  return static_cast<std::size_t>(((hash >> 32) * lines) >> 32);
}

}  // namespace

std::uint64_t hash_key(std::string_view key) {
  std::uint64_t hash = fold(key.size() ^ kFirst, kSecond);
  std::string_view left = key;
  for (; left.size() >= 8; left.remove_prefix(8)) {
    std::uint64_t word = 0;
    std::memcpy(&word, left.data(), 8);
    hash = fold(hash ^ word, kFirst);
  }
  std::uint64_t word = 0;
  if (!left.empty()) std::memcpy(&word, left.data(), left.size());
  return fold(hash ^ word, kSecond);
}

std::vector<std::byte> make_filter(std::span<const std::uint64_t> hashes) {
  const std::uint64_t lines = (hashes.size() * kBitsPerKey + kLineBits - 1) / kLineBits;
  std::vector<std::byte> filter(kFilterLineBytes * static_cast<std::size_t>(lines > 0 ? lines : 1));
  for (const std::uint64_t hash : hashes) {
    std::byte* line = filter.data() + kFilterLineBytes * line_of(hash, lines);
    std::uint64_t bits = hash * kFirst;
    for (int probe = 0; probe < kProbes; probe += 1, bits >>= 9)
      line[(bits & 511) / 8] |= static_cast<std::byte>(1u << (bits & 7));
  }
  return filter;
}

bool filter_may_contain(Bytes filter, std::uint64_t hash) {
  const std::byte* line =
      filter.data() + kFilterLineBytes * line_of(hash, filter.size() / kFilterLineBytes);
  std::uint64_t bits = hash * kFirst;
  for (int probe = 0; probe < kProbes; probe += 1, bits >>= 9)
    if ((line[(bits & 511) / 8] & static_cast<std::byte>(1u << (bits & 7))) == std::byte{})
      return false;
  return true;
}

}  // namespace ndts
