#include "base/sync_batch.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/sim_file.h"

namespace ndts {
namespace {

class SyncBatchTest : public testing::TestWithParam<std::uint32_t> {
 protected:
  Status add(SyncBatch* batch, int number) {
    std::unique_ptr<File> file;
    NDTS_TRY(files_.open(path(number), OpenMode::kCreate, &file));
    const std::byte content[1] = {static_cast<std::byte>(number)};
    NDTS_TRY(file->write(0, content));
    return batch->add(std::move(file));
  }
  static std::string path(int number) { return "/sync/" + std::to_string(number); }

  SimFileSystem files_{5};
};

// More than are open at once, and a rest: after a power cut every one has its byte.
TEST_P(SyncBatchTest, AllSurvive) {
  constexpr int kFiles = static_cast<int>(SyncBatch::kFilesMax) * 2 + 7;
  ASSERT_TRUE(files_.make_directory("/sync").ok());
  SyncBatch batch(GetParam());
  for (int number = 0; number < kFiles; number += 1) ASSERT_TRUE(add(&batch, number).ok());
  ASSERT_TRUE(batch.sync().ok());
  ASSERT_TRUE(batch.sync().ok());  // of none
  ASSERT_TRUE(files_.sync_directory("/sync").ok());
  files_.crash();
  for (int number = 0; number < kFiles; number += 1) {
    std::vector<std::byte> content;
    ASSERT_TRUE(files_.read_file(path(number), &content).ok()) << number;
    ASSERT_EQ(content.size(), 1u) << number;
    EXPECT_EQ(content[0], static_cast<std::byte>(number));
  }
}

TEST_P(SyncBatchTest, OneThatFailsFailsAll) {
  ASSERT_TRUE(files_.make_directory("/sync").ok());
  SyncBatch batch(GetParam());
  for (int number = 0; number < 9; number += 1) ASSERT_TRUE(add(&batch, number).ok());
  files_.fail_sync(4, Code::kIoError);
  EXPECT_EQ(batch.sync().code(), Code::kIoError);
  EXPECT_TRUE(batch.sync().ok());
}

INSTANTIATE_TEST_SUITE_P(Threads, SyncBatchTest, testing::Values(1u, 8u));

}  // namespace
}  // namespace ndts
