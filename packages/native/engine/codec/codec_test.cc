// The door: every column comes back bit for bit, from every codec and every set of kernels;
// damaged bytes are refused or give something; the bytes of the golden columns never change.
#include "base/long_test_kit.h"
#include "codec/codec.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "codec/codec_data_test.h"
#include "codec/decimal.h"
#include "codec/frame.h"

namespace ndts::codec {
namespace {

constexpr std::size_t kCounts[] = {0,   1,   2,   15,   16,   17,   100, 511,
                                   512, 513, 1023, 1024, 1025, 4096, 5000};
constexpr ColumnCodec kCodecs[] = {
    ColumnCodec::kRaw,     ColumnCodec::kFrame,  ColumnCodec::kRunLength, ColumnCodec::kDictionary,
    ColumnCodec::kDecimal, ColumnCodec::kAlpRd, ColumnCodec::kGorilla};

std::uint64_t seed() {
  const char* given = std::getenv("NDTS_TEST_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10)
                                              : std::random_device{}();
  std::printf("NDTS_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

std::vector<const Kernels*> all_kernels() {
  std::vector<const Kernels*> all = {&scalar_kernels()};
  if (avx2_kernels() != nullptr) all.push_back(avx2_kernels());
  if (avx512_kernels() != nullptr) all.push_back(avx512_kernels());
  return all;
}

Status decode(Bytes bytes, std::span<std::int64_t> out, const Kernels& kernels) {
  return decode_i64(bytes, out, kernels);
}
Status decode(Bytes bytes, std::span<double> out, const Kernels& kernels) {
  return decode_f64(bytes, out, kernels);
}

template <typename T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

// Decodes with every set of kernels into memory that ends where the column ends.
template <typename T>
void expect_round_trip(const std::vector<std::byte>& bytes, const std::vector<T>& values) {
  for (const Kernels* kernels : all_kernels()) {
    std::vector<T> back(values.size());
    const Status status = decode(bytes, back, *kernels);
    ASSERT_TRUE(status.ok()) << kernels->name << ": " << status.text();
    ASSERT_TRUE(same_bits(values, back)) << kernels->name;
  }
}

template <typename T, typename Encode>
void expect_codec(const std::vector<T>& values, Encode encode) {
  std::vector<std::byte> first;
  if (!encode(&first, scalar_kernels())) {
    ASSERT_TRUE(first.empty());
    return;
  }
  for (const Kernels* kernels : all_kernels()) {
    std::vector<std::byte> bytes;
    ASSERT_TRUE(encode(&bytes, *kernels));
    ASSERT_EQ(first, bytes) << kernels->name << " encodes something else";
  }
  expect_round_trip(first, values);
}

TEST(Codec, every_double_comes_back) {
  Random random(seed());
  for (const std::size_t count : kCounts)
    for (const Column<double>& column : double_columns(random, count)) {
      for (const ColumnCodec codec : kCodecs) {
        SCOPED_TRACE(column.name + ", " + std::to_string(count) + " values, codec " +
                     std::to_string(static_cast<int>(codec)));
        expect_codec(column.values, [&](std::vector<std::byte>* out, const Kernels& kernels) {
          return encode_f64_as(codec, column.values, out, kernels);
        });
        if (testing::Test::HasFatalFailure()) return;
      }
      SCOPED_TRACE(column.name + ", " + std::to_string(count) + " values, chosen");
      expect_codec(column.values, [&](std::vector<std::byte>* out, const Kernels& kernels) {
        encode_f64(column.values, out, kernels);
        EXPECT_LE(out->size(), 8 + 8 * count);
        return true;
      });
    }
}

TEST(Codec, every_integer_comes_back) {
  Random random(seed());
  for (const std::size_t count : kCounts)
    for (const Column<std::int64_t>& column : integer_columns(random, count)) {
      for (const ColumnCodec codec : kCodecs) {
        SCOPED_TRACE(column.name + ", " + std::to_string(count) + " values, codec " +
                     std::to_string(static_cast<int>(codec)));
        expect_codec(column.values, [&](std::vector<std::byte>* out, const Kernels& kernels) {
          return encode_i64_as(codec, column.values, out, kernels);
        });
        if (testing::Test::HasFatalFailure()) return;
      }
      SCOPED_TRACE(column.name + ", " + std::to_string(count) + " values, chosen");
      expect_codec(column.values, [&](std::vector<std::byte>* out, const Kernels& kernels) {
        encode_i64(column.values, out, kernels);
        EXPECT_LE(out->size(), 8 + 8 * count);
        return true;
      });
    }
}

TEST(Codec, every_transform_restores_every_integer) {
  Random random(seed());
  for (const std::size_t count : {1, 2, 3, 7, 511, 512, 1000, 1024})
    for (const Column<std::int64_t>& column : integer_columns(random, count))
      for (std::uint8_t transform = 1; transform <= 5; ++transform) {
        SCOPED_TRACE(column.name + ", " + std::to_string(count) + " values, transform " +
                     std::to_string(transform));
        std::vector<std::byte> bytes;
        put_frame_as(scalar_kernels(), static_cast<FrameTransform>(transform), column.values,
                     &bytes);
        for (const Kernels* kernels : all_kernels()) {
          ByteReader reader(bytes);
          FrameReader frame;
          ASSERT_TRUE(frame.read(*kernels, &reader, count));
          ASSERT_EQ(reader.left(), 0u);
          std::vector<std::int64_t> back(count);
          frame.restore(*kernels, {}, back.data());
          ASSERT_TRUE(same_bits(column.values, back)) << kernels->name;
          std::uint64_t sum = 0;
          for (const std::int64_t value : back) sum += static_cast<std::uint64_t>(value);
          ASSERT_EQ(frame.sum(*kernels), sum) << kernels->name;
        }
      }
}

TEST(Codec, u32_comes_back_and_is_held_to_its_range) {
  Random random(seed());
  Scratch scratch;
  for (const std::size_t count : kCounts) {
    const auto values = fill<std::uint32_t>(count, [&](std::size_t) {
      return static_cast<std::uint32_t>(random() >> (random() % 64));
    });
    std::vector<std::byte> bytes;
    encode_u32(values, &bytes);
    std::vector<std::uint32_t> back(count);
    ASSERT_TRUE(decode_u32(bytes, back, &scratch).ok());
    ASSERT_EQ(values, back);
  }
  std::vector<std::byte> wide;
  encode_i64(std::vector<std::int64_t>{1, 1ll << 32}, &wide);
  wide[2] = std::byte{3};  // says u32
  std::vector<std::uint32_t> out(2);
  EXPECT_EQ(decode_u32(wide, out, &scratch).code(), Code::kCorrupt);
}

TEST(Codec, sums_decimals_exactly_and_others_in_parts) {
  Random random(seed());
  Scratch scratch;
  for (const std::size_t count : kCounts)
    for (const Column<double>& column : double_columns(random, count)) {
      SCOPED_TRACE(column.name + ", " + std::to_string(count) + " values");
      std::vector<std::byte> bytes;
      encode_f64(column.values, &bytes);
      double first = 0;
      ASSERT_TRUE(sum_f64(bytes, static_cast<std::uint32_t>(count), &scratch, &first,
                          scalar_kernels()).ok());
      for (const Kernels* kernels : all_kernels()) {
        double sum = 0;
        ASSERT_TRUE(
            sum_f64(bytes, static_cast<std::uint32_t>(count), &scratch, &sum, *kernels).ok());
        ASSERT_TRUE(std::bit_cast<std::uint64_t>(sum) == std::bit_cast<std::uint64_t>(first) ||
                    (std::isnan(sum) && std::isnan(first)));
      }
      long double exact = 0;
      long double magnitude = 0;
      for (const double value : column.values) {
        exact += value;
        magnitude += std::fabs(value);
      }
      if (!std::isfinite(static_cast<double>(magnitude))) continue;
      ASSERT_NEAR(first, static_cast<double>(exact), static_cast<double>(magnitude) * 1e-13);
    }
  const std::vector<double> cents(1000, 0.01);
  std::vector<std::byte> bytes;
  ASSERT_TRUE(encode_f64_as(ColumnCodec::kDecimal, cents, &bytes));
  double sum = 0;
  ASSERT_TRUE(sum_f64(bytes, 1000, &scratch, &sum).ok());
  EXPECT_EQ(sum, 10.0);  // adding 0.01 a thousand times gives 9.999999999999831
}

// The values that a column of decimals comes back as.
void expect_integers(const std::vector<double>& values, const std::vector<std::byte>& bytes,
                     bool decimal) {
  for (const Kernels* kernels : all_kernels()) {
    std::vector<std::int64_t> out(values.size());
    DecimalIntegers integers;
    ASSERT_EQ(read_decimal_integers(*kernels, bytes, out, &integers), decimal) << kernels->name;
    if (!decimal) continue;
    for (std::size_t at = 0; at < values.size(); at += 1) {
      const std::uint64_t whole =
          integers.scale.offset + integers.scale.scale * static_cast<std::uint64_t>(out[at]);
      const double value = static_cast<double>(static_cast<std::int64_t>(whole)) /
                           std::pow(10.0, integers.exponent);
      ASSERT_EQ(std::bit_cast<std::uint64_t>(value), std::bit_cast<std::uint64_t>(values[at]))
          << kernels->name << " at " << at;
    }
  }
}

TEST(Codec, decimals_are_read_as_integers_or_not_at_all) {
  Random random(seed());
  for (const std::size_t count : kCounts) {
    if (count == 0) continue;
    for (const std::vector<double>& values :
         {price_walk(random, count), arrival_prices(random, count), lot_volumes(random, count)}) {
      std::vector<std::byte> bytes;
      ASSERT_TRUE(encode_f64_as(ColumnCodec::kDecimal, values, &bytes));
      expect_integers(values, bytes, true);
      bytes.pop_back();
      expect_integers(values, bytes, false);
      std::vector<double> exception = values;
      exception[random() % count] = 1.0 / 3;
      bytes.clear();
      ASSERT_TRUE(encode_f64_as(ColumnCodec::kDecimal, exception, &bytes));
      expect_integers(exception, bytes, false);
      bytes.clear();
      ASSERT_TRUE(encode_f64_as(ColumnCodec::kGorilla, values, &bytes));
      expect_integers(values, bytes, false);
    }
  }
}

TEST(Codec, chooses_what_fits) {
  Random random(seed());
  const auto codec_of = [](const std::vector<std::byte>& bytes) {
    ColumnInfo info;
    EXPECT_TRUE(inspect(bytes, &info).ok());
    return info.codec;
  };
  const auto of_doubles = [&](const std::vector<double>& values) {
    std::vector<std::byte> bytes;
    encode_f64(values, &bytes);
    return codec_of(bytes);
  };
  EXPECT_EQ(of_doubles(price_walk(random, 4096)), ColumnCodec::kDecimal);
  EXPECT_EQ(of_doubles(lot_volumes(random, 4096)), ColumnCodec::kDecimal);
  // Seven bits fewer of 64 are not worth what it takes to put fronts in; means near a price are.
  EXPECT_EQ(of_doubles(small_returns(random, 4096)), ColumnCodec::kRaw);
  EXPECT_EQ(of_doubles(fill<double>(4096, [&](std::size_t) {
              return 100 + static_cast<double>(random() % (1u << 30)) / 7e8;
            })),
            ColumnCodec::kAlpRd);
  EXPECT_EQ(of_doubles(random_bits(random, 4096)), ColumnCodec::kRaw);
  EXPECT_EQ(of_doubles(fill<double>(4096, [&](std::size_t) {
              return std::sqrt(static_cast<double>(random() % 5));
            })),
            ColumnCodec::kDictionary);
  const auto of_integers = [&](const std::vector<std::int64_t>& values) {
    std::vector<std::byte> bytes;
    encode_i64(values, &bytes);
    return codec_of(bytes);
  };
  EXPECT_EQ(of_integers(poisson_times(random, 4096, 30, 1000)), ColumnCodec::kFrame);
  EXPECT_EQ(of_integers(fill<std::int64_t>(4096, [](std::size_t i) {
              return static_cast<std::int64_t>(i / 300 * 7919 % 11) << 40;
            })),
            ColumnCodec::kRunLength);
}

TEST(Codec, wrong_type_count_and_version_are_named) {
  std::vector<std::byte> bytes;
  encode_i64(std::vector<std::int64_t>{1, 2, 3}, &bytes);
  std::vector<std::int64_t> three(3);
  std::vector<std::int64_t> four(4);
  std::vector<double> doubles(3);
  EXPECT_TRUE(decode_i64(bytes, three).ok());
  EXPECT_EQ(decode_i64(bytes, four).code(), Code::kInvalidArgument);
  EXPECT_EQ(decode_f64(bytes, doubles).code(), Code::kInvalidArgument);
  bytes.push_back(std::byte{0});
  EXPECT_EQ(decode_i64(bytes, three).code(), Code::kCorrupt);
  bytes[1] = std::byte{2};
  EXPECT_EQ(decode_i64(bytes, three).code(), Code::kVersionTooNew);
  EXPECT_EQ(decode_i64({}, three).code(), Code::kCorrupt);
}

TEST(Codec, a_patch_beyond_its_vector_is_refused) {
  std::vector<std::int64_t> values(kVectorValues, 5);
  for (std::size_t i = 0; i < values.size(); i += 3) values[i] = 6;
  values[1000] = 1'000'000;
  std::vector<std::byte> bytes;
  put_frame_as(best_kernels(), FrameTransform::kReference, values, &bytes);
  const auto read = [&] {
    ByteReader reader(bytes);
    FrameReader frame;
    return frame.read(best_kernels(), &reader, values.size());
  };
  ASSERT_TRUE(read());
  std::byte* place = bytes.data() + bytes.size() - 4;  // after four bytes of value
  ASSERT_EQ(load<std::uint16_t>(place), 1000);
  store<std::uint16_t>(place, 1023);
  EXPECT_TRUE(read());
  store<std::uint16_t>(place, 1024);
  EXPECT_FALSE(read());
}

template <typename T>
void expect_survives_damage(const std::vector<std::byte>& bytes, std::vector<T>* out) {
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const std::vector<std::byte> cut(bytes.begin(),
                                     bytes.begin() + static_cast<std::ptrdiff_t>(length));
    ASSERT_EQ(decode(cut, *out, best_kernels()).code(), Code::kCorrupt) << length;
  }
  Scratch scratch;
  for (std::size_t at = 0; at < bytes.size(); at += long_tests() ? 1 : 7)
    for (const unsigned flip : {1u, 0x80u, 0xffu}) {
      std::vector<std::byte> damaged = bytes;
      damaged[at] ^= static_cast<std::byte>(flip);
      for (const Kernels* kernels : all_kernels()) (void)decode(damaged, *out, *kernels);
      double sum = 0;
      (void)sum_f64(damaged, static_cast<std::uint32_t>(out->size()), &scratch, &sum);
    }
}

TEST(Codec, damage_is_refused_or_gives_something) {
  Random random(seed());
  for (const std::size_t count : {1, 20, 530}) {
    std::vector<double> doubles(count);
    std::vector<std::int64_t> integers(count);
    for (const ColumnCodec codec : kCodecs) {
      for (const Column<double>& column : double_columns(random, count)) {
        if (count > 20 && column.name != "walk with odd" && column.name != "steps") continue;
        std::vector<std::byte> bytes;
        if (!encode_f64_as(codec, column.values, &bytes)) continue;
        SCOPED_TRACE(column.name + " codec " + std::to_string(static_cast<int>(codec)));
        expect_survives_damage(bytes, &doubles);
      }
      for (const Column<std::int64_t>& column : integer_columns(random, count)) {
        if (count > 20 && column.name != "outliers" && column.name != "lots") continue;
        std::vector<std::byte> bytes;
        if (!encode_i64_as(codec, column.values, &bytes)) continue;
        SCOPED_TRACE(column.name + " codec " + std::to_string(static_cast<int>(codec)));
        expect_survives_damage(bytes, &integers);
      }
    }
  }
}

}  // namespace
}  // namespace ndts::codec
