// Every kind of ring of rows is pulled alike: mirrors of ticks, trades and books have what was
// published, voids where it was overtaken, and names of their own.
#include <gtest/gtest.h>

#include "fabric/fabric_test_kit.h"
#include "fabric/ring_puller.h"
#include "ring/row_rings_test_kit.h"

namespace ndts {
namespace {

template <typename Record>
class RingPullerKinds : public RowRingsFixture<Record> {
 protected:
  std::unique_ptr<RingPuller> pull() {
    const MemoryParts parts{this->files_.get(), &clock_, &random_};
    EXPECT_TRUE(make_test_server("tcp", parts, this->folder_, &server_).ok());
    RingShape shape{};
    std::unique_ptr<Mapping> mapping;
    const std::string path = this->paths().front();
    EXPECT_TRUE(open_ring(*this->files_, path, &shape, &mapping).ok());
    const std::shared_ptr<Mapping> owner = std::move(mapping);
    Grant grant{};
    EXPECT_TRUE(server_
                    ->expose({.bytes = owner->bytes(),
                              .changes = true,
                              .lease_ms = 60'000,
                              .path = path,
                              .owner = owner},
                             &grant)
                    .ok());
    RingPullerOptions options;
    options.dir = this->folder_ + "/mirror";
    options.round_bytes = 20 * sizeof(typename Record::Slot);
    std::unique_ptr<RingPuller> puller;
    EXPECT_TRUE(RingPuller::open(parts, {grant}, options, &puller).ok());
    return puller;
  }
  static void step_until(RingPuller* puller, std::uint64_t slots) {
    for (int i = 0; i < 100'000; ++i) {
      static_cast<void>(puller->step(10 * kTestMs));
      const PulledRingState state = puller->state().rings[0];
      if (!state.end.ok() || state.counters.slots + state.counters.voids >= slots) return;
    }
  }

  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<MemoryServer> server_;
};
TYPED_TEST_SUITE(RingPullerKinds, RowRecords);

TYPED_TEST(RingPullerKinds, MirrorHasRowsAndVoids) {
  ASSERT_TRUE(this->create(1, 64, 3, 500).ok());
  ASSERT_TRUE(this->publish(std::vector<std::uint32_t>(50, 0)).ok());
  const std::unique_ptr<RingPuller> puller = this->pull();
  this->step_until(puller.get(), 50);
  const std::string path = puller->state().rings[0].path;
  EXPECT_EQ(path, this->folder_ + "/mirror/" + std::string(TypeParam::kRing) + "-0-3.ring");
  std::unique_ptr<RowRingsReader<TypeParam>> reader;
  ASSERT_TRUE(
      RowRingsReader<TypeParam>::open(*this->files_, {path}, RingStart{}, {}, &reader).ok());
  const BatchOf<TypeParam> batch(64);
  ASSERT_EQ(reader->poll(batch.columns(), 64), 50u);
  for (std::size_t i = 0; i < 50; ++i) EXPECT_TRUE(this->row_is_right(batch.columns(), i));
  // More than the ring holds, between two looks of the puller.
  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(this->publish(std::vector<std::uint32_t>(30, 0)).ok());
  this->step_until(puller.get(), 350);
  EXPECT_GT(puller->state().rings[0].counters.voids, 0u);
  std::uint64_t rows = 0;
  while (const std::size_t count = reader->poll(batch.columns(), 64)) {
    for (std::size_t i = 0; i < count; ++i) EXPECT_TRUE(this->row_is_right(batch.columns(), i));
    rows += count;
  }
  EXPECT_GT(rows, 0u);
  EXPECT_EQ(rows + reader->lapped(), 300u);
  // All of them were published.
  EXPECT_EQ(reader->overtaken(), reader->lapped());
}

}  // namespace
}  // namespace ndts
