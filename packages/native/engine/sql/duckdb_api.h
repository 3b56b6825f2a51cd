// The C interface of DuckDB, as far as it is used here: its types, declared by us, and a table of
// its functions, found at run time in the shared library of the npm package. Why: the package
// ships the library without its header, and everything else works where it is not installed.
//
// Threads: load() from any; the table never changes after. What DuckDB says of threads holds for
// its functions: a connection belongs to one thread at a time, duckdb_interrupt() goes from any.
// Lifetime: the library stays loaded until the process ends. Errors: UNAVAILABLE, with the path.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace ndts::duckdb {

using Index = std::uint64_t;
using Outcome = std::int32_t;  // 0: success
inline constexpr Outcome kSuccess = 0;

// Handles; what they point to is DuckDB's own.
using Database = struct DatabaseHandle*;
using Connection = struct ConnectionHandle*;
using Config = struct ConfigHandle*;
using Extracted = struct ExtractedHandle*;
using Prepared = struct PreparedHandle*;
using Pending = struct PendingHandle*;
using Chunk = struct ChunkHandle*;
using Vector = struct VectorHandle*;
using LogicalType = struct LogicalTypeHandle*;
using Value = struct ValueHandle*;
using TableFunction = struct TableFunctionHandle*;
using BindInfo = struct BindInfoHandle*;
using InitInfo = struct InitInfoHandle*;
using FunctionInfo = struct FunctionInfoHandle*;

// Passed by value; only the last member is used.
struct Result {
  Index column_count;
  Index row_count;
  Index rows_changed;
  void* columns;
  char* error_message;
  void* internal;
};

struct Int128 {
  std::uint64_t lower;
  std::int64_t upper;
};

struct Interval {
  std::int32_t months;
  std::int32_t days;
  std::int64_t micros;
};

struct TimestampNs {
  std::int64_t nanos;
};

// A text in a vector: up to 12 bytes stand here, more stand elsewhere.
struct Text {
  static constexpr std::uint32_t kInlined = 12;
  std::uint32_t length;
  char inlined_or_prefix[4];
  const char* pointer;  // or 8 more bytes

  [[nodiscard]] const char* data() const {
    return length <= kInlined ? inlined_or_prefix : pointer;
  }
};
static_assert(sizeof(Text) == 16);

enum class Type : std::int32_t {
  kInvalid = 0,
  kBoolean = 1,
  kTinyInt = 2,
  kSmallInt = 3,
  kInteger = 4,
  kBigInt = 5,
  kUTinyInt = 6,
  kUSmallInt = 7,
  kUInteger = 8,
  kUBigInt = 9,
  kFloat = 10,
  kDouble = 11,
  kTimestamp = 12,
  kDate = 13,
  kTime = 14,
  kInterval = 15,
  kHugeInt = 16,
  kVarchar = 17,
  kBlob = 18,
  kDecimal = 19,
  kTimestampS = 20,
  kTimestampMs = 21,
  kTimestampNs = 22,
  kEnum = 23,
  kList = 24,
  kUuid = 27,
  kTimestampTz = 31,
  kUHugeInt = 32,
  kSqlNull = 36,
};

enum class PendingState : std::int32_t { kReady = 0, kNotReady = 1, kError = 2, kNoTasks = 3 };

enum class StatementType : std::int32_t { kSelect = 1, kExplain = 4, kCopy = 11 };

enum class ErrorType : std::int32_t { kInterrupt = 29, kOutOfMemory = 33 };

using Delete = void (*)(void* data);
using Bind = void (*)(BindInfo info);
using Init = void (*)(InitInfo info);
using Function = void (*)(FunctionInfo info, Chunk output);

// result, name (without duckdb_), parameters
#define NDTS_DUCKDB_FUNCTIONS(X)                                                             \
  X(const char*, library_version, ())                                                        \
  X(Outcome, create_config, (Config*))                                                       \
  X(Outcome, set_config, (Config, const char*, const char*))                                 \
  X(void, destroy_config, (Config*))                                                         \
  X(Outcome, open_ext, (const char*, Database*, Config, char**))                             \
  X(void, close, (Database*))                                                                \
  X(Outcome, connect, (Database, Connection*))                                               \
  X(void, disconnect, (Connection*))                                                         \
  X(void, interrupt, (Connection))                                                           \
  X(Outcome, query, (Connection, const char*, Result*))                                      \
  X(void, destroy_result, (Result*))                                                         \
  X(const char*, result_error, (Result*))                                                    \
  X(ErrorType, result_error_type, (Result*))                                                 \
  X(Index, extract_statements, (Connection, const char*, Extracted*))                        \
  X(const char*, extract_statements_error, (Extracted))                                      \
  X(void, destroy_extracted, (Extracted*))                                                   \
  X(Outcome, prepare_extracted_statement, (Connection, Extracted, Index, Prepared*))         \
  X(Outcome, prepare, (Connection, const char*, Prepared*))                                  \
  X(const char*, prepare_error, (Prepared))                                                  \
  X(StatementType, prepared_statement_type, (Prepared))                                      \
  X(void, destroy_prepare, (Prepared*))                                                      \
  X(Index, nparams, (Prepared))                                                              \
  X(LogicalType, param_logical_type, (Prepared, Index))                                      \
  X(LogicalType, list_type_child_type, (LogicalType))                                        \
  X(Index, prepared_statement_column_count, (Prepared))                                      \
  X(const char*, prepared_statement_column_name, (Prepared, Index))                          \
  X(LogicalType, prepared_statement_column_logical_type, (Prepared, Index))                  \
  X(Outcome, bind_parameter_index, (Prepared, Index*, const char*))                          \
  X(Outcome, bind_null, (Prepared, Index))                                                   \
  X(Outcome, bind_boolean, (Prepared, Index, bool))                                          \
  X(Outcome, bind_int64, (Prepared, Index, std::int64_t))                                    \
  X(Outcome, bind_double, (Prepared, Index, double))                                         \
  X(Outcome, bind_varchar_length, (Prepared, Index, const char*, Index))                     \
  X(Outcome, bind_blob, (Prepared, Index, const void*, Index))                               \
  X(Outcome, bind_value, (Prepared, Index, Value))                                           \
  X(Value, create_timestamp_ns, (TimestampNs))                                               \
  X(Value, create_varchar_length, (const char*, Index))                                      \
  X(Value, create_null_value, ())                                                            \
  X(Value, create_bool, (bool))                                                              \
  X(Value, create_int64, (std::int64_t))                                                     \
  X(Value, create_double, (double))                                                          \
  X(Value, create_blob, (const std::uint8_t*, Index))                                        \
  X(Value, create_list_value, (LogicalType, Value*, Index))                                  \
  X(std::int64_t, get_int64, (Value))                                                        \
  X(void, destroy_value, (Value*))                                                           \
  X(Outcome, pending_prepared_streaming, (Prepared, Pending*))                               \
  X(PendingState, pending_execute_task, (Pending))                                           \
  X(const char*, pending_error, (Pending))                                                   \
  X(Outcome, execute_pending, (Pending, Result*))                                            \
  X(void, destroy_pending, (Pending*))                                                       \
  X(Outcome, execute_prepared, (Prepared, Result*))                                          \
  X(Chunk, fetch_chunk, (Result))                                                            \
  X(Index, column_count, (Result*))                                                          \
  X(const char*, column_name, (Result*, Index))                                              \
  X(LogicalType, column_logical_type, (Result*, Index))                                      \
  X(Type, get_type_id, (LogicalType))                                                        \
  X(LogicalType, create_logical_type, (Type))                                                \
  X(void, destroy_logical_type, (LogicalType*))                                              \
  X(char*, logical_type_get_alias, (LogicalType))                                            \
  X(std::uint8_t, decimal_scale, (LogicalType))                                              \
  X(Type, decimal_internal_type, (LogicalType))                                              \
  X(Type, enum_internal_type, (LogicalType))                                                 \
  X(std::uint32_t, enum_dictionary_size, (LogicalType))                                      \
  X(char*, enum_dictionary_value, (LogicalType, Index))                                      \
  X(void, free, (void*))                                                                     \
  X(Index, data_chunk_get_size, (Chunk))                                                     \
  X(void, data_chunk_set_size, (Chunk, Index))                                               \
  X(Vector, data_chunk_get_vector, (Chunk, Index))                                           \
  X(void, destroy_data_chunk, (Chunk*))                                                      \
  X(void*, vector_get_data, (Vector))                                                        \
  X(std::uint64_t*, vector_get_validity, (Vector))                                           \
  X(void, vector_ensure_validity_writable, (Vector))                                         \
  X(void, vector_assign_string_element_len, (Vector, Index, const char*, Index))             \
  X(void, vector_reference_value, (Vector, Value))                                           \
  X(TableFunction, create_table_function, ())                                                \
  X(void, destroy_table_function, (TableFunction*))                                          \
  X(void, table_function_set_name, (TableFunction, const char*))                             \
  X(void, table_function_add_parameter, (TableFunction, LogicalType))                        \
  X(void, table_function_set_extra_info, (TableFunction, void*, Delete))                     \
  X(void, table_function_set_bind, (TableFunction, Bind))                                    \
  X(void, table_function_set_init, (TableFunction, Init))                                    \
  X(void, table_function_set_local_init, (TableFunction, Init))                              \
  X(void, table_function_set_function, (TableFunction, Function))                            \
  X(void, table_function_supports_projection_pushdown, (TableFunction, bool))                \
  X(Outcome, register_table_function, (Connection, TableFunction))                           \
  X(void*, bind_get_extra_info, (BindInfo))                                                  \
  X(Value, bind_get_parameter, (BindInfo, Index))                                            \
  X(void, bind_add_result_column, (BindInfo, const char*, LogicalType))                      \
  X(void, bind_set_bind_data, (BindInfo, void*, Delete))                                     \
  X(void, bind_set_cardinality, (BindInfo, Index, bool))                                     \
  X(void, bind_set_error, (BindInfo, const char*))                                           \
  X(void*, init_get_bind_data, (InitInfo))                                                   \
  X(Index, init_get_column_count, (InitInfo))                                                \
  X(Index, init_get_column_index, (InitInfo, Index))                                         \
  X(void, init_set_init_data, (InitInfo, void*, Delete))                                     \
  X(void, init_set_max_threads, (InitInfo, Index))                                           \
  X(void*, function_get_bind_data, (FunctionInfo))                                           \
  X(void*, function_get_init_data, (FunctionInfo))                                           \
  X(void*, function_get_local_init_data, (FunctionInfo))                                     \
  X(void, function_set_error, (FunctionInfo, const char*))

static_assert(sizeof(Outcome) == sizeof(int));  // an enum of C

struct Api {
#define NDTS_DUCKDB_MEMBER(result, name, parameters) result(*name) parameters = nullptr;
  NDTS_DUCKDB_FUNCTIONS(NDTS_DUCKDB_MEMBER)
#undef NDTS_DUCKDB_MEMBER
};

// Loads the library, once for each process whatever the path is later. Null in *api on an error.
[[nodiscard]] Status load(const std::string& path, const Api** api);

}  // namespace ndts::duckdb
