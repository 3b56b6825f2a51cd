// One segment: what goes in comes out bit for bit; every flipped byte and every length it is cut
// to is named; small symbols share blocks.
#include "base/long_test_kit.h"
#include "table/segment_fuzz.h"
#include "table/segment_v1_test_kit.h"

namespace ndts {
namespace {

constexpr std::int64_t kStart = kDay * kNsPerDay;

const TableSchema& all_types() {
  static const TableSchema schema = [] {
    TableSchema made;
    made.id = 9;
    for (std::uint32_t type = 1; type <= 8; type += 1)
      made.columns.push_back(
          {"column" + std::to_string(type), static_cast<ValueType>(type), type % 2 == 1});
    return made;
  }();
  return schema;
}

class Segment : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(files_.make_directory("/t").ok()); }

  void write(const TableSchema& schema, const SegmentModel& model, std::int64_t day = kDay) {
    if (files_.exists(path_)) static_cast<void>(files_.remove(path_));
    const Status status = write_segment(files_, path_, random_, schema, day, model, &record_);
    ASSERT_TRUE(status.ok()) << status.text();
  }
  void open() {
    const Status status = SegmentReader::open(files_, path_, &record_, &reader_);
    ASSERT_TRUE(status.ok()) << status.text();
  }
  void expect_same(const TableSchema& schema, const SegmentModel& model) {
    ASSERT_NO_FATAL_FAILURE(open());
    SegmentModel found;
    const Status status = read_segment(*reader_, &found);
    ASSERT_TRUE(status.ok()) << status.text();
    EXPECT_TRUE(found == model);
    EXPECT_EQ(reader_->schema().columns, schema.columns);
    EXPECT_EQ(reader_->schema().id, schema.id);
    EXPECT_EQ(reader_->names().size(), model.size());
    for (const SegmentName& name : reader_->names())
      EXPECT_EQ(reader_->name(name), symbol_name(name.symbol));
  }
  // Every row, and every strip: what is not needed for the rows may be damaged.
  [[nodiscard]] Status read(const SegmentModel* expected = nullptr) {
    std::shared_ptr<const SegmentReader> reader;
    SegmentModel found;
    NDTS_TRY(SegmentReader::open(files_, path_, nullptr, &reader));
    NDTS_TRY(read_segment(*reader, &found));
    if (expected != nullptr) {
      EXPECT_TRUE(found == *expected);
    }
    Bytes bytes;
    for (std::size_t block = 0; block < reader->blocks().size(); block += 1)
      for (std::size_t stream = 0; stream < reader->streams().size(); stream += 1)
        NDTS_TRY(reader->strip_bytes(block, stream, &bytes));
    return {};
  }
  void expect_every_flip_named(const SegmentModel& model) {
    for (std::uint64_t at = 0; at < record_.bytes; at += 1) {
      const auto bit = static_cast<unsigned>(at % 8);
      files_.flip_bit(path_, at, bit);
      const Status status = read(&model);
      EXPECT_EQ(status.code(), Code::kCorrupt) << "byte " << at << ": " << status.text();
      EXPECT_EQ(status.file(), path_);
      files_.flip_bit(path_, at, bit);
    }
    EXPECT_TRUE(read().ok());
  }
  void expect_every_cut_named() {
    for (std::uint64_t bytes = record_.bytes; bytes > 0; bytes -= 1) {
      files_.cut(path_, bytes - 1);
      EXPECT_EQ(read().code(), Code::kCorrupt) << "cut to " << bytes - 1;
    }
  }

  SimFileSystem files_{1};
  Random random_{1};
  const std::string path_ = "/t/s";
  SegmentRecord record_{};
  std::shared_ptr<const SegmentReader> reader_;
};

TEST_F(Segment, ReadsBackRandomTablesBitForBit) {
  const std::uint64_t seed = segment_seed(7);
  SCOPED_TRACE("NDTS_TEST_SEED=" + std::to_string(seed));
  random_.seed(seed);
  for (int round = 0; round < (long_tests() ? 25 : 6); round += 1) {
    const TableSchema schema = random_schema(random_);
    SegmentModel model;
    std::uint64_t sequence = random_() % 1000;
    for (std::uint32_t symbol = 0; model.size() < 1 + random_() % 6;) {
      const std::size_t sizes[] = {1,    3,    kOwnBlockRows - 1, kOwnBlockRows, kOwnBlockRows + 1,
                                   4095, 4096, 4097,              5119,          5120};
      const std::size_t count = sizes[random_() % 10];
      model[symbol] = random_rows(random_, schema, count, kStart, sequence);
      symbol += 1 + static_cast<std::uint32_t>(random_() % 5);
      sequence += count;
    }
    ASSERT_NO_FATAL_FAILURE(write(schema, model));
    expect_same(schema, model);
  }
}

TEST_F(Segment, ReadsOneRow) {
  const SegmentModel model = {{0xffff'ffff, random_rows(random_, all_types(), 1, kStart, 0)}};
  ASSERT_NO_FATAL_FAILURE(write(all_types(), model));
  expect_same(all_types(), model);
  EXPECT_TRUE(reader_->runs(0).empty());
  EXPECT_EQ(reader_->runs(0xffff'ffff).size(), 1u);
}

TEST_F(Segment, ReadsTheEndsOfTime) {
  const TableSchema schema{2, "", {{"a", ValueType::kI64, false}}};
  constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t from : {kFirst, kLast - 8}) {
    SegmentModel model;
    for (std::int64_t at = 0; at < 9; at += 1)
      model[1].push_back({from + at, static_cast<std::uint64_t>(at), 1, {{}}});
    ASSERT_NO_FATAL_FAILURE(write(schema, model, day_of(from)));
    expect_same(schema, model);
    EXPECT_EQ(reader_->record().min_time, from);
    EXPECT_EQ(reader_->record().max_time, from + 8);
  }
}

TEST_F(Segment, KeepsTextsOfAnyBytes) {
  const TableSchema schema{2, "", {{"t", ValueType::kText, true}, {"b", ValueType::kBytes, false}}};
  SegmentModel model;
  for (std::size_t at = 0; at < 6000; at += 1) {
    const std::string text = std::string(at % 300, '\0') + std::to_string(at % 77) + '\0';
    model[1].push_back({kStart, at, 1, {{at % 5 == 0, 0, at % 5 == 0 ? "" : text},
                                        {false, 0, at % 3 == 0 ? "" : "\xff" + text}}});
  }
  // Each the beginning of all before it.
  for (std::size_t at = 0; at < 2000; at += 1) {
    const std::string text(2000 - at, 'a');
    model[2].push_back({kStart, 6000 + at, 1, {{false, 0, text}, {false, 0, text}}});
  }
  ASSERT_NO_FATAL_FAILURE(write(schema, model));
  expect_same(schema, model);
}

// Repeats are stored once; a block whose texts are large ends early.
TEST_F(Segment, KeepsHeapsSmall) {
  const TableSchema schema{2, "", {{"t", ValueType::kText, false}}};
  SegmentModel model;
  for (std::size_t at = 0; at < 3000; at += 1)
    model[1].push_back({kStart, at, 1, {{false, 0, at % 2 == 0 ? "buy" : "sell"}}});
  ASSERT_NO_FATAL_FAILURE(write(schema, model));
  expect_same(schema, model);
  EXPECT_EQ(reader_->strip(0, 4).bytes, 4 + 3 + 4 + 4u);
  model.clear();
  const std::size_t large = kBlockTextBytes / 3;
  for (std::size_t at = 0; at < 7; at += 1)
    model[1].push_back({kStart, at, 1, {{false, 0, std::string(large, static_cast<char>(at))}}});
  ASSERT_NO_FATAL_FAILURE(write(schema, model));
  expect_same(schema, model);
  EXPECT_EQ(reader_->blocks().size(), 4u);
}

TEST_F(Segment, SaysWhatIsLeastAndGreatest) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const TableSchema schema{2,
                           "",
                           {{"f64", ValueType::kF64, false},
                            {"nan", ValueType::kF64, false},
                            {"f32", ValueType::kF32, false},
                            {"i32", ValueType::kI32, false},
                            {"symbol", ValueType::kSymbol, false},
                            {"i64", ValueType::kI64, true}}};
  const auto real = [](double value) { return std::bit_cast<std::uint64_t>(value); };
  const auto row = [&](std::uint64_t sequence, double wide, float narrow, std::int32_t number,
                       std::uint32_t symbol, std::int64_t nullable, bool null) {
    return ModelRow{kStart + static_cast<std::int64_t>(sequence),
                    sequence,
                    1,
                    {{false, real(wide), ""},
                     {false, real(std::nan("1")), ""},
                     {false, std::bit_cast<std::uint32_t>(narrow), ""},
                     {false, static_cast<std::uint32_t>(number), ""},
                     {false, symbol, ""},
                     {null, static_cast<std::uint64_t>(nullable), ""}}};
  };
  write(schema, {{4, {row(5, 1.5, -2.5F, -7, 3'000'000'000, 0, true),
                      row(6, std::nan(""), 8.25F, 9, 1, -3, false),
                      row(8, -0.5, std::nanf(""), 0, 2, -9, false)}}});
  ASSERT_NO_FATAL_FAILURE(open());
  const auto expect = [this](StreamPart part, std::size_t column, std::uint64_t min,
                             std::uint64_t max) {
    const SegmentStrip& strip =
        reader_->strip(0, static_cast<std::size_t>(reader_->stream(part, column)));
    EXPECT_EQ(strip.min, min) << column;
    EXPECT_EQ(strip.max, max) << column;
  };
  expect(StreamPart::kTime, 0, kStart + 5, kStart + 8);
  expect(StreamPart::kSequence, 0, 5, 8);
  expect(StreamPart::kEpoch, 0, 1, 1);
  expect(StreamPart::kValues, 0, real(-0.5), real(1.5));
  expect(StreamPart::kValues, 1, real(kInfinity), real(-kInfinity));
  expect(StreamPart::kValues, 2, real(-2.5), real(8.25));
  expect(StreamPart::kValues, 3, static_cast<std::uint64_t>(-7), 9);
  expect(StreamPart::kValues, 4, 1, 3'000'000'000);
  expect(StreamPart::kValues, 5, static_cast<std::uint64_t>(-9), static_cast<std::uint64_t>(-3));
  expect(StreamPart::kNulls, 5, 0, 1);
  EXPECT_EQ(reader_->stream(StreamPart::kNulls, 0), -1);
  EXPECT_EQ(reader_->stream(StreamPart::kHeap, 0), -1);
  EXPECT_EQ(reader_->stream(StreamPart::kValues, 6), -1);
  EXPECT_EQ(reader_->record().first_sequence, 5u);
  EXPECT_EQ(reader_->record().end_sequence, 9u);
}

TEST_F(Segment, GivesLargeSymbolsBlocksOfTheirOwn) {
  const TableSchema schema{2, "", {{"a", ValueType::kI64, false}}};
  SegmentModel model;
  const std::size_t counts[] = {10, 20, 4096 + 1500, 30, 4096 + 10, 5, kOwnBlockRows, 7};
  for (std::uint32_t symbol = 0; symbol < 8; symbol += 1)
    model[symbol] = random_rows(random_, schema, counts[symbol], kStart, symbol * 10'000);
  ASSERT_NO_FATAL_FAILURE(write(schema, model));
  expect_same(schema, model);
  std::vector<std::uint32_t> rows;
  for (const SegmentBlock& block : reader_->blocks()) rows.push_back(block.rows);
  EXPECT_EQ(rows, (std::vector<std::uint32_t>{30, 4096, 1500, 30, 4096, 15, 1024, 7}));
  EXPECT_EQ(reader_->runs(2).size(), 2u);
  EXPECT_EQ(reader_->runs(4).size(), 2u);
}

// A merge finds out only on the way that some of the rows it announced are there twice.
TEST_F(Segment, KeepsABlockToASymbolThatHasFewerRowsThanAnnounced) {
  const TableSchema schema{2, "", {{"a", ValueType::kI64, false}}};
  SegmentModel model = {{1, random_rows(random_, schema, 10, kStart, 0)},
                        {2, random_rows(random_, schema, 5, kStart, 10)}};
  SegmentWriter writer(files_, path_, 42, schema, 6, kDay);
  ASSERT_TRUE(writer.create().ok());
  for (const auto& [symbol, rows] : model) {
    ASSERT_TRUE(writer.begin_symbol(symbol, symbol_name(symbol), symbol == 1 ? 5000 : 5).ok());
    ASSERT_TRUE(add_in_slices(writer, random_, schema, rows).ok());
  }
  ASSERT_TRUE(writer.finish(&record_).ok());
  expect_same(schema, model);
  ASSERT_EQ(reader_->blocks().size(), 2u);
  EXPECT_EQ(reader_->blocks()[0].rows, 10u);
}

TEST_F(Segment, IsSmallForManySmallSymbols) {
  const TableSchema schema{2, "", {{"a", ValueType::kI64, false}}};
  RowBuffer rows(schema, 3);
  for (std::size_t at = 0; at < 3; at += 1) {
    rows.time()[at] = kStart;
    rows.sequence()[at] = at;
    rows.epoch()[at] = 1;
    store(rows.values(0) + 8 * at, at);
  }
  rows.set_count(3);
  SegmentWriter writer(files_, path_, 42, schema, 6, kDay);
  ASSERT_TRUE(writer.create().ok());
  constexpr std::uint32_t kSymbols = 100'000;
  for (std::uint32_t symbol = 0; symbol < kSymbols; symbol += 1) {
    ASSERT_TRUE(writer.begin_symbol(symbol, "S", 3).ok());
    ASSERT_TRUE(writer.add(rows.view()).ok());
  }
  ASSERT_TRUE(writer.finish(&record_).ok());
  ASSERT_NO_FATAL_FAILURE(open());
  const std::size_t blocks = (3 * kSymbols + kBlockRows - 1) / kBlockRows;
  EXPECT_EQ(reader_->blocks().size(), blocks);
  EXPECT_LE(reader_->runs().size(), kSymbols + blocks);
  EXPECT_LT(record_.bytes, kSymbols * (sizeof(SegmentRun) + sizeof(SegmentName) + 3 * 8));
}

TEST_F(Segment, ReadsOnlyTheColumnsThatAreWanted) {
  const SegmentModel model = {{1, random_rows(random_, all_types(), 50, kStart, 1)}};
  ASSERT_NO_FATAL_FAILURE(write(all_types(), model));
  ASSERT_NO_FATAL_FAILURE(open());
  // A column that is not wanted may be damaged.
  const auto stream = static_cast<std::size_t>(reader_->stream(StreamPart::kValues, 3));
  files_.flip_bit(path_, reader_->blocks()[0].offset + reader_->strip(0, stream).offset + 9, 2);
  bool wanted[8] = {};
  wanted[1] = true;
  BlockRows rows(all_types());
  ASSERT_TRUE(rows.read(*reader_, 0, wanted).ok());
  const RowsView view = rows.view(10, 5);
  EXPECT_EQ(view.count, 5u);
  EXPECT_EQ(view.sequence[0], 11u);
  EXPECT_EQ(load<std::uint64_t>(view.values[1]), model.at(1)[10].cells[1].bits);
  EXPECT_EQ(view.values[3], nullptr);
  EXPECT_EQ(rows.read(*reader_, 0).code(), Code::kCorrupt);
}

// What nothing makes smaller is not copied.
TEST_F(Segment, HandsOutRawColumnsFromTheMapping) {
  const TableSchema schema{2, "", {{"a", ValueType::kI64, false}}};
  SegmentModel model;
  for (std::size_t at = 0; at < 2000; at += 1)
    model[1].push_back({kStart, at, 1, {{false, random_(), ""}}});
  ASSERT_NO_FATAL_FAILURE(write(schema, model));
  expect_same(schema, model);
  std::vector<std::byte> room(8 * 2000);
  codec::Scratch scratch;
  const std::byte* values = nullptr;
  Bytes bytes;
  ASSERT_TRUE(reader_->strip_bytes(0, 3, &bytes).ok());
  ASSERT_TRUE(reader_->read(0, 3, room, &scratch, &values).ok());
  EXPECT_EQ(values, bytes.data() + sizeof(CodecHeader));
  ASSERT_TRUE(reader_->read(0, 0, room, &scratch, &values).ok());
  EXPECT_EQ(values, room.data());
}

TEST_F(Segment, NamesEveryFlippedByte) {
  const SegmentModel model = {{3, random_rows(random_, all_types(), 30, kStart, 1)},
                              {9, random_rows(random_, all_types(), 10, kStart, 50)}};
  ASSERT_NO_FATAL_FAILURE(write(all_types(), model));
  expect_every_flip_named(model);
}

TEST_F(Segment, NamesEveryLengthItIsCutTo) {
  const SegmentModel model = {{3, random_rows(random_, all_types(), 20, kStart, 1)}};
  ASSERT_NO_FATAL_FAILURE(write(all_types(), model));
  expect_every_cut_named();
}

// As if somebody had meant it: whatever a byte is changed to, what is read is inside the file.
TEST_F(Segment, StaysInsideTheFileBehindRightChecksums) {
  const SegmentModel model = {{3, random_rows(random_, all_types(), 30, kStart, 1)},
                              {9, random_rows(random_, all_types(), 10, kStart, 50)}};
  ASSERT_NO_FATAL_FAILURE(write(all_types(), model));
  std::vector<std::byte> image;
  ASSERT_TRUE(files_.read_file(path_, &image).ok());
  std::size_t refused = 0;
  std::size_t tried = 0;
  for (std::size_t at = 0; at < image.size(); at += 1) {
    for (const unsigned change : {1u, 0x80u, 0xffu}) {
      if (!long_tests() && (at + change) % 7 != 0) continue;
      tried += 1;
      std::vector<std::byte> changed = image;
      changed[at] ^= static_cast<std::byte>(change);
      repair_segment(2, &changed);
      ASSERT_TRUE(files_.replace(path_, changed).ok());
      const Status status = read();
      if (!status.ok()) {
        refused += 1;
        EXPECT_TRUE(status.code() == Code::kCorrupt || status.code() == Code::kVersionTooNew);
        EXPECT_EQ(status.file(), path_);
      }
    }
  }
  EXPECT_GT(refused, tried / 3);
}

// One thing in the footer, the header or a strip made wrong, all checksums right.
TEST_F(Segment, NamesWhatDoesNotAgreeBehindRightChecksums) {
  const SegmentModel model = {{3, random_rows(random_, all_types(), 30, kStart, 1)},
                              {9, random_rows(random_, all_types(), 10, kStart, 50)}};
  ASSERT_NO_FATAL_FAILURE(write(all_types(), model));
  ASSERT_NO_FATAL_FAILURE(open());
  const std::uint64_t streams = reader_->streams().size();
  std::vector<std::byte> image;
  ASSERT_TRUE(files_.read_file(path_, &image).ok());
  const auto trailer = load<SegmentTrailer>(image.data() + image.size() - sizeof(SegmentTrailer));
  const std::uint64_t block = trailer.footer_offset;
  const std::uint64_t strip = block + sizeof(SegmentBlock);
  const std::uint64_t run = strip + streams * sizeof(SegmentStrip);
  const std::uint64_t stream = run + 2 * sizeof(SegmentRun);
  const std::uint64_t name = stream + streams * sizeof(SegmentStream);
  const std::uint64_t range = name + 2 * sizeof(SegmentName);
  const std::uint64_t text_end = image.size() - sizeof(SegmentTrailer);
  const int heap = reader_->stream(StreamPart::kHeap, 6);
  const SegmentStrip& heap_strip = reader_->strip(0, static_cast<std::size_t>(heap));
  ASSERT_NE(heap_strip.bytes % 8, 0u);
  ASSERT_EQ(image[text_end - 1], std::byte{});
  const std::uint64_t places[] = {
      offsetof(SegmentHeader, reserved1),
      offsetof(SegmentHeader, rows),
      block + offsetof(SegmentBlock, offset),
      block + offsetof(SegmentBlock, bytes),
      block + offsetof(SegmentBlock, rows),
      block + offsetof(SegmentBlock, first_run),
      block + offsetof(SegmentBlock, run_count),
      block + offsetof(SegmentBlock, reserved),
      block + offsetof(SegmentBlock, min_time),
      block + offsetof(SegmentBlock, max_time),
      block + offsetof(SegmentBlock, first_sequence),
      block + offsetof(SegmentBlock, end_sequence),
      strip + offsetof(SegmentStrip, offset),
      strip + offsetof(SegmentStrip, bytes),
      strip + offsetof(SegmentStrip, encoding),
      run + offsetof(SegmentRun, symbol),
      run + offsetof(SegmentRun, block),
      run + offsetof(SegmentRun, first_row),
      run + offsetof(SegmentRun, rows),
      run + offsetof(SegmentRun, min_time),
      stream + offsetof(SegmentStream, part),
      stream + offsetof(SegmentStream, type),
      stream + offsetof(SegmentStream, reserved),
      name + offsetof(SegmentName, symbol),
      name + offsetof(SegmentName, offset) + 7,
      range + offsetof(SegmentRange, rows),
      range + offsetof(SegmentRange, first_sequence),
      text_end - 1,
      reader_->blocks()[0].offset + heap_strip.offset + heap_strip.bytes};
  for (const std::uint64_t place : places) {
    std::vector<std::byte> changed = image;
    changed[place] ^= std::byte{64};
    repair_segment(2, &changed);
    ASSERT_TRUE(files_.replace(path_, changed).ok());
    EXPECT_EQ(read().code(), Code::kCorrupt) << place;
  }
}

// The column is called something narrower than it is.
TEST_F(Segment, RefusesValuesThatTheTypeDoesNotHave) {
  const std::pair<ValueType, ValueType> types[] = {{ValueType::kI64, ValueType::kI32},
                                                   {ValueType::kSymbol, ValueType::kBool}};
  for (const auto& [wide, narrow] : types) {
    const TableSchema schema{2, "", {{"a", wide, false}}};
    for (const bool fits : {true, false}) {
      write(schema, {{1, {{kStart, 1, 1, {{false, fits ? 1u : 0x8000'0000u, ""}}}}}});
      std::vector<std::byte> image;
      ASSERT_TRUE(files_.read_file(path_, &image).ok());
      const auto trailer =
          load<SegmentTrailer>(image.data() + image.size() - sizeof(SegmentTrailer));
      const std::uint64_t streams = trailer.footer_offset + sizeof(SegmentBlock) +
                                    4 * sizeof(SegmentStrip) + sizeof(SegmentRun);
      image[streams + 3 * sizeof(SegmentStream) + offsetof(SegmentStream, type)] =
          static_cast<std::byte>(narrow);
      repair_segment(2, &image);
      ASSERT_TRUE(files_.replace(path_, image).ok());
      const Status status = read();
      EXPECT_EQ(status.code(), fits ? Code::kOk : Code::kCorrupt) << status.text();
    }
  }
}

TEST_F(Segment, RefusesAnotherFileInItsPlace) {
  write(all_types(), {{3, random_rows(random_, all_types(), 20, kStart, 1)}});
  record_.rows += 1;
  EXPECT_EQ(SegmentReader::open(files_, path_, &record_, &reader_).code(), Code::kCorrupt);
}

TEST_F(Segment, RefusesANewerVersion) {
  write(all_types(), {{3, random_rows(random_, all_types(), 20, kStart, 1)}});
  std::vector<std::byte> image;
  ASSERT_TRUE(files_.read_file(path_, &image).ok());
  repair_segment(3, &image);
  ASSERT_TRUE(files_.replace(path_, image).ok());
  EXPECT_EQ(read().code(), Code::kVersionTooNew);
}

TEST_F(Segment, RefusesARowWithTooMuchText) {
  const TableSchema schema{2, "", {{"t", ValueType::kText, false}}};
  // A length alone: the bytes behind it are not looked at.
  const auto length = static_cast<std::uint32_t>(kRowTextBytes + 1);
  RowBuffer rows(schema, 1);
  rows.time()[0] = kStart;
  rows.sequence()[0] = rows.epoch()[0] = 1;
  store(rows.values(0), reinterpret_cast<HeapValue>(&length));
  rows.set_count(1);
  SegmentWriter writer(files_, path_, 42, schema, 6, kDay);
  ASSERT_TRUE(writer.create().ok());
  ASSERT_TRUE(writer.begin_symbol(1, "A", 1).ok());
  EXPECT_EQ(writer.add(rows.view()).code(), Code::kInvalidArgument);
}

TEST_F(Segment, SaysWhenTheDiskFails) {
  const SegmentModel model = {{3, random_rows(random_, all_types(), 20, kStart, 1)}};
  for (std::uint64_t nth = 1;; nth += 1) {
    files_.fail_write(nth, Code::kDiskFull);
    const Status status =
        write_segment(files_, path_, random_, all_types(), kDay, model, &record_);
    files_.clear_faults();
    if (status.ok()) break;
    EXPECT_EQ(status.code(), Code::kDiskFull);
    ASSERT_TRUE(files_.remove(path_).ok());
    ASSERT_LT(nth, 10u);
  }
  expect_same(all_types(), model);
}

TEST_F(Segment, ReadsVersion1) {
  const SegmentModel model = random_ticks(random_, {3, 4, 8}, 5000, kStart, 1);
  record_ = write_segment_v1(files_, path_, 6, kDay, model);
  expect_same(tick_schema(), model);
  EXPECT_EQ(reader_->blocks().size(), 6u);
  EXPECT_EQ(reader_->runs(4).size(), 2u);
}

TEST_F(Segment, NamesEveryFlippedByteOfVersion1) {
  const SegmentModel model = random_ticks(random_, {3, 4}, 10, kStart, 1);
  record_ = write_segment_v1(files_, path_, 6, kDay, model);
  expect_every_flip_named(model);
  expect_every_cut_named();
}

}  // namespace
}  // namespace ndts
