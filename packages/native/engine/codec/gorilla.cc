#include "codec/gorilla.h"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "codec/append.h"

namespace ndts::codec {
namespace {

constexpr unsigned kLeadingMax = 31;

class BitWriter {
 public:
  explicit BitWriter(std::vector<std::byte>* out) : out_(out) {}

  // The lowest `count` bits, 1 to 64; the others are zero.
  void put(std::uint64_t bits, unsigned count) {
    if (count < free_) {
      free_ -= count;
      word_ |= bits << free_;
      return;
    }
    const unsigned left = count - free_;
    append(__builtin_bswap64(word_ | bits >> left), out_);
    free_ = 64 - left;
    word_ = left == 0 ? 0 : bits << free_;
  }
  void end() {
    if (free_ < 64) append(__builtin_bswap64(word_), out_);
  }

 private:
  std::vector<std::byte>* out_;
  std::uint64_t word_ = 0;
  unsigned free_ = 64;
};

// Reads zeros beyond the end; the caller looks at overrun() when he is done.
class BitReader {
 public:
  explicit BitReader(Bytes bytes) : bytes_(bytes) {}

  // 64 bits from here on, of which at least 57 are right.
  [[nodiscard]] std::uint64_t peek() const {
    const std::size_t at = bit_ / 8;
    std::uint64_t word = 0;
    if (at + sizeof(word) <= bytes_.size())
      word = load<std::uint64_t>(bytes_.data() + at);
    else if (at < bytes_.size())
      std::memcpy(&word, bytes_.data() + at, bytes_.size() - at);
    return __builtin_bswap64(word) << (bit_ % 8);
  }
  void skip(unsigned count) { bit_ += count; }
  // 1 to 64 bits.
  std::uint64_t take(unsigned count) {
    if (count > 57) {
      const std::uint64_t high = take(32);
      return high << (count - 32) | take(count - 32);
    }
    const std::uint64_t bits = peek() >> (64 - count);
    skip(count);
    return bits;
  }
  [[nodiscard]] bool overrun() const { return bit_ > bytes_.size() * 8; }
  [[nodiscard]] std::size_t bytes_read() const { return (bit_ + 63) / 64 * 8; }

 private:
  Bytes bytes_;
  std::size_t bit_ = 0;
};

}  // namespace

std::size_t gorilla_bits_min(std::span<const double> values) {
  if (values.empty()) return 0;
  std::size_t bits = 64;
  auto before = std::bit_cast<std::uint64_t>(values[0]);
  for (const double value : values.subspan(1)) {
    const std::uint64_t difference = std::bit_cast<std::uint64_t>(value) ^ before;
    before ^= difference;
    if (difference == 0) {
      bits += 1;
      continue;
    }
    // A window that is used again is no narrower than what it shows.
    const unsigned zeros =
        std::min(static_cast<unsigned>(std::countl_zero(difference)), kLeadingMax);
    bits += 2 + 64 - zeros - static_cast<unsigned>(std::countr_zero(difference));
  }
  return bits;
}

void put_gorilla(std::span<const double> values, std::vector<std::byte>* out) {
  BitWriter writer(out);
  auto before = std::bit_cast<std::uint64_t>(values[0]);
  writer.put(before, 64);
  unsigned leading = 0;
  unsigned length = 0;  // of the window; none yet
  for (const double value : values.subspan(1)) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    const std::uint64_t difference = bits ^ before;
    before = bits;
    if (difference == 0) {
      writer.put(0, 1);
      continue;
    }
    const unsigned zeros =
        std::min(static_cast<unsigned>(std::countl_zero(difference)), kLeadingMax);
    const auto trailing = static_cast<unsigned>(std::countr_zero(difference));
    if (length > 0 && zeros >= leading && trailing >= 64 - leading - length) {
      writer.put(2, 2);
      writer.put(difference >> (64 - leading - length), length);
      continue;
    }
    leading = zeros;
    length = 64 - zeros - trailing;
    writer.put(3u << 11 | leading << 6 | (length & 63), 13);
    writer.put(difference >> trailing, length);
  }
  writer.end();
}

bool read_gorilla(ByteReader* reader, std::span<double> out) {
  if (reader->left() < sizeof(std::uint64_t) || out.empty()) return false;
  ByteReader ahead = *reader;
  BitReader bits(ahead.read_bytes(ahead.left()));
  std::uint64_t value = bits.take(64);
  out[0] = std::bit_cast<double>(value);
  unsigned trailing = 0;
  unsigned length = 0;
  for (double& one : out.subspan(1)) {
    const std::uint64_t next = bits.peek();
    if (next >> 63 == 0) {
      bits.skip(1);
    } else {
      if (next >> 62 == 3) {
        const auto leading = static_cast<unsigned>(next >> 57 & 31);
        length = static_cast<unsigned>(next >> 51 & 63);
        if (length == 0) length = 64;
        if (leading + length > 64) return false;
        trailing = 64 - leading - length;
        bits.skip(13);
      } else {
        if (length == 0) return false;
        bits.skip(2);
      }
      value ^= bits.take(length) << trailing;
    }
    one = std::bit_cast<double>(value);
  }
  if (bits.overrun()) return false;
  (void)reader->read_bytes(bits.bytes_read());
  return reader->ok();
}

}  // namespace ndts::codec
