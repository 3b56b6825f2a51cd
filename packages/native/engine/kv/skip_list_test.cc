// The skip list and its memtable cursor against std::map, and readers beside the writer.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "base/thread.h"
#include "kv/key_value_memtable.h"
#include "kv/kv_test_kit.h"

namespace ndts {
namespace {

// What a cursor that is not moved by anybody else yields from here on.
KvPairs collect(Cursor& cursor, bool backward) {
  KvPairs found;
  while (cursor.valid()) {
    const KeyValueEntry& entry = cursor.entry();
    found.emplace_back(entry.key, entry.deleted ? "<deleted>" : std::string(text_of(entry.value)));
    if (backward) {
      cursor.previous();
    } else {
      cursor.next();
    }
  }
  EXPECT_TRUE(cursor.status().ok());
  return found;
}

TEST(SkipListTest, KeepsVersionsInOrderAndFindsAsOfASequence) {
  KeyValueMemtable table;
  table.put("b", 1, bytes_of_text("one"));
  table.put("a", 2, bytes_of_text(""));
  table.remove("b", 3);
  table.put("b", 4, bytes_of_text("four"));
  KeyValueEntry entry;
  EXPECT_FALSE(table.find("b", 0, &entry));
  ASSERT_TRUE(table.find("b", 2, &entry));
  EXPECT_EQ(text_of(entry.value), "one");
  ASSERT_TRUE(table.find("b", 3, &entry));
  EXPECT_TRUE(entry.deleted);
  ASSERT_TRUE(table.find("b", 99, &entry));
  EXPECT_EQ(text_of(entry.value), "four");
  ASSERT_TRUE(table.find("a", 99, &entry));
  EXPECT_EQ(entry.value.size(), 0u);
  EXPECT_FALSE(entry.deleted);
  EXPECT_FALSE(table.find("a", 1, &entry));
  EXPECT_FALSE(table.find("", 99, &entry));
}

TEST(SkipListTest, CursorsGiveEveryKeyOnceAsOfTheirSequenceBothWays) {
  const std::uint64_t seed = kv_seed(11);
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20; round += 1) {
    KeyValueMemtable table;
    std::map<std::string, std::string> model;
    std::map<std::uint64_t, std::map<std::string, std::string>> states;
    for (std::uint64_t sequence = 1; sequence <= 400; sequence += 1) {
      const std::string key = random_key(random, 1 + static_cast<std::size_t>(round) * 4);
      if (random() % 4 == 0) {
        table.remove(key, sequence);
        model[key] = "<deleted>";
      } else {
        const std::string value = "v" + std::to_string(sequence);
        table.put(key, sequence, bytes_of_text(value));
        model[key] = value;
      }
      if (random() % 50 == 0) states[sequence] = model;
    }
    for (const auto& [sequence, state] : states) {
      const KvPairs wanted(state.begin(), state.end());
      const auto cursor = table.cursor(sequence);
      cursor->seek("");
      EXPECT_EQ(collect(*cursor, false), wanted);
      cursor->seek_last();
      EXPECT_EQ(collect(*cursor, true), KvPairs(wanted.rbegin(), wanted.rend()));
      const std::string middle = random_key(random, 20);
      const auto at = state.lower_bound(middle);
      cursor->seek(middle);
      EXPECT_EQ(collect(*cursor, false), KvPairs(at, state.end()));
      cursor->seek_before(middle);
      EXPECT_EQ(collect(*cursor, true),
                KvPairs(std::make_reverse_iterator(at), state.rend()));
    }
  }
}

TEST(SkipListTest, KeysThatShareOrPadTheirFirstBytesKeepByteOrder) {
  KeyValueMemtable table;
  std::map<std::string, std::string> model;
  const std::string zero(1, '\0');
  std::uint64_t sequence = 0;
  for (const std::string& key :
       {std::string("a"), "a" + zero, "a" + zero + zero, std::string("12345678"),
        std::string("123456789"), "12345678" + zero, std::string("\xff\xff"), std::string(), zero,
        std::string("1234567")}) {
    sequence += 1;
    table.put(key, sequence, bytes_of_text(key));
    model[key] = key;
  }
  const auto cursor = table.cursor(sequence);
  cursor->seek("");
  EXPECT_EQ(collect(*cursor, false), KvPairs(model.begin(), model.end()));
}

// A reader that sees a sequence published finds everything up to it, whole.
TEST(SkipListTest, ReadersBesideTheWriterSeeWhatWasPublished) {
  KeyValueMemtable table;
  std::atomic<std::uint64_t> published{0};  // stored by the writer, loaded by the readers
  constexpr std::uint64_t kKeys = 500;
  constexpr std::uint64_t kWrites = 20'000;
  const auto read = [&] {
    std::uint64_t seen = 0;
    while (seen < kWrites) {
      seen = published.load(std::memory_order_acquire);
      if (seen == 0) continue;
      // Key n % kKeys was written last at the greatest sequence congruent to n.
      KeyValueEntry entry;
      const std::string key = "key" + std::to_string(seen % kKeys);
      if (!table.find(key, seen, &entry) || text_of(entry.value) != std::to_string(seen)) {
        ADD_FAILURE() << "at " << seen;
        return;
      }
      const auto cursor = table.cursor(seen);
      std::uint64_t count = 0;
      for (cursor->seek(""); cursor->valid(); cursor->next()) count += 1;
      if (count != std::min(seen, kKeys)) {
        ADD_FAILURE() << count << " keys at " << seen;
        return;
      }
    }
  };
  Thread one("reader-1", read);
  Thread two("reader-2", read);
  for (std::uint64_t sequence = 1; sequence <= kWrites; sequence += 1) {
    table.put("key" + std::to_string(sequence % kKeys), sequence,
              bytes_of_text(std::to_string(sequence)));
    published.store(sequence, std::memory_order_release);
  }
}

}  // namespace
}  // namespace ndts
