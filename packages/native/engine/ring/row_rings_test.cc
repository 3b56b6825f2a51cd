// Rings of ticks, trades and books: what is read equals what was written, to the bit and in order,
// the same for every kind.
#include "ring/row_rings.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <random>

#include "ring/row_rings_test_kit.h"

namespace ndts {
namespace {

template <typename Record>
class RowRingsTest : public RowRingsFixture<Record> {};
TYPED_TEST_SUITE(RowRingsTest, RowRecords);

TYPED_TEST(RowRingsTest, GathersAllShardsInSequenceOrder) {
  ASSERT_TRUE(this->create(5, 64, 3, 100).ok());
  const auto reader = this->open();
  std::mt19937 random(7);
  const BatchOf<TypeParam> batch(32);
  std::vector<std::uint64_t> expected(5, 100);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::uint32_t> shards(random() % 30);
    for (std::uint32_t& shard : shards) shard = static_cast<std::uint32_t>(random() % 5);
    ASSERT_TRUE(this->publish(shards).ok());
    std::size_t left = shards.size();
    while (left > 0) {
      const std::size_t count = reader->poll(batch.columns(), 7);
      ASSERT_GT(count, 0u);
      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_TRUE(this->row_is_right(batch.columns(), i));
        const std::uint32_t shard = batch.columns().shard[i];
        ASSERT_EQ(batch.columns().sequence[i], static_cast<double>(expected[shard]++));
      }
      left -= count;
    }
    ASSERT_EQ(reader->poll(batch.columns(), 32), 0u);
  }
  EXPECT_EQ(reader->lapped(), 0u);
  EXPECT_EQ(reader->ring(4)->next(), this->next_[4]);
  EXPECT_EQ(reader->ring(5), nullptr);
}

TYPED_TEST(RowRingsTest, EveryBitOfANumberSurvives) {
  ASSERT_TRUE(this->create(1, 64).ok());
  const auto reader = this->open();
  const std::array<std::uint64_t, 6> bits{0x8000'0000'0000'0000, 0x7FF8'0000'0000'1234,
                                          0xFFF0'0000'0000'0000, 1, 0x7FEF'FFFF'FFFF'FFFF, 0};
  const BatchOf<TypeParam> batch(bits.size());
  for (std::size_t i = 0; i < bits.size(); ++i) {
    this->fill_row(batch.columns(), i, 0, i);
    TypeParam::each_number(batch.columns(), [&](double* column, std::size_t) {
      column[i] = std::bit_cast<double>(bits[i]);
    });
  }
  ASSERT_TRUE(this->writer_->publish(batch.columns(), bits.size()).ok());
  const BatchOf<TypeParam> got(bits.size());
  ASSERT_EQ(reader->poll(got.columns(), bits.size()), bits.size());
  for (std::size_t i = 0; i < bits.size(); ++i)
    TypeParam::each_number(got.columns(), [&](const double* column, std::size_t) {
      EXPECT_EQ(std::bit_cast<std::uint64_t>(column[i]), bits[i]);
    });
}

TYPED_TEST(RowRingsTest, TimesFromTheFirstToTheLastDay) {
  ASSERT_TRUE(this->create(1, 64).ok());
  const auto reader = this->open();
  const std::array<double, 7> days{kDayMin, -1, 0, 1, 20'000, kDayMax, -1};
  const BatchOf<TypeParam> batch(2 * days.size());
  for (std::size_t i = 0; i < 2 * days.size(); ++i) {
    this->fill_row(batch.columns(), i, 0, i);
    batch.columns().day[i] = days[i / 2];
    batch.columns().ns_of_day[i] = i % 2 == 0 ? 0 : 86'399'999'999'999;
  }
  ASSERT_TRUE(this->writer_->publish(batch.columns(), 2 * days.size()).ok());
  const BatchOf<TypeParam> got(2 * days.size());
  ASSERT_EQ(reader->poll(got.columns(), 2 * days.size()), 2 * days.size());
  for (std::size_t i = 0; i < 2 * days.size(); ++i) {
    EXPECT_EQ(got.columns().day[i], batch.columns().day[i]);
    EXPECT_EQ(got.columns().ns_of_day[i], batch.columns().ns_of_day[i]);
  }
}

TYPED_TEST(RowRingsTest, BusyShardDoesNotStarveTheOthers) {
  ASSERT_TRUE(this->create(4, 4096).ok());
  const auto reader = this->open();
  ASSERT_TRUE(this->publish(std::vector<std::uint32_t>(4000, 0)).ok());
  ASSERT_TRUE(this->publish({1, 2, 3}).ok());
  const BatchOf<TypeParam> batch(RowRingsReader<TypeParam>::kQuota + 3);
  std::array<int, 4> seen{};
  const std::size_t count = reader->poll(batch.columns(), batch.capacity());
  for (std::size_t i = 0; i < count; ++i) ++seen[batch.columns().shard[i]];
  EXPECT_EQ(seen[1] + seen[2] + seen[3], 3);
}

TYPED_TEST(RowRingsTest, WrongRowsPublishNothing) {
  ASSERT_TRUE(this->create(2, 64, 4, 10).ok());
  const auto reader = this->open();
  const auto refused = [&](auto&& spoil) {
    const BatchOf<TypeParam> batch(4);
    for (std::size_t i = 0; i < 4; ++i) this->fill_row(batch.columns(), i, i % 2, 10 + i / 2);
    spoil(batch.columns());
    EXPECT_EQ(this->writer_->publish(batch.columns(), 4).code(), Code::kInvalidArgument);
    const BatchOf<TypeParam> got(4);
    EXPECT_EQ(reader->poll(got.columns(), 4), 0u);
  };
  refused([](const auto& t) { t.shard[3] = 2; });
  refused([](const auto& t) { t.epoch[3] = 5; });
  refused([](const auto& t) { t.sequence[3] = 12; });
  refused([](const auto& t) { t.sequence[3] = 10; });
  refused([](const auto& t) { t.sequence[1] = 9; });
  refused([](const auto& t) { t.sequence[1] = -1; });
  refused([](const auto& t) { t.sequence[1] = std::numeric_limits<double>::quiet_NaN(); });
  refused([](const auto& t) { t.day[2] = 0.5; });
  refused([](const auto& t) { t.ns_of_day[2] = 86'400'000'000'000; });
  refused([](const auto& t) { t.flags[2] = kVoidFlag; });
  EXPECT_TRUE(this->publish({0, 1, 0, 1}).ok());
}

TYPED_TEST(RowRingsTest, BatchLargerThanTheRingKeepsItsEnd) {
  ASSERT_TRUE(this->create(2, 64).ok());
  const auto reader = this->open();
  std::vector<std::uint32_t> shards(1000);
  for (std::size_t i = 0; i < shards.size(); ++i) shards[i] = i % 2;
  ASSERT_TRUE(this->publish(shards).ok());
  const BatchOf<TypeParam> batch(256);
  const std::size_t count = reader->poll(batch.columns(), 256);
  EXPECT_GT(count, 0u);
  for (std::size_t i = 0; i < count; ++i) EXPECT_TRUE(this->row_is_right(batch.columns(), i));
  EXPECT_EQ(reader->lapped() + count, 1000u);
}

TYPED_TEST(RowRingsTest, SkippedSequencesAreVoidAndCountAsLapped) {
  ASSERT_TRUE(this->create(1, 64).ok());
  const auto reader = this->open();
  ASSERT_TRUE(this->publish({0, 0}).ok());
  this->next_[0] += 5;
  ASSERT_TRUE(this->publish({0, 0}).ok());
  const BatchOf<TypeParam> batch(64);
  ASSERT_EQ(reader->poll(batch.columns(), 64), 4u);
  EXPECT_EQ(batch.columns().sequence[1], 1.0);
  EXPECT_EQ(batch.columns().sequence[2], 7.0);
  EXPECT_EQ(reader->lapped(), 5u);
  EXPECT_EQ(reader->overtaken(), 0u);

  this->next_[0] += 1'000'000;  // more than the ring holds
  ASSERT_TRUE(this->publish({0}).ok());
  const auto late = this->open();
  for (RowRingsReader<TypeParam>* one : {reader.get(), late.get()}) {
    std::size_t count = 0;
    while (count == 0) count = one->poll(batch.columns(), 64);
    ASSERT_EQ(count, 1u);
    EXPECT_TRUE(this->row_is_right(batch.columns(), 0));
  }
  EXPECT_EQ(reader->lapped(), 1'000'005u);
}

TYPED_TEST(RowRingsTest, OlderEpochsAreRemovedAndNewerOnesRespected) {
  ASSERT_TRUE(this->create(3, 64, 5).ok());
  const std::vector<std::string> old = this->paths();
  std::vector<std::string> kept;
  for (const std::string& path : old) {
    kept.push_back(path + ".kept");
    std::filesystem::create_hard_link(path, kept.back());
  }
  this->writer_.reset();
  for (std::size_t i = 0; i < old.size(); ++i) {
    EXPECT_FALSE(std::filesystem::exists(old[i]));
    std::filesystem::rename(kept[i], old[i]);  // as a process leaves them that was killed
  }
  EXPECT_EQ(this->create(3, 64, 4).code(), Code::kWrongEpoch);
  EXPECT_EQ(this->create(3, 64, 5).code(), Code::kAlreadyExists);
  ASSERT_TRUE(this->create(2, 64, 6).ok());
  for (const std::string& path : old) EXPECT_FALSE(std::filesystem::exists(path));
}

TYPED_TEST(RowRingsTest, PositionsByShard) {
  ASSERT_TRUE(this->create(3, 64, 2, 20).ok());
  ASSERT_TRUE(this->publish({0, 1, 2, 0, 1, 2, 0, 1, 2}).ok());
  const auto reader = this->open({}, {{1, {RingStart::Kind::kAt, 2, 22}}});
  EXPECT_EQ(reader->ring(0)->next(), 20u);
  EXPECT_EQ(reader->ring(1)->next(), 22u);
  const auto tail = this->open({RingStart::Kind::kTail, 0, 0}, {});
  EXPECT_EQ(tail->ring(2)->next(), 23u);
  const auto code = [this](const std::vector<std::string>& paths,
                           const std::map<std::uint32_t, RingStart>& positions) {
    std::unique_ptr<RowRingsReader<TypeParam>> none;
    return RowRingsReader<TypeParam>::open(*this->files_, paths, {}, positions, &none).code();
  };
  EXPECT_EQ(code(this->paths(), {{1, {RingStart::Kind::kAt, 3, 20}}}), Code::kWrongEpoch);
  std::vector<std::string> twice = this->paths();
  twice.push_back(twice.front());
  EXPECT_EQ(code(twice, {}), Code::kInvalidArgument);
}

TYPED_TEST(RowRingsTest, WatermarksByShard) {
  ASSERT_TRUE(this->create(2, 64, 1, 10).ok());
  const auto reader = this->open();
  const std::array<double, 8> marks{14, 13, 12, 11, 24, 23, 22, 21};
  ASSERT_TRUE(this->writer_->set_watermarks(marks.data(), marks.size()).ok());
  this->writer_->heartbeat(77);
  EXPECT_EQ(reader->ring(0)->marks().sealed, 11u);
  EXPECT_EQ(reader->ring(1)->marks().accepted, 24u);
  EXPECT_EQ(reader->ring(1)->marks().heartbeat_ns, 77u);
  EXPECT_EQ(this->writer_->set_watermarks(marks.data(), 4).code(), Code::kInvalidArgument);
  const std::array<double, 8> wrong{14, -1, 12, 11, 24, 23, 22, 21};
  EXPECT_EQ(this->writer_->set_watermarks(wrong.data(), 8).code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace ndts
