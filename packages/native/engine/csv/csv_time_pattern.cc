// See csv_time_pattern.h.
#include "csv/csv_time_pattern.h"

#include <array>
#include <cstddef>

#include "csv/csv_letters.h"

namespace ndts {

namespace {

constexpr std::int64_t kNsPerMinute = 60'000'000'000;
constexpr std::array<std::string_view, 12> kMonths = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};

// One to `most` digits.
bool take_number(std::string_view* text, std::size_t most, std::uint32_t* value) {
  std::size_t count = 0;
  std::uint32_t found = 0;
  for (; count < most && count < text->size() && is_digit((*text)[count]); count += 1)
    found = found * 10 + static_cast<std::uint32_t>((*text)[count] - '0');
  text->remove_prefix(count);
  *value = found;
  return count > 0;
}

bool starts_with(std::string_view text, std::string_view word) {
  if (text.size() < word.size()) return false;
  for (std::size_t at = 0; at < word.size(); at += 1)
    if (lower(text[at]) != word[at]) return false;
  return true;
}

bool take_month(std::string_view* text, bool whole, std::uint32_t* month) {
  for (std::size_t at = 0; at < kMonths.size(); at += 1) {
    const std::string_view word = whole ? kMonths[at] : kMonths[at].substr(0, 3);
    if (!starts_with(*text, word)) continue;
    text->remove_prefix(word.size());
    *month = static_cast<std::uint32_t>(at + 1);
    return true;
  }
  return false;
}

bool take_pattern_fraction(std::string_view* text, std::int64_t* ns) {
  std::size_t count = 0;
  std::int64_t value = 0;
  for (; count < 9 && count < text->size() && is_digit((*text)[count]); count += 1)
    value = value * 10 + ((*text)[count] - '0');
  for (std::size_t at = count; at < 9; at += 1) value *= 10;
  text->remove_prefix(count);
  *ns = value;
  return count > 0;
}

bool take_half(std::string_view* text, CsvTimeFields* fields) {
  const bool is_before = starts_with(*text, "am");
  if (!is_before && !starts_with(*text, "pm")) return false;
  fields->half = is_before ? CsvTimeFields::Half::kBefore : CsvTimeFields::Half::kAfter;
  text->remove_prefix(2);
  return true;
}

bool take_year(std::string_view* text, std::size_t digits, CsvTimeFields* fields) {
  std::uint32_t year = 0;
  if (!take_number(text, digits, &year)) return false;
  fields->year = digits == 4 ? year : year < 69 ? 2000 + year : 1900 + year;
  return true;
}

bool take_day_of_year(std::string_view* text, CsvTimeFields* fields) {
  if (!take_number(text, 3, &fields->day_of_year)) return false;
  if (fields->day_of_year < 1 || fields->day_of_year > 366) fields->problem = "no such date";
  return true;
}

bool take_offset(std::string_view* text, CsvTimeFields* fields) {
  const std::size_t before = text->size();
  const CsvProblem problem = take_utc_offset(text, &fields->offset_ns);
  if (problem != nullptr) fields->problem = problem;
  return problem != nullptr || text->size() < before;
}

bool take_part(char letter, std::string_view* text, CsvTimeFields* fields) {
  switch (letter) {
    case 'Y':
      return take_year(text, 4, fields);
    case 'y':
      return take_year(text, 2, fields);
    case 'm':
      return take_number(text, 2, &fields->month);
    case 'd':
    case 'e':
      return take_number(text, 2, &fields->day);
    case 'j':
      return take_day_of_year(text, fields);
    case 'b':
      return take_month(text, false, &fields->month);
    case 'B':
      return take_month(text, true, &fields->month);
    case 'H':
    case 'I':
      return take_number(text, 2, &fields->hour);
    case 'p':
      return take_half(text, fields);
    case 'M':
      return take_number(text, 2, &fields->minute);
    case 'S':
      return take_number(text, 2, &fields->second);
    case 'f':
      return take_pattern_fraction(text, &fields->fraction);
    case 'z':
      return take_offset(text, fields);
    case 'T':
      return match_time_pattern("%H:%M:%S", text, fields);
    case 'F':
      return match_time_pattern("%Y-%m-%d", text, fields);
    default:
      return false;
  }
}

}  // namespace

bool match_time_pattern(std::string_view pattern, std::string_view* text, CsvTimeFields* fields) {
  for (std::size_t at = 0; at < pattern.size(); at += 1) {
    const bool is_part = pattern[at] == '%' && at + 1 < pattern.size();
    if (is_part) at += 1;
    if (is_part && pattern[at] != '%') {
      if (!take_part(pattern[at], text, fields)) return false;
      continue;
    }
    if (text->empty() || (*text)[0] != pattern[at]) return false;
    text->remove_prefix(1);
  }
  return true;
}

CsvProblem check_time_pattern(std::string_view pattern) {
  constexpr std::string_view kKnown = "YymdejbBHIpMSfzTF%";
  for (std::size_t at = 0; at < pattern.size(); at += 1) {
    if (pattern[at] != '%') continue;
    at += 1;
    if (at == pattern.size() || kKnown.find(pattern[at]) == std::string_view::npos)
      return "a time pattern has a % with a letter that is not known";
  }
  return nullptr;
}

CsvProblem take_utc_offset(std::string_view* text, std::int64_t* offset_ns) {
  if (text->empty()) return nullptr;
  const char sign = (*text)[0];
  if (sign == 'Z' || sign == 'z') {
    text->remove_prefix(1);
    *offset_ns = 0;
    return nullptr;
  }
  if (sign != '+' && sign != '-') return nullptr;
  text->remove_prefix(1);
  std::uint32_t hours = 0;
  std::uint32_t minutes = 0;
  if (text->size() < 2 || !is_digit((*text)[1]) || !take_number(text, 2, &hours))
    return "not an offset from UTC";
  if (!text->empty() && (*text)[0] == ':') text->remove_prefix(1);
  if (!text->empty() && is_digit((*text)[0]) && !take_number(text, 2, &minutes))
    return "not an offset from UTC";
  if (hours > 18 || minutes > 59) return "not an offset from UTC";
  const std::int64_t ahead = (std::int64_t{hours} * 60 + minutes) * kNsPerMinute;
  *offset_ns = sign == '-' ? -ahead : ahead;
  return nullptr;
}

}  // namespace ndts
