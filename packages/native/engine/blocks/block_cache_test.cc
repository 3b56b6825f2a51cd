// The cache against a plain list: what was used last stays, never more than the budget.
#include "blocks/block_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/long_test_kit.h"
#include "db/db_test_kit.h"

namespace ndts {
namespace {

SegmentIdentity segment_of(std::uint64_t number) {
  SegmentIdentity segment;
  segment.number = number;
  segment.trailer_checksum = 77;
  return segment;
}

struct Kept {
  std::uint64_t segment;
  std::uint32_t block;
  std::size_t bytes;
};

TEST(BlockCacheTest, KeepsWhatWasUsedLast) {
  const std::uint64_t seed = test_seed(7001);
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  constexpr std::uint64_t kBudget = 1000;
  BlockCache cache(kBudget);
  std::vector<Kept> model;  // the one used last is first
  std::uint64_t hits = 0;
  for (int round = 0; round < 20'000; round += 1) {
    const std::uint64_t segment = random() % 4;
    const auto block = static_cast<std::uint32_t>(random() % 12);
    const auto found = std::find_if(model.begin(), model.end(), [&](const Kept& one) {
      return one.segment == segment && one.block == block;
    });
    if (random() % 2 == 0) {
      const SharedBytes bytes = cache.get(segment_of(segment), block);
      ASSERT_EQ(bytes != nullptr, found != model.end()) << "round " << round;
      if (bytes == nullptr) continue;
      ASSERT_EQ(bytes->size(), found->bytes);
      ASSERT_EQ((*bytes)[0], static_cast<std::byte>(16 * segment + block));
      std::rotate(model.begin(), found, found + 1);
      hits += 1;
      continue;
    }
    const std::size_t size = 1 + random() % (random() % 50 == 0 ? 2 * kBudget : 300);
    cache.put(segment_of(segment), block,
              std::make_shared<const std::vector<std::byte>>(
                  size, static_cast<std::byte>(16 * segment + block)));
    if (size > kBudget || found != model.end()) continue;
    model.insert(model.begin(), {segment, block, size});
    std::size_t total = 0;
    const auto end = std::find_if(model.begin(), model.end(), [&total](const Kept& one) {
      total += one.bytes;
      return total > kBudget;
    });
    model.erase(end, model.end());
    std::size_t bytes = 0;
    for (const Kept& one : model) bytes += one.bytes;
    ASSERT_EQ(cache.counters().bytes, bytes);
    ASSERT_EQ(cache.counters().blocks, model.size());
  }
  EXPECT_EQ(cache.counters().hits, hits);
  EXPECT_GT(hits, 100u);
}

TEST(BlockCacheTest, WhatSomebodyHasOutlivesIt) {
  BlockCache cache(10);
  cache.put(segment_of(1), 0, std::make_shared<const std::vector<std::byte>>(10, std::byte{5}));
  const SharedBytes kept = cache.get(segment_of(1), 0);
  cache.put(segment_of(1), 1, std::make_shared<const std::vector<std::byte>>(10, std::byte{6}));
  EXPECT_EQ(cache.get(segment_of(1), 0), nullptr);
  EXPECT_EQ((*kept)[9], std::byte{5});
  EXPECT_EQ(cache.counters().evicted, 1u);
}

}  // namespace
}  // namespace ndts
