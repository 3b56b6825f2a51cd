// Snapshots read on other threads beside writes, commits, flushes, merges and snapshots on disk of
// a database with its own threads, on a real folder.
#include <chrono>
#include <filesystem>
#include <string_view>
#include <thread>

#include "base/crash_point.h"
#include "base/long_test_kit.h"
#include "db/db_test_kit.h"

namespace ndts {
namespace {

constexpr std::size_t kPage = 512;

struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "ndts-db-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

// A snapshot, and what it must hold: rows of each shard, and the number under every key.
struct Offer {
  DatabaseSnapshot snapshot;
  std::vector<std::uint64_t> rows;
  std::string number;
};

// The newest offer of the writer, for whoever comes.
class Desk {
 public:
  void put(std::shared_ptr<const Offer> offer) {
    const MutexLock lock(mutex_);
    offer_ = std::move(offer);
  }
  std::shared_ptr<const Offer> take() {
    const MutexLock lock(mutex_);
    return offer_;
  }

 private:
  Mutex mutex_;
  std::shared_ptr<const Offer> offer_;
};

// Sequences of a shard as a snapshot has them: 0, 1, 2 ... without a gap.
std::uint64_t count_sequences(const SeriesView& view, std::uint32_t shard) {
  TestBatch batch(kPage);
  for (std::uint64_t next = 0;;) {
    std::size_t count = 0;
    const Status status =
        read_sequence(view.sources(shard), next, RowsOut::of(batch.view()), &count);
    if (!status.ok()) ADD_FAILURE() << status.text();
    if (count == 0) return next;
    for (std::size_t at = 0; at < count; at += 1, next += 1)
      if (batch.row(at).sequence != next) ADD_FAILURE() << "sequence " << next << " is missing";
  }
}

std::uint64_t count_by_time(const SeriesView& view) {
  std::uint64_t rows = 0;
  TestBatch batch(kPage);
  for (std::uint32_t symbol = 0; symbol < kTestSymbols; symbol += 1) {
    TimeRange range{-kAll, kAll};
    for (;;) {
      std::size_t count = 0;
      const Status status = load_rows(view.sources(symbol % kTestShards), symbol, range,
                                      RowsOut::of(batch.view()), &count);
      if (!status.ok()) ADD_FAILURE() << status.text();
      rows += count;
      if (count < kPage) break;
      range.from = batch.row(count - 1).time;
      range.first_sequence = batch.row(count - 1).sequence + 1;
    }
  }
  return rows;
}

void expect_offer(const Offer& offer) {
  const SeriesView& ticks = *offer.snapshot.table(kTickTable);
  std::uint64_t rows = 0;
  for (std::uint32_t shard = 0; shard < kTestShards; shard += 1) {
    EXPECT_EQ(count_sequences(ticks, shard), offer.rows[shard]);
    rows += offer.rows[shard];
  }
  EXPECT_EQ(count_by_time(ticks), rows);
  KeyValueIterator each = offer.snapshot.key_value().iterate({});
  for (; each.valid(); each.next()) EXPECT_EQ(text_of(each.entry().value), offer.number);
}

// A database with its own threads, on a real folder.
class DatabaseThreads : public testing::Test {
 protected:
  void open(std::uint64_t merge_bytes_per_second = 0) {
    options.compaction_bytes_per_second = merge_bytes_per_second;
    options.files = files.get();
    options.clock = &clock;
    options.dir = folder.path + "/data";
    options.staging_dir = folder.path + "/staging";
    options.staging_bytes = 256u << 10;
    options.wal_file_bytes = 256u << 10;
    options.memtable_bytes = 200u << 10;
    options.shard_count = kTestShards;
    ASSERT_TRUE(Database::open(options, &database).ok());
    for (std::uint32_t symbol = 0; symbol < kTestSymbols; symbol += 1)
      ASSERT_TRUE(database
                      ->register_symbol(symbol, symbol % kTestShards,
                                        "SYMBOL" + std::to_string(symbol))
                      .ok());
  }
  [[nodiscard]] std::vector<SegmentRecord> segments_of(std::int64_t day) const {
    std::vector<SegmentRecord> all;
    EXPECT_TRUE(database->segments(kTickTable, &all).ok());
    std::erase_if(all, [day](const SegmentRecord& one) { return one.day != day; });
    return all;
  }

  const std::uint64_t seed = test_seed(71);
  const Folder folder;
  const std::unique_ptr<FileSystem> files = make_posix_file_system();
  std::mt19937_64 random{seed};
  SystemClock clock;
  DatabaseOptions options;
  std::unique_ptr<Database> database;
};

TEST_F(DatabaseThreads, SnapshotsAreReadBesideEverythingElse) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  open();
  Desk desk;
  std::atomic<bool> done{false};
  std::atomic<int> checked{0};
  const auto read = [&] {
    while (!done.load(std::memory_order_acquire)) {
      const std::shared_ptr<const Offer> offer = desk.take();
      if (offer == nullptr) continue;
      expect_offer(*offer);
      checked.fetch_add(1, std::memory_order_relaxed);
    }
  };
  {
    Thread one("reader-1", read);
    Thread two("reader-2", read);
    RandomTicks ticks(random);
    TestBatch batch(100);
    const int rounds = long_tests() ? 600 : 150;
    for (int round = 0; round < rounds; round += 1) {
      ticks.fill(batch, 1 + random() % 100);
      std::uint64_t position = 0;
      ASSERT_TRUE(database->append_ticks(batch.view(), &position).ok());
      std::vector<std::byte> keys;
      const std::string number = std::to_string(round);
      for (int key = 0; key < 3; key += 1)
        encode_operation(keys, "key/" + std::to_string(key), bytes_of_text(number));
      ASSERT_TRUE(database->write(keys, &position).ok());
      if (round % 50 == 0) {
        ASSERT_TRUE(database->wait_durable(position).ok());
      }
      if (round == rounds / 2) {
        ASSERT_TRUE(database->write_snapshot("middle").ok());
      }
      if (round % 5 != 0) continue;
      std::vector<std::uint64_t> rows;
      for (std::uint32_t shard = 0; shard < kTestShards; shard += 1)
        rows.push_back(database->next_sequence(shard));
      desk.put(std::make_shared<Offer>(Offer{database->snapshot(), std::move(rows), number}));
    }
    done.store(true, std::memory_order_release);
  }
  ASSERT_TRUE(database->settle().ok());
  EXPECT_GT(database->stats().flushes, 0u);
  EXPECT_GT(checked.load(), 0);
  ASSERT_TRUE(database->close().ok());
  // The files outlive the database for whoever still reads.
  expect_offer(*desk.take());
}

std::uint64_t count_rows(const DatabaseSnapshot& snapshot) {
  std::uint64_t rows = 0;
  TestBatch batch(kPage);
  for (std::uint32_t symbol = 0; symbol < kTestSymbols; symbol += 1) {
    TimeRange range{-kAll, kAll};
    for (std::size_t count = kPage; count == kPage; rows += count) {
      const Status status =
          load_rows(snapshot.table(kTickTable)->sources(symbol % kTestShards), symbol, range,
                    RowsOut::of(batch.view()), &count);
      if (!status.ok()) ADD_FAILURE() << status.text();
      if (count == 0) break;
      range = {batch.row(count - 1).time, kAll, batch.row(count - 1).sequence + 1};
    }
  }
  return rows;
}

// A day goes and comes back, again and again, beside appends, flushes, merges and a reader: what
// is there is there once.
TEST_F(DatabaseThreads, DaysGoAndComeBackBesideEverythingElse) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  open(20'000);  // merges are under way nearly always
  constexpr std::int64_t kFirstDay = 20'000;
  const std::string back = folder.path + "/back/";
  std::filesystem::create_directory(back);
  Desk desk;
  std::atomic<bool> done{false};
  std::uint64_t appended = 0;
  std::uint64_t gone = 0;
  int changes = 0;
  {
    Thread reader("reader", [&] {
      while (!done.load(std::memory_order_acquire)) {
        const std::shared_ptr<const Offer> offer = desk.take();
        if (offer == nullptr) continue;
        EXPECT_EQ(count_rows(offer->snapshot), offer->rows[0]);
      }
    });
    std::vector<std::string> away;
    for (int round = 0; round < 120; round += 1) {
      TestBatch batch(60);
      for (int row = 0; row < 60; row += 1) {
        TickRow tick{};
        tick.time = (kFirstDay + static_cast<std::int64_t>(random() % 2)) * kNsPerDay +
                    static_cast<std::int64_t>(random() % 1'000'000);
        tick.symbol = static_cast<std::uint32_t>(random() % kTestSymbols);
        batch.add(tick);
      }
      std::uint64_t position = 0;
      ASSERT_TRUE(database->append_ticks(batch.view(), &position).ok());
      appended += 60;
      if (round % 3 == 0) {
        ASSERT_TRUE(database->seal().ok());
      }
      if (round % 7 == 3 && away.empty()) {
        SegmentChange change;
        std::uint64_t rows = 0;
        for (const SegmentRecord& one : segments_of(kFirstDay)) {
          away.push_back(back + std::to_string(one.number));
          std::error_code failed;  // it was merged meanwhile
          std::filesystem::create_hard_link(segment_path(options.dir, one), away.back(), failed);
          change.removed.push_back(one.number);
          rows += one.rows;
        }
        const Status status = database->change_segments(change);
        ASSERT_TRUE(status.ok() || status.code() == Code::kNotFound) << status.text();
        if (!status.ok()) away.clear();
        else gone = rows;
        changes += status.ok() && rows > 0 ? 1 : 0;
      } else if (round % 7 == 6 && !away.empty()) {
        Status status(Code::kUnavailable, "");
        desk.put(nullptr);  // the reader lets go of what it reads
        while (status.code() == Code::kUnavailable)
          status = database->change_segments({{}, away});
        ASSERT_TRUE(status.ok()) << status.text();
        away.clear();
        gone = 0;
      }
      desk.put(std::make_shared<Offer>(Offer{database->snapshot(), {appended - gone}, ""}));
    }
    done.store(true, std::memory_order_release);
  }
  EXPECT_GT(changes, 3);
  EXPECT_GT(database->stats().merges, 0u);
  EXPECT_EQ(count_rows(database->snapshot()), appended - gone);
}

std::atomic<int> segments_written{0};
std::atomic<bool> closing{false};

// Holds the flush at its first segment until the database is being closed.
void hold_first_segment(const char* name) {
  if (std::string_view(name) != "flush.segment_written") return;
  if (segments_written.fetch_add(1, std::memory_order_acq_rel) > 0) return;
  while (!closing.load(std::memory_order_acquire)) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // ambient: close() gets going
}

// A flush of years is not waited for: the log has its rows, and the next open finds them.
TEST_F(DatabaseThreads, CloseGivesUpAFlushOfManyDays) {
  install_crash_points(hold_first_segment);
  open();
  TestBatch batch(1);
  std::uint64_t position = 0;
  int days = 0;
  for (; segments_written.load(std::memory_order_acquire) == 0; days += 1) {
    batch.view().count = 0;
    batch.add({days * kNsPerDay, 0, 0, 1, 1, 1, 1, 1, 1,
               static_cast<std::uint32_t>(random() % kTestSymbols), 0});
    ASSERT_TRUE(database->append_ticks(batch.view(), &position).ok());
  }
  std::uint64_t rows = 0;
  for (std::uint32_t shard = 0; shard < kTestShards; shard += 1)
    rows += database->next_sequence(shard);
  closing.store(true, std::memory_order_release);
  ASSERT_TRUE(database->close().ok());
  install_crash_points(nullptr);
  EXPECT_LT(segments_written.load(), days / 4) << days << " days";
  open();
  EXPECT_EQ(count_rows(database->snapshot()), rows);
}

// Many segments are opened side by side; of several that are damaged the first one is named.
TEST_F(DatabaseThreads, OpensManySegments) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  open();
  TestBatch batch(200);
  for (int row = 0; row < 200; row += 1)
    batch.add({row % 40 * kNsPerDay + row, 0, 0, 1, 1, 1, 1, 1, 1,
               static_cast<std::uint32_t>(random() % kTestSymbols), 0});
  std::uint64_t position = 0;
  ASSERT_TRUE(database->append_ticks(batch.view(), &position).ok());
  ASSERT_TRUE(database->seal().ok());
  std::vector<SegmentRecord> all;
  ASSERT_TRUE(database->segments(kTickTable, &all).ok());
  ASSERT_GT(all.size(), 40u);
  ASSERT_TRUE(database->close().ok());
  open();
  EXPECT_EQ(count_rows(database->snapshot()), 200u);
  ASSERT_TRUE(database->close().ok());
  for (const std::size_t at : {all.size() / 2, all.size() / 2 + 3, all.size() - 1})
    std::filesystem::remove(segment_path(options.dir, all[at]));
  const Status status = Database::open(options, &database);
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_EQ(status.file(), segment_path(options.dir, all[all.size() / 2]));
}

}  // namespace
}  // namespace ndts
