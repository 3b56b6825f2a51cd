// Byte spans and little-endian loads and stores at any alignment.
//
// All formats are little-endian; the engine is compiled for little-endian machines only, so that
// a load is a memcpy. Bounds are the caller's business, except in the checked ByteReader, which
// is for bytes that come from a file.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace ndts {

static_assert(std::endian::native == std::endian::little);

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

template <typename T>
[[nodiscard]] inline T load(const std::byte* from) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <typename T>
inline void store(std::byte* to, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  std::memcpy(to, &value, sizeof(T));
}

// The bytes of a value or of text; they live as long as it does.
template <typename T>
[[nodiscard]] inline Bytes bytes_of(const T& value) {
  static_assert(std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>);
  return std::as_bytes(std::span<const T, 1>(&value, 1));
}
[[nodiscard]] inline Bytes bytes_of_text(std::string_view text) {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}
[[nodiscard]] inline std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Rounds up to a multiple of `unit`, a power of two.
[[nodiscard]] constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) & ~(unit - 1);
}

[[nodiscard]] inline bool all_zero(Bytes bytes) {
  std::size_t at = 0;
  std::uint64_t any = 0;
  for (; at + 64 <= bytes.size() && any == 0; at += 64)
    for (std::size_t word = 0; word < 64; word += 8)
      any |= load<std::uint64_t>(bytes.data() + at + word);
  for (; at < bytes.size(); ++at) any |= static_cast<std::uint64_t>(bytes[at]);
  return any == 0;
}

// Reads values one after the other; after the first read past the end every read yields zero or
// an empty span and ok() is false, so that one check at the end is enough.
class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

  template <typename T>
  [[nodiscard]] T read() {
    const Bytes part = read_bytes(sizeof(T));
    return ok_ ? load<T>(part.data()) : T{};
  }
  [[nodiscard]] Bytes read_bytes(std::uint64_t count) {
    if (!ok_ || count > bytes_.size() - at_) {
      ok_ = false;
      return {};
    }
    const Bytes part = bytes_.subspan(at_, static_cast<std::size_t>(count));
    at_ += part.size();
    return part;
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace ndts
