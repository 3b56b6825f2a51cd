// The loop of the Bollinger kernel over a lane type. Included by one file per instruction set;
// everything here has internal linkage, so that no instance compiled for one set is ever linked
// into another.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "factor/bollinger.h"
#include "factor/symbol_rows.h"

namespace ndts {

// What a run needs; kept in one struct so that the two entry points stay equal.
struct BollingerRun {
  SymbolRows* rows;
  std::uint32_t period;
  double width;
  const std::uint32_t* symbol;
  const double* price;
  std::size_t count;
  BollingerColumns out;
};

// The definition.
void run_bollinger_scalar(const BollingerRun& run);
// Same bits; requires AVX2.
void run_bollinger_avx2(const BollingerRun& run);

// The head of a symbol's row. The prices follow: the window is [start, start + length), oldest
// first, and slides towards the end of the row; there it is moved back to the front.
struct BollingerRow {
  std::uint32_t start;
  std::uint32_t length;
};

namespace {

struct Moments {
  double mean;
  double deviation;
};

template <typename Lanes>
inline Moments moments(const double* window, std::uint32_t period) {
  const std::uint32_t whole = period / 4 * 4;
  const std::uint32_t rest = period - whole;
  const double n = period;

  const auto first = Lanes::all(window[0]);
  auto sum = Lanes::all(0);
  for (std::uint32_t i = 0; i < whole; i += 4) {
    sum = Lanes::add(sum, Lanes::subtract(Lanes::load(window + i), first));
  }
  if (rest != 0) sum = Lanes::add(sum, Lanes::rest_minus(window + whole, rest, first));
  const double mean = window[0] + Lanes::total(sum) / n;

  const auto middle = Lanes::all(mean);
  auto squares = Lanes::all(0);
  for (std::uint32_t i = 0; i < whole; i += 4) {
    const auto d = Lanes::subtract(Lanes::load(window + i), middle);
    squares = Lanes::add(squares, Lanes::multiply(d, d));
  }
  if (rest != 0) {
    const auto d = Lanes::rest_minus(window + whole, rest, middle);
    squares = Lanes::add(squares, Lanes::multiply(d, d));
  }
  return {mean, std::sqrt(Lanes::total(squares) / n)};
}

// Appends the price and returns the window when it is full, else null. Requires room.
inline const double* push(BollingerRow* row, std::uint32_t period, double price) {
  auto* prices = reinterpret_cast<double*>(row + 1);
  prices[row->start + row->length] = price;
  ++row->length;
  return row->length == period ? prices + row->start : nullptr;
}

// Drops the price that leaves a full window. False: the row has no room for the next one.
inline bool make_room(BollingerRow* row, std::uint32_t capacity, std::uint32_t period) {
  if (row->length == period) {
    ++row->start;
    --row->length;
  }
  return row->start + row->length < capacity;
}

inline void move_to_front(BollingerRow* row) {
  auto* prices = reinterpret_cast<double*>(row + 1);
  std::memmove(prices, prices + row->start, row->length * sizeof(double));
  row->start = 0;
}

inline void write_nothing(const BollingerColumns& out, std::size_t i) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  out.value[i] = kNan;
  out.middle[i] = kNan;
  out.upper[i] = kNan;
  out.lower[i] = kNan;
  out.signal[i] = 0;
}

inline void write_bands(const BollingerColumns& out, std::size_t i, double price,
                        const Moments& m, double width) {
  const double reach = width * m.deviation;
  const double upper = m.mean + reach;
  const double lower = m.mean - reach;
  const bool flat = upper == lower;
  out.value[i] = flat ? 0.5 : (price - lower) / (upper - lower);
  out.middle[i] = m.mean;
  out.upper[i] = upper;
  out.lower[i] = lower;
  out.signal[i] = flat ? 0 : static_cast<std::int32_t>(price < lower) -
                                 static_cast<std::int32_t>(price > upper);
}

// Windows that are full and wait for their bands. A price that was just stored stalls the vector
// load that covers it, and everything behind it; storing a block first and computing it afterwards
// pays for that once a block, and lets the divisions of different ticks overlap.
template <typename Lanes>
class Block {
 public:
  explicit Block(const BollingerRun& run) : run_(run) {}

  void add(const BollingerRow* row, const double* window, std::size_t index) {
    rows_[count_] = row;
    windows_[count_] = window;
    indexes_[count_] = index;
    if (++count_ == kSize) compute();
  }
  [[nodiscard]] bool holds(const BollingerRow* row) const {
    bool found = false;
    for (std::size_t i = 0; i < count_; ++i) found |= rows_[i] == row;
    return found;
  }
  void compute() {
    for (std::size_t i = 0; i < count_; ++i) {
      const std::size_t index = indexes_[i];
      write_bands(run_.out, index, run_.price[index], moments<Lanes>(windows_[i], run_.period),
                  run_.width);
    }
    count_ = 0;
  }

 private:
  static constexpr std::size_t kSize = 16;

  const BollingerRun& run_;
  const BollingerRow* rows_[kSize];
  const double* windows_[kSize];
  std::size_t indexes_[kSize];
  std::size_t count_ = 0;
};

template <typename Lanes>
inline void run_bollinger(const BollingerRun& run) {
  constexpr std::size_t kAhead = 16;
  const auto capacity = static_cast<std::uint32_t>(
      (run.rows->stride() - sizeof(BollingerRow)) / sizeof(double));
  Block<Lanes> block(run);
  for (std::size_t i = 0; i < run.count; ++i) {
    if (i + kAhead < run.count) {
      const char* next = run.rows->at<const char>(run.symbol[i + kAhead]);
      for (std::size_t line = 0; line < 256; line += 64) __builtin_prefetch(next + line, 1);
    }
    const double price = run.price[i];
    if (price != price) {
      write_nothing(run.out, i);
      continue;
    }
    auto* row = run.rows->at<BollingerRow>(run.symbol[i]);
    if (!make_room(row, capacity, run.period)) {
      // Windows of this row that wait would be moved from under the block.
      if (block.holds(row)) block.compute();
      move_to_front(row);
    }
    const double* window = push(row, run.period, price);
    if (window == nullptr) {
      write_nothing(run.out, i);
    } else {
      block.add(row, window, i);
    }
  }
  block.compute();
}

}  // namespace
}  // namespace ndts
