// The parser against the plain reference on random lines, whole and in pieces; and what each kind
// of line is stored as or refused for.
#include "line/line_parser.h"

#include <gtest/gtest.h>

#include <random>

#include "base/long_test_kit.h"
#include "line/line_reference_test_kit.h"

namespace ndts {
namespace {

std::uint64_t line_test_seed() {
  const char* given = std::getenv("NDTS_SEED");  // ambient: lets a person repeat a failed run
  return given == nullptr ? 20'261 : std::strtoull(given, nullptr, 10);
}

class Lines {
 public:
  explicit Lines(std::uint64_t seed) : random_(seed) {}

  std::string input() {
    std::string text;
    for (std::size_t lines = below(12); lines > 0; lines -= 1) text += line();
    if (below(3) == 0) text += line_start();
    // Few mistakes, so that much is stored before one.
    for (std::size_t wrong = below(4); wrong > 2 && !text.empty(); wrong -= 1)
      text[below(text.size())] = one_of(std::string("\\\"= ,\n\r#x0-.eitun\xc3\xff"));
    return text;
  }

  std::vector<std::size_t> cuts(std::size_t size) {
    std::vector<std::size_t> cuts;
    for (std::size_t count = below(6); count > 0; count -= 1) cuts.push_back(below(size + 1));
    std::sort(cuts.begin(), cuts.end());
    return cuts;
  }

  std::size_t below(std::size_t limit) { return random_() % limit; }

 private:
  template <typename T>
  typename T::value_type one_of(const T& all) {
    return all[below(all.size())];
  }

  std::string name() {
    static const std::vector<std::string> names = {"BTC", "a\\ b", "ö\\,", "x\\\\y", "q\"r", "\\z",
                                                   "l\\\nm", "verylongsymbolname-0123456789"};
    return one_of(names);
  }

  std::string value(ValueType type) {
    static const std::vector<std::string> reals = {
        "1", "-2.5", "1e10", "6.02e-23", ".5", "7.", "+3", "NaN", "-Infinity", "0.1",
        "123456789012345678901234567890", "9007199254740993", "1e22", "-0",
        "0.30000000000000004", "5e-310", "1e-30", "0e400", "12i", "-7u", "1e400", "1e-400", "--1"};
    static const std::vector<std::string> wholes = {
        "1i", "-5i", "7u", "12", "-3.0", "2147483647i", "0i", "+9i", "17", "1e3", "-2147483648i",
        "9223372036854775807i", "2147483648i", "9223372036854775808i", "18446744073709551615u",
        "1700000000000000t", "17n", "2.5", "9007199254740993"};
    static const std::vector<std::string> truths = {"t", "F", "true", "False", "TRUE", "f", "tru"};
    static const std::vector<std::string> texts = {
        "\"\"", "\"plain\"", "\"q\\\"q\"", "\"b\\\\b\"", "\"two\nlines\"", "\"a\\\nb\"",
        "\"a=b, c\"", "\"\xc3\xb6l\"", "\"\\x\"", "\"\xff\""};
    // What is wrong stands at the end of each.
    const auto some = [this](const std::vector<std::string>& all, std::size_t good) {
      return below(30) == 0 ? one_of(all) : all[below(good)];
    };
    if (below(200) == 0) return one_of(reals);
    switch (type) {
      case ValueType::kF64:
      case ValueType::kF32:
        return below(2) == 0 ? some(reals, 13) : number();
      case ValueType::kI64:
      case ValueType::kI32:
        return some(wholes, 11);
      case ValueType::kBool:
        return some(truths, 6);
      default:
        return some(texts, 9);
    }
  }

  std::string number() {
    return std::to_string(below(1'000'000)) + "." + std::to_string(below(1'000'000));
  }

  std::string line_start() {
    const bool second = below(3) == 0;
    return std::string(second ? "a\\ b" : "t") + ",symbol=" + name();
  }

  std::string line() {
    if (below(10) == 0) return below(2) == 0 ? "# a, comment=\"\n" : "\n";
    const bool second = below(3) == 0;
    const LineTestTable table = line_test_tables()[second ? 1 : 0];
    std::string text = std::string(second ? "a\\ b" : "t") + ",symbol=" + name();
    if (!second && below(2) == 0) text += ",place=" + name();
    std::string fields;
    for (const LineColumn& column : table.columns) {
      if (below(second ? 30 : 3) == 0) continue;
      fields += fields.empty() ? "" : ",";
      fields += column.schema.name == "x=y" ? "x\\=y" : column.schema.name;
      fields += "=" + value(column.schema.type);
    }
    if (!fields.empty()) text += std::string(1 + below(2), ' ') + fields;
    if (below(3) > 0) text += " " + std::to_string(random_() >> (4 + below(40)));
    return text + std::string(below(5) == 0 ? " " : "") + (below(6) == 0 ? "\r\n" : "\n");
  }

  std::mt19937_64 random_;
};

std::string shown(const LineTestResult& result) {
  std::string text;
  for (const std::string& row : result.rows) text += row + "\n";
  return text + "refused " + std::to_string(result.refused_line) + ", reason " +
         std::to_string(static_cast<unsigned>(result.reason)) + "\n";
}

TEST(LineParser, IsThePlainReferenceOnRandomLines) {
  const std::uint64_t seed = line_test_seed();
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  Lines lines(seed);
  std::size_t rows = 0;
  std::size_t refused = 0;
  const int rounds = long_tests() ? 400'000 : 1'500;
  for (int round = 0; round < rounds; round += 1) {
    const std::string input = lines.input();
    const std::int64_t unit = lines.below(2) == 0 ? 1 : 1000;
    const LineTestResult expected = LineReference(input, unit).run();
    const LineTestResult whole = LineTestRun(1 + lines.below(9), unit).run(input, {});
    ASSERT_TRUE(whole == expected) << input << "\n--\n" << shown(expected) << shown(whole);
    const std::vector<std::size_t> cuts = lines.cuts(input.size());
    const LineTestResult pieces = LineTestRun(50, unit).run(input, cuts);
    ASSERT_TRUE(pieces == expected) << input << "\n--\n" << shown(expected) << shown(pieces);
    rows += expected.rows.size();
    refused += expected.refused_line == 0 ? 0 : 1;
  }
  // It says something about both.
  EXPECT_GT(rows, static_cast<std::size_t>(rounds));
  EXPECT_GT(refused, static_cast<std::size_t>(rounds) / 10);
}

TEST(LineParser, EveryByteMayEndAPiece) {
  const std::string input =
      "# \"\nt,symbol=a\\ b,place=x\\\ny real=1.5,text=\"two\n\\\"lines\\\\\" 17\r\n\r\n"
      "a\\ b,symbol=q x\\=y=3i\n";
  const LineTestResult expected = LineReference(input, 1).run();
  ASSERT_EQ(expected.rows.size(), 2u);
  std::vector<std::size_t> all;
  for (std::size_t cut = 0; cut <= input.size(); cut += 1) {
    all.push_back(cut);
    EXPECT_TRUE(LineTestRun(9, 1).run(input, {cut}) == expected) << cut;
  }
  EXPECT_TRUE(LineTestRun(9, 1).run(input, all) == expected);
}

LineReason reason_of(const std::string& line) {
  return LineTestRun(9, 1).run("t,symbol=A real=1\n" + line + "\nt,symbol=A real=2\n", {}).reason;
}

TEST(LineParser, SaysWhyALineIsRefused) {
  EXPECT_EQ(reason_of("t,symbol=A real=2"), LineReason::kNone);
  EXPECT_EQ(reason_of("t,symbol=A"), LineReason::kSyntax);
  EXPECT_EQ(reason_of("t,symbol=A real="), LineReason::kSyntax);
  EXPECT_EQ(reason_of("t,symbol=A real=1 12x"), LineReason::kSyntax);
  EXPECT_EQ(reason_of("t,symbol= real=1"), LineReason::kSyntax);
  EXPECT_EQ(reason_of("t real=1"), LineReason::kSymbolMissing);
  EXPECT_EQ(reason_of("t,symbol=A reel=1"), LineReason::kColumnUnknown);
  EXPECT_EQ(reason_of("a\\ b,symbol=A whole=1i"), LineReason::kColumnMissing);
  EXPECT_EQ(reason_of("t,symbol=A real=1,real=2"), LineReason::kColumnTwice);
  EXPECT_EQ(reason_of("t,symbol=A,symbol=B real=1"), LineReason::kColumnTwice);
  EXPECT_EQ(reason_of("t,symbol=A real=t"), LineReason::kType);
  EXPECT_EQ(reason_of("t,symbol=A text=1"), LineReason::kType);
  EXPECT_EQ(reason_of("t,symbol=A,truth=yes real=1"), LineReason::kType);
  EXPECT_EQ(reason_of("t,symbol=A real=9007199254740993i"), LineReason::kInexact);
  EXPECT_EQ(reason_of("t,symbol=A long=2.5"), LineReason::kInexact);
  EXPECT_EQ(reason_of("t,symbol=A real=1 9223372036854775807"), LineReason::kTime);
  EXPECT_EQ(reason_of("t,symbol=A real=1 9223372036854775808"), LineReason::kTime);
  EXPECT_EQ(reason_of("t,symbol=A text=\"\xff\""), LineReason::kText);
  EXPECT_EQ(reason_of("t,symbol=A text=\"" + std::string(700, 'x') + "\""), LineReason::kLength);
  EXPECT_EQ(reason_of("t,symbol=A real==x"), LineReason::kVersion);
  EXPECT_EQ(reason_of("u,symbol=A real=1"), LineReason::kTableUnknown);
}

TEST(LineParser, ARefusedSymbolTakesBackItsLineAndAllBehindIt) {
  LineParser parser({.seed = 1, .line_bytes_max = 1000, .symbol_tag = "symbol"});
  for (const LineTestTable& table : line_test_tables())
    static_cast<void>(parser.add_table(table.name, table.columns, 8));
  LineStream stream;
  const std::string input =
      "t,symbol=A real=1\na\\ b,symbol=B x\\=y=1\nt,symbol=A,place=C real=2\n"
      "t,symbol=A real=3\na\\ b,symbol=B x\\=y=2\n";
  std::size_t taken = 0;
  ASSERT_EQ(parser.parse(&stream, input, 0, &taken), LineStop::kEnd);
  for (const std::uint32_t index : parser.fresh())
    parser.teach(index, parser.fresh_name(index) == "C" ? LineNames::kNone : index);
  std::uint32_t name = 99;
  EXPECT_EQ(parser.settle(&name), 3u);
  EXPECT_EQ(parser.fresh_name(name), "C");
  EXPECT_EQ(parser.table(0).rows(), 1u);
  EXPECT_EQ(parser.table(1).rows(), 1u);
}

TEST(LineParser, AsksForASymbolOnceAndNotForThoseOfARefusedLine) {
  LineParser parser({.seed = 1, .line_bytes_max = 1000, .symbol_tag = "symbol"});
  for (const LineTestTable& table : line_test_tables())
    static_cast<void>(parser.add_table(table.name, table.columns, 8));
  LineStream stream;
  const std::string input = "t,symbol=A real=1\nt,symbol=A real=2\nt,symbol=B real=x\n";
  std::size_t taken = 0;
  ASSERT_EQ(parser.parse(&stream, input, 0, &taken), LineStop::kRefused);
  EXPECT_EQ(parser.fresh().size(), 1u);
  parser.teach(parser.fresh()[0], 7);
  std::uint32_t name = 0;
  EXPECT_EQ(parser.settle(&name), 0u);
  parser.clear();
  LineStream again;
  taken = 0;
  ASSERT_EQ(parser.parse(&again, "t,symbol=A real=1\n", 0, &taken), LineStop::kEnd);
  EXPECT_TRUE(parser.fresh().empty());
}

TEST(LineParser, SaysWhatAnUnknownTableWouldBe) {
  LineParser parser({.seed = 1, .line_bytes_max = 1000, .symbol_tag = "id"});
  LineStream stream;
  const std::string input = "new\\ one,id=A,venue=X a=1,b=2i,c=t,d=\"x\",e=5t 1\n";
  std::size_t taken = 0;
  ASSERT_EQ(parser.parse(&stream, input, 0, &taken), LineStop::kTable);
  EXPECT_EQ(parser.detail(), "new one");
  std::string shape;
  for (const ColumnSchema& column : parser.shape())
    shape += column.name + std::to_string(static_cast<int>(column.type)) + " ";
  std::vector<LineColumn> columns;
  for (const ColumnSchema& column : parser.shape()) columns.push_back({column});
  const auto number = [](ValueType type) { return std::to_string(static_cast<int>(type)) + " "; };
  EXPECT_EQ(shape, "venue" + number(ValueType::kSymbol) + "a" + number(ValueType::kF64) + "b" +
                       number(ValueType::kI64) + "c" + number(ValueType::kBool) + "d" +
                       number(ValueType::kText) + "e" + number(ValueType::kI64));
  static_cast<void>(parser.add_table("new one", columns, 4));
  EXPECT_EQ(parser.parse(&stream, input, 0, &taken), LineStop::kEnd);
  EXPECT_EQ(parser.table(0).rows(), 1u);
}

}  // namespace
}  // namespace ndts
