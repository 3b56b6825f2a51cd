// A sorted table whose file is cut while it is open: every answer is right or IO_ERROR, and a key
// that was there is never said to be missing.
#include "base/disk_test_kit.h"
#include "kv/kv_test_kit.h"

namespace ndts {
namespace {

constexpr std::uint64_t kPage = 4096;

class UnreadableSstable : public testing::Test {
 protected:
  UnreadableSstable() {
    for (int at = 0; at < 900; at += 1)
      model_["key/" + std::to_string(10'000 + at)] =
          std::string(static_cast<std::size_t>(at % 150), static_cast<char>('a' + at % 26));
  }
  // A new file each time, with all of its blocks checked or none.
  std::shared_ptr<SstFile> write(bool checked) {
    info_ = write_sst(folder_.files(), folder_.path(), 1, model_);
    std::shared_ptr<SstFile> file;
    EXPECT_TRUE(SstFile::open(folder_.files(), folder_.path(), info_, &file).ok());
    if (checked) {
      EXPECT_EQ(count_forward(*file), model_.size());
    }
    return file;
  }
  void cut(std::uint64_t bytes) { DiskFolder::cut(sst_path(folder_.path(), 1), bytes); }

  static std::size_t count_forward(const SstFile& file) {
    std::size_t count = 0;
    const auto cursor = file.cursor();
    for (cursor->seek(""); cursor->valid(); cursor->next()) count += 1;
    return cursor->status().ok() ? count : 0;
  }
  void expect_unreadable(const Status& status) {
    EXPECT_EQ(status.code(), Code::kIoError) << status.text();
    EXPECT_EQ(status.file(), sst_path(folder_.path(), 1));
    EXPECT_LT(status.offset(), info_.bytes);
  }

  DiskFolder folder_;
  TableModel model_;
  SstInfo info_;
};

TEST_F(UnreadableSstable, AnswersAreRightOrErrors) {
  for (const bool checked : {false, true}) {
    std::uint64_t errors = 0;
    const auto measured = write(false);
    for (std::uint64_t bytes = 0; bytes < info_.bytes; bytes += kPage) {
      const auto file = write(checked);
      cut(bytes);
      for (const auto& [key, value] : model_) {
        KeyValueEntry entry;
        bool found = false;
        const Status status = file->get(key, hash_key(key), &found, &entry);
        if (status.ok()) {
          ASSERT_TRUE(found) << key << " of a file cut to " << bytes;
          ASSERT_EQ(text_of(entry.value), *value);
        } else {
          errors += 1;
          expect_unreadable(status);
        }
      }
    }
    EXPECT_GT(errors, 0u);
  }
}

TEST_F(UnreadableSstable, CursorsEndInAnError) {
  for (const bool checked : {false, true}) {
    const auto measured = write(false);
    for (std::uint64_t bytes = 0; bytes + kPage < info_.bytes; bytes += kPage) {
      const auto forward = write(checked);
      cut(bytes);
      auto cursor = forward->cursor();
      for (cursor->seek(""); cursor->valid(); cursor->next()) {
      }
      expect_unreadable(cursor->status());
      const auto backward = write(checked);
      cut(bytes);
      cursor = backward->cursor();
      for (cursor->seek_last(); cursor->valid(); cursor->previous()) {
      }
      expect_unreadable(cursor->status());
      const auto somewhere = write(checked);
      cut(bytes);
      cursor = somewhere->cursor();
      cursor->seek("key/10500");
      if (cursor->valid()) {
        EXPECT_EQ(cursor->entry().key, "key/10500");
      } else {
        expect_unreadable(cursor->status());
      }
    }
  }
}

}  // namespace
}  // namespace ndts
