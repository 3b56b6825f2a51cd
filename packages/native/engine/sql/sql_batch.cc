// See sql_batch.h.
#include "sql/sql_batch.h"

#include <cstring>
#include <limits>
#include <utility>

#include "sql/sql_text.h"
#include "table/tick_batch.h"

namespace ndts {

namespace {

using duckdb::Type;

constexpr const char* kKindNames[] = {"bool", "i32",       "i64",  "u64",     "f32",     "f64",
                                      "time", "timeOfDay", "text", "integer", "decimal", "bytes"};

constexpr std::pair<Type, const char*> kTypeNames[] = {
    {Type::kBoolean, "BOOLEAN"},
    {Type::kTinyInt, "TINYINT"},
    {Type::kSmallInt, "SMALLINT"},
    {Type::kInteger, "INTEGER"},
    {Type::kBigInt, "BIGINT"},
    {Type::kUTinyInt, "UTINYINT"},
    {Type::kUSmallInt, "USMALLINT"},
    {Type::kUInteger, "UINTEGER"},
    {Type::kUBigInt, "UBIGINT"},
    {Type::kFloat, "FLOAT"},
    {Type::kDouble, "DOUBLE"},
    {Type::kTimestamp, "TIMESTAMP"},
    {Type::kDate, "DATE"},
    {Type::kTime, "TIME"},
    {Type::kInterval, "INTERVAL"},
    {Type::kHugeInt, "HUGEINT"},
    {Type::kVarchar, "VARCHAR"},
    {Type::kBlob, "BLOB"},
    {Type::kDecimal, "DECIMAL"},
    {Type::kTimestampS, "TIMESTAMP_S"},
    {Type::kTimestampMs, "TIMESTAMP_MS"},
    {Type::kTimestampNs, "TIMESTAMP_NS"},
    {Type::kEnum, "ENUM"},
    {Type::kUuid, "UUID"},
    {Type::kTimestampTz, "TIMESTAMP WITH TIME ZONE"},
    {Type::kUHugeInt, "UHUGEINT"},
    {Type::kSqlNull, "NULL"},
};

bool find_kind(Type type, SqlKind* kind) {
  switch (type) {
    case Type::kBoolean:
      *kind = SqlKind::kBool;
      return true;
    case Type::kTinyInt:
    case Type::kSmallInt:
    case Type::kInteger:
    case Type::kUTinyInt:
    case Type::kUSmallInt:
      *kind = SqlKind::kI32;
      return true;
    case Type::kUInteger:
    case Type::kDouble:
      *kind = SqlKind::kF64;
      return true;
    case Type::kBigInt:
      *kind = SqlKind::kI64;
      return true;
    case Type::kUBigInt:
      *kind = SqlKind::kU64;
      return true;
    case Type::kFloat:
      *kind = SqlKind::kF32;
      return true;
    case Type::kTimestamp:
    case Type::kTimestampS:
    case Type::kTimestampMs:
    case Type::kTimestampNs:
    case Type::kTimestampTz:
    case Type::kDate:
      *kind = SqlKind::kTime;
      return true;
    case Type::kTime:
      *kind = SqlKind::kTimeOfDay;
      return true;
    case Type::kHugeInt:
    case Type::kUHugeInt:
      *kind = SqlKind::kInteger;
      return true;
    case Type::kDecimal:
      *kind = SqlKind::kDecimal;
      return true;
    case Type::kBlob:
      *kind = SqlKind::kBytes;
      return true;
    case Type::kVarchar:
    case Type::kEnum:
    case Type::kUuid:
    case Type::kInterval:
    case Type::kSqlNull:
      *kind = SqlKind::kText;
      return true;
    default:
      return false;
  }
}

bool is_held_as_text(SqlKind kind) {
  return kind == SqlKind::kText || kind == SqlKind::kInteger || kind == SqlKind::kDecimal ||
         kind == SqlKind::kBytes;
}

// Behind the bytes that are there: room for `count` values.
template <typename T>
T* grow(std::vector<std::byte>* bytes, std::size_t count) {
  const std::size_t before = bytes->size();
  bytes->resize(before + sizeof(T) * count);
  return reinterpret_cast<T*>(bytes->data() + before);
}

// Rows of a chunk.
struct ChunkRows {
  std::size_t first = 0;
  std::size_t count = 0;
};

template <typename From, typename To>
void convert(const void* from, ChunkRows part, SqlBatchColumn* to) {
  const From* values = static_cast<const From*>(from) + part.first;
  const std::size_t rows = part.count;
  To* out = grow<To>(&to->values, rows);
  for (std::size_t row = 0; row < rows; row += 1) out[row] = static_cast<To>(values[row]);
}

// Units of which `per_day` make a day; the ends of their range stand for infinity.
template <typename From>
void convert_times(const void* from, ChunkRows part, std::int64_t per_day, SqlBatchColumn* to) {
  const From* values = static_cast<const From*>(from) + part.first;
  const std::size_t rows = part.count;
  double* days = grow<double>(&to->values, rows);
  double* rest = grow<double>(&to->more, rows);
  const double unit = static_cast<double>(kNsPerDay) / static_cast<double>(per_day);
  constexpr From kEnd = std::numeric_limits<From>::max();
  for (std::size_t row = 0; row < rows; row += 1) {
    const std::int64_t value = values[row];
    if (values[row] == kEnd || values[row] == -kEnd) {
      days[row] = values[row] == kEnd ? std::numeric_limits<double>::infinity()
                                      : -std::numeric_limits<double>::infinity();
      rest[row] = 0;
      continue;
    }
    std::int64_t day = value / per_day;
    if (value % per_day < 0) day -= 1;
    days[row] = static_cast<double>(day);
    rest[row] = static_cast<double>(value - day * per_day) * unit;
  }
}

__int128 decimal_at(const void* data, Type internal, std::size_t row) {
  switch (internal) {
    case Type::kSmallInt:
      return static_cast<const std::int16_t*>(data)[row];
    case Type::kInteger:
      return static_cast<const std::int32_t*>(data)[row];
    case Type::kBigInt:
      return static_cast<const std::int64_t*>(data)[row];
    default:
      return wide(static_cast<const duckdb::Int128*>(data)[row]);
  }
}

std::size_t word_at(const void* data, Type internal, std::size_t row) {
  switch (internal) {
    case Type::kUTinyInt:
      return static_cast<const std::uint8_t*>(data)[row];
    case Type::kUSmallInt:
      return static_cast<const std::uint16_t*>(data)[row];
    default:
      return static_cast<const std::uint32_t*>(data)[row];
  }
}

// A value that goes as text; vectors of texts are taken without it.
std::string text_at(const SqlResultColumn& column, const void* data, std::size_t row) {
  switch (column.type) {
    case Type::kHugeInt:
      return int128_text(wide(static_cast<const duckdb::Int128*>(data)[row]));
    case Type::kUHugeInt:
      return uint128_text(static_cast<unsigned __int128>(
          wide(static_cast<const duckdb::Int128*>(data)[row])));
    case Type::kDecimal:
      return decimal_text(decimal_at(data, column.internal, row), column.scale);
    case Type::kUuid:
      return uuid_text(static_cast<const duckdb::Int128*>(data)[row]);
    case Type::kInterval:
      return interval_text(static_cast<const duckdb::Interval*>(data)[row]);
    case Type::kEnum: {
      const std::size_t word = word_at(data, column.internal, row);
      return word < column.words.size() ? column.words[word] : "";
    }
    default:
      return {};
  }
}

Status append_texts(const SqlResultColumn& column, const void* data, ChunkRows part,
                    const std::uint8_t* nulls, SqlBatchColumn* to) {
  const bool is_text = column.type == Type::kVarchar || column.type == Type::kBlob;
  auto* ends = grow<std::uint32_t>(&to->values, part.count);
  for (std::size_t row = 0; row < part.count; row += 1) {
    std::string made;
    std::string_view text;
    if (nulls[row] == 0 && is_text) {
      const auto& held = static_cast<const duckdb::Text*>(data)[part.first + row];
      text = {held.data(), held.length};
    } else if (nulls[row] == 0) {
      text = made = text_at(column, data, part.first + row);
    }
    if (to->more.size() + text.size() > std::numeric_limits<std::uint32_t>::max())
      return Status(Code::kInvalidArgument, "texts of a batch exceed 4 GiB: ask for fewer rows");
    const Bytes bytes = bytes_of_text(text);
    to->more.insert(to->more.end(), bytes.begin(), bytes.end());
    ends[row] = static_cast<std::uint32_t>(to->more.size());
  }
  return {};
}

Status append_values(const SqlResultColumn& column, const void* data, ChunkRows part,
                     const std::uint8_t* nulls, SqlBatchColumn* to) {
  switch (column.type) {
    case Type::kBoolean:
      convert<std::uint8_t, std::uint8_t>(data, part, to);
      break;
    case Type::kTinyInt:
      convert<std::int8_t, std::int32_t>(data, part, to);
      break;
    case Type::kSmallInt:
      convert<std::int16_t, std::int32_t>(data, part, to);
      break;
    case Type::kUTinyInt:
      convert<std::uint8_t, std::int32_t>(data, part, to);
      break;
    case Type::kUSmallInt:
      convert<std::uint16_t, std::int32_t>(data, part, to);
      break;
    case Type::kInteger:
      convert<std::int32_t, std::int32_t>(data, part, to);
      break;
    case Type::kUInteger:
      convert<std::uint32_t, double>(data, part, to);
      break;
    case Type::kBigInt:
    case Type::kUBigInt:
      convert<std::uint64_t, std::uint64_t>(data, part, to);
      break;
    case Type::kFloat:
      convert<float, float>(data, part, to);
      break;
    case Type::kDouble:
      convert<double, double>(data, part, to);
      break;
    case Type::kTimestampS:
      convert_times<std::int64_t>(data, part, 86'400, to);
      break;
    case Type::kTimestampMs:
      convert_times<std::int64_t>(data, part, 86'400'000, to);
      break;
    case Type::kTimestamp:
    case Type::kTimestampTz:
      convert_times<std::int64_t>(data, part, 86'400'000'000, to);
      break;
    case Type::kTimestampNs:
      convert_times<std::int64_t>(data, part, kNsPerDay, to);
      break;
    case Type::kDate:
      convert_times<std::int32_t>(data, part, 1, to);
      break;
    case Type::kTime: {
      convert<std::int64_t, double>(data, part, to);
      auto* values = reinterpret_cast<double*>(to->values.data() + to->values.size()) - part.count;
      for (std::size_t row = 0; row < part.count; row += 1) values[row] *= 1000;
      break;
    }
    default:
      return append_texts(column, data, part, nulls, to);
  }
  return {};
}

void read_words(const duckdb::Api& api, duckdb::LogicalType type, SqlResultColumn* column) {
  column->internal = api.enum_internal_type(type);
  const std::uint32_t count = api.enum_dictionary_size(type);
  for (duckdb::Index at = 0; at < count; at += 1) {
    char* word = api.enum_dictionary_value(type, at);
    column->words.emplace_back(word == nullptr ? "" : word);
    api.free(word);
  }
}

// Takes the type, and lets it go.
Status add_column(const duckdb::Api& api, const char* name, duckdb::LogicalType type,
                  std::vector<SqlResultColumn>* columns) {
  SqlResultColumn column;
  column.name = name;
  column.type = api.get_type_id(type);
  if (column.type == Type::kDecimal) {
    column.scale = api.decimal_scale(type);
    column.internal = api.decimal_internal_type(type);
  }
  if (column.type == Type::kEnum) read_words(api, type, &column);
  api.destroy_logical_type(&type);
  if (!find_kind(column.type, &column.kind))
    return Status(Code::kInvalidArgument,
                  "column " + std::to_string(columns->size() + 1) + " (" + column.name +
                      ") has a type that results cannot have: CAST it to VARCHAR");
  columns->push_back(std::move(column));
  return {};
}

// What stands under a null is what the engine had there: nobody's business. `bytes` had `before`
// bytes before the rows came.
void clear_nulls(const std::uint8_t* nulls, std::size_t rows, std::size_t before,
                 std::vector<std::byte>* bytes) {
  if (rows == 0 || bytes->size() == before) return;
  const std::size_t width = (bytes->size() - before) / rows;
  std::byte* const first = bytes->data() + before;
  for (std::size_t row = 0; row < rows; row += 1)
    if (nulls[row] != 0) std::memset(first + width * row, 0, width);
}

bool is_valid(const std::uint64_t* valid, std::size_t row) {
  return valid == nullptr || (valid[row / 64] >> (row % 64) & 1) != 0;
}

// How many of the rows from `first` on go in one batch.
std::size_t fitting_rows(const duckdb::Api& api, duckdb::Chunk chunk,
                         const std::vector<SqlResultColumn>& columns, std::size_t first) {
  constexpr std::size_t kTextBytes = 4 * 1024 * 1024;  // of each column
  std::size_t rows = api.data_chunk_get_size(chunk) - first;
  for (std::size_t at = 0; at < columns.size(); at += 1) {
    if (columns[at].type != Type::kVarchar && columns[at].type != Type::kBlob) continue;
    const duckdb::Vector vector = api.data_chunk_get_vector(chunk, at);
    const auto* texts = static_cast<const duckdb::Text*>(api.vector_get_data(vector)) + first;
    const std::uint64_t* const valid = api.vector_get_validity(vector);
    std::size_t bytes = 0;
    for (std::size_t row = 0; row < rows; row += 1) {
      if (is_valid(valid, first + row)) bytes += texts[row].length;
      if (bytes > kTextBytes) rows = row + 1;
    }
  }
  return rows;
}

}  // namespace

const char* sql_kind_name(SqlKind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }

const char* sql_type_name(Type type) {
  for (const auto& [known, name] : kTypeNames)
    if (known == type) return name;
  return "";
}

Status describe_result(const duckdb::Api& api, duckdb::Result* result,
                       std::vector<SqlResultColumn>* columns) {
  columns->clear();
  const duckdb::Index count = api.column_count(result);
  for (duckdb::Index at = 0; at < count; at += 1) {
    const char* name = api.column_name(result, at);
    NDTS_TRY(add_column(api, name, api.column_logical_type(result, at), columns));
  }
  return {};
}

Status describe_prepared(const duckdb::Api& api, duckdb::Prepared prepared,
                         std::vector<SqlResultColumn>* columns) {
  columns->clear();
  const duckdb::Index count = api.prepared_statement_column_count(prepared);
  for (duckdb::Index at = 0; at < count; at += 1) {
    duckdb::LogicalType type = api.prepared_statement_column_logical_type(prepared, at);
    const Type id = type == nullptr ? Type::kInvalid : api.get_type_id(type);
    if (id == Type::kInvalid) {
      api.destroy_logical_type(&type);
      columns->clear();
      return {};
    }
    const char* name = api.prepared_statement_column_name(prepared, at);
    const Status status = add_column(api, name == nullptr ? "" : name, type, columns);
    api.free(const_cast<char*>(name));
    NDTS_TRY(status);
  }
  return {};
}

Status append_chunk(const duckdb::Api& api, duckdb::Chunk chunk,
                    const std::vector<SqlResultColumn>& columns, std::size_t* row,
                    SqlBatch* batch) {
  const ChunkRows part{*row, fitting_rows(api, chunk, columns, *row)};
  const std::size_t rows = part.count;
  batch->columns.resize(columns.size());
  for (std::size_t at = 0; at < columns.size(); at += 1) {
    const duckdb::Vector vector = api.data_chunk_get_vector(chunk, at);
    SqlBatchColumn& to = batch->columns[at];
    const std::size_t before = to.nulls.size();
    to.nulls.resize(before + rows);
    const std::uint64_t* const valid = api.vector_get_validity(vector);
    for (std::size_t next = 0; next < rows; next += 1)
      if (!is_valid(valid, part.first + next)) {
        to.nulls[before + next] = 1;
        to.has_nulls = true;
      }
    const std::uint8_t* const nulls = to.nulls.data() + before;
    const std::size_t values = to.values.size();
    const std::size_t more = to.more.size();
    NDTS_TRY(append_values(columns[at], api.vector_get_data(vector), part, nulls, &to));
    batch->bytes += to.values.size() - values + to.more.size() - more;
    if (!to.has_nulls || is_held_as_text(columns[at].kind)) continue;
    clear_nulls(nulls, rows, values, &to.values);
    clear_nulls(nulls, rows, more, &to.more);
  }
  batch->rows += rows;
  *row += rows;
  return {};
}

}  // namespace ndts
