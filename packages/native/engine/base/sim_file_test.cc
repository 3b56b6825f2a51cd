// How the simulated file system lies, proven, since every test of durability rests on it.
#include "base/sim_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace ndts {
namespace {

constexpr std::size_t kSector = 512;

std::vector<std::byte> sim_pattern(std::size_t count, unsigned salt) {
  std::vector<std::byte> bytes(count);
  for (std::size_t at = 0; at < count; ++at)
    bytes[at] = static_cast<std::byte>(at * 31 + salt + 1);
  return bytes;
}

std::vector<std::byte> sectors(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values)
    bytes.resize(bytes.size() + kSector, static_cast<std::byte>(value));
  return bytes;
}

// A folder with a file "a" whose name, size and content are on the disk.
struct Disk {
  Disk(std::uint64_t seed, Bytes content) : files(seed) {
    EXPECT_TRUE(files.make_directory("/sim").ok());
    EXPECT_TRUE(files.open("/sim/a", OpenMode::kCreate, &file).ok());
    EXPECT_TRUE(file->write(0, content).ok());
    EXPECT_TRUE(file->sync().ok());
    EXPECT_TRUE(files.sync_directory("/sim").ok());
  }
  std::vector<std::byte> read(const std::string& path = "/sim/a") {
    std::vector<std::byte> content;
    const Status status = files.read_file(path, &content);
    EXPECT_TRUE(status.ok()) << status.text();
    return content;
  }
  // The value of each sector; -1 where a sector holds two.
  std::vector<int> values() {
    const std::vector<std::byte> content = read();
    std::vector<int> found;
    for (std::size_t at = 0; at + kSector <= content.size(); at += kSector) {
      const auto begin = content.begin() + static_cast<std::ptrdiff_t>(at);
      const bool whole = std::all_of(begin, begin + kSector,
                                     [&](std::byte byte) { return byte == *begin; });
      found.push_back(whole ? static_cast<int>(*begin) : -1);
    }
    return found;
  }
  SimFileSystem files;
  std::unique_ptr<File> file;
};

TEST(SimFileSystem, AFileOfWhichNothingReachedTheDiskIsEmptyOrPartlyThereAfterACrash) {
  std::set<std::size_t> sizes;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    Disk disk(seed, {});
    ASSERT_TRUE(disk.file->write(0, sectors({1, 2, 3})).ok());
    disk.files.crash(SimCrash::kSubset);
    sizes.insert(disk.read().size());
  }
  EXPECT_TRUE(sizes.contains(0));
  EXPECT_GT(sizes.size(), 2u);
}

TEST(SimFileSystem, WritingNothingDoesNotGrowAFile) {
  Disk disk(1, sectors({1}));
  ASSERT_TRUE(disk.file->write(5000, {}).ok());
  EXPECT_EQ(disk.values(), (std::vector<int>{1}));
}

TEST(SimFileSystem, CrashKeepsWhatWasSyncedAndASubsetOfTheRest) {
  std::size_t kept = 0;
  std::size_t lost = 0;
  std::size_t torn = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SimFileSystem files(seed);
    ASSERT_TRUE(files.make_directory("/sim").ok());
    const auto old_bytes = sim_pattern(512 * 16, 3);
    const auto new_bytes = sim_pattern(512 * 16, 77);
    {
      std::unique_ptr<File> file;
      ASSERT_TRUE(files.open("/sim/a", OpenMode::kCreate, &file).ok());
      ASSERT_TRUE(file->write(0, old_bytes).ok());
      ASSERT_TRUE(file->sync().ok());
      ASSERT_TRUE(files.sync_directory("/sim").ok());
      ASSERT_TRUE(file->write(512 * 8, Bytes(new_bytes).first(512 * 8)).ok());
    }
    files.crash();
    std::vector<std::byte> back;
    ASSERT_TRUE(files.read_file("/sim/a", &back).ok());
    ASSERT_EQ(back.size(), old_bytes.size());
    EXPECT_TRUE(std::equal(back.begin(), back.begin() + 512 * 8, old_bytes.begin()));
    for (std::size_t sector = 8; sector < 16; ++sector) {
      const auto at = static_cast<std::ptrdiff_t>(sector * 512);
      const bool is_old = std::equal(back.begin() + at, back.begin() + at + 512,
                                     old_bytes.begin() + at);
      const bool is_new = std::equal(back.begin() + at, back.begin() + at + 512,
                                     new_bytes.begin() + at - 512 * 8);
      ++(is_old ? lost : is_new ? kept : torn);
    }
  }
  EXPECT_GT(kept, 20u);
  EXPECT_GT(lost, 20u);
  EXPECT_GT(torn, 5u);
}

TEST(SimFileSystem, NamesNeedASyncOfTheFolder) {
  int with_name = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SimFileSystem files(seed);
    ASSERT_TRUE(files.make_directory("/sim").ok());
    std::unique_ptr<File> file;
    ASSERT_TRUE(files.open("/sim/a", OpenMode::kCreate, &file).ok());
    ASSERT_TRUE(files.sync_directory("/sim").ok());
    ASSERT_TRUE(files.rename("/sim/a", "/sim/b").ok());
    files.crash();
    EXPECT_NE(files.exists("/sim/a"), files.exists("/sim/b"));
    if (files.exists("/sim/b")) ++with_name;
  }
  EXPECT_GT(with_name, 5);
  EXPECT_LT(with_name, 35);
}

TEST(SimFileSystem, KillKeepsEverythingAndCutsOldHandles) {
  SimFileSystem files(7);
  ASSERT_TRUE(files.make_directory("/sim").ok());
  std::unique_ptr<File> file;
  std::unique_ptr<FileLock> lock;
  ASSERT_TRUE(files.lock("/sim/LOCK", &lock).ok());
  ASSERT_TRUE(files.open("/sim/a", OpenMode::kCreate, &file).ok());
  ASSERT_TRUE(file->write(0, bytes_of_text("kept")).ok());
  const std::string boot = files.boot_id();
  files.kill();
  ASSERT_TRUE(file->write(0, bytes_of_text("lost")).ok());
  std::vector<std::byte> back;
  ASSERT_TRUE(files.read_file("/sim/a", &back).ok());
  EXPECT_EQ(text_of(back), "kept");
  EXPECT_EQ(files.boot_id(), boot);
  std::unique_ptr<FileLock> again;
  EXPECT_TRUE(files.lock("/sim/LOCK", &again).ok());
  lock.reset();  // of the ended process: must not release the new one
  std::unique_ptr<FileLock> third;
  EXPECT_EQ(files.lock("/sim/LOCK", &third).code(), Code::kLocked);
}

TEST(SimFileSystem, AfterAFailedSyncPagesLookClean) {
  int lost = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SimFileSystem files(seed);
    ASSERT_TRUE(files.make_directory("/sim").ok());
    {
      std::unique_ptr<File> file;
      ASSERT_TRUE(files.open("/sim/a", OpenMode::kCreate, &file).ok());
      ASSERT_TRUE(file->allocate(512).ok());
      ASSERT_TRUE(file->sync().ok());
      ASSERT_TRUE(files.sync_directory("/sim").ok());
      ASSERT_TRUE(file->write(0, bytes_of_text("data")).ok());
      files.fail_sync(1, Code::kIoError);
      EXPECT_EQ(file->sync().code(), Code::kIoError);
      EXPECT_TRUE(file->sync().ok());  // and yet nothing more is written
    }
    files.crash();
    std::vector<std::byte> back;
    ASSERT_TRUE(files.read_file("/sim/a", &back).ok());
    if (all_zero(back)) ++lost;
  }
  EXPECT_GT(lost, 5);
  EXPECT_LT(lost, 35);
}

TEST(SimFileSystem, FaultsAndCapacity) {
  SimFileSystem files(9);
  ASSERT_TRUE(files.make_directory("/sim").ok());
  std::unique_ptr<File> file;
  ASSERT_TRUE(files.open("/sim/a", OpenMode::kCreate, &file).ok());
  files.fail_write(2, Code::kIoError);
  EXPECT_TRUE(file->write(0, sim_pattern(10, 1)).ok());
  EXPECT_EQ(file->write(0, sim_pattern(10, 2)).code(), Code::kIoError);
  EXPECT_TRUE(file->write(0, sim_pattern(10, 3)).ok());
  files.set_capacity(100);
  EXPECT_EQ(file->write(50, sim_pattern(100, 4)).code(), Code::kDiskFull);
  EXPECT_EQ(file->allocate(200).code(), Code::kDiskFull);
  EXPECT_EQ(files.used_bytes(), 100u);
  files.set_capacity(1000);
  EXPECT_TRUE(file->allocate(200).ok());
}

// Each of the 16 subsets of four unsynced sectors, in particular those without an earlier one.
TEST(SimFileSystem, CrashLeavesEverySubsetOfSectors) {
  std::set<std::vector<int>> seen;
  for (std::uint64_t seed = 1; seed <= 800; ++seed) {
    Disk disk(seed, sectors({1, 1, 1, 1}));
    for (std::size_t sector = 0; sector < 4; ++sector) {
      ASSERT_TRUE(disk.file->write(sector * kSector, sectors({2})).ok());
    }
    disk.files.crash();
    seen.insert(disk.values());
  }
  for (int subset = 0; subset < 16; ++subset)
    EXPECT_TRUE(seen.contains({1 + (subset & 1), 1 + (subset >> 1 & 1), 1 + (subset >> 2 & 1),
                               1 + (subset >> 3 & 1)}))
        << subset;
  EXPECT_GT(seen.size(), 16u);  // and torn ones
}

// What was overwritten before any sync may be what the kernel wrote.
TEST(SimFileSystem, CrashMayLeaveSomethingWrittenInBetween) {
  std::set<int> seen;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Disk disk(seed, sectors({1}));
    ASSERT_TRUE(disk.file->write(0, sectors({2})).ok());
    ASSERT_TRUE(disk.file->write(0, sectors({3})).ok());
    disk.files.crash();
    seen.insert(disk.values().at(0));
  }
  EXPECT_EQ(seen, (std::set<int>{-1, 1, 2, 3}));
}

TEST(SimFileSystem, AnUnsyncedSizeIsAnythingInBetween) {
  std::set<std::size_t> seen;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Disk disk(seed, sectors({1}));
    ASSERT_TRUE(disk.file->write(kSector, sectors({2, 2, 2})).ok());
    disk.files.crash();
    const std::size_t size = disk.read().size();
    ASSERT_GE(size, kSector);
    ASSERT_LE(size, 4 * kSector);
    seen.insert(size);
  }
  EXPECT_TRUE(seen.contains(kSector));
  EXPECT_TRUE(seen.contains(4 * kSector));
  EXPECT_GT(seen.size(), 5u);
}

// Of a creation, a link, a replacing rename and a removal in a row any subset may survive.
TEST(SimFileSystem, CrashLeavesASubsetOfNameOperations) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Disk disk(seed, sectors({1}));
    std::unique_ptr<File> made;
    for (const char* name : {"/sim/old", "/sim/gone"})
      ASSERT_TRUE(disk.files.open(name, OpenMode::kCreate, &made).ok());
    ASSERT_TRUE(disk.files.sync_directory("/sim").ok());
    ASSERT_TRUE(disk.files.open("/sim/new", OpenMode::kCreate, &made).ok());
    ASSERT_TRUE(disk.files.hard_link("/sim/a", "/sim/link").ok());
    ASSERT_TRUE(disk.files.rename("/sim/a", "/sim/old").ok());
    ASSERT_TRUE(disk.files.remove("/sim/gone").ok());
    disk.files.crash();
    std::string state;
    for (const char* name : {"new", "link", "a", "old", "gone"})
      if (disk.files.exists(std::string("/sim/") + name)) state += std::string(name) + " ";
    seen.insert(state);
    if (!disk.files.exists("/sim/a")) {
      EXPECT_EQ(disk.read("/sim/old"), sectors({1}));
    }
  }
  EXPECT_EQ(seen.size(), 16u);
}

TEST(SimFileSystem, CrashWithNothingAndWithEverything) {
  for (const SimCrash leaves : {SimCrash::kNothing, SimCrash::kEverything}) {
    Disk disk(1, sectors({1}));
    ASSERT_TRUE(disk.file->write(0, sectors({2, 2})).ok());
    ASSERT_TRUE(disk.files.rename("/sim/a", "/sim/b").ok());
    disk.files.crash(leaves);
    if (leaves == SimCrash::kNothing) {
      EXPECT_EQ(disk.read("/sim/a"), sectors({1}));
    } else {
      EXPECT_EQ(disk.read("/sim/b"), sectors({2, 2}));
    }
  }
}

TEST(SimFileSystem, ACloneEndsOnItsOwn) {
  Disk disk(1, sectors({1}));
  ASSERT_TRUE(disk.file->write(0, sectors({2})).ok());
  const auto lost = disk.files.clone(2);
  const auto kept = disk.files.clone(3);
  EXPECT_EQ(lost->boot_id(), disk.files.boot_id());
  lost->crash(SimCrash::kNothing);
  kept->kill();
  ASSERT_TRUE(disk.file->write(0, sectors({3})).ok());
  std::vector<std::byte> content;
  ASSERT_TRUE(lost->read_file("/sim/a", &content).ok());
  EXPECT_EQ(content, sectors({1}));
  ASSERT_TRUE(kept->read_file("/sim/a", &content).ok());
  EXPECT_EQ(content, sectors({2}));
  EXPECT_EQ(disk.read(), sectors({3}));
}

TEST(SimFileSystem, EvictionShowsWhatAFailedSyncLost) {
  int lost = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Disk disk(seed, sectors({1, 1}));
    ASSERT_TRUE(disk.file->write(0, sectors({2})).ok());
    disk.files.fail_sync(1, Code::kIoError);
    EXPECT_EQ(disk.file->sync().code(), Code::kIoError);
    ASSERT_TRUE(disk.file->write(kSector, sectors({3})).ok());
    EXPECT_EQ(disk.values(), (std::vector<int>{2, 3}));
    disk.files.evict();
    EXPECT_EQ(disk.values().at(1), 3);  // dirty: it stays
    if (disk.values().at(0) == 1) ++lost;
  }
  EXPECT_GT(lost, 5);
  EXPECT_LT(lost, 35);
}

TEST(SimFileSystem, AFailedSyncOfAFolderLeavesAPartOfItsNames) {
  int durable = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Disk disk(seed, sectors({1}));
    ASSERT_TRUE(disk.files.rename("/sim/a", "/sim/b").ok());
    disk.files.fail(SimOperation::kSyncDirectory, 1, Code::kIoError);
    EXPECT_EQ(disk.files.sync_directory("/sim").code(), Code::kIoError);
    disk.files.crash(SimCrash::kNothing);
    if (disk.files.exists("/sim/b")) ++durable;
  }
  EXPECT_GT(durable, 5);
  EXPECT_LT(durable, 35);
}

// Every operation can be made to fail, alone, by its number and by the number of all of them.
TEST(SimFileSystem, EachOperationFailsWhenItIsTold) {
  const auto run = [](SimFileSystem& files, std::unique_ptr<File>& file,
                      SimOperation operation) -> Status {
    std::byte byte{};
    std::size_t count = 0;
    std::unique_ptr<Mapping> mapping;
    std::vector<std::string> names;
    std::unique_ptr<File> other;
    switch (operation) {
      case SimOperation::kOpen:
        return files.open("/sim/made", OpenMode::kOpenOrCreate, &other);
      case SimOperation::kRead:
        return file->read(0, MutableBytes(&byte, 1), &count);
      case SimOperation::kWrite:
        return file->write(0, bytes_of(byte));
      case SimOperation::kAllocate:
        return file->allocate(8192);
      case SimOperation::kTruncate:
        return file->truncate(100);
      case SimOperation::kSync:
        return file->sync();
      case SimOperation::kMap:
        return file->map(&mapping);
      case SimOperation::kRename:
        return files.rename("/sim/from", "/sim/to");
      case SimOperation::kLink:
        return files.hard_link("/sim/a", "/sim/link");
      case SimOperation::kRemove:
        return files.remove("/sim/from");
      case SimOperation::kSyncDirectory:
        return files.sync_directory("/sim");
      case SimOperation::kList:
        return files.list("/sim", &names);
    }
    return Status(Code::kInternal, "an operation without a case");
  };
  for (std::size_t at = 0; at < kSimOperations; ++at) {
    const auto operation = static_cast<SimOperation>(at);
    for (const bool any : {false, true}) {
      SCOPED_TRACE(at);
      Disk disk(1, sectors({1}));
      std::unique_ptr<File> from;
      ASSERT_TRUE(disk.files.open("/sim/from", OpenMode::kCreate, &from).ok());
      const std::uint64_t before = disk.files.operations(operation);
      if (any) {
        disk.files.fail_any(1, Code::kDiskFull);
      } else {
        disk.files.fail(operation, 1, Code::kDiskFull);
      }
      const Status status = run(disk.files, disk.file, operation);
      EXPECT_EQ(status.code(), Code::kDiskFull);
      EXPECT_FALSE(status.file().empty());
      EXPECT_TRUE(run(disk.files, disk.file, operation).ok());
      EXPECT_EQ(disk.files.operations(operation), before + 2);
    }
  }
}

// A power cut strikes what stands in mapped memory as if it had been written.
TEST(SimFileSystem, MappedMemoryCountsAsUnsynced) {
  std::set<int> seen;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Disk disk(seed, sectors({1}));
    std::unique_ptr<Mapping> mapping;
    ASSERT_TRUE(disk.file->map_shared(&mapping).ok());
    std::fill(mapping->writable().begin(), mapping->writable().end(), std::byte{2});
    disk.files.crash();
    seen.insert(disk.values().at(0));
  }
  EXPECT_TRUE(seen.contains(1));
  EXPECT_TRUE(seen.contains(2));
}

}  // namespace
}  // namespace ndts
