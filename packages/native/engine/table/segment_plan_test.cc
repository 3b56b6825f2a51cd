// Planning driven by a simulated ingest: flushes of any size over days, shards and tables, every
// plan carried out. What must hold: plans end, stay within one day of one shard of one table, keep
// the files of a day few, and rewrite a row seldom.
#include "table/segment_plan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>

namespace ndts {
namespace {

using Random = std::mt19937_64;

std::uint64_t test_seed(std::uint64_t fallback) {
  const char* given = std::getenv("NDTS_TEST_SEED");  // ambient: lets a person repeat a failed run
  return given == nullptr ? fallback : std::strtoull(given, nullptr, 10);
}

SegmentRecord segment(std::uint64_t number, std::uint64_t bytes, std::uint32_t table = 1,
                      std::uint32_t shard = 0, std::int64_t day = 20'000) {
  SegmentRecord record{};
  record.number = number;
  record.bytes = bytes;
  record.table = table;
  record.shard = shard;
  record.day = day;
  return record;
}

class Ingest {
 public:
  Ingest(std::uint64_t seed, const SegmentPlanOptions& options)
      : random_(seed), options_(options) {}

  void flush(std::uint64_t bytes) {
    segments_[next_] = segment(next_, bytes, 1 + random_() % 2, random_() % 3 == 0,
                               20'000 + static_cast<std::int64_t>(random_() % 100 == 0));
    next_ += 1;
    flushed_ += bytes;
  }

  // Plans and merges until there is nothing to do.
  void settle() {
    for (std::size_t rounds = segments_.size();; rounds -= 1) {
      const std::optional<SegmentPlan> plan = plan_segments(shuffled(), options_);
      if (!plan.has_value()) return;
      ASSERT_GT(rounds, 0u) << "every plan removes a file";
      merge(plan->inputs);
    }
  }

  void expect_few_files() const {
    std::map<std::tuple<std::uint32_t, std::uint32_t, std::int64_t>, std::uint64_t> counts;
    for (const auto& [number, record] : segments_) {
      if (record.bytes > options_.segment_bytes / options_.fan_in) continue;
      counts[{record.table, record.shard, record.day}] += 1;
    }
    for (const auto& [place, count] : counts) ASSERT_LE(count, options_.day_segments);
  }

  [[nodiscard]] double written_per_byte() const {
    return static_cast<double>(flushed_ + merged_) / static_cast<double>(flushed_);
  }
  [[nodiscard]] std::uint64_t merges() const { return merges_; }

 private:
  std::vector<SegmentRecord> shuffled() {
    std::vector<SegmentRecord> all;
    for (const auto& [number, record] : segments_) all.push_back(record);
    std::shuffle(all.begin(), all.end(), random_);
    return all;
  }

  void merge(const std::vector<std::uint64_t>& inputs) {
    ASSERT_GE(inputs.size(), 2u);
    ASSERT_LE(inputs.size(), options_.fan_in_max);
    std::uint64_t bytes = 0;
    SegmentRecord output{};
    for (const std::uint64_t number : inputs) {
      const auto found = segments_.find(number);
      ASSERT_NE(found, segments_.end()) << "named twice or unknown";
      const SegmentRecord& record = found->second;
      if (bytes > 0) {
        ASSERT_EQ(std::tuple(record.table, record.shard, record.day),
                  std::tuple(output.table, output.shard, output.day));
      }
      output = record;
      bytes += record.bytes;
      segments_.erase(found);
    }
    ASSERT_LE(bytes, options_.segment_bytes);
    // Larger blocks are encoded a little better.
    output.bytes = bytes - bytes / (20 + random_() % 100);
    output.number = next_++;
    merged_ += output.bytes;
    merges_ += 1;
    segments_[output.number] = output;
  }

  Random random_;
  const SegmentPlanOptions options_;
  std::map<std::uint64_t, SegmentRecord> segments_;
  std::uint64_t next_ = 1;
  std::uint64_t flushed_ = 0;
  std::uint64_t merged_ = 0;
  std::uint64_t merges_ = 0;
};

std::uint64_t any_size(Random& random, std::uint64_t most) {
  const double power = static_cast<double>(random() % 1000) / 1000;
  return 1000 + static_cast<std::uint64_t>(std::pow(static_cast<double>(most), power));
}

TEST(SegmentPlan, KeepsFilesFewAndWritesLittle) {
  const std::uint64_t seed = test_seed(3);
  SCOPED_TRACE("NDTS_TEST_SEED=" + std::to_string(seed));
  Random random(seed);
  for (int round = 0; round < 8; round += 1) {
    const auto below = [&random](std::uint32_t limit) {
      return static_cast<std::uint32_t>(random() % limit);
    };
    SegmentPlanOptions options;
    options.fan_in = 2 + below(5);
    options.fan_in_max = options.fan_in + below(28);
    const double powers = std::log(static_cast<double>(options.segment_bytes) / 1e6) /
                          std::log(static_cast<double>(options.fan_in));
    const bool alike = round % 2 == 0;
    // With fewer files allowed than a day has powers, rows are rewritten more often.
    const bool roomy = round < 6;
    options.day_segments =
        options.fan_in + (roomy ? options.fan_in * static_cast<std::uint32_t>(powers) : below(3));
    Ingest ingest(random(), options);
    for (int flush = 0; flush < 1500; flush += 1) {
      ingest.flush(alike ? 1'000'000 + random() % 200'000 : any_size(random, 64u << 20));
      ASSERT_NO_FATAL_FAILURE(ingest.settle());
      ASSERT_NO_FATAL_FAILURE(ingest.expect_few_files());
    }
    // Once by the flush, and once in every power of fan_in.
    if (roomy) {
      EXPECT_LE(ingest.written_per_byte(), 1 + powers);
    }
    EXPECT_GT(ingest.merges(), 0u);
  }
}

// A planner that was away finds thousands of files.
TEST(SegmentPlan, CatchesUp) {
  const std::uint64_t seed = test_seed(4);
  SCOPED_TRACE("NDTS_TEST_SEED=" + std::to_string(seed));
  Random random(seed);
  SegmentPlanOptions options;
  options.segment_bytes = 32u << 20;
  Ingest ingest(seed, options);
  for (int flush = 0; flush < 3000; flush += 1) ingest.flush(any_size(random, 4u << 20));
  ASSERT_NO_FATAL_FAILURE(ingest.settle());
  ingest.expect_few_files();
  EXPECT_LE(ingest.written_per_byte(), 5);
}

TEST(SegmentPlan, HasNothingToDoForFewFilesOrLargeOnes) {
  EXPECT_FALSE(plan_segments({}, {}).has_value());
  std::vector<SegmentRecord> segments;
  for (std::uint64_t number = 1; number <= 3; number += 1)
    segments.push_back(segment(number, 1000));
  for (std::uint64_t number = 4; number <= 40; number += 1)
    segments.push_back(segment(number, (std::uint64_t{1} << 28) + 1));
  EXPECT_FALSE(plan_segments(segments, {}).has_value());
}

TEST(SegmentPlan, PrefersSmallFiles) {
  std::vector<SegmentRecord> segments;
  for (std::uint64_t number = 1; number <= 8; number += 1)
    segments.push_back(segment(number, number <= 4 ? 20'000'000 : 20'000, 1, number <= 4));
  const std::optional<SegmentPlan> plan = plan_segments(segments, {});
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->inputs, (std::vector<std::uint64_t>{5, 6, 7, 8}));
}

TEST(SegmentPlan, DoesNotMixDaysShardsOrTables) {
  std::vector<SegmentRecord> segments;
  for (std::uint32_t at = 0; at < 12; at += 1)
    segments.push_back(segment(at, 1000, 1 + at % 2, at / 2 % 2, at / 4));
  EXPECT_FALSE(plan_segments(segments, {}).has_value());
}

// Sizes of all powers: no four are alike, and yet there are too many.
TEST(SegmentPlan, MergesTheSmallestWhenThereAreTooMany) {
  SegmentPlanOptions options;
  options.day_segments = 8;
  std::vector<SegmentRecord> segments;
  for (std::uint64_t number = 0; number < 10; number += 1)
    segments.push_back(segment(number, std::uint64_t{10} << (2 * number)));
  const std::optional<SegmentPlan> plan = plan_segments(segments, options);
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->inputs, (std::vector<std::uint64_t>{0, 1, 2, 3}));
}

}  // namespace
}  // namespace ndts
