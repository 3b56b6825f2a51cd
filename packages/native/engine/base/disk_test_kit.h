// A folder on the disk for tests of what only a real file does.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "base/file.h"

namespace ndts {

class DiskFolder {
 public:
  DiskFolder() { EXPECT_NE(mkdtemp(path_.data()), nullptr); }
  // That of another process, which removes it.
  explicit DiskFolder(std::string lent) : path_(std::move(lent)), is_lent_(true) {}
  ~DiskFolder() {
    if (!is_lent_) std::filesystem::remove_all(path_);
  }
  DiskFolder(const DiskFolder&) = delete;
  DiskFolder& operator=(const DiskFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string at(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] FileSystem& files() const { return *files_; }

  // As somebody else would: not through the file that the test has open.
  static void cut(const std::string& path, std::uint64_t bytes) {
    ASSERT_EQ(::truncate(path.c_str(), static_cast<off_t>(bytes)), 0);
  }

 private:
  std::string path_ = "/tmp/ndts-test-XXXXXX";
  bool is_lent_ = false;
  std::unique_ptr<FileSystem> files_ = make_posix_file_system();
};

}  // namespace ndts
