// Digits and letters of ASCII, whatever the locale says.
#pragma once

namespace ndts {

inline bool is_digit(char byte) { return static_cast<unsigned char>(byte - '0') < 10; }

inline char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

}  // namespace ndts
