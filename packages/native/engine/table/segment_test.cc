// One segment: what goes in comes out bit for bit; every flipped byte and every length it is cut
// to is named.
#include "table/segment_test_kit.h"

namespace ndts {
namespace {

constexpr std::int64_t kDay = 19'000;

class Segment : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(files_.make_directory("/t").ok()); }

  void write(const TableSchema& schema, const SegmentModel& model, std::int64_t day = kDay) {
    const std::string path = "/t/" + std::to_string(written_ += 1);
    path_ = path;
    const Status status = write_segment(files_, path, random_, schema, day, model, &record_);
    ASSERT_TRUE(status.ok()) << status.text();
  }
  void expect_same(const TableSchema& schema, const SegmentModel& model) {
    SegmentModel found;
    std::shared_ptr<const SegmentReader> reader;
    Status status = SegmentReader::open(files_, path_, &record_, &reader);
    ASSERT_TRUE(status.ok()) << status.text();
    status = read_segment(*reader, &found);
    ASSERT_TRUE(status.ok()) << status.text();
    EXPECT_TRUE(found == model);
    EXPECT_EQ(reader->schema().columns, schema.columns);
    EXPECT_EQ(reader->schema().id, schema.id);
  }

  SimFileSystem files_{1};
  Random random_{1};
  int written_ = 0;
  std::string path_;
  SegmentRecord record_{};
};

TEST_F(Segment, ReadsBackRandomTablesBitForBit) {
  const std::uint64_t seed = segment_seed(7);
  SCOPED_TRACE("NDTS_TEST_SEED=" + std::to_string(seed));
  random_.seed(seed);
  for (int round = 0; round < 25; round += 1) {
    const TableSchema schema = random_schema(random_);
    SegmentModel model;
    std::uint64_t sequence = random_() % 1000;
    for (std::uint32_t symbol = 0; model.size() < 1 + random_() % 6;) {
      const std::size_t sizes[] = {1,    3,    kOwnBlockRows - 1, kOwnBlockRows, kOwnBlockRows + 1,
                                   4095, 4096, 4097,              5119,          5120};
      const std::size_t count = sizes[random_() % 10];
      model[symbol] = random_rows(random_, schema, count, kDay * kNsPerDay, sequence);
      symbol += 1 + static_cast<std::uint32_t>(random_() % 5);
      sequence += count;
    }
    write(schema, model);
    expect_same(schema, model);
  }
}

}  // namespace
}  // namespace ndts
