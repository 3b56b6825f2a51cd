// Line protocol read the plain way: a byte at a time from a string, values as strings, numbers by
// the C library. It shares nothing with the parser but the tables of the tests.
#pragma once

#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "line/line_test_kit.h"

namespace ndts {

class LineReference {
 public:
  LineReference(std::string input, std::int64_t unit_ns)
      : input_(std::move(input)), unit_ns_(unit_ns), tables_(line_test_tables()) {}

  LineTestResult run() {
    if (!input_.empty() && input_.back() != '\n') input_ += '\n';
    LineTestResult result;
    std::uint64_t line = 1;
    while (at_ < input_.size()) {
      const std::size_t start = at_;
      std::string row;
      const bool taken = read_line(&row);
      if (!taken || at_ - start > LineTestRun::kLineMax) {
        result.refused_line = line;
        return result;
      }
      if (!row.empty()) result.rows.push_back(row);
      for (std::size_t at = start; at < at_; at += 1)
        if (input_[at] == '\n') line += 1;
    }
    return result;
  }

 private:
  char peek() const { return at_ < input_.size() ? input_[at_] : '\0'; }
  bool is_end() const { return peek() == '\n' || (peek() == '\r' && next() == '\n'); }
  char next() const { return at_ + 1 < input_.size() ? input_[at_ + 1] : '\0'; }
  void skip_end() { at_ += peek() == '\r' ? 2 : 1; }

  // False: refused. An empty row: a line without one.
  bool read_line(std::string* row) {
    if (peek() == '#') {
      while (peek() != '\n') at_ += 1;
      at_ += 1;
      return true;
    }
    if (is_end()) {
      skip_end();
      return true;
    }
    values_.clear();
    symbol_.reset();
    std::string table;
    if (!name(", ", &table)) return false;
    const LineTestTable* found = nullptr;
    for (const LineTestTable& one : tables_)
      if (one.name == table) found = &one;
    if (found == nullptr) return false;
    table_ = found;
    while (peek() == ',')
      if (!tag()) return false;
    std::int64_t time = LineTestRun::kNow;
    if (peek() == ' ' && !fields_and_time(&time)) return false;
    if (at_ >= input_.size() || !is_end()) return false;
    skip_end();
    if (!symbol_ || values_.empty()) return false;
    return write(time, row);
  }

  // Up to one of `stops`, not empty; the end of a line stops too if there is a newline in them.
  bool name(const std::string& stops, std::string* text) {
    text->clear();
    while (at_ < input_.size()) {
      const char byte = peek();
      if (byte == '\\' && at_ + 1 < input_.size()) {
        const char after = next();
        if (std::string(", =\\\n\r").find(after) == std::string::npos) *text += '\\';
        *text += after;
        at_ += 2;
        continue;
      }
      const bool ends = byte == '\n' || byte == '\r';
      if (ends || stops.find(byte) != std::string::npos)
        return !text->empty() && (!ends || stops.find('\n') != std::string::npos);
      *text += byte;
      at_ += 1;
    }
    return false;
  }

  bool tag() {
    at_ += 1;
    std::string key;
    if (input_.compare(at_, 7, "symbol=") == 0) {
      at_ += 6;
      column_.reset();
    } else if (!name("=", &key) || !column(key)) {
      return false;
    }
    at_ += 1;
    std::string value;
    if (!name(", \n", &value)) return false;
    if (column_) return set_name(key, value);
    if (symbol_) return false;
    symbol_ = value;
    return true;
  }

  bool column(const std::string& key) {
    column_.reset();
    for (const LineColumn& one : table_->columns)
      if (one.schema.name == key) column_ = one.schema;
    return column_.has_value();
  }

  bool set(const std::string& key, const std::string& value) {
    column_.reset();
    return values_.emplace(key, value).second;
  }

  bool set_name(const std::string& key, const std::string& value) {
    const ValueType type = column_->type;
    if (type == ValueType::kSymbol) return !value.empty() && set(key, value);
    if (type != ValueType::kText && type != ValueType::kBytes) return false;
    return is_text(value) && set(key, value);
  }

  // By decoding it.
  static bool is_text(const std::string& value) {
    std::size_t at = 0;
    while (at < value.size()) {
      const auto byte = [&value](std::size_t index) {
        return index < value.size() ? static_cast<unsigned char>(value[index]) : 0u;
      };
      const unsigned first = byte(at);
      const std::size_t bytes = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
      unsigned point = bytes == 1 ? first : first & (0x7fu >> bytes);
      if (first >= 0x80 && first < 0xc0) return false;
      if (first >= 0xf8) return false;
      for (std::size_t index = 1; index < bytes; index += 1) {
        if ((byte(at + index) & 0xc0) != 0x80) return false;
        point = point << 6 | (byte(at + index) & 0x3f);
      }
      const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
      if (point < least[bytes] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
        return false;
      at += bytes;
    }
    return true;
  }

  bool fields_and_time(std::int64_t* time) {
    while (peek() == ' ') at_ += 1;
    if (peek() == '\n' || peek() == '\r') return true;
    std::size_t to = at_;
    while (to < input_.size() && std::string("=, \n\r\\").find(input_[to]) == std::string::npos)
      to += 1;
    const bool number = std::isdigit(static_cast<unsigned char>(peek())) != 0 || peek() == '-';
    if (!number || input_[to] == '=' || values_.empty()) {
      if (!field()) return false;
      while (peek() == ',') {
        at_ += 1;
        if (!field()) return false;
      }
      if (peek() != ' ') return true;
      while (peek() == ' ') at_ += 1;
    }
    if (peek() == '\n' || peek() == '\r') return true;
    std::string digits;
    while (std::isdigit(static_cast<unsigned char>(peek())) != 0 ||
           (digits.empty() && peek() == '-'))
      digits += input_[at_++];
    while (peek() == ' ') at_ += 1;
    return whole(digits, unit_ns_, time);
  }

  static bool whole(const std::string& digits, std::int64_t unit, std::int64_t* value) {
    if (digits.empty() || digits == "-" || digits == "+") return false;
    errno = 0;
    char* end = nullptr;
    *value = std::strtoll(digits.c_str(), &end, 10);
    if (errno != 0 || *end != '\0') return false;
    return !__builtin_mul_overflow(*value, unit, value);
  }

  bool field() {
    std::string key;
    if (!name("=", &key) || !column(key)) return false;
    at_ += 1;
    if (peek() == '"') {
      std::string text;
      return quoted(&text) && set_name(key, text);
    }
    std::string word;
    while (at_ < input_.size() && std::string(", \n\r").find(peek()) == std::string::npos)
      word += input_[at_++];
    std::string value;
    return convert(word, &value) && set(key, value);
  }

  bool quoted(std::string* text) {
    at_ += 1;
    while (at_ < input_.size() && peek() != '"') {
      if (peek() == '\\') {
        at_ += 1;
        if (at_ >= input_.size()) return false;
        if (std::string("\"\\\n\r").find(peek()) == std::string::npos) *text += '\\';
      }
      *text += input_[at_++];
    }
    at_ += 1;
    return at_ < input_.size();
  }

  // What the column's value looks like in a row of text.
  bool convert(const std::string& word, std::string* value) const {
    const ValueType type = column_->type;
    for (const bool truth : {false, true})
      for (const char* spelling : truth ? std::vector<const char*>{"t", "T", "true", "True", "TRUE"}
                                        : std::vector<const char*>{"f", "F", "false", "False",
                                                                   "FALSE"})
        if (word == spelling) {
          *value = truth ? "1" : "0";
          return type == ValueType::kBool;
        }
    if (word.empty()) return false;
    const char last = word.back();
    const std::string digits = word.substr(0, word.size() - 1);
    const bool plain = !digits.empty() && digits.find_first_not_of("+-0123456789") ==
                                              std::string::npos;
    std::int64_t number = 0;
    if (plain && (last == 'i' || (last == 'u' && digits[0] != '-')))
      return whole(digits, 1, &number) && from_whole(number, type, value);
    if (plain && (last == 't' || last == 'n'))
      return whole(digits, last == 't' ? 1000 : 1, &number) && type == ValueType::kI64 &&
             from_whole(number, type, value);
    double real = 0;
    return real_of(word, &real) && from_real(real, type, value);
  }

  static bool real_of(const std::string& word, double* real) {
    if (word == "NaN" || word == "Infinity" || word == "+Infinity" || word == "-Infinity") {
      *real = std::strtod(word.c_str(), nullptr);
      return true;
    }
    if (word.find_first_not_of("+-.eE0123456789") != std::string::npos) return false;
    if (word.find_first_of("0123456789") == std::string::npos) return false;
    errno = 0;
    char* end = nullptr;
    *real = std::strtod(word.c_str(), &end);
    const bool beyond = errno == ERANGE && (std::isinf(*real) || *real == 0);
    return *end == '\0' && !beyond;
  }

  static bool from_whole(std::int64_t number, ValueType type, std::string* value) {
    __extension__ using Wide = __int128;
    *value = std::to_string(number);
    if (type == ValueType::kI64) return true;
    if (type == ValueType::kI32) return number >= INT32_MIN && number <= INT32_MAX;
    if (type == ValueType::kF64) {
      *value = line_test_number(static_cast<double>(number));
      return static_cast<Wide>(static_cast<double>(number)) == number;
    }
    if (type != ValueType::kF32) return false;
    *value = line_test_number(static_cast<double>(static_cast<float>(number)));
    return static_cast<Wide>(static_cast<float>(number)) == number;
  }

  static bool from_real(double real, ValueType type, std::string* value) {
    if (type == ValueType::kF64) {
      *value = line_test_number(real);
      return true;
    }
    if (type == ValueType::kF32) {
      if (std::isfinite(real) && std::abs(real) > 3.4028234663852886e38) return false;
      *value = line_test_number(static_cast<double>(static_cast<float>(real)));
      return true;
    }
    if (type != ValueType::kI64 && type != ValueType::kI32) return false;
    if (!(real >= -9007199254740992.0 && real <= 9007199254740992.0)) return false;
    const auto number = static_cast<std::int64_t>(real);
    return static_cast<double>(number) == real && from_whole(number, type, value);
  }

  bool write(std::int64_t time, std::string* row) {
    constexpr std::int64_t kDay = 86'400'000'000'000;
    std::int64_t day = time / kDay;
    if (time % kDay < 0) day -= 1;
    if (day < -106751 || day > 106750) return false;
    *row = table_->name + "|" + *symbol_ + "|" + line_test_number(static_cast<double>(day)) + "|" +
           line_test_number(static_cast<double>(time - day * kDay));
    for (const LineColumn& one : table_->columns) {
      const auto found = values_.find(one.schema.name);
      if (found == values_.end() && !one.schema.nullable && !one.zero) return false;
      *row += "|" + (found != values_.end() ? found->second : one.schema.nullable ? "null" : "0");
    }
    return true;
  }

  std::string input_;
  const std::int64_t unit_ns_;
  const std::vector<LineTestTable> tables_;
  std::size_t at_ = 0;
  const LineTestTable* table_ = nullptr;
  std::optional<std::string> symbol_;
  std::optional<ColumnSchema> column_;
  std::map<std::string, std::string> values_;
};

}  // namespace ndts
