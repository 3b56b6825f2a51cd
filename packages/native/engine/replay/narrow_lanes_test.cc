// Narrow forms: rows of blocks that share one, through every form of the kernels, against the
// values the rows were made of; and what has no such form.
#include "replay/narrow_lanes.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/long_test_kit.h"
#include "db/db_test_kit.h"
#include "replay/row_expand.h"

namespace ndts {
namespace {

constexpr std::int64_t kNarrowStart = 1'600'000'000'000'000'000;
using Fit = NarrowForm::Fit;

// What a cell of all blocks is.
struct CellKind {
  bool real;
  std::int64_t origin;  // about which its values are
  std::size_t width;    // outside
};

struct NarrowSample {
  std::vector<CellForm> forms;
  std::uint32_t row_bytes = 0;
  std::vector<std::int64_t> times;
  std::vector<std::byte> memory;
  std::vector<std::vector<std::uint64_t>> wanted;  // by cell, by row
  NarrowBlock block;
};

std::vector<CellKind> any_kinds(std::mt19937_64& random, std::size_t cells) {
  constexpr std::size_t kWidths[] = {8, 4, 1};
  std::vector<CellKind> kinds;
  for (std::size_t cell = 0; cell < cells; cell += 1) {
    const bool real = cell == RowCells::kSequence || random() % 3 != 0;
    const auto origin = static_cast<std::int64_t>(random() % 1'000'000) - 500'000;
    kinds.push_back({real, real ? origin : 1000, real ? 8 : kWidths[random() % 3]});
  }
  return kinds;
}

// Decimals of `decimals` digits at most, as the decoder puts them.
NarrowSample make_narrow(std::mt19937_64& random, const std::vector<CellKind>& kinds,
                         std::size_t rows, unsigned decimals) {
  NarrowSample sample;
  std::vector<std::vector<std::int64_t>> values(kinds.size());
  std::vector<CellColumn> columns(kinds.size());
  sample.wanted.resize(kinds.size());
  for (std::size_t cell = 0; cell < kinds.size(); cell += 1) {
    const CellKind& kind = kinds[cell];
    const bool decimal = kind.real && cell != RowCells::kSequence;
    const std::uint64_t span = std::uint64_t{1} << random() % 17;
    const auto exponent = static_cast<std::uint8_t>(random() % (decimals + 1));
    const auto scale = static_cast<std::uint32_t>(1 + random() % 2 * 4);
    for (std::size_t row = 0; row < rows; row += 1) {
      const std::int64_t value = static_cast<std::int64_t>(random() % span);
      values[cell].push_back(decimal ? value : kind.origin + value);
      const std::int64_t whole = decimal ? kind.origin + scale * value : kind.origin + value;
      const double real = static_cast<double>(whole) / (decimal ? power_of_ten(exponent) : 1);
      sample.wanted[cell].push_back(kind.real ? std::bit_cast<std::uint64_t>(real)
                                              : static_cast<std::uint64_t>(whole));
    }
    columns[cell].values = reinterpret_cast<const std::byte*>(values[cell].data());
    if (!decimal) continue;
    columns[cell].offset = static_cast<std::uint64_t>(kind.origin);
    columns[cell].scale = scale;
    columns[cell].exponent = exponent;
  }
  for (std::size_t row = 0; row < rows; row += 1)
    sample.times.push_back(kNarrowStart + static_cast<std::int64_t>(random() % 1000));
  sample.forms.resize(kinds.size());
  sample.row_bytes = plan_rows(columns, rows, sample.forms);
  sample.memory.resize(sample.row_bytes * rows + kRowSpare, std::byte{0xa5});
  for (std::size_t cell = 0; cell < kinds.size(); cell += 1)
    sample.block.greatest[cell] = columns[cell].greatest;
  put_rows(reinterpret_cast<const std::byte*>(sample.times.data()), columns, sample.forms, rows,
           sample.row_bytes, sample.memory.data());
  return sample;
}

// As a merge does: from the start again whenever the form changes.
void fit_all(NarrowForm& form, std::vector<NarrowSample>& samples) {
  for (bool again = true; again;) {
    again = false;
    for (NarrowSample& sample : samples) {
      const std::uint32_t version = form.version();
      const Fit fit = form.fit(sample.forms, &sample.block);
      ASSERT_NE(fit, Fit::kNever);
      ASSERT_EQ(form.version() != version, fit == Fit::kChanged);
      again = again || fit == Fit::kChanged;
    }
  }
}

struct alignas(32) NarrowRow {
  std::int32_t values[kNarrowLanes];
};

// All rows of all samples, one after the other, taken into one window and turned in any order.
void check_narrow(const RowKernels& kernels, const NarrowForm& form,
                  const std::vector<NarrowSample>& samples, const std::vector<CellKind>& kinds,
                  std::mt19937_64& random) {
  std::vector<std::pair<std::size_t, std::size_t>> source;  // sample and row, by place
  std::vector<NarrowRow> window(1000);
  std::vector<std::uint64_t> keys(window.size());
  std::vector<std::uint32_t> symbols(window.size());
  RowShapes shapes;
  for (std::size_t at = 0; at < samples.size(); at += 1) {
    const NarrowSample& sample = samples[at];
    const std::size_t rows = sample.times.size();
    const std::int64_t end = kNarrowStart + 500 + static_cast<std::int64_t>(random() % 600);
    const std::size_t place = source.size();
    const std::size_t taken = kernels.take_narrow(
        {shapes.of(sample.forms), &sample.block, sample.memory.data(), sample.row_bytes, rows,
         window[place].values},
        {kNarrowStart, end, static_cast<std::uint32_t>(at), place, keys.data(), symbols.data()});
    ASSERT_TRUE(taken == rows || sample.times[taken] >= end);
    for (std::size_t row = 0; row < taken; row += 1) {
      ASSERT_LT(sample.times[row], end);
      const auto since = static_cast<std::uint64_t>(sample.times[row] - kNarrowStart);
      ASSERT_EQ(keys[place + row], since << kPlaceBits | (place + row));
      ASSERT_EQ(symbols[place + row], at);
      source.emplace_back(at, row);
    }
  }
  if (source.empty()) return;
  std::vector<std::uint32_t> places(1 + random() % 200);
  for (std::uint32_t& place : places) place = static_cast<std::uint32_t>(random() % source.size());
  std::vector<std::vector<std::byte>> columns(kinds.size());
  std::vector<LaneOut> out(lane_count(kinds.size()));
  for (std::size_t cell = 0; cell < kinds.size(); cell += 1) {
    out[cell].width = random() % 5 == 0 ? 0 : kinds[cell].width;
    columns[cell].resize(out[cell].width * places.size());
    out[cell].first = columns[cell].data();
  }
  kernels.turn_narrow(window[0].values, form, places, out);
  for (std::size_t cell = 0; cell < kinds.size(); cell += 1) {
    for (std::size_t at = 0; at < places.size(); at += 1) {
      const auto [sample, row] = source[places[at]];
      std::byte wanted[8];
      store(wanted, samples[sample].wanted[cell][row]);
      const std::byte* const found = columns[cell].data() + out[cell].width * at;
      ASSERT_TRUE(std::equal(found, found + out[cell].width, wanted))
          << "cell " << cell << " row " << at << " width " << out[cell].width;
    }
  }
}

TEST(NarrowLanesTest, RowsAreTheValues) {
  const std::uint64_t seed = test_seed(4031);
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 400; round += 1) {
    const std::vector<CellKind> kinds = any_kinds(random, 1 + random() % kNarrowLanes);
    std::vector<NarrowSample> samples;
    for (std::size_t blocks = 1 + random() % 5; blocks > 0; blocks -= 1)
      samples.push_back(make_narrow(random, kinds, 1 + random() % 70, round % 4));
    NarrowForm form;
    fit_all(form, samples);
    for (const Simd simd : {Simd::kScalar, Simd::kBest}) {
      check_narrow(row_kernels(simd), form, samples, kinds, random);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

struct Cells {
  CellForm form;
  std::uint64_t greatest;
};

Cells decimal(std::int64_t base, std::uint64_t greatest, std::uint8_t exponent = 2) {
  return {{.base = base, .scale = 1, .bytes = 4, .exponent = exponent}, greatest};
}

// Of one cell beside the sequence.
Fit fit_one(NarrowForm& form, const Cells& cells) {
  NarrowBlock block;
  block.greatest[1] = cells.greatest;
  return form.fit(std::vector<CellForm>{{}, cells.form}, &block);
}

Fit fit_after(const Cells& first, const Cells& second) {
  NarrowForm form;
  EXPECT_EQ(fit_one(form, first), Fit::kFits);
  return fit_one(form, second);
}

TEST(NarrowLanesTest, FourBytesReachSoFar) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  EXPECT_EQ(fit_after(decimal(7, 1), decimal(7 + kMost, 0)), Fit::kFits);
  EXPECT_EQ(fit_after(decimal(7, 1), decimal(7 + kMost + 1, 0)), Fit::kNever);
  EXPECT_EQ(fit_after(decimal(7, 1), decimal(7 + kMost - 5, 5)), Fit::kFits);
  EXPECT_EQ(fit_after(decimal(7, 1), decimal(7 + kMost - 5, 6)), Fit::kNever);
  EXPECT_EQ(fit_after(decimal(7, 1), decimal(7 - kMost - 1, 6)), Fit::kFits);
  EXPECT_EQ(fit_after(decimal(7, 1), decimal(7 - kMost - 2, 6)), Fit::kNever);
  EXPECT_EQ(fit_after(decimal(7, 1), decimal(0, std::uint64_t{1} << 32)), Fit::kNever);
}

TEST(NarrowLanesTest, TheMostDecimalsAreThoseOfAll) {
  EXPECT_EQ(fit_after(decimal(7, 1, 2), decimal(7, 1, 4)), Fit::kChanged);
  EXPECT_EQ(fit_after(decimal(7, 1, 4), decimal(7, 1, 2)), Fit::kFits);
  // 10^9 times so much is beyond four bytes, and 10^15 times beyond what doubles hold.
  EXPECT_EQ(fit_after(decimal(7, 1, 9), decimal(70, 1, 0)), Fit::kNever);
  EXPECT_EQ(fit_after(decimal(std::int64_t{1} << 50, 1, 0), decimal(7, 1, 15)), Fit::kNever);
}

TEST(NarrowLanesTest, WholeNumbersAndDecimalsDoNotShareAColumn) {
  const Cells whole{{.base = 7, .bytes = 1}, 1};
  EXPECT_EQ(fit_after(decimal(7, 1), whole), Fit::kNever);
  EXPECT_EQ(fit_after(whole, decimal(7, 1)), Fit::kNever);
  NarrowForm form;
  NarrowBlock block;
  EXPECT_EQ(form.fit(std::vector<CellForm>(kNarrowLanes + 1), &block), Fit::kNever);
}

TEST(NarrowLanesTest, AnotherDayBeginsAnew) {
  NarrowForm form;
  EXPECT_EQ(fit_one(form, decimal(0, 9)), Fit::kFits);
  const std::uint32_t version = form.version();
  form.clear();
  EXPECT_NE(form.version(), version);
  EXPECT_EQ(fit_one(form, decimal(std::int64_t{1} << 50, 9)), Fit::kFits);
}

}  // namespace
}  // namespace ndts
