// Windows of time: each against its formula worked out with long doubles over the rows of the
// window, on streams with gaps, bursts, equal times, late rows and days that pass; any split gives
// the same bits, a saved state too, and a fresh start on the rows of a window.
#include "factor/factor_program.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

namespace ndts {
namespace {

constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();
constexpr double kDayNs = 86'400e9;
constexpr double kMinute = 60e9;

struct TimedRow {
  std::uint32_t symbol;
  double day;
  double ns;
  double a;
  double b;
};

using Stream = std::vector<TimedRow>;
using Wide = std::vector<long double>;

std::int64_t pane_of(const TimedRow& row, double span) {
  __extension__ using Parts = __int128;
  const Parts ns = static_cast<Parts>(row.day) * 86'400'000'000'000 + static_cast<Parts>(row.ns);
  return static_cast<std::int64_t>(ns * 64 / static_cast<Parts>(span));
}

// Rows of three symbols: mostly some a second, with bursts, equal times, gaps up to some days, and
// a late row now and then.
Stream random_stream(std::size_t count, unsigned seed, double level = 100) {
  std::mt19937_64 random(seed);
  const auto below = [&random](std::uint64_t limit) {
    return static_cast<double>(random() % limit);
  };
  Stream stream;
  double day = 20'000;
  double ns = kDayNs - 30e9;
  for (std::size_t i = 0; i < count; ++i) {
    const double turn = below(100);
    if (turn >= 98)
      ns += 1e9 * below(100'000);
    else if (turn >= 30)
      ns += below(turn < 90 ? 900'000'000 : 20'000'000'000);
    for (; ns >= kDayNs; ns -= kDayNs) day += 1;
    TimedRow row{static_cast<std::uint32_t>(below(3)), day, ns, level + below(1000) / 100,
                 1 + below(50)};
    if (below(10) == 0) {
      row.ns -= below(70'000'000'000);
      if (row.ns < 0) {
        row.ns += kDayNs;
        row.day -= 1;
      }
    }
    stream.push_back(row);
  }
  return stream;
}

struct Window {
  FactorKernel kind;
  double span = kMinute;
  double width = 2;
};

FactorInput input_of(FactorColumn index) {
  return {FactorSource::kColumn, static_cast<std::uint32_t>(index), 0, 0};
}

// The outputs of one window of price, or of price and volume.
std::unique_ptr<FactorProgram> program_of(const Window& window, std::size_t values,
                                          std::uint32_t outputs) {
  std::vector<FactorInput> inputs{input_of(FactorColumn::kPrice), input_of(FactorColumn::kVolume)};
  inputs.resize(values);
  inputs.push_back({FactorSource::kKernel, 0, 0, 0});
  const std::vector<FactorNode> nodes{
      {FactorKernel::kPane,
       {window.span},
       {input_of(FactorColumn::kDay), input_of(FactorColumn::kNsOfDay)}},
      {window.kind, {window.span, window.width}, inputs}};
  std::vector<FactorPort> wanted;
  for (std::uint32_t port = 0; port < outputs; ++port) wanted.push_back({1, port});
  std::unique_ptr<FactorProgram> program;
  const Status made = FactorProgram::make(nodes, wanted, &program);
  EXPECT_TRUE(made.ok()) << made.message();
  return program;
}

using Outputs = std::vector<std::vector<double>>;

void run_part(FactorProgram* program, const Stream& stream, std::size_t from, std::size_t count,
              Outputs* out) {
  std::vector<std::uint32_t> symbol;
  std::vector<double> columns[4];
  for (std::size_t i = from; i < from + count; ++i) {
    symbol.push_back(stream[i].symbol);
    const double values[] = {stream[i].day, stream[i].ns, stream[i].a, stream[i].b};
    for (std::size_t at = 0; at < 4; ++at) columns[at].push_back(values[at]);
  }
  TickColumns batch{};
  batch.symbol = symbol.data();
  batch.day = columns[0].data();
  batch.ns_of_day = columns[1].data();
  batch.price = columns[2].data();
  batch.volume = columns[3].data();
  std::vector<double*> to;
  for (auto& values : *out) to.push_back(values.data() + from);
  ASSERT_TRUE(program->run(batch, count, to.data()));
}

// In pieces up to `most` rows long; with a new program from the saved state for each when `anew`.
Outputs run_stream(const Window& window, std::size_t values, std::uint32_t outputs,
                   const Stream& stream, std::size_t most = SIZE_MAX, bool anew = false) {
  std::mt19937 random(static_cast<unsigned>(most));
  auto program = program_of(window, values, outputs);
  Outputs out(outputs, std::vector<double>(stream.size()));
  for (std::size_t from = 0; from < stream.size();) {
    const std::size_t left = stream.size() - from;
    const std::size_t count = most > left ? left : std::min(left, 1 + random() % most);
    run_part(program.get(), stream, from, count, &out);
    from += count;
    if (!anew) continue;
    auto next = program_of(window, values, outputs);
    for (std::uint32_t symbol = 0; symbol < 3; ++symbol) {
      std::vector<std::byte> state(program->state_bytes());
      EXPECT_TRUE(program->save(symbol, state));
      EXPECT_TRUE(next->load(symbol, state));
    }
    program = std::move(next);
  }
  return out;
}

long double mean_of_all(const Wide& x) {
  long double sum = 0;
  for (const long double value : x) sum += value;
  return sum / static_cast<long double>(x.size());
}

long double products_of(const Wide& x, const Wide& y) {
  const long double of_x = mean_of_all(x);
  const long double of_y = mean_of_all(y);
  long double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += (x[i] - of_x) * (y[i] - of_y);
  return sum;
}

long double deviation_of_all(const Wide& x) {
  return std::sqrt(products_of(x, x) / static_cast<long double>(x.size()));
}

// `a` and `b` of the rows of the window; `x` of the row at hand.
using Plain = Wide (*)(const Wide& a, const Wide& b, long double x);

struct TimedCase {
  const char* name;
  FactorKernel kind;
  std::size_t values;
  std::uint32_t outputs;
  Plain plain;
};

const TimedCase kTimed[] = {
    {"count", FactorKernel::kTimedCount, 1, 1,
     [](const Wide& a, const Wide&, long double) {
       return Wide{static_cast<long double>(a.size())};
     }},
    {"sum", FactorKernel::kTimedSum, 1, 1,
     [](const Wide& a, const Wide&, long double) {
       return Wide{mean_of_all(a) * static_cast<long double>(a.size())};
     }},
    {"mean", FactorKernel::kTimedMean, 1, 1,
     [](const Wide& a, const Wide&, long double) { return Wide{mean_of_all(a)}; }},
    {"deviation", FactorKernel::kTimedDeviation, 1, 1,
     [](const Wide& a, const Wide&, long double) { return Wide{deviation_of_all(a)}; }},
    {"minimum", FactorKernel::kTimedMinimum, 1, 1,
     [](const Wide& a, const Wide&, long double) {
       return Wide{*std::min_element(a.begin(), a.end())};
     }},
    {"maximum", FactorKernel::kTimedMaximum, 1, 1,
     [](const Wide& a, const Wide&, long double) {
       return Wide{*std::max_element(a.begin(), a.end())};
     }},
    {"zscore", FactorKernel::kTimedZscore, 1, 1,
     [](const Wide& a, const Wide&, long double x) {
       const long double deviation = deviation_of_all(a);
       return Wide{deviation == 0 ? 0 : (x - mean_of_all(a)) / deviation};
     }},
    {"bollinger", FactorKernel::kTimedBollinger, 1, 5,
     [](const Wide& a, const Wide&, long double x) {
       const long double mean = mean_of_all(a);
       const long double reach = 2 * deviation_of_all(a);
       const long double signal = x < mean - reach ? 1 : x > mean + reach ? -1 : 0;
       const long double value = reach == 0 ? 0.5L : (x - mean + reach) / (2 * reach);
       return Wide{value, mean, mean + reach, mean - reach, signal};
     }},
    {"vwap", FactorKernel::kTimedVwap, 2, 1,
     [](const Wide& a, const Wide& b, long double) {
       long double paid = 0;
       for (std::size_t i = 0; i < a.size(); ++i) paid += a[i] * b[i];
       return Wide{paid / (mean_of_all(b) * static_cast<long double>(b.size()))};
     }},
    {"correlation", FactorKernel::kTimedCorrelation, 2, 1,
     [](const Wide& a, const Wide& b, long double) {
       return Wide{products_of(a, b) / std::sqrt(products_of(a, a) * products_of(b, b))};
     }},
    {"beta", FactorKernel::kTimedBeta, 2, 1,
     [](const Wide& a, const Wide& b, long double) {
       return Wide{products_of(a, b) / products_of(b, b)};
     }}};

// What the window of each row holds, found by looking at all rows before it; none for a row that
// is older than the window.
std::vector<Stream> windows_of(const Stream& stream, double span) {
  std::vector<Stream> windows(stream.size());
  std::vector<std::int64_t> newest(3, std::numeric_limits<std::int64_t>::min());
  std::vector<Stream> known(3);
  for (std::size_t i = 0; i < stream.size(); ++i) {
    const TimedRow& row = stream[i];
    std::int64_t& last = newest[row.symbol];
    const std::int64_t pane = pane_of(row, span);
    if (!known[row.symbol].empty() && pane <= last - 64) continue;
    last = std::max(last, pane);
    known[row.symbol].push_back(row);
    for (const TimedRow& each : known[row.symbol])
      if (pane_of(each, span) > last - 64) windows[i].push_back(each);
  }
  return windows;
}

void expect_near(double found, long double expected, const char* name, std::size_t row) {
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(found)) << name << " row " << row << ": " << found;
    return;
  }
  EXPECT_LE(std::abs(static_cast<long double>(found) - expected), 1e-12L * std::abs(expected))
      << name << " row " << row << ": " << found << ", expected "
      << static_cast<double>(expected);
}

TEST(TimedKernels, EqualTheirFormulas) {
  const double spans[] = {1e9, 7'777'777'777, kMinute, 3600e9};
  for (const double span : spans) {
    const Stream stream = random_stream(400, static_cast<unsigned>(span / 1e9));
    const std::vector<Stream> windows = windows_of(stream, span);
    for (const TimedCase& each : kTimed) {
      const Outputs out = run_stream({each.kind, span}, each.values, each.outputs, stream, 50);
      std::size_t late = 0;
      for (std::size_t i = 0; i < stream.size(); ++i) {
        Wide a;
        Wide b;
        for (const TimedRow& row : windows[i]) {
          a.push_back(row.a);
          b.push_back(row.b);
        }
        const Wide none(each.outputs, std::numeric_limits<long double>::quiet_NaN());
        const Wide expected = a.empty() ? none : each.plain(a, b, stream[i].a);
        late += a.empty() ? 1 : 0;
        for (std::size_t port = 0; port < expected.size(); ++port) {
          const bool cancels = std::abs(expected[port]) < 1e-3L;  // of values near 100
          if (cancels) {
            EXPECT_NEAR(out[port][i], static_cast<double>(expected[port]), 1e-13);
          } else {
            expect_near(out[port][i], expected[port], each.name, i);
          }
        }
      }
      EXPECT_EQ(late > 0, span < 70e9) << "rows older than their window";
    }
  }
}

TEST(TimedKernels, AnySplitAndASavedStateGiveTheSameBits) {
  const Stream stream = random_stream(900, 3);
  for (const TimedCase& each : kTimed) {
    const Outputs whole = run_stream({each.kind}, each.values, each.outputs, stream);
    const Outputs split = run_stream({each.kind}, each.values, each.outputs, stream, 40);
    const Outputs anew = run_stream({each.kind}, each.values, each.outputs, stream, 60, true);
    for (std::size_t port = 0; port < whole.size(); ++port) {
      const std::size_t bytes = 8 * stream.size();
      EXPECT_EQ(std::memcmp(whole[port].data(), split[port].data(), bytes), 0) << each.name;
      EXPECT_EQ(std::memcmp(whole[port].data(), anew[port].data(), bytes), 0) << each.name;
    }
  }
}

// "After 1e12 has passed through, the bits equal a fresh start on that window."
TEST(TimedKernels, ForgetToTheLastBit) {
  Stream stream = random_stream(700, 5);
  for (TimedRow& row : stream) row.symbol = 0;
  for (std::size_t i = 0; i < stream.size(); i += 7) {
    stream[i].a = 1e12 + static_cast<double>(i);
    stream[i].b = 1e12 - static_cast<double>(i);
  }
  for (std::size_t i = 300; i < 700; ++i) {
    stream[i].a = 100 + static_cast<double>(i % 13) / 10;
    stream[i].b = 1 + static_cast<double>(i % 5);
  }
  const std::vector<Stream> windows = windows_of(stream, kMinute);
  for (const TimedCase& each : kTimed) {
    const Outputs whole = run_stream({each.kind}, each.values, each.outputs, stream);
    std::size_t compared = 0;
    for (std::size_t i = 300; i < 700; i += 19) {
      const Stream& window = windows[i];
      if (window.empty()) continue;
      const Outputs fresh = run_stream({each.kind}, each.values, each.outputs, window);
      for (std::size_t port = 0; port < fresh.size(); ++port)
        EXPECT_EQ(std::memcmp(&whole[port][i], &fresh[port].back(), 8), 0)
            << each.name << " row " << i;
      compared += window.size();
    }
    EXPECT_GT(compared, 300u);
  }
}

// Thousands of rows a pane, at a price whose digits leave few for its moves.
TEST(TimedKernels, ManyRowsOfHighPricesStayExact) {
  Stream stream;
  std::mt19937 random(9);
  for (std::size_t i = 0; i < 20'000; ++i)
    stream.push_back({0, 20'000, static_cast<double>(i) * 65e6,
                      65'432.5 + static_cast<double>(random() % 100) / 64,
                      1 + static_cast<double>(random() % 9)});
  Wide a;
  Wide b;
  for (const TimedRow& row : stream) {
    a.push_back(row.a);
    b.push_back(row.b);
  }
  for (const TimedCase& each : kTimed) {
    const Window window{each.kind, 4 * kDayNs};
    const Outputs out = run_stream(window, each.values, each.outputs, stream);
    const Wide expected = each.plain(a, b, stream.back().a);
    for (std::size_t port = 0; port < expected.size(); ++port)
      expect_near(out[port].back(), expected[port], each.name, stream.size() - 1);
  }
}

TEST(TimedKernels, WhatIsNoNumberLeavesTheStateAsItIs) {
  const double odd[] = {kNoValue, std::numeric_limits<double>::infinity()};
  for (const TimedCase& each : kTimed) {
    const Stream clean = random_stream(300, 8);
    Stream dirty;
    std::vector<std::size_t> kept;
    std::mt19937 random(4);
    for (const TimedRow& row : clean) {
      if (random() % 3 == 0) {
        TimedRow bad = row;
        double* const fields[] = {&bad.a, &bad.day, &bad.ns};
        *fields[random() % 3] = odd[random() % 2];
        dirty.push_back(bad);
      }
      kept.push_back(dirty.size());
      dirty.push_back(row);
    }
    const Outputs expected = run_stream({each.kind}, each.values, each.outputs, clean);
    const Outputs found = run_stream({each.kind}, each.values, each.outputs, dirty, 30);
    for (std::size_t port = 0; port < found.size(); ++port) {
      std::size_t next = 0;
      for (std::size_t i = 0; i < dirty.size(); ++i) {
        if (next < kept.size() && kept[next] == i)
          ASSERT_EQ(std::memcmp(&found[port][i], &expected[port][next++], 8), 0) << each.name;
        else
          ASSERT_TRUE(std::isnan(found[port][i])) << each.name;
      }
    }
  }
}

TEST(TimedKernels, FlatWindowsAreDefined) {
  Stream stream;
  for (std::size_t i = 0; i < 50; ++i)
    stream.push_back({0, 20'000, static_cast<double>(i) * 1e9, 0.1, 0.1});
  const auto last_of = [&](FactorKernel kind, std::size_t values, std::uint32_t outputs = 1) {
    const Outputs out = run_stream({kind}, values, outputs, stream);
    std::vector<double> last;
    for (const auto& each : out) last.push_back(each.back());
    return last;
  };
  EXPECT_EQ(last_of(FactorKernel::kTimedMean, 1)[0], 0.1);
  EXPECT_EQ(last_of(FactorKernel::kTimedDeviation, 1)[0], 0);
  EXPECT_EQ(last_of(FactorKernel::kTimedZscore, 1)[0], 0);
  const auto bands = last_of(FactorKernel::kTimedBollinger, 1, 5);
  EXPECT_EQ(bands, (std::vector<double>{0.5, 0.1, 0.1, 0.1, 0}));
  EXPECT_TRUE(std::isnan(last_of(FactorKernel::kTimedCorrelation, 2)[0]));
  EXPECT_TRUE(std::isnan(last_of(FactorKernel::kTimedBeta, 2)[0]));
  for (TimedRow& row : stream) row.b = 0;
  EXPECT_TRUE(std::isnan(last_of(FactorKernel::kTimedVwap, 2)[0]));
}

TEST(TimedKernels, PanesAreExact) {
  const double span = 999'999'937;  // no whole number of panes a day
  std::unique_ptr<Kernel> kernel;
  const double parameters[kKernelParameters] = {span};
  ASSERT_TRUE(make_kernel(FactorKernel::kPane, parameters, &kernel).ok());
  std::vector<double> day;
  std::vector<double> ns;
  std::mt19937_64 random(2);
  for (int i = 0; i < 400; ++i) {
    day.push_back(static_cast<double>(random() % 30'000) - 100);
    ns.push_back(static_cast<double>(random() % 86'400'000'000'000));
  }
  day.insert(day.end(), {0, 0, -1, 1, 2e6, 0, 0, kNoValue});
  ns.insert(ns.end(), {0, 15'624'999, kDayNs - 1, 0, 0, -1, kDayNs, 0});
  std::vector<double> out(day.size());
  kernel->run({nullptr, day.size(), {day.data(), ns.data()}, {out.data()}}, nullptr, 0);
  for (std::size_t i = 0; i < 400; ++i) {
    const TimedRow row{0, day[i], ns[i], 0, 0};
    const std::int64_t floor = pane_of({0, day[i] + 100'000, ns[i], 0, 0}, span);
    if (day[i] >= 0) {
      EXPECT_EQ(out[i], static_cast<double>(pane_of(row, span))) << i;
    }
    EXPECT_LT(out[i], static_cast<double>(floor));
  }
  EXPECT_EQ(out[400], 0);
  EXPECT_EQ(out[401], 0);
  EXPECT_EQ(out[402], -1);
  EXPECT_EQ(out[403], 5'529'600);  // and a third
  for (std::size_t i = 404; i < out.size(); ++i) EXPECT_TRUE(std::isnan(out[i])) << i;
}

TEST(TimedKernels, SpansAreChecked) {
  std::unique_ptr<Kernel> kernel;
  const auto code = [&kernel](double span, double width = 2) {
    const double parameters[kKernelParameters] = {span, width};
    return make_kernel(FactorKernel::kTimedBollinger, parameters, &kernel).code();
  };
  EXPECT_EQ(code(1e6), Code::kOk);
  EXPECT_EQ(code(100 * kDayNs), Code::kOk);
  for (const double span : {999'999.0, 1e6 + 0.5, 100 * kDayNs + 1, 0.0, -1e9, kNoValue})
    EXPECT_EQ(code(span), Code::kInvalidArgument) << span;
  EXPECT_EQ(code(1e9, 0), Code::kInvalidArgument);
  EXPECT_EQ(code(1e9, kNoValue), Code::kInvalidArgument);
}

// sma(vwap(60s), 5): four rows back, then a minute. zscore(sma(price, 20), 60s): a minute, then
// nineteen rows.
TEST(TimedKernels, ReachGoesBackStepByStep) {
  const FactorInput pane{FactorSource::kKernel, 0, 0, 0};
  const std::vector<FactorNode> nodes{
      {FactorKernel::kPane,
       {kMinute},
       {input_of(FactorColumn::kDay), input_of(FactorColumn::kNsOfDay)}},
      {FactorKernel::kTimedVwap,
       {kMinute},
       {input_of(FactorColumn::kPrice), input_of(FactorColumn::kVolume), pane}},
      {FactorKernel::kSma, {5}, {{FactorSource::kKernel, 1, 0, 0}}},
      {FactorKernel::kSma, {20}, {input_of(FactorColumn::kPrice)}},
      {FactorKernel::kTimedZscore, {kMinute}, {{FactorSource::kKernel, 3, 0, 0}, pane}},
      {FactorKernel::kDivide,
       {},
       {{FactorSource::kKernel, 2, 0, 0}, {FactorSource::kKernel, 4, 0, 0}}}};
  std::unique_ptr<FactorProgram> program;
  ASSERT_TRUE(
      FactorProgram::make(nodes, {{1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 0}}, &program).ok());
  using Steps = std::vector<double>;
  EXPECT_EQ(program->reach(0), (Steps{1, kMinute, 1}));
  EXPECT_EQ(program->reach(1), (Steps{5, kMinute, 1}));
  EXPECT_EQ(program->reach(2), (Steps{20}));
  EXPECT_EQ(program->reach(3), (Steps{1, kMinute, 20}));
  EXPECT_EQ(program->reach(4), (Steps{5, kMinute, 20}));
  EXPECT_EQ(program->warm_up(4), 20u);
}

}  // namespace
}  // namespace ndts
