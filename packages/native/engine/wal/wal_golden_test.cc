// The bytes of version 1, kept for ever: what is written today equals them, and they are read.
// docs/formats/wal.md walks through the same bytes.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>

#include "wal/wal_reader.h"
#include "wal/wal_test_kit.h"

namespace ndts {
namespace {

constexpr std::string_view kHeader =
    "de0d6078010000004e44545357414c31baa9465b1d7da3d801000000000000000100000000000000"
    "0000000000000000000000000000000000000100000000000000010000000000e8032a36fe9c9717"
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "0000000000000000";
constexpr std::string_view kEntries =
    "1642273b0500000000000000000000000000000000000000e8032a36fe9c97170100000007000000"
    "7469636b7300000045f36d930500000030000000000000003000000000000000ed032a36fe9c9717"
    "02000000030000006f72646572000000c3d6ddb10000000060000000000000006000000000000000"
    "ed032a36fe9c97170000010000000000";

std::string hex_of(Bytes bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += kDigits[static_cast<std::size_t>(byte) >> 4];
    text += kDigits[static_cast<std::size_t>(byte) & 15];
  }
  return text;
}

std::vector<std::byte> bytes_of_hex(std::string_view text) {
  std::vector<std::byte> bytes;
  const auto digit = [](char letter) { return letter <= '9' ? letter - '0' : letter - 'a' + 10; };
  for (std::size_t at = 0; at + 1 < text.size(); at += 2)
    bytes.push_back(static_cast<std::byte>(digit(text[at]) * 16 + digit(text[at + 1])));
  return bytes;
}

// "ticks" and "order" on two shards, one commit each, then a close.
TEST(WalGolden, WritesTheBytesOfVersion1) {
  SimFileSystem files(1);
  LogBench bench(&files, "/golden");
  ASSERT_TRUE(bench.open().ok());
  const Bytes ticks[] = {bytes_of_text("ticks")};
  const Bytes order[] = {bytes_of_text("ord"), bytes_of_text("er")};
  std::uint64_t position = 0;
  ASSERT_TRUE(bench.wal->append(1, 7, ticks, &position).ok());
  EXPECT_EQ(position, 48u);
  bench.wal->request_commit();
  bench.clock.advance(5);
  ASSERT_TRUE(bench.wal->append(2, 3, order, &position).ok());
  EXPECT_EQ(position, 96u);
  ASSERT_TRUE(bench.wal->close().ok());
  std::vector<std::byte> content;
  ASSERT_TRUE(files.read_file(bench.newest(), &content).ok());
  ASSERT_EQ(content.size(), bench.options.file_bytes);
  EXPECT_EQ(hex_of(Bytes(content).first(sizeof(WalFileHeader))), kHeader);
  EXPECT_EQ(hex_of(Bytes(content).subspan(kWalEntriesOffset, 136)), kEntries);
  EXPECT_TRUE(all_zero(Bytes(content).subspan(kWalEntriesOffset + 136)));
}

TEST(WalGolden, ReadsTheBytesOfVersion1) {
  SimFileSystem files(2);
  LogBench bench(&files, "/golden");
  ASSERT_TRUE(files.make_directory(bench.options.dir).ok());
  {
    std::unique_ptr<File> file;
    const std::string path = bench.options.dir + "/wal_00000000000000000001.log";
    ASSERT_TRUE(files.open(path, OpenMode::kCreate, &file).ok());
    ASSERT_TRUE(file->allocate(bench.options.file_bytes).ok());
    ASSERT_TRUE(file->write(0, bytes_of_hex(kHeader)).ok());
    ASSERT_TRUE(file->write(kWalEntriesOffset, bytes_of_hex(kEntries)).ok());
  }
  const Status status = bench.open();
  ASSERT_TRUE(status.ok()) << status.text();
  EXPECT_EQ(bench.seen, (std::vector<Seen>{{1, 7, 48, "ticks"}, {2, 3, 96, "order"}}));
  EXPECT_TRUE(bench.wal->recovery().clean);
  EXPECT_EQ(bench.wal->epoch(), 2u);
}

// What a killed log of version 1 left in shared memory: one copy of everything, entries without a
// checksum, and behind the tail an old round of the ring that looks like an entry.
void make_version_1(MutableBytes memory, std::uint64_t tail) {
  const auto zero = [&](std::uint64_t offset, std::uint64_t count) {
    std::memset(memory.data() + offset, 0, count);
  };
  const std::uint32_t version = 1;
  std::memcpy(memory.data() + offsetof(WalStagingHeader, version), &version, sizeof(version));
  std::memcpy(memory.data() + offsetof(WalStagingHeader, tail), &tail, sizeof(tail));
  zero(offsetof(WalStagingHeader, tail_copy), sizeof(tail));
  zero(offsetof(WalStagingHeader, durable_copy), sizeof(tail));
  zero(kStagingCopyOffset, kWalEntriesOffset - kStagingCopyOffset);
  for (const std::uint64_t entry : {0, 48, 96})
    zero(kWalEntriesOffset + entry, sizeof(WalEntryHeader::checksum));
}

TEST(WalGolden, ReadsStagingOfVersion1UpToItsTail) {
  SimFileSystem files(3);
  LogBench bench(&files, "/golden");
  ASSERT_TRUE(bench.open().ok());
  for (const char* payload : {"ticks", "order", "later"}) {
    const Bytes parts[] = {bytes_of_text(payload)};
    std::uint64_t position = 0;
    ASSERT_TRUE(bench.wal->append(1, 7, parts, &position).ok());
  }
  bench.wal->abandon();
  files.kill();
  std::unique_ptr<File> file;
  std::unique_ptr<Mapping> mapping;
  ASSERT_TRUE(files.open(bench.options.staging_path, OpenMode::kReadWrite, &file).ok());
  ASSERT_TRUE(file->map_shared(&mapping).ok());
  make_version_1(mapping->writable(), 96);
  const Status status = bench.open();
  ASSERT_TRUE(status.ok()) << status.text();
  EXPECT_EQ(bench.seen, (std::vector<Seen>{{1, 7, 48, "ticks"}, {1, 7, 96, "order"}}));
}

}  // namespace
}  // namespace ndts
