// Readers beside writes, flushes and compactions of the background thread, on a real folder.
#include <filesystem>

#include "kv/key_value_store_kit.h"

namespace ndts {
namespace {

// Every batch writes one number under all keys of a group: whoever reads must find them equal.
constexpr int kGroup = 5;
constexpr int kGroups = 40;

std::string group_key(int group, int member) {
  return "group" + std::to_string(group) + "/" + std::to_string(member);
}

struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "ndts-kv-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

void read_groups(KeyValueStore& store, std::atomic<bool>& done, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  KeyValueReader reader(store);
  while (!done.load(std::memory_order_acquire)) {
    const int group = static_cast<int>(random() % kGroups);
    std::optional<Bytes> value;
    if (!reader.get(group_key(group, 0), &value).ok()) ADD_FAILURE();
    const KeyValueSnapshot snapshot = store.snapshot();
    std::optional<std::string> first;
    for (int member = 0; member < kGroup; member += 1) {
      if (!snapshot.get(group_key(group, member), &value).ok()) ADD_FAILURE();
      std::optional<std::string> text;
      if (value.has_value()) text = text_of(*value);
      if (member == 0) first = text;
      if (text != first) ADD_FAILURE() << "a batch was seen in part";
    }
    const std::string prefix = "group" + std::to_string(group) + "/";
    KeyValueScan range;
    range.prefix = prefix;
    range.reverse = random() % 2 == 0;
    int count = 0;
    std::string_view seen;
    for (auto each = reader.iterate(range); each.valid(); each.next(), count += 1) {
      const std::string_view text = text_of(each.entry().value);
      if (count > 0 && text != seen) ADD_FAILURE() << "a scan saw a batch in part";
      seen = text;
    }
    if (count != 0 && count != kGroup) ADD_FAILURE() << count;
  }
}

TEST(KeyValueThreadTest, ReadersBesideWritesFlushesAndCompactions) {
  const std::uint64_t seed = kv_seed(51);
  SCOPED_TRACE(seed);
  const Folder folder;
  const auto files = make_posix_file_system();
  SystemClock clock;
  StoreUnderTest kv(*files, folder.path + "/kv");
  kv.options.clock = &clock;
  kv.options.threads = true;
  ASSERT_TRUE(kv.open().ok());
  std::atomic<bool> done{false};
  {
    Thread one("reader-1", [&] { read_groups(*kv.store, done, seed + 1); });
    Thread two("reader-2", [&] { read_groups(*kv.store, done, seed + 2); });
    std::mt19937_64 random(seed);
    for (int round = 0; round < 1'500; round += 1) {
      std::vector<std::pair<std::string, std::optional<std::string>>> batch;
      const int group = static_cast<int>(random() % kGroups);
      std::optional<std::string> value;
      if (random() % 8 != 0) value = std::to_string(round) + std::string(random() % 60, '.');
      for (int member = 0; member < kGroup; member += 1)
        batch.emplace_back(group_key(group, member), value);
      ASSERT_TRUE(kv.write(batch).ok());
      if (round % 400 == 399) {
        ASSERT_TRUE(kv.store->flush().ok());
      }
    }
    done.store(true, std::memory_order_release);
  }
  EXPECT_EQ(scan_all(kv.store->snapshot(), {}), scan_model(kv.model, {}));
  ASSERT_TRUE(kv.store->flush().ok());
  EXPECT_GT(kv.store->stats().flushes, 3u);
  kv.store->close();
  kv.store->close();
  ASSERT_TRUE(kv.open().ok());
  EXPECT_EQ(scan_all(kv.store->snapshot(), {}), scan_model(kv.model, {}));
}

}  // namespace
}  // namespace ndts
