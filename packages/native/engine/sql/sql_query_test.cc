// Queries over segments and memtables through the embedded engine, against what was appended: every
// type bit for bit, prunes, stopping, misuse. Without the library (NDTS_DUCKDB is where CMake found
// it) only what needs none is tried.
#include <gtest/gtest.h>

#include <atomic>

#include "db/db_test_kit.h"
#include "db/tables_test_kit.h"
#include "sql/sql_query.h"
#include "sql/sql_text.h"

#ifndef NDTS_DUCKDB
#define NDTS_DUCKDB ""
#endif

namespace ndts {
namespace {

constexpr SqlLimits kLimits{256u << 20, 2};

// Before the others: a library that was found once stays.
TEST(SqlLibrary, MissingIsSaid) {
  const duckdb::Api* api = nullptr;
  const Status status = duckdb::load("/nowhere/libduckdb.so", &api);
  if (status.ok()) GTEST_SKIP() << "it was loaded before";
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_EQ(status.file(), "/nowhere/libduckdb.so");
  EXPECT_EQ(api, nullptr);
}

TEST(SqlText, ExactNumbers) {
  const __int128 least = static_cast<__int128>(static_cast<unsigned __int128>(1) << 127);
  EXPECT_EQ(int128_text(least), "-170141183460469231731687303715884105728");
  EXPECT_EQ(int128_text(0), "0");
  EXPECT_EQ(uint128_text(~static_cast<unsigned __int128>(0)),
            "340282366920938463463374607431768211455");
  EXPECT_EQ(decimal_text(-5, 3), "-0.005");
  EXPECT_EQ(decimal_text(12345, 2), "123.45");
  EXPECT_EQ(decimal_text(7, 0), "7");
  EXPECT_EQ(interval_text({14, -1, -1'500'000}), "1 year 2 months -1 day -00:00:01.5");
  EXPECT_EQ(interval_text({0, 0, 0}), "00:00:00");
}

class SqlQueries : public testing::Test {
 protected:
  void SetUp() override {
    if (std::string(NDTS_DUCKDB).empty()) GTEST_SKIP() << "the SQL library is not installed";
    const duckdb::Api* api = nullptr;
    const Status loaded = duckdb::load(NDTS_DUCKDB, &api);
    ASSERT_TRUE(loaded.ok()) << loaded.text();
    pool_ = std::make_shared<SqlPool>(*api);
    ASSERT_TRUE(bench_.open().ok());
    bench_.register_symbols();
    ASSERT_TRUE(bench_.database->create_table(every_type_schema(), &table_).ok());
    rows_.resize(kTestShards);
  }

  void append(std::size_t count) {
    const std::vector<TestRow> rows = random_rows_.make(count);
    const RowsIn in = batch_.in(rows);
    std::uint64_t position = 0;
    ASSERT_TRUE(bench_.database->append_rows(table_, in, &position).ok());
    for (std::size_t at = 0; at < rows.size(); at += 1) {
      rows_[rows[at].symbol % kTestShards].push_back(rows[at]);
      rows_[rows[at].symbol % kTestShards].back().sequence = batch_.sequence(at);
    }
  }
  void fill() {
    for (int part = 0; part < 3; part += 1) {
      append(900);
      ASSERT_TRUE(bench_.database->seal().ok());
    }
    append(700);
  }

  std::shared_ptr<SqlQuery> begin() {
    auto names = std::make_shared<const SymbolNames>(bench_.database->symbols());
    return std::make_shared<SqlQuery>(
        pool_, std::make_shared<SqlSource>(bench_.database->snapshot(), std::move(names)),
        kLimits);
  }
  // All rows; the query stays open.
  Status run(SqlQuery& query, const std::string& sql, const std::string& pushed,
             std::vector<ScanRequest> prunes, SqlBatch* all) {
    bool is_pushed = false;
    NDTS_TRY(query.open());
    NDTS_TRY(query.prepare(sql, pushed, std::move(prunes), {}, &is_pushed));
    NDTS_TRY(query.execute());
    for (std::size_t rows = 1; rows > 0;) {
      const std::size_t before = all->rows;
      NDTS_TRY(query.next(before + 500, all));
      rows = all->rows - before;
    }
    return {};
  }
  Status run(const std::string& sql, SqlBatch* all) {
    const std::shared_ptr<SqlQuery> query = begin();
    return run(*query, sql, sql, {}, all);
  }

  const std::uint64_t seed_ = test_seed(97);
  std::mt19937_64 random_{seed_};
  SimFileSystem files_{seed_};
  DatabaseBench bench_{&files_, "/db"};
  RowsBatch batch_{every_type_schema(), 2000};
  RandomRows random_rows_{random_, every_type_schema(), kTestSymbols};
  std::uint32_t table_ = 0;
  std::vector<std::vector<TestRow>> rows_;  // by shard, as accepted
  std::shared_ptr<SqlPool> pool_;
};

template <typename T>
T value_at(const SqlBatchColumn& column, std::size_t row) {
  return load<T>(column.values.data() + sizeof(T) * row);
}

std::string text_at(const SqlBatchColumn& column, std::size_t row) {
  const std::uint32_t start = row == 0 ? 0 : value_at<std::uint32_t>(column, row - 1);
  const Bytes all(column.more);
  return std::string(text_of(all.subspan(start, value_at<std::uint32_t>(column, row) - start)));
}

std::string name_of(std::uint64_t symbol) { return "SYMBOL" + std::to_string(symbol); }

// Column `column` of the schema, at its place behind symbol and sequence.
void expect_value(const SqlBatchColumn& found, std::size_t row, std::size_t column,
                  const TestValue& wanted) {
  ASSERT_EQ(found.nulls[row] != 0, wanted.null);
  if (wanted.null) return;
  const ValueType type = every_type_schema().columns[column].type;
  if (has_heap(type)) {
    ASSERT_EQ(text_at(found, row), wanted.text);
  } else if (type == ValueType::kSymbol) {
    ASSERT_EQ(text_at(found, row), name_of(wanted.bits));
  } else {
    std::uint64_t bits = 0;
    const std::size_t width = value_bytes(type);
    std::memcpy(&bits, found.values.data() + width * row, width);
    ASSERT_EQ(bits, wanted.bits);
  }
}

TEST_F(SqlQueries, EveryTypeComesBackBitForBit) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  fill();
  SqlBatch batch;
  const Status status = run(
      "SELECT symbol, sequence, epoch_ns(time), whole, real, small, single, \"on\", other, note, "
      "raw FROM every ORDER BY CAST(substr(symbol, 7) AS INT) % 4, sequence",
      &batch);
  ASSERT_TRUE(status.ok()) << status.text();
  std::size_t row = 0;
  for (const std::vector<TestRow>& shard : rows_) {
    for (const TestRow& wanted : shard) {
      ASSERT_LT(row, batch.rows);
      ASSERT_EQ(text_at(batch.columns[0], row), name_of(wanted.symbol));
      ASSERT_EQ(value_at<std::uint64_t>(batch.columns[1], row), wanted.sequence);
      ASSERT_EQ(value_at<std::int64_t>(batch.columns[2], row), wanted.time);
      for (std::size_t column = 0; column < wanted.values.size(); column += 1)
        expect_value(batch.columns[3 + column], row, column, wanted.values[column]);
      row += 1;
    }
  }
  ASSERT_EQ(row, batch.rows);
}

TEST_F(SqlQueries, DescribesWithoutValues) {
  const auto describe = [&](const char* sql, SqlDescription* found) {
    const std::shared_ptr<SqlQuery> query = begin();
    NDTS_TRY(query->open());
    return query->describe(sql, found);
  };
  SqlDescription found;
  const char* const sql = "SELECT small, note FROM every WHERE whole > $1 AND note = $2";
  ASSERT_TRUE(describe(sql, &found).ok());
  ASSERT_EQ(found.parameters.size(), 2U);
  EXPECT_EQ(found.parameters[0], "BIGINT");
  EXPECT_EQ(found.parameters[1], "VARCHAR");
  ASSERT_EQ(found.columns.size(), 2U);
  EXPECT_EQ(found.columns[0].name, "small");
  EXPECT_STREQ(sql_type_name(found.columns[0].type), "INTEGER");
  EXPECT_STREQ(sql_type_name(found.columns[1].type), "VARCHAR");
  // What depends on a value is not known.
  ASSERT_TRUE(describe("SELECT $1", &found).ok());
  EXPECT_EQ(found.parameters.size(), 1U);
  EXPECT_TRUE(found.columns.empty());
  EXPECT_EQ(describe("SELECT nope FROM every", &found).code(), Code::kInvalidSql);
  EXPECT_EQ(describe("SELECT [1]", &found).code(), Code::kInvalidArgument);
}

TEST_F(SqlQueries, PrunesLeaveOutOnlyWhatTheyMay) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  fill();
  for (int round = 0; round < 30; round += 1) {
    const std::vector<TestRow>& some = rows_[random_() % kTestShards];
    ScanRequest prune;
    if (random_() % 2 == 0) prune.from = some[random_() % some.size()].time;
    if (random_() % 2 == 0) prune.to = some[random_() % some.size()].time;
    prune.all_symbols = random_() % 2 == 0;
    if (!prune.all_symbols)
      for (std::uint32_t symbol = 0; symbol < kTestSymbols; symbol += 1)
        if (random_() % 3 == 0) prune.symbols.push_back({symbol, symbol % kTestShards});
    std::string where = "epoch_ns(time) >= " + std::to_string(prune.from) +
                        " AND epoch_ns(time) < " + std::to_string(prune.to);
    if (!prune.all_symbols) {
      where += " AND symbol IN ('nobody'";
      for (const ScanSymbol& symbol : prune.symbols) where += ", '" + name_of(symbol.id) + "'";
      where += ")";
    }
    const std::string select = "SELECT count(*), sum(sequence)::BIGINT, count(note) FROM ";
    SqlBatch pruned;
    SqlBatch plain;
    const std::shared_ptr<SqlQuery> query = begin();
    const std::string from = "ndts_scan(" + std::to_string(table_) + ", 0) every WHERE " + where;
    ASSERT_TRUE(run(*query, "SELECT error", select + from, {prune}, &pruned).ok());
    ASSERT_TRUE(run(select + "every WHERE " + where, &plain).ok());
    for (std::size_t column = 0; column < 3; column += 1)
      ASSERT_EQ(pruned.columns[column].values, plain.columns[column].values) << where;
  }
}

TEST_F(SqlQueries, LatestRowsAreThoseThatAWindowFinds) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  const std::string behind =
      " QUALIFY row_number() OVER (PARTITION BY symbol ORDER BY time DESC, sequence DESC) = 1 "
      "ORDER BY symbol";
  const std::string select = "SELECT symbol, sequence, whole, note FROM ";
  for (int round = 0; round < 6; round += 1) {
    append(1 + random_() % 300);
    if (random_() % 2 == 0) {
      ASSERT_TRUE(bench_.database->seal().ok());
    }
    ScanRequest prune;
    prune.newest = true;
    SqlBatch pruned;
    SqlBatch plain;
    const std::shared_ptr<SqlQuery> query = begin();
    const std::string from = "ndts_scan(" + std::to_string(table_) + ", 0) every";
    ASSERT_TRUE(run(*query, "SELECT error", select + from + behind, {prune}, &pruned).ok());
    ASSERT_TRUE(run(select + "every" + behind, &plain).ok());
    ASSERT_EQ(pruned.rows, plain.rows);
    for (std::size_t column = 0; column < 4; column += 1)
      ASSERT_EQ(pruned.columns[column].values, plain.columns[column].values);
  }
}

TEST_F(SqlQueries, ASnapshotOutlivesItsDatabase) {
  fill();
  const std::shared_ptr<SqlQuery> query = begin();
  append(100);
  ASSERT_TRUE(bench_.database->close().ok());
  bench_.database.reset();
  SqlBatch batch;
  ASSERT_TRUE(run(*query, "SELECT count(*) FROM every", "", {}, &batch).ok());
  ASSERT_EQ(value_at<std::uint64_t>(batch.columns[0], 0), 3400u);
}

// Who asked may keep the query long after, as JavaScript does.
TEST_F(SqlQueries, ASnapshotGoesWithTheLastRowOrTheClose) {
  fill();
  const auto begin_alone = [&](std::weak_ptr<const SeriesMemtable>* memtable) {
    append(300);
    std::shared_ptr<SqlQuery> query = begin();
    *memtable = query->source().snapshot().table(table_)->memtables.front().memtable;
    EXPECT_TRUE(bench_.database->seal().ok());
    EXPECT_FALSE(memtable->expired());
    return query;
  };
  std::weak_ptr<const SeriesMemtable> memtable;

  const std::shared_ptr<SqlQuery> ended = begin_alone(&memtable);
  SqlBatch batch;
  const std::string all = "SELECT * FROM every";
  ASSERT_TRUE(run(*ended, all, "", {}, &batch).ok());
  EXPECT_TRUE(memtable.expired()) << "at its end";
  bool is_pushed = false;
  EXPECT_TRUE(ended->next(1, &batch).ok());
  EXPECT_EQ(ended->prepare(all, "", {}, {}, &is_pushed).code(), Code::kInvalidArgument);
  EXPECT_EQ(ended->execute().code(), Code::kInvalidArgument);
  ended->close();

  const std::shared_ptr<SqlQuery> unopened = begin_alone(&memtable);
  unopened->close();
  EXPECT_TRUE(memtable.expired()) << "before it was opened";

  const std::shared_ptr<SqlQuery> prepared = begin_alone(&memtable);
  ASSERT_TRUE(prepared->open().ok());
  ASSERT_TRUE(prepared->prepare(all, "", {}, {}, &is_pushed).ok());
  prepared->close();
  EXPECT_TRUE(memtable.expired()) << "before it began";

  const std::shared_ptr<SqlQuery> half_way = begin_alone(&memtable);
  ASSERT_TRUE(half_way->open().ok());
  ASSERT_TRUE(half_way->prepare(all, "", {}, {}, &is_pushed).ok());
  ASSERT_TRUE(half_way->execute().ok());
  SqlBatch some;
  ASSERT_TRUE(half_way->next(1, &some).ok());
  half_way->stop(Code::kCancelled);
  half_way->close();
  EXPECT_TRUE(memtable.expired()) << "half way";
}

TEST_F(SqlQueries, StopEndsWhatRuns) {
  fill();
  const std::shared_ptr<SqlQuery> query = begin();
  std::atomic<bool> begun{false};
  Status status;
  {
    Thread thread("query", [&] {
      begun = true;
      SqlBatch batch;
      status = run(*query, "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b",
                   "", {}, &batch);
    });
    while (!begun) {
    }
    query->stop(Code::kTimeout);
  }
  EXPECT_EQ(status.code(), Code::kTimeout) << status.text();
  SqlBatch batch;
  EXPECT_EQ(query->next(1, &batch).code(), Code::kTimeout);
  query->close();
  query->close();
  EXPECT_TRUE(run("SELECT 1", &batch).ok());
}

TEST_F(SqlQueries, OutOfOrderIsSaid) {
  const std::shared_ptr<SqlQuery> query = begin();
  SqlBatch batch;
  bool is_pushed = false;
  EXPECT_EQ(query->execute().code(), Code::kInvalidArgument);
  EXPECT_EQ(query->next(1, &batch).code(), Code::kInvalidArgument);
  EXPECT_EQ(query->prepare("SELECT 1", "", {}, {}, &is_pushed).code(), Code::kInvalidArgument);
  ASSERT_TRUE(query->open().ok());
  EXPECT_EQ(query->execute().code(), Code::kInvalidArgument);
  EXPECT_EQ(query->prepare("DROP VIEW every", "", {}, {}, &is_pushed).code(), Code::kInvalidSql);
  ASSERT_TRUE(query->prepare("SELECT 1", "", {}, {}, &is_pushed).ok());
  ASSERT_TRUE(query->execute().ok());
  EXPECT_EQ(query->execute().code(), Code::kInvalidArgument);
  EXPECT_EQ(query->prepare("SELECT 1", "", {}, {}, &is_pushed).code(), Code::kInvalidArgument);
}

TEST_F(SqlQueries, TablesMadeLaterAreThereNamesThatSqlCannotTellApartOnce) {
  SqlBatch batch;
  ASSERT_TRUE(run("SELECT 1", &batch).ok());
  std::uint32_t table = 0;
  const TableSchema odd{0, "odd \"name\"", {{"a", ValueType::kI64, false}}};
  const TableSchema same{0, "EVERY", {{"a", ValueType::kI64, false}}};
  ASSERT_TRUE(bench_.database->create_table(odd, &table).ok());
  ASSERT_TRUE(bench_.database->create_table(same, &table).ok());
  SqlBatch counts;
  ASSERT_TRUE(run("SELECT count(a) FROM \"odd \"\"name\"\"\"", &counts).ok());
  ASSERT_TRUE(run("SELECT count(whole) FROM EVERY", &counts).ok());
}

}  // namespace
}  // namespace ndts
