// Small pieces of text for inspect: numbers, times and names of what is in a file.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "generated/constants.h"

namespace ndts {

// "1970-01-01"; days may be negative.
[[nodiscard]] std::string day_text(std::int64_t day);
// "2026-01-02T03:04:05.000000006Z" from nanoseconds since 1970.
[[nodiscard]] std::string time_text(std::int64_t time_ns);
// Eight hexadecimal digits.
[[nodiscard]] std::string hex_text(std::uint32_t value);
// The shortest text that reads back as the same double.
[[nodiscard]] std::string real_text(double value);
// "f64" and the like.
[[nodiscard]] std::string type_text(ValueType type);
// Text in quotes, what is not printable as \xNN.
[[nodiscard]] std::string quoted(std::string_view text);

// "name value  name value ..."
class Fields {
 public:
  Fields& add(std::string_view name, const std::string& value) {
    if (!text_.empty()) text_ += "  ";
    text_.append(name).append(" ").append(value);
    return *this;
  }
  Fields& add(std::string_view name, std::uint64_t value) {
    return add(name, std::to_string(value));
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace ndts
