// The log in normal life: appending, waiting, rolling, checkpoints, reopening, on the simulated
// disk and, where it matters, on the real one with threads and processes.
#include "wal/wal.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <thread>

#include "wal/wal_reader.h"
#include "wal/wal_test_kit.h"

namespace ndts {
namespace {

class WalOnDisk : public testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/ndts-wal-test-XXXXXX";
    ASSERT_NE(mkdtemp(path), nullptr);
    folder_ = path;
    files_ = make_posix_file_system();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
  std::unique_ptr<FileSystem> files_;
};

TEST(Wal, AppendsReopensAndKeepsPositionsGrowing) {
  SimFileSystem files(1);
  LogBench bench(&files, "/sim");
  ASSERT_TRUE(bench.open().ok());
  EXPECT_EQ(bench.wal->epoch(), 1u);
  for (std::uint64_t number = 0; number < 100; ++number)
    ASSERT_TRUE(bench.append(number, 16 + number).ok());
  EXPECT_EQ(bench.wal->accepted_position(), bench.written.back().position);
  EXPECT_EQ(bench.wal->durable_position(), 0u);
  ASSERT_TRUE(bench.wal->wait_durable(bench.written[50].position).ok());
  EXPECT_GE(bench.wal->durable_position(), bench.written[50].position);
  EXPECT_EQ(bench.wal->wait_durable(bench.wal->accepted_position() + 1).code(),
            Code::kInvalidArgument);
  ASSERT_TRUE(bench.wal->close().ok());
  ASSERT_TRUE(bench.wal->close().ok());
  std::uint64_t position = 0;
  EXPECT_EQ(bench.wal->append(1, 0, {}, &position).code(), Code::kClosed);
  EXPECT_EQ(bench.wal->checkpoint(0).code(), Code::kClosed);
  for (std::uint64_t round = 2; round < 5; ++round) {
    ASSERT_TRUE(bench.open().ok());
    EXPECT_EQ(bench.wal->epoch(), round);
    EXPECT_TRUE(bench.wal->recovery().clean);
    EXPECT_EQ(bench.wal->recovery().torn_bytes, 0u);
    EXPECT_EQ(bench.seen, bench.written);
    EXPECT_GE(bench.wal->accepted_position(), bench.written.back().position);
    ASSERT_TRUE(bench.append(1000 + round).ok());
    ASSERT_TRUE(bench.wal->close().ok());
  }
}

TEST(Wal, RefusesBadArguments) {
  SimFileSystem files(2);
  LogBench bench(&files, "/sim");
  ASSERT_TRUE(bench.open().ok());
  std::uint64_t position = 0;
  EXPECT_EQ(bench.wal->append(0, 0, {}, &position).code(), Code::kInvalidArgument);
  EXPECT_EQ(bench.wal->append(65536, 0, {}, &position).code(), Code::kInvalidArgument);
  std::vector<std::byte> big(bench.wal->max_payload_bytes());
  const Bytes whole[] = {big};
  EXPECT_TRUE(bench.wal->append(1, 0, whole, &position).ok());
  big.push_back(std::byte{1});
  const Bytes larger[] = {big};
  EXPECT_EQ(bench.wal->append(1, 0, larger, &position).code(), Code::kNoSpaceAccepted);
  LogBench odd(&files, "/odd");
  odd.options.file_bytes = 1000;
  EXPECT_EQ(odd.open().code(), Code::kInvalidArgument);
}

TEST(Wal, WaitsWhenStagingIsFullAndRollsFiles) {
  SimFileSystem files(3);
  LogBench bench(&files, "/sim");
  ASSERT_TRUE(bench.open().ok());
  for (std::uint64_t number = 0; number < 600; ++number)
    ASSERT_TRUE(bench.append(number, 500 + number * 7 % 900).ok());
  const WalStats stats = bench.wal->stats();
  EXPECT_EQ(stats.appends, 600u);
  EXPECT_GT(stats.append_waits, 3u);
  EXPECT_GT(stats.rolls, 4u);
  EXPECT_GT(stats.files, 4u);
  EXPECT_GE(stats.bytes_retained, stats.files * bench.options.file_bytes);
  ASSERT_TRUE(bench.wal->close().ok());
  ASSERT_TRUE(bench.open().ok());
  EXPECT_EQ(bench.seen, bench.written);
}

TEST(Wal, CheckpointRemovesFilesWhollyBelow) {
  SimFileSystem files(4);
  LogBench bench(&files, "/sim");
  ASSERT_TRUE(bench.open().ok());
  for (std::uint64_t number = 0; number < 400; ++number)
    ASSERT_TRUE(bench.append(number, 1000).ok());
  const std::uint64_t before = bench.wal->stats().files;
  const std::uint64_t beyond = bench.wal->accepted_position() + 1;
  EXPECT_EQ(bench.wal->checkpoint(beyond).code(), Code::kInvalidArgument);
  ASSERT_TRUE(bench.wal->checkpoint(0).ok());
  EXPECT_EQ(bench.wal->stats().files, before);
  const std::size_t kept_from = 200;
  bench.options.replay_from = bench.written[kept_from - 1].position;
  ASSERT_TRUE(bench.wal->wait_durable(bench.options.replay_from).ok());
  ASSERT_TRUE(bench.wal->checkpoint(bench.options.replay_from).ok());
  EXPECT_LT(bench.wal->stats().files, before);
  EXPECT_LE(bench.wal->oldest_position(), bench.options.replay_from);
  EXPECT_GT(bench.wal->oldest_position(), 0u);
  ASSERT_TRUE(bench.wal->close().ok());
  ASSERT_TRUE(bench.open().ok());
  EXPECT_EQ(bench.seen, std::vector<Seen>(bench.written.begin() + kept_from,
                                          bench.written.end()));
  // Whoever asks for more than the log still holds is told.
  ASSERT_TRUE(bench.wal->close().ok());
  bench.options.replay_from = 0;
  EXPECT_EQ(bench.open().code(), Code::kCorrupt);
}

TEST(Wal, ReplayThatFailsEndsTheOpen) {
  SimFileSystem files(5);
  LogBench bench(&files, "/sim");
  ASSERT_TRUE(bench.open().ok());
  ASSERT_TRUE(bench.append(1).ok());
  ASSERT_TRUE(bench.wal->close().ok());
  const Status status = Wal::open(
      bench.options, [](const WalRecord&) { return Status(Code::kInternal, "stop"); },
      &bench.wal);
  EXPECT_EQ(status.code(), Code::kInternal);
}

TEST(Wal, ANewerVersionIsRefused) {
  SimFileSystem files(6);
  LogBench bench(&files, "/sim");
  ASSERT_TRUE(bench.open().ok());
  ASSERT_TRUE(bench.wal->close().ok());
  std::unique_ptr<File> file;
  ASSERT_TRUE(files.open(bench.newest(), OpenMode::kReadWrite, &file).ok());
  WalFileHeader header{};
  ASSERT_TRUE(file->read_exactly(0, std::as_writable_bytes(std::span(&header, 1))).ok());
  header.version = kWalVersion + 1;
  header.checksum = wal_header_checksum(header);
  ASSERT_TRUE(file->write(0, bytes_of(header)).ok());
  EXPECT_EQ(bench.open().code(), Code::kVersionTooNew);
}

TEST(Wal, OnDurableReportsEveryCommit) {
  SimFileSystem files(7);
  std::vector<std::uint64_t> reported;  // outlives the log, whose end commits once more
  LogBench bench(&files, "/sim");
  bench.options.on_durable = [&](std::uint64_t position) { reported.push_back(position); };
  ASSERT_TRUE(bench.open().ok());
  for (std::uint64_t number = 0; number < 5; ++number) {
    ASSERT_TRUE(bench.append(number).ok());
    bench.wal->request_commit();
  }
  ASSERT_EQ(reported.size(), 5u);
  for (std::size_t at = 0; at < 5; ++at) EXPECT_EQ(reported[at], bench.written[at].position);
}

TEST_F(WalOnDisk, ThreadedAppendsAndWaiters) {
  LogBench bench(files_.get(), folder_);
  bench.options.staging_bytes = 256u << 10;
  bench.options.file_bytes = 1u << 20;
  bench.options.clock = &bench.system_clock;
  ASSERT_TRUE(bench.open().ok());
  bench.wal->start();
  constexpr int kThreads = 3;
  constexpr int kAppends = 150;
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&, thread] {
      std::uint64_t last = 0;
      for (int count = 0; count < kAppends; ++count) {
        const std::string payload(static_cast<std::size_t>(100 + count * 50), 'p');
        const Bytes parts[] = {bytes_of_text(payload)};
        std::uint64_t position = 0;
        const auto shard = static_cast<std::uint32_t>(thread);
        if (!bench.wal->append(1, shard, parts, &position).ok() || position <= last) ++failures;
        last = position;
        if (count % 10 == 0 && !bench.wal->wait_durable(position).ok()) ++failures;
      }
      if (!bench.wal->wait_durable(last).ok()) ++failures;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures.load(), 0);
  EXPECT_EQ(bench.wal->durable_position(), bench.wal->accepted_position());
  ASSERT_TRUE(bench.wal->close().ok());
  ASSERT_TRUE(bench.open().ok());
  EXPECT_EQ(bench.seen.size(), static_cast<std::size_t>(kThreads * kAppends));
}

TEST_F(WalOnDisk, TheThreadCommitsWithoutBeingAsked) {
  LogBench bench(files_.get(), folder_);
  bench.options.clock = &bench.system_clock;
  bench.options.commit_interval_ns = 1'000'000;
  ASSERT_TRUE(bench.open().ok());
  bench.wal->start();
  ASSERT_TRUE(bench.append(1).ok());
  while (bench.wal->durable_position() < bench.written[0].position) std::this_thread::yield();
}

TEST_F(WalOnDisk, KilledProcessLosesNothingAccepted) {
  LogBench bench(files_.get(), folder_);
  bench.options.clock = &bench.system_clock;
  bench.options.commit_interval_ns = 2'000'000;
  std::uint64_t next = 0;
  for (int round = 0; round < 6; ++round) {
    int channel[2];
    ASSERT_EQ(pipe(channel), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(channel[0]);
      if (const Status status = bench.open(); !status.ok()) {
        fprintf(stderr, "%s\n", status.text().c_str());
        _exit(2);
      }
      if (round % 2 == 0) bench.wal->start();  // otherwise nothing reaches the file by itself
      for (std::uint64_t number = next;; ++number) {
        if (!bench.append(number, 20 + number % 300).ok()) _exit(3);
        if (write(channel[1], &number, sizeof(number)) != sizeof(number)) _exit(4);
      }
    }
    close(channel[1]);
    std::uint64_t accepted = 0;
    const std::uint64_t target = next + 50 + static_cast<std::uint64_t>(round) * 37;
    while (accepted < target &&
           read(channel[0], &accepted, sizeof(accepted)) == sizeof(accepted)) {
    }
    ASSERT_EQ(kill(child, SIGKILL), 0);
    while (read(channel[0], &accepted, sizeof(accepted)) == sizeof(accepted)) {
    }
    int result = 0;
    ASSERT_EQ(waitpid(child, &result, 0), child);
    ASSERT_TRUE(WIFSIGNALED(result)) << WEXITSTATUS(result);
    close(channel[0]);
    ASSERT_TRUE(bench.open().ok());
    ASSERT_GT(bench.seen.size(), accepted);
    for (std::uint64_t number = 0; number < bench.seen.size(); ++number)
      ASSERT_TRUE(bench.seen[number].payload.starts_with(std::to_string(number) + ":"));
    next = bench.seen.size();
    if (round % 3 == 0)
      bench.wal->abandon();
    else
      ASSERT_TRUE(bench.wal->close().ok());
    bench.wal.reset();
  }
}

TEST_F(WalOnDisk, HundredThousandEntries) {
  LogBench bench(files_.get(), folder_);
  bench.options.clock = &bench.system_clock;
  bench.options.staging_bytes = 4u << 20;
  bench.options.file_bytes = 8u << 20;
  ASSERT_TRUE(bench.open().ok());
  bench.wal->start();
  const std::string payload(64, 'p');
  const Bytes parts[] = {bytes_of_text(payload)};
  std::uint64_t position = 0;
  const std::int64_t began_ns = bench.system_clock.monotonic_ns();
  for (int count = 0; count < 100'000; ++count)
    ASSERT_TRUE(bench.wal->append(1, 0, parts, &position).ok());
  const std::int64_t accepted_ns = bench.system_clock.monotonic_ns() - began_ns;
  ASSERT_TRUE(bench.wal->wait_durable(position).ok());
  const std::int64_t durable_ns = bench.system_clock.monotonic_ns() - began_ns;
  RecordProperty("acceptedNsPerEntry", std::to_string(accepted_ns / 100'000));
  RecordProperty("durableNsPerEntry", std::to_string(durable_ns / 100'000));
  ASSERT_TRUE(bench.wal->close().ok());
  ASSERT_TRUE(bench.open().ok());
  EXPECT_EQ(bench.seen.size(), 100'000u);
}

}  // namespace
}  // namespace ndts
