// Merging segments against a plain sort: every way in which inputs may overlap, rows stored twice,
// small steps, files of version 1, failing disks.
#include "table/segment_merge.h"

#include <algorithm>
#include <set>

#include "base/long_test_kit.h"
#include "table/segment_v1_test_kit.h"

namespace ndts {
namespace {


bool comes_before(const ModelRow& a, const ModelRow& b) {
  return a.time != b.time ? a.time < b.time : a.sequence < b.sequence;
}

// What a merge of the models gives, and how many rows were there twice.
SegmentModel merged(const std::vector<SegmentModel>& models, std::uint64_t* duplicates) {
  SegmentModel all;
  for (const SegmentModel& model : models)
    for (const auto& [symbol, rows] : model)
      all[symbol].insert(all[symbol].end(), rows.begin(), rows.end());
  *duplicates = 0;
  for (auto& [symbol, rows] : all) {
    std::stable_sort(rows.begin(), rows.end(), comes_before);
    std::set<std::pair<std::uint32_t, std::uint64_t>> seen;
    const std::size_t before = rows.size();
    std::erase_if(rows, [&seen](const ModelRow& row) {
      return !seen.emplace(row.epoch, row.sequence).second;
    });
    *duplicates += before - rows.size();
  }
  return all;
}

class Merge : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(files_.make_directory("/t").ok()); }

  void write(const TableSchema& schema, const SegmentModel& model) {
    const std::string path = "/t/in" + std::to_string(inputs_.size());
    SegmentRecord record{};
    ASSERT_TRUE(write_segment(files_, path, random_, schema, kDay, model, &record).ok());
    std::shared_ptr<const SegmentReader> reader;
    ASSERT_TRUE(SegmentReader::open(files_, path, &record, &reader).ok());
    inputs_.push_back(std::move(reader));
  }

  Status run(const TableSchema& schema, std::uint64_t budget, std::uint64_t* duplicates) {
    SegmentMerge merge(files_, "/t/out", 77, schema, inputs_);
    std::uint64_t steps = 0;
    std::uint64_t total = 0;
    while (!merge.ended()) {
      std::uint64_t bytes = 0;
      NDTS_TRY(merge.step(budget, &bytes));
      total += bytes;
      EXPECT_LT(steps += 1, 10'000'000u);
    }
    *duplicates = merge.duplicates();
    record_ = merge.record();
    std::uint64_t expected = 0;
    for (const auto& input : inputs_)
      for (const SegmentBlock& block : input->blocks()) expected += block.bytes;
    EXPECT_EQ(total, expected) << "every block is read once";
    return {};
  }

  void expect_merged(const TableSchema& schema, const std::vector<SegmentModel>& models,
                     std::uint64_t budget) {
    std::uint64_t expected_duplicates = 0;
    const SegmentModel expected = merged(models, &expected_duplicates);
    std::uint64_t duplicates = 0;
    Status status = run(schema, budget, &duplicates);
    ASSERT_TRUE(status.ok()) << status.text();
    EXPECT_EQ(duplicates, expected_duplicates);
    SegmentModel found;
    std::shared_ptr<const SegmentReader> reader;
    status = SegmentReader::open(files_, "/t/out", &record_, &reader);
    ASSERT_TRUE(status.ok()) << status.text();
    ASSERT_TRUE(read_segment(*reader, &found).ok());
    EXPECT_TRUE(found == expected);
    for (const SegmentName& name : reader->names())
      EXPECT_EQ(reader->name(name), symbol_name(name.symbol));
    expect_ranges(*reader, expected);
    EXPECT_TRUE(files_.remove("/t/out").ok());
    for (const auto& input : inputs_) EXPECT_TRUE(files_.remove(input->path()).ok());
    inputs_.clear();
  }

  static void expect_ranges(const SegmentReader& reader, const SegmentModel& model) {
    std::map<std::uint64_t, SegmentRange> ranges;
    for (const auto& [symbol, rows] : model) {
      for (const ModelRow& row : rows) {
        SegmentRange& range =
            ranges.emplace(row.epoch, SegmentRange{row.epoch, row.sequence, 0, 0}).first->second;
        range.first_sequence = std::min(range.first_sequence, row.sequence);
        range.end_sequence = std::max(range.end_sequence, row.sequence + 1);
        range.rows += 1;
      }
    }
    ASSERT_EQ(reader.ranges().size(), ranges.size());
    for (const SegmentRange& range : reader.ranges())
      EXPECT_EQ(std::memcmp(&range, &ranges[range.epoch], sizeof range), 0);
  }

  SimFileSystem files_{1};
  Random random_{1};
  std::vector<std::shared_ptr<const SegmentReader>> inputs_;
  SegmentRecord record_{};
};

// Rows of a symbol dealt out: as one stretch each, as long stretches, or row by row.
void deal(Random& random, std::uint32_t symbol, const std::vector<ModelRow>& rows,
          std::vector<SegmentModel>* models) {
  const std::size_t lengths[] = {100'000, 1 + rows.size() / models->size(), 5000, 40, 1};
  const std::size_t length = lengths[random() % 5];
  std::size_t to = random() % models->size();
  for (std::size_t at = 0; at < rows.size(); at += 1) {
    if (at % length == 0) to = (to + 1 + random() % 2) % models->size();
    (*models)[to][symbol].push_back(rows[at]);
  }
}

// Some rows of one input again in another, in order.
void repeat_rows(Random& random, std::vector<SegmentModel>* models) {
  const SegmentModel& from = (*models)[random() % models->size()];
  SegmentModel& to = (*models)[random() % models->size()];
  if (&from == &to) return;
  for (const auto& [symbol, rows] : from) {
    std::vector<ModelRow>& into = to[symbol];
    for (const ModelRow& row : rows)
      if (random() % 3 == 0) into.push_back(row);
    std::stable_sort(into.begin(), into.end(), comes_before);
    if (into.empty()) to.erase(symbol);
  }
}

TEST_F(Merge, GivesWhatASortOfAllRowsGives) {
  const std::uint64_t seed = segment_seed(11);
  SCOPED_TRACE("NDTS_TEST_SEED=" + std::to_string(seed));
  random_.seed(seed);
  for (int round = 0; round < (long_tests() ? 25 : 6); round += 1) {
    const TableSchema schema = random_schema(random_);
    std::vector<SegmentModel> models(1 + random_() % 6);
    std::uint64_t sequence = 1;
    const std::uint32_t symbols = 1 + static_cast<std::uint32_t>(random_() % 8);
    for (std::uint32_t symbol = 0; symbol < symbols; symbol += 1) {
      const std::size_t count = random_() % 4 == 0 ? 1 + random_() % 20'000 : 1 + random_() % 50;
      deal(random_, symbol, random_rows(random_, schema, count, kDay * kNsPerDay, sequence),
           &models);
      sequence += count;
    }
    if (round % 3 == 0) repeat_rows(random_, &models);
    std::erase_if(models, [](const SegmentModel& model) { return model.empty(); });
    for (const SegmentModel& model : models) write(schema, model);
    const std::uint64_t budgets[] = {0, 1, 20'000, std::uint64_t{1} << 40};
    expect_merged(schema, models, budgets[random_() % 4]);
  }
}

// The sequence of an epoch whose tail was lost comes again in the next: two rows, both kept.
TEST_F(Merge, KeepsEqualSequencesOfDifferentEpochs) {
  const TableSchema schema{5, "", {{"a", ValueType::kI64, false}}};
  const std::int64_t time = kDay * kNsPerDay;
  const auto row = [&](std::uint32_t epoch) {
    return ModelRow{time, 9, epoch, {{false, epoch, ""}}};
  };
  write(schema, {{1, {row(3), row(1)}}});
  write(schema, {{1, {row(1), row(2)}}});
  write(schema, {{1, {row(2), row(4), row(3)}}});
  std::uint64_t duplicates = 0;
  ASSERT_TRUE(run(schema, 1, &duplicates).ok());
  EXPECT_EQ(duplicates, 3u);
  SegmentModel found;
  ASSERT_TRUE(read_segment(files_, "/t/out", &record_, &found).ok());
  std::set<std::uint32_t> epochs;
  for (const ModelRow& each : found[1]) epochs.insert(each.epoch);
  EXPECT_EQ(found[1].size(), 4u);
  EXPECT_EQ(epochs.size(), 4u);
}

// Of one file, too, whether or not another one goes on behind it.
TEST_F(Merge, FindsARowStoredTwiceWithinOneInput) {
  const TableSchema schema{5, "", {{"a", ValueType::kI64, false}}};
  const std::int64_t time = kDay * kNsPerDay;
  const auto row = [&](std::int64_t later, std::uint64_t sequence, std::uint32_t epoch) {
    return ModelRow{time + later, sequence, epoch, {{false, epoch, ""}}};
  };
  const SegmentModel twice = {{1,
                               {row(0, 8, 1), row(0, 9, 1), row(0, 9, 2), row(0, 9, 1),
                                row(0, 9, 2), row(1, 10, 1), row(1, 10, 1), row(1, 11, 1)}}};
  const SegmentModel later = {{1, {row(2, 12, 1), row(2, 12, 1)}}};
  for (const std::vector<SegmentModel>& models :
       {std::vector<SegmentModel>{twice}, std::vector<SegmentModel>{twice, later}}) {
    for (const SegmentModel& model : models) write(schema, model);
    expect_merged(schema, models, 1);
  }
}

// A block that moves as it is counts for one epoch.
TEST_F(Merge, CountsTheRowsOfEveryEpochOfAFullBlock) {
  const TableSchema schema{5, "", {{"a", ValueType::kI64, false}}};
  for (const std::size_t change : {std::size_t{1}, std::size_t{2000},
                                   std::size_t{kBlockRows - 1}}) {
    std::vector<ModelRow> rows = random_rows(random_, schema, kBlockRows, kDay * kNsPerDay, 1);
    for (std::size_t at = 0; at < rows.size(); at += 1) rows[at].epoch = at < change ? 1 : 2;
    write(schema, {{1, rows}});
    expect_merged(schema, {{{1, rows}}}, 1);
  }
}

// Two files, one after the other in time, 2 * 4096 and 100 rows each: what moves and what is
// encoded anew shows in the rows of the blocks.
TEST_F(Merge, MovesFullBlocksAsTheyAre) {
  const TableSchema schema{5, "", {{"a", ValueType::kText, true}, {"b", ValueType::kF64, false}}};
  std::vector<SegmentModel> models(2);
  for (std::size_t at = 0; at < 2; at += 1) {
    std::vector<ModelRow>& rows = models[at][1];
    rows = random_rows(random_, schema, 2 * kBlockRows + 100,
                       kDay * kNsPerDay + static_cast<std::int64_t>(at) * 100'000, at * 10'000);
    for (ModelRow& row : rows) row.epoch = 1;
    write(schema, models[at]);
  }
  const auto inputs = inputs_;
  std::uint64_t duplicates = 0;
  ASSERT_TRUE(run(schema, 1, &duplicates).ok());
  std::shared_ptr<const SegmentReader> output;
  ASSERT_TRUE(SegmentReader::open(files_, "/t/out", &record_, &output).ok());
  const std::uint32_t expected[] = {4096, 4096, 100, 4096, 4096, 100};
  ASSERT_EQ(output->blocks().size(), 6u);
  for (std::size_t block = 0; block < 6; block += 1) {
    EXPECT_EQ(output->blocks()[block].rows, expected[block]);
    for (std::size_t stream = 0; stream < output->streams().size(); stream += 1) {
      Bytes found;
      Bytes before;
      ASSERT_TRUE(output->strip_bytes(block, stream, &found).ok());
      ASSERT_TRUE(inputs[block / 3]->strip_bytes(block % 3, stream, &before).ok());
      EXPECT_TRUE(std::equal(found.begin(), found.end(), before.begin(), before.end()));
    }
  }
  ASSERT_TRUE(files_.remove("/t/out").ok());
  expect_merged(schema, models, 1);
}

TEST_F(Merge, FindsARowStoredTwiceAtTheEdgeOfAFullBlock) {
  const TableSchema schema{5, "", {{"a", ValueType::kI64, false}}};
  std::vector<ModelRow> rows = random_rows(random_, schema, kBlockRows, kDay * kNsPerDay, 1);
  for (ModelRow& row : rows) row.epoch = 1;
  for (const std::size_t edge : {std::size_t{0}, rows.size() - 1}) {
    const std::vector<SegmentModel> models = {{{1, {rows[edge]}}}, {{1, rows}}};
    for (const SegmentModel& model : models) write(schema, model);
    expect_merged(schema, models, 1);
  }
}

TEST_F(Merge, TakesFilesOfVersion1) {
  const SegmentModel first = random_ticks(random_, {3, 4}, 5000, kDay * kNsPerDay, 1);
  const SegmentModel second = random_ticks(random_, {4, 9}, 300, kDay * kNsPerDay, 20'000);
  write(tick_schema(), first);
  SegmentRecord record = write_segment_v1(files_, "/t/old", 6, kDay, second);
  std::shared_ptr<const SegmentReader> reader;
  const Status status = SegmentReader::open(files_, "/t/old", &record, &reader);
  ASSERT_TRUE(status.ok()) << status.text();
  inputs_.push_back(std::move(reader));
  expect_merged(tick_schema(), {first, second}, 1);
}

TEST_F(Merge, RefusesWhatDoesNotBelongTogether) {
  const TableSchema schema{5, "", {{"a", ValueType::kI64, false}}};
  TableSchema other = schema;
  other.columns[0].nullable = true;
  std::uint64_t bytes = 0;
  EXPECT_EQ(SegmentMerge(files_, "/t/out", 1, schema, {}).step(1, &bytes).code(),
            Code::kInvalidArgument);
  write(other, {{1, random_rows(random_, other, 3, kDay * kNsPerDay, 1)}});
  SegmentMerge merge(files_, "/t/out", 1, schema, inputs_);
  EXPECT_EQ(merge.step(1, &bytes).code(), Code::kInvalidArgument);
  merge.abandon();
  EXPECT_FALSE(files_.exists("/t/out"));
}

TEST_F(Merge, LeavesNothingWhenTheDiskFailsAndNoInputHarmed) {
  const TableSchema schema = random_schema(random_);
  const std::vector<SegmentModel> models = {
      {{1, random_rows(random_, schema, 9000, kDay * kNsPerDay, 1)}},
      {{1, random_rows(random_, schema, 900, kDay * kNsPerDay, 10'000)}}};
  for (const SegmentModel& model : models) write(schema, model);
  for (std::uint64_t nth = 1;; nth += 1) {
    files_.fail_write(nth, Code::kDiskFull);
    SegmentMerge merge(files_, "/t/out", 1, schema, inputs_);
    Status status;
    for (std::uint64_t bytes = 0; status.ok() && !merge.ended();) status = merge.step(1, &bytes);
    files_.clear_faults();
    if (status.ok()) break;
    EXPECT_EQ(status.code(), Code::kDiskFull);
    merge.abandon();
    merge.abandon();
    EXPECT_FALSE(files_.exists("/t/out"));
  }
  ASSERT_TRUE(files_.remove("/t/out").ok());
  files_.fail_sync(1, Code::kIoError);
  SegmentMerge merge(files_, "/t/out", 1, schema, inputs_);
  Status status;
  for (std::uint64_t bytes = 0; status.ok() && !merge.ended();) status = merge.step(1, &bytes);
  EXPECT_EQ(status.code(), Code::kIoError);
  merge.abandon();
  files_.clear_faults();
  expect_merged(schema, models, 1);
}

TEST_F(Merge, NamesTheInputThatIsDamaged) {
  const TableSchema schema{5, "", {{"a", ValueType::kI64, false}}};
  write(schema, {{1, random_rows(random_, schema, 30, kDay * kNsPerDay, 1)}});
  write(schema, {{1, random_rows(random_, schema, 30, kDay * kNsPerDay, 100)}});
  files_.flip_bit("/t/in1", inputs_[1]->blocks()[0].offset + 9, 3);
  std::uint64_t duplicates = 0;
  const Status status = run(schema, 1, &duplicates);
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_EQ(status.file(), "/t/in1");
}

}  // namespace
}  // namespace ndts
