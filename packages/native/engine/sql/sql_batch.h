// Rows of a result by column, as they go to JavaScript: plain memory, little-endian.
//
//   kind        values                                   more
//   bool        u8
//   i32         i32
//   i64, u64    i64, u64
//   f32, f64    f32, f64
//   time        f64 days since 1970                      f64 nanoseconds of the day
//   timeOfDay   f64 nanoseconds
//   text        u32 ends of the texts                    their bytes
//   integer     as text: whole numbers beyond 64 bits, exact
//   decimal     as text: exact
//   bytes       as text
//
// Threads: one at a time. Errors: INVALID_ARGUMENT for a type that has no kind (lists, structs).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "sql/duckdb_api.h"

namespace ndts {

enum class SqlKind : std::uint8_t {
  kBool,
  kI32,
  kI64,
  kU64,
  kF32,
  kF64,
  kTime,
  kTimeOfDay,
  kText,
  kInteger,
  kDecimal,
  kBytes,
};
[[nodiscard]] const char* sql_kind_name(SqlKind kind);

struct SqlResultColumn {
  std::string name;
  SqlKind kind = SqlKind::kText;
  // How DuckDB holds it.
  duckdb::Type type = duckdb::Type::kInvalid;
  duckdb::Type internal = duckdb::Type::kInvalid;  // of decimals and enums
  std::uint8_t scale = 0;
  std::vector<std::string> words;  // of an enum
};

struct SqlBatchColumn {
  std::vector<std::byte> values;
  std::vector<std::byte> more;
  std::vector<std::uint8_t> nulls;  // one for each row
  bool has_nulls = false;
};

struct SqlBatch {
  std::size_t rows = 0;
  std::size_t bytes = 0;  // of its columns
  std::vector<SqlBatchColumn> columns;
};

// As SQL calls it; kInvalid, and what results cannot have: "".
[[nodiscard]] const char* sql_type_name(duckdb::Type type);

// The columns of a result.
[[nodiscard]] Status describe_result(const duckdb::Api& api, duckdb::Result* result,
                                     std::vector<SqlResultColumn>* columns);

// What its columns will be, as far as that is known without values of its parameters; none: it is
// not known.
[[nodiscard]] Status describe_prepared(const duckdb::Api& api, duckdb::Prepared prepared,
                                       std::vector<SqlResultColumn>* columns);

// Behind the rows the batch has: of the chunk those from *row on, all unless their texts are long,
// one at least. *row is behind them then.
[[nodiscard]] Status append_chunk(const duckdb::Api& api, duckdb::Chunk chunk,
                                  const std::vector<SqlResultColumn>& columns, std::size_t* row,
                                  SqlBatch* batch);

}  // namespace ndts
