// What the tests of damage share: a small database folder with every kind of file in it, as an
// image that can be put back as often as it is damaged, and everything that can be read from a
// database, as text that can be compared.
#pragma once

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "db/db_test_kit.h"
#include "db/tables_test_kit.h"

namespace ndts {

// The files below a folder.
class FolderImage {
 public:
  static FolderImage take(FileSystem& files, const std::string& folder) {
    FolderImage image;
    image.add(files, folder);
    return image;
  }

  void put(FileSystem& files) const {
    for (const auto& [path, bytes] : files_) put_file(files, path, bytes);
  }
  static void put_file(FileSystem& files, const std::string& path, Bytes bytes) {
    ASSERT_TRUE(files.make_directory(parent_folder(path)).ok());
    std::unique_ptr<File> file;
    ASSERT_TRUE(files.open(path, OpenMode::kOpenOrCreate, &file).ok());
    ASSERT_TRUE(file->write(0, bytes).ok());
    ASSERT_TRUE(file->sync().ok());
    ASSERT_TRUE(files.sync_directory(parent_folder(path)).ok());
  }

  [[nodiscard]] const std::map<std::string, std::vector<std::byte>>& files() const {
    return files_;
  }
  void forget(const std::string& path) { files_.erase(path); }
  // Those whose path ends with `end`.
  [[nodiscard]] std::vector<std::string> paths(const std::string& end) const {
    std::vector<std::string> found;
    for (const auto& [path, bytes] : files_)
      if (path.ends_with(end)) found.push_back(path);
    return found;
  }

 private:
  void add(FileSystem& files, const std::string& folder) {
    std::vector<std::string> names;
    ASSERT_TRUE(files.list(folder, &names).ok());
    for (const std::string& name : names) {
      const std::string path = folder + "/" + name;
      std::vector<std::string> below;
      if (files.list(path, &below).ok()) {
        add(files, path);
      } else {
        ASSERT_TRUE(files.read_file(path, &files_[path]).ok());
      }
    }
  }

  std::map<std::string, std::vector<std::byte>> files_;
};

// Everything that can be read: by table and symbol, by table and shard, by key.
struct Contents {
  std::map<std::string, std::string> parts;
  std::uint64_t rows = 0;
  friend bool operator==(const Contents& a, const Contents& b) { return a.parts == b.parts; }
};

class ContentsReader {
 public:
  // The first error; `*contents` then has what could be read.
  static Status read(Database& database, Contents* contents) {
    ContentsReader reader(database, contents);
    for (const TableSchema* schema : database.tables()) reader.read_table(*schema);
    reader.read_keys();
    return reader.status_;
  }

 private:
  static constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();
  static constexpr std::size_t kPage = 256;

  ContentsReader(Database& database, Contents* contents)
      : database_(database), contents_(*contents) {}

  void read_table(const TableSchema& schema) {
    RowsBatch page(schema, kPage);
    const RowsOut out = page.out();
    for (const SymbolInfo* symbol : database_.symbols()) {
      std::string part = symbol->name + ": ";
      TimeRange range{-kAll, kAll};
      for (std::size_t count = kPage; count == kPage;) {
        if (!note(database_.load_rows(schema.id, symbol->id, range, out, &count))) break;
        put(page, count, &part);
        if (count == 0) break;
        const TestRow last = page.row(count - 1);
        range = {last.time, kAll, last.sequence + 1};
      }
      contents_.parts[schema.name + " " + std::to_string(symbol->id)] = part;
    }
    for (std::uint32_t shard = 0; shard < database_.shard_count(); shard += 1) {
      std::string part;
      std::uint64_t next = 0;
      for (std::size_t count = 1; count > 0;) {
        if (!note(database_.read_sequence(schema.id, shard, next, out, &count))) break;
        put(page, count, &part);
        contents_.rows += count;
        if (count > 0) next = page.sequence(count - 1) + 1;
      }
      contents_.parts[schema.name + " shard " + std::to_string(shard)] = part;
    }
  }

  void read_keys() {
    std::string& part = contents_.parts["keys"];
    note(database_.scan({}, [&part](std::string_view key, Bytes value) {
      part.append(key).append("=").append(text_of(value)).append("\n");
    }));
  }

  bool note(const Status& status) {
    if (status_.ok()) status_ = status;
    return status.ok();
  }

  static void put(const RowsBatch& page, std::size_t count, std::string* part) {
    for (std::size_t at = 0; at < count; at += 1) {
      const TestRow row = page.row(at);
      const std::uint64_t head[] = {static_cast<std::uint64_t>(row.time), row.symbol,
                                    row.sequence};
      part->append(text_of(std::as_bytes(std::span(head))));
      for (const TestValue& value : row.values) {
        part->append(value.null ? "-" : "+");
        part->append(text_of(bytes_of(value.bits))).append(value.text).append("|");
      }
    }
  }

  Database& database_;
  Contents& contents_;
  Status status_;
};

// A database of two tables and keys: sealed twice, then written to until the process is killed.
class SmallDatabase {
 public:
  static constexpr std::uint32_t kSymbols = 4;

  explicit SmallDatabase(std::uint64_t seed) : random_(seed) {
    bench_.options.shard_count = 2;
    bench_.options.staging_bytes = 64u << 10;
    bench_.options.wal_file_bytes = 64u << 10;
    bench_.options.segments.fan_in = 99;  // segments stay as many as there are
    build();
  }

  // What it held after each step since the last seal; the first is what was sealed.
  [[nodiscard]] const std::vector<Contents>& states() const { return states_; }
  // Of these, how far the log goes, and how far its own entries say that it was durable.
  static constexpr std::size_t kLogged = 4;
  static constexpr std::size_t kConfirmed = 2;
  // As the killed process left it: the rest is in the staging memory.
  [[nodiscard]] const FolderImage& killed() const { return killed_; }
  // Opened and closed again.
  [[nodiscard]] const FolderImage& closed() const { return closed_; }
  [[nodiscard]] const DatabaseOptions& options() const { return bench_.options; }

 private:
  void build() {
    ASSERT_TRUE(bench_.open().ok());
    register_symbols(0, 3);
    ASSERT_TRUE(bench_.database->create_table(every_type_schema(), &table_).ok());
    put_ticks(20);
    put_every(12);
    put_keys("a", 30);
    ASSERT_TRUE(bench_.database->seal().ok());
    register_symbols(3, kSymbols);
    put_ticks(16);
    put_keys("b", 9);
    ASSERT_TRUE(bench_.database->write_snapshot("kept").ok());
    note_state();
    for (std::size_t step = 1; step <= 6; step += 1) {
      if (step % 3 == 0) put_keys("c" + std::to_string(step), 2);
      if (step % 3 == 1) put_ticks(5);
      if (step % 3 == 2) put_every(4);
      note_state();
      if (step == kConfirmed || step == kLogged) {
        const std::uint64_t position = bench_.database->accepted_position();
        ASSERT_TRUE(bench_.database->wait_durable(position).ok());
      }
    }
    bench_.kill();
    killed_ = FolderImage::take(files_, "/db");
    ASSERT_TRUE(bench_.open().ok());
    ASSERT_TRUE(bench_.database->close().ok());
    closed_ = FolderImage::take(files_, "/db");
  }

  void register_symbols(std::uint32_t first, std::uint32_t end) {
    for (std::uint32_t symbol = first; symbol < end; symbol += 1)
      ASSERT_TRUE(
          bench_.database->register_symbol(symbol, symbol % 2, "SYM" + std::to_string(symbol))
              .ok());
    symbols_ = end;
  }
  void note_state() {
    states_.emplace_back();
    ASSERT_TRUE(ContentsReader::read(*bench_.database, &states_.back()).ok());
  }
  // Times that go back, all of one day.
  std::int64_t next_time() {
    time_ += static_cast<std::int64_t>(random_() % 1'000'000'000);
    return time_ - static_cast<std::int64_t>(random_() % 3'000'000'000);
  }
  void put_ticks(std::size_t count) {
    TestBatch batch(count);
    for (std::size_t at = 0; at < count; at += 1) {
      const auto real = [this] { return static_cast<double>(random_() % 10'000) / 100; };
      batch.add({next_time(), 0, 0, real(), real(), real(), real(), real(), real(),
                 static_cast<std::uint32_t>(random_() % symbols_),
                 static_cast<std::uint32_t>(random_())});
    }
    std::uint64_t position = 0;
    ASSERT_TRUE(bench_.database->append_ticks(batch.view(), &position).ok());
  }
  void put_every(std::size_t count) {
    RandomRows random_rows(random_, every_type_schema(), symbols_);
    std::vector<TestRow> rows = random_rows.make(count);
    for (TestRow& row : rows) row.time = next_time();
    RowsBatch batch(every_type_schema(), count);
    std::uint64_t position = 0;
    ASSERT_TRUE(bench_.database->append_rows(table_, batch.in(rows), &position).ok());
  }
  void put_keys(const std::string& prefix, int count) {
    std::vector<std::pair<std::string, std::optional<std::string>>> operations;
    for (int at = 0; at < count; at += 1)
      operations.emplace_back(prefix + std::to_string(at), "value" + std::to_string(at));
    operations.emplace_back("changed", prefix);
    operations.emplace_back(prefix == "a" ? "gone" : "a7", std::nullopt);
    ASSERT_TRUE(bench_.write(operations).ok());
  }

  std::mt19937_64 random_;
  SimFileSystem files_{1};
  DatabaseBench bench_{&files_, "/db"};
  std::uint32_t table_ = 0;
  std::uint32_t symbols_ = 0;
  std::int64_t time_ = 20'000 * kNsPerDay + 5'000'000'000;
  std::vector<Contents> states_;
  FolderImage killed_;
  FolderImage closed_;
};

}  // namespace ndts
