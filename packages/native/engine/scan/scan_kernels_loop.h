// The loops of scan_kernels.h over registers of Lanes::kWidth values. Included only by files whose
// instructions are those of one processor, with Lanes in an unnamed namespace: nothing here may
// call a function that the linker could take from there for all.
#pragma once

#include "scan/scan_kernels.h"
#include "scan/scan_split.h"

namespace ndts {
namespace {

constexpr double kInfinite = __builtin_inf();

// Calls step(pointer to kWidth values) for all values; what is behind the last is `filling`.
template <typename Lanes, typename T, typename Step>
[[gnu::always_inline]] inline void each_register(const T* values, std::size_t count, T filling,
                                                 Step step) {
  std::size_t at = 0;
  for (; at + Lanes::kWidth <= count; at += Lanes::kWidth) step(values + at);
  if (at == count) return;
  T rest[Lanes::kWidth];
  for (std::size_t lane = 0; lane < Lanes::kWidth; lane += 1)
    rest[lane] = at + lane < count ? values[at + lane] : filling;
  step(rest);
}

template <typename Lanes>
struct Loops {
  using Reals = typename Lanes::Reals;
  using Wholes = typename Lanes::Wholes;
  static constexpr std::size_t kWidth = Lanes::kWidth;

  static bool find_split(const double* values, std::size_t count, bool* zero, double* splitter) {
    Reals greatest = Lanes::all(0);
    Reals least = Lanes::all(kInfinite);
    each_register<Lanes>(values, count, 0.0, [&](const double* at) {
      const Reals magnitude = Lanes::magnitude(Lanes::load(at));
      greatest = Lanes::max(greatest, magnitude);
      least = Lanes::min(Lanes::without_zero(magnitude), least);
    });
    double tops[kWidth];
    double bottoms[kWidth];
    Lanes::store(tops, greatest);
    Lanes::store(bottoms, least);
    double top = 0;
    double bottom = kInfinite;
    for (std::size_t lane = 0; lane < kWidth; lane += 1) {
      if (!(tops[lane] < kInfinite)) return false;
      if (tops[lane] > top) top = tops[lane];
      if (bottoms[lane] < bottom) bottom = bottoms[lane];
    }
    *zero = top == 0;
    return *zero || find_splitter(top, bottom, splitter);
  }

  // A value that is not finite, and was lost from the greatest behind a NaN, makes a part NaN.
  static bool sum(const double* values, std::size_t count, double splitter, SumParts* parts) {
    *parts = {};
    if (splitter == 0) {
      bool zero = false;
      splitter = 1;
      if (!find_split(values, count, &zero, &splitter)) return false;
    }
    const Reals split = Lanes::all(splitter);
    Reals high[4] = {Lanes::all(0), Lanes::all(0), Lanes::all(0), Lanes::all(0)};
    Reals low[4] = {Lanes::all(0), Lanes::all(0), Lanes::all(0), Lanes::all(0)};
    std::size_t at = 0;
    for (; at + 4 * kWidth <= count; at += 4 * kWidth)
#pragma GCC unroll 4
      for (std::size_t part = 0; part < 4; part += 1) {
        const Reals value = Lanes::load(values + at + part * kWidth);
        const Reals top = Lanes::subtract(Lanes::add(value, split), split);
        high[part] = Lanes::add(high[part], top);
        low[part] = Lanes::add(low[part], Lanes::subtract(value, top));
      }
    each_register<Lanes>(values + at, count - at, 0.0, [&](const double* rest) {
      const Reals value = Lanes::load(rest);
      const Reals top = Lanes::subtract(Lanes::add(value, split), split);
      high[0] = Lanes::add(high[0], top);
      low[0] = Lanes::add(low[0], Lanes::subtract(value, top));
    });
    parts->high = total(Lanes::add(Lanes::add(high[0], high[1]), Lanes::add(high[2], high[3])));
    parts->low = total(Lanes::add(Lanes::add(low[0], low[1]), Lanes::add(low[2], low[3])));
    if (parts->high - parts->high == 0 && parts->low - parts->low == 0) return true;
    *parts = {};
    return false;
  }

  static double total(Reals values) {
    double lanes[kWidth];
    Lanes::store(lanes, values);
    double sum = 0;
    for (std::size_t lane = 0; lane < kWidth; lane += 1) sum += lanes[lane];
    return sum;
  }

  static void products(const double* a, const double* b, std::size_t count, double* product,
                       double* error) {
    std::size_t at = 0;
    for (; at + kWidth <= count; at += kWidth) {
      const Reals x = Lanes::load(a + at);
      const Reals y = Lanes::load(b + at);
      const Reals whole = Lanes::multiply(x, y);
      Lanes::store(product + at, whole);
      Lanes::store(error + at, Lanes::multiply_subtract(x, y, whole));
    }
    for (; at < count; at += 1) {
      product[at] = a[at] * b[at];
      error[at] = __builtin_fma(a[at], b[at], -product[at]);
    }
  }

  static void real_range(const double* values, std::size_t count, RealRange* range) {
    Reals least = Lanes::all(range->least);
    Reals greatest = Lanes::all(range->greatest);
    each_register<Lanes>(values, count, __builtin_nan(""), [&](const double* at) {
      const Reals value = Lanes::load(at);
      least = Lanes::min(value, least);
      greatest = Lanes::max(value, greatest);
    });
    double bottoms[kWidth];
    double tops[kWidth];
    Lanes::store(bottoms, least);
    Lanes::store(tops, greatest);
    for (std::size_t lane = 0; lane < kWidth; lane += 1) {
      if (bottoms[lane] < range->least) range->least = bottoms[lane];
      if (tops[lane] > range->greatest) range->greatest = tops[lane];
    }
  }

  static void whole_range(const std::int64_t* values, std::size_t count, WholeRange* range) {
    if (count == 0) return;
    Wholes least = Lanes::all_whole(range->least);
    Wholes greatest = Lanes::all_whole(range->greatest);
    each_register<Lanes>(values, count, values[0], [&](const std::int64_t* at) {
      const Wholes value = Lanes::load_whole(at);
      least = Lanes::min_whole(least, value);
      greatest = Lanes::max_whole(greatest, value);
    });
    std::int64_t bottoms[kWidth];
    std::int64_t tops[kWidth];
    Lanes::store_whole(bottoms, least);
    Lanes::store_whole(tops, greatest);
    for (std::size_t lane = 0; lane < kWidth; lane += 1) {
      if (bottoms[lane] < range->least) range->least = bottoms[lane];
      if (tops[lane] > range->greatest) range->greatest = tops[lane];
    }
  }

  // Upper halves are made unsigned by adding 2^31, which is taken off again at the end.
  static WholeSum whole_sum(const std::int64_t* values, std::size_t count) {
    Wholes high = Lanes::all_whole(0);
    Wholes low = Lanes::all_whole(0);
    const Wholes sign = Lanes::all_whole(static_cast<std::int64_t>(std::uint64_t{1} << 63));
    const Wholes lower = Lanes::all_whole(0xffff'ffff);
    std::size_t registers = 0;
    each_register<Lanes>(values, count, std::int64_t{0}, [&](const std::int64_t* at) {
      const Wholes value = Lanes::load_whole(at);
      high = Lanes::add_whole(high, Lanes::upper_half(Lanes::flip(value, sign)));
      low = Lanes::add_whole(low, Lanes::both(value, lower));
      registers += 1;
    });
    std::int64_t highs[kWidth];
    std::int64_t lows[kWidth];
    Lanes::store_whole(highs, high);
    Lanes::store_whole(lows, low);
    WholeSum sum;
    for (std::size_t lane = 0; lane < kWidth; lane += 1) {
      sum.high += highs[lane] - static_cast<std::int64_t>(registers << 31);
      sum.low += static_cast<std::uint64_t>(lows[lane]);
    }
    return sum;
  }

  static void select_real(const double* values, std::size_t count, double low, double high,
                          std::uint64_t* bits) {
    const Reals bottom = Lanes::all(low);
    const Reals top = Lanes::all(high);
    std::size_t row = 0;
    std::uint64_t word = 0;
    each_register<Lanes>(values, count, 0.0, [&](const double* at) {
      word |= std::uint64_t{Lanes::within(Lanes::load(at), bottom, top)} << row % 64;
      row += kWidth;
      if (row % 64 != 0) return;
      bits[row / 64 - 1] &= word | beyond(count, row);
      word = 0;
    });
    put_last(count, row, word, bits);
  }

  static void select_whole(const std::int64_t* values, std::size_t count, std::int64_t low,
                           std::int64_t high, std::uint64_t* bits) {
    const Wholes bottom = Lanes::all_whole(low);
    const Wholes top = Lanes::all_whole(high);
    std::size_t row = 0;
    std::uint64_t word = 0;
    each_register<Lanes>(values, count, std::int64_t{0}, [&](const std::int64_t* at) {
      word |= std::uint64_t{Lanes::within_whole(Lanes::load_whole(at), bottom, top)} << row % 64;
      row += kWidth;
      if (row % 64 != 0) return;
      bits[row / 64 - 1] &= word | beyond(count, row);
      word = 0;
    });
    put_last(count, row, word, bits);
  }

  static void put_last(std::size_t count, std::size_t row, std::uint64_t word,
                       std::uint64_t* bits) {
    if (row % 64 != 0) bits[row / 64] &= word | ~std::uint64_t{0} << count % 64;
  }
  // The bits of the word that ends before `row` which are of no value.
  static std::uint64_t beyond(std::size_t count, std::size_t row) {
    return row > count ? ~std::uint64_t{0} << count % 64 : 0;
  }

  static void keep(const double* values, std::size_t count, const std::uint64_t* bits,
                   std::size_t first, double other, double* out) {
    const Reals filling = Lanes::all(other);
    std::size_t at = 0;
    for (; at + kWidth <= count; at += kWidth) {
      const std::size_t bit = first + at;
      std::uint64_t word = bits[bit / 64] >> bit % 64;
      if (bit % 64 > 64 - kWidth) word |= bits[bit / 64 + 1] << (64 - bit % 64);
      Lanes::store(out + at, Lanes::choose(word, Lanes::load(values + at), filling));
    }
    for (; at < count; at += 1) {
      const std::size_t bit = first + at;
      out[at] = (bits[bit / 64] >> bit % 64 & 1) != 0 ? values[at] : other;
    }
  }

  static std::size_t below(const std::int64_t* times, std::size_t count, std::int64_t limit) {
    const Wholes bound = Lanes::all_whole(limit);
    std::size_t at = 0;
    for (; at + kWidth <= count; at += kWidth) {
      const unsigned less = Lanes::less_whole(Lanes::load_whole(times + at), bound);
      if (less != (1u << kWidth) - 1) return at + static_cast<std::size_t>(__builtin_ctz(~less));
    }
    while (at < count && times[at] < limit) at += 1;
    return at;
  }
};

template <typename Lanes>
constexpr ScanKernels scan_table(const char* name) {
  using Of = Loops<Lanes>;
  return {name,          Of::sum,         Of::products,     Of::real_range, Of::whole_range,
          Of::whole_sum, Of::select_real, Of::select_whole, Of::keep,       Of::below};
}

}  // namespace
}  // namespace ndts
