// What the database's tests share: a folder (simulated or on disk), batches of known ticks, and a
// model to compare with: plain vectors and a map.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/sim_file.h"
#include "db/database.h"
#include "table/tick_row_test_kit.h"

namespace ndts {

inline constexpr std::uint32_t kTestShards = 4;
inline constexpr std::uint32_t kTestSymbols = 12;
/// From -kAll to kAll is all of time.
inline constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();

// The seed of the random tests: NDTS_SEED, or a fixed one; every test prints it when it fails.
inline std::uint64_t test_seed(std::uint64_t fallback) {
  const char* given = std::getenv("NDTS_SEED");  // ambient: lets a person repeat a failed run
  return given == nullptr ? fallback : std::strtoull(given, nullptr, 10);
}

class TestBatch {
 public:
  explicit TestBatch(std::size_t capacity)
      : memory_(TickColumns::batch_bytes(capacity)),
        view_(TickBatchView::over(memory_.data(), capacity, 0)) {}

  TickBatchView& view() { return view_; }
  void add(const TickRow& row) { put_row(view_, view_.count++, row, 0); }
  TickRow row(std::size_t at) const {
    return {pack_time(view_.day[at], view_.ns_of_day[at]),
            static_cast<std::uint64_t>(view_.sequence[at]),
            view_.epoch[at],
            view_.price[at],
            view_.volume[at],
            view_.bid[at],
            view_.ask[at],
            view_.bid_volume[at],
            view_.ask_volume[at],
            view_.symbol[at],
            view_.flags[at]};
  }

 private:
  std::vector<std::byte> memory_;
  TickBatchView view_;
};

// Bit for bit; epochs only when asked for.
inline bool same_row(const TickRow& a, const TickRow& b) {
  const auto bits = [](double value) { return std::bit_cast<std::uint64_t>(value); };
  return a.time == b.time && a.sequence == b.sequence && a.symbol == b.symbol &&
         a.flags == b.flags && a.epoch == b.epoch && bits(a.price) == bits(b.price) &&
         bits(a.volume) == bits(b.volume) && bits(a.bid) == bits(b.bid) &&
         bits(a.ask) == bits(b.ask) && bits(a.bid_volume) == bits(b.bid_volume) &&
         bits(a.ask_volume) == bits(b.ask_volume);
}

// Everything that was accepted, in the order of acceptance.
struct Model {
  std::vector<std::vector<TickRow>> shards{kTestShards};
  std::map<std::string, std::string> entries;

  std::vector<TickRow> of_symbol(std::uint32_t symbol) const {
    std::vector<TickRow> rows;
    for (const TickRow& row : shards[symbol % kTestShards])
      if (row.symbol == symbol) rows.push_back(row);
    std::stable_sort(rows.begin(), rows.end(),
                     [](const TickRow& a, const TickRow& b) { return a.time < b.time; });
    return rows;
  }
};

// The file system as one process sees it: after end() nothing it still does has any effect.
class ProcessFiles final : public FileSystem {
 public:
  explicit ProcessFiles(FileSystem& files) : files_(files) {}
  void end() { ended_ = true; }

  Status open(const std::string& path, OpenMode mode, std::unique_ptr<File>* file) override {
    return ended_ ? gone() : files_.open(path, mode, file);
  }
  Status rename(const std::string& from, const std::string& to) override {
    return ended_ ? gone() : files_.rename(from, to);
  }
  Status remove(const std::string& path) override { return ended_ ? gone() : files_.remove(path); }
  Status hard_link(const std::string& from, const std::string& to) override {
    return ended_ ? gone() : files_.hard_link(from, to);
  }
  Status list(const std::string& folder, std::vector<std::string>* names) override {
    return ended_ ? gone() : files_.list(folder, names);
  }
  Status make_directory(const std::string& folder) override {
    return ended_ ? gone() : files_.make_directory(folder);
  }
  Status remove_directory(const std::string& folder) override {
    return ended_ ? gone() : files_.remove_directory(folder);
  }
  Status sync_directory(const std::string& folder) override {
    return ended_ ? gone() : files_.sync_directory(folder);
  }
  bool exists(const std::string& path) override { return !ended_ && files_.exists(path); }
  Status lock(const std::string& path, std::unique_ptr<FileLock>* lock) override {
    return ended_ ? gone() : files_.lock(path, lock);
  }
  std::string boot_id() override { return files_.boot_id(); }

 private:
  static Status gone() { return Status(Code::kIoError, "the process has ended"); }
  FileSystem& files_;
  bool ended_ = false;
};

// One database over a file system, reopened after close, kill or crash.
struct DatabaseBench {
  DatabaseBench(SimFileSystem* simulated, const std::string& folder) : files(simulated) {
    options.clock = &clock;
    options.dir = folder + "/data";
    options.staging_dir = folder + "/staging";
    options.staging_bytes = 256u << 10;
    options.wal_file_bytes = 256u << 10;
    options.wal_budget_bytes = 4u << 20;
    options.memtable_bytes = 1u << 20;
    options.shard_count = kTestShards;
    options.threads = false;
  }

  ~DatabaseBench() { database.reset(); }

  Status open() {
    database.reset();
    process = std::make_unique<ProcessFiles>(*files);
    options.files = process.get();
    clock.advance(1'000'000'000);
    return Database::open(options, &database);
  }
  // kill -9, or the power goes.
  void kill() {
    process->end();
    files->kill();
  }
  void crash() {
    process->end();
    files->crash();
  }

  void register_symbols() {
    for (std::uint32_t symbol = 0; symbol < kTestSymbols; symbol += 1)
      ASSERT_TRUE(database
                      ->register_symbol(symbol, symbol % kTestShards,
                                        "SYMBOL" + std::to_string(symbol))
                      .ok());
  }

  // Appends the batch; when accepted, the model has it too.
  Status append(TestBatch& batch) {
    std::uint64_t position = 0;
    NDTS_TRY(database->append_ticks(batch.view(), &position));
    for (std::size_t at = 0; at < batch.view().count; at += 1) {
      std::vector<TickRow>& rows = model.shards[batch.view().shard[at]];
      EXPECT_EQ(batch.row(at).sequence, rows.size());
      rows.push_back(batch.row(at));
    }
    return {};
  }

  Status write(const std::vector<std::pair<std::string, std::optional<std::string>>>& operations) {
    std::vector<std::byte> batch;
    for (const auto& [key, value] : operations)
      encode_operation(batch, key,
                       value.has_value() ? std::optional(bytes_of_text(*value)) : std::nullopt);
    std::uint64_t position = 0;
    NDTS_TRY(database->write(batch, &position));
    for (const auto& [key, value] : operations) {
      if (value.has_value()) {
        model.entries[key] = *value;
      } else {
        model.entries.erase(key);
      }
    }
    return {};
  }

  std::vector<std::pair<std::string, std::string>> scan(const KeyValueScan& range) const {
    std::vector<std::pair<std::string, std::string>> found;
    const Status status = database->scan(range, [&found](std::string_view key, Bytes value) {
      found.emplace_back(key, text_of(value));
    });
    EXPECT_TRUE(status.ok()) << status.text();
    return found;
  }

  std::vector<TickRow> load(std::uint32_t symbol, TimeRange range, std::size_t page) {
    std::vector<TickRow> rows;
    TestBatch batch(page);
    for (;;) {
      std::size_t count = 0;
      const Status status =
          database->load_rows(kTickTable, symbol, range, RowsOut::of(batch.view()), &count);
      EXPECT_TRUE(status.ok()) << status.text();
      for (std::size_t at = 0; at < count; at += 1) rows.push_back(batch.row(at));
      if (!status.ok() || count < page) return rows;
      range.from = rows.back().time;
      range.first_sequence = rows.back().sequence + 1;
    }
  }

  void expect_rows(const std::vector<TickRow>& found, const std::vector<TickRow>& wanted) const {
    ASSERT_EQ(found.size(), wanted.size());
    for (std::size_t at = 0; at < found.size(); at += 1)
      ASSERT_TRUE(same_row(found[at], wanted[at])) << "row " << at;
  }

  // Every read gives what the model says.
  void expect_model(std::mt19937_64& random) {
    for (std::uint32_t symbol = 0; symbol < kTestSymbols; symbol += 1) {
      const std::vector<TickRow> wanted = model.of_symbol(symbol);
      expect_rows(load(symbol, {-kAll, kAll}, 1 + random() % 300), wanted);
      if (wanted.empty()) continue;
      const std::int64_t from = wanted[random() % wanted.size()].time;
      const std::int64_t to = wanted[random() % wanted.size()].time;
      std::vector<TickRow> part;
      for (const TickRow& row : wanted)
        if (row.time >= from && row.time < to) part.push_back(row);
      expect_rows(load(symbol, {from, to}, 100), part);
      TestBatch last(1 + random() % 50);
      std::size_t count = 0;
      ASSERT_TRUE(
          database->last_rows(kTickTable, symbol, RowsOut::of(last.view()), &count).ok());
      ASSERT_EQ(count, std::min(wanted.size(), last.view().capacity));
      for (std::size_t at = 0; at < count; at += 1)
        ASSERT_TRUE(same_row(last.row(at), wanted[wanted.size() - count + at]));
    }
    for (std::uint32_t shard = 0; shard < kTestShards; shard += 1) expect_sequences(shard);
    expect_entries();
  }

  void expect_sequences(std::uint32_t shard) {
    TestBatch batch(257);
    std::uint64_t next = 0;
    for (;;) {
      std::size_t count = 0;
      ASSERT_TRUE(
          database->read_sequence(kTickTable, shard, next, RowsOut::of(batch.view()), &count)
              .ok());
      if (count == 0) break;
      for (std::size_t at = 0; at < count; at += 1)
        ASSERT_TRUE(same_row(batch.row(at), model.shards[shard][next + at]));
      next += count;
    }
    ASSERT_EQ(next, model.shards[shard].size());
    ASSERT_EQ(database->next_sequence(shard), next);
  }

  void expect_entries() const {
    const auto found = scan({});
    const std::vector<std::pair<std::string, std::string>> wanted(model.entries.begin(),
                                                                  model.entries.end());
    ASSERT_EQ(found, wanted);
  }

  SimFileSystem* const files;
  std::unique_ptr<ProcessFiles> process;
  ManualClock clock{1'700'000'000'000'000'000};
  DatabaseOptions options;
  std::unique_ptr<Database> database;
  Model model;
};

// Random rows: times wander, go back, repeat, and lie days apart; doubles are any bits.
class RandomTicks {
 public:
  explicit RandomTicks(std::mt19937_64& random) : random_(random) {}

  void fill(TestBatch& batch, std::size_t count) {
    batch.view().count = 0;
    for (std::size_t at = 0; at < count; at += 1) {
      if (random_() % 4 != 0) time_ += static_cast<std::int64_t>(random_() % 1'000'000'000);
      if (random_() % 200 == 0) time_ += kNsPerDay;
      const std::int64_t back =
          random_() % 16 == 0 ? static_cast<std::int64_t>(random_() % (2 * kNsPerDay)) : 0;
      const auto real = [this] { return std::bit_cast<double>(random_()); };
      batch.add({time_ - back, 0, 0, real(), real(), real(), real(), real(), real(),
                 static_cast<std::uint32_t>(random_() % kTestSymbols),
                 static_cast<std::uint32_t>(random_())});
    }
  }

 private:
  std::mt19937_64& random_;
  std::int64_t time_ = -kNsPerDay / 2;  // before 1970, too
};

}  // namespace ndts
