// Rows on their way out: every form of the kernels against the values the rows were made of.
#include "replay/row_expand.h"

#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/long_test_kit.h"
#include "db/db_test_kit.h"

namespace ndts {
namespace {

constexpr std::int64_t kStart = 1'700'000'000'000'000'000;

std::uint64_t bits_of(double value) { return std::bit_cast<std::uint64_t>(value); }

// Cells of random widths, integers and decimals, and what their lanes are by the definition.
struct Sample {
  std::vector<CellForm> forms;
  std::uint32_t row_bytes = sizeof(std::int64_t);
  std::vector<std::int64_t> times;
  std::vector<std::byte> memory;
  std::vector<std::uint64_t> bases;
  std::vector<std::vector<std::uint64_t>> wanted;  // by cell, by row
};

CellForm any_form(std::mt19937_64& random, bool sequence) {
  constexpr std::uint8_t kWidths[] = {0, 1, 2, 4, 8};
  CellForm form;
  form.bytes = kWidths[random() % std::size(kWidths)];
  form.base = static_cast<std::int64_t>(random());
  if (sequence) {
    form.base = static_cast<std::int64_t>(random() >> 16);
  } else if (random() % 3 != 0) {
    form.base = static_cast<std::int64_t>(random() >> 20) - (std::int64_t{1} << 43);
    form.scale = static_cast<std::uint32_t>(1 + random() % 100);
    form.exponent = static_cast<std::uint8_t>(random() % 16);
  }
  return form;
}

std::uint64_t wanted_of(const CellForm& form, bool sequence, std::uint64_t value) {
  const std::uint64_t base = static_cast<std::uint64_t>(form.base);
  if (sequence) return bits_of(static_cast<double>(static_cast<std::int64_t>(base + value)));
  if (form.exponent == CellForm::kInteger) return base + value;
  const std::int64_t whole = form.base + static_cast<std::int64_t>(form.scale * value);
  return bits_of(static_cast<double>(whole) / power_of_ten(form.exponent));
}

Sample make_sample(std::mt19937_64& random, std::size_t cells, std::size_t rows) {
  Sample sample;
  for (std::size_t cell = 0; cell < cells; cell += 1)
    sample.forms.push_back(any_form(random, cell == RowCells::kSequence));
  for (CellForm& form : sample.forms) {
    form.offset = static_cast<std::uint16_t>(sample.row_bytes);
    sample.row_bytes += form.bytes;
  }
  sample.memory.resize(sample.row_bytes * rows + kRowSpare, std::byte{0xa5});
  sample.wanted.resize(cells);
  for (std::size_t row = 0; row < rows; row += 1) {
    sample.times.push_back(kStart + static_cast<std::int64_t>(random() % 1000));
    store(sample.memory.data() + sample.row_bytes * row, sample.times.back());
  }
  for (std::size_t cell = 0; cell < cells; cell += 1) {
    const CellForm& form = sample.forms[cell];
    const bool integer = form.exponent == CellForm::kInteger && cell != RowCells::kSequence;
    const std::uint64_t most = integer ? ~std::uint64_t{0} : (std::uint64_t{1} << 43) - 1;
    for (std::size_t row = 0; row < rows; row += 1) {
      std::uint64_t value = random() & most;
      if (form.bytes < 8) value &= (std::uint64_t{1} << 8 * form.bytes) - 1;
      std::byte bytes[8];
      store(bytes, value);
      std::copy_n(bytes, form.bytes,
                  sample.memory.data() + sample.row_bytes * row + form.offset);
      sample.wanted[cell].push_back(wanted_of(form, cell == RowCells::kSequence, value));
    }
  }
  sample.bases.resize(lane_count(cells));
  put_bases(sample.forms, sample.bases.data());
  return sample;
}

// Only rows before the first that is at the end or later; keys and symbols at their places.
void check_end(const RowKernels& kernels, const Sample& sample, const PackedRows& packed,
               std::uint64_t* lanes) {
  constexpr std::size_t kPlace = 5;
  const std::int64_t end = kStart + 900;
  std::vector<std::uint64_t> keys(kPlace + packed.count, 1);
  std::vector<std::uint32_t> symbols(kPlace + packed.count, 1);
  const std::size_t taken =
      kernels.take(packed, {kStart, end, 42, kPlace, keys.data(), symbols.data(), lanes});
  ASSERT_LE(taken, packed.count);
  if (taken < packed.count) {
    ASSERT_GE(sample.times[taken], end);
  }
  for (std::size_t row = 0; row < packed.count; row += 1) {
    const std::size_t place = kPlace + row;
    const auto since = static_cast<std::uint64_t>(sample.times[row] - kStart);
    ASSERT_TRUE(row >= taken || sample.times[row] < end);
    ASSERT_EQ(keys[place], row < taken ? since << kPlaceBits | place : 1);
    ASSERT_EQ(symbols[place], row < taken ? 42 : 1);
  }
}

// Expanded from the start of a window, then turned in any order, into columns of any width.
void check(const RowKernels& kernels, const Sample& sample, std::mt19937_64& random) {
  const std::size_t cells = sample.forms.size();
  const std::size_t lanes = lane_count(cells);
  const std::size_t rows = sample.wanted[0].size();
  RowShapes shapes;
  const RowShape* const shape = shapes.of(sample.forms);
  std::vector<LaneGroup> aligned(1 + lanes * rows * sizeof(double) / sizeof(LaneGroup) + 1);
  auto* const expanded = reinterpret_cast<std::uint64_t*>(aligned.data());
  const PackedRows packed{shape, sample.bases.data(), sample.memory.data(), sample.row_bytes,
                          rows};
  check_end(kernels, sample, packed, expanded);
  std::vector<std::uint64_t> keys(rows);
  std::vector<std::uint32_t> symbols(rows);
  const WindowPart all{kStart, kStart + 1000, 7, 0, keys.data(), symbols.data(), expanded};
  ASSERT_EQ(kernels.take(packed, all), rows);
  std::vector<std::uint32_t> places(1 + random() % (2 * rows));
  for (std::uint32_t& place : places) place = static_cast<std::uint32_t>(random() % rows);
  constexpr std::size_t kWidths[] = {8, 8, 4, 1, 0};
  std::vector<std::vector<std::byte>> columns(lanes);
  std::vector<LaneOut> out(lanes);
  for (std::size_t lane = 0; lane < cells; lane += 1) {
    out[lane].width = kWidths[random() % std::size(kWidths)];
    columns[lane].resize(out[lane].width * places.size());
    out[lane].first = columns[lane].data();
  }
  kernels.turn({expanded, lanes}, places, out);
  for (std::size_t cell = 0; cell < cells; cell += 1) {
    for (std::size_t at = 0; at < places.size(); at += 1) {
      std::byte wanted[8];
      store(wanted, sample.wanted[cell][places[at]]);
      const std::byte* const found = columns[cell].data() + out[cell].width * at;
      ASSERT_TRUE(std::equal(found, found + out[cell].width, wanted))
          << "cell " << cell << " row " << at << " width " << out[cell].width;
    }
  }
}

TEST(RowExpandTest, LanesAreTheValues) {
  const std::uint64_t seed = test_seed(4021);
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 600; round += 1) {
    const Sample sample = make_sample(random, 1 + random() % 11, 1 + random() % 70);
    for (const Simd simd : {Simd::kScalar, Simd::kBest}) {
      check(row_kernels(simd), sample, random);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(RowExpandTest, FormsThatDifferInTheirBasesShareAShape) {
  std::vector<CellForm> forms = {{.base = 7, .bytes = 2}, {.base = 9, .offset = 2, .bytes = 1}};
  RowShapes shapes;
  const RowShape* const first = shapes.of(forms);
  forms[1].base = 10;
  EXPECT_EQ(shapes.of(forms), first);
  forms[1].bytes = 4;
  EXPECT_NE(shapes.of(forms), first);
}

}  // namespace
}  // namespace ndts
