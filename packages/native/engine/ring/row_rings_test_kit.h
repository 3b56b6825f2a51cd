// What tests of rings of rows share: one fixture for every kind of record, rows whose every field
// follows from shard and sequence.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ring/row_batch_memory.h"
#include "ring/row_rings.h"

namespace ndts {

template <typename Record>
using BatchOf = RowBatchMemory<typename Record::Columns>;

using RowRecords = testing::Types<TickRecord, TradeRecord, BookRecord>;

inline std::uint64_t bits_of(double value) { return std::bit_cast<std::uint64_t>(value); }
inline std::uint64_t bits_of(std::uint32_t value) { return value; }

template <typename Record>
class RowRingsFixture : public testing::Test {
 protected:
  using Columns = typename Record::Columns;
  using Writer = RowRingsWriter<Record>;
  using Reader = RowRingsReader<Record>;

  void SetUp() override {
    char path[] = "/tmp/ndts-row-rings-test-XXXXXX";
    ASSERT_NE(mkdtemp(path), nullptr);
    folder_ = path;
    files_ = make_posix_file_system();
  }
  void TearDown() override {
    writer_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::string dir() const { return folder_ + "/rings"; }
  Status create(std::size_t shards, std::uint32_t slots, std::uint64_t epoch = 1,
                std::uint64_t first = 0) {
    writer_.reset();
    next_.assign(shards, first);
    epoch_ = epoch;
    return Writer::create(files_.get(), dir(), slots, std::vector<std::uint64_t>(shards, epoch),
                          std::vector<std::uint64_t>(shards, first), &writer_);
  }
  std::vector<std::string> paths() const {
    std::vector<std::string> result;
    for (const RingWriter& ring : writer_->rings()) result.push_back(ring.path());
    return result;
  }
  std::unique_ptr<Reader> open(const RingStart& otherwise,
                               const std::map<std::uint32_t, RingStart>& positions) {
    std::unique_ptr<Reader> reader;
    const Status status = Reader::open(*files_, paths(), otherwise, positions, &reader);
    EXPECT_TRUE(status.ok()) << status.text();
    return reader;
  }
  std::unique_ptr<Reader> open() { return open(RingStart{}, {}); }

  void fill_row(const Columns& t, std::size_t row, std::uint32_t shard,
                std::uint64_t sequence) const {
    const auto x = static_cast<double>(sequence * 64 + shard);
    t.day[row] = static_cast<double>(sequence % 5) * 1000 - 2000;
    t.ns_of_day[row] = static_cast<double>((sequence * 7919) % 86'400'000'000'000);
    t.sequence[row] = static_cast<double>(sequence);
    double factor = 1;
    Record::each_number(t, [&](double* column, std::size_t) {
      column[row] = x * factor + 0.25;
      factor = factor > 0 ? -factor - 1 : 1 - factor;
    });
    Record::each_narrow(t, [&](std::uint32_t* column, std::size_t) {
      column[row] = static_cast<std::uint32_t>(sequence * 2654435761u);
    });
    t.symbol[row] = static_cast<std::uint32_t>(sequence * 31 + shard);
    t.flags[row] = static_cast<std::uint32_t>(sequence % 16);
    t.shard[row] = shard;
    t.epoch[row] = static_cast<std::uint32_t>(epoch_);
  }
  // One row for each entry.
  Status publish(const std::vector<std::uint32_t>& shards) {
    const BatchOf<Record> batch(std::max<std::size_t>(shards.size(), 1));
    for (std::size_t i = 0; i < shards.size(); ++i)
      fill_row(batch.columns(), i, shards[i], next_[shards[i]]++);
    return writer_->publish(batch.columns(), shards.size());
  }
  bool row_is_right(const Columns& t, std::size_t row) const {
    const BatchOf<Record> wanted(1);
    fill_row(wanted.columns(), 0, t.shard[row], static_cast<std::uint64_t>(t.sequence[row]));
    std::array<std::uint64_t, 64> words{};
    std::size_t column = 0;
    wanted.columns().each([&](const auto* values) { words[column++] = bits_of(values[0]); });
    bool right = true;
    column = 0;
    t.each([&](const auto* values) { right = right && words[column++] == bits_of(values[row]); });
    return right;
  }

  std::string folder_;
  std::unique_ptr<FileSystem> files_;
  std::unique_ptr<Writer> writer_;
  std::vector<std::uint64_t> next_;
  std::uint64_t epoch_ = 1;
};

// NDTS_SEED=n repeats a run.
inline std::uint64_t ring_test_seed(std::uint64_t fallback) {
  const char* given = std::getenv("NDTS_SEED");  // ambient: a person repeats a run
  const std::uint64_t seed = given == nullptr ? fallback : std::strtoull(given, nullptr, 10);
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

}  // namespace ndts
