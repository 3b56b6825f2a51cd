// The SIMD loops against their scalar twins, bit for bit, also on what no encoder writes.
#include "codec/kernels.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <vector>

#include "codec/bit_pack.h"
#include "codec/codec_data_test.h"

namespace ndts::codec {
namespace {

class KernelsTwin : public testing::TestWithParam<const Kernels*> {
 protected:
  void SetUp() override {
    const std::uint64_t seed = std::random_device{}();
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
    random_.seed(seed);
  }
  std::vector<std::uint64_t> words(std::size_t count, unsigned width) {
    return fill<std::uint64_t>(count, [&](std::size_t) { return random_() & low_bits(width); });
  }
  Random random_;
};

TEST_P(KernelsTwin, packs_and_unpacks_every_width_and_row_count) {
  for (unsigned width = 0; width <= 64; ++width)
    for (const std::size_t rows : {1, 2, 31, 32, 33, 63, 64}) {
      const std::vector<std::uint64_t> values = words(rows * kLanes, width);
      std::vector<std::byte> a(packed_row_bytes(rows, width));
      std::vector<std::byte> b(a.size());
      scalar_kernels().pack(values.data(), rows, 0, width, a.data());
      GetParam()->pack(values.data(), rows, 0, width, b.data());
      ASSERT_EQ(a, b) << "width " << width << " rows " << rows;
      std::vector<std::uint64_t> back(values.size());
      scalar_kernels().unpack(a.data(), rows, width, back.data());
      ASSERT_EQ(values, back) << "width " << width << " rows " << rows;
      std::fill(back.begin(), back.end(), 0);
      GetParam()->unpack(a.data(), rows, width, back.data());
      ASSERT_EQ(values, back) << "width " << width << " rows " << rows;
    }
}

TEST_P(KernelsTwin, restores_any_bits_alike) {
  for (unsigned width = 0; width <= 64; ++width)
    for (std::uint8_t transform = 1; transform <= 5; ++transform)
      for (const bool unpacked : {false, true}) {
        FrameRun run;
        run.rows = 1 + random_() % kVectorRows;
        run.width = width;
        run.transform = static_cast<FrameTransform>(transform);
        run.base = random_();
        run.step = random_() >> (random_() % 64);
        run.slope = random_() >> (random_() % 64);
        const auto packed = words(packed_row_bytes(run.rows, width) / 8, 64);
        const auto values = words(run.rows * kLanes, 64);
        run.packed = reinterpret_cast<const std::byte*>(packed.data());
        if (unpacked) run.unpacked = values.data();
        FrameScale scale;
        if (random_() % 2 == 0) scale = {random_() >> (random_() % 64), random_(), 1};
        if (random_() % 2 == 0) scale.divisor = 100;
        std::vector<std::int64_t> a(values.size());
        std::vector<std::int64_t> b(values.size());
        scalar_kernels().frame_i64(run, scale, a.data());
        GetParam()->frame_i64(run, scale, b.data());
        ASSERT_EQ(a, b) << "width " << width << " transform " << int{transform};
        std::vector<double> c(values.size());
        std::vector<double> d(values.size());
        scalar_kernels().frame_f64(run, scale, c.data());
        GetParam()->frame_f64(run, scale, d.data());
        for (std::size_t i = 0; i < c.size(); ++i)
          ASSERT_TRUE(std::memcmp(&c[i], &d[i], 8) == 0 || (std::isnan(c[i]) && std::isnan(d[i])))
              << c[i] << " and " << d[i];
        ASSERT_EQ(scalar_kernels().frame_sum(run), GetParam()->frame_sum(run));
      }
}

TEST_P(KernelsTwin, joins_front_bits_alike) {
  for (unsigned right_bits = 48; right_bits <= 63; ++right_bits)
    for (unsigned code_bits = 0; code_bits <= 3; ++code_bits) {
      FrontBitsRun run;
      run.rows = 1 + random_() % kVectorRows;
      run.right_bits = right_bits;
      run.code_bits = code_bits;
      for (std::uint64_t& front : run.front) front = random_() << right_bits;
      const auto right = words(packed_row_bytes(run.rows, right_bits) / 8, 64);
      const auto codes = words(packed_row_bytes(run.rows, code_bits) / 8, 64);
      run.right = reinterpret_cast<const std::byte*>(right.data());
      run.codes = reinterpret_cast<const std::byte*>(codes.data());
      std::vector<double> a(run.rows * kLanes);
      std::vector<double> b(run.rows * kLanes);
      scalar_kernels().front_bits(run, a.data());
      GetParam()->front_bits(run, b.data());
      ASSERT_EQ(std::memcmp(a.data(), b.data(), a.size() * 8), 0) << right_bits;
    }
}

TEST_P(KernelsTwin, scales_any_double_alike) {
  for (const std::size_t count : {1, 3, 7, 8, 100, 1023, 1024})
    for (const Column<double>& column : double_columns(random_, count))
      for (const double power : {1.0, 1e2, 1e5, 1e15}) {
        std::vector<std::int64_t> a(count);
        std::vector<std::int64_t> b(count);
        std::uint16_t places_a[kVectorValues];
        std::uint16_t places_b[kVectorValues];
        const std::size_t found =
            scalar_kernels().decimal(column.values.data(), count, power, a.data(), places_a);
        ASSERT_EQ(found, GetParam()->decimal(column.values.data(), count, power, b.data(),
                                             places_b))
            << column.name;
        ASSERT_EQ(a, b) << column.name;
        ASSERT_EQ(std::memcmp(places_a, places_b, found * sizeof(places_a[0])), 0);
      }
}

// Those this processor has: what it lacks is no test of it.
std::vector<const Kernels*> present() {
  std::vector<const Kernels*> found;
  for (const Kernels* kernels : {avx2_kernels(), avx512_kernels()})
    if (kernels != nullptr) found.push_back(kernels);
  return found;
}
std::string name_of(const testing::TestParamInfo<const Kernels*>& info) {
  return info.param == avx2_kernels() ? "avx2" : "avx512";
}
INSTANTIATE_TEST_SUITE_P(Simd, KernelsTwin, testing::ValuesIn(present()), name_of);

}  // namespace
}  // namespace ndts::codec
