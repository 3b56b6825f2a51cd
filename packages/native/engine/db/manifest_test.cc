// The manifest: comes back as written; every flipped byte and every length it is cut to is named;
// a newer version is refused as such.
#include "db/manifest.h"

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "base/sim_file.h"

namespace ndts {
namespace {

class ManifestFile : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(files_.make_directory("/db").ok());
    manifest_.id = 5;
    manifest_.generation = 9;
    manifest_.wal_position = 123;
    manifest_.next_file = 4;
    manifest_.epochs = {7, 7};
    manifest_.tables = {{tick_schema(), {{100, {{1, 0}, {7, 100}}}, {0, {{7, 0}}}}},
                        {other_, {{0, {}}, {5, {{6, 0}}}}}};
    manifest_.segments.push_back({3, -2, 400, 10, -20, -10, 0, 100, 2, 1, 0xabcd, 2});
    manifest_.symbol_files = {{8, 100, 0, 5, 0x1234, 0}, {9, 200, 5, 2, 0x5678, 0}};
    manifest_.table = ManifestTable{123, 64, 0};
    manifest_.key_value.last_sequence = 77;
    manifest_.key_value.next_number = 6;
    SstInfo table;
    table.number = 5;
    table.entries = 1;
    table.level = 3;
    table.min_key = "a";
    table.max_key = std::string(40, 'z');
    manifest_.key_value.tables = {table};
    manifest_.staging_path = "/shm/x";
    ASSERT_TRUE(write_manifest(files_, "/db", manifest_).ok());
    std::vector<std::byte> content;
    ASSERT_TRUE(files_.read_file(path_, &content).ok());
    bytes_ = content.size();
  }
  Status read() {
    found_ = {};
    symbols_.clear();
    return read_manifest(files_, path_, &found_, &symbols_);
  }

  SimFileSystem files_{1};
  const std::string path_ = manifest_path("/db");
  std::uint64_t bytes_ = 0;
  const TableSchema other_{2,
                           "bar",
                           {{"open", ValueType::kF64, false}, {"note", ValueType::kText, true}}};
  Manifest manifest_;
  Manifest found_;
  std::vector<SymbolInfo> symbols_;
};

TEST_F(ManifestFile, ComesBackAsWritten) {
  ASSERT_TRUE(read().ok());
  EXPECT_EQ(found_.id, 5u);
  EXPECT_EQ(found_.generation, 9u);
  EXPECT_EQ(found_.wal_position, 123u);
  EXPECT_EQ(found_.next_file, 4u);
  EXPECT_EQ(found_.epochs, manifest_.epochs);
  ASSERT_EQ(found_.tables.size(), 2u);
  const std::vector<ShardProgress>& ticks = found_.tables[0].shards;
  EXPECT_EQ(ticks[0].sealed_sequence, 100u);
  ASSERT_EQ(ticks[0].epochs.size(), 2u);
  EXPECT_EQ(ticks[0].epochs[1].first_sequence, 100u);
  EXPECT_EQ(found_.tables[1].schema, other_);
  EXPECT_TRUE(found_.tables[1].shards[0].epochs.empty());
  EXPECT_EQ(found_.tables[1].shards[1].sealed_sequence, 5u);
  ASSERT_EQ(found_.tables[1].shards[1].epochs.size(), 1u);
  ASSERT_EQ(found_.segments.size(), 1u);
  EXPECT_EQ(found_.segments[0].day, -2);
  EXPECT_EQ(found_.segments[0].table, 2u);
  EXPECT_EQ(found_.segments[0].version, 2u);
  EXPECT_EQ(found_.symbols(), 7u);
  EXPECT_EQ(found_.table->position, 123u);
  EXPECT_EQ(found_.key_value.position, 123u);
  EXPECT_EQ(found_.key_value.last_sequence, 77u);
  EXPECT_EQ(found_.key_value.next_number, 6u);
  ASSERT_EQ(found_.key_value.tables.size(), 1u);
  EXPECT_EQ(found_.key_value.tables[0].level, 3u);
  EXPECT_EQ(found_.key_value.tables[0].max_key, std::string(40, 'z'));
  EXPECT_EQ(found_.staging_path, "/shm/x");
  EXPECT_TRUE(symbols_.empty());
}

TEST_F(ManifestFile, NamesEveryFlippedByte) {
  for (std::uint64_t at = 0; at < bytes_; at += 1) {
    const auto bit = static_cast<unsigned>(at % 8);
    files_.flip_bit(path_, at, bit);
    const Status status = read();
    EXPECT_EQ(status.code(), Code::kCorrupt) << "byte " << at;
    EXPECT_EQ(status.file(), path_);
    files_.flip_bit(path_, at, bit);
  }
  EXPECT_TRUE(read().ok());
}

TEST_F(ManifestFile, NamesEveryLengthItIsCutTo) {
  for (std::uint64_t bytes = bytes_; bytes > 0; bytes -= 1) {
    files_.cut(path_, bytes - 1);
    EXPECT_EQ(read().code(), Code::kCorrupt) << "cut to " << bytes - 1;
  }
}

// Also with checksums that are right.
TEST_F(ManifestFile, RefusesSegmentsThatNumbersDoNotTellApart) {
  manifest_.segments.push_back(manifest_.segments.front());
  ASSERT_TRUE(write_manifest(files_, "/db", manifest_).ok());
  EXPECT_EQ(read().code(), Code::kCorrupt);
  manifest_.segments.back().number = 4;  // the next file's
  ASSERT_TRUE(write_manifest(files_, "/db", manifest_).ok());
  EXPECT_EQ(read().code(), Code::kCorrupt);
  manifest_.segments.back().number = 2;
  ASSERT_TRUE(write_manifest(files_, "/db", manifest_).ok());
  EXPECT_TRUE(read().ok());
}

TEST_F(ManifestFile, RefusesANewerVersion) {
  std::vector<std::byte> content;
  ASSERT_TRUE(files_.read_file(path_, &content).ok());
  auto header = load<ManifestHeader>(content.data());
  header.version = kManifestVersion + 1;
  header.checksum = crc32c(0, bytes_of(header).subspan(4));
  store(content.data(), header);
  ASSERT_TRUE(files_.replace(path_, content).ok());
  EXPECT_EQ(read().code(), Code::kVersionTooNew);
}

}  // namespace
}  // namespace ndts
