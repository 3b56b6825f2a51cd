// See sql_query.h.
#include "sql/sql_query.h"

#include <cstring>

namespace ndts {

namespace {

// Enough for a batch: long texts come in batches of few rows.
constexpr std::size_t kBatchBytes = 16 * 1024 * 1024;

duckdb::Type type_of_kind(SqlValue::Kind kind) {
  switch (kind) {
    case SqlValue::Kind::kBool:
      return duckdb::Type::kBoolean;
    case SqlValue::Kind::kI64:
      return duckdb::Type::kBigInt;
    case SqlValue::Kind::kF64:
      return duckdb::Type::kDouble;
    case SqlValue::Kind::kBytes:
      return duckdb::Type::kBlob;
    case SqlValue::Kind::kTime:
      return duckdb::Type::kTimestampNs;
    case SqlValue::Kind::kNull:
      return duckdb::Type::kSqlNull;
    default:
      return duckdb::Type::kVarchar;
  }
}

}  // namespace

SqlQuery::~SqlQuery() { close(); }

void SqlQuery::release() {
  const SqlMeterScope scope(instance_ == nullptr ? nullptr : instance_->meter());
  if (chunk_ != nullptr) api_->destroy_data_chunk(&chunk_);
  if (has_result_) api_->destroy_result(&result_);
  if (pending_ != nullptr) api_->destroy_pending(&pending_);
  if (prepared_ != nullptr) api_->destroy_prepare(&prepared_);
  source_->release();
}

void SqlQuery::close() {
  if (instance_ != nullptr) instance_->meter()->lift();  // the end needs memory, too
  release();
  if (instance_ == nullptr) return;
  const bool is_half_way = has_result_ && !ended_;
  has_result_ = false;
  std::unique_ptr<SqlInstance> instance;
  {
    const MutexLock lock(mutex_);
    instance = std::move(instance_);
  }
  instance->meter()->lift();
  const SqlMeterScope scope(instance->meter());
  if (is_half_way) instance->abandon();
  static_cast<void>(instance->attach(nullptr));
  if (file_.empty() && instance->is_sound()) pool_->give(std::move(instance));
}

Status SqlQuery::check_stopped() const {
  const Code reason = source_->stop_reason();
  if (reason == Code::kOk) return {};
  if (reason == Code::kTimeout) return Status(reason, "the query took longer than it may");
  if (reason == Code::kClosed) return Status(reason, "the database was closed");
  return Status(reason, "the query was stopped");
}

void SqlQuery::stop(Code reason) {
  source_->stop(reason);
  const MutexLock lock(mutex_);
  if (instance_ != nullptr) instance_->interrupt();
}

void SqlQuery::cut() {
  const MutexLock lock(mutex_);
  if (instance_ != nullptr) instance_->meter()->cut();
}

Status SqlQuery::check_open() const {
  NDTS_TRY(check_stopped());
  if (instance_ == nullptr) return Status(Code::kInvalidArgument, "the query is not open");
  return {};
}

// What DuckDB says, or what happened below it.
Status SqlQuery::failed(const char* message, Code code) const {
  NDTS_TRY(check_stopped());
  NDTS_TRY(source_->failure());
  const std::string text = message == nullptr ? "no reason was given" : message;
  // What the library says of it advises settings that nobody can set here.
  if (instance_->meter()->refused() ||
      text.find("\"exception_type\":\"Out of Memory\"") != std::string::npos)
    return Status(Code::kMemoryLimit, "the query needs more memory than the " +
                                          std::to_string(limits_.memory_bytes >> 20) +
                                          " MiB that it may have (memoryBytes)");
  if (text.find("\"exception_type\":\"FATAL\"") != std::string::npos ||
      text.find("\"exception_type\":\"INTERNAL\"") != std::string::npos)
    instance_->condemn();
  return Status(code, text);
}

Status SqlQuery::open() {
  NDTS_TRY(check_stopped());
  if (instance_ != nullptr) return {};
  std::unique_ptr<SqlInstance> instance;
  if (file_.empty()) NDTS_TRY(pool_->take(limits_, &instance));
  else NDTS_TRY(SqlInstance::open(pool_->api(), limits_, file_, &instance));
  instance->meter()->begin(limits_.memory_bytes);
  const SqlMeterScope scope(instance->meter());
  NDTS_TRY(instance->attach(source_));
  api_ = &instance->api();
  const MutexLock lock(mutex_);
  instance_ = std::move(instance);
  return {};
}

Status SqlQuery::ask(const char* sql, const std::string& text,
                     std::optional<std::string>* answer) {
  NDTS_TRY(check_open());
  const SqlMeterScope scope(instance_->meter());
  answer->reset();
  duckdb::Prepared prepared = nullptr;
  duckdb::Result result{};
  Status status;
  if (api_->prepare(instance_->connection(), sql, &prepared) != duckdb::kSuccess) {
    status = failed(api_->prepare_error(prepared), Code::kInternal);
  } else if (api_->bind_varchar_length(prepared, 1, text.data(), text.size()) !=
                 duckdb::kSuccess ||
             api_->execute_prepared(prepared, &result) != duckdb::kSuccess) {
    status = failed(api_->result_error(&result));
  } else if (duckdb::Chunk chunk = api_->fetch_chunk(result); chunk != nullptr) {
    const duckdb::Vector vector = api_->data_chunk_get_vector(chunk, 0);
    const std::uint64_t* valid = api_->vector_get_validity(vector);
    if (valid == nullptr || (valid[0] & 1) != 0) {
      const auto& found = *static_cast<const duckdb::Text*>(api_->vector_get_data(vector));
      answer->emplace(found.data(), found.length);
    }
    api_->destroy_data_chunk(&chunk);
  }
  api_->destroy_result(&result);
  api_->destroy_prepare(&prepared);
  return status;
}

Status SqlQuery::serialize(const std::string& sql, std::string* json) {
  std::optional<std::string> answer;
  NDTS_TRY(ask("SELECT CAST(json_serialize_sql($1::VARCHAR, skip_null := true) AS VARCHAR)", sql,
               &answer));
  *json = answer.value_or("");
  return {};
}

Status SqlQuery::render(const std::string& sql, std::string* text) {
  std::optional<std::string> answer;
  NDTS_TRY(ask("SELECT json_deserialize_sql(json_serialize_sql($1::VARCHAR))", sql, &answer));
  *text = answer.value_or("");
  return {};
}

Status SqlQuery::instant(SqlInstant form, const std::string& text,
                         std::optional<std::int64_t>* ns) {
  constexpr const char* kForms[] = {
      "SELECT CAST(epoch_ns(TRY_CAST($1::VARCHAR AS TIMESTAMP_NS)) AS VARCHAR)",
      "SELECT CAST(epoch_ns(CAST(TRY_CAST($1::VARCHAR AS TIMESTAMP) AS TIMESTAMP_NS)) AS VARCHAR)",
      "SELECT CAST(epoch_ns(CAST(TRY_CAST($1::VARCHAR AS DATE) AS TIMESTAMP_NS)) AS VARCHAR)"};
  std::optional<std::string> answer;
  ns->reset();
  // Beyond what nanoseconds reach it is an error: no instant either.
  const Status status = ask(kForms[static_cast<std::size_t>(form)], text, &answer);
  NDTS_TRY(check_stopped());
  if (status.ok() && answer.has_value()) *ns = std::strtoll(answer->c_str(), nullptr, 10);
  return {};
}

Status SqlQuery::prepare_one(const std::string& sql) {
  if (prepared_ != nullptr) api_->destroy_prepare(&prepared_);
  duckdb::Extracted extracted = nullptr;
  const duckdb::Index count =
      api_->extract_statements(instance_->connection(), sql.c_str(), &extracted);
  Status status;
  if (count == 0) {
    const char* message = api_->extract_statements_error(extracted);
    status = failed(message == nullptr ? "expected a statement, found nothing" : message);
  } else if (count > 1) {
    status = Status(Code::kInvalidSql, "expected one statement, found " + std::to_string(count));
  } else if (api_->prepare_extracted_statement(instance_->connection(), extracted, 0,
                                               &prepared_) != duckdb::kSuccess) {
    status = failed(api_->prepare_error(prepared_));
  }
  api_->destroy_extracted(&extracted);
  NDTS_TRY(status);
  const duckdb::StatementType type = api_->prepared_statement_type(prepared_);
  const bool may_copy = !file_.empty() && type == duckdb::StatementType::kCopy;
  if (type != duckdb::StatementType::kSelect && type != duckdb::StatementType::kExplain &&
      !may_copy)
    return Status(Code::kInvalidSql, "only statements that read are allowed");
  return {};
}

Status SqlQuery::describe(const std::string& sql, SqlDescription* description) {
  NDTS_TRY(check_open());
  const SqlMeterScope scope(instance_->meter());
  if (has_result_) return Status(Code::kInvalidArgument, "the query is under way");
  NDTS_TRY(prepare_one(sql));
  description->parameters.clear();
  const duckdb::Index count = api_->nparams(prepared_);
  for (duckdb::Index index = 1; index <= count; index += 1)
    description->parameters.push_back(parameter_type(index));
  const Status status = describe_prepared(*api_, prepared_, &description->columns);
  api_->destroy_prepare(&prepared_);
  return status;
}

Status SqlQuery::prepare(const std::string& sql, const std::string& pushed,
                         std::vector<ScanRequest> prunes, const std::vector<SqlValue>& values,
                         bool* is_pushed) {
  NDTS_TRY(check_open());
  const SqlMeterScope scope(instance_->meter());
  if (has_result_) return Status(Code::kInvalidArgument, "the query is under way");
  *is_pushed = !prunes.empty();
  if (!prunes.empty()) {
    source_->set_prunes(std::move(prunes));
    if (prepare_one(pushed).ok() && bind(values).ok()) return {};
    NDTS_TRY(check_stopped());
    *is_pushed = false;
  }
  NDTS_TRY(prepare_one(sql));
  return bind(values);
}

Status SqlQuery::bind(const std::vector<SqlValue>& values) {
  const duckdb::Index wanted = api_->nparams(prepared_);
  if (wanted != values.size())
    return Status(Code::kInvalidSql, "expected " + std::to_string(wanted) +
                                         " parameters, found " + std::to_string(values.size()));
  for (std::size_t at = 0; at < values.size(); at += 1) {
    duckdb::Index index = at + 1;
    const std::string& name = values[at].name;
    if (!name.empty() &&
        api_->bind_parameter_index(prepared_, &index, name.c_str()) != duckdb::kSuccess)
      return Status(Code::kInvalidSql, "the statement has no parameter $" + name);
    NDTS_TRY(bind_value(index, values[at]));
  }
  return {};
}

Status SqlQuery::bind_value(duckdb::Index index, const SqlValue& value) {
  duckdb::Value made = make_value(value);
  if (made == nullptr)
    return Status(Code::kInvalidArgument,
                  "parameter " + std::to_string(index) + " is no value of its type");
  const duckdb::Outcome outcome = api_->bind_value(prepared_, index, made);
  api_->destroy_value(&made);
  if (outcome == duckdb::kSuccess) return {};
  return failed(api_->prepare_error(prepared_));
}

duckdb::Value SqlQuery::make_value(const SqlValue& value) const {
  switch (value.kind) {
    case SqlValue::Kind::kBool:
      return api_->create_bool(value.integer != 0);
    case SqlValue::Kind::kI64:
      return api_->create_int64(value.integer);
    case SqlValue::Kind::kF64:
      return api_->create_double(value.number);
    case SqlValue::Kind::kText:
      return api_->create_varchar_length(value.text.data(), value.text.size());
    case SqlValue::Kind::kBytes:
      return api_->create_blob(reinterpret_cast<const std::uint8_t*>(value.text.data()),
                               value.text.size());
    case SqlValue::Kind::kTime:
      return api_->create_timestamp_ns({value.integer});
    case SqlValue::Kind::kList: {
      std::vector<duckdb::Value> items;
      items.reserve(value.items.size() + 1);  // of none, too, a place is asked for
      for (const SqlValue& item : value.items) items.push_back(make_value(item));
      duckdb::LogicalType type = api_->create_logical_type(type_of_kind(value.of));
      const duckdb::Value list = api_->create_list_value(type, items.data(), items.size());
      api_->destroy_logical_type(&type);
      for (duckdb::Value& item : items) api_->destroy_value(&item);
      return list;
    }
    default:
      return api_->create_null_value();
  }
}

std::string SqlQuery::parameter_type(duckdb::Index index) const {
  duckdb::LogicalType type = api_->param_logical_type(prepared_, index);
  if (type == nullptr) return {};
  const duckdb::Type id = api_->get_type_id(type);
  std::string name = sql_type_name(id);
  if (id == duckdb::Type::kList) {
    duckdb::LogicalType of = api_->list_type_child_type(type);
    if (const char* item = sql_type_name(api_->get_type_id(of)); *item != '\0')
      name = std::string(item) + "[]";
    api_->destroy_logical_type(&of);
  }
  api_->destroy_logical_type(&type);
  return name;
}

Status SqlQuery::execute() {
  NDTS_TRY(check_open());
  const SqlMeterScope scope(instance_->meter());
  if (prepared_ == nullptr || has_result_)
    return Status(Code::kInvalidArgument, "expected a statement that is prepared and not begun");
  if (api_->pending_prepared_streaming(prepared_, &pending_) != duckdb::kSuccess)
    return failed(api_->pending_error(pending_));
  if (api_->execute_pending(pending_, &result_) != duckdb::kSuccess) {
    has_result_ = true;
    return failed(api_->result_error(&result_));
  }
  has_result_ = true;
  return describe_result(*api_, &result_, &columns_);
}

Status SqlQuery::next(std::size_t rows, SqlBatch* batch) {
  NDTS_TRY(check_open());
  if (!has_result_) return Status(Code::kInvalidArgument, "the query has not begun");
  const SqlMeterScope scope(instance_->meter());
  while (!ended_ && batch->rows < rows && batch->bytes < kBatchBytes) {
    if (chunk_ == nullptr) NDTS_TRY(fetch());
    if (chunk_ == nullptr) break;
    NDTS_TRY(append_chunk(*api_, chunk_, columns_, &chunk_rows_, batch));
    if (chunk_rows_ < api_->data_chunk_get_size(chunk_)) break;
    api_->destroy_data_chunk(&chunk_);
  }
  if (ended_) release();
  return {};
}

// Leaves none at the end.
Status SqlQuery::fetch() {
  chunk_ = api_->fetch_chunk(result_);
  chunk_rows_ = 0;
  if (chunk_ == nullptr) {
    if (const char* message = api_->result_error(&result_); message != nullptr)
      return failed(message);
    NDTS_TRY(check_stopped());
    ended_ = true;
  } else if (api_->data_chunk_get_size(chunk_) == 0) {
    api_->destroy_data_chunk(&chunk_);
    ended_ = true;
  }
  return {};
}

}  // namespace ndts
