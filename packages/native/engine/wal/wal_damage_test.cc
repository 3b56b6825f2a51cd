// The log under damage: every byte of every file and of the staging memory flipped, every file cut
// at every length. What is found is right, or refused by name; a prefix only where the torn-tail
// rule allows it, never an entry missing in the middle, never a changed byte.
// A failing test names its NDTS_TEST_SEED; set it to run that one again.
#include <gtest/gtest.h>

#include <random>

#include "base/crash_point.h"
#include "base/long_test_kit.h"
#include "wal/wal_reader.h"
#include "wal/wal_test_kit.h"

namespace ndts {
namespace {

// One place in so many is tried; in the long form every one.
const std::uint64_t kStride = long_tests() ? 1 : 13;

enum class Ending : std::uint8_t { kKilled = 1, kClosedThenReboot = 2, kPowerCut = 3 };

// A log of two openings: files that others follow, one written whole by a recovery, one current;
// the last three entries are in a commit of their own or, when it was killed, in staging only.
struct TinyLog {
  explicit TinyLog(Ending ending) {
    EXPECT_TRUE(bench.open_tiny().ok());
    append(40);
    bench.wal->request_commit();
    append(2);
    bench.wal->abandon();
    files.kill();
    EXPECT_TRUE(bench.open_tiny().ok());
    append(10);
    bench.wal->request_commit();
    confirmed = bench.written.size();
    append(3);
    if (ending == Ending::kKilled) bench.wal->abandon();
    if (ending == Ending::kPowerCut) {
      bench.wal->request_commit();
      bench.wal->abandon();
    }
    if (ending == Ending::kClosedThenReboot) {
      EXPECT_TRUE(bench.wal->close().ok());
    }
    if (ending != Ending::kPowerCut) confirmed = bench.written.size();
    last = bench.newest();
    WalFileHeader header{};
    EXPECT_TRUE(WalReader::read_header(files, last, &header).ok());
    last_start = header.start_position;
    bench.wal.reset();
    if (ending == Ending::kKilled) {
      files.kill();
    } else {
      files.crash(SimCrash::kNothing);
    }
  }

  void append(int count) {
    for (; count > 0; --count, ++number)
      EXPECT_TRUE(bench.append(number, 30 + number * 37 % 400).ok());
  }

  // All files, and the staging memory where it counts.
  std::vector<std::string> paths(Ending ending) {
    std::vector<std::string> names;
    EXPECT_TRUE(files.list(bench.options.dir, &names).ok());
    std::vector<std::string> found;
    for (const std::string& name : names)
      if (wal_sequence_of(name)) found.push_back(bench.options.dir + "/" + name);
    if (ending == Ending::kKilled) found.push_back(bench.options.staging_path);
    return found;
  }

  std::uint64_t size_of(const std::string& path) {
    std::vector<std::byte> content;
    EXPECT_TRUE(files.read_file(path, &content).ok());
    return content.size();
  }

  // The entries that stand wholly before `length` in the last file or in any other.
  std::size_t whole_before(std::uint64_t length) {
    std::size_t whole = 0;
    for (const Seen& entry : bench.written)
      if (entry.position <= last_start + length - kWalEntriesOffset) ++whole;
    return whole;
  }

  SimFileSystem files{11};
  LogBench bench{&files, "/sim"};
  std::uint64_t number = 0;
  std::size_t confirmed = 0;  // so many entries must be there or be missed by name
  std::string last;
  std::uint64_t last_start = 0;
};

// Everything, or at least the first `least` entries with the rest reported as torn tail of the
// last file, or an error that names `path` and no place behind the damage at `offset`.
void expect_right(TinyLog& log, const std::string& path, std::uint64_t offset, std::size_t least,
                  std::size_t* refused) {
  RecoveredLog recovered;
  const Status status = log.bench.recover(&recovered);
  if (!status.ok()) {
    ASSERT_EQ(status.code(), Code::kCorrupt) << status.text();
    ASSERT_EQ(status.file(), path) << status.text();
    // In staging memory an entry may begin at the ring's end and be damaged at its beginning.
    if (path != log.bench.options.staging_path) {
      ASSERT_LE(status.offset(), offset);
    }
    ++*refused;
    return;
  }
  log.bench.expect_prefix(least);
  if (log.bench.seen.size() == log.bench.written.size()) return;
  ASSERT_EQ(path, log.last);
  ASSERT_GT(recovered.report.torn_bytes, 0u);
  ASSERT_EQ(recovered.report.torn_file, path);
  ASSERT_LE(recovered.report.torn_offset, offset);
}

void flip_every_byte(Ending ending) {
  const std::uint64_t seed = wal_seeds(1).front();
  SCOPED_TRACE("NDTS_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  TinyLog log(ending);
  const std::vector<std::string> paths = log.paths(ending);
  ASSERT_GE(paths.size(), 4u);
  std::size_t refused = 0;
  for (const std::string& path : paths) {
    const std::uint64_t size = log.size_of(path);
    for (std::uint64_t offset = random() % kStride; offset < size; offset += kStride) {
      const auto bit = static_cast<unsigned>(random() % 8);
      log.files.flip_bit(path, offset, bit);
      ASSERT_NO_FATAL_FAILURE(expect_right(log, path, offset, log.confirmed, &refused))
          << path << " at " << offset << " bit " << bit;
      log.files.flip_bit(path, offset, bit);
    }
  }
  ASSERT_NO_FATAL_FAILURE(expect_right(log, "", 0, log.bench.written.size(), &refused));
  EXPECT_GT(refused, 5'000 / kStride);
}

void cut_at_every_length(Ending ending) {
  std::size_t refused = 0;
  TinyLog log(ending);
  for (const std::string& path : log.paths(ending)) {
    TinyLog cut(ending);
    for (std::uint64_t length = cut.size_of(path); length >= kStride; length -= kStride) {
      cut.files.cut(path, length - 1);
      std::size_t least = cut.confirmed;
      if (path == cut.last && ending != Ending::kKilled)
        least = cut.whole_before(std::max(length - 1, kWalEntriesOffset));
      ASSERT_NO_FATAL_FAILURE(expect_right(cut, path, length - 1, least, &refused))
          << path << " cut to " << length - 1;
      if (length - 1 < kWalEntriesOffset) {
        ASSERT_GT(refused, 0u) << path << " cut to " << length - 1;
        refused = 0;
      }
    }
  }
}

TEST(WalFlippedByte, AfterAKill) { flip_every_byte(Ending::kKilled); }
TEST(WalFlippedByte, AfterACloseAndAReboot) { flip_every_byte(Ending::kClosedThenReboot); }
TEST(WalFlippedByte, AfterAPowerCut) { flip_every_byte(Ending::kPowerCut); }
TEST(WalCutFile, AfterAKill) { cut_at_every_length(Ending::kKilled); }
TEST(WalCutFile, AfterACloseAndAReboot) { cut_at_every_length(Ending::kClosedThenReboot); }
TEST(WalCutFile, AfterAPowerCut) { cut_at_every_length(Ending::kPowerCut); }

// After a torn tail the log serves, and positions did not go back.
TEST(WalTornTail, IsReportedAndLeftBehind) {
  for (std::uint64_t length = kWalEntriesOffset; length < 8192; length += 61) {
    SCOPED_TRACE(length);
    TinyLog log(Ending::kPowerCut);
    const std::uint64_t highest = log.bench.written.back().position;
    const std::size_t whole = log.whole_before(length);
    log.files.cut(log.last, length);
    const Status status = log.bench.open_tiny();
    ASSERT_TRUE(status.ok()) << status.text();
    ASSERT_EQ(log.bench.seen.size(), whole);
    log.bench.expect_prefix(whole);
    const WalRecovery& report = log.bench.wal->recovery();
    ASSERT_GE(report.torn_bytes, 8192 - length);
    ASSERT_EQ(report.torn_file, log.last);
    ASSERT_LE(report.torn_offset, length);
    log.bench.written.resize(whole);
    ASSERT_TRUE(log.bench.append(77).ok());
    ASSERT_GT(log.bench.written.back().position, highest);
    ASSERT_TRUE(log.bench.wal->close().ok());
    ASSERT_TRUE(log.bench.open_tiny().ok());
    ASSERT_EQ(log.bench.seen, log.bench.written);
    ASSERT_EQ(log.bench.wal->recovery().torn_bytes, 0u);
  }
}

// The rule itself: the same bad byte is torn or corrupt by what later entries say was durable.
TEST(WalTornTail, IsWhatNoLaterEntryConfirms) {
  for (const bool confirmed : {false, true}) {
    SimFileSystem files(14);
    LogBench bench(&files, "/sim");
    ASSERT_TRUE(bench.open().ok());
    ASSERT_TRUE(bench.append(0).ok());
    ASSERT_TRUE(bench.append(1).ok());
    if (confirmed) bench.wal->request_commit();
    ASSERT_TRUE(bench.append(2).ok());
    bench.wal->request_commit();
    bench.wal->abandon();
    const std::string path = bench.newest();
    files.crash(SimCrash::kNothing);
    const std::uint64_t second = kWalEntriesOffset + bench.written[0].position;
    files.flip_bit(path, second + sizeof(WalEntryHeader), 0);
    const Status status = bench.open();
    if (confirmed) {
      EXPECT_EQ(status.code(), Code::kCorrupt);
      EXPECT_EQ(status.file(), path);
      EXPECT_EQ(status.offset(), second);
      continue;
    }
    ASSERT_TRUE(status.ok()) << status.text();
    EXPECT_EQ(bench.seen.size(), 1u);
    const std::uint64_t end = kWalEntriesOffset + bench.written[2].position;
    EXPECT_LE(bench.wal->recovery().torn_bytes, end - second);
    EXPECT_GT(bench.wal->recovery().torn_bytes, end - second - 8);
    EXPECT_EQ(bench.wal->recovery().torn_offset, second);
  }
}

// An entry appended while a commit is on its way is stamped when it is written: the next commit
// confirms the one before it, not only the one after next.
LogBench* appending_bench = nullptr;

TEST(WalTornTail, EveryCommitConfirmsTheOneBefore) {
  SimFileSystem files(15);
  LogBench bench(&files, "/sim");
  ASSERT_TRUE(bench.open().ok());
  ASSERT_TRUE(bench.append(0).ok());
  appending_bench = &bench;
  install_crash_points([](const char* name) {
    if (std::string_view(name) != "wal.after_sync" || appending_bench->written.size() > 1) return;
    EXPECT_TRUE(appending_bench->append(1).ok());
  });
  bench.wal->request_commit();
  bench.wal->request_commit();
  install_crash_points(nullptr);
  bench.wal->abandon();
  const std::string path = bench.newest();
  files.crash(SimCrash::kNothing);
  files.flip_bit(path, kWalEntriesOffset + 50, 0);
  EXPECT_EQ(bench.open().code(), Code::kCorrupt);
}

TEST(WalMissingFile, IsNamed) {
  for (const std::uint64_t sequence : {1, 2, 3}) {
    SimFileSystem files(13);
    LogBench bench(&files, "/sim");
    ASSERT_TRUE(bench.open().ok());
    for (std::uint64_t number = 0; number < 200; ++number)
      ASSERT_TRUE(bench.append(number, 1000).ok());
    ASSERT_TRUE(bench.wal->close().ok());
    ASSERT_TRUE(files.remove(bench.options.dir + "/" + wal_file_name(sequence)).ok());
    const Status status = bench.open();
    EXPECT_EQ(status.code(), Code::kCorrupt);
    EXPECT_FALSE(status.file().empty());
  }
}

// Two logs must not be mixed up: a file of another log or of an older epoch stops the open.
TEST(WalMissingFile, AFileOfAnotherLogIsNamed) {
  SimFileSystem files(16);
  LogBench one(&files, "/one");
  LogBench two(&files, "/two");
  for (LogBench* bench : {&one, &two}) {
    ASSERT_TRUE(bench->open().ok());
    ASSERT_TRUE(bench->append(1).ok());
    ASSERT_TRUE(bench->wal->close().ok());
  }
  const std::string strange = one.options.dir + "/" + wal_file_name(2);
  ASSERT_TRUE(files.rename(two.newest(), strange).ok());
  const Status renamed = one.open();
  EXPECT_EQ(renamed.code(), Code::kCorrupt);  // its header says that it is number 1
  EXPECT_EQ(renamed.file(), strange);
}

// A right checksum alone makes no entry: it can't say that what comes after it was durable.
TEST(WalDamage, AnEntryThatConfirmsWhatFollowsItIsBad) {
  SimFileSystem files(1);
  LogBench bench(&files, "/w");
  ASSERT_TRUE(bench.open().ok());
  ASSERT_TRUE(bench.append(1).ok() && bench.append(2).ok());
  ASSERT_TRUE(bench.wal->wait_durable(bench.wal->accepted_position()).ok());
  bench.wal->abandon();
  files.crash();
  std::vector<std::byte> content;
  ASSERT_TRUE(files.read_file(bench.newest(), &content).ok());
  const auto file = load<WalFileHeader>(content.data());
  std::byte* at = content.data() + kWalEntriesOffset +
                  wal_entry_bytes(load<WalEntryHeader>(content.data() + kWalEntriesOffset)
                                      .payload_bytes);
  auto entry = load<WalEntryHeader>(at);
  entry.durable = entry.position + 1'000'000;
  store(at, entry);
  const std::uint64_t bytes = wal_entry_bytes(entry.payload_bytes);
  store(at, crc32c(wal_entry_seed(file), Bytes(at, bytes).subspan(sizeof entry.checksum)));
  ASSERT_TRUE(files.replace(bench.newest(), content).ok());
  ASSERT_TRUE(bench.open().ok());
  EXPECT_EQ(bench.seen.size(), 1u);
  EXPECT_GT(bench.wal->recovery().torn_bytes, 0u);
}

}  // namespace
}  // namespace ndts
