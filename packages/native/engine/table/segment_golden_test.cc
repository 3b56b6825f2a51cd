// Versions 1 and 2 of the segment, byte for byte. These texts never change: a new version gets its
// own beside them, and the old ones stay readable.
#include "table/segment_test_kit.h"

namespace ndts {
namespace {

constexpr const char* kVersion1 =
    "46064471010000004e4454535345474d0100000000000000e64f000000000000"
    "0200000000000000030000000000000000000000000000000000000000000000"
    "0000faed517286180100faed5172861807000000000000000800000000000000"
    "000000000000f83f000000000000008000000000000059400000000000000000"
    "000000000000f43f0000000000000000000000000000fc3f0000000000000000"
    "0000000000002440000000000000000000000000000034400000000000000000"
    "0000000001000000020000000200000005000000020000004000000000000000"
    "9000000000000000965a1084010000000000faed517286180100faed51728618"
    "0000000000000080000000000000f83f05000000020000000000000000000000"
    "0200000000000000070000000000000009000000000000000200000000000000"
    "414200000000000050d4009a010000004e4454535345474dd000000000000000"
    "7ce691d701000000010000000100000008000000000000008801000000000000"
    "0000000000000000";

constexpr const char* kVersion2 =
    "41d1da12020000004e4454535345474d0600000007000000e64f000000000000"
    "0400000000000000030000000000000000000000000000000000000000000000"
    "02010100040000000000faed517286180000000000000103480a000000000000"
    "0201010004000000060000000000000001000000000002000201030004000000"
    "0200000000000000000000000000010007010200040000003ff4000000000000"
    "c075ffb5ffd00020020103000400000000000000000000000000000000000104"
    "5090000000000000020103000400000000000000000000000000000000000101"
    "020000000000000001000000780000000002000000797a000201030004000000"
    "0000000000000000000000000000010102000000000000004000000000000000"
    "d800000000000000040000000000000002000000000000000000faed51728618"
    "0500faed5172861807000000000000000b000000000000000000000020000000"
    "f99f659d010000000000faed517286180500faed517286182000000018000000"
    "5453c8480100000007000000000000000a000000000000003800000018000000"
    "69f73c4b01000000020000000000000002000000000000005000000018000000"
    "7267c0cf010000000000000000000080000000000000fc3f6800000020000000"
    "da7ae2d601000000000000000000000009000000000000008800000020000000"
    "3ba228990100000000000000000000000100000000000000a80000000f000000"
    "a19c5e6f0200000000000000000000000000000000000000b800000020000000"
    "3ba2289901000000000000000000000001000000000000000500000000000000"
    "00000000030000000000faed517286180100faed517286180600000000000000"
    "03000000010000000500faed517286180500faed517286180000000000000000"
    "0000010000000000000000000000000000000200000000000000000000000000"
    "0000030000000000000000000500000000000402000000000500000004000000"
    "0100040700000000050000000400000001000507000000000500000004000000"
    "0100060700000000090000000400000002000405000000000500000005000000"
    "0d00000000000000060000000500000012000000000000000200000000000000"
    "07000000000000000b00000000000000040000000000000070726963656e6f74"
    "656f70656e4e414d45354e414d453600ec6e7c18020000004e4454535345474d"
    "18010000000000003079fe230100000002000000010000001800000000000000"
    "b0030000000000000200000008000000";

constexpr std::int64_t kGoldenDay = 20'454;
constexpr std::int64_t kTime = kGoldenDay * kNsPerDay;

std::vector<std::byte> bytes_of_hex(std::string_view hex) {
  std::vector<std::byte> bytes;
  const auto digit = [](char letter) {
    return static_cast<unsigned>(letter <= '9' ? letter - '0' : letter - 'a' + 10);
  };
  for (std::size_t at = 0; at + 1 < hex.size(); at += 2)
    bytes.push_back(static_cast<std::byte>(digit(hex[at]) << 4 | digit(hex[at + 1])));
  return bytes;
}

std::string hex_of(Bytes bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    text += "0123456789abcdef"[static_cast<unsigned>(byte) >> 4];
    text += "0123456789abcdef"[static_cast<unsigned>(byte) & 15];
  }
  return text;
}

std::uint64_t real(double value) { return std::bit_cast<std::uint64_t>(value); }

// Table 7: a price, a nullable text, a bool.
const TableSchema& schema_of_version_2() {
  static const TableSchema schema{7,
                                  "",
                                  {{"price", ValueType::kF64, false},
                                   {"note", ValueType::kText, true},
                                   {"open", ValueType::kBool, false}}};
  return schema;
}

SegmentModel rows_of_version_2() {
  const auto row = [](std::int64_t at, std::uint64_t sequence, double price, const char* note) {
    return ModelRow{kTime + at,
                    sequence,
                    2,
                    {{false, real(price), ""},
                     {note == nullptr, 0, note == nullptr ? "" : note},
                     {false, note == nullptr ? 1u : 0u, ""}}};
  };
  return {{5, {row(0, 7, 1.25, "x"), row(1, 8, -0.0, nullptr), row(1, 9, 1.5, "x")}},
          {6, {row(5, 10, 1.75, "yz")}}};
}

class SegmentGolden : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(files_.make_directory("/g").ok()); }

  std::shared_ptr<const SegmentReader> open(const char* hex) {
    EXPECT_TRUE(files_.replace("/g/old", bytes_of_hex(hex)).ok());
    std::shared_ptr<const SegmentReader> reader;
    const Status status = SegmentReader::open(files_, "/g/old", nullptr, &reader);
    EXPECT_TRUE(status.ok()) << status.text();
    return reader;
  }

  SimFileSystem files_{1};
};

TEST_F(SegmentGolden, Version1IsRead) {
  const std::shared_ptr<const SegmentReader> reader = open(kVersion1);
  ASSERT_NE(reader, nullptr);
  const SegmentRecord expected{3, kGoldenDay, 392,      2, kTime,       kTime + 1, 7,
                               9, kTickTable, 1, 0x9a00'd450, 1};
  EXPECT_EQ(std::memcmp(&reader->record(), &expected, sizeof expected), 0);
  EXPECT_EQ(reader->schema().columns, tick_schema().columns);
  ASSERT_EQ(reader->names().size(), 1u);
  EXPECT_EQ(reader->name(reader->names()[0]), "AB");
  const auto row = [](std::vector<double> values, std::uint64_t flags) {
    std::vector<Cell> cells;
    for (const double value : values) cells.push_back({false, real(value), ""});
    cells.push_back({false, flags, ""});
    return cells;
  };
  const SegmentModel rows = {
      {5,
       {{kTime, 7, 2, row({1.5, 100, 1.25, 1.75, 10, 20}, 0)},
        {kTime + 1, 8, 2, row({-0.0, 0, 0, 0, 0, 0}, 1)}}}};
  SegmentModel found;
  ASSERT_TRUE(read_segment(*reader, &found).ok());
  EXPECT_TRUE(found == rows);
  const auto price = static_cast<std::size_t>(reader->stream(StreamPart::kValues, 0));
  EXPECT_EQ(reader->strip(0, price).min, real(-0.0));
  EXPECT_EQ(reader->strip(0, price).max, real(1.5));
}

TEST_F(SegmentGolden, Version2IsRead) {
  const std::shared_ptr<const SegmentReader> reader = open(kVersion2);
  ASSERT_NE(reader, nullptr);
  EXPECT_EQ(reader->record().table, 7u);
  EXPECT_EQ(reader->record().shard, 6u);
  EXPECT_EQ(reader->schema().columns, schema_of_version_2().columns);
  SegmentModel found;
  ASSERT_TRUE(read_segment(*reader, &found).ok());
  EXPECT_TRUE(found == rows_of_version_2());
}

// Should an encoder choose other codecs one day, this test changes; what is read above does not.
TEST_F(SegmentGolden, Version2IsWrittenByteForByte) {
  Random random(1);
  SegmentRecord record{};
  ASSERT_TRUE(write_segment(files_, "/g/new", random, schema_of_version_2(), kGoldenDay,
                            rows_of_version_2(), &record, 3)
                  .ok());
  std::vector<std::byte> content;
  ASSERT_TRUE(files_.read_file("/g/new", &content).ok());
  EXPECT_EQ(hex_of(content), kVersion2);
}

}  // namespace
}  // namespace ndts
