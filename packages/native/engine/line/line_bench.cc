// How fast lines become rows of batches: JSON lines as `npm run bench -- --json` prints them.
//
//   line_bench line_ingest [--rows=N] [--symbols=N] [--rounds=N]
//
// Lines of the table tick with six prices and volumes and a time, in pieces of 64 KiB as a socket
// brings them; batches are emptied as they fill. One core, the median of the rounds.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/clock.h"
#include "line/line_parser.h"

namespace ndts {
namespace {

constexpr std::size_t kPiece = 64 * 1024;
constexpr std::size_t kCapacity = 8192;

struct Options {
  std::uint64_t rows = 1'000'000;
  std::uint64_t symbols = 1000;
  std::uint64_t rounds = 5;
};

Options options_of(int count, char** words) {
  Options options;
  for (int index = 2; index < count; index += 1) {
    const std::string word = words[index];
    const auto number = [&word](const char* name, std::uint64_t* value) {
      const std::string start = std::string("--") + name + "=";
      if (word.rfind(start, 0) == 0)
        *value = std::strtoull(word.c_str() + start.size(), nullptr, 10);
    };
    number("rows", &options.rows);
    number("symbols", &options.symbols);
    number("rounds", &options.rounds);
  }
  return options;
}

std::string make_lines(const Options& options) {
  std::string text;
  std::uint64_t state = 1;
  const auto below = [&state](std::uint64_t limit) {
    state = state * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
    return (state >> 33) % limit;
  };
  char line[256];
  for (std::uint64_t row = 0; row < options.rows; row += 1) {
    const std::uint64_t cents = 5000 + below(100'000);
    std::snprintf(line, sizeof line,
                  "tick,symbol=SYM%04" PRIu64 " price=%" PRIu64 ".%02" PRIu64 ",volume=%" PRIu64
                  ",bid1=%" PRIu64 ".%02" PRIu64 ",ask1=%" PRIu64 ".%02" PRIu64
                  ",bid_vol1=%" PRIu64 ",ask_vol1=%" PRIu64 " %" PRIu64 "\n",
                  below(options.symbols), cents / 100, cents % 100, below(1000),
                  (cents - 1) / 100, (cents - 1) % 100, (cents + 1) / 100, (cents + 1) % 100,
                  below(500), below(500), 1'700'000'000'000'000'000u + row * 1000);
    text += line;
  }
  return text;
}

// Returns the rows, and a sum of their times of day into `answer`.
std::uint64_t parse_all(LineParser* parser, const std::string& text, double* answer) {
  LineStream stream;
  std::uint64_t rows = 0;
  const auto empty = [parser, &rows, answer] {
    for (const std::uint32_t index : parser->fresh()) parser->teach(index, index);
    std::uint32_t name = 0;
    static_cast<void>(parser->settle(&name));
    const LineTable& table = parser->table(0);
    rows += table.rows();
    for (std::size_t row = 0; row < table.rows(); row += 1)
      *answer += reinterpret_cast<const double*>(table.memory().get())[kCapacity + row];
    parser->clear();
  };
  for (std::size_t at = 0; at < text.size(); at += kPiece) {
    const std::string_view piece = std::string_view(text).substr(at, kPiece);
    std::size_t taken = 0;
    for (;;) {
      const LineStop stop = parser->parse(&stream, piece, 0, &taken);
      if (stop == LineStop::kEnd) break;
      if (stop != LineStop::kFull) return 0;
      empty();
    }
  }
  empty();
  return rows;
}

int run(const Options& options) {
  const std::string text = make_lines(options);
  LineParser parser({.seed = 1});
  std::vector<LineColumn> columns;
  for (const ColumnSchema& column : tick_schema().columns)
    columns.push_back({column, column.name == "flags"});
  static_cast<void>(parser.add_table("tick", columns, kCapacity));
  SystemClock clock;
  std::vector<double> seconds;
  double answer = 0;
  for (std::uint64_t round = 0; round <= options.rounds; round += 1) {
    const std::int64_t start = clock.monotonic_ns();
    answer = 0;
    if (parse_all(&parser, text, &answer) != options.rows) return 1;
    if (round > 0) seconds.push_back(static_cast<double>(clock.monotonic_ns() - start) / 1e9);
  }
  std::sort(seconds.begin(), seconds.end());
  const double median = seconds[seconds.size() / 2];
  const auto print = [&](const char* metric, double value, const char* unit) {
    std::printf("{\"bench\":\"line_ingest\",\"params\":{\"path\":\"parse\",\"rows\":%" PRIu64
                ",\"symbols\":%" PRIu64 "},\"metric\":\"%s\",\"value\":%.17g,\"unit\":\"%s\","
                "\"answer\":\"%.17g\"}\n",
                options.rows, options.symbols, metric, value, unit, answer);
  };
  print("rowsPerSecond", static_cast<double>(options.rows) / median, "1/s");
  print("bytesPerSecond", static_cast<double>(text.size()) / median, "B/s");
  return 0;
}

}  // namespace
}  // namespace ndts

int main(int count, char** words) { return ndts::run(ndts::options_of(count, words)); }
