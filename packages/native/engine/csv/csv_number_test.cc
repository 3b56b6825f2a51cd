// Numbers of CSV fields against strtod, limits, and what is refused.
#include "csv/csv_number.h"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>

#include "db/db_test_kit.h"

namespace ndts {
namespace {

std::uint64_t bits_of(double value) { return std::bit_cast<std::uint64_t>(value); }

// Decimals as feeds write them, and the shortest text of any double.
std::string random_number(std::mt19937_64& random) {
  char text[512];
  const double any = std::bit_cast<double>(random());
  const int style = static_cast<int>(random() % 4);
  if (style == 0) {
    const auto end = std::to_chars(text, text + sizeof(text), any).ptr;
    return {text, end};
  }
  const double value = static_cast<double>(static_cast<std::int64_t>(random()) >> (random() % 64));
  const char* const format = style == 1 ? "%.*f" : style == 2 ? "%.*e" : "%+.*g";
  std::snprintf(text, sizeof(text), format, static_cast<int>(random() % 20), value / 1000);
  return text;
}

TEST(CsvNumbers, AreCorrectlyRounded) {
  const std::uint64_t seed = test_seed(62);
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200'000; round += 1) {
    const std::string text = random_number(random);
    double found = 0;
    ASSERT_EQ(parse_f64(text, &found), nullptr) << text;
    const double wanted = std::strtod(text.c_str(), nullptr);
    ASSERT_EQ(std::isnan(found), std::isnan(wanted)) << text;
    if (std::isnan(wanted)) continue;
    ASSERT_EQ(bits_of(found), bits_of(wanted)) << text;
    float narrow = 0;
    const float narrow_wanted = std::strtof(text.c_str(), nullptr);
    const CsvProblem problem = parse_f32(text, &narrow);
    const bool is_too_large = std::isinf(narrow_wanted) && !std::isinf(wanted);
    ASSERT_EQ(problem != nullptr, is_too_large) << text;
    if (!is_too_large) {
      ASSERT_EQ(narrow, narrow_wanted) << text;
    }
  }
}

TEST(CsvNumbers, AtTheirEnds) {
  double value = 1;
  EXPECT_EQ(parse_f64("-1e-400", &value), nullptr);
  EXPECT_EQ(bits_of(value), bits_of(-0.0));
  EXPECT_EQ(parse_f64("0.000e99999999999999999999", &value), nullptr);
  EXPECT_EQ(value, 0);
  EXPECT_EQ(parse_f64("+.5", &value), nullptr);
  EXPECT_EQ(value, 0.5);
  EXPECT_EQ(parse_f64("1.", &value), nullptr);
  EXPECT_EQ(parse_f64("-Infinity", &value), nullptr);
  EXPECT_EQ(value, -std::numeric_limits<double>::infinity());
  for (const char* text : {"1e400", "1234e99999999999999999999", "-2e308"})
    EXPECT_STREQ(parse_f64(text, &value), "out of range") << text;
  for (const char* text : {"", "-", ".", "1,5", "0x10", "1e", "--1", "+-1", "1 2", "nanx"})
    EXPECT_STREQ(parse_f64(text, &value), "not a number") << text;
}

TEST(CsvNumbers, WholeOnesAreExactOrRefused) {
  std::int64_t value = 0;
  EXPECT_EQ(parse_i64("-9223372036854775808", &value), nullptr);
  EXPECT_EQ(value, INT64_MIN);
  EXPECT_EQ(parse_i64("+09223372036854775807.00", &value), nullptr);
  EXPECT_EQ(value, INT64_MAX);
  for (const char* text : {"9223372036854775808", "-9223372036854775809",
                           "18446744073709551617", "100000000000000000000000"})
    EXPECT_STREQ(parse_i64(text, &value), "out of range") << text;
  for (const char* text : {"", "-", "1.5", "1e3", "0x1", "12a", "1."})
    EXPECT_STREQ(parse_i64(text, &value), "not a whole number") << text;
  std::int32_t narrow = 0;
  EXPECT_EQ(parse_i32("-2147483648", &narrow), nullptr);
  EXPECT_EQ(narrow, INT32_MIN);
  EXPECT_STREQ(parse_i32("2147483648", &narrow), "out of range");
}

TEST(CsvNumbers, WordsAndBytes) {
  std::uint8_t truth = 2;
  for (const char* text : {"TRUE", "t", "1", "Yes", "y", "on"}) {
    ASSERT_EQ(parse_bool(text, &truth), nullptr) << text;
    EXPECT_EQ(truth, 1) << text;
  }
  for (const char* text : {"False", "F", "0", "no", "N", "OFF"}) {
    ASSERT_EQ(parse_bool(text, &truth), nullptr) << text;
    EXPECT_EQ(truth, 0) << text;
  }
  for (const char* text : {"2", "tr", "falsey", ""}) EXPECT_NE(parse_bool(text, &truth), nullptr);
  char bytes[4];
  std::size_t count = 0;
  EXPECT_EQ(parse_hex("\\x00fF", bytes, &count), nullptr);
  EXPECT_EQ(std::string(bytes, count), std::string("\0\xff", 2));
  EXPECT_NE(parse_hex("abc", bytes, &count), nullptr);
  EXPECT_NE(parse_hex("zz", bytes, &count), nullptr);
}

TEST(CsvNumbers, TellUtf8) {
  for (const char* text : {"", "abc", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                           "twelve bytes\xc3\xa4", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"})
    EXPECT_TRUE(is_utf8(text)) << text;
  for (const char* text : {"\xc3", "\xa4", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                           "\xf4\x90\x80\x80", "\xff", "eight...\xe2\x82", "\xf0\x9f\x98x"})
    EXPECT_FALSE(is_utf8(text)) << text;
}

}  // namespace
}  // namespace ndts
