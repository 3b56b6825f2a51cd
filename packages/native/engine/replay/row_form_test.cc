// Rows in as few bytes as they need, against the values they were made of.
#include "replay/row_form.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "base/long_test_kit.h"
#include "db/db_test_kit.h"

namespace ndts {
namespace {

// A column as it is put in, and as it must come out.
struct FormSample {
  CellColumn column;
  std::vector<std::byte> values;
  std::vector<std::byte> wanted;
  std::size_t width = 8;
};

template <typename T>
void append_value(std::vector<std::byte>& to, T value) {
  to.resize(to.size() + sizeof value);
  store(to.data() + to.size() - sizeof value, value);
}

// Integers of some width that stay within some distance of each other.
void fill_integers(std::mt19937_64& random, std::size_t rows, FormSample& sample) {
  const std::uint64_t least = random();
  const std::uint64_t mask = random() % 4 == 0 ? 0 : ~std::uint64_t{0} >> random() % 64;
  for (std::size_t row = 0; row < rows; row += 1) {
    const std::uint64_t value = least + (random() & mask);
    if (sample.width == 8) append_value(sample.values, value);
    if (sample.width == 4) append_value(sample.values, static_cast<std::uint32_t>(value));
    if (sample.width == 1) append_value(sample.values, static_cast<std::uint8_t>(value));
  }
  sample.wanted = sample.values;
}

void fill_decimals(std::mt19937_64& random, std::size_t rows, FormSample& sample) {
  sample.column.exponent = static_cast<std::uint8_t>(random() % 16);
  sample.column.scale = static_cast<std::uint32_t>(1 + random() % 1000);
  sample.column.offset = random() % 50;
  const auto least = static_cast<std::int64_t>(random() % 1'000'000) - 500'000;
  const std::uint64_t mask = ~std::uint64_t{0} >> (24 + random() % 40);
  for (std::size_t row = 0; row < rows; row += 1) {
    const std::int64_t value = least + static_cast<std::int64_t>(random() & mask);
    const std::int64_t whole = static_cast<std::int64_t>(sample.column.offset) +
                               static_cast<std::int64_t>(sample.column.scale) * value;
    append_value(sample.values, value);
    append_value(sample.wanted,
                 static_cast<double>(whole) / power_of_ten(sample.column.exponent));
  }
}

FormSample sample_of(std::mt19937_64& random, std::size_t rows) {
  FormSample sample;
  const std::uint64_t kind = random() % 5;
  sample.width = kind == 1 ? 4 : kind == 2 ? 1 : 8;
  if (kind == 3) {
    fill_decimals(random, rows, sample);
  } else if (kind == 4) {
    sample.wanted.assign(8 * rows, std::byte{0});
    return sample;
  } else {
    fill_integers(random, rows, sample);
  }
  sample.column.width = sample.width;
  sample.column.values = sample.values.data();
  return sample;
}

TEST(RowFormTest, GivesBackTheValues) {
  const std::uint64_t seed = test_seed(4011);
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; round += 1) {
    const std::size_t rows = 1 + random() % (round % 20 == 0 ? 4096 : 300);
    std::vector<FormSample> samples(1 + random() % 9);
    for (FormSample& sample : samples) sample = sample_of(random, rows);
    std::vector<CellColumn> columns;
    for (const FormSample& sample : samples) columns.push_back(sample.column);
    std::vector<CellForm> forms(columns.size());
    const std::uint32_t row_bytes = plan_rows(columns, rows, forms);
    std::vector<std::byte> memory(row_bytes * rows);
    std::vector<std::int64_t> times(rows);
    for (std::int64_t& time : times) time = static_cast<std::int64_t>(random());
    std::sort(times.begin(), times.end());
    put_rows(reinterpret_cast<const std::byte*>(times.data()), columns, forms, rows, row_bytes,
             memory.data());
    const DecodedRows decoded{.rows = memory.data(), .row_bytes = row_bytes};
    const std::size_t some = random() % rows;
    ASSERT_EQ(decoded.time(some), times[some]);
    const std::int64_t wanted = times[some] + static_cast<std::int64_t>(random() % 2);
    const auto expected = std::lower_bound(times.begin(), times.end(), wanted);
    ASSERT_EQ(decoded.first_from(wanted, 0, rows),
              static_cast<std::size_t>(expected - times.begin()));
    for (std::size_t cell = 0; cell < samples.size(); cell += 1) {
      const FormSample& sample = samples[cell];
      const std::size_t first = random() % rows;
      const std::size_t count = 1 + random() % (rows - first);
      std::vector<std::byte> out(sample.width * count);
      read_cells(forms[cell], {memory.data() + row_bytes * first, row_bytes}, count, sample.width,
                 {out.data(), sample.width});
      const auto from = sample.wanted.begin() + static_cast<std::ptrdiff_t>(sample.width * first);
      ASSERT_TRUE(std::equal(out.begin(), out.end(), from)) << "cell " << cell;
    }
  }
}

TEST(RowFormTest, TakesNoMoreThanItNeeds) {
  const std::vector<std::uint64_t> equal(64, 7);
  std::vector<std::uint64_t> near;
  for (std::uint64_t value = 0; value < 64; value += 1) near.push_back(value + (1ull << 60));
  std::vector<CellColumn> columns(2);
  columns[0].values = reinterpret_cast<const std::byte*>(equal.data());
  columns[1].values = reinterpret_cast<const std::byte*>(near.data());
  std::vector<CellForm> forms(2);
  EXPECT_EQ(plan_rows(columns, 64, forms), 9u);  // its time and a byte
  EXPECT_EQ(forms[0].bytes, 0);
  EXPECT_EQ(forms[1].bytes, 1);
}

}  // namespace
}  // namespace ndts
