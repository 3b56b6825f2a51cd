// The memtable against a plain vector: order per symbol under disorder, extents that stand still
// while rows are added, texts and nulls, chunks re-used, epochs kept.
#include "table/memtable.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace ndts {
namespace {

const TableSchema& test_schema() {
  static const TableSchema schema{9,
                                  "test",
                                  {{"price", ValueType::kF64, false},
                                   {"note", ValueType::kText, true},
                                   {"on", ValueType::kBool, false}}};
  return schema;
}

std::shared_ptr<ChunkPool> make_pool() {
  return std::make_shared<ChunkPool>(ChunkLayout(test_schema()).bytes, 100);
}

struct Row {
  std::int64_t time;
  double price;
  std::string note;
  bool null;
};

// What was appended to shard 0, in order.
struct Model {
  std::vector<Row> rows;
  std::uint32_t symbols;
  [[nodiscard]] std::uint32_t symbol(std::size_t row) const {
    return static_cast<std::uint32_t>(row) % symbols;
  }
  [[nodiscard]] std::vector<std::uint32_t> sorted(std::uint32_t symbol, std::size_t end) const {
    std::vector<std::uint32_t> wanted;
    for (std::uint32_t row = symbol; row < end; row += symbols) wanted.push_back(row);
    std::stable_sort(wanted.begin(), wanted.end(), [this](std::uint32_t a, std::uint32_t b) {
      return rows[a].time < rows[b].time;
    });
    return wanted;
  }
};

void append(SeriesMemtable& memtable, Model* model, std::mt19937_64& random, std::uint32_t count,
            bool disorder) {
  const std::size_t first = model->rows.size();
  std::vector<std::int64_t> time;
  std::vector<std::uint32_t> symbol;
  std::vector<double> price;
  std::vector<std::uint32_t> lengths;
  std::vector<std::uint8_t> on;
  std::vector<std::uint8_t> nulls;
  std::string heap;
  for (std::uint32_t at = 0; at < count; at += 1) {
    const auto step = static_cast<std::int64_t>(random() % 3);
    const std::int64_t last = model->rows.empty() ? 0 : model->rows.back().time;
    Row row{disorder && random() % 5 == 0 ? last - 50 : last + step,
            static_cast<double>(model->rows.size()), std::string(random() % 5, 'a'),
            random() % 7 == 0};
    if (row.null) row.note.clear();
    symbol.push_back(model->symbol(model->rows.size()));
    time.push_back(row.time);
    price.push_back(row.price);
    lengths.push_back(static_cast<std::uint32_t>(row.note.size()));
    heap += row.note;
    on.push_back(static_cast<std::uint8_t>(model->rows.size() % 2));
    nulls.push_back(row.null ? 1 : 0);
    model->rows.push_back(std::move(row));
  }
  LoggedRows rows;
  rows.table = 9;
  rows.shard = 0;
  rows.epoch = 1 + model->rows.size() / 5'000;
  rows.first_sequence = first + 100;
  rows.rows = count;
  rows.time = time.data();
  rows.symbol = symbol.data();
  rows.values = {reinterpret_cast<const std::byte*>(price.data()),
                 reinterpret_cast<const std::byte*>(lengths.data()),
                 reinterpret_cast<const std::byte*>(on.data())};
  rows.nulls = {nullptr, nulls.data(), nullptr};
  rows.heap = bytes_of_text(heap);
  memtable.append(rows);
}

void expect_sorted(SeriesMemtable& memtable, const Model& model) {
  const ShardExtent extent = memtable.extent(0);
  for (std::uint32_t symbol = 0; symbol < model.symbols; symbol += 1) {
    const std::vector<std::uint32_t> wanted = model.sorted(symbol, model.rows.size());
    const std::span<const std::uint32_t> found = memtable.sorted_rows(0, symbol);
    ASSERT_TRUE(std::equal(found.begin(), found.end(), wanted.begin(), wanted.end()));
    ASSERT_EQ(memtable.collect_rows(0, extent, symbol), wanted);
    const std::size_t count = std::min<std::size_t>(10, wanted.size());
    ASSERT_EQ(memtable.newest_rows(0, extent, symbol, 10),
              std::vector<std::uint32_t>(wanted.end() - static_cast<std::ptrdiff_t>(count),
                                         wanted.end()));
  }
}

void expect_rows(const SeriesMemtable& memtable, const Model& model) {
  RowBuffer buffer(test_schema(), model.rows.size());
  std::vector<std::uint32_t> all(model.rows.size());
  for (std::uint32_t row = 0; row < all.size(); row += 1) all[row] = row;
  memtable.gather(0, memtable.extent(0), all, &buffer);
  const RowsView found = buffer.view();
  ASSERT_EQ(found.count, model.rows.size());
  for (std::size_t row = 0; row < found.count; row += 1) {
    const Row& wanted = model.rows[row];
    ASSERT_EQ(found.time[row], wanted.time);
    ASSERT_EQ(found.sequence[row], 100 + row);
    ASSERT_EQ(load<double>(found.values[0] + 8 * row), wanted.price);
    ASSERT_EQ(text_of(heap_bytes(load<HeapValue>(found.values[1] + 8 * row))), wanted.note);
    ASSERT_EQ(found.nulls[1][row], wanted.null ? 1 : 0);
    ASSERT_EQ(static_cast<std::uint8_t>(found.values[2][row]), row % 2);
  }
  EXPECT_EQ(found.epoch[0], 1u);
  EXPECT_EQ(found.epoch[found.count - 1], 1 + found.count / 5'000);
}

TEST(SeriesMemtable, SortsEachSymbolByTimeThenArrival) {
  for (const bool disorder : {false, true}) {
    std::mt19937_64 random(4);
    SeriesMemtable memtable(test_schema(), 2, make_pool());
    Model model{{}, 7};
    for (int round = 0; round < 40; round += 1) {
      append(memtable, &model, random, 1 + static_cast<std::uint32_t>(random() % 700), disorder);
      if (round % 8 == 0) expect_sorted(memtable, model);
    }
    expect_sorted(memtable, model);
    expect_rows(memtable, model);
    EXPECT_EQ(memtable.extent(0).rows, model.rows.size());
    EXPECT_EQ(memtable.extent(1).rows, 0u);
    EXPECT_EQ(memtable.first_sequence(0), 100u);
  }
}

TEST(SeriesMemtable, AnExtentStandsStill) {
  for (const bool disorder : {false, true}) {
    std::mt19937_64 random(6);
    SeriesMemtable memtable(test_schema(), 1, make_pool());
    Model model{{}, 5};
    append(memtable, &model, random, 3000, disorder);
    const ShardExtent extent = memtable.extent(0);
    append(memtable, &model, random, 3000, disorder);
    for (std::uint32_t symbol = 0; symbol < model.symbols; symbol += 1) {
      const std::vector<std::uint32_t> wanted = model.sorted(symbol, 3000);
      ASSERT_EQ(memtable.collect_rows(0, extent, symbol), wanted);
      ASSERT_EQ(memtable.newest_rows(0, extent, symbol, 4),
                std::vector<std::uint32_t>(wanted.end() - 4, wanted.end()));
    }
    EXPECT_EQ(memtable.symbols(0, extent).size(), 5u);
  }
}

// A reader of what it was told of, beside the writer.
TEST(SeriesMemtable, IsReadWhileItGrowsByAnotherThread) {
  std::mt19937_64 random(8);
  auto memtable = std::make_shared<SeriesMemtable>(test_schema(), 1, make_pool());
  Model model{{}, 5};
  append(*memtable, &model, random, 3000, true);
  const MemtableView view = MemtableView::of(memtable);
  const std::vector<std::uint32_t> wanted = model.sorted(2, 3000);
  std::atomic<bool> done{false};
  {
    Thread reader("reader", [&] {
      RowBuffer buffer(test_schema(), wanted.size());
      while (!done.load(std::memory_order_relaxed)) {
        const std::vector<std::uint32_t> rows = view.memtable->collect_rows(0, view.shards[0], 2);
        EXPECT_EQ(rows, wanted);
        buffer.clear();
        view.memtable->gather(0, view.shards[0], rows, &buffer);
        EXPECT_EQ(load<double>(buffer.view().values[0]), model.rows[wanted[0]].price);
      }
    });
    Model more = model;
    for (int round = 0; round < 200; round += 1) append(*memtable, &more, random, 500, true);
    done.store(true, std::memory_order_relaxed);
  }
  EXPECT_EQ(memtable->extent(0).rows, 103'000u);
}

TEST(SeriesMemtable, GivesItsChunksBack) {
  const auto pool = make_pool();
  std::unique_ptr<std::byte[]> chunk = pool->take();
  const std::byte* const known = chunk.get();
  pool->give(std::move(chunk));
  {
    SeriesMemtable memtable(test_schema(), 1, pool);
    std::mt19937_64 random(5);
    Model model{{}, 3};
    append(memtable, &model, random, 10, false);
    EXPECT_TRUE(memtable.sorted_rows(0, 9).empty());
    EXPECT_NE(pool->take().get(), known);
  }
  EXPECT_EQ(pool->take().get(), known);
}

}  // namespace
}  // namespace ndts
