// A store with a manifest and a log, for tests: the log is a list of batches in memory, of which
// all is durable; the manifest is a file.
#pragma once

#include "base/crc32c.h"
#include "kv/key_value_store.h"
#include "kv/kv_test_kit.h"

namespace ndts {

using KvModel = std::map<std::string, std::string>;

inline std::vector<std::byte> encode_manifest(const KeyValueManifest& manifest) {
  std::vector<std::byte> bytes(4);
  const auto append = [&bytes](Bytes part) {
    bytes.insert(bytes.end(), part.begin(), part.end());
  };
  append(bytes_of(manifest.position));
  append(bytes_of(manifest.last_sequence));
  append(bytes_of(manifest.next_number));
  for (const SstInfo& table : manifest.tables) {
    const std::vector<std::byte> record = encode_table(table);
    append(bytes_of(static_cast<std::uint32_t>(record.size())));
    append(record);
  }
  store(bytes.data(), crc32c(0, Bytes(bytes).subspan(4)));
  return bytes;
}

inline KeyValueManifest decode_manifest(Bytes bytes) {
  KeyValueManifest manifest;
  ByteReader reader(bytes);
  EXPECT_EQ(reader.read<std::uint32_t>(), crc32c(0, bytes.subspan(4)));
  manifest.position = reader.read<std::uint64_t>();
  manifest.last_sequence = reader.read<std::uint64_t>();
  manifest.next_number = reader.read<std::uint64_t>();
  while (reader.left() > 0) {
    const auto size = reader.read<std::uint32_t>();
    manifest.tables.emplace_back();
    EXPECT_TRUE(decode_table(reader.read_bytes(size), &manifest.tables.back()).ok());
  }
  return manifest;
}

class StoreUnderTest {
 public:
  explicit StoreUnderTest(FileSystem& files, const std::string& root = "kv") : files_(files) {
    EXPECT_TRUE(files.make_directory(root).ok());
    manifest_path_ = root + "/MANIFEST";
    options.files = &files;
    options.clock = &clock;
    options.dir = root + "/tables";
    options.threads = false;
    options.memtable_bytes = 8'000;
    options.table_bytes = 6'000;
    options.block_bytes = 512;
    options.step_bytes = 2'000;
    options.compaction.level1_bytes = 20'000;
    options.compaction.level_factor = 3;
    options.log_edit = [this](const KeyValueManifest& next, const KeyValueEdit&) {
      return files_.replace(manifest_path_, encode_manifest(next));
    };
  }

  // With what the manifest says, then with what the log holds above it.
  Status open() {
    store.reset();
    KeyValueManifest manifest;
    std::vector<std::byte> bytes;
    if (files_.exists(manifest_path_)) {
      NDTS_TRY(files_.read_file(manifest_path_, &bytes));
      manifest = decode_manifest(bytes);
    }
    NDTS_TRY(KeyValueStore::open(options, manifest, &store));
    for (std::size_t at = static_cast<std::size_t>(manifest.position); at < log.size(); at += 1)
      store->apply(log[at], at + 1);
    return {};
  }

  // One batch, as KvPairs; "-" alone is no value: nullopt deletes.
  Status write(const std::vector<std::pair<std::string, std::optional<std::string>>>& batch) {
    NDTS_TRY(store->make_room());
    std::vector<std::byte> bytes;
    for (const auto& [key, value] : batch) {
      encode_operation(bytes, key,
                       value.has_value() ? std::optional(bytes_of_text(*value)) : std::nullopt);
      if (value.has_value()) {
        model[key] = *value;
      } else {
        model.erase(key);
      }
    }
    log.push_back(std::move(bytes));
    store->apply(log.back(), log.size());
    return {};
  }
  Status put(const std::string& key, const std::string& value) { return write({{key, value}}); }
  Status remove(const std::string& key) { return write({{key, std::nullopt}}); }

  Status compact() {
    for (std::uint64_t work = 1; work > 0;) NDTS_TRY(store->compact_step(1u << 20, &work));
    store->sweep();
    return {};
  }

  std::optional<std::string> get(const std::string& key) const {
    std::optional<Bytes> value;
    const Status status = store->snapshot().get(key, &value);
    EXPECT_TRUE(status.ok()) << status.text();
    if (!value.has_value()) return std::nullopt;
    return std::string(text_of(*value));
  }

  FileSystem& files_;
  std::string manifest_path_;
  ManualClock clock;
  KeyValueOptions options;
  std::vector<std::vector<std::byte>> log;
  KvModel model;
  std::unique_ptr<KeyValueStore> store;  // last: its thread uses the others until it ends
};

inline KvPairs scan_all(const KeyValueSnapshot& snapshot, const KeyValueScan& range) {
  KvPairs found;
  auto iterator = snapshot.iterate(range);
  for (; iterator.valid(); iterator.next())
    found.emplace_back(iterator.entry().key, text_of(iterator.entry().value));
  EXPECT_TRUE(iterator.status().ok()) << iterator.status().text();
  return found;
}

// What a scan of a map gives.
inline KvPairs scan_model(const KvModel& model, const KeyValueScan& range) {
  KvPairs found;
  for (const auto& [key, value] : model) {
    if (!key.starts_with(range.prefix)) continue;
    if (range.from.has_value()) {
      if (range.exclusive && key == *range.from) continue;
      if (range.reverse ? key > *range.from : key < *range.from) continue;
    }
    found.emplace_back(key, value);
  }
  if (range.reverse) std::reverse(found.begin(), found.end());
  if (found.size() > range.limit) found.resize(static_cast<std::size_t>(range.limit));
  return found;
}

}  // namespace ndts
