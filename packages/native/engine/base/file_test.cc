// The file system seam: what both implementations promise. How the simulated one lies is in
// sim_file_test.cc.
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
  // Also when somebody removed the file that says so.
  ASSERT_TRUE(files_->remove(at("LOCK")).ok());
  EXPECT_EQ(files_->lock(at("LOCK"), &second).code(), Code::kLocked);
  first.reset();
  const Status again = files_->lock(at("LOCK"), &second);
  EXPECT_TRUE(again.ok()) << again.text();
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

}  // namespace
}  // namespace ndts
