// Numbers and words of CSV fields. Doubles are correctly rounded, whole numbers exact or refused.
//
// Threads: any; nothing is kept. Errors: what is wrong, as a text for people that lives for ever;
// null when the value is there.
#pragma once

#include <cstdint>
#include <string_view>

namespace ndts {

using CsvProblem = const char*;

// Decimal notation with sign, fraction and exponent; nan, inf and infinity in any case. Too near to
// zero is zero; too large is refused.
[[nodiscard]] CsvProblem parse_f64(std::string_view text, double* value);
[[nodiscard]] CsvProblem parse_f32(std::string_view text, float* value);
// With sign; a fraction may only be zeros.
[[nodiscard]] CsvProblem parse_i64(std::string_view text, std::int64_t* value);
[[nodiscard]] CsvProblem parse_i32(std::string_view text, std::int32_t* value);
// true, t, yes, y, on, 1 and false, f, no, n, off, 0, in any case.
[[nodiscard]] CsvProblem parse_bool(std::string_view text, std::uint8_t* value);
// Hexadecimal digits, two a byte, with 0x or \x before them or not; `out` takes text.size() / 2.
[[nodiscard]] CsvProblem parse_hex(std::string_view text, char* out, std::size_t* bytes);
[[nodiscard]] bool is_utf8(std::string_view text);

// Digits at the beginning: their value and how many; at most 19 are taken.
struct CsvDigits {
  std::uint64_t value = 0;
  std::size_t count = 0;
};
[[nodiscard]] CsvDigits leading_digits(std::string_view text);

}  // namespace ndts
