// Bollinger: the values against the plain formula, the bits against everything that must not
// matter: batches, history, instruction set.
#include "factor/bollinger.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <deque>
#include <limits>
#include <map>
#include <random>
#include <vector>

namespace ndts {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Columns {
  explicit Columns(std::size_t count)
      : value(count), middle(count), upper(count), lower(count), signal(count) {}
  BollingerColumns from(std::size_t row) {
    return {value.data() + row, middle.data() + row, upper.data() + row, lower.data() + row,
            signal.data() + row};
  }
  std::vector<double> value;
  std::vector<double> middle;
  std::vector<double> upper;
  std::vector<double> lower;
  std::vector<std::int32_t> signal;
};

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

void expect_same_bits(const Columns& a, const Columns& b, std::size_t a_row, std::size_t b_row) {
  ASSERT_TRUE(same_bits(a.value[a_row], b.value[b_row])) << a_row;
  ASSERT_TRUE(same_bits(a.middle[a_row], b.middle[b_row])) << a_row;
  ASSERT_TRUE(same_bits(a.upper[a_row], b.upper[b_row])) << a_row;
  ASSERT_TRUE(same_bits(a.lower[a_row], b.lower[b_row])) << a_row;
  ASSERT_EQ(a.signal[a_row], b.signal[b_row]) << a_row;
}

struct Ticks {
  std::vector<std::uint32_t> symbol;
  std::vector<double> price;
};

Ticks random_ticks(unsigned seed, std::size_t count, std::uint32_t symbols) {
  std::mt19937 random(seed);
  Ticks ticks;
  std::vector<double> last(symbols, 100);
  for (std::size_t i = 0; i < count; ++i) {
    const auto symbol = static_cast<std::uint32_t>(random() % symbols);
    last[symbol] *= 1 + (static_cast<double>(random() % 2001) - 1000) * 1e-5;
    ticks.symbol.push_back(symbol);
    ticks.price.push_back(random() % 97 == 0 ? kNan : last[symbol]);
  }
  return ticks;
}

Columns run(Bollinger* bollinger, const Ticks& ticks, std::size_t batch_rows = SIZE_MAX) {
  const std::size_t count = ticks.price.size();
  Columns out(count);
  for (std::size_t row = 0; row < count;) {
    const std::size_t rows = std::min(batch_rows, count - row);
    EXPECT_TRUE(bollinger->update(ticks.symbol.data() + row, ticks.price.data() + row, rows,
                                  out.from(row)));
    row += rows;
  }
  return out;
}

// The arithmetic that bollinger.h states, written down once more.
struct PlainBands {
  double middle;
  double deviation;
};

PlainBands plain_bands(const std::deque<double>& window) {
  const auto n = static_cast<double>(window.size());
  double lane[4] = {0, 0, 0, 0};
  for (std::size_t i = 0; i < window.size(); ++i) lane[i % 4] += window[i] - window[0];
  const double mean = window[0] + ((lane[0] + lane[2]) + (lane[1] + lane[3])) / n;
  double square[4] = {0, 0, 0, 0};
  for (std::size_t i = 0; i < window.size(); ++i) {
    const double d = window[i] - mean;
    square[i % 4] += d * d;
  }
  return {mean, std::sqrt(((square[0] + square[2]) + (square[1] + square[3])) / n)};
}

class BollingerPeriods : public testing::TestWithParam<std::uint32_t> {};

TEST_P(BollingerPeriods, EqualsThePlainTwoPassFormulaToTheBit) {
  const std::uint32_t period = GetParam();
  const Ticks ticks = random_ticks(period, 20'000, 7);
  Bollinger bollinger(period, 2);
  const Columns out = run(&bollinger, ticks, 333);
  std::map<std::uint32_t, std::deque<double>> windows;
  std::size_t bands = 0;
  for (std::size_t i = 0; i < ticks.price.size(); ++i) {
    const double price = ticks.price[i];
    std::deque<double>& window = windows[ticks.symbol[i]];
    if (!std::isnan(price)) window.push_back(price);
    if (window.size() > period) window.pop_front();
    if (std::isnan(price) || window.size() < period) {
      ASSERT_TRUE(std::isnan(out.value[i]) && std::isnan(out.middle[i]) &&
                  std::isnan(out.upper[i]) && std::isnan(out.lower[i]));
      ASSERT_EQ(out.signal[i], 0);
      continue;
    }
    ++bands;
    const PlainBands plain = plain_bands(window);
    const double upper = plain.middle + 2 * plain.deviation;
    const double lower = plain.middle - 2 * plain.deviation;
    ASSERT_TRUE(same_bits(out.middle[i], plain.middle)) << i;
    ASSERT_TRUE(same_bits(out.upper[i], upper)) << i;
    ASSERT_TRUE(same_bits(out.lower[i], lower)) << i;
    const double value = upper == lower ? 0.5 : (price - lower) / (upper - lower);
    ASSERT_TRUE(same_bits(out.value[i], value)) << i;
    ASSERT_EQ(out.signal[i], price < lower ? 1 : price > upper ? -1 : 0);
    // And against the formula of the textbook, within rounding.
    double sum = 0;
    for (const double x : window) sum += x;
    ASSERT_NEAR(out.middle[i], sum / period, 1e-12 * std::abs(out.middle[i]));
  }
  EXPECT_GT(bands, 500u);
}

TEST_P(BollingerPeriods, BatchesDoNotMatter) {
  const Ticks ticks = random_ticks(GetParam() + 1, 6'000, 5);
  Bollinger whole(GetParam(), 2);
  const Columns expected = run(&whole, ticks);
  for (const std::size_t rows : {1u, 2u, 15u, 16u, 17u, 1000u}) {
    Bollinger split(GetParam(), 2);
    const Columns out = run(&split, ticks, rows);
    for (std::size_t i = 0; i < ticks.price.size(); ++i) expect_same_bits(out, expected, i, i);
  }
}

TEST_P(BollingerPeriods, ScalarAndAvx2GiveTheSameBits) {
  if (!has_avx2()) GTEST_SKIP() << "this processor has no AVX2";
  const Ticks ticks = random_ticks(GetParam() + 2, 20'000, 9);
  Bollinger scalar(GetParam(), 1.5, Simd::kScalar);
  Bollinger avx2(GetParam(), 1.5, Simd::kAvx2);
  const Columns a = run(&scalar, ticks, 500);
  const Columns b = run(&avx2, ticks, 500);
  for (std::size_t i = 0; i < ticks.price.size(); ++i) expect_same_bits(a, b, i, i);
}

TEST_P(BollingerPeriods, HistoryDoesNotMatter) {
  const std::uint32_t period = GetParam();
  Ticks past{.symbol = {}, .price = {}};
  std::mt19937 random(period);
  for (const double scale : {1e12, 1.0, 1e12, 1e-9}) {
    for (int i = 0; i < 2500; ++i) {
      past.symbol.push_back(0);
      past.price.push_back(scale * (1 + static_cast<double>(random() % 1000) * 1e-3));
    }
  }
  Ticks window;
  for (std::uint32_t i = 0; i < period; ++i) {
    window.symbol.push_back(0);
    window.price.push_back(100 + static_cast<double>(random() % 1000) * 0.01);
  }
  Bollinger old(period, 2);
  run(&old, past, 777);
  const Columns after = run(&old, window);
  Bollinger fresh(period, 2);
  const Columns expected = run(&fresh, window);
  expect_same_bits(after, expected, period - 1, period - 1);
}

TEST_P(BollingerPeriods, FlatWindowHasNoWidth) {
  const std::uint32_t period = GetParam();
  for (const double price : {0.1, 0.7, 1.0 / 3, 123.456, 1e300, 5e-324}) {
    Ticks ticks;
    ticks.symbol.assign(period + 3, 0);
    ticks.price.assign(period + 3, price);
    Bollinger bollinger(period, 2);
    const Columns out = run(&bollinger, ticks);
    for (std::size_t i = period - 1; i < period + 3; ++i) {
      EXPECT_EQ(out.middle[i], price);
      EXPECT_EQ(out.upper[i], price);
      EXPECT_EQ(out.lower[i], price);
      EXPECT_EQ(out.value[i], 0.5);
      EXPECT_EQ(out.signal[i], 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Periods, BollingerPeriods,
                         testing::Values(2u, 3u, 4u, 5u, 7u, 20u, 21u, 22u, 64u));

TEST(Bollinger, SignalsOutsideTheBands) {
  Ticks ticks;
  for (int i = 0; i < 20; ++i) {
    ticks.symbol.push_back(0);
    ticks.price.push_back(100 + i % 2);
  }
  for (const double price : {90.0, 110.0}) {
    Ticks with_break = ticks;
    with_break.symbol.push_back(0);
    with_break.price.push_back(price);
    Bollinger bollinger(20, 2);
    const Columns out = run(&bollinger, with_break);
    EXPECT_EQ(out.signal[19], 0);
    EXPECT_EQ(out.signal[20], price < 100 ? 1 : -1);
    EXPECT_TRUE(price < 100 ? out.value[20] < 0 : out.value[20] > 1);
  }
}

TEST(Bollinger, NanLeavesTheWindowAsItIs) {
  Ticks ticks{.symbol = {0, 0, 0, 0}, .price = {1, kNan, 3, kNan}};
  Bollinger bollinger(2, 2);
  const Columns out = run(&bollinger, ticks);
  EXPECT_TRUE(std::isnan(out.value[1]));
  EXPECT_EQ(out.middle[2], 2);
  EXPECT_TRUE(std::isnan(out.value[3]));
  EXPECT_EQ(out.signal[3], 0);
}

TEST(Bollinger, SymbolIdsHaveALimit) {
  Bollinger bollinger(20, 2);
  Columns out(1);
  const double price = 1;
  for (const std::uint32_t symbol : {kSymbolLimit, UINT32_MAX})
    EXPECT_FALSE(bollinger.update(&symbol, &price, 1, out.from(0)));
  const std::uint32_t last = kSymbolLimit - 1;
  EXPECT_TRUE(bollinger.update(&last, &price, 1, out.from(0)));
}

}  // namespace
}  // namespace ndts
