// A whole folder under damage: every byte of every file flipped, every file cut at every length.
// What an open and everything read after it give is the right data or a named error; of a log that
// no later entry confirms also less, said as a torn tail. Never wrong data, never silently less.
#include <gtest/gtest.h>

#include "base/long_test_kit.h"
#include "db/folder_image_test_kit.h"
#include "db/snapshot_folder.h"
#include "wal/wal_format.h"

namespace ndts {
namespace {

// One place in so many is tried; in the long form every one.
const std::uint64_t kEvery = long_tests() ? 1 : 29;

// The same for all tests; made by the first.
const SmallDatabase& original() {
  static const SmallDatabase made(test_seed(77));
  return made;
}

// What became of an open and of reading everything.
struct Outcome {
  Status status;
  Contents contents;
  std::uint64_t torn_bytes = 0;
};

Outcome open_and_read(SimFileSystem& files, const std::string& dir) {
  Outcome outcome;
  ManualClock clock(1'800'000'000'000'000'000);
  DatabaseOptions options = original().options();
  options.files = &files;
  options.clock = &clock;
  options.dir = dir;
  std::unique_ptr<Database> database;
  outcome.status = Database::open(options, &database);
  if (!outcome.status.ok()) return outcome;
  outcome.torn_bytes = database->stats().torn_bytes;
  outcome.status = ContentsReader::read(*database, &outcome.contents);
  return outcome;
}

class FolderCorruption : public testing::Test {
 protected:
  void SetUp() override { ASSERT_FALSE(original().closed().files().empty()); }

  // The folder as it was, in `files_`.
  void put(const FolderImage& image) {
    undamaged_ = std::make_unique<SimFileSystem>(1);
    image.put(*undamaged_);
    put_again();
  }
  void put_again() { files_ = undamaged_->clone(1); }
  Outcome open() { return open_and_read(*files_, original().options().dir); }
  static const Contents& state(std::size_t at) { return original().states().at(at); }
  static const Contents& all() { return original().states().back(); }

  // Calls check(outcome) for every `step`-th byte of [from, to) with one of its bits flipped.
  template <typename Check>
  void flip(const FolderImage& image, const std::string& path, std::uint64_t from,
            std::uint64_t to, std::uint64_t step, const Check& check) {
    put(image);
    for (std::uint64_t at = from; at < to && !HasFailure(); at += step) {
      const auto bit = static_cast<unsigned>(random_() % 8);
      SCOPED_TRACE(path + " at " + std::to_string(at) + " bit " + std::to_string(bit) +
                   ", NDTS_SEED=" + std::to_string(test_seed(77)));
      files_->flip_bit(path, at, bit);
      const Outcome outcome = open();
      check(outcome);
      undo(image, path, outcome);
    }
  }
  // An open that was refused changed nothing that counts.
  void undo(const FolderImage& image, const std::string& path, const Outcome& outcome) {
    if (outcome.status.ok()) {
      put_again();
    } else {
      FolderImage::put_file(*files_, path, image.files().at(path));
    }
  }
  template <typename Check>
  void cut(const FolderImage& image, const std::string& path, std::uint64_t from,
           std::uint64_t to, std::uint64_t step, const Check& check) {
    put(image);
    for (std::uint64_t length = from; length < to && !HasFailure(); length += step) {
      SCOPED_TRACE(path + " cut to " + std::to_string(length));
      files_->cut(path, length);
      const Outcome outcome = open();
      check(outcome);
      undo(image, path, outcome);
    }
  }
  // Every file of the closed folder that ends so.
  void damage(const std::string& end) {
    const FolderImage& image = original().closed();
    int damaged = 0;
    for (const std::string& path : image.paths(end)) {
      if (path.find("/snapshots/") != std::string::npos) continue;
      const std::uint64_t size = image.files().at(path).size();
      const auto check = [&path](const Outcome& outcome) { expect_named(outcome, path, all()); };
      flip(image, path, 0, size, kEvery, check);
      cut(image, path, 0, size, kEvery * 5, check);
      damaged += 1;
    }
    EXPECT_GT(damaged, 0);
  }

  // `wanted`, or an error that names the file.
  static void expect_named(const Outcome& outcome, const std::string& path,
                           const Contents& wanted) {
    if (outcome.status.ok()) {
      EXPECT_TRUE(outcome.contents == wanted);
      return;
    }
    EXPECT_EQ(outcome.status.code(), Code::kCorrupt) << outcome.status.text();
    EXPECT_EQ(outcome.status.file(), path) << outcome.status.text();
  }
  // Also a state of before, not older than `least`, and said.
  static void expect_named_or_torn(const Outcome& outcome, const std::string& path,
                                   std::size_t least) {
    if (!outcome.status.ok() || outcome.contents == state(SmallDatabase::kLogged))
      return expect_named(outcome, path, state(SmallDatabase::kLogged));
    std::size_t found = least;
    while (found < SmallDatabase::kLogged && !(outcome.contents == state(found))) found += 1;
    EXPECT_LT(found, SmallDatabase::kLogged);
    EXPECT_GT(outcome.torn_bytes, 0u);
  }
  // Where the entries of a log file end.
  static std::uint64_t end_of(const std::vector<std::byte>& log) {
    std::uint64_t end = log.size();
    while (end > kWalEntriesOffset && log[end - 1] == std::byte{0}) end -= 1;
    return end;
  }

  std::mt19937_64 random_{test_seed(77)};
  std::unique_ptr<SimFileSystem> files_;
  std::unique_ptr<SimFileSystem> undamaged_;  // what put_again() copies
};

TEST_F(FolderCorruption, UndamagedGivesEverything) {
  for (const FolderImage* image : {&original().closed(), &original().killed()}) {
    put(*image);
    const Outcome outcome = open();
    ASSERT_TRUE(outcome.status.ok()) << outcome.status.text();
    EXPECT_TRUE(outcome.contents == all());
  }
  EXPECT_GT(state(0).rows, 40u);
  EXPECT_GT(all().rows, state(SmallDatabase::kLogged).rows);
}

TEST_F(FolderCorruption, OfTheManifestIsNamed) { damage("/MANIFEST"); }
TEST_F(FolderCorruption, OfSegmentsIsNamed) { damage(".segment"); }
TEST_F(FolderCorruption, OfSortedTablesIsNamed) { damage(".sst"); }
TEST_F(FolderCorruption, OfSymbolFilesIsNamed) { damage(".dict"); }

// The staging memory says how far the log was durable, and has what follows.
TEST_F(FolderCorruption, OfALogBesideItsStagingMemoryIsNamed) {
  const FolderImage& image = original().killed();
  for (const std::string& path : image.paths(".log")) {
    const std::vector<std::byte>& log = image.files().at(path);
    const auto check = [&path](const Outcome& outcome) { expect_named(outcome, path, all()); };
    flip(image, path, 0, sizeof(WalFileHeader), kEvery, check);
    flip(image, path, sizeof(WalFileHeader), kWalEntriesOffset, 31 * kEvery, check);
    flip(image, path, kWalEntriesOffset, end_of(log), kEvery, check);
    flip(image, path, end_of(log), log.size(), 997 * kEvery, check);
    cut(image, path, 0, kWalEntriesOffset, 97 * kEvery, check);
    cut(image, path, kWalEntriesOffset, end_of(log), 3 * kEvery, check);
    cut(image, path, end_of(log), log.size(), 1'999 * kEvery, check);
  }
}

// After a power cut there is the log alone.
TEST_F(FolderCorruption, OfALogAloneIsNamedWhereItWasConfirmed) {
  FolderImage image = original().killed();
  for (const std::string& path : image.paths(".staging")) image.forget(path);
  for (const std::string& path : image.paths(".log")) {
    const std::vector<std::byte>& log = image.files().at(path);
    const auto flipped = [&path](const Outcome& outcome) {
      expect_named_or_torn(outcome, path, SmallDatabase::kConfirmed);
    };
    flip(image, path, 0, sizeof(WalFileHeader), kEvery, flipped);
    flip(image, path, kWalEntriesOffset, end_of(log), kEvery, flipped);
    flip(image, path, end_of(log), log.size(), 997 * kEvery, flipped);
    // What is cut off confirms nothing any more, but it was there: the header says how long.
    const auto shorter = [&path](const Outcome& outcome) {
      expect_named_or_torn(outcome, path, 0);
    };
    cut(image, path, 0, kWalEntriesOffset, 97 * kEvery, shorter);
    cut(image, path, kWalEntriesOffset, end_of(log), 3 * kEvery, shorter);
    cut(image, path, end_of(log), log.size(), 1'999 * kEvery, shorter);
  }
}

TEST_F(FolderCorruption, OfTheStagingMemoryIsNamed) {
  const FolderImage& image = original().killed();
  for (const std::string& path : image.paths(".staging")) {
    const std::uint64_t size = image.files().at(path).size();
    // Where it says that more was durable than the log has, the log is named.
    const auto named = [](const Outcome& outcome) {
      if (outcome.status.ok()) {
        EXPECT_EQ(outcome.contents, all());
      } else {
        EXPECT_EQ(outcome.status.code(), Code::kCorrupt) << outcome.status.text();
        EXPECT_FALSE(outcome.status.file().empty());
      }
    };
    for (const std::uint64_t header : {std::uint64_t{0}, kStagingCopyOffset})
      flip(image, path, header, header + sizeof(WalStagingHeader), 3 * kEvery, named);
    flip(image, path, kWalEntriesOffset, size, 23 * kEvery, named);
    cut(image, path, 1, size, 997 * kEvery, named);
  }
}

TEST_F(FolderCorruption, EveryMissingFileIsNamed) {
  const FolderImage& image = original().closed();
  for (const auto& [path, bytes] : image.files()) {
    if (path.find("/snapshots/") != std::string::npos || bytes.empty()) continue;
    SCOPED_TRACE(path);
    FolderImage without = image;
    without.forget(path);
    put(without);
    const Outcome outcome = open();
    // The last log file has only the seal in it: it may be gone.
    if (path.ends_with(".log")) {
      EXPECT_TRUE(outcome.status.code() == Code::kCorrupt || outcome.contents == all());
    } else {
      EXPECT_EQ(outcome.status.code(), Code::kCorrupt);
      EXPECT_EQ(outcome.status.file(), path);
    }
  }
}

// A snapshot that is damaged is not restored, or the damage is named in what was restored.
TEST_F(FolderCorruption, OfASnapshotIsNamed) {
  const FolderImage& image = original().closed();
  const std::string folder = snapshot_folder(original().options().dir, "kept");
  for (const auto& [path, bytes] : image.files()) {
    if (!path.starts_with(folder)) continue;
    const std::string restored = "/db/restored" + path.substr(folder.size());
    put(image);
    for (std::uint64_t at = 0; at < bytes.size() && !HasFailure(); at += 7 * kEvery) {
      SCOPED_TRACE(path + " at " + std::to_string(at));
      put_again();
      files_->flip_bit(path, at, 3);
      ManualClock clock(1);
      const Status status = restore_snapshot(*files_, clock, folder, "/db/restored");
      if (!status.ok()) {
        expect_named({status, {}}, path, state(0));
      } else {
        expect_named(open_and_read(*files_, "/db/restored"), restored, state(0));
      }
    }
  }
}

}  // namespace
}  // namespace ndts
