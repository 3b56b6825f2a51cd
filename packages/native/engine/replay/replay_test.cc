// The merge against a plain sort: times of every shape, streams that overlap, names in another
// order than ids, memory beside files; and what damaged files answer.
#include "replay/replay.h"

#include <gtest/gtest.h>

#include "db/tables_test_kit.h"
#include "replay/replay_test_kit.h"

namespace ndts {
namespace {

void expect_replay(ReplayBench& bench, std::mt19937_64& random) {
  const ReplayRequest request = bench.request(random);
  const std::vector<TickRow> wanted = bench.wanted(request);
  const std::size_t window = random() % 3 == 0 ? Replay::kWindowRows : 1 + random() % 40;
  Replay replay(request, window);
  expect_rows(&replay, request, wanted, 1 + random() % 700);
}

class ReplayOfShape : public testing::TestWithParam<TimeShape> {};

TEST_P(ReplayOfShape, IsInOrderOfTimeNameAndSequence) {
  const std::uint64_t seed = test_seed(4001);
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed + static_cast<std::uint64_t>(GetParam()));
  for (int round = 0; round < 3; round += 1) {
    ReplayBench bench(seed);
    bench.open(random() % 2 == 0 ? 30'000 : 1u << 20);
    // A row in months makes a file of each.
    const bool few = GetParam() == TimeShape::kYears;
    bench.fill(random, GetParam(), few ? 15 : 40, few ? 40 : 150);
    if (random() % 3 == 0) {
      ASSERT_TRUE(bench.bench.database->settle().ok());
    }
    for (int again = 0; again < 8; again += 1) {
      expect_replay(bench, random);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, ReplayOfShape, testing::ValuesIn(kShapes));

TEST(ReplayTest, SeesTheStateItWasMadeOf) {
  const std::uint64_t seed = test_seed(4003);
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  ReplayBench bench(seed);
  bench.open(30'000);
  bench.fill(random, TimeShape::kAnyDays, 20, 100);
  ReplayRequest request = bench.request(random);
  const std::vector<TickRow> wanted = bench.wanted(request);
  const std::vector<std::uint64_t> ends = end_sequences(request.view);
  for (std::uint32_t shard = 0; shard < kTestShards; shard += 1)
    EXPECT_EQ(ends[shard], bench.bench.model.shards[shard].size());
  Replay replay(request);
  bench.fill(random, TimeShape::kAnyDays, 30, 100);
  ASSERT_TRUE(bench.bench.database->settle().ok());
  ASSERT_TRUE(bench.bench.database->close().ok());
  TestBatch batch(wanted.size() + 1);
  std::size_t count = 0;
  ASSERT_TRUE(replay.next(replay_out(batch, request), &count).ok());
  ASSERT_EQ(count, wanted.size());
  for (std::size_t at = 0; at < count; at += 1)
    ASSERT_TRUE(same_row(batch.row(at), wanted[at])) << "row " << at;
}

TEST(ReplayTest, ValuesOfEveryTypeAndNulls) {
  const std::uint64_t seed = test_seed(4004);
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  ReplayBench bench(seed);
  bench.open(60'000);
  const TableSchema& schema = every_type_schema();
  std::uint32_t table = 0;
  ASSERT_TRUE(bench.bench.database->create_table(schema, &table).ok());
  RandomRows source(random, schema, kTestSymbols);
  RowsBatch batch(schema, 1000);
  std::vector<TestRow> wanted;
  for (int round = 0; round < 25; round += 1) {
    std::vector<TestRow> rows = source.make(1 + random() % 200);
    std::uint64_t position = 0;
    ASSERT_TRUE(bench.bench.database->append_rows(table, batch.in(rows), &position).ok());
    for (std::size_t at = 0; at < rows.size(); at += 1) rows[at].sequence = batch.sequence(at);
    wanted.insert(wanted.end(), rows.begin(), rows.end());
  }
  std::sort(wanted.begin(), wanted.end(), [](const TestRow& a, const TestRow& b) {
    if (a.time != b.time) return a.time < b.time;
    if (a.symbol != b.symbol)
      return ReplayBench::name_of(a.symbol) < ReplayBench::name_of(b.symbol);
    return a.sequence < b.sequence;
  });
  ReplayRequest request = bench.request(random);
  request.view = *bench.bench.database->snapshot().table(table);
  request.symbols = symbols_by_name(bench.bench.database->symbols());
  request.from = -std::numeric_limits<std::int64_t>::max();
  request.to = std::numeric_limits<std::int64_t>::max();
  request.columns.assign(schema.columns.size(), true);
  Replay replay(request, 50);
  RowsOut out = batch.out();
  out.shard = out.epoch = nullptr;
  std::size_t found = 0;
  for (std::size_t count = out.capacity; count == out.capacity;) {
    ASSERT_TRUE(replay.next(out, &count).ok());
    for (std::size_t at = 0; at < count; at += 1, found += 1) {
      ASSERT_LT(found, wanted.size());
      ASSERT_EQ(batch.row(at), wanted[found]) << "row " << found;
    }
  }
  ASSERT_EQ(found, wanted.size());
}

// Half a day of prices of one decimal, then another symbol's beside them, then a day after.
void fill_two_days(ReplayBench& bench, double later) {
  constexpr std::int64_t kRows = 1000;
  TestBatch batch(200);
  for (std::int64_t row = 0; row < 2 * kRows; row += 1) {
    const std::int64_t time = row * 1'000'000 + (row < kRows ? 0 : kNsPerDay);
    const auto whole = static_cast<double>(100 + row);
    batch.add({time, 0, 0, whole / 10, 100 * whole, 1, 2, 3, 4, 0, 0});
    if (row >= kRows / 2 && row < kRows)
      batch.add({time, 0, 0, later, later, 1, 2, 3, 4, 1, 0});
    if ((row + 1) % 100 > 0) continue;
    ASSERT_TRUE(bench.bench.append(batch).ok());
    batch.view().count = 0;
  }
}

// More decimals; too far from the others; true doubles: blocks that were open before still are.
TEST(ReplayTest, ABlockThatComesLaterChangesHowADayIsKept) {
  for (const double later : {12.5, 1.0001, 3e9 + 0.5, 1.0 / 3}) {
    for (const bool sealed : {false, true}) {
      ReplayBench bench(9);
      bench.open(1u << 20);
      fill_two_days(bench, later);
      if (sealed) {
        ASSERT_TRUE(bench.bench.database->seal().ok());
      }
      ReplayRequest request;
      request.view = *bench.bench.database->snapshot().table(kTickTable);
      request.symbols = symbols_by_name(bench.bench.database->symbols());
      request.from = -std::numeric_limits<std::int64_t>::max();
      request.to = std::numeric_limits<std::int64_t>::max();
      request.columns.assign(tick_schema().columns.size(), true);
      Replay replay(request, 50);
      expect_rows(&replay, request, bench.wanted(request), 700);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(ReplayTest, NothingToReplay) {
  std::mt19937_64 random(1);
  ReplayBench bench(1);
  bench.open(30'000);
  TestBatch batch(10);
  for (int round = 0; round < 2; round += 1) {
    ReplayRequest request = bench.request(random);
    if (round == 1) {
      request.symbols.clear();
    } else {
      request.from = request.to;
    }
    Replay replay(request);
    std::size_t count = 1;
    ASSERT_TRUE(replay.next(replay_out(batch, request), &count).ok());
    EXPECT_EQ(count, 0u);
    bench.fill(random, TimeShape::kAnyDays, 5, 100);
  }
}

// Rows up to the damage may come; then its name, again and again.
TEST(ReplayTest, ADamagedBlockIsNamed) {
  for (const std::uint32_t threads : {0u, 1u}) {
    std::mt19937_64 random(7);
    ReplayBench bench(7);
    bench.open(1u << 20);
    bench.fill(random, TimeShape::kAnyDays, 20, 100);
    ASSERT_TRUE(bench.bench.database->seal().ok());
    ReplayRequest request;
    request.view = *bench.bench.database->snapshot().table(kTickTable);
    request.symbols = symbols_by_name(bench.bench.database->symbols());
    request.from = -std::numeric_limits<std::int64_t>::max();
    request.to = std::numeric_limits<std::int64_t>::max();
    request.columns.assign(tick_schema().columns.size(), true);
    request.threads = threads;
    const SegmentReader& victim = *request.view.segments[1]->front();
    bench.files.flip_bit(victim.path(), victim.blocks()[0].offset + 9, 4);  // of the times
    std::shared_ptr<const SegmentReader> reader;
    ASSERT_TRUE(
        SegmentReader::open(bench.files, victim.path(), &victim.record(), &reader).ok());
    SegmentList list = *request.view.segments[1];
    list.front() = reader;
    request.view.segments[1] = std::make_shared<const SegmentList>(list);
    Replay replay(request);
    TestBatch batch(10'000);
    std::size_t count = 0;
    const Status status = replay.next(replay_out(batch, request), &count);
    EXPECT_EQ(status.code(), Code::kCorrupt) << status.text();
    EXPECT_EQ(status.file(), victim.path());
    EXPECT_EQ(replay.next(replay_out(batch, request), &count).code(), Code::kCorrupt);
  }
}

TEST(WindowOrderTest, IsASort) {
  const std::uint64_t seed = test_seed(4005);
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  WindowOrder order;
  for (int round = 0; round < 300; round += 1) {
    const std::size_t count = 1 + random() % (round % 50 == 0 ? kWindowRowsMax : 2000);
    const unsigned bits = static_cast<unsigned>(random() % 48);
    std::vector<std::uint64_t> keys;
    for (std::size_t at = 0; at < count; at += 1) {
      // Now and then a crowd in a small part of the span, in any order.
      const std::uint64_t crowd = round % 7 == 0 ? random() >> 40 : random() % 3;
      const bool crowded = random() % 5 < 1 + static_cast<unsigned>(round) % 4;
      const std::uint64_t span = crowded ? crowd : random();
      keys.push_back((span & ((std::uint64_t{1} << bits) - 1)) << kPlaceBits | at);
    }
    std::vector<std::uint64_t> wanted = keys;
    std::sort(wanted.begin(), wanted.end());
    const std::span<std::uint64_t> sorted = order.sort(keys);
    ASSERT_TRUE(std::equal(wanted.begin(), wanted.end(), sorted.begin(), sorted.end()));
  }
}

}  // namespace
}  // namespace ndts
