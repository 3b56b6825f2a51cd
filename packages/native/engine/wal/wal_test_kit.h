// What the log's tests share: a folder (simulated or on disk), opening with collected records,
// and payloads that tell which entry they are.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/sim_file.h"
#include "wal/staging.h"
#include "wal/wal.h"
#include "wal/wal_format.h"
#include "wal/wal_log.h"

namespace ndts {

// The seeds of a random test: 1 to `count`, or the one of a run to repeat.
inline std::vector<std::uint64_t> wal_seeds(std::uint64_t count) {
  const char* given = std::getenv("NDTS_TEST_SEED");  // ambient: lets a person repeat a failed run
  if (given != nullptr) return {std::strtoull(given, nullptr, 10)};
  std::vector<std::uint64_t> seeds(count);
  std::iota(seeds.begin(), seeds.end(), 1);
  return seeds;
}

struct Seen {
  std::uint32_t kind;
  std::uint32_t shard;
  std::uint64_t position;
  std::string payload;
  bool operator==(const Seen&) const = default;
};

// One log over any file system; reopen() after close, kill or crash.
struct LogBench {
  explicit LogBench(FileSystem* system, const std::string& folder) {
    options.files = system;
    options.clock = &clock;
    options.dir = folder + "/wal";
    options.staging_path = folder + "/staging";
    options.staging_bytes = 64u << 10;
    options.file_bytes = 64u << 10;
    EXPECT_TRUE(system->make_directory(folder).ok());
  }

  Status open() {
    seen.clear();
    wal.reset();
    clock.advance(1'000);
    return Wal::open(options, collect(), &wal);
  }

  // As open(), for files and staging memory smaller than an owner may ask for, so that a test can
  // go through each of their bytes.
  Status open_tiny() {
    options.file_bytes = 8192;
    options.staging_bytes = 4096;
    wal.reset();
    clock.advance(1'000);
    RecoveredLog recovered;
    NDTS_TRY(options.files->make_directory(options.dir));
    NDTS_TRY(recover(&recovered));
    auto log = std::make_unique<WalLog>(options, recovered.report);
    StagingRoom room(*options.files, options.staging_path, options.staging_bytes, false);
    NDTS_TRY(log->begin(&recovered, &room));
    wal = std::move(log);
    return Status::success();
  }

  // What an open would find; changes nothing.
  Status recover(RecoveredLog* recovered) {
    seen.clear();
    return recover_log(options, collect(), recovered);
  }

  Wal::Replay collect() {
    return [this](const WalRecord& record) {
      seen.push_back({record.kind, record.shard, record.position,
                      std::string(text_of(record.payload))});
      return Status::success();
    };
  }

  // Appends "<number>:xxxx" of `bytes` bytes at least and remembers it.
  Status append(std::uint64_t number, std::size_t bytes = 16) {
    std::string payload = std::to_string(number) + ":";
    if (payload.size() < bytes) payload.append(bytes - payload.size(), 'x');
    const std::size_t cut = payload.size() / 3;
    const Bytes whole = bytes_of_text(payload);
    const Bytes parts[] = {whole.first(cut), whole.subspan(cut)};
    std::uint64_t position = 0;
    NDTS_TRY(wal->append(1 + static_cast<std::uint32_t>(number % 7),
                         static_cast<std::uint32_t>(number % 5), parts, &position));
    written.push_back({1 + static_cast<std::uint32_t>(number % 7),
                       static_cast<std::uint32_t>(number % 5), position, payload});
    return Status::success();
  }

  // The entries seen are the first ones written.
  void expect_prefix(std::size_t at_least) const {
    ASSERT_LE(seen.size(), written.size());
    ASSERT_GE(seen.size(), at_least);
    for (std::size_t at = 0; at < seen.size(); ++at) ASSERT_EQ(seen[at], written[at]) << at;
  }

  // Path of the newest file.
  std::string newest() const {
    std::vector<std::string> names;
    EXPECT_TRUE(options.files->list(options.dir, &names).ok());
    std::string path;
    for (const std::string& name : names)
      if (wal_sequence_of(name)) path = options.dir + "/" + name;
    return path;
  }

  ManualClock clock{1'700'000'000'000'000'000};
  SystemClock system_clock;
  WalOptions options;
  std::unique_ptr<Wal> wal;
  std::vector<Seen> seen;
  std::vector<Seen> written;
};

}  // namespace ndts
