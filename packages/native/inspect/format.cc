// See format.h.
#include "format.h"

#include <charconv>

#include "table/tick_batch.h"

namespace ndts {

namespace {

std::string padded(std::int64_t value, std::size_t width) {
  std::string digits = std::to_string(value);
  return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
}

}  // namespace

// The Gregorian calendar in eras of 400 years that begin on 1 March.
std::string day_text(std::int64_t day) {
  const std::int64_t shifted = day + 719'468;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const std::int64_t of_era = shifted - era * 146'097;
  const std::int64_t year_of_era =
      (of_era - of_era / 1'460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * of_year + 2) / 153;
  const std::int64_t date = of_year - (153 * month_from_march + 2) / 5 + 1;
  const std::int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(date, 2);
}

std::string time_text(std::int64_t time_ns) {
  const std::int64_t day = day_of(time_ns);
  const std::int64_t rest = time_ns - day * kNsPerDay;
  const std::int64_t seconds = rest / 1'000'000'000;
  return day_text(day) + "T" + padded(seconds / 3'600, 2) + ":" + padded(seconds / 60 % 60, 2) +
         ":" + padded(seconds % 60, 2) + "." + padded(rest % 1'000'000'000, 9) + "Z";
}

std::string hex_text(std::uint32_t value) {
  std::string text;
  for (int shift = 28; shift >= 0; shift -= 4) text += "0123456789abcdef"[value >> shift & 15];
  return text;
}

std::string real_text(double value) {
  char text[40];
  const std::to_chars_result end = std::to_chars(text, text + sizeof text, value);
  return std::string(text, end.ptr);
}

std::string type_text(ValueType type) {
  constexpr const char* kNames[] = {"i64", "f64", "i32", "f32", "bool", "symbol", "text", "bytes"};
  return kNames[static_cast<std::uint32_t>(type) - 1];
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if (code < 0x20 || code == 0x7f || letter == '"' || letter == '\\') {
      result += "\\x";
      result += "0123456789abcdef"[code >> 4];
      result += "0123456789abcdef"[code & 15];
    } else {
      result += letter;
    }
  }
  return result + "\"";
}

}  // namespace ndts
