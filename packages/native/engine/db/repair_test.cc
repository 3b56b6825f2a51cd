// Repair of damaged folders: what can be saved is, what is lost is counted, nothing is changed
// unasked, and what was repaired opens and needs no repair.
#include "base/long_test_kit.h"
#include "db/repair.h"

#include <gtest/gtest.h>

#include "db/folder_image_test_kit.h"
#include "table/key_value_file.h"
#include "wal/wal_format.h"

namespace ndts {
namespace {

// One place in so many is tried; in the long form more.
const std::uint64_t kEvery = long_tests() ? 37 : 797;

const SmallDatabase& original() {
  static const SmallDatabase made(test_seed(81));
  return made;
}

class DatabaseRepair : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_FALSE(original().closed().files().empty());
    put(original().closed());
  }
  void put(const FolderImage& image) {
    files_ = std::make_unique<SimFileSystem>(7);
    image.put(*files_);
  }
  [[nodiscard]] static const std::string& dir() { return original().options().dir; }

  Status repair(bool apply, std::uint32_t shards = 0) {
    report_ = {};
    return repair_database({files_.get(), &clock_, dir(), apply, shards}, &report_);
  }
  // Finds something, and after the repair nothing; then opens and reads everything.
  void expect_repaired(Contents* contents) {
    const FolderImage before = FolderImage::take(*files_, "/db");
    Status status = repair(false);
    ASSERT_TRUE(status.ok()) << status.text();
    EXPECT_FALSE(report_.findings.empty());
    EXPECT_TRUE(FolderImage::take(*files_, "/db").files() == before.files());
    const std::size_t findings = report_.findings.size();
    status = repair(true);
    ASSERT_TRUE(status.ok()) << status.text();
    EXPECT_EQ(report_.findings.size(), findings);
    EXPECT_FALSE(report_.moved_to.empty());
    applied_ = report_;
    status = repair(true);
    ASSERT_TRUE(status.ok()) << status.text();
    for (const RepairFinding& finding : report_.findings)
      ADD_FAILURE() << finding.file << ": " << finding.what;
    open(contents);
  }
  void open(Contents* contents) {
    std::unique_ptr<Database> database;
    Status status = Database::open(options(), &database);
    ASSERT_TRUE(status.ok()) << status.text();
    status = ContentsReader::read(*database, contents);
    ASSERT_TRUE(status.ok()) << status.text();
  }
  DatabaseOptions options() {
    DatabaseOptions options = original().options();
    options.files = files_.get();
    options.clock = &clock_;
    return options;
  }
  static const Contents& all() { return original().states().back(); }
  // Files of dir(), not of its snapshots.
  std::vector<std::string> paths(const std::string& end) const {
    std::vector<std::string> found = FolderImage::take(*files_, "/db").paths(end);
    std::erase_if(found, [](const std::string& path) {
      return path.find("/snapshots/") != std::string::npos;
    });
    return found;
  }
  std::uint64_t size_of(const std::string& path) {
    std::vector<std::byte> content;
    EXPECT_TRUE(files_->read_file(path, &content).ok());
    return content.size();
  }
  bool is_good() {
    std::unique_ptr<Database> database;
    Contents contents;
    return Database::open(options(), &database).ok() &&
           ContentsReader::read(*database, &contents).ok();
  }
  // Of a log a state of before is left; of tables everything but what is said.
  void expect_counted(const std::string& path, const Contents& contents) {
    const std::vector<Contents>& states = original().states();
    if (path.find("/tables/") == std::string::npos && !path.ends_with("/MANIFEST")) {
      EXPECT_NE(std::find(states.begin(), states.end(), contents), states.end());
      return;
    }
    // What only staging memory has is gone with the record that says where it is.
    if (path.ends_with("/MANIFEST") && contents == states[SmallDatabase::kLogged]) return;
    std::uint64_t lost = 0;
    for (const RepairFinding& finding : applied_.findings) lost += finding.lost.rows;
    EXPECT_EQ(contents.rows, all().rows - lost);
    if (!path.ends_with(".sst")) {
      EXPECT_EQ(contents.parts.at("keys"), all().parts.at("keys"));
    }
    if (lost == 0 && !path.ends_with(".sst")) {
      EXPECT_TRUE(contents == all());
    }
  }
  void expect_moved(const std::string& path) {
    const std::string name = path.substr(path.find_last_of('/') + 1);
    EXPECT_TRUE(files_->exists(applied_.moved_to + "/" + name)) << name;
    EXPECT_TRUE(files_->exists(applied_.moved_to + "/MANIFEST"));
  }

  std::unique_ptr<SimFileSystem> files_;
  ManualClock clock_{1'800'000'000'000'000'000};
  RepairReport report_;
  RepairReport applied_;
};

TEST_F(DatabaseRepair, FindsNothingInAGoodFolder) {
  for (const FolderImage* image : {&original().closed(), &original().killed()}) {
    put(*image);
    const Status status = repair(true);
    ASSERT_TRUE(status.ok()) << status.text();
    for (const RepairFinding& finding : report_.findings)
      ADD_FAILURE() << finding.file << ": " << finding.what;
    EXPECT_TRUE(report_.moved_to.empty());
    Contents contents;
    open(&contents);
    EXPECT_TRUE(contents == all());
  }
}

TEST_F(DatabaseRepair, IsRefusedWhereTheFolderIsOpenOrIsNone) {
  std::unique_ptr<Database> database;
  ASSERT_TRUE(Database::open(options(), &database).ok());
  EXPECT_EQ(repair(false).code(), Code::kLocked);
  ASSERT_TRUE(database->close().ok());
  EXPECT_TRUE(repair(false).ok());
  RepairReport report;
  EXPECT_EQ(repair_database({files_.get(), &clock_, "/none", true, 0}, &report).code(),
            Code::kNotFound);
}

TEST_F(DatabaseRepair, SaysWhichSnapshotsCannotBeRestored) {
  std::unique_ptr<Database> database;
  ASSERT_TRUE(Database::open(options(), &database).ok());
  for (const char* name : {"torn", "half"}) ASSERT_TRUE(database->write_snapshot(name).ok());
  ASSERT_TRUE(database->close().ok());
  files_->flip_bit(snapshot_folder(dir(), "torn") + "/COMPLETE", 20, 1);
  ASSERT_TRUE(files_->remove(snapshot_folder(dir(), "half") + "/COMPLETE").ok());
  ASSERT_TRUE(repair(true).ok() && report_.findings.empty());
  ASSERT_EQ(report_.notes.size(), 2u);
  EXPECT_TRUE(report_.notes[0].starts_with("snapshot half was not completed"));
  EXPECT_TRUE(report_.notes[1].starts_with("snapshot torn is damaged"));
}

TEST_F(DatabaseRepair, SavesTheGoodBlocksOfASegment) {
  // Of its own: one of the blocks of a segment with several.
  DatabaseOptions own = options();
  own.dir = "/db/blocks";
  own.staging_dir = "/db/blocks-staging";
  std::unique_ptr<Database> database;
  ASSERT_TRUE(Database::open(own, &database).ok());
  TestBatch batch(2 * kOwnBlockRows);
  for (std::uint32_t symbol : {3u, 5u}) {
    ASSERT_TRUE(database->register_symbol(symbol, 1, "S" + std::to_string(symbol)).ok());
    for (std::uint32_t row = 0; row < kOwnBlockRows; row += 1)
      batch.add({kNsPerDay + row, 0, 0, 1, 2, 3, 4, 5, 6, symbol, row});
  }
  std::uint64_t position = 0;
  for (std::size_t at = 0; at < batch.view().count; at += 128) {
    TestBatch part(128);
    for (std::size_t row = at; row < at + 128; row += 1) part.add(batch.row(row));
    ASSERT_TRUE(database->append_ticks(part.view(), &position).ok());
  }
  ASSERT_TRUE(database->seal().ok());
  ASSERT_TRUE(database->close().ok());
  database.reset();
  const std::string path = FolderImage::take(*files_, "/db/blocks").paths(".segment").at(0);
  files_->flip_bit(path, sizeof(SegmentHeader) + 3, 2);
  const RepairOptions told{files_.get(), &clock_, own.dir, true, 0};
  ASSERT_TRUE(repair_database(told, &report_).ok());
  ASSERT_EQ(report_.findings.size(), 1u);
  const RepairFinding& finding = report_.findings.front();
  EXPECT_EQ(finding.file, path);
  EXPECT_EQ(finding.offset, sizeof(SegmentHeader));
  EXPECT_EQ(finding.saved.rows, kOwnBlockRows);
  EXPECT_EQ(finding.lost.rows, kOwnBlockRows);
  EXPECT_EQ(finding.symbols, std::vector<std::string>{"S3"});
  EXPECT_EQ(finding.table, "tick");
  EXPECT_EQ(finding.from_time, kNsPerDay);
  EXPECT_EQ(finding.to_time, kNsPerDay + kOwnBlockRows - 1);
  RepairReport again;
  ASSERT_TRUE(repair_database(told, &again).ok());
  EXPECT_TRUE(again.findings.empty());
  ASSERT_TRUE(Database::open(own, &database).ok());
  for (std::uint32_t symbol : {3u, 5u}) {
    std::size_t count = 0;
    TestBatch found(2 * kOwnBlockRows);
    ASSERT_TRUE(database->load_rows(kTickTable, symbol, {-kAll, kAll}, RowsOut::of(found.view()),
                                    &count).ok());
    EXPECT_EQ(count, symbol == 5 ? kOwnBlockRows : 0u);
  }
  // What is lost is not given out again.
  EXPECT_EQ(database->next_sequence(1), 2 * kOwnBlockRows);
}

TEST_F(DatabaseRepair, LosesASegmentWithoutItsFooter) {
  const std::string path = paths(".segment").front();
  files_->cut(path, size_of(path) - 9);
  Contents contents;
  expect_repaired(&contents);
  if (HasFailure()) return;
  ASSERT_EQ(applied_.findings.size(), 1u);
  EXPECT_EQ(applied_.findings[0].file, path);
  EXPECT_GT(applied_.findings[0].lost.rows, 0u);
  EXPECT_EQ(contents.rows, all().rows - applied_.findings[0].lost.rows);
  EXPECT_EQ(contents.parts.at("keys"), all().parts.at("keys"));
  expect_moved(path);
}

TEST_F(DatabaseRepair, SortedTableLosesItsKeysOnly) {
  for (const std::string& path : paths(".sst")) {
    put(original().closed());
    files_->flip_bit(path, sizeof(SstHeader) + 20, 1);
    Contents contents;
    expect_repaired(&contents);
    if (HasFailure()) return;
    EXPECT_EQ(applied_.findings.at(0).file, path);
    EXPECT_GT(applied_.findings[0].lost.keys, 0u);
    EXPECT_EQ(contents.rows, all().rows);
    EXPECT_LT(contents.parts.at("keys").size(), all().parts.at("keys").size());
    expect_moved(path);
  }
}

TEST_F(DatabaseRepair, FindsTheNamesOfSymbolsInSegmentsAndLog) {
  for (const std::string& path : paths(".dict")) {
    put(original().closed());
    files_->flip_bit(path, sizeof(SymbolFileHeader) + 9, 1);
    Contents contents;
    expect_repaired(&contents);
    if (HasFailure()) return;
    EXPECT_EQ(applied_.findings.at(0).file, path);
    EXPECT_GT(applied_.findings[0].saved.symbols, 0u);
    EXPECT_EQ(applied_.findings[0].lost.symbols, 0u);
    EXPECT_TRUE(contents == all());
    expect_moved(path);
  }
}

// Of a table as version 1 wrote it, what stands before the damage.
TEST_F(DatabaseRepair, SavesTheBeginningOfAnOldTable) {
  Manifest manifest;
  std::vector<SymbolInfo> none;
  ASSERT_TRUE(read_manifest(*files_, manifest_path(dir()), &manifest, &none).ok());
  KeyValueTable::Base entries;
  for (int at = 0; at < 8; at += 1) entries["old" + std::to_string(at)] = {std::byte{'x'}};
  entries["changed"] = {std::byte{'y'}};  // a newer value is in a sorted table
  const std::string path = table_path(dir(), 5);
  manifest.table = ManifestTable{};
  ASSERT_TRUE(write_table(*files_, path, 5, entries, &*manifest.table).ok());
  ASSERT_TRUE(write_manifest(*files_, dir(), manifest).ok());
  files_->flip_bit(path, size_of(path) - 40, 1);
  Contents contents;
  expect_repaired(&contents);
  if (HasFailure()) return;
  ASSERT_EQ(applied_.findings.size(), 1u);
  EXPECT_EQ(applied_.findings[0].saved.keys, 7u);
  EXPECT_EQ(applied_.findings[0].lost.keys, 2u);
  std::string wanted = all().parts.at("keys");
  for (int at = 0; at < 6; at += 1) wanted += "old" + std::to_string(at) + "=x\n";
  EXPECT_EQ(contents.parts.at("keys"), wanted);
  expect_moved(path);
}

// The rest of the log is whole, but what it says follows on what is missing.
TEST_F(DatabaseRepair, CutsTheLogAtABadEntryThatWasDurable) {
  FolderImage image = original().killed();
  for (const std::string& path : image.paths(".staging")) image.forget(path);
  put(image);
  const std::string path = paths(".log").front();
  const std::uint64_t size = size_of(path);
  int cuts = 0;
  const std::uint64_t step = long_tests() ? 40 : 200;
  for (std::uint64_t at = kWalEntriesOffset; at < size && !HasFailure(); at += step) {
    SCOPED_TRACE("at " + std::to_string(at));
    put(image);
    files_->flip_bit(path, at, 2);
    std::unique_ptr<Database> database;
    if (Database::open(options(), &database).code() != Code::kCorrupt) continue;
    Contents contents;
    expect_repaired(&contents);
    if (HasFailure()) return;
    expect_moved(path);
    const std::vector<Contents>& states = original().states();
    ASSERT_NE(std::find(states.begin(), states.end(), contents), states.end());
    if (contents == states[SmallDatabase::kLogged]) continue;  // below what was in files
    EXPECT_GT(applied_.findings.at(0).lost.entries, 0u);
    cuts += 1;
  }
  EXPECT_GT(cuts, 3);
}

TEST_F(DatabaseRepair, NeedsNothingOfTheLogThatIsInFiles) {
  FolderImage image = original().killed();
  put(image);
  const std::string path = paths(".log").front();
  files_->flip_bit(path, kWalEntriesOffset + 50, 2);
  Contents contents;
  expect_repaired(&contents);
  EXPECT_TRUE(contents == all());
}

// What was committed last is damaged, and staging memory still has it.
TEST_F(DatabaseRepair, TakesFromStagingMemoryWhatTheLogLost) {
  put(original().killed());
  const std::string path = paths(".log").front();
  std::vector<std::byte> log;
  ASSERT_TRUE(files_->read_file(path, &log).ok());
  std::uint64_t end = log.size();
  while (log[end - 1] == std::byte{0}) end -= 1;
  files_->flip_bit(path, end - 1, 1);
  Contents contents;
  expect_repaired(&contents);
  EXPECT_TRUE(contents == all());
}

TEST_F(DatabaseRepair, BeginsTheLogAnewWhenItIsMissing) {
  for (const std::string& path : paths(".log")) ASSERT_TRUE(files_->remove(path).ok());
  Contents contents;
  expect_repaired(&contents);
  EXPECT_TRUE(contents == original().states().front());
}

TEST_F(DatabaseRepair, MakesAManifestOfTheFiles) {
  for (const bool with_snapshot : {true, false}) {
    for (const FolderImage* from : {&original().closed(), &original().killed()}) {
      FolderImage image = *from;
      for (const auto& [path, bytes] : from->files())
        if (!with_snapshot && path.find("/snapshots/") != std::string::npos) image.forget(path);
      put(image);
      const std::string path = dir() + "/MANIFEST";
      if (with_snapshot) {
        files_->flip_bit(path, 90, 1);
      } else {
        ASSERT_TRUE(files_->remove(path).ok());
      }
      Contents contents;
      expect_repaired(&contents);
      if (HasFailure()) return;
      // Only a manifest says where the staging memory is, and one that is damaged still does.
      if (from == &original().closed() || with_snapshot) {
        EXPECT_TRUE(contents == all());
      } else {
        EXPECT_TRUE(contents == original().states()[SmallDatabase::kLogged]);
      }
      std::unique_ptr<Database> database;
      ASSERT_TRUE(Database::open(options(), &database).ok());
      if (!with_snapshot) {
        EXPECT_GT(database->epoch(0), 65536u);
      }
      EXPECT_EQ(database->tables().size(), 2u);
      EXPECT_EQ(database->tables()[1]->name, "every");
    }
  }
}

TEST_F(DatabaseRepair, TheNumberOfShardsCanBeTold) {
  put(original().closed());
  for (const std::string& path : original().closed().paths("COMPLETE"))
    ASSERT_TRUE(files_->remove(path).ok());
  ASSERT_TRUE(files_->remove(dir() + "/MANIFEST").ok());
  EXPECT_EQ(repair(false, 1).code(), Code::kInvalidArgument);
  EXPECT_EQ(repair(false, 3).code(), Code::kInvalidArgument);
  ASSERT_TRUE(repair(true, 8).ok());
  DatabaseOptions more = options();
  more.shard_count = 8;
  std::unique_ptr<Database> database;
  EXPECT_TRUE(Database::open(more, &database).ok());
}

// Whatever byte it is: after the repair the folder opens and needs none, what is in it was in it
// before, and what is not was counted.
TEST_F(DatabaseRepair, EndsWithAFolderThatOpens) {
  std::mt19937_64 random(test_seed(81));
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(test_seed(81)));
  for (const FolderImage* image : {&original().closed(), &original().killed()}) {
    for (const auto& [path, bytes] : image->files()) {
      if (path.find("/snapshots/") != std::string::npos) continue;
      const std::uint64_t step = bytes.size() > 8192 ? 31 * kEvery : kEvery;
      for (std::uint64_t at = 0; at < bytes.size() && !HasFailure(); at += step) {
        const auto bit = static_cast<unsigned>(random() % 9);
        SCOPED_TRACE(path + (bit == 8 ? " cut at " : " at ") + std::to_string(at));
        const auto damage = [&, &path = path] {
          put(*image);
          bit == 8 ? files_->cut(path, at) : files_->flip_bit(path, at, bit);
        };
        damage();
        if (is_good()) continue;
        damage();
        Contents contents;
        expect_repaired(&contents);
        expect_counted(path, contents);
      }
    }
  }
}

TEST_F(DatabaseRepair, TakesSeveralDamagedFilesAtOnce) {
  std::mt19937_64 random(test_seed(83));
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(test_seed(83)));
  for (int round = 0; round < 6'000 / static_cast<int>(kEvery) && !HasFailure(); round += 1) {
    SCOPED_TRACE("round " + std::to_string(round));
    const FolderImage& image = round % 2 == 0 ? original().closed() : original().killed();
    put(image);
    for (const auto& [path, bytes] : image.files()) {
      if (bytes.empty() || path.find("/snapshots/") != std::string::npos || random() % 3 != 0)
        continue;
      // Where there is something: most of a log and of staging memory is zeros.
      const std::uint64_t used = std::min<std::uint64_t>(bytes.size(), 12'000);
      if (random() % 4 == 0) {
        files_->cut(path, random() % used);
      } else {
        files_->flip_bit(path, random() % used, static_cast<unsigned>(random() % 8));
      }
    }
    Status status = repair(true);
    ASSERT_TRUE(status.ok()) << status.text();
    status = repair(true);
    ASSERT_TRUE(status.ok()) << status.text();
    for (const RepairFinding& finding : report_.findings)
      ADD_FAILURE() << finding.file << ": " << finding.what;
    Contents contents;
    open(&contents);
    EXPECT_LE(contents.rows, all().rows);
  }
}

// The power goes at every point of an apply: what is left opens as repaired, or is refused as
// before, and the next apply gets to the same end.
TEST_F(DatabaseRepair, PowerCutsLeaveTheOldOrTheNew) {
  std::mt19937_64 random(test_seed(82));
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(test_seed(82)));
  FolderImage image = original().killed();
  for (const std::string& path : image.paths(".staging")) image.forget(path);
  const auto damage = [&] {
    put(image);
    files_->flip_bit(paths(".segment").front(), sizeof(SegmentHeader) + 1, 1);
    files_->flip_bit(paths(".sst").front(), sizeof(SstHeader) + 20, 1);
    files_->flip_bit(paths(".dict").front(), sizeof(SymbolFileHeader) + 9, 1);
    // In the middle of what the log alone has.
    std::vector<std::byte> log;
    const std::string path = paths(".log").front();
    ASSERT_TRUE(files_->read_file(path, &log).ok());
    std::uint64_t end = log.size();
    while (log[end - 1] == std::byte{0}) end -= 1;
    std::uint64_t at = kWalEntriesOffset;
    for (std::uint64_t next = at; next < end - 1'200;) {
      at = next;
      next += wal_entry_bytes(load<WalEntryHeader>(log.data() + at).payload_bytes);
    }
    files_->flip_bit(path, at + sizeof(WalEntryHeader), 1);
  };
  damage();
  Contents wanted;
  expect_repaired(&wanted);
  if (HasFailure()) return;
  bool done = false;
  for (std::uint64_t nth = 1; !done && !HasFailure(); nth += 1) {
    SCOPED_TRACE("operation " + std::to_string(nth));
    damage();
    files_->fail_any(nth, Code::kIoError, ~std::uint64_t{0} / 2);
    done = repair(true).ok();
    files_->crash(static_cast<SimCrash>(1 + random() % 3));
    std::unique_ptr<Database> database;
    const Status opened = Database::open(options(), &database);
    Contents contents;
    Status read = opened;
    if (opened.ok()) read = ContentsReader::read(*database, &contents);
    database.reset();
    if (read.ok()) {
      EXPECT_TRUE(contents == wanted);
    } else {
      EXPECT_EQ(read.code(), Code::kCorrupt) << read.text();
    }
    const Status status = repair(true);
    ASSERT_TRUE(status.ok()) << status.text();
    contents = {};
    open(&contents);
    EXPECT_TRUE(contents == wanted);
  }
}

}  // namespace
}  // namespace ndts
