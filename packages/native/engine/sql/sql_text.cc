// See sql_text.h.
#include "sql/sql_text.h"

#include <algorithm>
#include <cstdio>

namespace ndts {

std::string uint128_text(unsigned __int128 value) {
  std::string text;
  do {
    text += static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  std::reverse(text.begin(), text.end());
  return text;
}

std::string int128_text(__int128 value) {
  // The least value has no positive twin: the sign is taken off without a sign.
  const auto bits = static_cast<unsigned __int128>(value);
  std::string text = uint128_text(value < 0 ? -bits : bits);
  if (value < 0) text.insert(text.begin(), '-');
  return text;
}

std::string decimal_text(__int128 value, std::uint8_t scale) {
  std::string digits = int128_text(value);
  if (scale == 0) return digits;
  const std::size_t sign = value < 0 ? 1 : 0;
  if (digits.size() - sign <= scale)
    digits.insert(sign, std::size_t{scale} + 1 - (digits.size() - sign), '0');
  digits.insert(digits.size() - scale, 1, '.');
  return digits;
}

namespace {

void add_unit(std::string* text, std::int32_t count, const char* unit) {
  if (count == 0) return;
  if (!text->empty()) *text += ' ';
  *text += std::to_string(count) + ' ' + unit + (count == 1 || count == -1 ? "" : "s");
}

}  // namespace

std::string interval_text(const duckdb::Interval& interval) {
  std::string text;
  add_unit(&text, interval.months / 12, "year");
  add_unit(&text, interval.months % 12, "month");
  add_unit(&text, interval.days, "day");
  if (interval.micros == 0 && !text.empty()) return text;
  if (!text.empty()) text += ' ';
  const std::uint64_t micros = interval.micros < 0 ? -static_cast<std::uint64_t>(interval.micros)
                                                   : static_cast<std::uint64_t>(interval.micros);
  const std::uint64_t seconds = micros / 1'000'000;
  const auto part = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  char clock[64];
  std::snprintf(clock, sizeof(clock), "%s%02llu:%02llu:%02llu", interval.micros < 0 ? "-" : "",
                part(seconds / 3600), part(seconds / 60 % 60), part(seconds % 60));
  text += clock;
  if (micros % 1'000'000 != 0) {
    std::snprintf(clock, sizeof(clock), ".%06llu", part(micros % 1'000'000));
    text += clock;
    while (text.back() == '0') text.pop_back();
  }
  return text;
}

std::string uuid_text(const duckdb::Int128& value) {
  // Held with its highest bit turned, so that it sorts.
  const std::uint64_t upper = static_cast<std::uint64_t>(value.upper) ^ (std::uint64_t{1} << 63);
  char text[40];
  std::snprintf(text, sizeof(text), "%08llx-%04llx-%04llx-%04llx-%012llx",
                static_cast<unsigned long long>(upper >> 32),
                static_cast<unsigned long long>(upper >> 16 & 0xffff),
                static_cast<unsigned long long>(upper & 0xffff),
                static_cast<unsigned long long>(value.lower >> 48),
                static_cast<unsigned long long>(value.lower & 0xffff'ffff'ffff));
  return text;
}

}  // namespace ndts
