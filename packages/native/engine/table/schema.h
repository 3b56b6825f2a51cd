// What a series table is: its columns, and what their values look like in memory.
//
// Every table has time, symbol, sequence and epoch; a schema says what else. Plain data, any
// thread. Invariant: a schema that passed check_schema() never changes; a table's id is never
// re-used.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "generated/constants.h"

namespace ndts {

inline constexpr std::size_t kMaxColumns = 256;
inline constexpr std::size_t kMaxTableName = 255;
// The table every database has.
inline constexpr std::uint32_t kTickTable = 1;

struct ColumnSchema {
  std::string name;
  ValueType type = ValueType::kF64;
  bool nullable = false;
  friend bool operator==(const ColumnSchema&, const ColumnSchema&) = default;
};

struct TableSchema {
  std::uint32_t id = 0;
  std::string name;
  std::vector<ColumnSchema> columns;
  friend bool operator==(const TableSchema&, const TableSchema&) = default;
};

// Bytes of a value in memory. Text and bytes are pointers (see rows.h).
[[nodiscard]] constexpr std::size_t value_bytes(ValueType type) {
  switch (type) {
    case ValueType::kI32:
    case ValueType::kF32:
    case ValueType::kSymbol:
      return 4;
    case ValueType::kBool:
      return 1;
    default:
      return 8;
  }
}

[[nodiscard]] constexpr bool has_heap(ValueType type) {
  return type == ValueType::kText || type == ValueType::kBytes;
}

// INVALID_ARGUMENT: names empty, too long or twice, no or too many columns, unknown types, id 0.
[[nodiscard]] Status check_schema(const TableSchema& schema);

// A schema as bytes: the body of a log entry of kind table, and of a manifest record.
[[nodiscard]] std::vector<std::byte> encode_schema(const TableSchema& schema);
// CORRUPT when it is not whole or does not pass check_schema().
[[nodiscard]] Status decode_schema(Bytes bytes, TableSchema* schema);

// price, volume, bid1, ask1, bid_vol1, ask_vol1 (float64), flags (int32).
[[nodiscard]] const TableSchema& tick_schema();

}  // namespace ndts
