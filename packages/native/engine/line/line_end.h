// Where a line of line protocol ends, found over as many pieces as it arrives in.
//
// A newline ends a line unless a backslash stands before it or it is inside a quoted value, which
// begins with a quote behind an equals sign after the first space. Every byte is looked at once,
// however small the pieces. Plain data, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ndts {

class LineEnd {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  // Bytes of `piece` up to and including the newline that ends the line; kNone when it goes on.
  [[nodiscard]] std::size_t find(std::string_view piece);
  void reset() { *this = LineEnd(); }

 private:
  enum class Part : std::uint8_t { kStart, kComment, kNames, kFields, kQuoted };

  Part part_ = Part::kStart;
  bool escaped_ = false;
  bool after_equals_ = false;
};

}  // namespace ndts
