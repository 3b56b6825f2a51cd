// A segment whose file is cut while it is open: what is read is right, or IO_ERROR with the file.
#include "base/disk_test_kit.h"
#include "base/long_test_kit.h"
#include "table/segment_merge.h"
#include "table/segment_test_kit.h"

namespace ndts {
namespace {

constexpr std::uint64_t kPage = 4096;
const std::uint64_t kCutStep = (long_tests() ? 1 : 3) * kPage;  // from one cut to the next

class UnreadableSegment : public testing::Test {
 protected:
  UnreadableSegment() {
    schema_.id = 9;
    for (std::uint32_t type = 1; type <= 8; type += 1)
      schema_.columns.push_back(
          {"column" + std::to_string(type), static_cast<ValueType>(type), type % 2 == 1});
    for (const std::uint32_t symbol : {1u, 2u, 5u})
      model_[symbol] = random_rows(random_, schema_, 1'500, kDay * kNsPerDay, 100 * symbol);
  }
  // A new file each time; read: all of it was read and found right before.
  std::shared_ptr<const SegmentReader> write(bool read) {
    if (folder_.files().exists(path_)) {
      EXPECT_TRUE(folder_.files().remove(path_).ok());
    }
    const Status written =
        write_segment(folder_.files(), path_, random_, schema_, kDay, model_, &record_);
    EXPECT_TRUE(written.ok()) << written.text();
    std::shared_ptr<const SegmentReader> reader;
    EXPECT_TRUE(SegmentReader::open(folder_.files(), path_, &record_, &reader).ok());
    SegmentModel found;
    if (read) {
      EXPECT_TRUE(read_segment(*reader, &found).ok());
      EXPECT_TRUE(found == model_);
    }
    return reader;
  }
  void expect_unreadable(const Status& status) {
    EXPECT_EQ(status.code(), Code::kIoError) << status.text();
    EXPECT_EQ(status.file(), path_);
    EXPECT_LT(status.offset(), record_.bytes);
  }

  Random random_{segment_seed(7)};
  DiskFolder folder_;
  const std::string path_ = folder_.at("segment");
  TableSchema schema_;
  SegmentModel model_;
  SegmentRecord record_{};
};

TEST_F(UnreadableSegment, SaysSo) {
  SCOPED_TRACE(segment_seed(7));
  for (const bool read : {false, true}) {
    const auto measured = write(false);
    for (std::uint64_t bytes = 0; bytes + kPage < record_.bytes; bytes += kCutStep) {
      const auto reader = write(read);
      DiskFolder::cut(path_, bytes);
      SegmentModel found;
      // The rows are copied out of the mapping, so that it is asked once more.
      Status status = read_segment(*reader, &found);
      if (status.ok()) status = reader->status();
      expect_unreadable(status);
      expect_unreadable(reader->status());
    }
  }
}

TEST_F(UnreadableSegment, IsNotMerged) {
  SCOPED_TRACE(segment_seed(7));
  const auto measured = write(false);
  for (std::uint64_t bytes = 0; bytes + kPage < record_.bytes; bytes += 4 * kPage) {
    const auto reader = write(true);
    DiskFolder::cut(path_, bytes);
    SegmentMerge merge(folder_.files(), folder_.at("out"), 2, schema_, {reader});
    Status status;
    std::uint64_t done = 0;
    while (status.ok() && !merge.ended()) status = merge.step(1u << 20, &done);
    EXPECT_EQ(status.code(), Code::kIoError) << status.text();
    merge.abandon();
  }
}

}  // namespace
}  // namespace ndts
