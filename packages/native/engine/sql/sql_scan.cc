// The table function behind every table: ndts_scan(table, prune). Bind says which columns there
// are and plans the scan; each thread of DuckDB takes pieces of the plan and copies rows.
#include <atomic>

#include "sql/sql_instance.h"
#include "sql/sql_piece_reader.h"

namespace ndts {

namespace {

using duckdb::Api;

struct ScanTable {
  std::shared_ptr<SqlSource> source;
  ScanPlan plan;
};

struct Scan {
  std::atomic<std::size_t> next{0};  // each thread takes its next piece by adding
};

struct ScanThread {
  ScanThread(const Api& api, const ScanTable& table, std::span<const std::size_t> columns)
      : reader(api, table.source->names(), table.plan, columns) {}
  SqlPieceReader reader;
  bool in_piece = false;
};

template <typename T>
void destroy(void* data) {
  delete static_cast<T*>(data);
}

duckdb::Type type_of(ValueType type) {
  switch (type) {
    case ValueType::kI64:
      return duckdb::Type::kBigInt;
    case ValueType::kF64:
      return duckdb::Type::kDouble;
    case ValueType::kI32:
      return duckdb::Type::kInteger;
    case ValueType::kF32:
      return duckdb::Type::kFloat;
    case ValueType::kBool:
      return duckdb::Type::kBoolean;
    case ValueType::kBytes:
      return duckdb::Type::kBlob;
    default:
      return duckdb::Type::kVarchar;
  }
}

void add_column(const Api& api, duckdb::BindInfo info, const std::string& name,
                duckdb::Type type) {
  duckdb::LogicalType logical = api.create_logical_type(type);
  api.bind_add_result_column(info, name.c_str(), logical);
  api.destroy_logical_type(&logical);
}

std::int64_t parameter(const Api& api, duckdb::BindInfo info, duckdb::Index index) {
  duckdb::Value value = api.bind_get_parameter(info, index);
  const std::int64_t number = api.get_int64(value);
  api.destroy_value(&value);
  return number;
}

// Callbacks get no pointer to the functions of the library; there is one library for a process.
std::atomic<const Api*> library{nullptr};  // set before the first callback can come

void bind(duckdb::BindInfo info) {
  const Api& api = *library.load();
  auto* instance = static_cast<SqlInstance*>(api.bind_get_extra_info(info));
  const std::shared_ptr<SqlSource> source = instance->source();
  const std::int64_t id = parameter(api, info, 0);
  const SeriesView* view =
      source == nullptr ? nullptr : source->snapshot().table(static_cast<std::uint32_t>(id));
  if (view == nullptr) return api.bind_set_error(info, "there is no such table");
  add_column(api, info, "time", duckdb::Type::kTimestampNs);
  add_column(api, info, "symbol", duckdb::Type::kVarchar);
  add_column(api, info, "sequence", duckdb::Type::kBigInt);
  add_column(api, info, "epoch", duckdb::Type::kUInteger);
  for (const ColumnSchema& column : view->schema->columns)
    add_column(api, info, column.name, type_of(column.type));
  auto table = std::make_unique<ScanTable>();
  table->source = source;
  const ScanRequest& prune = source->prune(parameter(api, info, 1));
  if (const Status status = ScanPlan::make(*view, prune, &table->plan); !status.ok())
    return api.bind_set_error(info, status.text().c_str());
  api.bind_set_cardinality(info, table->plan.rows_at_most(), false);
  api.bind_set_bind_data(info, table.release(), destroy<ScanTable>);
}

// What vectors hold; beyond the columns of the table when nobody looks at them.
std::vector<std::size_t> columns_of(const Api& api, duckdb::InitInfo info) {
  std::vector<std::size_t> columns;
  for (duckdb::Index at = 0; at < api.init_get_column_count(info); at += 1)
    columns.push_back(api.init_get_column_index(info, at));
  return columns;
}

void init(duckdb::InitInfo info) {
  const Api& api = *library.load();
  const auto& table = *static_cast<const ScanTable*>(api.init_get_bind_data(info));
  api.init_set_init_data(info, new Scan, destroy<Scan>);
  api.init_set_max_threads(info, std::max<std::size_t>(1, table.plan.pieces().size()));
}

void init_thread(duckdb::InitInfo info) {
  const Api& api = *library.load();
  const auto& table = *static_cast<const ScanTable*>(api.init_get_bind_data(info));
  const std::vector<std::size_t> columns = columns_of(api, info);
  api.init_set_init_data(info, new ScanThread(api, table, columns), destroy<ScanThread>);
}

void scan_rows(duckdb::FunctionInfo info, duckdb::Chunk output) {
  const Api& api = *library.load();
  const auto& table = *static_cast<const ScanTable*>(api.function_get_bind_data(info));
  auto& scan = *static_cast<Scan*>(api.function_get_init_data(info));
  auto& thread = *static_cast<ScanThread*>(api.function_get_local_init_data(info));
  std::size_t rows = 0;
  while (rows == 0) {
    if (table.source->stopped()) return api.function_set_error(info, "the query was stopped");
    if (!thread.in_piece) {
      const std::size_t at = scan.next.fetch_add(1, std::memory_order_relaxed);
      if (at >= table.plan.pieces().size()) break;
      thread.reader.begin(table.plan.pieces()[at]);
      thread.in_piece = true;
    }
    if (const Status status = thread.reader.fill(output, &rows); !status.ok()) {
      table.source->fail(status);
      return api.function_set_error(info, status.text().c_str());
    }
    thread.in_piece = rows > 0;
  }
  api.data_chunk_set_size(output, rows);
}

}  // namespace

Status register_scan(SqlInstance& instance) {
  const Api& api = instance.api();
  library.store(&api);
  duckdb::TableFunction function = api.create_table_function();
  duckdb::LogicalType number = api.create_logical_type(duckdb::Type::kBigInt);
  api.table_function_set_name(function, "ndts_scan");
  api.table_function_add_parameter(function, number);
  api.table_function_add_parameter(function, number);
  api.table_function_set_extra_info(function, &instance, nullptr);
  api.table_function_set_bind(function, bind);
  api.table_function_set_init(function, init);
  api.table_function_set_local_init(function, init_thread);
  api.table_function_set_function(function, scan_rows);
  api.table_function_supports_projection_pushdown(function, true);
  const bool done =
      api.register_table_function(instance.connection(), function) == duckdb::kSuccess;
  api.destroy_logical_type(&number);
  api.destroy_table_function(&function);
  return done ? Status() : Status(Code::kInternal, "DuckDB does not take a table function");
}

}  // namespace ndts
