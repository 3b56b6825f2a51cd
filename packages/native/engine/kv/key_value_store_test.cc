// The key-value store against std::map: the classic traps one by one, then at random.
#include "kv/key_value_store_kit.h"

namespace ndts {
namespace {

class KeyValueStoreTest : public testing::Test {
 protected:
  KeyValueStoreTest() { EXPECT_TRUE(kv.open().ok()); }

  SimFileSystem files{1};
  StoreUnderTest kv{files};
};

TEST_F(KeyValueStoreTest, OverwriteThenFlushGivesTheNewest) {
  ASSERT_TRUE(kv.put("k", "old").ok());
  ASSERT_TRUE(kv.store->flush().ok());
  ASSERT_TRUE(kv.put("k", "new").ok());
  EXPECT_EQ(kv.get("k"), "new");
  ASSERT_TRUE(kv.store->flush().ok());
  EXPECT_EQ(kv.get("k"), "new");
  ASSERT_TRUE(kv.compact().ok());
  EXPECT_EQ(kv.get("k"), "new");
  ASSERT_TRUE(kv.open().ok());
  EXPECT_EQ(kv.get("k"), "new");
}

TEST_F(KeyValueStoreTest, ReopenThenPutThenFlushKeepsEarlierKeys) {
  for (int round = 0; round < 6; round += 1) {
    ASSERT_TRUE(kv.put("round" + std::to_string(round), "x").ok());
    ASSERT_TRUE(kv.store->flush().ok());
    ASSERT_TRUE(kv.open().ok());
    EXPECT_EQ(scan_all(kv.store->snapshot(), {}), scan_model(kv.model, {}));
  }
}

TEST_F(KeyValueStoreTest, ADeletedKeyStaysDeleted) {
  ASSERT_TRUE(kv.put("k", "value").ok());
  ASSERT_TRUE(kv.put("other", "value").ok());
  ASSERT_TRUE(kv.store->flush().ok());
  ASSERT_TRUE(kv.compact().ok());
  ASSERT_TRUE(kv.remove("k").ok());
  EXPECT_EQ(kv.get("k"), std::nullopt);
  ASSERT_TRUE(kv.store->flush().ok());
  EXPECT_EQ(kv.get("k"), std::nullopt);
  ASSERT_TRUE(kv.compact().ok());
  EXPECT_EQ(kv.get("k"), std::nullopt);
  ASSERT_TRUE(kv.open().ok());
  EXPECT_EQ(kv.get("k"), std::nullopt);
  EXPECT_EQ(kv.get("other"), "value");
}

TEST_F(KeyValueStoreTest, TheNumberOfLevelsMayChangeBetweenOpens) {
  std::mt19937_64 random(kv_seed(11));
  for (const std::uint32_t levels : {2u, 7u, 3u, 5u}) {
    SCOPED_TRACE("NDTS_SEED=" + std::to_string(kv_seed(11)));
    kv.options.compaction.levels = levels;
    ASSERT_TRUE(kv.open().ok());
    const auto before = kv.store->stats().tables;
    for (int at = 0; at < 900; at += 1) {
      const std::string key = random_key(random, 600);
      ASSERT_TRUE(random() % 4 == 0 ? kv.remove(key).ok()
                                    : kv.put(key, random_value(random)).ok());
    }
    ASSERT_TRUE(kv.store->flush().ok());
    ASSERT_TRUE(kv.compact().ok());
    const auto after = kv.store->stats().tables;
    EXPECT_GT(after[levels - 1] + after[1], 0u);
    for (std::uint32_t level = levels; level < kSstLevels; level += 1)
      EXPECT_EQ(after[level], before[level]);
    EXPECT_EQ(scan_all(kv.store->snapshot(), {}), scan_model(kv.model, {}));
  }
  for (const std::uint32_t levels : {0u, 1u, kSstLevels + 1}) {
    kv.options.compaction.levels = levels;
    EXPECT_EQ(kv.open().code(), Code::kInvalidArgument);
  }
}

TEST_F(KeyValueStoreTest, EmptyValuesAndBinaryKeysSurvive) {
  const std::string binary("\0\xff\0", 3);
  ASSERT_TRUE(kv.write({{"", "empty key"}, {binary, ""}, {"a", ""}}).ok());
  for (int stage = 0; stage < 3; stage += 1) {
    EXPECT_EQ(kv.get(""), "empty key");
    EXPECT_EQ(kv.get(binary), "");
    EXPECT_EQ(kv.get("a"), "");
    ASSERT_TRUE(stage == 0 ? kv.store->flush().ok() : kv.open().ok());
  }
}

TEST_F(KeyValueStoreTest, ASnapshotIsIsolatedAcrossFlushCompactionAndClose) {
  for (int at = 0; at < 200; at += 1) ASSERT_TRUE(kv.put("key" + std::to_string(at), "first").ok());
  const KvModel before = kv.model;
  const KeyValueSnapshot snapshot = kv.store->snapshot();
  for (int round = 0; round < 6; round += 1) {
    for (int at = 0; at < 200; at += 1) {
      const std::string key = "key" + std::to_string(at);
      ASSERT_TRUE(at % 3 == 0 ? kv.remove(key).ok() : kv.put(key, "later").ok());
    }
    ASSERT_TRUE(kv.store->flush().ok());
    ASSERT_TRUE(kv.compact().ok());
    EXPECT_EQ(scan_all(snapshot, {}), scan_model(before, {}));
  }
  kv.store.reset();
  EXPECT_EQ(scan_all(snapshot, {}), scan_model(before, {}));
}

TEST_F(KeyValueStoreTest, FilesGoWhenTheLastSnapshotThatSeesThemGoes) {
  ASSERT_TRUE(kv.put("k", "1").ok());
  ASSERT_TRUE(kv.store->flush().ok());
  const std::string first = sst_path("kv/tables", 1);
  ASSERT_TRUE(files.exists(first));
  auto snapshot = std::make_unique<KeyValueSnapshot>(kv.store->snapshot());
  for (int round = 0; round < 4; round += 1) {
    ASSERT_TRUE(kv.put("k", "2").ok());
    ASSERT_TRUE(kv.store->flush().ok());
  }
  ASSERT_TRUE(kv.compact().ok());
  EXPECT_TRUE(files.exists(first));
  snapshot.reset();
  kv.store->sweep();
  EXPECT_FALSE(files.exists(first));
}

TEST_F(KeyValueStoreTest, ABatchIsSeenWhole) {
  ASSERT_TRUE(kv.write({{"a", "1"}, {"b", "2"}, {"a", "3"}, {"b", std::nullopt}}).ok());
  EXPECT_EQ(kv.get("a"), "3");
  EXPECT_EQ(kv.get("b"), std::nullopt);
}

TEST_F(KeyValueStoreTest, OverwritingThreeTimesKeepsSpaceBelowOneAndAHalf) {
  const auto live_bytes = [this] {
    std::uint64_t bytes = 0;
    for (const auto& [key, value] : kv.model) bytes += key.size() + value.size();
    return bytes;
  };
  // Everything fits level 1: only the space that is wasted makes compaction go on.
  kv.options.compaction.level1_bytes = 10'000'000;
  ASSERT_TRUE(kv.open().ok());
  std::mt19937_64 random(3);
  for (int round = 0; round < 4; round += 1) {
    for (int at = 0; at < 2'000; at += 1) {
      const std::string key = "key" + std::to_string((at * 7 + round) % 2'000);
      ASSERT_TRUE(kv.put(key, std::string(100, static_cast<char>(random()))).ok());
    }
  }
  ASSERT_TRUE(kv.store->flush().ok());
  ASSERT_TRUE(kv.compact().ok());
  const KeyValueStats stats = kv.store->stats();
  std::uint64_t bytes = 0;
  for (const std::uint64_t level : stats.bytes) bytes += level;
  EXPECT_LT(static_cast<double>(bytes), 1.5 * static_cast<double>(live_bytes()));
  EXPECT_EQ(scan_all(kv.store->snapshot(), {}), scan_model(kv.model, {}));
}

TEST_F(KeyValueStoreTest, WritersWaitAtTheHardLimitAndItIsCounted) {
  kv.options.immutable_limit = 1;
  ASSERT_TRUE(kv.open().ok());
  for (int at = 0; at < 300; at += 1)
    ASSERT_TRUE(kv.put("key" + std::to_string(at), std::string(200, 'v')).ok());
  EXPECT_GT(kv.store->stats().stalls, 0u);
  EXPECT_EQ(scan_all(kv.store->snapshot(), {}), scan_model(kv.model, {}));
}

TEST_F(KeyValueStoreTest, RandomOperationsMatchTheModel) {
  const std::uint64_t seed = kv_seed(31);
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  struct Kept {
    KeyValueSnapshot snapshot;
    KvModel model;
  };
  std::vector<Kept> kept;
  const auto random_range = [&random](const std::string& key) {
    KeyValueScan range;
    if (random() % 2 == 0) range.prefix = std::string_view(key).substr(0, random() % 9);
    if (random() % 2 == 0) range.from = key;
    range.exclusive = random() % 2 == 0;
    range.reverse = random() % 2 == 0;
    if (random() % 3 == 0) range.limit = random() % 20;
    return range;
  };
  for (int step = 0; step < 3'000; step += 1) {
    std::vector<std::pair<std::string, std::optional<std::string>>> batch;
    for (std::uint64_t count = 1 + random() % 4; count > 0; count -= 1) {
      std::optional<std::string> value;
      if (random() % 4 != 0) value = random_value(random).substr(0, 300);
      batch.emplace_back(random_key(random, 500), value);
    }
    ASSERT_TRUE(kv.write(batch).ok());
    std::uint64_t work = 0;
    const std::uint64_t choice = random() % 100;
    if (choice < 30) {
      ASSERT_TRUE(kv.store->flush_step(random() % 5'000, &work).ok());
    }
    if (choice >= 30 && choice < 60) {
      ASSERT_TRUE(kv.store->compact_step(random() % 5'000, &work).ok());
    }
    if (choice == 60) {
      ASSERT_TRUE(kv.store->flush().ok());
    }
    if (choice == 61) {
      ASSERT_TRUE(kv.compact().ok());
    }
    if (choice == 62) kv.store->rotate();
    if (choice == 63) kv.store->sweep();
    if (choice == 64) {
      ASSERT_TRUE(kv.open().ok());
    }
    if (choice == 65 && kept.size() < 5) kept.push_back({kv.store->snapshot(), kv.model});
    if (choice == 66 && !kept.empty()) kept.erase(kept.begin());
    const std::string probe = random_key(random, 500);
    const auto wanted = kv.model.find(probe);
    ASSERT_EQ(kv.get(probe), wanted == kv.model.end() ? std::nullopt
                                                      : std::optional(wanted->second));
    if (step % 20 != 0) continue;
    const KeyValueScan range = random_range(probe);
    ASSERT_EQ(scan_all(kv.store->snapshot(), range), scan_model(kv.model, range)) << step;
    for (const Kept& each : kept)
      ASSERT_EQ(scan_all(each.snapshot, range), scan_model(each.model, range)) << step;
  }
  EXPECT_GT(kv.store->stats().tables[2] + kv.store->stats().tables[3], 0u);
}

TEST_F(KeyValueStoreTest, AMissingOrDamagedTableStopsTheOpenByName) {
  ASSERT_TRUE(kv.put("k", "value").ok());
  ASSERT_TRUE(kv.store->flush().ok());
  const std::string path = sst_path("kv/tables", 1);
  files.flip_bit(path, 20, 1);
  Status status = kv.open();
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_EQ(status.file(), path);
  files.flip_bit(path, 20, 1);
  ASSERT_TRUE(kv.open().ok());
  kv.store.reset();
  ASSERT_TRUE(files.remove(path).ok());
  status = kv.open();
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_EQ(status.file(), path);
}

TEST_F(KeyValueStoreTest, ADamagedBlockIsNamedByTheReadThatMeetsIt) {
  ASSERT_TRUE(kv.put("k", "value").ok());
  ASSERT_TRUE(kv.store->flush().ok());
  const std::string path = sst_path("kv/tables", 1);
  files.flip_bit(path, sizeof(SstHeader) + 12, 1);
  ASSERT_TRUE(kv.open().ok());
  KeyValueReader reader(*kv.store);
  std::optional<Bytes> value;
  EXPECT_EQ(reader.get("k", &value).code(), Code::kCorrupt);
  const KeyValueIterator iterator = reader.iterate({});
  EXPECT_FALSE(iterator.valid());
  EXPECT_EQ(iterator.status().code(), Code::kCorrupt);
  EXPECT_EQ(iterator.status().file(), path);
}

}  // namespace
}  // namespace ndts
