// Version 1 of the sorted table, byte for byte. This text never changes: a new version gets its
// own beside it, and the old one stays readable.
#include "kv/kv_test_kit.h"
#include "kv/version.h"

namespace ndts {
namespace {

constexpr const char* kSst =
    "0ee70ef2010000004e4454535353544203000000000000000300000000000000"
    "010000000000000007000000000000000900000000000000a000000000000000"
    "0400000000000000c00000000000000000010000000000000100000003000000"
    "77c7790d00000000000000000000000000000000000000000000000000000000"
    "862012f30300000003066b657976616c756503006b657a010178080012001700"
    "8000000000000000030000000000000020000000010000006b65797800000000"
    "1010001000002002000000002000204000000000000000200404000000000084"
    "0000400000000000000000440400000400000000000000000000000600000000";

// The record of that table in level 2, five bytes hidden.
constexpr const char* kRecord =
    "0300000000000000000100000000000003000000000000000100000000000000"
    "070000000000000009000000000000000500000000000000020000000ee70ef2"
    "03000000010000006b657978";

std::vector<std::byte> bytes_of_hex(std::string_view hex) {
  std::vector<std::byte> bytes;
  const auto digit = [](char letter) {
    return static_cast<unsigned>(letter <= '9' ? letter - '0' : letter - 'a' + 10);
  };
  for (std::size_t at = 0; at + 1 < hex.size(); at += 2)
    bytes.push_back(static_cast<std::byte>(digit(hex[at]) << 4 | digit(hex[at + 1])));
  return bytes;
}

TEST(SstableGoldenTest, Version1IsWrittenAndReadByteForByte) {
  SimFileSystem files(1);
  ASSERT_TRUE(files.make_directory("g").ok());
  SstWriter writer(files, "g", 3, 4096);
  ASSERT_TRUE(writer.create().ok());
  ASSERT_TRUE(writer.add({"key", bytes_of_text("value"), false}, hash_key("key")).ok());
  ASSERT_TRUE(writer.add({"kez", {}, true}, hash_key("kez")).ok());
  ASSERT_TRUE(writer.add({"x", {}, false}, hash_key("x")).ok());
  SstInfo info;
  ASSERT_TRUE(writer.finish(7, 9, &info).ok());
  std::vector<std::byte> content;
  ASSERT_TRUE(files.read_file(sst_path("g", 3), &content).ok());
  EXPECT_EQ(content, bytes_of_hex(kSst));

  ASSERT_TRUE(files.replace("g/old", bytes_of_hex(kSst)).ok());
  std::shared_ptr<SstFile> file;
  ASSERT_TRUE(SstFile::open_unlisted(files, "g/old", &file).ok());
  const auto cursor = file->cursor();
  cursor->seek("");
  ASSERT_TRUE(cursor->valid());
  EXPECT_EQ(cursor->entry().key, "key");
  EXPECT_EQ(text_of(cursor->entry().value), "value");
  cursor->next();
  ASSERT_TRUE(cursor->valid());
  EXPECT_EQ(cursor->entry().key, "kez");
  EXPECT_TRUE(cursor->entry().deleted);
  cursor->next();
  ASSERT_TRUE(cursor->valid());
  EXPECT_EQ(cursor->entry().key, "x");
  EXPECT_FALSE(cursor->entry().deleted);
  EXPECT_EQ(cursor->entry().value.size(), 0u);
  for (const char* key : {"key", "kez", "x"}) EXPECT_TRUE(file->may_contain(hash_key(key)));

  info.level = 2;
  info.hidden_bytes = 5;
  EXPECT_EQ(encode_table(info), bytes_of_hex(kRecord));
  SstInfo decoded;
  ASSERT_TRUE(decode_table(bytes_of_hex(kRecord), &decoded).ok());
  EXPECT_EQ(encode_table(decoded), bytes_of_hex(kRecord));
}

// The filter's hash is part of the format.
TEST(SstableGoldenTest, TheHashNeverChanges) {
  EXPECT_EQ(hash_key("key"), 0x700f'a304'ccc3'4c12u);
  EXPECT_EQ(hash_key("0123456789"), 0x33c7'261b'8278'b545u);
}

TEST(SstableGoldenTest, RecordsThatCannotBeAreRefused) {
  const std::vector<std::byte> record = bytes_of_hex(kRecord);
  SstInfo info;
  for (std::size_t bytes = 0; bytes < record.size(); bytes += 1)
    EXPECT_EQ(decode_table(Bytes(record).first(bytes), &info).code(), Code::kCorrupt);
  std::vector<std::byte> changed = record;
  changed.push_back(std::byte{});
  EXPECT_EQ(decode_table(changed, &info).code(), Code::kCorrupt);
  changed = record;
  changed[offsetof(SstRecord, level)] = std::byte{7};
  EXPECT_EQ(decode_table(changed, &info).code(), Code::kCorrupt);
}

}  // namespace
}  // namespace ndts
