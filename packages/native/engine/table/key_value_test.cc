// The key-value table against std::map, frozen and not, and its file under every kind of damage.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "base/sim_file.h"
#include "table/key_value.h"
#include "table/key_value_file.h"

namespace ndts {
namespace {

using TextModel = std::map<std::string, std::string>;
using Found = std::vector<std::pair<std::string, std::string>>;

void put(KeyValueTable& table, const std::string& key, const std::string& value) {
  std::vector<std::byte> batch;
  encode_operation(batch, key, bytes_of_text(value));
  ASSERT_TRUE(check_batch(batch).ok());
  table.apply(batch);
}

void remove(KeyValueTable& table, const std::string& key) {
  std::vector<std::byte> batch;
  encode_operation(batch, key, std::nullopt);
  ASSERT_TRUE(check_batch(batch).ok());
  table.apply(batch);
}

Found scan(const KeyValueTable& table, const KeyValueScan& range) {
  Found found;
  table.scan(range, [&found](std::string_view key, Bytes value) {
    found.emplace_back(key, text_of(value));
  });
  return found;
}

Found expected(const TextModel& model, const KeyValueScan& range) {
  Found all;
  for (const auto& [key, value] : model) {
    if (key.substr(0, range.prefix.size()) != range.prefix) continue;
    if (range.from.has_value()) {
      const int order = key.compare(*range.from);
      if (range.exclusive && order == 0) continue;
      if (range.reverse ? order > 0 : order < 0) continue;
    }
    all.emplace_back(key, value);
  }
  if (range.reverse) std::reverse(all.begin(), all.end());
  if (all.size() > range.limit) all.resize(range.limit);
  return all;
}

std::string random_key(std::mt19937_64& random) {
  std::string key;
  for (std::size_t left = random() % 4; left > 0; left -= 1) key += "ab\xff\x7f"[random() % 4];
  return key;
}

TEST(KeyValueTable, AgreesWithAMap) {
  const std::uint64_t seed = 5;
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  KeyValueTable table;
  TextModel model;
  for (int step = 0; step < 20'000; step += 1) {
    const std::string key = random_key(random);
    const std::uint64_t dice = random() % 8;
    if (dice < 3) {
      const std::string value(random() % 3, static_cast<char>(random()));
      put(table, key, value);
      model[key] = value;
    } else if (dice == 3) {
      remove(table, key);
      model.erase(key);
    } else if (dice == 4 && random() % 10 == 0) {
      if (table.frozen()) {
        table.thaw();
      } else {
        table.freeze();
      }
    } else {
      const std::string prefix = random() % 2 == 0 ? "" : random_key(random);
      const std::string from = random_key(random);
      KeyValueScan range;
      range.prefix = prefix;
      if (random() % 2 == 0) range.from = from;
      range.exclusive = random() % 2 == 0;
      range.reverse = random() % 2 == 0;
      if (random() % 2 == 0) range.limit = random() % 5;
      ASSERT_EQ(scan(table, range), expected(model, range)) << step;
      const auto value = table.get(key);
      ASSERT_EQ(value.has_value(), model.contains(key));
      if (value.has_value()) {
        ASSERT_EQ(text_of(*value), model[key]);
      }
    }
    ASSERT_EQ(table.entries(), model.size());
  }
}

TEST(KeyValueTable, StaysStillWhileFrozen) {
  KeyValueTable table;
  put(table, "a", "1");
  put(table, "b", "2");
  table.freeze();
  put(table, "a", "3");
  remove(table, "b");
  put(table, "c", "");
  EXPECT_EQ(table.base().size(), 2u);
  EXPECT_EQ(text_of(table.base().at("a")), "1");
  EXPECT_EQ(scan(table, {}), (Found{{"a", "3"}, {"c", ""}}));
  table.thaw();
  EXPECT_EQ(scan(table, {}), (Found{{"a", "3"}, {"c", ""}}));
  EXPECT_EQ(table.base().size(), 2u);
}

TEST(KeyValueTable, RefusesBrokenBatches) {
  std::vector<std::byte> batch;
  encode_operation(batch, "key", bytes_of_text("value"));
  for (std::size_t length = 1; length < batch.size(); length += 1)
    EXPECT_EQ(check_batch(Bytes(batch).first(length)).code(), Code::kInvalidArgument);
  batch[0] = std::byte{9};
  EXPECT_EQ(check_batch(batch).code(), Code::kInvalidArgument);
}

class TableFile : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(files_.make_directory("/t").ok());
    put(table_, "", "empty key");
    put(table_, "empty value", "");
    for (int at = 0; at < 20; at += 1)
      put(table_, "key" + std::to_string(at), std::string(static_cast<std::size_t>(at), 'x'));
    ASSERT_TRUE(write_table(files_, "/t/kv", 77, table_.base(), &record_).ok());
  }
  Status read(Found* found) {
    found->clear();
    return read_table(files_, "/t/kv", &record_, [found](std::string_view key, Bytes value) {
      found->emplace_back(key, text_of(value));
    });
  }
  SimFileSystem files_{1};
  KeyValueTable table_;
  ManifestTable record_{};
};

TEST_F(TableFile, ReadsBackWhatWasWritten) {
  Found found;
  ASSERT_TRUE(read(&found).ok());
  EXPECT_EQ(found, scan(table_, {}));
  EXPECT_EQ(record_.entries, 22u);
  EXPECT_EQ(record_.position, 77u);
}

TEST_F(TableFile, NamesEveryFlippedByte) {
  Found found;
  for (std::uint64_t at = 0; at < record_.bytes; at += 1) {
    const auto bit = static_cast<unsigned>(at % 8);
    files_.flip_bit("/t/kv", at, bit);
    const Status status = read(&found);
    EXPECT_EQ(status.code(), Code::kCorrupt) << "byte " << at;
    EXPECT_EQ(status.file(), "/t/kv");
    files_.flip_bit("/t/kv", at, bit);
  }
  EXPECT_TRUE(read(&found).ok());
}

TEST_F(TableFile, NamesEveryLengthItIsCutTo) {
  Found found;
  for (std::uint64_t bytes = record_.bytes; bytes > 0; bytes -= 1) {
    files_.cut("/t/kv", bytes - 1);
    EXPECT_EQ(read(&found).code(), Code::kCorrupt) << "cut to " << bytes - 1;
  }
}

}  // namespace
}  // namespace ndts
