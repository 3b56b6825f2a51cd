// Every kernel against its scalar twin, and sums against counting bits, on random input of any
// length and alignment.
#include "scan/scan_kernels.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>
#include <vector>

#include "scan/exact_sum.h"
#include "scan/scan_split.h"
#include "scan/scan_test_kit.h"
#include "scan/sum_model_test_kit.h"

namespace ndts {
namespace {

// Which NaN it is does not matter, nor which zero where `zeros` is false.
bool same(double a, double b, bool zeros = true) {
  if (a != a || b != b) return a != a && b != b;
  return zeros ? bits_of(a) == bits_of(b) : a == b;
}

class ScanKernelTables : public testing::TestWithParam<const ScanKernels*> {
 protected:
  std::vector<double> reals(std::size_t count) {
    const double odd[] = {0.0, -0.0, 1e-300, 1e300, kInfinity, -kInfinity, NAN, 5e-324};
    const std::uint64_t style = random_() % 5;
    std::vector<double> values(count);
    for (double& value : values) {
      value = static_cast<double>(random_() % 100'000) / 100;
      if (style == 1) value = std::bit_cast<double>(random_());
      if (style == 2) value = std::ldexp(value - 500, static_cast<int>(random_() % 34));
      if (style == 3 && random_() % 50 == 0) value = odd[random_() % 8];
      if (style == 4 && random_() % 3 == 0) value = odd[random_() % 2];
    }
    return values;
  }
  std::vector<std::int64_t> wholes(std::size_t count) {
    std::vector<std::int64_t> values(count);
    const std::uint64_t shift = random_() % 64;
    for (std::int64_t& value : values) value = static_cast<std::int64_t>(random_()) >> shift;
    return values;
  }
  std::vector<std::uint64_t> some_bits() {
    std::vector<std::uint64_t> bits(kSumRows / 64 + 2);
    for (std::uint64_t& word : bits) word = random_() | (random_() % 2 == 0 ? random_() : 0);
    return bits;
  }

  static constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::uint64_t seed_ = test_seed(91);
  std::mt19937_64 random_{seed_};
};

// What the footer of a block says holds for all of it; a part may have less of it, zeros too.
TEST_P(ScanKernelTables, SumExactlyWithinMagnitudesThatAreKnown) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  for (int round = 0; round < 500; round += 1) {
    const int exponent = static_cast<int>(random_() % 1600) - 800;
    double splitter = 0;
    const double least = std::ldexp(1.0, exponent);
    ASSERT_TRUE(find_splitter(std::ldexp(least, 31), least, &splitter));
    std::vector<double> values(random_() % (kSumRows + 1));
    for (double& value : values) {
      const double part = 1 + static_cast<double>(random_() >> 12) / 0x1p52;
      value = std::ldexp(part, exponent + static_cast<int>(random_() % 31));
      if (random_() % 8 == 0) value = 0;
    }
    SumParts found;
    SumParts twin;
    ASSERT_TRUE(GetParam()->sum(values.data(), values.size(), splitter, &found));
    ASSERT_TRUE(scalar_scan_kernels().sum(values.data(), values.size(), splitter, &twin));
    ASSERT_TRUE(same(found.high, twin.high, false) && same(found.low, twin.low, false));
    ExactSum sum;
    sum.add(found.high, found.low);
    ASSERT_EQ(bits_of(sum.value()), bits_of(sum_model(values)));
    if (values.empty()) continue;
    values[random_() % values.size()] = std::nan("");
    ASSERT_FALSE(GetParam()->sum(values.data(), values.size(), splitter, &found));
    ASSERT_FALSE(scalar_scan_kernels().sum(values.data(), values.size(), splitter, &twin));
  }
}

TEST_P(ScanKernelTables, SumExactlyAsTheirTwin) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  std::size_t exact = 0;
  for (int round = 0; round < 2000; round += 1) {
    std::vector<double> values = reals(random_() % (kSumRows + 1));
    SumParts found;
    SumParts twin;
    const bool done = GetParam()->sum(values.data(), values.size(), 0, &found);
    ASSERT_EQ(scalar_scan_kernels().sum(values.data(), values.size(), 0, &twin), done);
    if (!done) continue;
    exact += 1;
    ASSERT_TRUE(same(found.high, twin.high, false) && same(found.low, twin.low, false));
    if (round % 20 != 0) continue;
    ExactSum sum;
    sum.add(found.high, found.low);
    ASSERT_EQ(bits_of(sum.value()), bits_of(sum_model(values)));
  }
  EXPECT_GT(exact, 600u);
}

TEST_P(ScanKernelTables, MultiplyWithoutLosingABit) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  for (int round = 0; round < 500; round += 1) {
    const std::size_t count = random_() % 100;
    const std::vector<double> a = reals(count);
    const std::vector<double> b = reals(count);
    std::vector<double> product(count), error(count), twin(count), twin_error(count);
    GetParam()->products(a.data(), b.data(), count, product.data(), error.data());
    scalar_scan_kernels().products(a.data(), b.data(), count, twin.data(), twin_error.data());
    for (std::size_t at = 0; at < count; at += 1) {
      ASSERT_TRUE(same(product[at], twin[at]) && same(error[at], twin_error[at]));
      ASSERT_TRUE(same(product[at], a[at] * b[at]));
    }
  }
}

TEST_P(ScanKernelTables, FindRangesAsTheirTwin) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  for (int round = 0; round < 1000; round += 1) {
    const std::vector<double> values = reals(random_() % 300);
    RealRange found{random_() % 2 == 0 ? kInfinity : 5, random_() % 2 == 0 ? -kInfinity : 5};
    RealRange twin = found;
    GetParam()->real_range(values.data(), values.size(), &found);
    scalar_scan_kernels().real_range(values.data(), values.size(), &twin);
    ASSERT_TRUE(same(found.least, twin.least, false));
    ASSERT_TRUE(same(found.greatest, twin.greatest, false));
    const std::vector<std::int64_t> integers = wholes(random_() % 300);
    WholeRange range;
    WholeRange range_twin;
    GetParam()->whole_range(integers.data(), integers.size(), &range);
    scalar_scan_kernels().whole_range(integers.data(), integers.size(), &range_twin);
    ASSERT_EQ(range.least, range_twin.least);
    ASSERT_EQ(range.greatest, range_twin.greatest);
    const WholeSum sum = GetParam()->whole_sum(integers.data(), integers.size());
    const WholeSum sum_twin = scalar_scan_kernels().whole_sum(integers.data(), integers.size());
    ASSERT_EQ(sum.high, sum_twin.high);
    ASSERT_EQ(sum.low, sum_twin.low);
  }
}

TEST_P(ScanKernelTables, SelectAndKeepAsTheirTwin) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  for (int round = 0; round < 1000; round += 1) {
    const std::size_t count = random_() % 300;
    const std::vector<double> values = reals(count);
    std::vector<std::uint64_t> bits = some_bits();
    std::vector<std::uint64_t> twin = bits;
    const double low = random_() % 8 == 0 ? -kInfinity : 300;
    GetParam()->select_real(values.data(), count, low, 600, bits.data());
    scalar_scan_kernels().select_real(values.data(), count, low, 600, twin.data());
    ASSERT_EQ(bits, twin);
    const std::size_t first = random_() % 200;
    std::vector<double> kept(count), kept_twin(count);
    GetParam()->keep(values.data(), count, bits.data(), first, -1, kept.data());
    scalar_scan_kernels().keep(values.data(), count, bits.data(), first, -1, kept_twin.data());
    for (std::size_t at = 0; at < count; at += 1) ASSERT_TRUE(same(kept[at], kept_twin[at]));
    std::vector<std::int64_t> integers = wholes(count);
    GetParam()->select_whole(integers.data(), count, -50, 5000, bits.data());
    scalar_scan_kernels().select_whole(integers.data(), count, -50, 5000, twin.data());
    ASSERT_EQ(bits, twin);
    std::sort(integers.begin(), integers.end());
    const std::int64_t limit = count == 0 ? 0 : integers[random_() % count] + 1;
    ASSERT_EQ(GetParam()->below(integers.data(), count, limit),
              scalar_scan_kernels().below(integers.data(), count, limit));
  }
}

// Those this processor has: what it lacks is no test of it.
std::vector<const ScanKernels*> present() {
  std::vector<const ScanKernels*> found;
  for (const ScanKernels* kernels :
       {&scalar_scan_kernels(), avx2_scan_kernels(), avx512_scan_kernels()})
    if (kernels != nullptr) found.push_back(kernels);
  return found;
}
INSTANTIATE_TEST_SUITE_P(Every, ScanKernelTables, testing::ValuesIn(present()));

}  // namespace
}  // namespace ndts
