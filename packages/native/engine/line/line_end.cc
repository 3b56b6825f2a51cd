// See line_end.h.
#include "line/line_end.h"

#include <cstring>

namespace ndts {

std::size_t LineEnd::find(std::string_view piece) {
  for (std::size_t at = 0; at < piece.size(); at += 1) {
    const char byte = piece[at];
    if (part_ == Part::kStart) part_ = byte == '#' ? Part::kComment : Part::kNames;
    if (part_ == Part::kComment) {
      const void* found = std::memchr(piece.data() + at, '\n', piece.size() - at);
      if (found == nullptr) return kNone;
      return static_cast<std::size_t>(static_cast<const char*>(found) - piece.data()) + 1;
    }
    if (escaped_) {
      escaped_ = false;
      continue;
    }
    const bool opens = after_equals_ && byte == '"' && part_ == Part::kFields;
    after_equals_ = byte == '=';
    if (byte == '\\') {
      escaped_ = true;
    } else if (part_ == Part::kQuoted) {
      if (byte == '"') part_ = Part::kFields;
      after_equals_ = false;
    } else if (byte == '\n') {
      return at + 1;
    } else if (opens) {
      part_ = Part::kQuoted;
    } else if (byte == ' ') {
      part_ = Part::kFields;
    }
  }
  return kNone;
}

}  // namespace ndts
