// What the tests and the fuzz target of line protocol share: tables, a run of the parser over input
// in pieces, and its rows as text, one a line, as the reference writes them.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "db/row_batcher.h"
#include "line/line_parser.h"

namespace ndts {

struct LineTestTable {
  std::string name;
  std::vector<LineColumn> columns;
};

// One of each type; `whole` may be left out.
inline std::vector<LineTestTable> line_test_tables() {
  return {{"t",
           {{{"real", ValueType::kF64, true}},
            {{"long", ValueType::kI64, true}},
            {{"short", ValueType::kI32, true}},
            {{"small", ValueType::kF32, true}},
            {{"truth", ValueType::kBool, true}},
            {{"place", ValueType::kSymbol, true}},
            {{"text", ValueType::kText, true}}}},
          {"a b",
           {{{"x=y", ValueType::kF64, false}},
            {{"whole", ValueType::kI32, false}, true},
            {{"note", ValueType::kBytes, true}}}}};
}

// What the parser, or the reference, made of an input.
struct LineTestResult {
  std::vector<std::string> rows;    // in the order of their lines
  std::uint64_t refused_line = 0;   // 0: none
  LineReason reason = LineReason::kNone;
  friend bool operator==(const LineTestResult& a, const LineTestResult& b) {
    return a.rows == b.rows && a.refused_line == b.refused_line;
  }
};

inline std::string line_test_number(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%a", value);
  return text;
}

// The rows of a table, each with its line; symbols by name.
class LineRowText {
 public:
  using NameOf = std::function<std::string(std::uint32_t)>;

  LineRowText(const LineTable& table, const LineTestTable& columns, std::size_t capacity)
      : table_(table), columns_(columns), capacity_(capacity), at_(table.memory().get()) {
    day_ = take(8);
    ns_ = take(8);
    take(8);
    symbol_ = take(4);
    take(4);
    take(4);
    for (const LineColumn& column : columns.columns) {
      values_.push_back(take(value_bytes(column.schema.type)));
      nulls_.push_back(column.schema.nullable ? take(1) : nullptr);
    }
  }

  std::string row(std::size_t row, const NameOf& name_of) const {
    std::string text = columns_.name + "|" + name_of(load<std::uint32_t>(symbol_ + 4 * row)) + "|" +
                       line_test_number(load<double>(day_ + 8 * row)) + "|" +
                       line_test_number(load<double>(ns_ + 8 * row));
    for (std::size_t column = 0; column < values_.size(); column += 1)
      text += "|" + value(column, row, name_of);
    return text;
  }

 private:
  const std::byte* take(std::size_t width) {
    const std::byte* const column = at_;
    at_ += align_up(width * capacity_, 64);
    return column;
  }

  std::string value(std::size_t column, std::size_t row, const NameOf& name_of) const {
    if (nulls_[column] != nullptr && nulls_[column][row] != std::byte{0}) return "null";
    const std::byte* const values = values_[column];
    switch (columns_.columns[column].schema.type) {
      case ValueType::kF64:
        return line_test_number(load<double>(values + 8 * row));
      case ValueType::kF32:
        return line_test_number(static_cast<double>(load<float>(values + 4 * row)));
      case ValueType::kI64:
        return std::to_string(load<std::int64_t>(values + 8 * row));
      case ValueType::kI32:
        return std::to_string(load<std::int32_t>(values + 4 * row));
      case ValueType::kBool:
        return std::to_string(static_cast<int>(values[row]));
      case ValueType::kSymbol:
        return name_of(load<std::uint32_t>(values + 4 * row));
      default: {
        const auto place = load<HeapPlace>(values + 8 * row);
        return {reinterpret_cast<const char*>(table_.heap().data()) + place.offset, place.bytes};
      }
    }
  }

  const LineTable& table_;
  const LineTestTable& columns_;
  const std::size_t capacity_;
  const std::byte* at_;
  const std::byte* day_;
  const std::byte* ns_;
  const std::byte* symbol_;
  std::vector<const std::byte*> values_;
  std::vector<const std::byte*> nulls_;
};

// The parser over input in pieces that end where `cuts` say; batches of `capacity` rows.
class LineTestRun {
 public:
  LineTestRun(std::size_t capacity, std::int64_t unit_ns)
      : tables_(line_test_tables()),
        capacity_(capacity),
        parser_({.seed = 5, .line_bytes_max = kLineMax, .symbol_tag = "symbol"}),
        stream_(unit_ns) {
    for (const LineTestTable& table : tables_)
      static_cast<void>(parser_.add_table(table.name, table.columns, capacity));
  }

  static constexpr std::size_t kLineMax = 600;
  static constexpr std::int64_t kNow = 1'600'000'000'123'456'789;

  LineTestResult run(std::string_view input, const std::vector<std::size_t>& cuts) {
    std::size_t from = 0;
    for (const std::size_t cut : cuts) {
      if (cut < from || cut > input.size()) continue;
      if (!piece(input.substr(from, cut - from))) return result_;
      from = cut;
    }
    if (!piece(input.substr(from))) return result_;
    for (;;) {
      const LineStop stop = parser_.finish(&stream_, kNow);
      if (!go_on(stop)) break;
    }
    return result_;
  }

 private:
  // False: a line was refused.
  bool piece(std::string_view bytes) {
    const std::string copy(bytes);  // a sanitizer sees who reads beyond it
    std::size_t taken = 0;
    for (;;) {
      const LineStop stop = parser_.parse(&stream_, copy, kNow, &taken);
      if (go_on(stop)) continue;
      return stop == LineStop::kEnd;
    }
  }

  bool go_on(LineStop stop) {
    if (stop == LineStop::kEnd || stop == LineStop::kFull) collect();
    if (stop == LineStop::kFull) return true;
    if (stop == LineStop::kEnd) return false;
    collect();
    result_.refused_line = stream_.line();
    result_.reason = stop == LineStop::kTable ? LineReason::kTableUnknown : parser_.reason();
    return false;
  }

  void collect() {
    for (const std::uint32_t index : parser_.fresh()) {
      names_.emplace_back(parser_.fresh_name(index));
      parser_.teach(index, static_cast<std::uint32_t>(names_.size() - 1));
    }
    std::uint32_t name = 0;
    static_cast<void>(parser_.settle(&name));
    const auto name_of = [this](std::uint32_t id) {
      return id < names_.size() ? names_[id] : "no symbol";
    };
    std::vector<std::pair<std::uint64_t, std::string>> rows;
    for (std::uint32_t index = 0; index < tables_.size(); index += 1) {
      const LineTable& table = parser_.table(index);
      const LineRowText text(table, tables_[index], capacity_);
      for (std::size_t row = 0; row < table.rows(); row += 1)
        rows.emplace_back(table.line(row), text.row(row, name_of));
    }
    std::sort(rows.begin(), rows.end());
    for (auto& [line, row] : rows) result_.rows.push_back(std::move(row));
    parser_.clear();
  }

  const std::vector<LineTestTable> tables_;
  const std::size_t capacity_;
  LineParser parser_;
  LineStream stream_;
  std::vector<std::string> names_;
  LineTestResult result_;
};

}  // namespace ndts
