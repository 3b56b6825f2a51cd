// The file system seam: what both implementations promise, and how the simulated one lies.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <functional>

#include "base/file.h"
#include "base/sim_file.h"

namespace ndts {
namespace {

std::vector<std::byte> pattern(std::size_t count, unsigned salt) {
  std::vector<std::byte> bytes(count);
  for (std::size_t at = 0; at < count; ++at)
    bytes[at] = static_cast<std::byte>(at * 31 + salt + 1);
  return bytes;
}

// Runs a test on the disk and on the simulation.
class AnyFileSystem : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) {
      char path[] = "/tmp/ndts-file-test-XXXXXX";
      ASSERT_NE(mkdtemp(path), nullptr);
      folder_ = path;
      files_ = make_posix_file_system();
    } else {
      folder_ = "/sim";
      files_ = std::make_unique<SimFileSystem>(1);
      ASSERT_TRUE(files_->make_directory(folder_).ok());
    }
  }
  void TearDown() override {
    if (GetParam()) std::filesystem::remove_all(folder_);
  }
  std::string at(const std::string& name) const { return folder_ + "/" + name; }
  std::unique_ptr<File> make(const std::string& name) {
    std::unique_ptr<File> file;
    EXPECT_TRUE(files_->open(at(name), OpenMode::kCreate, &file).ok());
    return file;
  }

  std::string folder_;
  std::unique_ptr<FileSystem> files_;
};

TEST_P(AnyFileSystem, WritesAndReads) {
  const auto file = make("a");
  const auto bytes = pattern(10'000, 1);
  ASSERT_TRUE(file->write(100, bytes).ok());
  ASSERT_TRUE(file->sync().ok());
  std::vector<std::byte> back(bytes.size());
  ASSERT_TRUE(file->read_exactly(100, back).ok());
  EXPECT_EQ(back, bytes);
  std::size_t count = 0;
  ASSERT_TRUE(file->read(10'000, back, &count).ok());
  EXPECT_EQ(count, 100u);
  ASSERT_TRUE(file->read(20'000, back, &count).ok());
  EXPECT_EQ(count, 0u);
  const Status beyond = file->read_exactly(10'000, back);
  EXPECT_EQ(beyond.code(), Code::kCorrupt);
  EXPECT_EQ(beyond.file(), at("a"));
  std::uint64_t size = 0;
  ASSERT_TRUE(file->truncate(50).ok());
  ASSERT_TRUE(file->allocate(4096).ok());
  ASSERT_TRUE(file->allocate(100).ok());
  ASSERT_TRUE(file->size(&size).ok());
  EXPECT_EQ(size, 4096u);
}

TEST_P(AnyFileSystem, NamesAndErrors) {
  std::unique_ptr<File> file;
  EXPECT_EQ(files_->open(at("none"), OpenMode::kRead, &file).code(), Code::kNotFound);
  make("a");
  EXPECT_EQ(files_->open(at("a"), OpenMode::kCreate, &file).code(), Code::kAlreadyExists);
  ASSERT_TRUE(files_->hard_link(at("a"), at("b")).ok());
  EXPECT_EQ(files_->hard_link(at("a"), at("b")).code(), Code::kAlreadyExists);
  ASSERT_TRUE(files_->rename(at("a"), at("c")).ok());
  std::vector<std::string> names;
  ASSERT_TRUE(files_->list(folder_, &names).ok());
  EXPECT_EQ(names, (std::vector<std::string>{"b", "c"}));
  ASSERT_TRUE(files_->remove(at("b")).ok());
  EXPECT_EQ(files_->remove(at("b")).code(), Code::kNotFound);
  EXPECT_FALSE(files_->exists(at("b")));
  ASSERT_TRUE(files_->make_directory(at("x/y/z")).ok());
  ASSERT_TRUE(files_->make_directory(at("x/y/z")).ok());
  EXPECT_TRUE(files_->exists(at("x/y")));
  ASSERT_TRUE(files_->sync_directory(folder_).ok());
  EXPECT_EQ(files_->list(at("none"), &names).code(), Code::kNotFound);
  EXPECT_FALSE(files_->boot_id().empty());
}

TEST_P(AnyFileSystem, MapsImmutableAndShared) {
  const auto bytes = pattern(9000, 2);
  const auto file = make("a");
  ASSERT_TRUE(file->write(0, bytes).ok());
  std::unique_ptr<Mapping> mapping;
  ASSERT_TRUE(file->map(&mapping).ok());
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), mapping->bytes().begin()));
  EXPECT_TRUE(mapping->writable().empty());
  const auto shared = make("b");
  ASSERT_TRUE(shared->allocate(8192).ok());
  std::unique_ptr<Mapping> one;
  std::unique_ptr<Mapping> two;
  ASSERT_TRUE(shared->map_shared(&one).ok());
  ASSERT_TRUE(shared->map_shared(&two).ok());
  one->writable()[5000] = std::byte{42};
  EXPECT_EQ(two->bytes()[5000], std::byte{42});
}

TEST_P(AnyFileSystem, LocksOnce) {
  std::unique_ptr<FileLock> first;
  std::unique_ptr<FileLock> second;
  ASSERT_TRUE(files_->lock(at("LOCK"), &first).ok());
  EXPECT_EQ(files_->lock(at("LOCK"), &second).code(), Code::kLocked);
  first.reset();
  EXPECT_TRUE(files_->lock(at("LOCK"), &second).ok());
}

TEST_P(AnyFileSystem, ReplacesAWholeFile) {
  std::vector<std::byte> content;
  ASSERT_TRUE(files_->replace(at("m"), bytes_of_text("one")).ok());
  ASSERT_TRUE(files_->replace(at("m"), bytes_of_text("second")).ok());
  ASSERT_TRUE(files_->read_file(at("m"), &content).ok());
  EXPECT_EQ(text_of(content), "second");
}

INSTANTIATE_TEST_SUITE_P(DiskAndSimulation, AnyFileSystem, testing::Bool(),
                         [](const auto& about) { return about.param ? "Disk" : "Simulation"; });

TEST(SimFileSystem, CrashKeepsWhatWasSyncedAndASubsetOfTheRest) {
  std::size_t kept = 0;
  std::size_t lost = 0;
  std::size_t torn = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SimFileSystem files(seed);
    ASSERT_TRUE(files.make_directory("/sim").ok());
    const auto old_bytes = pattern(512 * 16, 3);
    const auto new_bytes = pattern(512 * 16, 77);
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
  EXPECT_TRUE(file->write(0, pattern(10, 1)).ok());
  EXPECT_EQ(file->write(0, pattern(10, 2)).code(), Code::kIoError);
  EXPECT_TRUE(file->write(0, pattern(10, 3)).ok());
  files.set_capacity(100);
  EXPECT_EQ(file->write(50, pattern(100, 4)).code(), Code::kDiskFull);
  EXPECT_EQ(file->allocate(200).code(), Code::kDiskFull);
  EXPECT_EQ(files.used_bytes(), 100u);
  files.set_capacity(1000);
  EXPECT_TRUE(file->allocate(200).ok());
}

}  // namespace
}  // namespace ndts
