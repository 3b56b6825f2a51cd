// The worked examples of docs/protocol/ring.md. These bytes are the protocol: they change only with
// its version.
#include <gtest/gtest.h>

#include "ring/row_rings_test_kit.h"

namespace ndts {
namespace {

using Words = std::map<std::size_t, std::uint64_t>;

// A ring of 8 slots, epoch 2, first sequence 5, with one row in slot 5; accepted 6, durable and
// replicated 5, sealed 0, heartbeat 10^12.
template <typename Record>
class RowRingsBytes : public RowRingsFixture<Record> {
 protected:
  BatchOf<Record> row() {
    BatchOf<Record> batch(1);
    const auto& t = batch.columns();
    t.day[0] = 20'454;
    t.ns_of_day[0] = 34'200'123'456'789;
    t.sequence[0] = 5;
    t.symbol[0] = 7;
    t.epoch[0] = 2;
    return batch;
  }
  // All words that are not 0, by their place.
  Words publish_and_read(const BatchOf<Record>& batch) {
    EXPECT_TRUE(this->create(1, 8, 2, 5).ok());
    EXPECT_TRUE(this->writer_->publish(batch.columns(), 1).ok());
    const std::array<double, 4> marks{6, 5, 5, 0};
    EXPECT_TRUE(this->writer_->set_watermarks(marks.data(), marks.size()).ok());
    this->writer_->heartbeat(1'000'000'000'000);
    std::vector<std::byte> bytes;
    EXPECT_TRUE(this->files_->read_file(this->paths().front(), &bytes).ok());
    EXPECT_EQ(bytes.size(), 640u + 8 * sizeof(typename Record::Slot));
    Words found;
    for (std::size_t at = 0; at < bytes.size(); at += 8) {
      const auto word = load<std::uint64_t>(bytes.data() + at);
      if (word != 0) found[at] = word;
    }
    return found;
  }
};

// The header is the same but for the first two words.
Words with_header(std::uint64_t kind, std::uint64_t slot_bytes, const Words& slot) {
  Words words{
      {0, 0x474e49525354444e},   {8, kind << 32 | 1},       {16, 8ull << 32 | slot_bytes},
      {32, 2},                   {40, 5},                   {64, 6},
      {72, 2},                   {80, 0x454e494c474e4956},  {128, 6},
      {136, 2},                  {144, 0x454e494c474e4956}, {192, 6},
      {200, 2},                  {208, 0x454e494c474e4956}, {256, 5},
      {264, 2},                  {272, 0x454e494c474e4955}, {320, 5},
      {328, 2},                  {336, 0x454e494c474e4955}, {392, 2},
      {400, 0x454e494c474e4950}, {448, 0x000000e8d4a51000}, {456, 2},
      {464, 0x454e49a493eb5950}};
  for (const auto& [at, word] : slot) words[640 + 5 * slot_bytes + at] = word;
  return words;
}

using TickBytes = RowRingsBytes<TickRecord>;
TEST_F(TickBytes, OfTheWorkedExample) {
  const TickBatchMemory batch = row();
  const TickColumns& t = batch.columns();
  t.price[0] = 100.25;
  t.volume[0] = 300;
  t.bid[0] = 100.24;
  t.ask[0] = 100.26;
  t.bid_volume[0] = 1200;
  t.ask_volume[0] = 900;
  const Words slot{{0, 0x1886916cc42fbd15},  {8, 7},
                   {16, 0x4059100000000000}, {24, 0x4072c00000000000},
                   {32, 0x40590f5c28f5c28f}, {40, 0x405910a3d70a3d71},
                   {48, 0x4092c00000000000}, {56, 0x408c200000000000}};
  EXPECT_EQ(publish_and_read(batch), with_header(1, 64, slot));
}

using TradeBytes = RowRingsBytes<TradeRecord>;
TEST_F(TradeBytes, OfTheWorkedExample) {
  const BatchOf<TradeRecord> batch = row();
  const TradeColumns& t = batch.columns();
  t.flags[0] = 5;  // bought, with an id
  t.price[0] = 100.25;
  t.volume[0] = 300;
  t.trade_id[0] = 1e9;
  const Words slot{{0, 0x1886916cc42fbd15},
                   {8, 0x0000000500000007},
                   {16, 0x4059100000000000},
                   {24, 0x4072c00000000000},
                   {32, 0x41cdcd6500000000}};
  EXPECT_EQ(publish_and_read(batch), with_header(2, 64, slot));
}

using BookBytes = RowRingsBytes<BookRecord>;
TEST_F(BookBytes, OfTheWorkedExample) {
  const BatchOf<BookRecord> batch = row();
  const BookColumns& t = batch.columns();
  t.bid1[0] = 100.24;
  t.bid_volume1[0] = 1200;
  t.ask1[0] = 100.26;
  t.ask_volume1[0] = 900;
  t.missing[0] = 0xf7bde;  // all but the first of each five
  const Words slot{{0, 0x1886916cc42fbd15},   {8, 7},
                   {16, 0x40590f5c28f5c28f},  {56, 0x4092c00000000000},
                   {96, 0x405910a3d70a3d71},  {136, 0x408c200000000000},
                   {176, 0x00000000000f7bde}};
  EXPECT_EQ(publish_and_read(batch), with_header(3, 256, slot));
}

}  // namespace
}  // namespace ndts
