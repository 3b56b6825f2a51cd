// One segment: what goes in comes out bit for bit; every flipped byte and every length it is cut
// to is named.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "base/sim_file.h"
#include "table/segment_reader.h"
#include "table/segment_writer.h"

namespace ndts {
namespace {

constexpr std::int64_t kDay = 19'000;

std::vector<TickRow> rows_of(std::uint32_t symbol, std::size_t count, std::uint64_t sequence) {
  const double odd[] = {-0.0,
                        std::numeric_limits<double>::infinity(),
                        -std::numeric_limits<double>::infinity(),
                        std::numeric_limits<double>::denorm_min(),
                        std::numeric_limits<double>::max(),
                        std::bit_cast<double>(0x7ff8'0000'dead'beefu),
                        std::bit_cast<double>(0xfff0'0000'0000'0001u)};
  std::vector<TickRow> rows;
  for (std::size_t at = 0; at < count; at += 1) {
    const double price = at < 7 ? odd[at] : 100.0 + static_cast<double>(at);
    const std::int64_t time = kDay * kNsPerDay + static_cast<std::int64_t>(at / 2);
    rows.push_back({time, sequence + at, 1 + at / 50, price, -price, price / 3, odd[at % 7], 1e-300,
                    7.0, symbol, static_cast<std::uint32_t>(at)});
  }
  return rows;
}

class Segment : public testing::Test {
 protected:
  void write(std::size_t first, std::size_t second) {
    ASSERT_TRUE(files_.make_directory("/t").ok());
    rows_ = {rows_of(3, first, 1000), rows_of(9, second, 5)};
    SegmentWriter writer(files_, "/t/s", 42, 6, kDay);
    ASSERT_TRUE(writer.create().ok());
    for (const std::vector<TickRow>& rows : rows_) {
      const std::string name = "NAME" + std::to_string(rows[0].symbol);
      ASSERT_TRUE(writer.begin_symbol(rows[0].symbol, name).ok());
      for (const TickRow& row : rows) ASSERT_TRUE(writer.add(row).ok());
    }
    ASSERT_TRUE(writer.finish(&summary_).ok());
  }

  // Opens it and compares every row.
  Status read() {
    std::unique_ptr<SegmentReader> reader;
    NDTS_TRY(SegmentReader::open(files_, "/t/s", &summary_, &reader));
    for (const std::vector<TickRow>& rows : rows_) {
      std::size_t at = 0;
      for (const SegmentBlock& block : reader->blocks(rows[0].symbol)) {
        BlockColumns columns;
        NDTS_TRY(reader->read(block, &columns));
        for (std::size_t index = 0; index < columns.rows; index += 1, at += 1) {
          const TickRow found = columns.row(index);
          EXPECT_EQ(std::memcmp(&found, &rows[at], sizeof found), 0) << at;
        }
      }
      EXPECT_EQ(at, rows.size());
    }
    return {};
  }

  SimFileSystem files_{1};
  std::vector<std::vector<TickRow>> rows_;
  ManifestSegment summary_{};
};

TEST_F(Segment, ReadsBackBitForBit) {
  write(10'000, 300);
  const Status status = read();
  EXPECT_TRUE(status.ok()) << status.text();
  std::unique_ptr<SegmentReader> reader;
  ASSERT_TRUE(SegmentReader::open(files_, "/t/s", &summary_, &reader).ok());
  EXPECT_EQ(reader->blocks(3).size(), 3u);
  EXPECT_EQ(reader->blocks(9).size(), 1u);
  EXPECT_TRUE(reader->blocks(4).empty());
  EXPECT_TRUE(reader->blocks(10).empty());
  EXPECT_EQ(reader->name(reader->names()[1]), "NAME9");
  EXPECT_EQ(reader->summary().first_sequence, 5u);
  EXPECT_EQ(reader->summary().end_sequence, 11'000u);
  EXPECT_EQ(reader->blocks(9)[0].max_price, std::numeric_limits<double>::infinity());
  EXPECT_EQ(reader->blocks(3)[2].min_price, 100.0 + 8192);
}

TEST_F(Segment, NamesEveryFlippedByte) {
  write(30, 10);
  for (std::uint64_t at = 0; at < summary_.bytes; at += 1) {
    const auto bit = static_cast<unsigned>(at % 8);
    files_.flip_bit("/t/s", at, bit);
    const Status status = read();
    EXPECT_EQ(status.code(), Code::kCorrupt) << "byte " << at << ": " << status.text();
    EXPECT_EQ(status.file(), "/t/s");
    files_.flip_bit("/t/s", at, bit);
  }
  EXPECT_TRUE(read().ok());
}

TEST_F(Segment, NamesEveryLengthItIsCutTo) {
  write(30, 10);
  for (std::uint64_t bytes = summary_.bytes; bytes > 0; bytes -= 1) {
    files_.cut("/t/s", bytes - 1);
    EXPECT_EQ(read().code(), Code::kCorrupt) << "cut to " << bytes - 1;
  }
}

TEST_F(Segment, RefusesAnotherFileInItsPlace) {
  write(30, 10);
  summary_.rows += 1;
  EXPECT_EQ(read().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace ndts
