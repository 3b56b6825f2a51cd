// kill -9 of a real process on a real disk, at random moments and at every named crash point:
// whatever the process had been told is accepted is there afterwards.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <random>
#include <string>

#include "base/crash_point.h"
#include "base/file.h"
#include "base/long_test_kit.h"
#include "db/database.h"
#include "table/tick_row_test_kit.h"

namespace ndts {
namespace {

constexpr std::uint32_t kShards = 2;
constexpr std::size_t kRows = 50;

struct Folder {
  Folder() {
    std::string pattern = testing::TempDir() + "ndts-kill-XXXXXX";
    path = mkdtemp(pattern.data());
  }
  ~Folder() { static_cast<void>(std::system(("rm -rf '" + path + "'").c_str())); }
  std::string path;
};

DatabaseOptions options_for(FileSystem& files, Clock& clock, const std::string& folder) {
  DatabaseOptions options;
  options.files = &files;
  options.clock = &clock;
  options.dir = folder + "/data";
  options.staging_dir = folder + "/staging";
  options.staging_bytes = 1u << 20;
  options.wal_file_bytes = 1u << 20;
  options.wal_budget_bytes = 8u << 20;
  options.memtable_bytes = 100'000;
  options.commit_interval_ns = 1'000'000;
  options.snapshot_interval_ns = 50'000'000;
  options.shard_count = kShards;
  return options;
}

double price_of(std::uint32_t shard, std::uint64_t sequence) {
  return static_cast<double>(sequence * kShards + shard) / 8;
}

// Appends until it is killed; reports the number of accepted batches after each.
[[noreturn]] void work(const std::string& folder, int report) {
  const std::unique_ptr<FileSystem> files = make_posix_file_system();
  SystemClock clock;
  std::unique_ptr<Database> database;
  if (!Database::open(options_for(*files, clock, folder), &database).ok()) _exit(3);
  for (std::uint32_t shard = 0; shard < kShards; shard += 1)
    if (!database->register_symbol(shard, shard, shard == 0 ? "FIRST" : "SECOND").ok()) _exit(4);
  std::vector<std::byte> memory(TickColumns::batch_bytes(kRows));
  const TickBatchView batch = TickBatchView::over(memory.data(), kRows, kRows);
  for (std::uint64_t round = database->next_sequence(0) * 2 / kRows;; round += 1) {
    for (std::size_t at = 0; at < kRows; at += 1) {
      const auto shard = static_cast<std::uint32_t>(at % kShards);
      const std::uint64_t sequence = database->next_sequence(shard) + at / kShards;
      put_row(batch, at,
              {static_cast<std::int64_t>(sequence), 0, 0, price_of(shard, sequence), 0, 0, 0, 0, 0,
               shard, 0},
              shard);
    }
    std::uint64_t position = 0;
    std::vector<std::byte> write;
    encode_operation(write, "round", bytes_of(round));
    if (!database->append_ticks(batch, &position).ok()) _exit(5);
    if (!database->write(write, &position).ok()) _exit(6);
    if (::write(report, &round, sizeof round) != sizeof round) _exit(7);
  }
}

// Returns the last round reported; the child is dead then.
std::uint64_t run_child(const std::string& folder, std::uint64_t rounds, const char* crash_at) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    static const char* point = nullptr;
    point = crash_at;
    if (crash_at != nullptr)
      install_crash_points([](const char* name) {
        if (std::string_view(name) == point) kill(getpid(), SIGKILL);
      });
    work(folder, ends[1]);
  }
  close(ends[1]);
  std::uint64_t last = 0;
  std::uint64_t round = 0;
  for (std::uint64_t seen = 0; read(ends[0], &round, sizeof round) == sizeof round; seen += 1) {
    last = round;
    if (seen == rounds) kill(child, SIGKILL);
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "exit code " << WEXITSTATUS(status);
  return last;
}

void expect_rounds(const std::string& folder, std::uint64_t last) {
  const std::unique_ptr<FileSystem> files = make_posix_file_system();
  SystemClock clock;
  std::unique_ptr<Database> database;
  const Status status = Database::open(options_for(*files, clock, folder), &database);
  ASSERT_TRUE(status.ok()) << status.text();
  std::optional<Bytes> found;
  ASSERT_TRUE(database->get("round", &found).ok());
  if (last > 0) {
    ASSERT_TRUE(found.has_value());
    ASSERT_GE(load<std::uint64_t>(found->data()), last);
  }
  std::vector<std::byte> memory(TickColumns::batch_bytes(1000));
  const TickBatchView batch = TickBatchView::over(memory.data(), 1000, 0);
  for (std::uint32_t shard = 0; shard < kShards; shard += 1) {
    std::uint64_t next = 0;
    for (std::size_t count = 1; count > 0; next += count) {
      ASSERT_TRUE(
          database->read_sequence(kTickTable, shard, next, RowsOut::of(batch), &count).ok());
      for (std::size_t at = 0; at < count; at += 1) {
        ASSERT_EQ(batch.sequence[at], static_cast<double>(next + at));
        ASSERT_EQ(batch.price[at], price_of(shard, next + at));
      }
    }
    if (last > 0) {
      ASSERT_GE(next, (last + 1) * kRows / kShards);
    }
    ASSERT_EQ(next, database->next_sequence(shard));
  }
  // A snapshot is whole or not listed.
  std::vector<SnapshotInfo> snapshots;
  ASSERT_TRUE(database->list_snapshots(&snapshots).ok());
  ASSERT_TRUE(database->close().ok());
  if (snapshots.empty()) return;
  const std::string again = folder + "/again";
  const std::string from = snapshot_folder(folder + "/data", snapshots.back().name);
  const Status restored = restore_snapshot(*files, clock, from, again + "/data");
  ASSERT_TRUE(restored.ok()) << restored.text();
  ASSERT_TRUE(Database::open(options_for(*files, clock, again), &database).ok());
  ASSERT_TRUE(database->close().ok());
  static_cast<void>(std::system(("rm -rf '" + again + "'").c_str()));
}

TEST(DatabaseKill, AtRandomMoments) {
  const Folder folder;
  std::mt19937_64 random(17);
  for (int run = 0; run < (long_tests() ? 12 : 3); run += 1) {
    SCOPED_TRACE(run);
    const std::uint64_t last = run_child(folder.path, random() % 300, nullptr);
    expect_rounds(folder.path, last);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(DatabaseKill, AtEveryCrashPoint) {
  const Folder folder;
  std::uint64_t last = run_child(folder.path, 100, nullptr);
  for (const char* point :
       {"open.before_manifest",      "open.manifest_written", "wal.before_write",
        "wal.after_write",           "wal.after_sync",        "wal.before_rename",
        "wal.after_rename",          "wal.after_remove",      "flush.segment_written",
        "flush.files_written",       "kv.table_written",      "kv.flush_built",
        "kv.flush_logged",           "flush.manifest_written", "flush.checkpointed",
        "merge.file_written",        "merge.manifest_written", "kv.compaction_built",
        "kv.compaction_logged",      "snapshot.linked",       "snapshot.manifest_written",
        "snapshot.complete"}) {
    for (int run = 0; run < (long_tests() ? 2 : 1); run += 1) {
      SCOPED_TRACE(point);
      last = std::max(last, run_child(folder.path, UINT64_MAX, point));
      expect_rounds(folder.path, last);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace ndts
