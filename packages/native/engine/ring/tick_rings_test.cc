// The tick rings of a data node: what is read equals what was written, to the bit and in order.
#include "ring/tick_rings.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <atomic>
#include <bit>
#include <filesystem>
#include <random>

#include "base/thread.h"
#include "generated/constants.h"
#include "ring/tick_batch_memory.h"

namespace ndts {
namespace {

constexpr auto kVoid = static_cast<std::uint32_t>(TickFlags::kVoid);

class TickRingsTest : public testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/ndts-tick-rings-test-XXXXXX";
    ASSERT_NE(mkdtemp(path), nullptr);
    folder_ = path;
    files_ = make_posix_file_system();
  }
  void TearDown() override {
    writer_.reset();
    std::filesystem::remove_all(folder_);
  }

  Status create(std::size_t shards, std::uint32_t slots, std::uint64_t epoch = 1,
                std::uint64_t first = 0) {
    writer_.reset();
    next_.assign(shards, first);
    epoch_ = epoch;
    return TickRingsWriter::create(files_.get(), folder_ + "/rings", slots,
                                   std::vector<std::uint64_t>(shards, epoch),
                                   std::vector<std::uint64_t>(shards, first), &writer_);
  }
  std::vector<std::string> paths() const {
    std::vector<std::string> result;
    for (const RingWriter& ring : writer_->rings()) result.push_back(ring.path());
    return result;
  }
  std::unique_ptr<TickRingsReader> open(
      const RingStart& otherwise = {}, const std::map<std::uint32_t, RingStart>& positions = {}) {
    std::unique_ptr<TickRingsReader> reader;
    const Status status =
        TickRingsReader::open(*files_, paths(), otherwise, positions, &reader);
    EXPECT_TRUE(status.ok()) << status.text();
    return reader;
  }

  // A row whose every field follows from shard and sequence.
  void fill_row(const TickColumns& t, std::size_t row, std::uint32_t shard,
                std::uint64_t sequence) const {
    const auto x = static_cast<double>(sequence * 64 + shard);
    t.day[row] = static_cast<double>(sequence % 5) * 1000 - 2000;
    t.ns_of_day[row] = static_cast<double>((sequence * 7919) % 86'400'000'000'000);
    t.sequence[row] = static_cast<double>(sequence);
    t.price[row] = x + 0.25;
    t.volume[row] = x + 0.5;
    t.bid[row] = -x;
    t.ask[row] = x * 3;
    t.bid_volume[row] = x * 5;
    t.ask_volume[row] = x * 7;
    t.symbol[row] = static_cast<std::uint32_t>(sequence * 31 + shard);
    t.flags[row] = static_cast<std::uint32_t>(sequence % 16);
    t.shard[row] = shard;
    t.epoch[row] = static_cast<std::uint32_t>(epoch_);
  }
  Status publish(const std::vector<std::uint32_t>& shards) {
    const TickBatchMemory batch(std::max<std::size_t>(shards.size(), 1));
    for (std::size_t i = 0; i < shards.size(); ++i)
      fill_row(batch.columns(), i, shards[i], next_[shards[i]]++);
    return writer_->publish(batch.columns(), shards.size());
  }
  bool row_is_right(const TickColumns& t, std::size_t row) const {
    const TickBatchMemory wanted(1);
    fill_row(wanted.columns(), 0, t.shard[row], static_cast<std::uint64_t>(t.sequence[row]));
    const TickColumns& w = wanted.columns();
    return t.day[row] == w.day[0] && t.ns_of_day[row] == w.ns_of_day[0] &&
           t.price[row] == w.price[0] && t.volume[row] == w.volume[0] && t.bid[row] == w.bid[0] &&
           t.ask[row] == w.ask[0] && t.bid_volume[row] == w.bid_volume[0] &&
           t.ask_volume[row] == w.ask_volume[0] && t.symbol[row] == w.symbol[0] &&
           t.flags[row] == w.flags[0] && t.epoch[row] == w.epoch[0];
  }

  std::string folder_;
  std::unique_ptr<FileSystem> files_;
  std::unique_ptr<TickRingsWriter> writer_;
  std::vector<std::uint64_t> next_;
  std::uint64_t epoch_ = 1;
};

TEST_F(TickRingsTest, GathersAllShardsInSequenceOrder) {
  ASSERT_TRUE(create(5, 64, 3, 100).ok());
  const auto reader = open();
  std::mt19937 random(7);
  const TickBatchMemory batch(32);
  std::vector<std::uint64_t> expected(5, 100);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::uint32_t> shards(random() % 30);
    for (std::uint32_t& shard : shards) shard = static_cast<std::uint32_t>(random() % 5);
    ASSERT_TRUE(publish(shards).ok());
    std::size_t left = shards.size();
    while (left > 0) {
      const std::size_t count = reader->poll(batch.columns(), 7);
      ASSERT_GT(count, 0u);
      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_TRUE(row_is_right(batch.columns(), i));
        const std::uint32_t shard = batch.columns().shard[i];
        ASSERT_EQ(batch.columns().sequence[i], static_cast<double>(expected[shard]++));
      }
      left -= count;
    }
    ASSERT_EQ(reader->poll(batch.columns(), 32), 0u);
  }
  EXPECT_EQ(reader->lapped(), 0u);
  EXPECT_EQ(reader->ring(4)->next(), next_[4]);
  EXPECT_EQ(reader->ring(5), nullptr);
}

TEST_F(TickRingsTest, EveryBitOfANumberSurvives) {
  ASSERT_TRUE(create(1, 64).ok());
  const auto reader = open();
  const std::array<std::uint64_t, 6> bits{0x8000'0000'0000'0000, 0x7FF8'0000'0000'1234,
                                          0xFFF0'0000'0000'0000, 1, 0x7FEF'FFFF'FFFF'FFFF, 0};
  const TickBatchMemory batch(bits.size());
  for (std::size_t i = 0; i < bits.size(); ++i) {
    fill_row(batch.columns(), i, 0, i);
    batch.columns().price[i] = std::bit_cast<double>(bits[i]);
  }
  ASSERT_TRUE(writer_->publish(batch.columns(), bits.size()).ok());
  const TickBatchMemory got(bits.size());
  ASSERT_EQ(reader->poll(got.columns(), bits.size()), bits.size());
  for (std::size_t i = 0; i < bits.size(); ++i)
    EXPECT_EQ(std::bit_cast<std::uint64_t>(got.columns().price[i]), bits[i]);
}

TEST_F(TickRingsTest, TimesFromTheFirstToTheLastDay) {
  ASSERT_TRUE(create(1, 64).ok());
  const auto reader = open();
  const std::array<double, 7> days{kDayMin, -1, 0, 1, 20'000, kDayMax, -1};
  const TickBatchMemory batch(2 * days.size());
  for (std::size_t i = 0; i < 2 * days.size(); ++i) {
    fill_row(batch.columns(), i, 0, i);
    batch.columns().day[i] = days[i / 2];
    batch.columns().ns_of_day[i] = i % 2 == 0 ? 0 : 86'399'999'999'999;
  }
  ASSERT_TRUE(writer_->publish(batch.columns(), 2 * days.size()).ok());
  const TickBatchMemory got(2 * days.size());
  ASSERT_EQ(reader->poll(got.columns(), 2 * days.size()), 2 * days.size());
  for (std::size_t i = 0; i < 2 * days.size(); ++i) {
    EXPECT_EQ(got.columns().day[i], batch.columns().day[i]);
    EXPECT_EQ(got.columns().ns_of_day[i], batch.columns().ns_of_day[i]);
  }
}

TEST_F(TickRingsTest, BusyShardDoesNotStarveTheOthers) {
  ASSERT_TRUE(create(4, 4096).ok());
  const auto reader = open();
  ASSERT_TRUE(publish(std::vector<std::uint32_t>(4000, 0)).ok());
  ASSERT_TRUE(publish({1, 2, 3}).ok());
  const TickBatchMemory batch(TickRingsReader::kQuota + 3);
  std::array<int, 4> seen{};
  const std::size_t count = reader->poll(batch.columns(), batch.capacity());
  for (std::size_t i = 0; i < count; ++i) ++seen[batch.columns().shard[i]];
  EXPECT_EQ(seen[1] + seen[2] + seen[3], 3);
}

TEST_F(TickRingsTest, WrongRowsPublishNothing) {
  ASSERT_TRUE(create(2, 64, 4, 10).ok());
  const auto reader = open();
  const auto refused = [&](auto&& spoil) {
    const TickBatchMemory batch(4);
    for (std::size_t i = 0; i < 4; ++i) fill_row(batch.columns(), i, i % 2, 10 + i / 2);
    spoil(batch.columns());
    EXPECT_EQ(writer_->publish(batch.columns(), 4).code(), Code::kInvalidArgument);
    const TickBatchMemory got(4);
    EXPECT_EQ(reader->poll(got.columns(), 4), 0u);
  };
  refused([](const TickColumns& t) { t.shard[3] = 2; });
  refused([](const TickColumns& t) { t.epoch[3] = 5; });
  refused([](const TickColumns& t) { t.sequence[3] = 12; });
  refused([](const TickColumns& t) { t.sequence[3] = 10; });
  refused([](const TickColumns& t) { t.sequence[1] = 9; });
  refused([](const TickColumns& t) { t.sequence[1] = -1; });
  refused([](const TickColumns& t) { t.sequence[1] = std::numeric_limits<double>::quiet_NaN(); });
  refused([](const TickColumns& t) { t.day[2] = 0.5; });
  refused([](const TickColumns& t) { t.ns_of_day[2] = 86'400'000'000'000; });
  refused([](const TickColumns& t) { t.flags[2] = kVoid; });
  EXPECT_TRUE(publish({0, 1, 0, 1}).ok());
}

TEST_F(TickRingsTest, BatchLargerThanTheRingKeepsItsEnd) {
  ASSERT_TRUE(create(2, 64).ok());
  const auto reader = open();
  std::vector<std::uint32_t> shards(1000);
  for (std::size_t i = 0; i < shards.size(); ++i) shards[i] = i % 2;
  ASSERT_TRUE(publish(shards).ok());
  const TickBatchMemory batch(256);
  const std::size_t count = reader->poll(batch.columns(), 256);
  EXPECT_GT(count, 0u);
  for (std::size_t i = 0; i < count; ++i) EXPECT_TRUE(row_is_right(batch.columns(), i));
  EXPECT_EQ(reader->lapped() + count, 1000u);
}

TEST_F(TickRingsTest, SkippedSequencesAreVoidAndCountAsLapped) {
  ASSERT_TRUE(create(1, 64).ok());
  const auto reader = open();
  ASSERT_TRUE(publish({0, 0}).ok());
  next_[0] += 5;
  ASSERT_TRUE(publish({0, 0}).ok());
  const TickBatchMemory batch(64);
  ASSERT_EQ(reader->poll(batch.columns(), 64), 4u);
  EXPECT_EQ(batch.columns().sequence[1], 1.0);
  EXPECT_EQ(batch.columns().sequence[2], 7.0);
  EXPECT_EQ(reader->lapped(), 5u);

  next_[0] += 1'000'000;  // more than the ring holds
  ASSERT_TRUE(publish({0}).ok());
  const auto late = open();
  for (TickRingsReader* one : {reader.get(), late.get()}) {
    std::size_t count = 0;
    while (count == 0) count = one->poll(batch.columns(), 64);
    ASSERT_EQ(count, 1u);
    EXPECT_TRUE(row_is_right(batch.columns(), 0));
  }
  EXPECT_EQ(reader->lapped(), 1'000'005u);
}

TEST_F(TickRingsTest, OlderEpochsAreRemovedAndNewerOnesRespected) {
  ASSERT_TRUE(create(3, 64, 5).ok());
  const std::vector<std::string> old = paths();
  std::vector<std::string> kept;
  for (const std::string& path : old) {
    kept.push_back(path + ".kept");
    std::filesystem::create_hard_link(path, kept.back());
  }
  writer_.reset();
  for (std::size_t i = 0; i < old.size(); ++i) {
    EXPECT_FALSE(std::filesystem::exists(old[i]));
    std::filesystem::rename(kept[i], old[i]);  // as a process leaves them that was killed
  }
  EXPECT_EQ(create(3, 64, 4).code(), Code::kWrongEpoch);
  EXPECT_EQ(create(3, 64, 5).code(), Code::kAlreadyExists);
  ASSERT_TRUE(create(2, 64, 6).ok());
  for (const std::string& path : old) EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(TickRingsTest, PositionsByShard) {
  ASSERT_TRUE(create(3, 64, 2, 20).ok());
  ASSERT_TRUE(publish({0, 1, 2, 0, 1, 2, 0, 1, 2}).ok());
  const auto reader = open({}, {{1, {RingStart::Kind::kAt, 2, 22}}});
  EXPECT_EQ(reader->ring(0)->next(), 20u);
  EXPECT_EQ(reader->ring(1)->next(), 22u);
  const auto tail = open({RingStart::Kind::kTail, 0, 0});
  EXPECT_EQ(tail->ring(2)->next(), 23u);
  std::unique_ptr<TickRingsReader> none;
  EXPECT_EQ(TickRingsReader::open(*files_, paths(), {}, {{1, {RingStart::Kind::kAt, 3, 20}}},
                                  &none)
                .code(),
            Code::kWrongEpoch);
  std::vector<std::string> twice = paths();
  twice.push_back(twice.front());
  EXPECT_EQ(TickRingsReader::open(*files_, twice, {}, {}, &none).code(), Code::kInvalidArgument);
}

TEST_F(TickRingsTest, WatermarksByShard) {
  ASSERT_TRUE(create(2, 64, 1, 10).ok());
  const auto reader = open();
  const std::array<double, 8> marks{14, 13, 12, 11, 24, 23, 22, 21};
  ASSERT_TRUE(writer_->set_watermarks(marks.data(), marks.size()).ok());
  writer_->heartbeat(77);
  EXPECT_EQ(reader->ring(0)->marks().sealed, 11u);
  EXPECT_EQ(reader->ring(1)->marks().accepted, 24u);
  EXPECT_EQ(reader->ring(1)->marks().heartbeat_ns, 77u);
  EXPECT_EQ(writer_->set_watermarks(marks.data(), 4).code(), Code::kInvalidArgument);
  const std::array<double, 8> wrong{14, -1, 12, 11, 24, 23, 22, 21};
  EXPECT_EQ(writer_->set_watermarks(wrong.data(), 8).code(), Code::kInvalidArgument);
}

// The worked example of docs/protocol/ring.md. These bytes are the protocol: they change only with
// its version.
TEST_F(TickRingsTest, BytesOfTheWorkedExample) {
  ASSERT_TRUE(create(1, 8, 2, 5).ok());
  const TickBatchMemory batch(1);
  const TickColumns& t = batch.columns();
  t.day[0] = 20'454;
  t.ns_of_day[0] = 34'200'123'456'789;
  t.sequence[0] = 5;
  t.price[0] = 100.25;
  t.volume[0] = 300;
  t.bid[0] = 100.24;
  t.ask[0] = 100.26;
  t.bid_volume[0] = 1200;
  t.ask_volume[0] = 900;
  t.symbol[0] = 7;
  t.epoch[0] = 2;
  ASSERT_TRUE(writer_->publish(t, 1).ok());
  const std::array<double, 4> marks{6, 5, 5, 0};
  ASSERT_TRUE(writer_->set_watermarks(marks.data(), marks.size()).ok());
  writer_->heartbeat(1'000'000'000'000);

  const std::map<std::size_t, std::uint64_t> golden{
      {0, 0x474e49525354444e},   {8, 0x0000000100000001},   {16, 0x0000000800000040},
      {32, 2},                   {40, 5},                   {64, 6},
      {72, 2},                   {80, 0x454e494c474e4956},  {128, 6},
      {136, 2},                  {144, 0x454e494c474e4956}, {192, 6},
      {200, 2},                  {208, 0x454e494c474e4956}, {256, 5},
      {264, 2},                  {272, 0x454e494c474e4955}, {320, 5},
      {328, 2},                  {336, 0x454e494c474e4955}, {392, 2},
      {400, 0x454e494c474e4950}, {448, 0x000000e8d4a51000}, {456, 2},
      {464, 0x454e49a493eb5950}, {960, 0x1886916cc42fbd15}, {968, 7},
      {976, 0x4059100000000000}, {984, 0x4072c00000000000}, {992, 0x40590f5c28f5c28f},
      {1000, 0x405910a3d70a3d71}, {1008, 0x4092c00000000000}, {1016, 0x408c200000000000}};
  std::vector<std::byte> bytes;
  ASSERT_TRUE(files_->read_file(paths().front(), &bytes).ok());
  ASSERT_EQ(bytes.size(), 640u + 8 * 64);
  std::map<std::size_t, std::uint64_t> found;
  for (std::size_t at = 0; at < bytes.size(); at += 8) {
    const auto word = load<std::uint64_t>(bytes.data() + at);
    if (word != 0) found[at] = word;
  }
  EXPECT_EQ(found, golden);
}

TEST_F(TickRingsTest, WaitPollGivesUpInTimeAndFindsWhatComes) {
  ASSERT_TRUE(create(2, 64).ok());
  const auto reader = open();
  const TickBatchMemory batch(8);
  SystemClock clock;
  const std::int64_t before_ns = clock.monotonic_ns();
  EXPECT_EQ(reader->wait_poll(batch.columns(), 8, 3'000'000, &clock), 0u);
  EXPECT_GE(clock.monotonic_ns() - before_ns, 3'000'000);
  Thread publisher("publisher", [this] { EXPECT_TRUE(publish({1}).ok()); });
  std::size_t count = 0;
  while (count == 0) count = reader->wait_poll(batch.columns(), 8, 1'000'000, &clock);
  EXPECT_EQ(count, 1u);
  publisher.join();
}

TEST_F(TickRingsTest, ReaderThreadSeesWholeRowsOnly) {
  constexpr std::uint64_t kTicks = 500'000;
  ASSERT_TRUE(create(4, 256).ok());
  std::shared_ptr<TickRingsReader> reader = open();
  std::atomic<bool> done{false};  // set when all is published, read by the reader
  std::uint64_t whole = 0;
  std::uint64_t wrong = 0;
  std::uint64_t disordered = 0;
  Thread thread("reader", [&] {
    const TickBatchMemory batch(300);
    std::array<double, 4> last{-1, -1, -1, -1};
    while (true) {
      const bool last_round = done.load(std::memory_order_acquire);
      const std::size_t count = reader->poll(batch.columns(), 300);
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t shard = batch.columns().shard[i];
        ++(row_is_right(batch.columns(), i) ? whole : wrong);
        if (batch.columns().sequence[i] <= last[shard]) ++disordered;
        last[shard] = batch.columns().sequence[i];
      }
      if (last_round && count == 0) break;
    }
  });
  std::mt19937 random(3);
  std::uint64_t published = 0;
  std::vector<std::uint32_t> shards;
  while (published < kTicks) {
    shards.resize(random() % 100);
    for (std::uint32_t& shard : shards) shard = static_cast<std::uint32_t>(random() % 4);
    ASSERT_TRUE(publish(shards).ok());
    published += shards.size();
  }
  done.store(true, std::memory_order_release);
  thread.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(disordered, 0u);
  EXPECT_EQ(whole + reader->lapped(), published);
}

}  // namespace
}  // namespace ndts
