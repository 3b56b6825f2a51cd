// Exact sums against counting bits, place by place; whatever the order, and however split.
#include "scan/exact_sum.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "scan/scan_test_kit.h"
#include "scan/sum_model_test_kit.h"

namespace ndts {
namespace {

// Values of which the sum is easy, hard, or impossible.
std::vector<double> random_values(std::mt19937_64& random) {
  std::vector<double> values;
  const std::uint64_t style = random() % 5;
  for (std::uint64_t left = random() % 200; left > 0; left -= 1) {
    double value = static_cast<double>(random() % 100'000) / 100;
    if (style == 1) value = std::bit_cast<double>(random());
    if (style == 2) value = std::ldexp(value - 500, static_cast<int>(random() % 120) - 60);
    if (style == 3) value = std::ldexp(value - 500, static_cast<int>(random() % 60) - 1090);
    if (style == 4) value = std::ldexp(value - 500, 1010);
    if (!std::isfinite(value)) value = 1;
    values.push_back(value);
    if (random() % 3 == 0) values.push_back(-value);
  }
  return values;
}

TEST(ExactSums, AreTheSumRoundedOnce) {
  const std::uint64_t seed = test_seed(81);
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 3000; round += 1) {
    std::vector<double> values = random_values(random);
    const std::uint64_t wanted = bits_of(sum_model(values));
    ExactSum whole;
    WideSum wide;
    for (const double value : values) {
      whole.add(value);
      wide.add(value);
    }
    ASSERT_EQ(bits_of(whole.value()), wanted);
    ASSERT_EQ(bits_of(wide.value()), wanted);
    std::shuffle(values.begin(), values.end(), random);
    ExactSum parts[3];
    for (const double value : values) parts[random() % 3].add(value);
    parts[0].add(parts[1]);
    parts[2].add(parts[0]);
    ASSERT_EQ(bits_of(parts[2].value()), wanted);
    if (!std::isfinite(whole.value())) continue;
    values.push_back(-whole.value());
    ASSERT_EQ(bits_of(whole.rest() + 0.0), bits_of(sum_model(values)));
  }
}

TEST(ExactSums, OfWhatIsNotFinite) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kMax = std::numeric_limits<double>::max();
  const auto sum = [](std::vector<double> values) {
    ExactSum total;
    for (const double value : values) total.add(value);
    return total.value();
  };
  EXPECT_EQ(sum({1, kInfinity, 2}), kInfinity);
  EXPECT_EQ(sum({-kInfinity, kMax}), -kInfinity);
  EXPECT_TRUE(std::isnan(sum({-kInfinity, 1, kInfinity})));
  EXPECT_TRUE(std::isnan(sum({1, std::nan(""), 2})));
  EXPECT_EQ(sum({kMax, kMax}), kInfinity);
  EXPECT_EQ(sum({kMax, kMax, -kMax}), kMax);
  EXPECT_EQ(bits_of(sum({-0.0, -0.0})), 0u);
  EXPECT_EQ(bits_of(sum({})), 0u);
  EXPECT_EQ(sum({1e100, 1, -1e100}), 1);
}

}  // namespace
}  // namespace ndts
