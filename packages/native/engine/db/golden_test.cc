// Version 1 of manifest and key-value table, byte for byte (segments are in
// table/segment_golden_test.cc). These texts never change: a
// new version gets its own beside them, and the old ones stay readable.
#include <gtest/gtest.h>

#include <string>

#include "base/sim_file.h"
#include "db/manifest.h"
#include "table/key_value_file.h"

namespace ndts {
namespace {

constexpr const char* kManifest =
    "1150c598010000004e4454534d414e4904000000000000000010000000000000"
    "0400000000000000800100000000000002000000060000008877665544332211"
    "8f881c0601000000280000000000000000000000010000000000000000000000"
    "0200000000000000020000000000000000000000000000008ea72d4201000000"
    "3800000001000000010000000200000009000000000000000200000000000000"
    "0100000000000000000000000000000002000000000000000700000000000000"
    "f89f2d95020000000a0000000200000005000000010000004142000000000000"
    "f2ebd6f80300000048000000030000000300000000000000e64f000000000000"
    "880100000000000002000000000000000000faed517286180100faed51728618"
    "070000000000000009000000000000000100000050d4009ae8a34bf304000000"
    "1800000004000000001000000000000060000000000000000100000000000000"
    "2cd2af94050000000a000000050000002f6465762f73686d2f78000000000000";

constexpr const char* kTable =
    "e2e6cce5010000004e4454534b45595600100000000000000100000000000000"
    "5800000000000000000000000000000000000000000000000000000000000000"
    "412139430300000002000000000000006b65790102000000";

std::vector<std::byte> bytes_of_hex(std::string_view hex) {
  std::vector<std::byte> bytes;
  const auto digit = [](char letter) {
    return static_cast<unsigned>(letter <= '9' ? letter - '0' : letter - 'a' + 10);
  };
  for (std::size_t at = 0; at + 1 < hex.size(); at += 2)
    bytes.push_back(static_cast<std::byte>(digit(hex[at]) << 4 | digit(hex[at + 1])));
  return bytes;
}

class Golden : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(files_.make_directory("/g/tables").ok()); }
  void expect(const std::string& path, const char* hex) {
    std::vector<std::byte> content;
    ASSERT_TRUE(files_.read_file(path, &content).ok());
    EXPECT_EQ(content, bytes_of_hex(hex));
  }

  SimFileSystem files_{1};
};

TEST_F(Golden, ManifestVersion1) {
  ASSERT_TRUE(files_.replace("/g/MANIFEST", bytes_of_hex(kManifest)).ok());
  Manifest manifest;
  std::vector<SymbolInfo> symbols;
  ASSERT_TRUE(read_manifest(files_, "/g/MANIFEST", &manifest, &symbols).ok());
  EXPECT_EQ(manifest.id, 0x1122'3344'5566'7788u);
  EXPECT_EQ(manifest.tables[0].shards[1].epochs[1].first_sequence, 7u);
  EXPECT_EQ(manifest.segments[0].rows, 2u);
  EXPECT_EQ(manifest.segments[0].table, kTickTable);
  EXPECT_EQ(manifest.segments[0].version, 1u);
  EXPECT_EQ(manifest.table->entries, 1u);
  EXPECT_EQ(symbols[0].name, "AB");
}

TEST_F(Golden, KeyValueTableVersion1) {
  KeyValueTable::Base entries;
  entries["key"] = {std::byte{1}, std::byte{2}};
  ManifestTable record{};
  ASSERT_TRUE(write_table(files_, "/g/kv", 4096, entries, &record).ok());
  expect("/g/kv", kTable);
  ASSERT_TRUE(files_.replace("/g/old", bytes_of_hex(kTable)).ok());
  std::string found;
  ASSERT_TRUE(read_table(files_, "/g/old", &record, [&found](std::string_view key, Bytes value) {
                found += std::string(key) + "=" + std::to_string(value.size());
              }).ok());
  EXPECT_EQ(found, "key=2");
}

}  // namespace
}  // namespace ndts
