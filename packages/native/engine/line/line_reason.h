// Why the parser of line protocol comes back, and why it refuses a line. The binding hands numbers
// and names on as they stand here.
//
// Plain data, any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ndts {

enum class LineStop : std::uint8_t {
  kEnd = 1,      // all bytes are taken
  kFull = 2,     // a batch has no room for the next row
  kTable = 3,    // the next line is of a table that is not known
  kRefused = 4,  // a line is refused; nothing behind it is taken
};

enum class LineReason : std::uint8_t {
  kNone,
  kSyntax,         // not line protocol
  kSymbolMissing,  // no tag names the symbol
  kColumnUnknown,
  kColumnMissing,  // it may not be null
  kColumnTwice,
  kType,           // the column has another one
  kInexact,        // the column cannot hold the number
  kTime,           // out of range
  kText,           // not UTF-8
  kLength,
  kVersion,        // a binary value of protocol version 2 or later
  kTableUnknown,   // and it may not be created
  kTableName,      // not a name for a table or column, or too many of them
  kSymbolName,     // not a name for a symbol, or too many of them
};

// In their order.
inline constexpr std::array<const char*, 15> kLineReasonNames = {
    "none",         "syntax", "symbolMissing", "columnUnknown", "columnMissing",
    "columnTwice",  "type",   "inexact",       "time",          "text",
    "length",       "version", "tableUnknown", "tableName",     "symbolName"};
static_assert(kLineReasonNames.size() == static_cast<std::size_t>(LineReason::kSymbolName) + 1);

}  // namespace ndts
