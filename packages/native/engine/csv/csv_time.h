// Instants in CSV fields, exact to the nanosecond.
//
//   iso       2024-01-02, 2024/01/02 or 20240102, then T or a space, 09:30, 09:30:00 or
//             09:30:00.123456789, then nothing (UTC, or the offset that was given), Z, +08, +0800
//             or +08:00; or the date alone
//   s ms us ns   a count since 1970 of that unit, with a fraction down to nanoseconds
//   automatic iso, or a count whose unit its size tells: below 1e11 seconds, below 1e14
//             milliseconds, below 1e17 microseconds, else nanoseconds
//   pattern   %Y %y %m %d %e %j %b %B %H %I %p %M %S %f (a fraction, 1 to 9 digits) %z %T %F %%,
//             and letters that stand for themselves
//
// Threads: one at a time; it remembers the last date. Errors: as csv_number.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "csv/csv_number.h"

namespace ndts {

enum class CsvTimeKind : std::uint8_t {
  kIso,
  kSeconds,
  kMilliseconds,
  kMicroseconds,
  kNanoseconds,
  kAutomatic,
  kPattern,
};

struct CsvTime {
  std::int64_t day = 0;
  std::int64_t ns_of_day = 0;
};

class CsvTimeParser {
 public:
  // `offset_ns`: what local times without an offset of their own are ahead of UTC.
  CsvTimeParser(CsvTimeKind kind, std::string pattern, std::int64_t offset_ns)
      : kind_(kind), pattern_(std::move(pattern)), offset_ns_(offset_ns) {}

  [[nodiscard]] CsvProblem parse(std::string_view text, CsvTime* time);
  // A date as iso has it, and a time of day: 09:30:00.123 or digits, of which the leading zeros may
  // be missing: hhmmss, and behind it 3, 6 or 9 digits of a fraction.
  [[nodiscard]] CsvProblem parse_parts(std::string_view date, std::string_view time_of_day,
                                       CsvTime* time);

 private:
  [[nodiscard]] CsvProblem parse_iso(std::string_view text, CsvTime* time);
  [[nodiscard]] CsvProblem parse_pattern(std::string_view text, CsvTime* time) const;
  // Takes the date from the front of the text.
  [[nodiscard]] CsvProblem take_date(std::string_view* text, std::int64_t* day);

  const CsvTimeKind kind_;
  const std::string pattern_;
  const std::int64_t offset_ns_;
  char last_date_[10] = {};  // as text
  std::int64_t last_day_ = 0;
};

// Days since 1970 of a date; false when there is no such date.
[[nodiscard]] bool days_of(std::int64_t year, unsigned month, unsigned day, std::int64_t* days);
// Of days within the time that can be stored.
void date_of(std::int64_t days, std::int64_t* year, unsigned* month, unsigned* day);

}  // namespace ndts
