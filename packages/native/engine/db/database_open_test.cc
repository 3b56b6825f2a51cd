// Opening what should not open, and what was moved: damage is named, nothing is started over.
#include <gtest/gtest.h>

#include "db/db_test_kit.h"
#include "db/repair.h"
#include "db/snapshot_folder.h"
#include "table/key_value_file.h"

namespace ndts {
namespace {

class DatabaseOpen : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(bench_.open().ok());
    bench_.register_symbols();
    append(100);
    ASSERT_TRUE(bench_.write({{"a", "1"}, {"b", ""}}).ok());
  }
  void append(std::size_t rows) {
    TestBatch batch(rows);
    ticks_.fill(batch, rows);
    ASSERT_TRUE(bench_.append(batch).ok());
  }
  std::string only(const std::string& end) {
    std::vector<std::string> names;
    EXPECT_TRUE(files_.list(tables_dir(bench_.options.dir), &names).ok());
    for (const std::string& name : names)
      if (name.ends_with(end)) return tables_dir(bench_.options.dir) + "/" + name;
    ADD_FAILURE() << "no file ends with " << end;
    return {};
  }
  // As cp -r makes it, also of a folder that is open.
  void copy_folder(const std::string& copy) {
    for (const char* part : {"", "/wal", "/tables"}) {
      const std::string from = bench_.options.dir + part;
      std::vector<std::string> names;
      ASSERT_TRUE(files_.make_directory(copy + part).ok());
      ASSERT_TRUE(files_.list(from, &names).ok());
      for (const std::string& name : names) {
        std::vector<std::byte> content;
        if (!files_.read_file(from + "/" + name, &content).ok()) continue;  // a folder
        ASSERT_TRUE(files_.replace(copy + part + "/" + name, content).ok());
      }
    }
  }
  void expect_corrupt(const std::string& file) {
    const Status status = bench_.open();
    EXPECT_EQ(status.code(), Code::kCorrupt) << status.text();
    EXPECT_EQ(status.file(), file);
  }

  std::mt19937_64 random_{9};
  RandomTicks ticks_{random_};
  SimFileSystem files_{9};
  DatabaseBench bench_{&files_, "/db"};
};

TEST_F(DatabaseOpen, NamesDamageAndStopsThere) {
  ASSERT_TRUE(bench_.database->seal().ok());
  ASSERT_TRUE(bench_.database->close().ok());
  for (const std::string& file :
       {manifest_path(bench_.options.dir), only(".segment"), only(".sst")}) {
    files_.flip_bit(file, 40, 3);
    expect_corrupt(file);
    files_.flip_bit(file, 40, 3);
    ASSERT_TRUE(bench_.open().ok());
    bench_.expect_model(random_);
    ASSERT_TRUE(bench_.database->close().ok());
  }
}

TEST_F(DatabaseOpen, MissesAFileThatIsListed) {
  ASSERT_TRUE(bench_.database->seal().ok());
  ASSERT_TRUE(bench_.database->close().ok());
  for (const std::string& file : {only(".segment"), only(".sst")}) {
    ASSERT_TRUE(files_.rename(file, "/db/elsewhere").ok());
    expect_corrupt(file);
    ASSERT_TRUE(files_.rename("/db/elsewhere", file).ok());
  }
  ASSERT_TRUE(bench_.open().ok());
  bench_.expect_model(random_);
}

// What versions before sorted tables wrote: the whole key-value table as one file.
TEST_F(DatabaseOpen, TakesOverAnOldKeyValueTable) {
  ASSERT_TRUE(bench_.database->seal().ok());
  ASSERT_TRUE(bench_.database->close().ok());
  const std::string dir = bench_.options.dir;
  Manifest manifest;
  std::vector<SymbolInfo> symbols;
  ASSERT_TRUE(read_manifest(files_, manifest_path(dir), &manifest, &symbols).ok());
  KeyValueTable::Base entries;
  entries["old"] = {std::byte{'x'}};
  manifest.table = ManifestTable{};
  ASSERT_TRUE(write_table(files_, table_path(dir, manifest.wal_position), manifest.wal_position,
                          entries, &*manifest.table).ok());
  ASSERT_TRUE(write_manifest(files_, dir, manifest).ok());
  bench_.model.entries["old"] = "x";
  for (int round = 0; round < 2; round += 1) {
    ASSERT_TRUE(bench_.open().ok());
    bench_.expect_model(random_);
    ASSERT_TRUE(bench_.database->close().ok());
  }
  ASSERT_TRUE(bench_.open().ok());
  ASSERT_TRUE(bench_.database->seal().ok());
  bench_.expect_model(random_);
  EXPECT_FALSE(files_.exists(table_path(dir, manifest.table->position)));
  ASSERT_TRUE(bench_.database->close().ok());
  ASSERT_TRUE(bench_.open().ok());
  bench_.expect_model(random_);
}

TEST_F(DatabaseOpen, NeverStartsOverOnALogWithoutManifest) {
  ASSERT_TRUE(bench_.database->close().ok());
  const std::string path = manifest_path(bench_.options.dir);
  ASSERT_TRUE(files_.rename(path, "/db/elsewhere").ok());
  expect_corrupt(path);
  ASSERT_TRUE(files_.rename("/db/elsewhere", path).ok());
  ASSERT_TRUE(bench_.open().ok());
  bench_.expect_model(random_);
}

// A block is checked when it is first read, and only its rows are refused.
TEST_F(DatabaseOpen, NamesADamagedBlockWhenItIsRead) {
  ASSERT_TRUE(bench_.database->seal().ok());
  ASSERT_TRUE(bench_.database->close().ok());
  const std::string file = only(".segment");
  files_.flip_bit(file, sizeof(SegmentHeader) + 1, 0);
  ASSERT_TRUE(bench_.open().ok());
  TestBatch batch(1000);
  int damaged = 0;
  for (std::uint32_t symbol = 0; symbol < kTestSymbols; symbol += 1) {
    std::size_t count = 0;
    const Status status =
        bench_.database->load_rows(kTickTable, symbol, {-kAll, kAll}, RowsOut::of(batch.view()),
                                   &count);
    if (status.ok()) continue;
    damaged += 1;
    EXPECT_EQ(status.code(), Code::kCorrupt);
    EXPECT_EQ(status.file(), file);
    EXPECT_EQ(status.offset(), sizeof(SegmentHeader));
  }
  EXPECT_EQ(damaged, 1);
}

TEST_F(DatabaseOpen, FindsTheStagingFileOfTheLastRun) {
  bench_.kill();
  bench_.options.staging_dir = "/another";
  ASSERT_TRUE(bench_.open().ok());
  EXPECT_GT(bench_.database->stats().staged_entries, 0u);
  bench_.expect_model(random_);
  ASSERT_TRUE(bench_.database->close().ok());
  ASSERT_TRUE(bench_.open().ok());
  std::vector<std::string> names;
  ASSERT_TRUE(files_.list("/another", &names).ok());
  EXPECT_EQ(names.size(), 1u);
  bench_.expect_model(random_);
}

// Its manifest names the memory of the original, which goes on as if there were no copy.
TEST_F(DatabaseOpen, ACopyLeavesTheMemoryOfItsOriginalAlone) {
  copy_folder("/copy/data");
  {
    DatabaseBench copy(&files_, "/copy");
    copy.options.staging_dir = bench_.options.staging_dir;
    copy.model = bench_.model;
    ASSERT_TRUE(copy.open().ok());
    EXPECT_GT(copy.database->stats().staged_entries, 0u);
    append(50);
    TestBatch other(70);
    ticks_.fill(other, 70);
    ASSERT_TRUE(copy.append(other).ok());
    copy.expect_model(random_);
    append(50);
    ASSERT_TRUE(copy.database->close().ok());
  }
  append(50);
  bench_.kill();
  ASSERT_TRUE(bench_.open().ok());
  bench_.expect_model(random_);
}

TEST_F(DatabaseOpen, ARepairedCopyLeavesTheMemoryOfItsOriginalAlone) {
  ASSERT_TRUE(bench_.database->wait_durable(bench_.database->accepted_position()).ok());
  append(50);
  copy_folder("/copy/data");
  DatabaseBench copy(&files_, "/copy");
  // Of the first entry, which staging memory knows to be durable.
  files_.flip_bit("/copy/data/wal/wal_00000000000000000001.log", 4096 + 45, 0);
  ASSERT_EQ(copy.open().code(), Code::kCorrupt);
  RepairOptions options;
  options.files = &files_;
  options.clock = &copy.clock;
  options.dir = copy.options.dir;
  options.apply = true;
  RepairReport report;
  const Status repaired = repair_database(options, &report);
  ASSERT_TRUE(repaired.ok()) << repaired.text();
  ASSERT_FALSE(report.findings.empty());
  ASSERT_TRUE(copy.open().ok());
  ASSERT_TRUE(copy.database->close().ok());
  append(50);
  bench_.kill();
  ASSERT_TRUE(bench_.open().ok());
  bench_.expect_model(random_);
}

TEST_F(DatabaseOpen, RefusesTheFolderOfASnapshot) {
  ASSERT_TRUE(bench_.database->write_snapshot("kept").ok());
  DatabaseBench within(&files_, "/within");
  within.options.dir = snapshot_folder(bench_.options.dir, "kept");
  EXPECT_EQ(within.open().code(), Code::kInvalidArgument);
  ASSERT_TRUE(
      restore_snapshot(files_, bench_.clock, within.options.dir, "/restored/data").ok());
}

TEST_F(DatabaseOpen, RefusesMergesThatNeverEnd) {
  for (const std::uint32_t fan_in : {0u, 1u}) {
    DatabaseBench other(&files_, "/other");
    other.options.segments.fan_in = fan_in;
    EXPECT_EQ(other.open().code(), Code::kInvalidArgument);
  }
}

// So many files of a day that merging goes first, and all too large to be merged.
TEST_F(DatabaseOpen, FlushesBesideFilesThatAreNotMerged) {
  ASSERT_TRUE(bench_.database->close().ok());
  bench_.options.day_segments_limit = 2;
  bench_.options.segments.segment_bytes = 64;
  ASSERT_TRUE(bench_.open().ok());
  for (int round = 0; round < 6; round += 1) {
    append(100);
    ASSERT_TRUE(bench_.database->seal().ok());
  }
  EXPECT_GE(bench_.database->stats().segments, 4u);
  bench_.expect_model(random_);
}

TEST_F(DatabaseOpen, RemovesWhatAFlushLeftBehind) {
  ASSERT_TRUE(bench_.database->seal().ok());
  append(50);
  files_.fail_sync(2, Code::kIoError, 1'000);
  EXPECT_FALSE(bench_.database->seal().ok());
  bench_.kill();
  files_.clear_faults();
  ASSERT_TRUE(bench_.open().ok());
  bench_.expect_model(random_);
  std::vector<std::string> names;
  ASSERT_TRUE(files_.list(tables_dir(bench_.options.dir), &names).ok());
  // Beside the segments a sorted table and a file of symbols.
  EXPECT_EQ(names.size(), bench_.database->stats().segments + 2);
}

TEST_F(DatabaseOpen, SaysWhyTheFolderCanNotBeWritten) {
  ASSERT_TRUE(bench_.database->close().ok());
  for (const Code code : {Code::kReadOnly, Code::kDiskFull, Code::kIoError}) {
    files_.fail_write(1, code, 1'000);
    EXPECT_EQ(bench_.open().code(), code);
    files_.clear_faults();
  }
  ASSERT_TRUE(bench_.open().ok());
  bench_.expect_model(random_);
}

}  // namespace
}  // namespace ndts
