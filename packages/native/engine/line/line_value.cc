// hot: no allocation
// See line_value.h.
#include "line/line_value.h"

#include <charconv>
#include <cstddef>
#include <limits>
#include <string_view>
#include <system_error>

namespace ndts {

namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
// Powers of ten that are doubles; a product or quotient of two exact doubles is rounded once.
constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr int kPowerMax = 22;
constexpr std::uint64_t kExact = std::uint64_t{1} << 53;
constexpr int kDigitsMax = 19;  // always fit 64 bits

bool is_digit(char byte) { return static_cast<unsigned char>(byte - '0') < 10; }
bool is_end(char byte) { return byte == ',' || byte == ' ' || byte == '\n' || byte == '\r'; }

// What is written, as far as it was read.
struct Decimal {
  bool negative = false;
  bool whole = true;  // no point, no exponent
  std::uint64_t digits = 0;
  int count = 0;      // of digits, from the first that is not 0
  int read = 0;       // of digits, all
  int power = 0;      // of ten
};

// Any number of digits, of which the first 19 are kept: count says how many there were.
const char* read_digits(const char* at, Decimal* decimal) {
  for (; is_digit(*at); at += 1) {
    decimal->read += 1;
    if (decimal->count == 0 && *at == '0') continue;
    if (decimal->count < kDigitsMax)
      decimal->digits = decimal->digits * 10 + static_cast<std::uint64_t>(*at - '0');
    decimal->count += 1;
  }
  return at;
}

// Null: an exponent without digits.
const char* read_exponent(const char* at, Decimal* decimal) {
  bool negative = false;
  if (*at == '+' || *at == '-') negative = *at++ == '-';
  if (!is_digit(*at)) return nullptr;
  int exponent = 0;
  for (; is_digit(*at); at += 1)
    if (exponent < 100'000) exponent = exponent * 10 + (*at - '0');
  decimal->power += negative ? -exponent : exponent;
  return at;
}

const char* read_many_digits(const char* at, Decimal* decimal) {
  at = read_digits(at, decimal);
  if (*at != '.') return at;
  const int before = decimal->read;
  at = read_digits(at + 1, decimal);
  decimal->power = before - decimal->read;
  return at;
}

// Adds digits until something else comes.
const char* add_digits(const char* at, std::uint64_t* digits) {
  std::uint64_t sum = *digits;
  for (; is_digit(*at); at += 1) sum = sum * 10 + static_cast<std::uint64_t>(*at - '0');
  *digits = sum;
  return at;
}

const char* read_decimal(const char* at, Decimal* decimal) {
  if (*at == '+' || *at == '-') decimal->negative = *at++ == '-';
  const char* const from = at;
  std::uint64_t digits = 0;
  at = add_digits(at, &digits);
  std::ptrdiff_t count = at - from;
  if (*at == '.') {
    decimal->whole = false;
    const char* const point = at;
    at = add_digits(at + 1, &digits);
    const std::ptrdiff_t behind = at - point - 1;
    decimal->power = -static_cast<int>(behind);
    count += behind;
  }
  if (count == 0) return nullptr;
  decimal->digits = digits;
  decimal->count = static_cast<int>(count);
  if (count > kDigitsMax) {  // they may be zeros in front
    decimal->digits = 0;
    decimal->count = 0;
    at = read_many_digits(from, decimal);
  }
  if (*at != 'e' && *at != 'E') return at;
  decimal->whole = false;
  return read_exponent(at + 1, decimal);
}

void make_real(const char* from, const char* to, const Decimal& decimal, LineValue* value) {
  value->kind = LineValueKind::kReal;
  const int power = decimal.power;
  if (decimal.count <= kDigitsMax && decimal.digits <= kExact && power >= -kPowerMax &&
      power <= kPowerMax) {
    const auto digits = static_cast<double>(decimal.digits);
    const double real = power < 0 ? digits / kPowers[-power] : digits * kPowers[power];
    value->real = decimal.negative ? -real : real;
    return;
  }
  if (*from == '+') from += 1;
  const auto result = std::from_chars(from, to, value->real);
  value->fits = result.ec == std::errc();
}

void make_whole(const Decimal& decimal, std::int64_t unit, LineValue* value) {
  const std::uint64_t largest = static_cast<std::uint64_t>(kMax) + (decimal.negative ? 1 : 0);
  const auto times = static_cast<std::uint64_t>(unit);
  value->fits = decimal.count <= kDigitsMax && decimal.digits <= largest / times;
  if (!value->fits) return;
  const std::uint64_t whole = decimal.digits * times;
  value->whole = static_cast<std::int64_t>(decimal.negative ? 0 - whole : whole);
}

const char* read_number(const char* at, LineValue* value) {
  const char* const from = at;
  Decimal decimal;
  at = read_decimal(at, &decimal);
  if (at == nullptr) return nullptr;
  if (is_end(*at)) {
    make_real(from, at, decimal, value);
    return at;
  }
  const char suffix = *at;
  if (!decimal.whole || !is_end(at[1])) return nullptr;
  if (suffix == 'i' || (suffix == 'u' && !decimal.negative)) {
    value->kind = LineValueKind::kWhole;
    make_whole(decimal, 1, value);
  } else if (suffix == 't' || suffix == 'n') {
    value->kind = LineValueKind::kTime;
    make_whole(decimal, suffix == 't' ? 1000 : 1, value);
  } else {
    return nullptr;
  }
  return at + 1;
}

bool is_word(std::string_view word, LineValue* value) {
  for (const char* truth : {"t", "T", "true", "True", "TRUE", "f", "F", "false", "False", "FALSE"})
    if (word == truth) {
      value->kind = LineValueKind::kTruth;
      value->truth = *truth == 't' || *truth == 'T';
      return true;
    }
  double real = std::numeric_limits<double>::quiet_NaN();
  if (word != "NaN") {
    real = std::numeric_limits<double>::infinity();
    if (word == "-Infinity") real = -real;
    else if (word != "Infinity" && word != "+Infinity") return false;
  }
  value->kind = LineValueKind::kReal;
  value->real = real;
  return true;
}

}  // namespace

const char* read_line_value(const char* at, const char* end, LineValue* value) {
  *value = LineValue();
  const char first = *at;
  const bool sign = first == '-' || first == '+';
  if (is_digit(first) || first == '.' || (sign && at[1] != 'I')) return read_number(at, value);
  const char* to = at;
  while (to < end && !is_end(*to)) to += 1;
  const std::string_view word(at, static_cast<std::size_t>(to - at));
  return is_word(word, value) ? to : nullptr;
}

const char* read_line_time(const char* at, std::int64_t unit_ns, std::int64_t* time, bool* fits) {
  Decimal decimal;
  if (*at == '-') {
    decimal.negative = true;
    at += 1;
  }
  at = read_digits(at, &decimal);
  if (decimal.read == 0) return nullptr;
  LineValue value;
  make_whole(decimal, unit_ns, &value);
  *time = value.whole;
  *fits = value.fits;
  return at;
}

}  // namespace ndts
