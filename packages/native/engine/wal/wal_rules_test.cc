// DESIGN's rules of the log, one test for each sentence, seen from the disk: a file system that
// writes down what it is asked, in order. Damage, faults and crashes have tests of their own.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "wal/wal_reader.h"
#include "wal/wal_test_kit.h"

namespace ndts {
namespace {

// What was done to the disk, by the name of the file.
struct Step {
  std::string what;  // open, allocate, zero, write, sync, rename, remove, sync_directory
  std::string name;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

std::string name_of(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

class TracedFile final : public File {
 public:
  TracedFile(std::unique_ptr<File> file, const std::function<void(Step)>& note)
      : file_(std::move(file)), note_(note), name_(name_of(file_->path())) {}
  const std::string& path() const override { return file_->path(); }
  Status read(std::uint64_t offset, MutableBytes into, std::size_t* count) override {
    return file_->read(offset, into, count);
  }
  Status write(std::uint64_t offset, Bytes from) override {
    note_({all_zero(from) ? "zero" : "write", name_, offset, from.size()});
    return file_->write(offset, from);
  }
  Status sync() override {
    note_({"sync", name_});
    return file_->sync();
  }
  Status size(std::uint64_t* bytes) override { return file_->size(bytes); }
  Status truncate(std::uint64_t bytes) override {
    note_({"truncate", name_, 0, bytes});
    return file_->truncate(bytes);
  }
  Status allocate(std::uint64_t bytes) override {
    note_({"allocate", name_, 0, bytes});
    return file_->allocate(bytes);
  }
  Status map(std::unique_ptr<Mapping>* mapping) override { return file_->map(mapping); }
  Status map_shared(std::unique_ptr<Mapping>* mapping) override {
    return file_->map_shared(mapping);
  }
  // map_shared_later() and will_read() are the default ones: no steps of their own.

 private:
  const std::unique_ptr<File> file_;
  const std::function<void(Step)>& note_;
  const std::string name_;
};

class TracedFileSystem final : public FileSystem {
 public:
  explicit TracedFileSystem(SimFileSystem* files) : files_(*files) {}
  Status open(const std::string& path, OpenMode mode, std::unique_ptr<File>* file) override {
    std::unique_ptr<File> opened;
    NDTS_TRY(files_.open(path, mode, &opened));
    *file = std::make_unique<TracedFile>(std::move(opened), note_);
    return {};
  }
  Status rename(const std::string& from, const std::string& to) override {
    steps.push_back({"rename", name_of(to)});
    return files_.rename(from, to);
  }
  Status remove(const std::string& path) override {
    steps.push_back({"remove", name_of(path)});
    return files_.remove(path);
  }
  Status hard_link(const std::string& from, const std::string& to) override {
    return files_.hard_link(from, to);
  }
  Status list(const std::string& folder, std::vector<std::string>* names) override {
    return files_.list(folder, names);
  }
  Status make_directory(const std::string& folder) override {
    return files_.make_directory(folder);
  }
  Status remove_directory(const std::string& folder) override {
    return files_.remove_directory(folder);
  }
  Status sync_directory(const std::string& folder) override {
    steps.push_back({"sync_directory", name_of(folder)});
    return files_.sync_directory(folder);
  }
  bool exists(const std::string& path) override { return files_.exists(path); }
  Status lock(const std::string& path, std::unique_ptr<FileLock>* lock) override {
    return files_.lock(path, lock);
  }
  std::string boot_id() override { return files_.boot_id(); }

  // The first step from `from` on that is this one; the number of steps when there is none.
  std::size_t find(const std::string& what, const std::string& name, std::size_t from = 0) const {
    const auto begin = steps.begin() + static_cast<std::ptrdiff_t>(from);
    const auto found = std::find_if(begin, steps.end(), [&](const Step& step) {
      return step.what == what && step.name == name;
    });
    return static_cast<std::size_t>(found - steps.begin());
  }

  std::vector<Step> steps;

 private:
  SimFileSystem& files_;
  const std::function<void(Step)> note_ = [this](Step step) { steps.push_back(std::move(step)); };
};

class WalRules : public testing::Test {
 protected:
  WalRules() { EXPECT_TRUE(bench.open().ok()); }

  void append(int count, std::size_t bytes = 1'000) {
    for (; count > 0; --count, ++number) ASSERT_TRUE(bench.append(number, bytes).ok());
  }

  SimFileSystem disk{31};
  TracedFileSystem files{&disk};
  LogBench bench{&files, "/sim"};
  std::uint64_t number = 0;
};

// "The next file is allocated, zero-written and synced before the current one ends."
TEST_F(WalRules, TheNextFileIsReadyBeforeTheCurrentOneEnds) {
  for (int round = 0; round < 40; ++round) {
    append(4);
    (void)bench.wal->commit_step();  // a commit
    (void)bench.wal->commit_step();  // a quiet moment
  }
  for (std::uint64_t sequence = 2; sequence <= 3; ++sequence) {
    const std::string before = wal_file_name(sequence - 1);
    const std::string name = wal_file_name(sequence);
    const std::size_t begun = files.find("rename", before);
    const std::size_t created = files.find("allocate", kWalNextName, begun);
    const std::size_t renamed = files.find("rename", name);
    ASSERT_LT(renamed, files.steps.size());
    EXPECT_EQ(files.steps[created].bytes, bench.options.file_bytes);
    std::uint64_t zeroed = 0;
    std::size_t synced = created;
    std::size_t at = created;
    for (; at < renamed && zeroed < bench.options.file_bytes; ++at) {
      if (files.steps[at].what != "zero" || files.steps[at].name != kWalNextName) continue;
      EXPECT_EQ(files.steps[at].offset, zeroed);
      zeroed += files.steps[at].bytes;
      synced = files.find("sync", kWalNextName, at);
    }
    EXPECT_EQ(zeroed, bench.options.file_bytes);
    // Entries went on into the file before after the next one was ready.
    EXPECT_LT(files.find("write", before, synced), renamed);
    // Header, sync, name, sync of the folder, and only then entries.
    const std::size_t header = files.find("write", kWalNextName, synced);
    const std::size_t header_synced = files.find("sync", kWalNextName, header);
    const std::size_t folder = files.find("sync_directory", "wal", renamed);
    EXPECT_LT(header, header_synced);
    EXPECT_LT(header_synced, renamed);
    EXPECT_LT(folder, files.find("write", name));
    // What is in the file before was synced before another began.
    std::size_t last_write = 0;
    for (std::size_t step = 0; step < files.steps.size(); ++step)
      if (files.steps[step].what == "write" && files.steps[step].name == before) last_write = step;
    EXPECT_LT(files.find("sync", before, last_write), header);
  }
}

// Where there is no next file and there can be none the append is refused, not the commit.
// An open waits for its first file: that is a small one. An entry that does not fit into it goes
// into the next; all of it is there again.
TEST(WalFirstFile, IsSmallAndTheNextIsNot) {
  for (const std::size_t first_entry : {std::size_t{100}, std::size_t{200'000}}) {
    SimFileSystem disk{33};
    TracedFileSystem files{&disk};
    LogBench bench{&files, "/sim"};
    bench.options.file_bytes = 1u << 20;
    bench.options.staging_bytes = 1u << 20;
    bench.options.first_file_bytes = 64u << 10;
    ASSERT_TRUE(bench.open().ok());
    const std::size_t small = files.find("allocate", kWalNextName);
    EXPECT_EQ(files.steps[small].bytes, 64u << 10);
    std::uint64_t number = 0;
    ASSERT_TRUE(bench.append(number++, first_entry).ok());
    (void)bench.wal->commit_step();
    while (bench.wal->stats().rolls == 0) {
      ASSERT_TRUE(bench.append(number++, 1'000).ok());
      (void)bench.wal->commit_step();
    }
    const std::size_t large = files.find("allocate", kWalNextName, small + 1);
    EXPECT_EQ(files.steps[large].bytes, 1u << 20);
    for (int more = 0; more < 300; more += 1) {
      ASSERT_TRUE(bench.append(number++, 1'000).ok());
      (void)bench.wal->commit_step();
    }
    disk.kill();
    ASSERT_TRUE(bench.open().ok());
    bench.expect_prefix(bench.written.size());
  }
}

TEST_F(WalRules, NoneReadyIsDiskFullBeforeAcceptance) {
  disk.set_capacity(disk.used_bytes());
  Status status;
  while (status.ok()) status = bench.append(number++, 1'000);
  EXPECT_EQ(status.code(), Code::kDiskFull);
  EXPECT_EQ(bench.wal->accepted_position(), bench.written.back().position);
  EXPECT_TRUE(bench.wal->wait_durable(bench.written.back().position).ok());
}

// "Every entry carries the durable position at its append": or the later one of its commit.
TEST_F(WalRules, EveryEntryCarriesADurablePosition) {
  std::vector<std::uint64_t> at_append;
  std::vector<std::uint64_t> at_commit;
  for (int round = 0; round < 12; ++round) {
    for (int count = 0; count <= round % 3; ++count) {
      at_append.push_back(bench.wal->durable_position());
      append(1, 100);
    }
    at_commit.resize(at_append.size(), bench.wal->durable_position());
    bench.wal->request_commit();
  }
  std::unique_ptr<WalReader> reader;
  ASSERT_TRUE(WalReader::open(files, bench.newest(), &reader).ok());
  WalEntry entry{};
  std::size_t at = 0;
  for (; reader->next(&entry); ++at) {
    EXPECT_GE(entry.header.durable, at_append[at]);
    EXPECT_EQ(entry.header.durable, at_commit[at]);
    EXPECT_LE(entry.header.durable, entry.header.position);
  }
  EXPECT_EQ(at, at_append.size());
}

// "Its checksum is seeded with file id and epoch": under another of these no entry is good.
TEST_F(WalRules, ChecksumsAreSeededWithLogFileAndEpoch) {
  append(3);
  ASSERT_TRUE(bench.wal->close().ok());
  const std::string path = bench.newest();
  for (const auto field : {&WalFileHeader::log_id, &WalFileHeader::file_sequence,
                           &WalFileHeader::epoch}) {
    std::unique_ptr<File> file;
    ASSERT_TRUE(disk.open(path, OpenMode::kReadWrite, &file).ok());
    WalFileHeader header{};
    ASSERT_TRUE(file->read_exactly(0, std::as_writable_bytes(std::span(&header, 1))).ok());
    const WalFileHeader original = header;
    for (const bool strange : {true, false}) {
      header = original;
      if (strange) header.*field += 1;
      header.checksum = wal_header_checksum(header);
      ASSERT_TRUE(file->write(0, bytes_of(header)).ok());
      std::unique_ptr<WalReader> reader;
      ASSERT_TRUE(WalReader::open(disk, path, &reader).ok());
      WalEntry entry{};
      EXPECT_EQ(reader->next(&entry), !strange);
    }
  }
}

// "Zeros end the log": they are no torn tail.
TEST_F(WalRules, ZerosEndTheLog) {
  append(3);
  bench.wal->request_commit();
  bench.wal->abandon();
  disk.crash(SimCrash::kNothing);
  ASSERT_TRUE(bench.open().ok());
  EXPECT_EQ(bench.seen, bench.written);
  EXPECT_FALSE(bench.wal->recovery().clean);
  EXPECT_EQ(bench.wal->recovery().torn_bytes, 0u);
}

// "Recovery never appends to an old file and never recycles one: it copies the survivors to a new
// file, syncs, and only then serves."
TEST_F(WalRules, RecoveryCopiesTheSurvivorsAndTouchesNoOldFile) {
  append(90);
  bench.wal->request_commit();
  append(3);
  for (int round = 0; round < 4; ++round) {
    bench.wal->abandon();
    bench.wal.reset();
    if (round % 2 == 0) {
      disk.kill();
    } else {
      disk.crash();
    }
    std::vector<std::string> old;
    ASSERT_TRUE(disk.list("/sim/wal", &old).ok());
    files.steps.clear();
    ASSERT_TRUE(bench.open().ok());
    bench.expect_prefix(round % 2 == 0 ? bench.written.size() : 90u);
    bench.written = bench.seen;
    for (const Step& step : files.steps) {
      const bool changes = step.what != "remove" && step.what != "sync_directory";
      const bool is_old = std::find(old.begin(), old.end(), step.name) != old.end();
      EXPECT_FALSE(changes && is_old && step.name != kWalNextName) << step.what << step.name;
    }
    // Everything shown is on the disk before the log is handed out.
    const auto lost = disk.clone(1);
    lost->crash(SimCrash::kNothing);
    LogBench after(lost.get(), "/sim");
    ASSERT_TRUE(after.open().ok());
    EXPECT_EQ(after.seen, bench.seen);
    append(2);
    bench.wal->request_commit();
    append(1);
  }
}

// "After a failed fdatasync the file is dead: everything above durable is rewritten to a new file
// and synced before anything more is acknowledged as durable."
TEST_F(WalRules, AfterAFailedSyncTheFileIsDead) {
  append(2);
  bench.wal->request_commit();
  const std::uint64_t durable = bench.wal->durable_position();
  append(2);
  disk.fail(SimOperation::kSync, 1, Code::kIoError);
  files.steps.clear();
  bench.wal->request_commit();
  const std::string dead = wal_file_name(1);
  const std::size_t failed = files.find("sync", dead);
  EXPECT_EQ(files.find("write", dead, failed), files.steps.size());
  EXPECT_EQ(files.find("sync", dead, failed + 1), files.steps.size());
  const std::size_t rewritten = files.find("write", wal_file_name(2));
  ASSERT_LT(rewritten, files.steps.size());
  EXPECT_EQ(files.steps[rewritten].bytes, bench.wal->durable_position() - durable);
  EXPECT_LT(files.find("sync", wal_file_name(2), rewritten), files.steps.size());
  append(1);
  bench.wal->request_commit();
  EXPECT_EQ(files.find("write", dead, failed), files.steps.size());
  EXPECT_EQ(bench.wal->stats().failed_files, 1u);
}

// "Failing that, read-only": and what was durable stays where it was.
TEST_F(WalRules, WhereTheNewFileFailsTooTheLogIsReadOnly) {
  append(2);
  bench.wal->request_commit();
  const std::uint64_t durable = bench.wal->durable_position();
  append(1);
  disk.fail(SimOperation::kSync, 1, Code::kIoError, 1'000'000);
  for (int round = 0; round < 3; ++round) {
    bench.wal->request_commit();
    EXPECT_EQ(bench.wal->durable_position(), durable);
    EXPECT_EQ(bench.wal->failure().code(), Code::kIoError);
    EXPECT_EQ(bench.append(99).code(), Code::kIoError);
  }
  disk.clear_faults();
  bench.wal->request_commit();
  EXPECT_EQ(bench.wal->durable_position(), bench.written.back().position);
  append(1);
}

// "A WAL file is deleted only after the manifest that supersedes it is synced": checkpoint() is
// how the log is told, and nothing else deletes what may be read again.
TEST_F(WalRules, OnlyACheckpointDeletes) {
  append(200);
  bench.wal->request_commit();
  EXPECT_EQ(files.find("remove", wal_file_name(1)), files.steps.size());
  EXPECT_EQ(bench.wal->checkpoint(bench.wal->accepted_position() + 8).code(),
            Code::kInvalidArgument);
  const std::uint64_t second = bench.written[70].position;
  files.steps.clear();
  ASSERT_TRUE(bench.wal->checkpoint(second).ok());
  for (const Step& step : files.steps) {
    if (step.what != "remove") continue;
    EXPECT_EQ(step.name, wal_file_name(1));
  }
  EXPECT_LT(files.find("remove", wal_file_name(1)), files.find("sync_directory", "wal"));
  bench.options.replay_from = second;
  ASSERT_TRUE(bench.wal->close().ok());
  ASSERT_TRUE(bench.open().ok());
  EXPECT_EQ(bench.seen.size(), 200u - 71u);
}

}  // namespace
}  // namespace ndts
