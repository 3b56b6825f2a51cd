// Steps against a plain walk over all rows in order; and the feed, which hands on what a source
// fills, in order and to the end.
#include "replay/replay_steps.h"

#include <gtest/gtest.h>

#include <map>

#include "replay/replay.h"
#include "replay/replay_feed.h"
#include "replay/replay_test_kit.h"

namespace ndts {
namespace {

struct Step {
  std::int64_t end;
  std::map<std::uint32_t, TickRow> last;  // by symbol
};

// Where a source puts rows and steps.
struct Room {
  explicit Room(std::size_t capacity, const ReplayRequest& request)
      : batch(capacity), day(capacity), ns(capacity), end(capacity) {
    out = replay_out(batch, request);
    steps = {day.data(), ns.data(), end.data()};
  }
  TestBatch batch;
  std::vector<double> day;
  std::vector<double> ns;
  std::vector<std::uint32_t> end;
  RowsOut out;
  StepsOut steps;
};

std::vector<Step> wanted_steps(const ReplayRequest& request, std::int64_t interval,
                               const std::vector<TickRow>& rows) {
  const std::int64_t origin =
      request.from == std::numeric_limits<std::int64_t>::min() ? 0 : request.from;
  std::vector<Step> steps;
  for (const TickRow& row : rows) {
    std::int64_t number = (row.time - origin) / interval;
    if ((row.time - origin) % interval < 0) number -= 1;
    const std::int64_t end = std::min(request.to, origin + (number + 1) * interval);
    if (steps.empty() || steps.back().end != end) steps.push_back({end, {}});
    steps.back().last[row.symbol] = row;
  }
  return steps;
}

void expect_steps(ReplayBench& bench, std::mt19937_64& random) {
  constexpr std::int64_t kIntervals[] = {1, 5, 1000, 1'000'000'000, 3'600'000'000'000,
                                         kNsPerDay * 3 / 2, 40 * kNsPerDay};
  ReplayRequest request = bench.request(random);
  if (request.from < -kNsPerDay * 400) request.from = std::numeric_limits<std::int64_t>::min();
  const std::int64_t interval = kIntervals[random() % 7];
  const std::vector<Step> wanted = wanted_steps(request, interval, bench.wanted(request));
  Room room(1 + random() % 100, request);
  ReplaySteps steps(request, interval);
  std::vector<Step> found(1);
  for (Filled filled{1, 0}; filled.rows + filled.steps > 0;) {
    const Status status = steps.fill(room.out, room.steps, &filled);
    ASSERT_TRUE(status.ok()) << status.text();
    std::size_t row = 0;
    for (std::size_t step = 0; step <= filled.steps; step += 1) {
      const std::size_t end = step < filled.steps ? room.end[step] : filled.rows;
      for (; row < end; row += 1)
        found.back().last[room.batch.row(row).symbol] = room.batch.row(row);
      if (step == filled.steps) break;
      found.back().end = pack_time(room.day[step], room.ns[step]);
      found.emplace_back();
    }
  }
  ASSERT_TRUE(found.back().last.empty());
  found.pop_back();
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t step = 0; step < wanted.size(); step += 1) {
    ASSERT_EQ(found[step].end, wanted[step].end);
    ASSERT_EQ(found[step].last.size(), wanted[step].last.size());
    for (const auto& entry : wanted[step].last)
      ASSERT_TRUE(same_row(found[step].last[entry.first], entry.second)) << "step " << step;
  }
}

class ReplayStepsOfShape : public testing::TestWithParam<TimeShape> {};

TEST_P(ReplayStepsOfShape, HaveTheLastRowOfEachSymbol) {
  const std::uint64_t seed = test_seed(4101);
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed + static_cast<std::uint64_t>(GetParam()));
  ReplayBench bench(seed);
  bench.open(40'000);
  const bool few = GetParam() == TimeShape::kYears;
  bench.fill(random, GetParam(), few ? 15 : 30, few ? 40 : 150);
  for (int again = 0; again < 12; again += 1) {
    expect_steps(bench, random);
    if (testing::Test::HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, ReplayStepsOfShape, testing::ValuesIn(kShapes));

// What a test's source does: some rows, numbered, then the end or an error.
class CountingSource final : public ReplaySource {
 public:
  CountingSource(std::size_t batches, Status last) : batches_(batches), last_(std::move(last)) {}
  Status fill(const RowsOut& out, const StepsOut&, Filled* filled) override {
    *filled = {};
    if (made_ == batches_) return last_;
    out.sequence[0] = static_cast<double>(made_);
    made_ += 1;
    filled->rows = 1;
    return {};
  }

 private:
  const std::size_t batches_;
  const Status last_;
  std::size_t made_ = 0;
};

std::vector<FeedBatch> feed_batches(std::size_t count) {
  std::vector<FeedBatch> batches;
  for (std::size_t at = 0; at < count; at += 1) {
    FeedBatch batch;
    batch.memory = std::make_shared<std::byte[]>(64);
    batch.out.capacity = 1;
    batch.out.sequence = reinterpret_cast<double*>(batch.memory.get());
    batches.push_back(batch);
  }
  return batches;
}

TEST(ReplayFeedTest, HandsOnInOrderThenTheOutcome) {
  for (const Code code : {Code::kOk, Code::kCorrupt}) {
    const std::vector<FeedBatch> batches = feed_batches(3);
    Mutex mutex;
    ConditionVariable woken;
    bool awake = false;
    ReplayFeed feed(std::make_unique<CountingSource>(
                        1000, code == Code::kOk ? Status() : Status(code, "damage")),
                    batches, [&] {
                      const MutexLock lock(mutex);
                      awake = true;
                      woken.notify_one();
                    });
    std::size_t taken = 0;
    for (;;) {
      Filled filled;
      const ReplayFeed::Outcome outcome = feed.take(&filled);
      if (outcome == ReplayFeed::Outcome::kBatch) {
        ASSERT_EQ(filled.rows, 1u);
        ASSERT_EQ(batches[taken % 3].out.sequence[0], static_cast<double>(taken));
        taken += 1;
        continue;
      }
      if (outcome != ReplayFeed::Outcome::kWait) {
        EXPECT_EQ(outcome == ReplayFeed::Outcome::kEnd, code == Code::kOk);
        EXPECT_EQ(feed.status().code(), code);
        break;
      }
      MutexLock lock(mutex);
      while (!awake) woken.wait(lock);
      awake = false;
    }
    EXPECT_EQ(taken, 1000u);
  }
}

TEST(ReplayFeedTest, StopsWhereverItIs) {
  for (std::size_t take = 0; take < 6; take += 1) {
    ReplayFeed feed(std::make_unique<CountingSource>(1000, Status()), feed_batches(3), [] {});
    Filled filled;
    for (std::size_t at = 0; at < take; at += 1) static_cast<void>(feed.take(&filled));
    feed.stop();
    feed.stop();
  }
}

}  // namespace
}  // namespace ndts
