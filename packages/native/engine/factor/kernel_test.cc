// Kernels: each against its formula worked out plainly with long doubles, under any split into
// batches; windows forget what left them to the last bit; NaN; parameters.
#include "factor/kernel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace ndts {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

using ColumnValues = std::vector<std::vector<double>>;

struct Rows {
  std::vector<std::uint32_t> symbol;
  ColumnValues in = ColumnValues(kKernelInputs);
};

std::unique_ptr<Kernel> kernel_of(FactorKernel kind, double a = 0, double b = 0, double c = 0) {
  std::unique_ptr<Kernel> kernel;
  const double parameters[kKernelParameters] = {a, b, c};
  EXPECT_TRUE(make_kernel(kind, parameters, &kernel).ok());
  return kernel;
}

ColumnValues run(const Kernel& kernel, const Rows& rows, SymbolRows* state, unsigned seed) {
  std::mt19937 random(seed);
  ColumnValues out(kernel.shape().outputs, std::vector<double>(rows.symbol.size()));
  EXPECT_TRUE(state->grow(symbols_needed(rows.symbol.data(), rows.symbol.size())));
  for (std::size_t at = 0; at < rows.symbol.size();) {
    const std::size_t count = std::min<std::size_t>(rows.symbol.size() - at, 1 + random() % 50);
    KernelRun run{rows.symbol.data() + at, count, {}, {}};
    for (std::size_t input = 0; input < kernel.shape().inputs; ++input)
      run.in[input] = rows.in[input].data() + at;
    for (std::size_t port = 0; port < out.size(); ++port) run.out[port] = out[port].data() + at;
    kernel.run(run, state, 64);
    at += count;
  }
  return out;
}

ColumnValues run(const Kernel& kernel, const Rows& rows, unsigned seed = 1) {
  SymbolRows state(64 + kernel.shape().state_bytes);
  return run(kernel, rows, &state, seed);
}

// High, low and close of bars, and prices and volumes at once: close between, all above 0.
Rows random_rows(std::size_t count, unsigned seed, double level = 100) {
  std::mt19937 random(seed);
  const auto below = [&random](unsigned limit) { return static_cast<double>(random() % limit); };
  Rows rows;
  for (std::size_t i = 0; i < count; ++i) {
    rows.symbol.push_back(static_cast<std::uint32_t>(random() % 3));
    const double low = level + below(1000) / 100;
    const double close = low + below(300) / 100;
    rows.in[0].push_back(close + below(300) / 100);
    rows.in[1].push_back(low);
    rows.in[2].push_back(close);
  }
  return rows;
}

using Series = std::vector<std::vector<long double>>;  // by input, of one symbol up to a row
using Formula = std::vector<long double> (*)(const Series&, std::size_t n);

std::vector<long double> last(const std::vector<long double>& x, std::size_t n) {
  return {x.end() - static_cast<std::ptrdiff_t>(n), x.end()};
}

long double mean_of(const std::vector<long double>& x) {
  return std::accumulate(x.begin(), x.end(), 0.0L) / static_cast<long double>(x.size());
}

long double covariance(const std::vector<long double>& x, const std::vector<long double>& y) {
  long double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += (x[i] - mean_of(x)) * (y[i] - mean_of(y));
  return sum / static_cast<long double>(x.size());
}

struct WindowCase {
  const char* name;
  FactorKernel kind;
  Formula formula;
};

std::vector<long double> plain_bollinger(const Series& s, std::size_t n) {
  const auto x = last(s[0], n);
  const long double mean = mean_of(x);
  const long double reach = 2 * std::sqrt(covariance(x, x));
  const long double price = x.back();
  const long double signal = price < mean - reach ? 1 : price > mean + reach ? -1 : 0;
  return {(price - mean + reach) / (2 * reach), mean, mean + reach, mean - reach, signal};
}

long double plain_wma(const std::vector<long double>& x) {
  long double sum = 0;
  long double weights = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sum += static_cast<long double>(i + 1) * x[i];
    weights += static_cast<long double>(i + 1);
  }
  return sum / weights;
}

long double plain_cci(const std::vector<long double>& x) {
  long double reach = 0;
  for (const long double value : x) reach += std::abs(value - mean_of(x));
  return (x.back() - mean_of(x)) / (0.015L * reach / static_cast<long double>(x.size()));
}

long double plain_vwap(const Series& s, std::size_t n) {
  const auto price = last(s[0], n);
  const auto volume = last(s[1], n);
  long double paid = 0;
  for (std::size_t i = 0; i < n; ++i) paid += price[i] * volume[i];
  return paid / std::accumulate(volume.begin(), volume.end(), 0.0L);
}

const WindowCase kWindows[] = {
    {"sum", FactorKernel::kSum,
     [](const Series& s, std::size_t n) {
       return std::vector{mean_of(last(s[0], n)) * static_cast<long double>(n)};
     }},
    {"sma", FactorKernel::kSma,
     [](const Series& s, std::size_t n) { return std::vector{mean_of(last(s[0], n))}; }},
    {"wma", FactorKernel::kWma,
     [](const Series& s, std::size_t n) { return std::vector{plain_wma(last(s[0], n))}; }},
    {"deviation", FactorKernel::kDeviation,
     [](const Series& s, std::size_t n) {
       return std::vector{std::sqrt(covariance(last(s[0], n), last(s[0], n)))};
     }},
    {"minimum", FactorKernel::kMinimum,
     [](const Series& s, std::size_t n) {
       const auto x = last(s[0], n);
       return std::vector{*std::min_element(x.begin(), x.end())};
     }},
    {"maximum", FactorKernel::kMaximum,
     [](const Series& s, std::size_t n) {
       const auto x = last(s[0], n);
       return std::vector{*std::max_element(x.begin(), x.end())};
     }},
    {"zscore", FactorKernel::kZscore,
     [](const Series& s, std::size_t n) {
       const auto x = last(s[0], n);
       return std::vector{(x.back() - mean_of(x)) / std::sqrt(covariance(x, x))};
     }},
    {"bollinger", FactorKernel::kBollinger, plain_bollinger},
    {"cci", FactorKernel::kCci,
     [](const Series& s, std::size_t n) { return std::vector{plain_cci(last(s[0], n))}; }},
    {"stochastic", FactorKernel::kStochastic,
     [](const Series& s, std::size_t n) {
       const auto high = last(s[0], n);
       const auto low = last(s[1], n);
       const long double least = *std::min_element(low.begin(), low.end());
       const long double most = *std::max_element(high.begin(), high.end());
       return std::vector{100 * (s[2].back() - least) / (most - least)};
     }},
    {"vwap", FactorKernel::kVwap,
     [](const Series& s, std::size_t n) { return std::vector{plain_vwap(s, n)}; }},
    {"correlation", FactorKernel::kCorrelation,
     [](const Series& s, std::size_t n) {
       const auto x = last(s[0], n);
       const auto y = last(s[1], n);
       return std::vector{covariance(x, y) / std::sqrt(covariance(x, x) * covariance(y, y))};
     }},
    {"beta", FactorKernel::kBeta, [](const Series& s, std::size_t n) {
       const auto x = last(s[0], n);
       const auto y = last(s[1], n);
       return std::vector{covariance(x, y) / covariance(y, y)};
     }}};

// Far below what a double can say where it should be 0.
void expect_close(double found, long double expected, const char* name, std::size_t row) {
  if (std::isnan(expected)) {  // 0 / 0: a flat window
    EXPECT_TRUE(std::isnan(found)) << name << " row " << row;
    return;
  }
  const long double size = std::max(1.0L, std::abs(expected));
  EXPECT_LE(std::abs(static_cast<long double>(found) - expected), 1e-12L * size)
      << name << " row " << row << ": " << found << ", expected "
      << static_cast<double>(expected);
}

TEST(Kernels, WindowsEqualTheirFormulas) {
  for (const WindowCase& each : kWindows) {
    for (const std::size_t n : {2u, 5u, 20u, 33u}) {
      const auto kernel = kernel_of(each.kind, static_cast<double>(n), 2);
      const Rows rows = random_rows(1500, 7);
      const ColumnValues out = run(*kernel, rows);
      std::vector<Series> known(3, Series(kKernelInputs));
      for (std::size_t i = 0; i < rows.symbol.size(); ++i) {
        Series& series = known[rows.symbol[i]];
        for (std::size_t at = 0; at < kKernelInputs; ++at) series[at].push_back(rows.in[at][i]);
        if (series[0].size() < n) {
          EXPECT_TRUE(std::isnan(out[0][i])) << each.name;
          continue;
        }
        const auto expected = each.formula(series, n);
        for (std::size_t port = 0; port < expected.size(); ++port)
          expect_close(out[port][i], expected[port], each.name, i);
      }
    }
  }
}

// "After 1e12 has passed through, the bits equal a fresh start on that window."
TEST(Kernels, WindowsForgetToTheLastBit) {
  for (const WindowCase& each : kWindows) {
    const auto kernel = kernel_of(each.kind, 20, 2);
    Rows rows = random_rows(600, 11, 0.01);
    for (std::uint32_t& symbol : rows.symbol) symbol = 0;
    for (auto& column : rows.in)
      for (std::size_t i = 100; i < 110; ++i) column[i] = 1e12 + static_cast<double>(i);
    const ColumnValues long_run = run(*kernel, rows, 3);
    Rows end;
    end.symbol.assign(20, 0);
    for (std::size_t at = 0; at < kKernelInputs; ++at)
      end.in[at].assign(rows.in[at].end() - 20, rows.in[at].end());
    const ColumnValues fresh = run(*kernel, end, 4);
    for (std::size_t port = 0; port < fresh.size(); ++port)
      EXPECT_EQ(std::memcmp(&long_run[port].back(), &fresh[port].back(), sizeof(double)), 0)
          << each.name << " port " << port;
  }
}

TEST(Kernels, AnySplitGivesTheSameBits) {
  for (std::uint32_t kind = 1; kind < 64; ++kind) {
    const double parameters[kKernelParameters] = {12, 26, 9};
    std::unique_ptr<Kernel> kernel;
    if (!make_kernel(static_cast<FactorKernel>(kind), parameters, &kernel).ok()) continue;
    const Rows rows = random_rows(800, kind);
    const ColumnValues one = run(*kernel, rows, 1);
    const ColumnValues other = run(*kernel, rows, 2);
    std::size_t values = 0;
    for (std::size_t port = 0; port < one.size(); ++port) {
      EXPECT_EQ(std::memcmp(one[port].data(), other[port].data(), 8 * one[port].size()), 0)
          << "kernel " << kind;
      for (const double value : one[port]) values += std::isnan(value) ? 0 : 1;
    }
    EXPECT_GT(values, 500u) << "kernel " << kind << " says nothing";
  }
}

TEST(Kernels, EveryInstructionSetGivesTheSameBits) {
  if (!has_avx2()) return;  // there is one alone
  for (const WindowCase& each : kWindows) {
    for (double period = 2; period < 40; period += 1) {
      const double parameters[kKernelParameters] = {period, 2};
      std::unique_ptr<Kernel> scalar;
      std::unique_ptr<Kernel> avx2;
      ASSERT_TRUE(make_kernel(each.kind, parameters, &scalar, Simd::kScalar).ok());
      ASSERT_TRUE(make_kernel(each.kind, parameters, &avx2, Simd::kAvx2).ok());
      const Rows rows = random_rows(300, static_cast<unsigned>(period));
      const ColumnValues one = run(*scalar, rows);
      const ColumnValues other = run(*avx2, rows);
      for (std::size_t port = 0; port < one.size(); ++port)
        EXPECT_EQ(std::memcmp(one[port].data(), other[port].data(), 8 * one[port].size()), 0)
            << each.name << " period " << period;
    }
  }
}

TEST(Kernels, FirstValuesComeAfterTheWarmUp) {
  for (std::uint32_t kind = 1; kind < 64; ++kind) {
    const double parameters[kKernelParameters] = {5, 9, 4};
    std::unique_ptr<Kernel> kernel;
    if (!make_kernel(static_cast<FactorKernel>(kind), parameters, &kernel).ok()) continue;
    Rows rows = random_rows(100, kind);
    for (std::uint32_t& symbol : rows.symbol) symbol = 2;
    const ColumnValues out = run(*kernel, rows);
    std::size_t first = 0;
    for (const auto& column : out) {
      const auto found = std::find_if(column.begin(), column.end(),
                                      [](double value) { return !std::isnan(value); });
      first = std::max(first, static_cast<std::size_t>(found - column.begin()) + 1);
    }
    EXPECT_EQ(first, kernel->shape().warm_up) << "kernel " << kind;
  }
}

TEST(Kernels, SmoothMeansFollowTheirRules) {
  Rows rows;
  for (int i = 0; i < 400; ++i) {
    rows.symbol.push_back(0);
    rows.in[0].push_back(100 + 10 * std::sin(i * 0.3) + (i % 7) * 0.25);
  }
  const std::vector<double>& x = rows.in[0];
  const auto ema_of = [](const std::vector<long double>& of, std::size_t n) {
    std::vector<long double> made;
    long double sum = 0;
    for (std::size_t i = 0; i < of.size(); ++i) {
      if (i < n) sum += of[i];
      if (i + 1 < n) continue;
      const auto count = static_cast<long double>(n);
      made.push_back(made.empty() ? sum / count
                                  : made.back() + (of[i] - made.back()) * 2 / (count + 1));
    }
    return made;
  };
  const std::vector<long double> wide(x.begin(), x.end());
  const auto once = ema_of(wide, 10);
  const auto twice = ema_of(once, 10);
  expect_close(run(*kernel_of(FactorKernel::kEma, 10), rows)[0].back(), once.back(), "ema", 399);
  expect_close(run(*kernel_of(FactorKernel::kDema, 10), rows)[0].back(),
               2 * once.back() - twice.back(), "dema", 399);
  const auto fast = ema_of(wide, 12);
  const auto slow = ema_of(wide, 26);
  std::vector<long double> macd;
  for (std::size_t i = 0; i < slow.size(); ++i) macd.push_back(fast[i + 14] - slow[i]);
  const ColumnValues found = run(*kernel_of(FactorKernel::kMacd, 12, 26, 9), rows);
  expect_close(found[0].back(), macd.back(), "macd", 399);
  expect_close(found[1].back(), ema_of(macd, 9).back(), "signal", 399);
  expect_close(found[2].back(), macd.back() - ema_of(macd, 9).back(), "histogram", 399);
  long double gain = 0;
  long double loss = 0;
  for (std::size_t i = 1; i < wide.size(); ++i) {
    const long double up = std::max(0.0L, wide[i] - wide[i - 1]);
    const long double down = std::max(0.0L, wide[i - 1] - wide[i]);
    gain = i <= 14 ? gain + up / 14 : (gain * 13 + up) / 14;
    loss = i <= 14 ? loss + down / 14 : (loss * 13 + down) / 14;
  }
  expect_close(run(*kernel_of(FactorKernel::kRsi, 14), rows)[0].back(),
               100 * gain / (gain + loss), "rsi", 399);
}

// A market that only rises a point a bar: every range is known.
TEST(Kernels, RangesOfASteadyRise) {
  Rows rows;
  for (int i = 0; i < 60; ++i) {
    rows.symbol.push_back(0);
    rows.in[0].push_back(102 + i);
    rows.in[1].push_back(100 + i);
    rows.in[2].push_back(101 + i);
  }
  EXPECT_EQ(run(*kernel_of(FactorKernel::kAtr, 14), rows)[0].back(), 2);
  const ColumnValues adx = run(*kernel_of(FactorKernel::kAdx, 14), rows);
  EXPECT_EQ(adx[0].back(), 100);
  EXPECT_EQ(adx[1].back(), 50);
  EXPECT_EQ(adx[2].back(), 0);
  rows.in[1].assign(60, 5);  // volumes
  EXPECT_EQ(run(*kernel_of(FactorKernel::kObv), rows)[0].back(), 5 * 59);
}

TEST(Kernels, FlatSeriesAreDefined) {
  Rows rows;
  rows.symbol.assign(50, 0);
  for (auto& column : rows.in) column.assign(50, 0.1);
  const auto last_of = [&rows](FactorKernel kind) { return run(*kernel_of(kind, 20, 2), rows); };
  EXPECT_EQ(last_of(FactorKernel::kSma)[0].back(), 0.1);
  EXPECT_EQ(last_of(FactorKernel::kDeviation)[0].back(), 0);
  EXPECT_EQ(last_of(FactorKernel::kZscore)[0].back(), 0);
  EXPECT_EQ(last_of(FactorKernel::kBollinger)[0].back(), 0.5);
  EXPECT_EQ(last_of(FactorKernel::kBollinger)[4].back(), 0);
  EXPECT_EQ(last_of(FactorKernel::kCci)[0].back(), 0);
  EXPECT_EQ(last_of(FactorKernel::kStochastic)[0].back(), 50);
  EXPECT_EQ(last_of(FactorKernel::kRsi)[0].back(), 50);
  EXPECT_EQ(last_of(FactorKernel::kAdx)[0].back(), 0);
  EXPECT_TRUE(std::isnan(last_of(FactorKernel::kCorrelation)[0].back()));
  EXPECT_TRUE(std::isnan(last_of(FactorKernel::kBeta)[0].back()));
  EXPECT_EQ(last_of(FactorKernel::kImbalance)[0].back(), 0);
}

TEST(Kernels, WhatIsNoNumberLeavesTheStateAsItIs) {
  const double odd[] = {kNothing, std::numeric_limits<double>::infinity(),
                        -std::numeric_limits<double>::infinity()};
  for (std::uint32_t kind = 1; kind < 64; ++kind) {
    const double parameters[kKernelParameters] = {12, 26, 9};
    std::unique_ptr<Kernel> kernel;
    if (!make_kernel(static_cast<FactorKernel>(kind), parameters, &kernel).ok()) continue;
    const Rows clean = random_rows(300, kind);
    Rows dirty;
    std::vector<std::size_t> kept;
    std::mt19937 random(kind);
    for (std::size_t i = 0; i < clean.symbol.size(); ++i) {
      if (random() % 3 == 0) {
        dirty.symbol.push_back(clean.symbol[i]);
        for (auto& column : dirty.in) column.push_back(1e6);
        dirty.in[random() % kernel->shape().inputs].back() = odd[random() % 3];
      }
      kept.push_back(dirty.symbol.size());
      dirty.symbol.push_back(clean.symbol[i]);
      for (std::size_t at = 0; at < kKernelInputs; ++at)
        dirty.in[at].push_back(clean.in[at][i]);
    }
    const ColumnValues expected = run(*kernel, clean, 5);
    const ColumnValues found = run(*kernel, dirty, 6);
    for (std::size_t port = 0; port < found.size(); ++port) {
      for (std::size_t i = 0; i < kept.size(); ++i)
        ASSERT_EQ(std::memcmp(&found[port][kept[i]], &expected[port][i], 8), 0)
            << "kernel " << kind << " row " << i;
      for (std::size_t i = 0, next = 0; i < dirty.symbol.size(); ++i) {
        if (next < kept.size() && kept[next] == i) {
          next += 1;
        } else {
          ASSERT_TRUE(std::isnan(found[port][i])) << "kernel " << kind;
        }
      }
    }
  }
}

TEST(Kernels, ParametersAreChecked) {
  std::unique_ptr<Kernel> kernel;
  const auto code = [&kernel](FactorKernel kind, double a, double b, double c) {
    const double parameters[kKernelParameters] = {a, b, c};
    return make_kernel(kind, parameters, &kernel).code();
  };
  EXPECT_EQ(code(FactorKernel::kSma, 0, 0, 0), Code::kInvalidArgument);
  EXPECT_EQ(code(FactorKernel::kSma, 2.5, 0, 0), Code::kInvalidArgument);
  EXPECT_EQ(code(FactorKernel::kSma, 4097, 0, 0), Code::kInvalidArgument);
  EXPECT_EQ(code(FactorKernel::kSma, kNothing, 0, 0), Code::kInvalidArgument);
  EXPECT_EQ(code(FactorKernel::kBollinger, 20, 0, 0), Code::kInvalidArgument);
  EXPECT_EQ(code(FactorKernel::kBollinger, 1, 2, 0), Code::kInvalidArgument);
  EXPECT_EQ(code(FactorKernel::kMacd, 12, 26, 0), Code::kInvalidArgument);
  EXPECT_EQ(code(FactorKernel::kCorrelation, 1, 0, 0), Code::kInvalidArgument);
  EXPECT_EQ(code(static_cast<FactorKernel>(999), 5, 0, 0), Code::kInvalidArgument);
  EXPECT_EQ(code(FactorKernel::kSma, 1, 0, 0), Code::kOk);
  EXPECT_EQ(code(FactorKernel::kSma, 4096, 0, 0), Code::kOk);
  EXPECT_EQ(code(FactorKernel::kDelay, 4096, 0, 0), Code::kOk);
}

}  // namespace
}  // namespace ndts
