// Staging memory that an earlier process left: whatever became of its file, opening it says so and
// nothing faults later.
#include "wal/staging.h"

#include "base/disk_test_kit.h"
#include "base/sim_file.h"

namespace ndts {
namespace {

constexpr std::uint64_t kRing = 64u << 10;
const StagingIdentity kIdentity{5, 1, 0, "boot"};

Status create(FileSystem& files, const std::string& path, bool threads,
              std::unique_ptr<Staging>* staging) {
  StagingRoom room(files, path, kRing, threads);
  return Staging::create(&room, kIdentity, staging);
}

void create(FileSystem& files, const std::string& path) {
  std::unique_ptr<Staging> staging;
  ASSERT_TRUE(create(files, path, false, &staging).ok());
  staging->put(0, bytes_of_text("accepted"));
  staging->publish_tail(8);
}

TEST(Staging, TakesItsBlocksBeforeItIsMapped) {
  SimFileSystem files(1);
  ASSERT_TRUE(files.make_directory("s").ok());
  create(files, "s/staging");
  std::unique_ptr<Staging> staging;
  files.fail_write(1, Code::kDiskFull);
  EXPECT_EQ(Staging::open(files, "s/staging", kIdentity, &staging).code(), Code::kDiskFull);
  files.fail_write(1, Code::kDiskFull);
  EXPECT_EQ(create(files, "s/staging", false, &staging).code(), Code::kDiskFull);
  files.clear_faults();
  ASSERT_TRUE(Staging::open(files, "s/staging", kIdentity, &staging).ok());
  EXPECT_EQ(staging->tail(), 8u);
}

TEST(Staging, RoomIsMadeBesideOtherWork) {
  for (const bool threads : {false, true}) {
    SimFileSystem files(1);
    ASSERT_TRUE(files.make_directory("s").ok());
    {
      const StagingRoom unused(files, "s/staging", kRing, threads);
    }
    std::vector<std::string> names;
    ASSERT_TRUE(files.list("s", &names).ok());
    EXPECT_TRUE(names.empty()) << "what is not taken is removed";
    files.fail_write(1, Code::kDiskFull);
    std::unique_ptr<Staging> staging;
    EXPECT_EQ(create(files, "s/staging", threads, &staging).code(), Code::kDiskFull);
    files.clear_faults();
    ASSERT_TRUE(create(files, "s/staging", threads, &staging).ok());
    staging->fault_in(kRing - 4096, kRing);
    staging->put(kRing - 4, bytes_of_text("accepted"));
    staging->publish_tail(kRing + 4);
    ASSERT_TRUE(files.list("s", &names).ok());
    EXPECT_EQ(names, std::vector<std::string>{"staging"});
  }
}

TEST(Staging, OneThatWasCutIsNotTaken) {
  for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{100}, kWalEntriesOffset,
                                    kWalEntriesOffset + 1, kWalEntriesOffset + kRing / 2}) {
    const DiskFolder folder;
    create(folder.files(), folder.at("staging"));
    DiskFolder::cut(folder.at("staging"), bytes);
    std::unique_ptr<Staging> staging;
    const Status status =
        Staging::open(folder.files(), folder.at("staging"), kIdentity, &staging);
    EXPECT_EQ(status.code(), Code::kCorrupt) << bytes;
    create(folder.files(), folder.at("staging"));
    ASSERT_TRUE(Staging::open(folder.files(), folder.at("staging"), kIdentity, &staging).ok());
    EXPECT_EQ(text_of(staging->view(0, 8)[0]), "accepted");
  }
}

// No more than its first page, and right in itself.
TEST(Staging, OneWithoutAnyRoomIsNotTaken) {
  SimFileSystem files(1);
  ASSERT_TRUE(files.make_directory("s").ok());
  create(files, "s/staging");
  std::vector<std::byte> content;
  ASSERT_TRUE(files.read_file("s/staging", &content).ok());
  content.resize(kWalEntriesOffset);
  for (const std::uint64_t at : {std::uint64_t{0}, kStagingCopyOffset}) {
    constexpr std::size_t kCovered = offsetof(WalStagingHeader, log_id);
    store(content.data() + at + offsetof(WalStagingHeader, ring_bytes), std::uint64_t{0});
    store(content.data() + at + offsetof(WalStagingHeader, checksum),
          crc32c(0, Bytes(content).subspan(at + kCovered, 128 - kCovered)));
  }
  ASSERT_TRUE(files.replace("s/staging", content).ok());
  std::unique_ptr<Staging> staging;
  EXPECT_EQ(Staging::open(files, "s/staging", kIdentity, &staging).code(), Code::kCorrupt);
}

TEST(Staging, HolesAreFilled) {
  const DiskFolder folder;
  create(folder.files(), folder.at("staging"));
  // What a sparse copy leaves: the length, and nothing but holes.
  DiskFolder::cut(folder.at("staging"), kWalEntriesOffset + 8);
  DiskFolder::cut(folder.at("staging"), kWalEntriesOffset + kRing);
  std::unique_ptr<Staging> staging;
  ASSERT_TRUE(Staging::open(folder.files(), folder.at("staging"), kIdentity, &staging).ok());
  for (std::uint64_t position = 8; position < kRing; position += 8)
    staging->put_zeros(position, 8);
  EXPECT_EQ(text_of(staging->view(0, 8)[0]), "accepted");
}

}  // namespace
}  // namespace ndts
