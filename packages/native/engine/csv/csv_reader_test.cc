// The reader against a plain one on random text, split at every byte between blocks and begun again
// at every record; and each rule by an example.
#include "csv/csv_reader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <random>

#include "csv/csv_test_kit.h"
#include "db/db_test_kit.h"

namespace ndts {
namespace {

using Row = std::vector<std::string>;

struct Outcome {
  std::vector<Row> rows;
  std::vector<std::string> rejects;  // line, offset, text
  bool operator==(const Outcome&) const = default;
};

std::string reject_text(std::uint64_t line, std::uint64_t offset, const std::string& text) {
  return std::to_string(line) + " " + std::to_string(offset) + " " + text;
}

// Obviously right, and slow: one byte after the other.
class PlainParser {
 public:
  PlainParser(std::string text, const CsvPlan& plan) : text_(std::move(text)), plan_(plan) {}

  Outcome parse() {
    std::uint64_t line = 1;
    for (std::size_t at = 0; at < text_.size();) {
      const std::optional<std::size_t> end = end_of(at);
      const std::size_t stop = end ? *end : std::min(text_.find('\n', at), text_.size());
      std::string record = text_.substr(at, stop - at);
      const std::uint64_t lines = std::count(record.begin(), record.end(), '\n') + 1u;
      if (record.ends_with('\r')) record.pop_back();
      const bool is_passed = record.empty() || record[0] == plan_.dialect.comment;
      if (!end) outcome_.rejects.push_back(reject_text(line, at, record));
      else if (!is_passed) take(record, line, at);
      line += lines;
      at = stop + 1;
    }
    return outcome_;
  }

 private:
  // Of the record; none: it has a quote that nothing closes.
  std::optional<std::size_t> end_of(std::size_t at) const {
    if (plan_.dialect.comment != 0 && text_[at] == plan_.dialect.comment)
      return std::min(text_.find('\n', at), text_.size());
    bool starts = true;
    for (; at < text_.size(); at += 1) {
      if (starts && text_[at] == '"') {
        for (at += 1; at < text_.size(); at += 1) {
          if (text_[at] != '"') continue;
          if (at + 1 == text_.size() || text_[at + 1] != '"') break;
          at += 1;
        }
        if (at == text_.size()) return std::nullopt;
        starts = false;
        continue;
      }
      if (text_[at] == '\n') return at;
      starts = text_[at] == ',';
    }
    return text_.size();
  }

  void take(const std::string& record, std::uint64_t line, std::size_t offset) {
    Row row;
    bool good = true;
    std::size_t at = 0;
    while (true) {
      std::string field;
      const bool is_quoted = at < record.size() && record[at] == '"';
      if (is_quoted) {
        for (at += 1; at < record.size(); at += 1) {
          if (record[at] == '"' && (at + 1 == record.size() || record[at + 1] != '"')) break;
          if (record[at] == '"') at += 1;
          field += record[at];
        }
        at += 1;
        good = good && (at >= record.size() || record[at] == ',');
      }
      while (at < record.size() && record[at] != ',') field += record[at++];
      row.push_back(field.empty() && !is_quoted ? "<null>" : field);
      if (at >= record.size()) break;
      at += 1;
    }
    if (good && row.size() == plan_.fields) outcome_.rows.push_back(row);
    else outcome_.rejects.push_back(reject_text(line, offset, record));
  }

  const std::string text_;
  const CsvPlan& plan_;
  Outcome outcome_;
};

struct Place {
  std::uint64_t offset;
  std::uint64_t line;
  std::size_t rows;
  std::size_t rejects;
};

Outcome read_all(FileSystem& files, const CsvPlan& plan, std::size_t capacity,
                 std::vector<Place>* places = nullptr) {
  Outcome outcome;
  std::unique_ptr<CsvReader> reader;
  const Status opened = CsvReader::open(files, plan, &reader);
  EXPECT_TRUE(opened.ok()) << opened.text();
  if (!opened.ok()) return outcome;
  CsvTestRows rows(plan.columns, capacity);
  CsvBatch batch;
  while (!batch.ended) {
    const Status read = reader->next(rows.rows(), &batch);
    EXPECT_TRUE(read.ok()) << read.text();
    if (!read.ok()) return outcome;
    for (std::size_t at = 0; at < batch.rows; at += 1) {
      Row row;
      for (std::uint32_t field = 0; field < plan.fields; field += 1)
        row.push_back(rows.text(field, at, batch));
      outcome.rows.push_back(row);
    }
    for (const CsvReject& reject : batch.rejects)
      outcome.rejects.push_back(reject_text(reject.line, reject.offset, reject.text));
    if (places != nullptr)
      places->push_back({reader->offset(), reader->line(), outcome.rows.size(),
                         outcome.rejects.size()});
  }
  return outcome;
}

std::string random_csv(std::mt19937_64& random) {
  const std::string letters = "ab,,\n\"\"\r#";
  std::string text;
  const std::size_t records = random() % 12;
  for (std::size_t record = 0; record < records; record += 1) {
    for (int field = 0; field < 3; field += 1) {
      if (field > 0) text += ',';
      const std::uint64_t style = random() % 8;
      if (style < 3) text += std::to_string(random() % 1000);
      else if (style < 5) text += "\"q" + std::string(random() % 3, '\n') + "\"\",\"";
      else if (style == 5) text += "\"\"";
      else if (style == 6 && random() % 4 == 0) text += letters[random() % letters.size()];
    }
    text += random() % 3 == 0 ? "\r\n" : "\n";
    if (random() % 30 == 0) text += letters[random() % letters.size()];
  }
  if (random() % 3 == 0 && !text.empty()) text.pop_back();
  return text;
}

class CsvReaderTest : public testing::Test {
 protected:
  SimFileSystem files_{1};
  const std::uint64_t seed_ = test_seed(64);
  std::mt19937_64 random_{seed_};
};

TEST_F(CsvReaderTest, ReadsWhatAPlainParserReads) {
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed_));
  std::size_t rows = 0;
  std::size_t rejects = 0;
  for (int round = 0; round < 1500; round += 1) {
    const std::string text = random_csv(random_);
    put_csv(files_, "f/a.csv", text);
    CsvPlan plan = text_plan("f/a.csv", 3);
    if (random_() % 2 == 0) plan.dialect.comment = '#';
    plan.block_bytes = random_() % 2 == 0 ? 1 + random_() % 40 : 1u << 16;
    const Outcome wanted = PlainParser(text, plan).parse();
    std::vector<Place> places;
    const Outcome found = read_all(files_, plan, 1 + random_() % 5, &places);
    ASSERT_EQ(found.rows, wanted.rows) << text;
    ASSERT_EQ(found.rejects, wanted.rejects) << text;
    rows += found.rows.size();
    rejects += found.rejects.size();
    // From every place that was told, what is left.
    for (const Place& place : places) {
      if (place.offset == 0) continue;
      CsvPlan again = plan;
      again.offset = place.offset;
      again.line = place.line;
      const Outcome rest = read_all(files_, again, 3);
      ASSERT_EQ(rest.rows, std::vector<Row>(wanted.rows.begin() + static_cast<long>(place.rows),
                                            wanted.rows.end())) << text;
      ASSERT_EQ(rest.rejects,
                std::vector<std::string>(wanted.rejects.begin() + static_cast<long>(place.rejects),
                                         wanted.rejects.end())) << text;
    }
  }
  EXPECT_GT(rows, 3000u);
  EXPECT_GT(rejects, 300u);
}

TEST_F(CsvReaderTest, BlocksMayEndAnywhere) {
  const std::string text = "\xef\xbb\xbf# note \"\nx,y\r\n1,\"a\nb\"\r\n\r\n2,\"\"\"\"\n3,\n4,\"\"";
  put_csv(files_, "f/a.csv", text);
  CsvPlan plan = text_plan("f/a.csv", 2);
  plan.has_header = true;
  plan.dialect.comment = '#';
  const std::vector<Row> wanted = {{"1", "a\nb"}, {"2", "\""}, {"3", "<null>"}, {"4", ""}};
  for (std::size_t bytes = 1; bytes <= text.size() + 1; bytes += 1) {
    plan.block_bytes = bytes;
    const Outcome found = read_all(files_, plan, 1024);
    ASSERT_EQ(found.rows, wanted) << bytes;
    ASSERT_TRUE(found.rejects.empty());
  }
}

TEST_F(CsvReaderTest, EndsWhereTheFileEndsAlsoWithoutANewline) {
  for (const char* text : {"1,2\n", "1,2", "1", "\xc8", ""}) {
    put_csv(files_, "f/a.csv", text);
    const CsvPlan plan = text_plan("f/a.csv", 2);
    std::unique_ptr<CsvReader> reader;
    ASSERT_TRUE(CsvReader::open(files_, plan, &reader).ok());
    CsvTestRows rows(plan.columns, 16);
    CsvBatch batch;
    while (!batch.ended) ASSERT_TRUE(reader->next(rows.rows(), &batch).ok());
    EXPECT_EQ(reader->offset(), reader->file_bytes()) << text;
  }
}

TEST_F(CsvReaderTest, AQuoteThatNothingClosesCostsItsLine) {
  put_csv(files_, "f/a.csv", "1,\"open\n2,b\n3,c\n");
  EXPECT_EQ(read_all(files_, text_plan("f/a.csv", 2), 10),
            (Outcome{{{"2", "b"}, {"3", "c"}}, {"1 0 1,\"open"}}));
  // And what is longer than a record may be costs itself.
  CsvPlan plan = text_plan("f/a.csv", 2);
  plan.record_bytes_max = 64;
  plan.block_bytes = 16;
  put_csv(files_, "f/a.csv", "1,\"" + std::string(200, 'x') + "\"\n2,b\n");
  const Outcome found = read_all(files_, plan, 10);
  EXPECT_EQ(found.rows, (std::vector<Row>{{"2", "b"}}));
  EXPECT_EQ(found.rejects.size(), 1u);
}

TEST_F(CsvReaderTest, ManyRejectsEndABatchEarly) {
  std::string text;
  for (int line = 0; line < 5000; line += 1) text += "1,2,3\n";
  put_csv(files_, "f/a.csv", text);
  std::unique_ptr<CsvReader> reader;
  const CsvPlan plan = text_plan("f/a.csv", 2);
  ASSERT_TRUE(CsvReader::open(files_, plan, &reader).ok());
  CsvTestRows rows(plan.columns, 1 << 20);
  CsvBatch batch;
  ASSERT_TRUE(reader->next(rows.rows(), &batch).ok());
  EXPECT_FALSE(batch.ended);
  EXPECT_LT(batch.rejects.size(), 3000u);
  EXPECT_EQ(batch.rejects.back().line, batch.rejects.size());
  EXPECT_EQ(read_all(files_, plan, 100).rejects.size(), 5000u);
}

CsvColumn typed(std::uint32_t field, ValueType type, bool nullable) {
  CsvColumn column;
  column.field = field;
  column.column = field;
  column.type = type;
  column.nullable = nullable;
  return column;
}

TEST_F(CsvReaderTest, ValuesOfEveryType) {
  CsvPlan plan = text_plan("f/a.csv", 0);
  plan.fields = 6;
  plan.null_words = {"NA"};
  const ValueType types[] = {ValueType::kF64, ValueType::kI64, ValueType::kI32,
                             ValueType::kF32, ValueType::kBool, ValueType::kBytes};
  for (std::uint32_t field = 0; field < 6; field += 1)
    plan.columns.push_back(typed(field, types[field], field % 2 == 1));
  put_csv(files_, "f/a.csv", "1.5, -7 ,8,NA,true,0aff\n"
                             ",NA,9,2.5,f,\n"
                             "\"3\",\"\",\"1\",\"\",1,\"\"\n"
                             "x,1,1,1,1,00\n"
                             "1,1,,1,1,00\n"
                             "1,1,1,1,7,00\n"
                             "1,1,1,1,1,0\n");
  std::unique_ptr<CsvReader> reader;
  ASSERT_TRUE(CsvReader::open(files_, plan, &reader).ok());
  CsvTestRows rows(plan.columns, 16);
  CsvBatch batch;
  ASSERT_TRUE(reader->next(rows.rows(), &batch).ok());
  ASSERT_EQ(batch.rows, 3u);
  EXPECT_EQ(rows.value<double>(0, 0), 1.5);
  EXPECT_TRUE(std::isnan(rows.value<double>(0, 1)));
  EXPECT_EQ(rows.value<double>(0, 2), 3);
  EXPECT_EQ(rows.value<std::int64_t>(1, 0), -7);
  EXPECT_TRUE(rows.is_null(1, 1) && rows.is_null(1, 2) && !rows.is_null(1, 0));
  EXPECT_EQ(rows.value<std::int32_t>(2, 1), 9);
  EXPECT_TRUE(rows.is_null(3, 0));
  EXPECT_EQ(rows.value<float>(3, 1), 2.5f);
  EXPECT_EQ(rows.value<std::uint8_t>(4, 0), 1);
  EXPECT_EQ(rows.value<std::uint8_t>(4, 1), 0);
  EXPECT_EQ(rows.text(5, 0, batch), "\x0a\xff");
  EXPECT_EQ(rows.text(5, 1, batch), "<null>");
  EXPECT_EQ(rows.text(5, 2, batch), "");
  std::vector<std::string> reasons;
  for (const CsvReject& reject : batch.rejects)
    reasons.push_back(std::to_string(reject.line) + " " + std::to_string(reject.field) + " " +
                      reject.reason);
  EXPECT_EQ(reasons, (std::vector<std::string>{
                         "4 0 not a number", "5 2 empty, and the column holds no nulls",
                         "6 4 neither true nor false", "7 5 not hexadecimal bytes"}));
}

TEST_F(CsvReaderTest, SymbolsAreNumberedAsTheyCome) {
  CsvPlan plan;
  plan.path = "f/a.csv";
  plan.has_header = false;
  plan.fields = 3;
  CsvColumn time;
  time.target = CsvTarget::kTime;
  time.field = 0;
  time.second = 1;
  CsvColumn symbol;
  symbol.target = CsvTarget::kSymbol;
  symbol.field = 2;
  plan.columns = {symbol, time};
  std::string text = "20240102,93000,B\n20240102,93000,A\nx,1,C\n20240102,93001,B\n1,1,\n";
  for (int name = 0; name < 3000; name += 1)
    text += "20240102,1," + std::to_string(name) + "\n20240102,1,A\n";
  put_csv(files_, "f/a.csv", text);
  std::unique_ptr<CsvReader> reader;
  ASSERT_TRUE(CsvReader::open(files_, plan, &reader).ok());
  CsvTestRows rows(plan.columns, 10'000);
  CsvBatch batch;
  ASSERT_TRUE(reader->next(rows.rows(), &batch).ok());
  ASSERT_EQ(batch.rows, 6003u);
  EXPECT_EQ(batch.rejects.size(), 2u);
  // C was in a bad row only.
  ASSERT_EQ(reader->symbols().count(), 3002u);
  EXPECT_EQ(reader->symbols().name(0), "B");
  EXPECT_EQ(reader->symbols().name(1), "A");
  EXPECT_EQ(rows.rows().symbol[2], 0u);
  EXPECT_EQ(rows.rows().day[0], 19724);
  EXPECT_EQ(rows.rows().ns_of_day[2], 34'201e9);
  for (std::uint32_t name = 0; name < 3000; name += 1) {
    ASSERT_EQ(rows.rows().symbol[3 + 2 * name], name + 2);
    ASSERT_EQ(rows.rows().symbol[4 + 2 * name], 1u);
  }
}

TEST_F(CsvReaderTest, RefusesPlansThatCannotBe) {
  put_csv(files_, "f/a.csv", "1,2\n");
  std::unique_ptr<CsvReader> reader;
  const auto refused = [&](const CsvPlan& plan) {
    return CsvReader::open(files_, plan, &reader).code() == Code::kInvalidArgument;
  };
  CsvPlan plan = text_plan("f/a.csv", 2);
  plan.dialect.delimiter = '"';
  EXPECT_TRUE(refused(plan));
  plan = text_plan("f/a.csv", 2);
  plan.columns[0].field = 2;
  EXPECT_TRUE(refused(plan));
  plan = text_plan("f/a.csv", 2);
  plan.columns[2].constant = "yesterday";
  EXPECT_TRUE(refused(plan));
  plan = text_plan("f/a.csv", 2);
  plan.time_pattern = "%Q";
  EXPECT_TRUE(refused(plan));
  plan = text_plan("f/b.csv", 2);
  EXPECT_EQ(CsvReader::open(files_, plan, &reader).code(), Code::kNotFound);
}

TEST_F(CsvReaderTest, AFailedReadIsAnError) {
  put_csv(files_, "f/a.csv", std::string(100, '1') + ",2\n");
  CsvPlan plan = text_plan("f/a.csv", 2);
  plan.block_bytes = 16;
  std::unique_ptr<CsvReader> reader;
  ASSERT_TRUE(CsvReader::open(files_, plan, &reader).ok());
  std::unique_ptr<File> file;
  ASSERT_TRUE(files_.open("f/a.csv", OpenMode::kReadWrite, &file).ok());
  ASSERT_TRUE(file->truncate(40).ok());
  CsvTestRows rows(plan.columns, 8);
  CsvBatch batch;
  EXPECT_EQ(reader->next(rows.rows(), &batch).code(), Code::kCorrupt);
}

TEST_F(CsvReaderTest, SamplesTheFirstRecords) {
  put_csv(files_, "f/a.csv", "note\nx;y\n1;\n\n'a''b';''\n3;4\n");
  CsvPlan plan;
  plan.path = "f/a.csv";
  plan.dialect = {';', '\'', '\0'};
  plan.skip_lines = 1;
  std::vector<std::vector<CsvSampleField>> sample;
  ASSERT_TRUE(sample_csv(files_, plan, 3, &sample).ok());
  ASSERT_EQ(sample.size(), 3u);
  EXPECT_EQ(sample[0][1].text, "y");
  EXPECT_TRUE(sample[1][1].is_null);
  EXPECT_EQ(sample[2][0].text, "a'b");
  EXPECT_FALSE(sample[2][1].is_null);
}

}  // namespace
}  // namespace ndts
