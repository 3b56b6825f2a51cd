// Instants of CSV fields: every form, the ends of what can be stored, and dates against counting.
#include "csv/csv_time.h"

#include <gtest/gtest.h>

#include <ctime>
#include <random>

#include "db/db_test_kit.h"

namespace ndts {
namespace {

constexpr std::int64_t kHour = 3'600'000'000'000;

std::string parsed(CsvTimeKind kind, std::string_view text, std::int64_t offset = 0,
                   const std::string& pattern = {}) {
  CsvTimeParser parser(kind, pattern, offset);
  CsvTime time;
  if (const CsvProblem problem = parser.parse(text, &time); problem != nullptr) return problem;
  return std::to_string(time.day) + " " + std::to_string(time.ns_of_day);
}

std::string joined(std::string_view date, std::string_view time_of_day) {
  CsvTimeParser parser(CsvTimeKind::kIso, {}, 0);
  CsvTime time;
  const CsvProblem problem = parser.parse_parts(date, time_of_day, &time);
  return problem != nullptr ? problem : std::to_string(time.ns_of_day);
}

TEST(CsvTimes, Iso) {
  EXPECT_EQ(parsed(CsvTimeKind::kIso, "2024-01-02T09:30:00.123456789Z"), "19724 34200123456789");
  EXPECT_EQ(parsed(CsvTimeKind::kIso, "2024/01/02 09:30"), "19724 34200000000000");
  EXPECT_EQ(parsed(CsvTimeKind::kIso, "20240102T093000"), "19724 34200000000000");
  EXPECT_EQ(parsed(CsvTimeKind::kIso, "2024-01-02"), "19724 0");
  EXPECT_EQ(parsed(CsvTimeKind::kIso, "2024-01-02T01:00:00+08:00"), "19723 61200000000000");
  EXPECT_EQ(parsed(CsvTimeKind::kIso, "2024-01-02T23:30:00.5-01"), "19725 1800500000000");
  EXPECT_EQ(parsed(CsvTimeKind::kIso, "2024-01-02 01:00", 8 * kHour), "19723 61200000000000");
  EXPECT_EQ(parsed(CsvTimeKind::kIso, "2024-01-02 01:00Z", 8 * kHour), "19724 3600000000000");
  EXPECT_EQ(parsed(CsvTimeKind::kIso, "2024-01-02T00:00:00.1234567890"), "19724 123456789");
  EXPECT_EQ(parsed(CsvTimeKind::kIso, "2023-02-29"), "no such date");
  EXPECT_EQ(parsed(CsvTimeKind::kIso, "2024-01-02T24:00"), "no such time of day");
  EXPECT_EQ(parsed(CsvTimeKind::kIso, "2024-01-02T00:00:00.1234567891"),
            "finer than a nanosecond");
  EXPECT_EQ(parsed(CsvTimeKind::kIso, "2263-01-01"), "out of the time that can be stored");
  for (const char* text : {"", "2024", "2024-1-2", "2024-01-02T", "2024-01-02x", "1704187800",
                           "20240102093000",
                           "2024-01-02T09:30:00.", "2024-01/02", "2024-01-02T09:30:00Zx"})
    EXPECT_EQ(parsed(CsvTimeKind::kIso, text), "not a time") << text;
}

TEST(CsvTimes, Counts) {
  EXPECT_EQ(parsed(CsvTimeKind::kSeconds, "1704187800.000000001"), "19724 34200000000001");
  EXPECT_EQ(parsed(CsvTimeKind::kMilliseconds, "1704187800123.5"), "19724 34200123500000");
  EXPECT_EQ(parsed(CsvTimeKind::kMicroseconds, "1704187800123456"), "19724 34200123456000");
  EXPECT_EQ(parsed(CsvTimeKind::kNanoseconds, "1704187800123456789"), "19724 34200123456789");
  EXPECT_EQ(parsed(CsvTimeKind::kSeconds, "-0.5"), "-1 86399500000000");
  EXPECT_EQ(parsed(CsvTimeKind::kMilliseconds, "0.0000001"), "finer than a nanosecond");
  EXPECT_EQ(parsed(CsvTimeKind::kSeconds, "9999999999999"), "out of the time that can be stored");
  EXPECT_EQ(parsed(CsvTimeKind::kNanoseconds, "99999999999999999999"),
            "out of the time that can be stored");
  EXPECT_EQ(parsed(CsvTimeKind::kSeconds, "1e9"), "not a time");
  for (const char* text : {"1704187800", "1704187800000", "1704187800000000",
                           "1704187800000000000", "2024-01-02T09:30:00Z"})
    EXPECT_EQ(parsed(CsvTimeKind::kAutomatic, text), "19724 34200000000000") << text;
}

TEST(CsvTimes, OfADateAndATimeOfDay) {
  EXPECT_EQ(joined("20240102", "093000123"), "34200123000000");
  EXPECT_EQ(joined("20240102", "93000123"), "34200123000000");
  EXPECT_EQ(joined("2024-01-02", "93000"), "34200000000000");
  EXPECT_EQ(joined("2024-01-02", "0"), "0");
  EXPECT_EQ(joined("2024-01-02", "093000123456"), "34200123456000");
  EXPECT_EQ(joined("2024-01-02", "093000123456789"), "34200123456789");
  EXPECT_EQ(joined("2024-01-02", "9:30:00.5"), "34200500000000");
  EXPECT_EQ(joined("2024-01-02", "240000"), "no such time of day");
  EXPECT_EQ(joined("2024-01-02", ""), "not a time");
  EXPECT_EQ(joined("2024-01-02 ", "1"), "not a time");
}

TEST(CsvTimes, Patterns) {
  const auto by = [](const char* pattern, const char* text) {
    return parsed(CsvTimeKind::kPattern, text, 0, pattern);
  };
  EXPECT_EQ(by("%d.%m.%Y %H:%M:%S.%f", "2.1.2024 09:30:00.123"), "19724 34200123000000");
  EXPECT_EQ(by("%b %d %Y %I:%M %p", "Jan 02 2024 12:05 am"), "19724 300000000000");
  EXPECT_EQ(by("%B %e, %y %T %z", "January 2, 24 09:30:00 +0800"), "19724 5400000000000");
  EXPECT_EQ(by("%Y%j", "2024002"), "19724 0");
  EXPECT_EQ(by("%F %%", "2024-01-02 %"), "19724 0");
  EXPECT_EQ(by("%F", "2024-01-02x"), "not a time");
  EXPECT_EQ(by("%d/%m/%Y", "31/02/2024"), "no such date");
  EXPECT_EQ(by("%F %I %p", "2024-01-02 13 pm"), "no such time of day");
}

TEST(CsvTimes, DatesAreThoseOfTheCalendar) {
  const std::uint64_t seed = test_seed(63);
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20'000; round += 1) {
    const auto day = static_cast<std::int64_t>(random() % 213'502) - 106'751;
    const std::time_t seconds = day * 86'400;
    std::tm found{};
    gmtime_r(&seconds, &found);
    std::int64_t back = 0;
    ASSERT_TRUE(days_of(found.tm_year + 1900, static_cast<unsigned>(found.tm_mon + 1),
                        static_cast<unsigned>(found.tm_mday), &back));
    ASSERT_EQ(back, day);
    std::int64_t year = 0;
    unsigned month = 0;
    unsigned of_month = 0;
    date_of(day, &year, &month, &of_month);
    ASSERT_EQ(year, found.tm_year + 1900);
    ASSERT_EQ(month, static_cast<unsigned>(found.tm_mon + 1));
    ASSERT_EQ(of_month, static_cast<unsigned>(found.tm_mday));
  }
}

}  // namespace
}  // namespace ndts
