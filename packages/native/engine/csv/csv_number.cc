// See csv_number.h.
#include "csv/csv_number.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "csv/csv_letters.h"

namespace ndts {

namespace {

constexpr const char* kNotNumber = "not a number";
constexpr const char* kNotWhole = "not a whole number";
constexpr const char* kTooLarge = "out of range";
constexpr std::size_t kDigitsMax = 19;  // always fit 64 bits

// Powers of ten that a double has exactly.
constexpr std::array<double, 23> kTens = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                          1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                          1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

struct Decimal {
  bool is_negative = false;
  bool is_plain = false;  // all of the text was taken, and the digits fit
  std::uint64_t digits = 0;
  int exponent = 0;
};

// digits * 10^exponent, where the text is that simple.
Decimal read_decimal(std::string_view text) {
  Decimal made;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    made.is_negative = text[0] == '-';
    text.remove_prefix(1);
  }
  std::size_t at = 0;
  std::size_t count = 0;
  std::uint64_t value = 0;
  for (; at < text.size() && is_digit(text[at]); at += 1, count += 1)
    value = value * 10 + static_cast<std::uint64_t>(text[at] - '0');
  if (at < text.size() && text[at] == '.') {
    const std::size_t begin = at += 1;
    for (; at < text.size() && is_digit(text[at]); at += 1, count += 1)
      value = value * 10 + static_cast<std::uint64_t>(text[at] - '0');
    made.exponent = -static_cast<int>(at - begin);
  }
  made.is_plain = at == text.size() && count > 0 && count <= kDigitsMax;
  made.digits = value;
  return made;
}

// Of a number that is neither zero nor written oddly: whether it is below 1.
bool is_small(std::string_view text) {
  const std::size_t mark = text.find_first_of("eE");
  std::int64_t exponent = 0;
  if (mark != std::string_view::npos) {
    std::string_view digits = text.substr(mark + 1);
    if (!digits.empty() && digits[0] == '+') digits.remove_prefix(1);
    if (std::from_chars(digits.data(), digits.data() + digits.size(), exponent).ec != std::errc())
      return digits[0] == '-';
  }
  std::string_view whole = text.substr(0, mark);
  while (!whole.empty() && (whole[0] == '-' || whole[0] == '0')) whole.remove_prefix(1);
  const std::size_t point = std::min(whole.find('.'), whole.size());
  if (point > 0) return exponent + static_cast<std::int64_t>(point) <= 0;
  const std::size_t first = whole.find_first_not_of('0', 1);
  return exponent - static_cast<std::int64_t>(std::min(first, whole.size())) + 1 <= 0;
}

template <typename T>
CsvProblem parse_slowly(std::string_view text, T* value) {
  if (!text.empty() && text[0] == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text[0] == '-') return kNotNumber;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) return kNotNumber;
  if (error == std::errc()) return nullptr;
  if (!is_small(text)) return kTooLarge;
  *value = text[0] == '-' ? static_cast<T>(-0.0) : static_cast<T>(0);
  return nullptr;
}

int hex_value(char digit) {
  if (is_digit(digit)) return digit - '0';
  const char letter = lower(digit);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

}  // namespace

CsvProblem parse_f64(std::string_view text, double* value) {
  const Decimal decimal = read_decimal(text);
  // Both factors are exact then, and so the result is rounded once.
  if (!decimal.is_plain || decimal.digits > std::uint64_t{1} << 53 || decimal.exponent < -22)
    return parse_slowly(text, value);
  const double whole = static_cast<double>(decimal.digits);
  const double found = whole / kTens[static_cast<std::size_t>(-decimal.exponent)];
  *value = decimal.is_negative ? -found : found;
  return nullptr;
}

CsvProblem parse_f32(std::string_view text, float* value) {
  const Decimal decimal = read_decimal(text);
  if (!decimal.is_plain || decimal.digits > std::uint64_t{1} << 24 || decimal.exponent < -10)
    return parse_slowly(text, value);
  const auto whole = static_cast<float>(decimal.digits);
  const double tens = kTens[static_cast<std::size_t>(-decimal.exponent)];
  const float found = whole / static_cast<float>(tens);
  *value = decimal.is_negative ? -found : found;
  return nullptr;
}

CsvDigits leading_digits(std::string_view text) {
  CsvDigits digits;
  while (digits.count < text.size() && digits.count < kDigitsMax && is_digit(text[digits.count])) {
    digits.value = digits.value * 10 + static_cast<std::uint64_t>(text[digits.count] - '0');
    digits.count += 1;
  }
  return digits;
}

CsvProblem parse_i64(std::string_view text, std::int64_t* value) {
  const bool is_negative = !text.empty() && text[0] == '-';
  if (is_negative || (!text.empty() && text[0] == '+')) text.remove_prefix(1);
  const CsvDigits zeros{0, std::min(text.find_first_not_of('0'), text.size())};
  const CsvDigits digits = leading_digits(text.substr(zeros.count));
  if (zeros.count + digits.count == 0) return kNotWhole;
  text.remove_prefix(zeros.count + digits.count);
  const bool is_longer = !text.empty() && is_digit(text[0]);
  while (!text.empty() && is_digit(text[0])) text.remove_prefix(1);
  if (text.size() > 1 && text[0] == '.' &&
      text.find_first_not_of('0', 1) == std::string_view::npos)
    text = {};
  if (!text.empty()) return kNotWhole;
  const std::uint64_t limit = (std::uint64_t{1} << 63) - (is_negative ? 0 : 1);
  if (is_longer || digits.value > limit) return kTooLarge;
  *value = static_cast<std::int64_t>(is_negative ? 0 - digits.value : digits.value);
  return nullptr;
}

CsvProblem parse_i32(std::string_view text, std::int32_t* value) {
  std::int64_t found = 0;
  if (const CsvProblem problem = parse_i64(text, &found); problem != nullptr) return problem;
  *value = static_cast<std::int32_t>(found);
  return *value == found ? nullptr : kTooLarge;
}

CsvProblem parse_bool(std::string_view text, std::uint8_t* value) {
  constexpr std::string_view kYes[] = {"1", "true", "t", "yes", "y", "on"};
  constexpr std::string_view kNo[] = {"0", "false", "f", "no", "n", "off"};
  char letters[5];
  if (text.size() > sizeof(letters)) return "neither true nor false";
  for (std::size_t at = 0; at < text.size(); at += 1) letters[at] = lower(text[at]);
  const std::string_view word(letters, text.size());
  for (std::size_t at = 0; at < std::size(kYes); at += 1) {
    if (word != kYes[at] && word != kNo[at]) continue;
    *value = word == kYes[at] ? 1 : 0;
    return nullptr;
  }
  return "neither true nor false";
}

CsvProblem parse_hex(std::string_view text, char* out, std::size_t* bytes) {
  if (text.size() >= 2 && (text[0] == '0' || text[0] == '\\') && text[1] == 'x')
    text.remove_prefix(2);
  if (text.size() % 2 != 0) return "not hexadecimal bytes";
  for (std::size_t at = 0; at < text.size(); at += 2) {
    const int high = hex_value(text[at]);
    const int low = hex_value(text[at + 1]);
    if (high < 0 || low < 0) return "not hexadecimal bytes";
    out[at / 2] = static_cast<char>(high * 16 + low);
  }
  *bytes = text.size() / 2;
  return nullptr;
}

bool is_utf8(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* const end = at + text.size();
  while (at < end) {
    if (end - at >= 8) {
      std::uint64_t word;
      std::memcpy(&word, at, sizeof(word));
      if ((word & 0x8080'8080'8080'8080u) == 0) {
        at += 8;
        continue;
      }
    }
    const unsigned char lead = *at;
    if (lead < 0x80) {
      at += 1;
      continue;
    }
    const int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || end - at <= more) return false;
    const unsigned char second = at[1];
    const unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (second < low || second > high) return false;
    for (int next = 2; next <= more; next += 1)
      if ((at[next] & 0xc0) != 0x80) return false;
    at += more + 1;
  }
  return true;
}

}  // namespace ndts
