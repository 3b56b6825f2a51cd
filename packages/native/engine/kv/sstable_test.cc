// Sorted tables: what was written is read, and any damage is either noticed or harmless.
#include "kv/sstable.h"

#include "base/crc32c.h"
#include "kv/kv_test_kit.h"

namespace ndts {
namespace {

using Answer = std::pair<std::string, std::optional<std::string>>;

Answer answer_of(const KeyValueEntry& entry) {
  if (entry.deleted) return {std::string(entry.key), std::nullopt};
  return {std::string(entry.key), std::string(text_of(entry.value))};
}

std::vector<Answer> all_of(const TableModel& model) { return {model.begin(), model.end()}; }

std::vector<Answer> read_forward(Cursor& cursor) {
  std::vector<Answer> found;
  for (; cursor.valid(); cursor.next()) found.push_back(answer_of(cursor.entry()));
  EXPECT_TRUE(cursor.status().ok()) << cursor.status().text();
  return found;
}

std::vector<Answer> read_backward(Cursor& cursor) {
  std::vector<Answer> found;
  for (; cursor.valid(); cursor.previous()) found.push_back(answer_of(cursor.entry()));
  EXPECT_TRUE(cursor.status().ok()) << cursor.status().text();
  return found;
}

class SstableTest : public testing::Test {
 protected:
  SstableTest() { EXPECT_TRUE(files.make_directory("kv").ok()); }

  std::shared_ptr<SstFile> open(const SstInfo& info) {
    std::shared_ptr<SstFile> file;
    const Status status = SstFile::open(files, "kv", info, &file);
    EXPECT_TRUE(status.ok()) << status.text();
    return file;
  }

  SimFileSystem files{1};
};

TEST_F(SstableTest, ReadsWhatWasWrittenByKeyAndInBothDirections) {
  const std::uint64_t seed = kv_seed(21);
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  std::uint64_t number = 0;
  for (const std::size_t count : {1u, 2u, 30u, 700u}) {
    const TableModel model = random_table(random, count);
    number += 1;
    const SstInfo info = write_sst(files, "kv", number, model);
    const auto file = open(info);
    EXPECT_EQ(info.entries, model.size());
    EXPECT_EQ(info.min_key, model.begin()->first);
    EXPECT_EQ(info.max_key, model.rbegin()->first);
    const auto cursor = file->cursor();
    cursor->seek("");
    EXPECT_EQ(read_forward(*cursor), all_of(model));
    cursor->seek_last();
    const auto all = all_of(model);
    EXPECT_EQ(read_backward(*cursor), std::vector<Answer>(all.rbegin(), all.rend()));
    for (int probe = 0; probe < 300; probe += 1) {
      const std::string key = random_key(random, 4 * count);
      const auto at = model.lower_bound(key);
      cursor->seek(key);
      ASSERT_EQ(cursor->valid(), at != model.end());
      if (cursor->valid()) {
        ASSERT_EQ(answer_of(cursor->entry()), Answer(*at));
      }
      cursor->seek_before(key);
      ASSERT_EQ(cursor->valid(), at != model.begin());
      if (cursor->valid()) {
        ASSERT_EQ(answer_of(cursor->entry()), Answer(*std::prev(at)));
      }
      bool found = false;
      KeyValueEntry entry;
      ASSERT_TRUE(file->get(key, hash_key(key), &found, &entry).ok());
      ASSERT_EQ(found, model.contains(key));
      if (found) {
        ASSERT_EQ(answer_of(entry), Answer(*model.find(key)));
      }
    }
  }
}

TEST_F(SstableTest, ValuesLongerThanABlockAndEmptyOnesSurvive) {
  TableModel model;
  model["big"] = std::string(300'000, 'x');
  model["empty"] = "";
  model["gone"] = std::nullopt;
  model[std::string(5'000, 'k')] = "long key";
  const auto file = open(write_sst(files, "kv", 1, model));
  const auto cursor = file->cursor();
  cursor->seek("");
  EXPECT_EQ(read_forward(*cursor), all_of(model));
}

TEST_F(SstableTest, FilterIsWrongForLessThanOneKeyInAHundred) {
  std::vector<std::uint64_t> hashes;
  const auto name = [](const char* kind, int at) { return kind + std::to_string(at); };
  for (int at = 0; at < 50'000; at += 1) hashes.push_back(hash_key(name("in/", at)));
  const std::vector<std::byte> filter = make_filter(hashes);
  for (const std::uint64_t hash : hashes) ASSERT_TRUE(filter_may_contain(filter, hash));
  int wrong = 0;
  for (int at = 0; at < 100'000; at += 1)
    wrong += filter_may_contain(filter, hash_key(name("out/", at))) ? 1 : 0;
  EXPECT_LT(wrong, 1'000);
  std::vector<std::uint64_t> numbers;  // keys that differ in few bits
  for (std::uint64_t at = 0; at < 50'000; at += 1)
    numbers.push_back(hash_key(text_of(bytes_of(at))));
  const std::vector<std::byte> second = make_filter(numbers);
  wrong = 0;
  for (std::uint64_t at = 50'000; at < 150'000; at += 1)
    wrong += filter_may_contain(second, hash_key(text_of(bytes_of(at)))) ? 1 : 0;
  EXPECT_LT(wrong, 1'000);
}

void expect_named(const Status& status, const SstInfo& info) {
  EXPECT_TRUE(status.code() == Code::kCorrupt || status.code() == Code::kVersionTooNew)
      << status.text();
  EXPECT_EQ(status.file(), sst_path("kv", info.number));
  EXPECT_LE(status.offset(), info.bytes);
}

// Every key by itself: its value, or an error that is named.
void expect_gets(const SstFile& file, const SstInfo& info, const TableModel& model) {
  for (const auto& [key, value] : model) {
    bool found = false;
    KeyValueEntry entry;
    const Status status = file.get(key, hash_key(key), &found, &entry);
    if (!status.ok()) {
      expect_named(status, info);
      continue;
    }
    ASSERT_TRUE(found) << key;
    ASSERT_EQ(answer_of(entry), Answer(key, value));
  }
}

// Opens and reads everything; true when an error was named.
bool damage_is_named(FileSystem& files, const SstInfo& info, const TableModel& model) {
  std::shared_ptr<SstFile> file;
  Status status = SstFile::open(files, "kv", info, &file);
  if (!status.ok()) {
    expect_named(status, info);
    return true;
  }
  expect_gets(*file, info, model);
  const auto cursor = file->cursor();
  std::vector<Answer> found;
  for (cursor->seek(""); cursor->valid(); cursor->next())
    found.push_back(answer_of(cursor->entry()));
  if (!cursor->status().ok()) {
    expect_named(cursor->status(), info);
    return true;
  }
  EXPECT_EQ(found, all_of(model));
  return false;
}

TEST_F(SstableTest, EveryFlippedByteAndEveryLengthIsNamed) {
  TableModel model;
  for (int at = 0; at < 60; at += 1)
    model["key" + std::to_string(at)] = at % 7 == 0 ? std::nullopt
                                                    : std::optional(std::string(at % 30, 'v'));
  const SstInfo info = write_sst(files, "kv", 3, model, 256);
  const std::string path = sst_path("kv", 3);
  const std::uint64_t seed = kv_seed(22);
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  ASSERT_FALSE(damage_is_named(files, info, model));
  for (std::uint64_t at = 0; at < info.bytes; at += 1) {
    const auto bit = static_cast<unsigned>(random() % 8);
    files.flip_bit(path, at, bit);
    ASSERT_TRUE(damage_is_named(files, info, model)) << "byte " << at << " bit " << bit;
    files.flip_bit(path, at, bit);
  }
  for (std::uint64_t bytes = info.bytes; bytes-- > 0;) {
    files.cut(path, bytes);
    ASSERT_TRUE(damage_is_named(files, info, model)) << "cut to " << bytes;
  }
}

// A checksum made right again must not lead out of the file.
TEST_F(SstableTest, BlocksWithAValidChecksumAreStillChecked) {
  const std::uint64_t seed = kv_seed(5);
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  TableModel model;
  for (int at = 0; at < 20; at += 1) model["key" + std::to_string(at)] = "value";
  const SstInfo info = write_sst(files, "kv", 3, model);
  std::vector<std::byte> original;
  ASSERT_TRUE(files.read_file(sst_path("kv", 3), &original).ok());
  const auto header = load<SstHeader>(original.data());
  const auto index = load<SstIndexEntry>(original.data() + header.index_offset);
  for (int round = 0; round < 2'000; round += 1) {
    std::vector<std::byte> bytes = original;
    std::byte* block = bytes.data() + index.offset;
    for (std::uint64_t times = 1 + random() % 3; times > 0; times -= 1)
      block[4 + random() % (index.bytes - 4)] = static_cast<std::byte>(random());
    const std::uint64_t identity[] = {3, 0};
    const std::uint32_t blocks_seed = crc32c(0, std::as_bytes(std::span(identity)));
    store(block, crc32c(blocks_seed, Bytes(block, index.bytes).subspan(4)));
    ASSERT_TRUE(files.replace(sst_path("kv", 3), bytes).ok());
    const auto file = open(info);
    const auto cursor = file->cursor();
    for (cursor->seek(""); cursor->valid(); cursor->next()) {
    }
    bool found = false;
    KeyValueEntry entry;
    static_cast<void>(file->get("key7", hash_key("key7"), &found, &entry));
  }
}

TEST_F(SstableTest, HeadAndFooterWithValidChecksumsAreStillChecked) {
  write_sst(files, "kv", 1, {{"a", "1"}, {"b", "2"}});
  std::vector<std::byte> original;
  ASSERT_TRUE(files.read_file(sst_path("kv", 1), &original).ok());
  const auto expect_corrupt = [&](SstHeader header, std::vector<std::byte> bytes) {
    header.footer_checksum = crc32c(0, Bytes(bytes).subspan(header.index_offset));
    header.checksum = crc32c(0, bytes_of(header).subspan(4));
    store(bytes.data(), header);
    ASSERT_TRUE(files.replace(sst_path("kv", 1), bytes).ok());
    std::shared_ptr<SstFile> file;
    EXPECT_EQ(SstFile::open_unlisted(files, sst_path("kv", 1), &file).code(), Code::kCorrupt);
  };
  // No entries: averages are made of them.
  auto header = load<SstHeader>(original.data());
  header.entries = 0;
  expect_corrupt(header, original);
  // A first key behind all others: blocks are searched from it on.
  header = load<SstHeader>(original.data());
  std::vector<std::byte> bytes = original;
  bytes[header.index_offset + sizeof(SstIndexEntry) * header.block_count] = std::byte{'c'};
  expect_corrupt(header, bytes);
}

TEST_F(SstableTest, AnotherFileInItsPlaceIsNoticed) {
  const TableModel model{{"a", "1"}, {"b", "2"}};
  const SstInfo first = write_sst(files, "kv", 1, model);
  write_sst(files, "kv", 2, {{"a", "1"}, {"b", "3"}});
  ASSERT_TRUE(files.rename(sst_path("kv", 2), sst_path("kv", 1)).ok());
  std::shared_ptr<SstFile> file;
  EXPECT_EQ(SstFile::open(files, "kv", first, &file).code(), Code::kCorrupt);
  ASSERT_TRUE(SstFile::open_unlisted(files, sst_path("kv", 1), &file).ok());
  EXPECT_EQ(file->info().number, 2u);
}

TEST_F(SstableTest, ANewerVersionIsRefusedByName) {
  const SstInfo info = write_sst(files, "kv", 1, {{"a", "1"}});
  std::vector<std::byte> bytes;
  ASSERT_TRUE(files.read_file(sst_path("kv", 1), &bytes).ok());
  auto header = load<SstHeader>(bytes.data());
  header.version = kSstVersion + 1;
  header.checksum = crc32c(0, bytes_of(header).subspan(4));
  store(bytes.data(), header);
  ASSERT_TRUE(files.replace(sst_path("kv", 1), bytes).ok());
  std::shared_ptr<SstFile> file;
  EXPECT_EQ(SstFile::open(files, "kv", info, &file).code(), Code::kVersionTooNew);
}

// Disk full and I/O errors at every write and the sync: named, and no file is taken for good.
TEST_F(SstableTest, EveryFailedWriteIsNamed) {
  std::mt19937_64 random(8);
  const TableModel model = random_table(random, 300);
  for (const Code code : {Code::kDiskFull, Code::kIoError}) {
    for (std::uint64_t nth = 1; nth <= 3; nth += 1) {
      if (nth == 3) {
        files.fail_sync(1, code);
      } else {
        files.fail_write(nth, code);
      }
      SstWriter writer(files, "kv", 1, 4096);
      Status status = writer.create();
      for (const auto& [key, value] : model) {
        if (!status.ok()) break;
        const Bytes bytes = value.has_value() ? bytes_of_text(*value) : Bytes();
        status = writer.add({key, bytes, !value.has_value()}, hash_key(key));
      }
      SstInfo info;
      if (status.ok()) status = writer.finish(1, 2, &info);
      EXPECT_EQ(status.code(), code) << nth;
      files.clear_faults();
    }
  }
}

}  // namespace
}  // namespace ndts
