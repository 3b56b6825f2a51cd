// Text against a pattern of time (csv_time.h says what it may have), and offsets from UTC.
//
// Threads: any; nothing is kept.
#pragma once

#include <cstdint>
#include <string_view>

#include "csv/csv_number.h"

namespace ndts {

struct CsvTimeFields {
  enum class Half : std::uint8_t { kNone, kBefore, kAfter };

  std::int64_t year = 1970;
  std::uint32_t month = 1;
  std::uint32_t day = 1;
  std::uint32_t day_of_year = 0;  // 0: the month and day say it
  std::uint32_t hour = 0;
  std::uint32_t minute = 0;
  std::uint32_t second = 0;
  std::int64_t fraction = 0;  // nanoseconds
  std::int64_t offset_ns = 0;
  Half half = Half::kNone;
  CsvProblem problem = nullptr;  // the text matches, and says what cannot be
};

// Takes what matches from the front of the text; false where it does not.
[[nodiscard]] bool match_time_pattern(std::string_view pattern, std::string_view* text,
                                      CsvTimeFields* fields);
// Null when every letter behind a % is known, else what is wrong.
[[nodiscard]] CsvProblem check_time_pattern(std::string_view pattern);

// Z, +08, +0800, +08:00, or nothing, which leaves `offset_ns` as it is.
[[nodiscard]] CsvProblem take_utc_offset(std::string_view* text, std::int64_t* offset_ns);

}  // namespace ndts
