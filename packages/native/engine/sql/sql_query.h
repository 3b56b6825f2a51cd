// One query: from its text to its rows, over one state of the database.
//
//   open()       an embedded DuckDB that sees the snapshot
//   serialize()  the tree of a statement, as JSON, for the front end
//   render()     a statement in DuckDB's own words, by which it names columns
//   instant()    what DuckDB takes a text for, as nanoseconds since 1970
//   describe()   what parameters a statement has and what columns it will have
//   prepare()    checks that it is one statement that reads, binds its parameters
//   execute()    begins; columns() are known from then on
//   next()       rows, until there are none
//
// Threads: one at a time; stop() and cut() from any thread. Lifetime: the database may be closed
// before it.
// Errors: INVALID_ARGUMENT (out of order), UNAVAILABLE (no library), INVALID_SQL with DuckDB's own
// words (JSON), MEMORY_LIMIT, the reason after stop(), those of the files that are read. Invariant:
// user text runs only as one prepared statement that reads; where there is a file, COPY may write
// that one.
#pragma once

#include <optional>

#include "sql/sql_batch.h"
#include "sql/sql_instance.h"

namespace ndts {

struct SqlValue {
  enum class Kind : std::uint8_t { kNull, kBool, kI64, kF64, kTime, kText, kBytes, kList };
  Kind kind = Kind::kNull;
  Kind of = Kind::kNull;  // what a list is of; each of its items is that or null
  std::int64_t integer = 0;  // of bool, i64 and time
  double number = 0;
  std::string text;  // and bytes
  std::string name;  // empty: by its place
  std::vector<SqlValue> items;  // of a list
};

struct SqlDescription {
  std::vector<std::string> parameters;   // as SQL calls their types; "": any, or not known
  std::vector<SqlResultColumn> columns;  // none: not known without values
};

// How a text becomes an instant.
enum class SqlInstant : std::uint8_t { kTimestampNs, kTimestamp, kDate };

class SqlQuery {
 public:
  // `file`: see SqlInstance::open().
  SqlQuery(std::shared_ptr<SqlPool> pool, std::shared_ptr<SqlSource> source, SqlLimits limits,
           std::string file = {})
      : pool_(std::move(pool)),
        source_(std::move(source)),
        limits_(limits),
        file_(std::move(file)) {}
  ~SqlQuery();
  SqlQuery(const SqlQuery&) = delete;
  SqlQuery& operator=(const SqlQuery&) = delete;

  [[nodiscard]] const SqlSource& source() const { return *source_; }

  [[nodiscard]] Status open();
  [[nodiscard]] Status serialize(const std::string& sql, std::string* json);
  // Of what serialize() has a tree for.
  [[nodiscard]] Status render(const std::string& sql, std::string* text);
  // nullopt: it is no instant.
  [[nodiscard]] Status instant(SqlInstant form, const std::string& text,
                               std::optional<std::int64_t>* ns);
  [[nodiscard]] Status describe(const std::string& sql, SqlDescription* description);
  // `pushed` is the same statement with prunes, tried first; when DuckDB does not take it, `sql`.
  // Says which of the two it is.
  [[nodiscard]] Status prepare(const std::string& sql, const std::string& pushed,
                               std::vector<ScanRequest> prunes, const std::vector<SqlValue>& values,
                               bool* is_pushed);
  [[nodiscard]] Status execute();
  [[nodiscard]] const std::vector<SqlResultColumn>& columns() const { return columns_; }
  // At least `rows` of them unless the result ends or they are large; none: the end. The snapshot
  // goes with the last.
  [[nodiscard]] Status next(std::size_t rows, SqlBatch* batch);
  // What runs ends soon; what is called later fails with the reason: CANCELLED, CLOSED, TIMEOUT.
  void stop(Code reason);
  // An expression that goes on after stop() gets no more memory: it ends where it asks for some.
  void cut();
  // Lets everything go, the snapshot first of all; twice is allowed.
  void close();

 private:
  // What reads the snapshot, and the snapshot.
  void release();
  [[nodiscard]] Status fetch();
  [[nodiscard]] Status ask(const char* sql, const std::string& text,
                           std::optional<std::string>* answer);
  [[nodiscard]] Status prepare_one(const std::string& sql);
  [[nodiscard]] Status bind(const std::vector<SqlValue>& values);
  [[nodiscard]] Status bind_value(duckdb::Index index, const SqlValue& value);
  [[nodiscard]] duckdb::Value make_value(const SqlValue& value) const;
  [[nodiscard]] std::string parameter_type(duckdb::Index index) const;
  [[nodiscard]] Status failed(const char* message, Code code = Code::kInvalidSql) const;
  [[nodiscard]] Status check_stopped() const;
  [[nodiscard]] Status check_open() const;

  const std::shared_ptr<SqlPool> pool_;
  const std::shared_ptr<SqlSource> source_;
  const SqlLimits limits_;
  const std::string file_;
  Mutex mutex_;  // guards the instance against stop()
  std::unique_ptr<SqlInstance> instance_;
  const duckdb::Api* api_ = nullptr;
  duckdb::Prepared prepared_ = nullptr;
  duckdb::Pending pending_ = nullptr;
  duckdb::Result result_{};
  duckdb::Chunk chunk_ = nullptr;  // taken as far as chunk_rows_
  std::size_t chunk_rows_ = 0;
  bool has_result_ = false;
  bool ended_ = false;
  std::vector<SqlResultColumn> columns_;
};

}  // namespace ndts
