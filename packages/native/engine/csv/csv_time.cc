// See csv_time.h.
#include "csv/csv_time.h"

#include <cstring>

#include "csv/csv_letters.h"
#include "csv/csv_time_pattern.h"
#include "table/tick_batch.h"

namespace ndts {

namespace {

constexpr const char* kNotTime = "not a time";
constexpr const char* kNoDate = "no such date";
constexpr const char* kNoTimeOfDay = "no such time of day";
constexpr const char* kBeyond = "out of the time that can be stored";
constexpr const char* kTooFine = "finer than a nanosecond";
constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kDayMin = -106751;
constexpr std::int64_t kDayMax = 106750;

// Exactly `count` digits from the front.
bool take_digits(std::string_view* text, std::size_t count, std::uint32_t* value) {
  if (text->size() < count) return false;
  std::uint32_t found = 0;
  for (std::size_t at = 0; at < count; at += 1) {
    if (!is_digit((*text)[at])) return false;
    found = found * 10 + static_cast<std::uint32_t>((*text)[at] - '0');
  }
  text->remove_prefix(count);
  *value = found;
  return true;
}

bool take(std::string_view* text, char byte) {
  if (text->empty() || (*text)[0] != byte) return false;
  text->remove_prefix(1);
  return true;
}

// Digits behind a point, as nanoseconds; beyond nine only zeros.
CsvProblem take_fraction(std::string_view* text, std::int64_t* ns) {
  std::size_t count = 0;
  std::int64_t value = 0;
  for (; count < text->size() && is_digit((*text)[count]); count += 1) {
    if (count < 9) value = value * 10 + ((*text)[count] - '0');
    else if ((*text)[count] != '0') return kTooFine;
  }
  if (count == 0) return kNotTime;
  for (std::size_t at = count; at < 9; at += 1) value *= 10;
  text->remove_prefix(count);
  *ns = value;
  return nullptr;
}

CsvProblem time_of_day(std::uint32_t hour, std::uint32_t minute, std::uint32_t second,
                       std::int64_t fraction, std::int64_t* ns) {
  if (hour > 23 || minute > 59 || second > 59) return kNoTimeOfDay;
  *ns = (std::int64_t{hour} * 3600 + minute * 60 + second) * kNsPerSecond + fraction;
  return nullptr;
}

// 09:30, 09:30:00 or 09:30:00.123456789.
CsvProblem take_clock(std::string_view* text, std::int64_t* ns) {
  std::uint32_t hour = 0;
  std::uint32_t minute = 0;
  std::uint32_t second = 0;
  std::int64_t fraction = 0;
  if (!take_digits(text, 2, &hour)) return kNotTime;
  const bool has_colons = take(text, ':');
  if (!take_digits(text, 2, &minute)) return kNotTime;
  const bool has_seconds = has_colons ? take(text, ':') : !text->empty() && is_digit((*text)[0]);
  if (has_seconds && !take_digits(text, 2, &second)) return kNotTime;
  if (has_seconds && (take(text, '.') || take(text, ',')))
    if (const CsvProblem problem = take_fraction(text, &fraction); problem != nullptr)
      return problem;
  return time_of_day(hour, minute, second, fraction, ns);
}

void move(CsvTime* time, std::int64_t ns) {
  time->ns_of_day += ns;
  const std::int64_t over = day_of(time->ns_of_day);
  time->day += over;
  time->ns_of_day -= over * kNsPerDay;
}

CsvProblem checked(const CsvTime& time) {
  return time.day < kDayMin || time.day > kDayMax ? kBeyond : nullptr;
}

// A count of units since 1970, with a fraction of `places` digits at most.
CsvProblem parse_count(std::string_view text, CsvTimeKind kind, CsvTime* time) {
  const bool is_negative = take(&text, '-');
  const CsvDigits digits = leading_digits(text);
  if (digits.count == 0) return kNotTime;
  text.remove_prefix(digits.count);
  if (kind == CsvTimeKind::kAutomatic)
    kind = digits.value < 100'000'000'000              ? CsvTimeKind::kSeconds
           : digits.value < 100'000'000'000'000        ? CsvTimeKind::kMilliseconds
           : digits.value < 100'000'000'000'000'000    ? CsvTimeKind::kMicroseconds
                                                       : CsvTimeKind::kNanoseconds;
  const std::uint64_t unit = kind == CsvTimeKind::kSeconds        ? 1'000'000'000
                             : kind == CsvTimeKind::kMilliseconds ? 1'000'000
                             : kind == CsvTimeKind::kMicroseconds ? 1'000
                                                                  : 1;
  std::int64_t fraction = 0;
  if (take(&text, '.')) {
    if (const CsvProblem problem = take_fraction(&text, &fraction); problem != nullptr)
      return problem;
    const auto scale = static_cast<std::int64_t>(1'000'000'000 / unit);
    if (fraction % scale != 0) return kTooFine;
    fraction /= scale;
  }
  if (!text.empty()) return is_digit(text[0]) ? kBeyond : kNotTime;
  const std::uint64_t per_day = static_cast<std::uint64_t>(kNsPerDay) / unit;
  const std::uint64_t days = digits.value / per_day;
  if (days > static_cast<std::uint64_t>(kDayMax) + 1) return kBeyond;
  const std::uint64_t ns = (digits.value % per_day) * unit + static_cast<std::uint64_t>(fraction);
  *time = {static_cast<std::int64_t>(days), 0};
  move(time, static_cast<std::int64_t>(ns));
  if (!is_negative) return checked(*time);
  const std::int64_t back = time->ns_of_day;
  *time = {-time->day, 0};
  move(time, -back);
  return checked(*time);
}

}  // namespace

bool days_of(std::int64_t year, unsigned month, unsigned day, std::int64_t* days) {
  constexpr unsigned kLengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1) return false;
  const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  if (day > kLengths[month - 1] + (month == 2 && is_leap ? 1 : 0)) return false;
  // Years that begin in March: the day that may be missing is their last.
  const std::int64_t shifted = month > 2 ? year : year - 1;
  const std::int64_t months = month > 2 ? month - 3 : month + 9;
  const std::int64_t before = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400;
  *days = before + (153 * months + 2) / 5 + day - 1 - 719468;
  return true;
}

void date_of(std::int64_t days, std::int64_t* year, unsigned* month, unsigned* day) {
  const std::int64_t since = days + 719468;  // 1 March of year 0; positive for all that is stored
  const std::int64_t era = since / 146097;
  const std::int64_t of_era = since % 146097;
  const std::int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const std::int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
  const std::int64_t months = (5 * of_year + 2) / 153;
  *day = static_cast<unsigned>(of_year - (153 * months + 2) / 5 + 1);
  *month = static_cast<unsigned>(months < 10 ? months + 3 : months - 9);
  *year = era * 400 + years + (*month <= 2 ? 1 : 0);
}

CsvProblem CsvTimeParser::take_date(std::string_view* text, std::int64_t* day) {
  const bool may_be_last = text->size() >= sizeof(last_date_);
  if (may_be_last && std::memcmp(text->data(), last_date_, sizeof(last_date_)) == 0) {
    text->remove_prefix(sizeof(last_date_));
    *day = last_day_;
    return nullptr;
  }
  const std::string_view whole = *text;
  std::uint32_t year = 0;
  std::uint32_t month = 0;
  std::uint32_t of_month = 0;
  if (!take_digits(text, 4, &year)) return kNotTime;
  const char between = text->empty() ? '\0' : (*text)[0];
  const bool has_marks = between == '-' || between == '/';
  if (has_marks) text->remove_prefix(1);
  if (!take_digits(text, 2, &month)) return kNotTime;
  if (has_marks && !take(text, between)) return kNotTime;
  if (!take_digits(text, 2, &of_month)) return kNotTime;
  // More digits: a count of something.
  if (!text->empty() && is_digit((*text)[0])) return kNotTime;
  if (!days_of(year, month, of_month, day)) return kNoDate;
  if (has_marks) {
    std::memcpy(last_date_, whole.data(), sizeof(last_date_));
    last_day_ = *day;
  }
  return nullptr;
}

CsvProblem CsvTimeParser::parse_iso(std::string_view text, CsvTime* time) {
  if (const CsvProblem problem = take_date(&text, &time->day); problem != nullptr) return problem;
  time->ns_of_day = 0;
  std::int64_t ahead = offset_ns_;
  if (!text.empty()) {
    if (!take(&text, 'T') && !take(&text, ' ') && !take(&text, 't')) return kNotTime;
    if (const CsvProblem problem = take_clock(&text, &time->ns_of_day); problem != nullptr)
      return problem;
    take(&text, ' ');
    if (const CsvProblem problem = take_utc_offset(&text, &ahead); problem != nullptr)
      return problem;
    if (!text.empty()) return kNotTime;
  }
  if (ahead != 0) move(time, -ahead);
  return checked(*time);
}

CsvProblem CsvTimeParser::parse(std::string_view text, CsvTime* time) {
  switch (kind_) {
    case CsvTimeKind::kIso:
      return parse_iso(text, time);
    case CsvTimeKind::kPattern:
      return parse_pattern(text, time);
    case CsvTimeKind::kAutomatic: {
      const bool is_count =
          text.find_first_not_of("0123456789.", text.starts_with('-') ? 1 : 0) ==
          std::string_view::npos;
      return is_count ? parse_count(text, kind_, time) : parse_iso(text, time);
    }
    default:
      return parse_count(text, kind_, time);
  }
}

CsvProblem CsvTimeParser::parse_parts(std::string_view date, std::string_view of_day,
                                      CsvTime* time) {
  if (const CsvProblem problem = take_date(&date, &time->day); problem != nullptr) return problem;
  if (!date.empty()) return kNotTime;
  const CsvDigits digits = leading_digits(of_day);
  if (digits.count < of_day.size()) {
    // 9:30:00 is written by many.
    char padded[32] = {'0'};
    std::string_view rest = of_day;
    if (digits.count == 1 && of_day[1] == ':' && of_day.size() < sizeof(padded)) {
      std::memcpy(padded + 1, of_day.data(), of_day.size());
      rest = {padded, of_day.size() + 1};
    }
    if (const CsvProblem problem = take_clock(&rest, &time->ns_of_day); problem != nullptr)
      return problem;
    if (!rest.empty()) return kNotTime;
  } else {
    if (digits.count == 0 || digits.count > 15) return kNotTime;
    std::int64_t unit = kNsPerSecond;
    auto value = static_cast<std::int64_t>(digits.value);
    const std::size_t places = digits.count <= 6 ? 0 : (digits.count - 6 + 2) / 3;
    for (std::size_t at = 0; at < places; at += 1) unit /= 1000;
    const std::int64_t scale = kNsPerSecond / unit;
    const std::int64_t fraction = value % scale * unit;
    value /= scale;
    const auto clock = static_cast<std::uint32_t>(value);  // six digits
    if (const CsvProblem problem = time_of_day(clock / 10000, clock / 100 % 100, clock % 100,
                                               fraction, &time->ns_of_day);
        problem != nullptr)
      return problem;
  }
  if (offset_ns_ != 0) move(time, -offset_ns_);
  return checked(*time);
}

CsvProblem CsvTimeParser::parse_pattern(std::string_view text, CsvTime* time) const {
  CsvTimeFields fields;
  fields.offset_ns = offset_ns_;
  if (!match_time_pattern(pattern_, &text, &fields) || !text.empty()) return kNotTime;
  if (fields.problem != nullptr) return fields.problem;
  if (fields.day_of_year > 0) {
    if (!days_of(fields.year, 1, 1, &time->day)) return kNoDate;
    time->day += fields.day_of_year - 1;
  } else if (!days_of(fields.year, fields.month, fields.day, &time->day)) {
    return kNoDate;
  }
  std::uint32_t hour = fields.hour;
  if (fields.half != CsvTimeFields::Half::kNone) {
    if (hour < 1 || hour > 12) return kNoTimeOfDay;
    hour = hour % 12 + (fields.half == CsvTimeFields::Half::kAfter ? 12 : 0);
  }
  if (const CsvProblem problem = time_of_day(hour, fields.minute, fields.second, fields.fraction,
                                             &time->ns_of_day);
      problem != nullptr)
    return problem;
  if (fields.offset_ns != 0) move(time, -fields.offset_ns);
  return checked(*time);
}

}  // namespace ndts
