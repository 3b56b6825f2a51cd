// The memtable against a plain vector: order per symbol under disorder, chunks re-used, epochs
// kept.
#include "table/memtable.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace ndts {
namespace {

struct Rows {
  explicit Rows(std::size_t count)
      : memory(count * kTickRowBytes), columns(RowColumns::over(memory.data(), count)) {}
  ConstRowColumns view() const {
    return ConstRowColumns::over(memory.data(), memory.size() / kTickRowBytes);
  }
  std::vector<std::byte> memory;
  RowColumns columns;
};

void append(SeriesMemtable& memtable, std::vector<std::int64_t>* times, std::mt19937_64& random,
            std::uint32_t symbols, std::uint32_t count, bool disorder) {
  Rows rows(count);
  for (std::uint32_t at = 0; at < count; at += 1) {
    const auto step = static_cast<std::int64_t>(random() % 3);
    const std::int64_t last = times->empty() ? 0 : times->back();
    rows.columns.time[at] = disorder && random() % 5 == 0 ? last - 50 : last + step;
    rows.columns.price[at] = static_cast<double>(times->size());
    rows.columns.symbol[at] = static_cast<std::uint32_t>(times->size()) % symbols;
    times->push_back(rows.columns.time[at]);
  }
  memtable.append(0, 1 + times->size() / 5'000, times->size() - count + 100, rows.view(), count);
}

void expect_sorted(SeriesMemtable& memtable, const std::vector<std::int64_t>& times,
                   std::uint32_t symbols) {
  for (std::uint32_t symbol = 0; symbol < symbols; symbol += 1) {
    std::vector<std::uint32_t> wanted;
    for (std::uint32_t row = symbol; row < times.size(); row += symbols) wanted.push_back(row);
    std::stable_sort(wanted.begin(), wanted.end(),
                     [&times](std::uint32_t a, std::uint32_t b) { return times[a] < times[b]; });
    const std::span<const std::uint32_t> found = memtable.sorted_rows(0, symbol);
    ASSERT_TRUE(std::equal(found.begin(), found.end(), wanted.begin(), wanted.end()));
    ASSERT_EQ(memtable.collect_rows(0, symbol), wanted);
    std::vector<std::uint32_t> newest;
    memtable.newest_rows(0, symbol, 10, newest);
    std::reverse(newest.begin(), newest.end());
    const std::size_t count = std::min<std::size_t>(10, wanted.size());
    ASSERT_EQ(newest, std::vector<std::uint32_t>(wanted.end() - static_cast<std::ptrdiff_t>(count),
                                                 wanted.end()));
  }
}

TEST(SeriesMemtable, SortsEachSymbolByTimeThenArrival) {
  for (const bool disorder : {false, true}) {
    std::mt19937_64 random(4);
    ChunkPool pool(100);
    SeriesMemtable memtable(2, pool);
    std::vector<std::int64_t> times;
    for (int round = 0; round < 40; round += 1) {
      append(memtable, &times, random, 7, 1 + static_cast<std::uint32_t>(random() % 700), disorder);
      if (round % 8 == 0) expect_sorted(memtable, times, 7);
    }
    expect_sorted(memtable, times, 7);
    EXPECT_EQ(memtable.shard_rows(0), times.size());
    EXPECT_EQ(memtable.shard_rows(1), 0u);
    EXPECT_EQ(memtable.first_sequence(0), 100u);
    for (std::uint32_t row = 0; row < times.size(); row += 1) {
      const TickRow found = memtable.row(0, row);
      ASSERT_EQ(found.sequence, 100u + row);
      ASSERT_EQ(found.price, row);
      ASSERT_EQ(found.time, times[row]);
    }
    EXPECT_EQ(memtable.row(0, 0).epoch, 1u);
    EXPECT_EQ(memtable.row(0, static_cast<std::uint32_t>(times.size() - 1)).epoch,
              1 + times.size() / 5'000);
  }
}

TEST(SeriesMemtable, GivesItsChunksBack) {
  ChunkPool pool(100);
  std::unique_ptr<MemtableChunk> chunk = pool.take();
  const MemtableChunk* const known = chunk.get();
  pool.give(std::move(chunk));
  {
    SeriesMemtable memtable(1, pool);
    std::mt19937_64 random(5);
    std::vector<std::int64_t> times;
    append(memtable, &times, random, 3, 10, false);
    EXPECT_TRUE(memtable.sorted_rows(0, 9).empty());
    EXPECT_NE(pool.take().get(), known);
  }
  EXPECT_EQ(pool.take().get(), known);
}

}  // namespace
}  // namespace ndts
