// The database against a plain model: random work, seals, reopening, power cuts and full disks on
// the simulated file system.
#include "base/long_test_kit.h"
#include "db/db_test_kit.h"

#include <gtest/gtest.h>

namespace ndts {
namespace {

std::vector<std::pair<std::string, std::optional<std::string>>> random_write(
    std::mt19937_64& random) {
  std::vector<std::pair<std::string, std::optional<std::string>>> operations;
  const std::size_t count = 1 + random() % 4;
  for (std::size_t at = 0; at < count; at += 1) {
    std::string key = "key/" + std::to_string(random() % 60);
    if (random() % 3 == 0) {
      operations.emplace_back(std::move(key), std::nullopt);
    } else {
      std::string value(random() % 40, static_cast<char>(random()));
      operations.emplace_back(std::move(key), std::move(value));
    }
  }
  return operations;
}

TEST(Database, AgreesWithTheModel) {
  const std::uint64_t seed = test_seed(11);
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  for (std::uint64_t run = 0; run < (long_tests() ? 4u : 2u); run += 1) {
    std::mt19937_64 random(seed + run);
    SimFileSystem files(seed + run);
    DatabaseBench bench(&files, "/db");
    bench.options.memtable_bytes = run % 2 == 0 ? 40'000 : 1u << 20;
    ASSERT_TRUE(bench.open().ok());
    bench.register_symbols();
    RandomTicks ticks(random);
    TestBatch batch(200);
    for (int step = 0; step < 60; step += 1) {
      ticks.fill(batch, 1 + random() % 200);
      ASSERT_TRUE(bench.append(batch).ok());
      ASSERT_TRUE(bench.write(random_write(random)).ok());
      const std::uint64_t dice = random() % 12;
      if (dice == 0) {
        ASSERT_TRUE(bench.database->seal().ok());
      }
      if (dice == 1) bench.kill();
      if (dice == 2) {
        ASSERT_TRUE(bench.database->close().ok());
      }
      if (dice == 1 || dice == 2) {
        const Status status = bench.open();
        ASSERT_TRUE(status.ok()) << status.text();
      }
      if (dice <= 3) bench.expect_model(random);
      if (testing::Test::HasFatalFailure()) return;
    }
    bench.expect_model(random);
  }
}

TEST(Database, EpochsGrowAndSequencesGoOn) {
  SimFileSystem files(1);
  DatabaseBench bench(&files, "/db");
  std::mt19937_64 random(1);
  RandomTicks ticks(random);
  TestBatch batch(100);
  for (std::uint64_t open = 1; open <= 5; open += 1) {
    ASSERT_TRUE(bench.open().ok());
    bench.register_symbols();
    for (std::uint32_t shard = 0; shard < kTestShards; shard += 1)
      EXPECT_EQ(bench.database->epoch(shard), open);
    ticks.fill(batch, 100);
    ASSERT_TRUE(bench.append(batch).ok());
    if (open % 2 == 0) {
      ASSERT_TRUE(bench.database->seal().ok());
    }
    if (open % 3 == 0) bench.kill();
  }
  bench.expect_model(random);
}

TEST(Database, WatermarksKeepTheirOrder) {
  SimFileSystem files(2);
  DatabaseBench bench(&files, "/db");
  ASSERT_TRUE(bench.open().ok());
  bench.register_symbols();
  std::mt19937_64 random(2);
  RandomTicks ticks(random);
  TestBatch batch(100);
  double marks[4 * kTestShards];
  for (int step = 0; step < 20; step += 1) {
    ticks.fill(batch, 100);
    ASSERT_TRUE(bench.append(batch).ok());
    if (step % 3 == 0) {
      ASSERT_TRUE(bench.database->wait_durable(bench.database->accepted_position()).ok());
    }
    if (step % 7 == 0) {
      ASSERT_TRUE(bench.database->seal().ok());
    }
    bench.database->watermarks(marks);
    for (std::uint32_t shard = 0; shard < kTestShards; shard += 1) {
      EXPECT_EQ(marks[4 * shard], static_cast<double>(bench.model.shards[shard].size()));
      EXPECT_GE(marks[4 * shard], marks[4 * shard + 1]);
      EXPECT_EQ(marks[4 * shard + 1], marks[4 * shard + 2]);
      EXPECT_GE(marks[4 * shard + 2], marks[4 * shard + 3]);
      if (step % 3 == 0) {
        EXPECT_EQ(marks[4 * shard], marks[4 * shard + 1]);
      }
      if (step % 7 == 0) {
        EXPECT_EQ(marks[4 * shard], marks[4 * shard + 3]);
      }
    }
  }
}

TEST(Database, RefusesABadBatchWhole) {
  SimFileSystem files(3);
  DatabaseBench bench(&files, "/db");
  ASSERT_TRUE(bench.open().ok());
  bench.register_symbols();
  std::uint64_t position = 0;
  const auto refused = [&](std::size_t row, auto spoil) {
    std::mt19937_64 random(3);
    RandomTicks ticks(random);
    TestBatch batch(10);
    ticks.fill(batch, 10);
    spoil(batch.view(), row);
    const std::uint64_t before = bench.database->accepted_position();
    EXPECT_EQ(bench.database->append_ticks(batch.view(), &position).code(),
              Code::kInvalidArgument);
    EXPECT_EQ(bench.database->accepted_position(), before);
    EXPECT_EQ(bench.database->next_sequence(0), 0u);
  };
  for (const std::size_t row : {0u, 9u}) {
    refused(row, [](TickBatchView& view, std::size_t at) { view.symbol[at] = kTestSymbols; });
    refused(row, [](TickBatchView& view, std::size_t at) { view.symbol[at] = 0xffff'ffff; });
    refused(row, [](TickBatchView& view, std::size_t at) { view.day[at] = 0.5; });
    refused(row, [](TickBatchView& view, std::size_t at) { view.day[at] = 1e9; });
    refused(row, [](TickBatchView& view, std::size_t at) { view.ns_of_day[at] = -1; });
    refused(row, [](TickBatchView& view, std::size_t at) { view.ns_of_day[at] = 86'400e9; });
    refused(row, [](TickBatchView& view, std::size_t at) {
      view.day[at] = std::numeric_limits<double>::quiet_NaN();
    });
  }
  std::mt19937_64 random(3);
  bench.expect_model(random);
}

TEST(Database, RefusesADifferentFolder) {
  SimFileSystem files(4);
  DatabaseBench bench(&files, "/db");
  ASSERT_TRUE(bench.open().ok());
  std::unique_ptr<Database> second;
  EXPECT_EQ(Database::open(bench.options, &second).code(), Code::kLocked);
  ASSERT_TRUE(bench.database->close().ok());
  ASSERT_TRUE(bench.database->close().ok());
  bench.options.shard_count = 8;
  const Status status = bench.open();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_NE(status.message().find("8"), std::string::npos);
  EXPECT_NE(status.message().find("4"), std::string::npos);
  bench.options.shard_count = 6;
  EXPECT_EQ(bench.open().code(), Code::kInvalidArgument);
  bench.options.shard_count = kTestShards;
  ASSERT_TRUE(bench.open().ok());
}

TEST(Database, SymbolsKeepTheirIds) {
  SimFileSystem files(5);
  DatabaseBench bench(&files, "/db");
  ASSERT_TRUE(bench.open().ok());
  const auto add = [&bench](std::uint32_t id, std::uint32_t shard, std::string_view name) {
    return bench.database->register_symbol(id, shard, name).code();
  };
  for (int open = 0; open < 3; open += 1) {
    EXPECT_EQ(add(7, 1, "AAPL"), Code::kOk);
    EXPECT_EQ(add(7, 1, "MSFT"), Code::kAlreadyExists);
    EXPECT_EQ(add(8, 1, "AAPL"), Code::kAlreadyExists);
    EXPECT_EQ(add(7, 2, "AAPL"), Code::kAlreadyExists);
    EXPECT_EQ(add(9, kTestShards, "X"), Code::kInvalidArgument);
    EXPECT_EQ(add(9, 0, ""), Code::kInvalidArgument);
    EXPECT_EQ(add(kMaxSymbols, 0, "X"), Code::kInvalidArgument);
    ASSERT_EQ(bench.database->symbols().size(), 1u);
    if (open == 1) {
      ASSERT_TRUE(bench.database->seal().ok());
    }
    bench.kill();
    ASSERT_TRUE(bench.open().ok());
  }
}

// What was durable before a power cut is there after it, in order, and nothing that never was.
TEST(Database, PowerCutsLoseOnlyWhatWasNotDurable) {
  const std::uint64_t seed = test_seed(21);
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  for (std::uint64_t run = 0; run < (long_tests() ? 40u : 6u); run += 1) {
    std::mt19937_64 random(seed + run);
    SimFileSystem files(seed + run);
    DatabaseBench bench(&files, "/db");
    bench.options.memtable_bytes = 30'000;
    ASSERT_TRUE(bench.open().ok());
    bench.register_symbols();
    RandomTicks ticks(random);
    TestBatch batch(100);
    for (int round = 0; round < 4; round += 1) {
      std::vector<std::uint64_t> durable(kTestShards);
      const std::uint64_t epoch = bench.database->epoch(0);
      const int steps = static_cast<int>(random() % 20);
      for (int step = 0; step < steps; step += 1) {
        ticks.fill(batch, 1 + random() % 100);
        ASSERT_TRUE(bench.append(batch).ok());
        if (random() % 6 == 0) {
          ASSERT_TRUE(bench.database->seal().ok());
        }
        if (random() % 4 != 0) continue;
        ASSERT_TRUE(bench.database->wait_durable(bench.database->accepted_position()).ok());
        for (std::uint32_t shard = 0; shard < kTestShards; shard += 1)
          durable[shard] = bench.model.shards[shard].size();
      }
      bench.crash();
      const Status status = bench.open();
      ASSERT_TRUE(status.ok()) << status.text() << " run " << run;
      bench.register_symbols();
      EXPECT_EQ(bench.database->epoch(0), epoch + 1);
      for (std::uint32_t shard = 0; shard < kTestShards; shard += 1) {
        std::vector<TickRow>& rows = bench.model.shards[shard];
        const std::uint64_t kept = bench.database->next_sequence(shard);
        ASSERT_LE(kept, rows.size());
        ASSERT_GE(kept, durable[shard]);
        rows.resize(kept);
      }
      bench.expect_model(random);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

// Every write and every sync fails once: a named error or none, the database stays readable, and
// what was accepted is there after a kill.
TEST(Database, EveryWriteAndSyncMayFail) {
  const std::uint64_t seed = test_seed(31);
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  for (std::uint64_t nth = 1; nth <= 60; nth += long_tests() ? 1 : 19) {
    for (const bool sync : {false, true}) {
      SCOPED_TRACE((sync ? "sync " : "write ") + std::to_string(nth));
      std::mt19937_64 random(seed + nth);
      SimFileSystem files(seed + nth);
      DatabaseBench bench(&files, "/db");
      bench.options.memtable_bytes = 30'000;
      ASSERT_TRUE(bench.open().ok());
      bench.register_symbols();
      if (sync) {
        files.fail_sync(nth, Code::kIoError, 1 + nth % 3);
      } else {
        files.fail_write(nth, nth % 2 == 0 ? Code::kDiskFull : Code::kIoError, 1 + nth % 3);
      }
      RandomTicks ticks(random);
      TestBatch batch(100);
      for (int step = 0; step < 30; step += 1) {
        ticks.fill(batch, 100);
        static_cast<void>(bench.append(batch));
        static_cast<void>(bench.write(random_write(random)));
        if (step % 10 == 9) static_cast<void>(bench.database->seal());
        bench.clock.advance(2'000'000'000);
      }
      bench.expect_model(random);
      files.clear_faults();
      ASSERT_TRUE(bench.database->seal().ok());
      bench.expect_model(random);
      bench.kill();
      const Status status = bench.open();
      ASSERT_TRUE(status.ok()) << status.text();
      bench.expect_model(random);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(Database, AFullDiskLosesNothingAndGoesOn) {
  SimFileSystem files(6);
  DatabaseBench bench(&files, "/db");
  bench.options.memtable_bytes = 100'000;
  ASSERT_TRUE(bench.open().ok());
  bench.register_symbols();
  files.set_capacity(files.used_bytes() + 400'000);
  std::mt19937_64 random(6);
  RandomTicks ticks(random);
  TestBatch batch(100);
  Status status;
  for (int step = 0; step < 2'000 && status.ok(); step += 1) {
    ticks.fill(batch, 100);
    status = bench.append(batch);
  }
  EXPECT_EQ(status.code(), Code::kDiskFull) << status.text();
  bench.expect_model(random);
  files.set_capacity(UINT64_MAX);
  bench.clock.advance(10'000'000'000);
  for (int step = 0; step < 10; step += 1) {
    ticks.fill(batch, 100);
    status = bench.append(batch);
    bench.clock.advance(2'000'000'000);
  }
  EXPECT_TRUE(status.ok()) << status.text();
  ASSERT_TRUE(bench.database->seal().ok());
  bench.expect_model(random);
  bench.kill();
  ASSERT_TRUE(bench.open().ok());
  bench.expect_model(random);
}

TEST(Database, TheLogBudgetSealsASmallMemtable) {
  SimFileSystem files(7);
  DatabaseBench bench(&files, "/db");
  bench.options.memtable_bytes = 1u << 30;
  bench.options.wal_budget_bytes = 1u << 20;
  ASSERT_TRUE(bench.open().ok());
  bench.register_symbols();
  const std::string value(4'000, 'v');
  for (int step = 0; step < 2'000; step += 1)
    ASSERT_TRUE(bench.write({{"key" + std::to_string(step % 10), value}}).ok());
  const DatabaseStats stats = bench.database->stats();
  EXPECT_GE(stats.flushes, 4u);
  EXPECT_LE(stats.wal_bytes, 4u << 20);
  std::mt19937_64 random(7);
  bench.expect_model(random);
  bench.kill();
  ASSERT_TRUE(bench.open().ok());
  bench.expect_model(random);
}

// A sync fails, and then the power: the log still has what the manifest that was cut off lists.
TEST(Database, TheLogStaysUntilAManifestListsWhatWasInIt) {
  const std::uint64_t seed = test_seed(71);
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  SimFileSystem files(seed);
  DatabaseBench bench(&files, "/db");
  bench.options.staging_bytes = bench.options.wal_file_bytes = 64u << 10;
  ASSERT_TRUE(bench.open().ok());
  bench.register_symbols();
  for (std::uint64_t nth = 1; nth < 60; nth += 1) {
    do {
      const std::string key = "key/" + std::to_string(random() % 60);
      ASSERT_TRUE(bench.write({{key, std::string(3000, static_cast<char>(random()))}}).ok());
    } while (bench.database->stats().wal_files < 4);
    ASSERT_TRUE(bench.database->wait_durable(bench.database->accepted_position()).ok());
    files.fail_sync(nth, Code::kIoError, 1'000);
    const Status status = bench.database->seal();
    bench.crash();
    files.clear_faults();
    const Status opened = bench.open();
    ASSERT_TRUE(opened.ok()) << "sync " << nth << ": " << opened.text();
    bench.expect_model(random);
    if (status.ok()) return;
  }
  FAIL() << "no run came to its end";
}

}  // namespace
}  // namespace ndts
