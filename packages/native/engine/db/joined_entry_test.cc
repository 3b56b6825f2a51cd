// Rows and a key-value batch in one log entry: whatever ends the process, the count that is logged
// with the rows is the number of rows that are there. And what a damaged one is called.
#include "db/joined_entry.h"

#include <gtest/gtest.h>

#include "base/long_test_kit.h"
#include "db/db_test_kit.h"
#include "db/repair.h"
#include "db/tables_test_kit.h"

namespace ndts {
namespace {

class JoinedEntries : public testing::Test {
 protected:
  void open() {
    const Status status = bench_.open();
    ASSERT_TRUE(status.ok()) << status.text();
    bench_.register_symbols();
    ASSERT_TRUE(bench_.database->create_table(every_type_schema(), &table_).ok());
  }
  std::uint64_t rows() {
    std::uint64_t sum = 0;
    for (std::uint32_t shard = 0; shard < kTestShards; shard += 1)
      sum += bench_.database->next_sequence(shard, table_);
    return sum;
  }
  std::uint64_t counted() {
    std::optional<Bytes> value;
    EXPECT_TRUE(bench_.database->get("count", &value).ok());
    return value.has_value() ? load<std::uint64_t>(value->data()) : 0;
  }
  void append(std::size_t count) {
    const std::uint64_t total = rows() + count;
    std::vector<std::byte> batch;
    encode_operation(batch, "count", bytes_of(total));
    // Of every length, so that the zeros behind it are of every length, too.
    encode_operation(batch, "other", bytes_of_text(std::string(random_() % 9, 'x')));
    const std::vector<TestRow> made = random_rows_.make(count);
    std::uint64_t position = 0;
    const Status status = bench_.database->append_rows(table_, batch_.in(made), &position, batch);
    ASSERT_TRUE(status.ok()) << status.text();
    ASSERT_EQ(rows(), total);
    ASSERT_EQ(counted(), total);
  }

  const std::uint64_t seed_ = test_seed(52);
  std::mt19937_64 random_{seed_};
  SimFileSystem files_{seed_};
  DatabaseBench bench_{&files_, "/db"};
  RandomRows random_rows_{random_, every_type_schema(), kTestSymbols};
  RowsBatch batch_{every_type_schema(), 300};
  std::uint32_t table_ = 0;
};

TEST_F(JoinedEntries, SurviveWholeOrNotAtAll) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  bench_.options.memtable_bytes = 60'000;
  bool lost = false;
  for (int round = 0; round < (long_tests() ? 200 : 20); round += 1) {
    open();
    if (HasFatalFailure()) return;
    ASSERT_EQ(counted(), rows());
    std::uint64_t durable = rows();
    for (std::uint64_t step = random_() % 12; step > 0; step -= 1) {
      append(1 + random_() % 200);
      if (HasFatalFailure()) return;
      if (random_() % 3 != 0) continue;
      ASSERT_TRUE(bench_.database->wait_durable(bench_.database->accepted_position()).ok());
      durable = rows();
    }
    const std::uint64_t accepted = rows();
    const std::uint64_t dice = random_() % 4;
    if (dice == 0) {
      ASSERT_TRUE(bench_.database->close().ok());
    } else if (dice == 1) {
      bench_.kill();
    } else {
      bench_.crash();
    }
    open();
    if (HasFatalFailure()) return;
    ASSERT_EQ(counted(), rows());
    ASSERT_GE(rows(), dice < 2 ? accepted : durable);
    lost |= rows() < accepted;
    ASSERT_TRUE(bench_.database->close().ok());
  }
  EXPECT_TRUE(lost) << "no power cut took anything: nothing was tested";
}

TEST_F(JoinedEntries, WithoutRowsAreTheBatch) {
  open();
  std::vector<std::byte> batch;
  encode_operation(batch, "count", bytes_of(std::uint64_t{7}));
  std::uint64_t position = 0;
  ASSERT_TRUE(bench_.database->append_rows(table_, batch_.in({}), &position, batch).ok());
  EXPECT_EQ(counted(), 7u);
  batch.pop_back();
  EXPECT_EQ(bench_.database->append_rows(table_, batch_.in(random_rows_.make(2)), &position, batch)
                .code(),
            Code::kInvalidArgument);
  EXPECT_EQ(rows(), 0u);
}

// The manifest is lost: repair takes the rows of such entries as it takes others.
TEST_F(JoinedEntries, AreFoundByRepair) {
  open();
  append(120);
  append(80);
  ASSERT_TRUE(bench_.database->close().ok());
  ASSERT_TRUE(files_.remove("/db/data/MANIFEST").ok());
  RepairOptions options;
  options.files = &files_;
  options.clock = bench_.options.clock;
  options.dir = "/db/data";
  options.apply = true;
  RepairReport report;
  const Status status = repair_database(options, &report);
  ASSERT_TRUE(status.ok()) << status.text();
  open();
  EXPECT_EQ(rows(), 200u);
  EXPECT_EQ(counted(), 200u);
}

TEST(JoinedEntry, IsRefusedWhenItIsNotWhole) {
  std::vector<std::byte> batch;
  encode_operation(batch, "k", bytes_of_text("value"));
  const JoinedHead head{static_cast<std::uint32_t>(LogKind::kTicks),
                        static_cast<std::uint32_t>(batch.size())};
  std::vector<std::byte> body(sizeof head);
  store(body.data(), head);
  body.insert(body.end(), batch.begin(), batch.end());
  body.resize(align_up(body.size(), 8));
  const std::size_t rows_at = body.size();
  body.resize(rows_at + 16, std::byte{9});
  JoinedEntry entry;
  ASSERT_TRUE(read_joined(body, &entry).ok());
  EXPECT_EQ(entry.kind, LogKind::kTicks);
  EXPECT_EQ(entry.rows.size(), 16u);
  EXPECT_EQ(entry.batch.size(), batch.size());
  for (std::size_t length = 0; length < rows_at; length += 1)
    EXPECT_EQ(read_joined(Bytes(body).first(length), &entry).code(), Code::kCorrupt) << length;
  for (const std::uint32_t kind : {0u, 2u, 3u, 6u, 77u}) {
    store(body.data(), kind);
    EXPECT_EQ(read_joined(body, &entry).code(), Code::kCorrupt) << kind;
  }
}

}  // namespace
}  // namespace ndts
