// Whether bytes are UTF-8, as the columns of text hold it.
//
// Plain function, any thread. Surrogates, overlong forms and what lies beyond U+10FFFF are not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace ndts {

namespace line_text {

inline bool follows(unsigned char byte) { return (byte & 0xc0) == 0x80; }

// Bytes of the character at `at`, of which `rest` are there; 0: it is none.
inline std::size_t character_bytes(const unsigned char* at, std::size_t rest) {
  const unsigned char first = at[0];
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const std::size_t bytes = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (rest < bytes) return 0;
  for (std::size_t index = 1; index < bytes; index += 1)
    if (!follows(at[index])) return 0;
  if (first == 0xe0 && at[1] < 0xa0) return 0;
  if (first == 0xed && at[1] > 0x9f) return 0;
  if (first == 0xf0 && at[1] < 0x90) return 0;
  if (first == 0xf4 && at[1] > 0x8f) return 0;
  return bytes;
}

}  // namespace line_text

[[nodiscard]] inline bool is_utf8(std::string_view text) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t at = 0;
  while (at < text.size()) {
    std::uint64_t word = 0x80;
    if (text.size() - at >= 8) std::memcpy(&word, bytes + at, 8);
    if ((word & 0x8080'8080'8080'8080) == 0) {
      at += 8;
      continue;
    }
    const std::size_t one = line_text::character_bytes(bytes + at, text.size() - at);
    if (one == 0) return false;
    at += one;
  }
  return true;
}

}  // namespace ndts
