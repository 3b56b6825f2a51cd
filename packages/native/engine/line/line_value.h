// One unquoted value of line protocol: a number with or without a suffix, or a truth value.
//
//   1  -2.5  6.02e23  .5  NaN  Infinity    a real number
//   12i  12u                               a whole number that fits an int64
//   1700000000000000t                      a time in microseconds; n: in nanoseconds
//   t T true True TRUE, f F false ...      a truth value
//
// Plain functions, any thread. A real number is the float64 nearest to what is written.
#pragma once

#include <cstdint>

namespace ndts {

enum class LineValueKind : std::uint8_t { kNone, kReal, kWhole, kTime, kTruth, kText };

struct LineValue {
  LineValueKind kind = LineValueKind::kNone;
  bool truth = false;
  bool fits = true;       // false: beyond what an int64 or float64 reaches
  double real = 0;
  std::int64_t whole = 0;  // of a time: nanoseconds since 1970
};

// Reads the value at `at`, which ends before ',', ' ', CR or LF; one of them is before `end`.
// Returns where it ends, or null: not a value.
[[nodiscard]] const char* read_line_value(const char* at, const char* end, LineValue* value);

// Reads the digits of a time in units of `unit_ns`, to nanoseconds since 1970. Null: not a number;
// `fits` is false when it is beyond an int64 of nanoseconds.
[[nodiscard]] const char* read_line_time(const char* at, std::int64_t unit_ns, std::int64_t* time,
                                         bool* fits);

}  // namespace ndts
