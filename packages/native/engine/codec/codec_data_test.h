// Columns as they occur, and as they must not matter, for the tests and the bench of the codecs.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace ndts::codec {

using Random = std::mt19937_64;

template <typename T>
struct Column {
  std::string name;
  std::vector<T> values;
};

inline std::int64_t below(Random& random, std::int64_t limit) {
  return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(limit));
}

// A 2-decimal random walk; each step up to `cents` either way, often none.
inline std::vector<double> price_walk(Random& random, std::size_t count, std::int64_t cents = 3) {
  std::vector<double> values(count);
  std::int64_t price = 1000 + below(random, 30000);
  for (double& value : values) {
    price = std::max<std::int64_t>(1, price + below(random, 2 * cents + 1) - cents);
    value = static_cast<double>(price) / 100;
  }
  return values;
}

// The walks of many symbols, mixed as they arrive.
inline std::vector<double> arrival_prices(Random& random, std::size_t count,
                                          std::size_t symbols = 4000) {
  std::vector<std::int64_t> price(symbols);
  for (std::int64_t& one : price) one = 300 + below(random, 60000);
  std::vector<double> values(count);
  for (double& value : values) {
    std::int64_t& one = price[random() % symbols];
    one = std::max<std::int64_t>(1, one + below(random, 7) - 3);
    value = static_cast<double>(one) / 100;
  }
  return values;
}

// Lots of 100, mostly small, now and then a block.
inline std::vector<double> lot_volumes(Random& random, std::size_t count) {
  std::exponential_distribution<double> lots(1.0 / 80);
  std::vector<double> values(count);
  for (double& value : values) {
    const double size = random() % 100 == 0 ? 50 * lots(random) : lots(random);
    value = 100 * (1 + std::floor(size));
  }
  return values;
}

// Times with exponential gaps of `mean` units, starting in 2026 when `unit` of a second is it.
inline std::vector<std::int64_t> poisson_times(Random& random, std::size_t count, double mean,
                                               std::int64_t unit) {
  std::exponential_distribution<double> gap(1.0 / mean);
  std::vector<std::int64_t> values(count);
  std::int64_t time = 1'767'225'600 * unit;
  for (std::int64_t& value : values) value = time += static_cast<std::int64_t>(gap(random));
  return values;
}

// Every 3 seconds in milliseconds, with a hole now and then.
inline std::vector<std::int64_t> regular_times(Random& random, std::size_t count) {
  std::vector<std::int64_t> values(count);
  std::int64_t time = 1'767'225'600'000;
  for (std::int64_t& value : values) value = time += random() % 500 == 0 ? 6000 : 3000;
  return values;
}

inline std::vector<double> small_returns(Random& random, std::size_t count) {
  std::normal_distribution<double> normal(0, 1e-3);
  std::vector<double> values(count);
  for (double& value : values) value = normal(random);
  return values;
}

inline std::vector<double> random_bits(Random& random, std::size_t count) {
  std::vector<double> values(count);
  for (double& value : values) value = std::bit_cast<double>(random());
  return values;
}

template <typename T>
std::vector<T> fill(std::size_t count, const std::function<T(std::size_t)>& make) {
  std::vector<T> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = make(i);
  return values;
}

// Doubles that a codec could get wrong, of every kind in every column.
inline std::vector<Column<double>> double_columns(Random& random, std::size_t count) {
  using Limits = std::numeric_limits<double>;
  const double odd[] = {Limits::quiet_NaN(),
                        std::bit_cast<double>(0x7ff0'0000'0000'0001u),  // signalling
                        std::bit_cast<double>(0xfff8'dead'beef'0001u),  // with a payload
                        -0.0,
                        0.0,
                        Limits::denorm_min(),
                        -Limits::denorm_min(),
                        Limits::min(),
                        Limits::infinity(),
                        -Limits::infinity(),
                        Limits::max(),
                        Limits::lowest(),
                        1.0 / 3,
                        0.1 + 0.2,
                        2251799813685248.0,
                        -2251799813685249.0,
                        9007199254740993.0,
                        1e300};
  std::vector<Column<double>> columns;
  const auto add = [&](std::string name, const std::function<double(std::size_t)>& make) {
    columns.push_back({std::move(name), fill(count, make)});
  };
  columns.push_back({"price walk", price_walk(random, count)});
  columns.push_back({"arrival", arrival_prices(random, count, 50)});
  columns.push_back({"volumes", lot_volumes(random, count)});
  columns.push_back({"returns", small_returns(random, count)});
  columns.push_back({"random bits", random_bits(random, count)});
  add("odd", [&](std::size_t) { return odd[random() % std::size(odd)]; });
  add("walk with odd", [price = 10.0, &odd, &random](std::size_t) mutable {
    price += static_cast<double>(below(random, 3)) - 1;
    return random() % 20 == 0 ? odd[random() % std::size(odd)] : price / 100;
  });
  add("lots with a rest, and odd", [&](std::size_t) {
    if (random() % 20 == 0) return random() % 2 == 0 ? 1.0 / 3 : -0.0;
    return static_cast<double>(7 + 100 * below(random, 1000)) / 100;
  });
  add("signed decimals", [&](std::size_t) {
    return static_cast<double>(below(random, 2001) - 1000) / 1e6;
  });
  add("decimals of any length", [&](std::size_t) {
    return static_cast<double>(below(random, 100000)) /
           std::pow(10.0, static_cast<double>(random() % 16));
  });
  add("constant", [](std::size_t) { return 12.34; });
  add("constant NaN", [&](std::size_t) { return odd[2]; });
  add("constant -0", [](std::size_t) { return -0.0; });
  add("alternating", [](std::size_t i) { return i % 2 == 0 ? 1.5 : -1e10; });
  add("steps", [](std::size_t i) { return static_cast<double>(i / 100) / 7; });
  add("denormals", [&](std::size_t) { return std::bit_cast<double>(random() >> 12); });
  add("great integers", [&](std::size_t) {
    return static_cast<double>(static_cast<std::int64_t>(random()) >> (8 + random() % 8));
  });
  add("few of many", [&](std::size_t) { return std::sqrt(static_cast<double>(random() % 5)); });
  return columns;
}

inline std::vector<Column<std::int64_t>> integer_columns(Random& random, std::size_t count) {
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  std::vector<Column<std::int64_t>> columns;
  const auto add = [&](std::string name, const std::function<std::int64_t(std::size_t)>& make) {
    columns.push_back({std::move(name), fill(count, make)});
  };
  columns.push_back({"times ms", poisson_times(random, count, 30, 1000)});
  columns.push_back({"times ns", poisson_times(random, count, 3e7, 1'000'000'000)});
  columns.push_back({"snapshots", regular_times(random, count)});
  add("any bits", [&](std::size_t) { return static_cast<std::int64_t>(random()); });
  add("any width", [&](std::size_t) {
    return static_cast<std::int64_t>(random()) >> (random() % 64);
  });
  add("extremes", [&](std::size_t) {
    constexpr std::int64_t kOdd[] = {kMin, kMax, kMin + 1, kMax - 1, 0, -1, 1};
    return kOdd[random() % std::size(kOdd)];
  });
  add("min and max", [](std::size_t i) { return i % 2 == 0 ? kMin : kMax; });
  add("constant", [](std::size_t) { return std::int64_t{42}; });
  add("constant min", [](std::size_t) { return kMin; });
  add("ascending", [](std::size_t i) { return static_cast<std::int64_t>(i); });
  add("a minute apart", [](std::size_t i) {
    return static_cast<std::int64_t>(i) * 60'000'000'000;
  });
  add("squares", [](std::size_t i) { return static_cast<std::int64_t>(i * i); });
  add("wide jumps", [&, at = std::int64_t{0}](std::size_t) mutable {
    return at += std::int64_t{1} << 40 | below(random, 16);
  });
  add("outliers", [&](std::size_t) {
    return random() % 50 == 0 ? static_cast<std::int64_t>(random()) : below(random, 8);
  });
  add("walk with outliers", [&, at = std::int64_t{0}](std::size_t) mutable {
    at += below(random, 5) - 2;
    return random() % 90 == 0 ? at + 100'000 : at;
  });
  add("lots", [&](std::size_t) { return 7 + 100 * (below(random, 1000) - 500); });
  add("wide scale", [&](std::size_t) {
    return kMin + (std::int64_t{1} << 61) * below(random, 4);
  });
  add("runs", [](std::size_t i) { return static_cast<std::int64_t>(i / 37 % 5) << 50; });
  add("symbols", [&](std::size_t) { return below(random, 13) * 1'000'003; });
  add("distinct 1024", [](std::size_t i) { return static_cast<std::int64_t>(i * 7919 % 1024); });
  return columns;
}

}  // namespace ndts::codec
