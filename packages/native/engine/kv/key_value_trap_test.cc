// The traps that key-value stores fall into, each with the keys pushed through all seven levels:
// at every stage, from memtable to deepest level to reopened store, the answer is the same.
#include "kv/key_value_store_kit.h"

namespace ndts {
namespace {

class KeyValueTrapTest : public testing::Test {
 protected:
  KeyValueTrapTest() {
    kv.options.memtable_bytes = 2'000;
    kv.options.table_bytes = 700;
    kv.options.block_bytes = 128;
    kv.options.compaction.level1_bytes = 800;
    kv.options.compaction.level_factor = 2;
    EXPECT_TRUE(kv.open().ok());
  }

  // Writes around all keys until every level below the first holds tables.
  void push_through_all_levels() {
    for (int round = 0; round < 60 && kv.store->stats().tables[6] == 0; round += 1) {
      for (int at = 0; at < 40; at += 1) {
        const std::string low = "!" + std::to_string(filler_ % 997);
        const std::string high = "\xfe" + std::to_string(filler_ % 997);
        ASSERT_TRUE(kv.write({{low, "f" + std::to_string(filler_)}, {high, low}}).ok());
        filler_ += 1;
      }
      ASSERT_TRUE(kv.store->flush().ok());
      ASSERT_TRUE(kv.compact().ok());
    }
    ASSERT_GT(kv.store->stats().tables[6], 0u);
  }

  // Looks after each thing that moves data.
  void at_every_stage(const std::function<void()>& look) {
    look();
    ASSERT_TRUE(kv.store->flush().ok());
    look();
    ASSERT_TRUE(kv.compact().ok());
    look();
    ASSERT_NO_FATAL_FAILURE(push_through_all_levels());
    look();
    ASSERT_TRUE(kv.open().ok());
    look();
    EXPECT_EQ(scan_all(kv.store->snapshot(), {}), scan_model(kv.model, {}));
  }

  SimFileSystem files{3};
  StoreUnderTest kv{files};
  int filler_ = 0;
};

TEST_F(KeyValueTrapTest, TheNewestOfManyVersionsIsFound) {
  for (int version = 0; version < 5; version += 1) {
    ASSERT_TRUE(kv.put("k", std::to_string(version)).ok());
    ASSERT_TRUE(kv.store->flush().ok());
    EXPECT_EQ(kv.get("k"), std::to_string(version));
    if (version % 2 == 0) {
      ASSERT_TRUE(kv.compact().ok());
    }
  }
  at_every_stage([this] { EXPECT_EQ(kv.get("k"), "4"); });
}

TEST_F(KeyValueTrapTest, ReopenPutAndFlushKeepEarlierKeys) {
  for (int round = 0; round < 8; round += 1) {
    ASSERT_TRUE(kv.put("round" + std::to_string(round), std::to_string(round)).ok());
    ASSERT_TRUE(kv.open().ok());
    ASSERT_TRUE(kv.put("also" + std::to_string(round), "x").ok());
    ASSERT_TRUE(kv.store->flush().ok());
  }
  at_every_stage([this] {
    for (int round = 0; round < 8; round += 1) {
      EXPECT_EQ(kv.get("round" + std::to_string(round)), std::to_string(round));
      EXPECT_EQ(kv.get("also" + std::to_string(round)), "x");
    }
  });
}

// The old value is deep before the delete comes, so that the delete must travel to it.
TEST_F(KeyValueTrapTest, ADeletedKeyStaysDeletedDownToTheDeepestLevel) {
  ASSERT_TRUE(kv.put("k", "value").ok());
  ASSERT_NO_FATAL_FAILURE(push_through_all_levels());
  EXPECT_EQ(kv.get("k"), "value");
  ASSERT_TRUE(kv.remove("k").ok());
  at_every_stage([this] { EXPECT_EQ(kv.get("k"), std::nullopt); });
  ASSERT_TRUE(kv.put("k", "again").ok());
  at_every_stage([this] { EXPECT_EQ(kv.get("k"), "again"); });
}

TEST_F(KeyValueTrapTest, ASnapshotSeesOneStateThroughAllLevels) {
  for (int at = 0; at < 50; at += 1)
    ASSERT_TRUE(kv.put("key" + std::to_string(at), "first").ok());
  const KvModel before = kv.model;
  const KeyValueSnapshot snapshot = kv.store->snapshot();
  for (int at = 0; at < 50; at += 1) {
    const std::string key = "key" + std::to_string(at);
    ASSERT_TRUE(at % 2 == 0 ? kv.remove(key).ok() : kv.put(key, "second").ok());
  }
  at_every_stage([&] { EXPECT_EQ(scan_all(snapshot, {}), scan_model(before, {})); });
}

TEST_F(KeyValueTrapTest, EmptyKeyEmptyValuesAndHighBytesSurvive) {
  const std::vector<std::string> keys{"", std::string(1, '\0'), "\xff", "\xff\xff", "\xff\xfe",
                                      "a\xff", "a\xff\xff", "a\xff" "b", "b"};
  for (const std::string& key : keys) ASSERT_TRUE(kv.put(key, "").ok());
  at_every_stage([&] {
    for (const std::string& key : keys) EXPECT_EQ(kv.get(key), "");
    // A prefix of 0xff has no successor; one that ends in it has another than itself plus one.
    for (const std::string prefix : {"\xff", "\xff\xff", "a\xff", "a\xff\xff", "a", ""})
      for (const bool reverse : {false, true}) {
        KeyValueScan range;
        range.prefix = prefix;
        range.reverse = reverse;
        EXPECT_EQ(scan_all(kv.store->snapshot(), range), scan_model(kv.model, range));
      }
  });
}

}  // namespace
}  // namespace ndts
