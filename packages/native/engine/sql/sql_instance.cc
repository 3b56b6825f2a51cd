// See sql_instance.h.
#include "sql/sql_instance.h"

#include <algorithm>

namespace ndts {

namespace {

constexpr std::size_t kIdleInstances = 2;

// In front of the functions of the same name: what makes one value as long as a number says is not
// interrupted while it does, more than 2^24 characters are refused before; what compares each
// character with each, more than 2^20 pairs. And what other engines have.
#define NDTS_COMPARES(name) \
  "CREATE MACRO main." name "(one, other) AS CASE " \
  "WHEN CAST(strlen(one) AS HUGEINT) * strlen(other) > 1048576 " \
  "THEN error('" name "() compares no texts of more than 1048576 pairs of bytes') " \
  "ELSE system.main." name "(one, other) END"

constexpr const char* kFunctions[] = {
    "CREATE MACRO main.repeat(value, times) AS CASE "
    "WHEN CAST(times AS HUGEINT) * strlen(CAST(value AS VARCHAR)) > 16777216 "
    "THEN error('repeat() makes no value of more than 16777216 characters') "
    "ELSE system.main.repeat(value, times) END",
    "CREATE MACRO main.lpad(value, length, fill) AS CASE WHEN length > 16777216 "
    "THEN error('lpad() makes no value of more than 16777216 characters') "
    "ELSE system.main.lpad(value, length, fill) END",
    "CREATE MACRO main.rpad(value, length, fill) AS CASE WHEN length > 16777216 "
    "THEN error('rpad() makes no value of more than 16777216 characters') "
    "ELSE system.main.rpad(value, length, fill) END",
    NDTS_COMPARES("levenshtein"),
    NDTS_COMPARES("editdist3"),
    NDTS_COMPARES("damerau_levenshtein"),
    "CREATE MACRO main.date_bin(stride, source, origin) AS time_bucket(CAST(stride AS INTERVAL), "
    "CAST(source AS TIMESTAMP), CAST(origin AS TIMESTAMP))",
};

#undef NDTS_COMPARES

std::string lower(std::string text) {
  for (char& letter : text)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return text;
}

}  // namespace

std::string quoted_name(const std::string& name) {
  std::string quoted = "\"";
  for (const char letter : name) {
    if (letter == '"') quoted += '"';
    quoted += letter;
  }
  return quoted + '"';
}

std::string quoted_text(const std::string& text) {
  std::string quoted = "'";
  for (const char letter : text) {
    if (letter == '\'') quoted += '\'';
    quoted += letter;
  }
  return quoted + '\'';
}

Status SqlInstance::open(const duckdb::Api& api, const SqlLimits& limits, const std::string& file,
                         std::unique_ptr<SqlInstance>* instance) {
  std::unique_ptr<SqlInstance> made(new SqlInstance(api, limits));
  NDTS_TRY(made->start(file));
  *instance = std::move(made);
  return {};
}

SqlInstance::~SqlInstance() {
  meter_->lift();
  const SqlMeterScope scope(meter_);
  if (connection_ != nullptr) api_.disconnect(&connection_);
  if (database_ != nullptr) api_.close(&database_);
}

Status SqlInstance::configure(duckdb::Config config) const {
  const std::string threads = std::to_string(limits_.threads);
  const std::string memory = std::to_string(std::max<std::uint64_t>(1, limits_.memory_bytes)) + "B";
  const std::pair<const char*, const char*> settings[] = {
      {"autoinstall_known_extensions", "false"},
      {"autoload_known_extensions", "false"},
      {"allow_community_extensions", "false"},
      {"errors_as_json", "true"},
      {"threads", threads.c_str()},
      {"memory_limit", memory.c_str()},
  };
  for (const auto& [name, value] : settings)
    if (api_.set_config(config, name, value) != duckdb::kSuccess)
      return Status(Code::kInternal, std::string("DuckDB does not take the setting ") + name +
                                         " = " + value);
  return {};
}

Status SqlInstance::start(const std::string& file) {
  const SqlMeterScope scope(meter_);
  duckdb::Config config = nullptr;
  if (api_.create_config(&config) != duckdb::kSuccess)
    return Status(Code::kInternal, "DuckDB makes no configuration");
  Status status = configure(config);
  char* error = nullptr;
  if (status.ok() && api_.open_ext(":memory:", &database_, config, &error) != duckdb::kSuccess)
    status = Status(Code::kInternal, std::string("DuckDB does not open: ") + error);
  if (error != nullptr) api_.free(error);
  api_.destroy_config(&config);
  NDTS_TRY(status);
  if (api_.connect(database_, &connection_) != duckdb::kSuccess)
    return Status(Code::kInternal, "DuckDB does not connect");
  NDTS_TRY(register_scan(*this));
  for (const char* function : kFunctions) NDTS_TRY(run(function));
  if (!file.empty()) NDTS_TRY(run("SET allowed_paths = [" + quoted_text(file) + "]"));
  // Nothing is spilled to disk. In this order: without the file system folders cannot be set any
  // more, and behind the lock nothing can.
  for (const char* setting :
       {"SET temp_directory = ''", "SET TimeZone = 'UTC'", "SET enable_external_access = false",
        "SET lock_configuration = true"})
    NDTS_TRY(run(setting));
  return {};
}

Status SqlInstance::run(const std::string& sql) {
  duckdb::Result result{};
  const bool done = api_.query(connection_, sql.c_str(), &result) == duckdb::kSuccess;
  Status status;
  if (!done) {
    const char* message = api_.result_error(&result);
    status = Status(Code::kInternal,
                    "DuckDB: " + std::string(message == nullptr ? "no reason" : message));
  }
  api_.destroy_result(&result);
  return status;
}

Status SqlInstance::attach(std::shared_ptr<SqlSource> source) {
  source_ = std::move(source);
  if (source_ == nullptr) return {};
  for (const SeriesView& view : source_->snapshot().tables()) {
    const TableSchema& schema = *view.schema;
    if (shown_.contains(schema.id)) continue;
    // SQL does not tell such names apart: the first one has it.
    const bool is_taken = std::any_of(
        source_->snapshot().tables().begin(), source_->snapshot().tables().end(),
        [&](const SeriesView& other) {
          return other.schema->id < schema.id && lower(other.schema->name) == lower(schema.name);
        });
    if (!is_taken) NDTS_TRY(show(schema));
    shown_.insert(schema.id);
  }
  return {};
}

void SqlInstance::abandon() {
  // A connection lets go of its statement when the next one comes.
  static_cast<void>(run("SELECT 1"));
}

Status SqlInstance::show(const TableSchema& schema) {
  return run("CREATE VIEW main." + quoted_name(schema.name) + " AS SELECT * FROM ndts_scan(" +
             std::to_string(schema.id) + ", -1)");
}

Status SqlPool::take(const SqlLimits& limits, std::unique_ptr<SqlInstance>* instance) {
  {
    const MutexLock lock(mutex_);
    const auto found = std::find_if(
        idle_.begin(), idle_.end(), [&](const auto& one) { return one->limits() == limits; });
    if (found != idle_.end()) {
      *instance = std::move(*found);
      idle_.erase(found);
      return {};
    }
  }
  return SqlInstance::open(api_, limits, {}, instance);
}

void SqlPool::give(std::unique_ptr<SqlInstance> instance) {
  std::unique_ptr<SqlInstance> oldest;  // ends outside the lock
  const MutexLock lock(mutex_);
  idle_.push_back(std::move(instance));
  if (idle_.size() <= kIdleInstances) return;
  oldest = std::move(idle_.front());
  idle_.erase(idle_.begin());
}

}  // namespace ndts
