// Replays over blocks that somebody fetches are those over the files themselves: all shapes of
// rows, in segments and in memory, whatever is fetched wrong at first; and nobody waits for ever.
#include "blocks/pulled_blocks.h"

#include <gtest/gtest.h>

#include <random>

#include "base/thread.h"
#include "blocks/block_hold.h"
#include "replay/replay.h"
#include "replay/replay_test_kit.h"

namespace ndts {
namespace {

std::vector<PulledFile> pulled_files(const BlockHold& hold) {
  std::vector<PulledFile> files;
  for (const HeldFile& held : hold.files()) {
    const SegmentRecord& record = held.segment->record();
    files.push_back({{record.number, record.bytes, record.day, record.table, record.shard,
                      record.trailer_checksum},
                     !held.memory});
  }
  return files;
}

std::vector<std::byte> ends_of(const BlockHold& hold, std::uint32_t file) {
  std::vector<std::byte> ends;
  EXPECT_TRUE(hold.copy_ends(file, &ends).ok());
  return ends;
}

Status open_files(const BlockHold& hold, PulledBlocks& blocks) {
  for (std::uint32_t file = 0; file < hold.files().size(); file += 1)
    NDTS_TRY(blocks.open_file(
        file, std::make_shared<const std::vector<std::byte>>(ends_of(hold, file)),
        hold.schema()));
  return {};
}

// Fetches on a thread of its own: some blocks come with other bytes first, some are put back.
class Fetcher {
 public:
  Fetcher(const BlockHold& hold, std::shared_ptr<BlockCache> cache, std::uint64_t window,
          std::uint64_t seed)
      : hold_(hold), random_(seed) {
    blocks_ = std::make_shared<PulledBlocks>(pulled_files(hold), std::move(cache), window,
                                             [this] { wake(); });
    thread_ = std::make_unique<Thread>("fetcher", [this] { run(); });
  }
  ~Fetcher() {
    {
      const MutexLock lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    thread_->join();
    blocks_->close();
  }

  std::shared_ptr<PulledBlocks> blocks_;
  std::uint64_t wrong_ = 0;    // after the end of the thread
  std::uint64_t fetched_ = 0;  // likewise

 private:
  void wake() {
    const MutexLock lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }
  void run() {
    for (;;) {
      {
        MutexLock lock(mutex_);
        while (!woken_ && !stopping_) changed_.wait(lock);
        if (stopping_) return;
        woken_ = false;
      }
      for (;;) {
        const std::vector<SourceBlock> wanted = blocks_->take_wanted(random_() % 50'000);
        if (wanted.empty()) break;
        for (const SourceBlock& block : wanted) fetch(block);
      }
    }
  }
  void fetch(const SourceBlock& block) {
    Bytes bytes;
    ASSERT_TRUE(hold_.block_bytes(block, &bytes).ok());
    if (random_() % 4 == 0) {
      std::vector<std::byte> wrong(bytes.begin(), bytes.end());
      wrong[random_() % wrong.size()] ^= std::byte{1} << random_() % 8;
      ASSERT_EQ(blocks_->deliver(block, wrong).code(), Code::kCorrupt);
      ASSERT_EQ(blocks_->deliver(block, bytes.first(bytes.size() - 8)).code(), Code::kCorrupt);
      blocks_->put_back(block);
      wrong_ += 1;
      return;
    }
    ASSERT_TRUE(blocks_->deliver(block, bytes).ok());
    fetched_ += 1;
  }

  const BlockHold& hold_;
  std::mt19937_64 random_;
  Mutex mutex_;
  ConditionVariable changed_;
  bool woken_ = false;
  bool stopping_ = false;
  std::unique_ptr<Thread> thread_;
};

ReplayRequest pulled_request(const ReplayRequest& request, PulledBlocks& blocks) {
  ReplayRequest pulled = request;
  std::vector<SegmentList> lists(request.view.segments.size());
  for (const std::shared_ptr<const SegmentReader>& segment : blocks.take_segments())
    lists[segment->record().shard].push_back(segment);
  pulled.view.memtables.clear();
  pulled.view.segments.clear();
  for (SegmentList& list : lists)
    pulled.view.segments.push_back(std::make_shared<const SegmentList>(std::move(list)));
  return pulled;
}

class PulledReplay : public testing::TestWithParam<TimeShape> {};

TEST_P(PulledReplay, IsTheReplayOfTheFiles) {
  const std::uint64_t seed = test_seed(7201);
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed + static_cast<std::uint64_t>(GetParam()));
  ReplayBench bench(seed);
  bench.open(30'000);
  const bool few = GetParam() == TimeShape::kYears;
  bench.fill(random, GetParam(), few ? 15 : 40, few ? 40 : 150);
  const bool big = random() % 2 == 0;
  const auto cache = std::make_shared<BlockCache>(big ? 1u << 30 : 20'000);
  for (int again = 0; again < 8; again += 1) {
    ReplayRequest request = bench.request(random);
    const std::vector<TickRow> wanted = bench.wanted(request);
    std::unique_ptr<BlockHold> hold;
    const Status status = BlockHold::open(bench.files, "/db", "hold", request, &hold);
    ASSERT_TRUE(status.ok()) << status.text();
    EXPECT_EQ(hold->ends(), end_sequences(request.view));
    Fetcher fetcher(*hold, cache, random() % 100'000, seed + static_cast<std::uint64_t>(again));
    const Status opened = open_files(*hold, *fetcher.blocks_);
    ASSERT_TRUE(opened.ok()) << opened.text();
    const ReplayRequest pulled = pulled_request(request, *fetcher.blocks_);
    Replay replay(pulled);
    expect_rows(&replay, pulled, wanted, 500);
    if (testing::Test::HasFatalFailure()) return;
  }
  if (big) {
    EXPECT_GT(cache->counters().hits, 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, PulledReplay, testing::ValuesIn(kShapes));

class OneHold : public testing::Test {
 protected:
  void SetUp() override {
    std::mt19937_64 random(7301);
    bench_.open(30'000);
    bench_.fill(random, TimeShape::kDense, 40, 150);
    request_ = bench_.request(random);
    request_.symbols = symbols_by_name(bench_.bench.database->symbols());
    request_.from = std::numeric_limits<std::int64_t>::min();
    request_.to = std::numeric_limits<std::int64_t>::max();
    ASSERT_TRUE(BlockHold::open(bench_.files, "/db", "hold", request_, &hold_).ok());
    ASSERT_GT(hold_->files().size(), 2u);
    blocks_ = std::make_shared<PulledBlocks>(pulled_files(*hold_), cache_, 1u << 20, [] {});
  }
  void TearDown() override { blocks_->close(); }

  ReplayBench bench_{7301};
  ReplayRequest request_;
  std::unique_ptr<BlockHold> hold_;
  std::shared_ptr<BlockCache> cache_ = std::make_shared<BlockCache>(1u << 20);
  std::shared_ptr<PulledBlocks> blocks_;
};

TEST_F(OneHold, EndsOfAFileThatWereChangedAreRefused) {
  const std::vector<std::byte> right = ends_of(*hold_, 0);
  std::mt19937_64 random(7302);
  for (int round = 0; round < 500; round += 1) {
    auto wrong = std::make_shared<std::vector<std::byte>>(right);
    if (round % 5 == 0) {
      wrong->resize(random() % wrong->size());
    } else {
      (*wrong)[random() % wrong->size()] ^= std::byte{1} << random() % 8;
    }
    const Status status = blocks_->open_file(0, wrong, hold_->schema());
    ASSERT_FALSE(status.ok()) << "round " << round;
  }
  const auto other = std::make_shared<const std::vector<std::byte>>(ends_of(*hold_, 1));
  EXPECT_EQ(blocks_->open_file(0, other, hold_->schema()).code(), Code::kCorrupt);
  TableSchema schema = hold_->schema();
  schema.columns.pop_back();
  const auto ends = std::make_shared<const std::vector<std::byte>>(right);
  EXPECT_EQ(blocks_->open_file(0, ends, schema).code(), Code::kCorrupt);
  EXPECT_TRUE(blocks_->open_file(0, ends, hold_->schema()).ok());
}

TEST_F(OneHold, WhoWaitsIsToldThatNothingComes) {
  ASSERT_TRUE(open_files(*hold_, *blocks_).ok());
  Status found;
  Thread waiting("waiting", [&] {
    Bytes bytes;
    found = blocks_->hold({0, 0}, &bytes);
  });
  while (blocks_->take_wanted(1).empty()) {
  }
  blocks_->fail(Status(Code::kUnavailable, "the peer is gone"));
  waiting.join();
  EXPECT_EQ(found.code(), Code::kUnavailable);
  Replay replay(pulled_request(request_, *blocks_));
  TestBatch batch(10);
  std::size_t count = 0;
  EXPECT_EQ(replay.next(replay_out(batch, request_), &count).code(), Code::kUnavailable);
}

TEST_F(OneHold, WhatCameAfterItsLeaseIsNotUsed) {
  ASSERT_TRUE(open_files(*hold_, *blocks_).ok());
  blocks_->expect({{0, 0}});
  ASSERT_EQ(blocks_->take_wanted(1).size(), 1u);
  Bytes bytes;
  ASSERT_TRUE(hold_->block_bytes({0, 0}, &bytes).ok());
  ManualClock clock;
  clock.advance(100);
  EXPECT_EQ(blocks_->deliver({0, 0}, bytes, &clock, 99).code(), Code::kLeaseLost);
  EXPECT_EQ(cache_->get(pulled_files(*hold_)[0].identity, 0), nullptr);
  EXPECT_TRUE(blocks_->deliver({0, 0}, bytes, &clock, 100).ok());
  Bytes here;
  ASSERT_TRUE(blocks_->hold({0, 0}, &here).ok());
  EXPECT_TRUE(std::equal(here.begin(), here.end(), bytes.begin(), bytes.end()));
  blocks_->release({0, 0});
}

TEST_F(OneHold, NoMoreIsAskedForThanTheWindowHas) {
  ASSERT_TRUE(open_files(*hold_, *blocks_).ok());
  const auto small = std::make_shared<PulledBlocks>(pulled_files(*hold_), cache_, 1, [] {});
  ASSERT_TRUE(open_files(*hold_, *small).ok());
  std::vector<SourceBlock> all;
  for (std::uint32_t file = 0; file < hold_->files().size(); file += 1)
    for (std::uint32_t block = 0; block < hold_->files()[file].segment->blocks().size(); block += 1)
      all.push_back({file, block});
  ASSERT_GT(all.size(), 2u);
  small->expect(all);
  EXPECT_EQ(small->take_wanted(1u << 30).size(), 1u);
  EXPECT_TRUE(small->take_wanted(1u << 30).empty());
  blocks_->expect(all);
  EXPECT_GT(blocks_->take_wanted(1u << 30).size(), 1u);
  small->close();
}

TEST_F(OneHold, FilesAndBlocksThatAreNone) {
  std::vector<std::byte> ends;
  Bytes bytes;
  EXPECT_EQ(hold_->copy_ends(99'999, &ends).code(), Code::kInvalidArgument);
  EXPECT_EQ(hold_->block_bytes({99'999, 0}, &bytes).code(), Code::kInvalidArgument);
  EXPECT_EQ(hold_->block_bytes({0, 99'999}, &bytes).code(), Code::kInvalidArgument);
  std::vector<Bytes> several;
  const SourceBlock twice[] = {{0, 0}, {0, 0}};
  ASSERT_TRUE(hold_->block_bytes({0, 0}, &bytes).ok());
  EXPECT_TRUE(hold_->blocks_bytes(twice, 2 * bytes.size(), &several).ok());
  EXPECT_EQ(several.size(), 2u);
  EXPECT_EQ(hold_->blocks_bytes(twice, 2 * bytes.size() - 1, &several).code(),
            Code::kInvalidArgument);
  EXPECT_TRUE(hold_->blocks_bytes(std::span(twice).first(1), 1, &several).ok());
}

}  // namespace
}  // namespace ndts
