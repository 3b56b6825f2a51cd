// The database at its edges: very many symbols, and ticks over many years, before 1970, at the same
// nanosecond and at the ends of what a time may be.
#include <gtest/gtest.h>

#include "base/long_test_kit.h"
#include "db/db_test_kit.h"

namespace ndts {
namespace {

constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();

// One symbol has a tick or two, of which the price says whose it is.
class ManySymbols {
 public:
  explicit ManySymbols(std::uint32_t count) : count_(count) {
    bench_.options.staging_bytes = 8u << 20;
    bench_.options.wal_file_bytes = 16u << 20;
    bench_.options.wal_budget_bytes = 1u << 30;
    bench_.options.memtable_bytes = 256u << 20;
  }

  void open() { ASSERT_TRUE(bench_.open().ok()); }
  void register_all() {
    for (std::uint32_t symbol = 0; symbol < count_; symbol += 1)
      ASSERT_TRUE(
          database().register_symbol(id(symbol), symbol % kTestShards, name(symbol)).ok());
  }
  void write_all() {
    TestBatch batch(100);
    std::uint64_t position = 0;
    for (std::uint32_t symbol = 0; symbol < count_; symbol += 1) {
      for (std::uint32_t tick = 0; tick < ticks(symbol); tick += 1)
        batch.add(row(symbol, tick));
      if (batch.view().count + 2 <= 100 && symbol + 1 < count_) continue;
      ASSERT_TRUE(database().append_ticks(batch.view(), &position).ok());
      batch.view().count = 0;
    }
  }
  void expect_all() {
    ASSERT_EQ(database().symbols().size(), count_);
    TestBatch batch(4);
    for (std::uint32_t symbol = 0; symbol < count_; symbol += 1) {
      const SymbolInfo& known = *database().symbols()[symbol];
      ASSERT_EQ(known.id, id(symbol));
      ASSERT_EQ(known.shard, symbol % kTestShards);
      ASSERT_EQ(known.name, name(symbol));
      std::size_t count = 0;
      const RowsOut out = RowsOut::of(batch.view());
      ASSERT_TRUE(database().load_rows(kTickTable, known.id, {-kEnd, kEnd}, out, &count).ok());
      ASSERT_EQ(count, ticks(symbol)) << symbol;
      for (std::uint32_t tick = 0; tick < count; tick += 1) {
        TickRow wanted = row(symbol, tick);
        wanted.sequence = batch.row(tick).sequence;
        wanted.epoch = batch.row(tick).epoch;
        ASSERT_TRUE(same_row(batch.row(tick), wanted)) << symbol;
      }
    }
  }
  Database& database() { return *bench_.database; }

 private:
  // Neither dense nor in the order of the names.
  static std::uint32_t id(std::uint32_t symbol) { return symbol * 3 + 1; }
  static std::string name(std::uint32_t symbol) {
    return "S" + std::to_string(symbol * 2'654'435'761u);
  }
  static std::uint32_t ticks(std::uint32_t symbol) { return symbol % 10 == 0 ? 2 : 1; }
  static TickRow row(std::uint32_t symbol, std::uint32_t tick) {
    const double price = symbol + tick / 2.0;
    return {20'000 * kNsPerDay + symbol * 7 + tick, 0, 0, price, 1, price, price, 2, 3, id(symbol),
            0};
  }

  const std::uint32_t count_;
  SimFileSystem files_{1};
  DatabaseBench bench_{&files_, "/db"};
};

// NDTS_TEST_LONG=1: a million.
TEST(DatabaseExtremes, VeryManySymbolsAreThereAfterAFlushAndAReopen) {
  ManySymbols symbols(long_tests() ? 1'000'000 : 5'000);
  symbols.open();
  ASSERT_NO_FATAL_FAILURE(symbols.register_all());
  ASSERT_NO_FATAL_FAILURE(symbols.write_all());
  ASSERT_NO_FATAL_FAILURE(symbols.expect_all()) << "in memory";
  ASSERT_TRUE(symbols.database().seal().ok());
  ASSERT_TRUE(symbols.database().close().ok());
  symbols.open();
  ASSERT_NO_FATAL_FAILURE(symbols.expect_all()) << "from files";
}

class Times : public testing::Test {
 protected:
  void SetUp() override {
    // A segment a day: none is merged with another day's.
    bench_.options.memtable_bytes = 32u << 20;
    ASSERT_TRUE(bench_.open().ok());
    bench_.register_symbols();
  }
  void append(const std::vector<std::int64_t>& times) {
    TestBatch batch(500);
    for (const std::int64_t time : times) {
      const double price = static_cast<double>(next_++);
      batch.add({time, 0, 0, price, 1, price, price, 1, 1, kSymbol, 0});
      if (batch.view().count < 500 && next_ % times.size() != 0) continue;
      ASSERT_TRUE(bench_.append(batch).ok());
      batch.view().count = 0;
    }
  }
  void expect_range(std::int64_t from, std::int64_t to) {
    std::vector<TickRow> wanted;
    for (const TickRow& row : bench_.model.of_symbol(kSymbol))
      if (row.time >= from && row.time < to) wanted.push_back(row);
    bench_.expect_rows(bench_.load(kSymbol, {from, to}, 700), wanted);
  }
  void seal_and_reopen() {
    ASSERT_TRUE(bench_.database->seal().ok());
    ASSERT_TRUE(bench_.database->close().ok());
    ASSERT_TRUE(bench_.open().ok());
  }
  void expect_all() { bench_.expect_model(random_); }
  Status append_at(double day, double ns_of_day) {
    TestBatch batch(1);
    batch.add({0, 0, 0, 1, 1, 1, 1, 1, 1, kSymbol, 0});
    batch.view().day[0] = day;
    batch.view().ns_of_day[0] = ns_of_day;
    std::uint64_t position = 0;
    return bench_.database->append_ticks(batch.view(), &position);
  }

  static constexpr std::uint32_t kSymbol = 1;
  std::mt19937_64 random_{test_seed(91)};
  SimFileSystem files_{1};
  DatabaseBench bench_{&files_, "/db"};
  std::size_t next_ = 0;
};

// 2015-01-01 and ten years on; the leap days are 2016-02-29, 2020-02-29 and 2024-02-29.
constexpr std::int64_t kFirstOfTenYears = 16'436;
constexpr std::int64_t kDays = 3'653;
constexpr std::int64_t kLeapDays[] = {16'860, 18'321, 19'782};

// NDTS_TEST_LONG=1: every day of them.
TEST_F(Times, OfTenYearsComeBackToTheNanosecond) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(test_seed(91)));
  std::vector<std::int64_t> times;
  for (std::int64_t day = kFirstOfTenYears; day < kFirstOfTenYears + kDays; day += 1) {
    const bool near_leap = std::any_of(
        std::begin(kLeapDays), std::end(kLeapDays),
        [day](std::int64_t leap) { return day >= leap - 1 && day <= leap + 1; });
    if (!long_tests() && !near_leap && day % 9 != 0) continue;
    const std::int64_t midnight = day * kNsPerDay;
    const auto within = static_cast<std::int64_t>(random_() % kNsPerDay);
    for (const std::int64_t at : {std::int64_t{0}, within, within, kNsPerDay - 1})
      times.push_back(midnight + at);
  }
  std::shuffle(times.begin(), times.end(), random_);
  append(times);
  seal_and_reopen();
  expect_range(-kEnd, kEnd);
  for (const std::int64_t leap : kLeapDays) {
    expect_range(leap * kNsPerDay, (leap + 1) * kNsPerDay);
    EXPECT_EQ(bench_.load(kSymbol, {leap * kNsPerDay, (leap + 1) * kNsPerDay}, 10).size(), 4u);
    expect_range((leap - 1) * kNsPerDay + 1, (leap + 1) * kNsPerDay + 1);
  }
  for (int round = 0; round < 20; round += 1) {
    const std::int64_t from = times[random_() % times.size()];
    expect_range(from, times[random_() % times.size()]);
    expect_range(from, from + 1);
  }
  expect_all();
}

TEST_F(Times, AroundAndBefore1970AreInOrder) {
  std::vector<std::int64_t> times;
  for (const std::int64_t day : {-36'525, -3'653, -2, -1, 0, 1})
    for (const std::int64_t at : {std::int64_t{0}, std::int64_t{1}, kNsPerDay - 1})
      times.push_back(day * kNsPerDay + at);
  std::shuffle(times.begin(), times.end(), random_);
  append(times);
  for (const std::int64_t from : {-kNsPerDay - 1, -kNsPerDay, std::int64_t{-1}, std::int64_t{0}})
    for (const std::int64_t to : {std::int64_t{-1}, std::int64_t{0}, std::int64_t{1}, kNsPerDay})
      expect_range(from, to);
  seal_and_reopen();
  for (const std::int64_t from : {-kNsPerDay - 1, -kNsPerDay, std::int64_t{-1}, std::int64_t{0}})
    for (const std::int64_t to : {std::int64_t{-1}, std::int64_t{0}, std::int64_t{1}, kNsPerDay})
      expect_range(from, to);
  expect_all();
}

// More than a block of them, in two files and in memory: the order is that of acceptance.
TEST_F(Times, ThatAreEqualComeInTheOrderOfAcceptance) {
  const std::int64_t time = 20'000 * kNsPerDay + 1;
  for (int part = 0; part < 3; part += 1) {
    std::vector<std::int64_t> times(3'000, time);
    times.front() = time + 1;
    times.back() = time - 1;
    append(times);
    if (part < 2) seal_and_reopen();
  }
  expect_range(time, time + 1);
  expect_all();
  ASSERT_TRUE(bench_.database->settle().ok());
  expect_all();
}

// int64 nanoseconds reach from 1677-09-21 to 2262-04-11; only whole days of them are taken.
TEST_F(Times, AtTheEndsOfInt64) {
  constexpr std::int64_t kLeast = -106'751 * kNsPerDay;
  constexpr std::int64_t kMost = 106'750 * kNsPerDay + (kNsPerDay - 1);
  append({kMost, kLeast, kMost - 1, kLeast + 1, 0, kMost, kLeast});
  for (const auto& [day, ns] : {std::pair{-106'752.0, 86'399'999'999'999.0}, {106'751.0, 0.0}}) {
    EXPECT_EQ(append_at(day, ns).code(), Code::kInvalidArgument) << day;
  }
  for (int open = 0; open < 2; open += 1) {
    expect_range(kLeast, kLeast + 1);
    expect_range(kMost, kEnd);
    expect_range(std::numeric_limits<std::int64_t>::min(), kEnd);
    expect_range(std::numeric_limits<std::int64_t>::min(), kLeast);
    expect_all();
    seal_and_reopen();
  }
}

}  // namespace
}  // namespace ndts
