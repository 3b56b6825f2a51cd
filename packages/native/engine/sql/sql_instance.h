// One embedded DuckDB: in memory, without the file system, extensions, or any way to change its
// settings, and with the tables of a query as views. Making one costs tens of milliseconds, so
// they are kept and used again, by one query at a time.
//
// An instance may be given one file, which is all it can reach, to read or to write it; that kind
// is not kept.
//
// Threads: an instance belongs to whoever took it; interrupt() from any thread. The pool from any
// thread. Lifetime: whoever has an instance keeps the pool. Errors: UNAVAILABLE when the library
// is not there; INTERNAL when it does not do what it must.
// Invariant: before any text of a user runs, the settings are made and locked.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sql/sql_meter.h"
#include "sql/sql_source.h"

namespace ndts {

struct SqlLimits {
  std::uint64_t memory_bytes = 0;
  std::uint32_t threads = 1;
  friend bool operator==(const SqlLimits&, const SqlLimits&) = default;
};

class SqlInstance {
 public:
  // `file`: an absolute path; empty: no file at all.
  [[nodiscard]] static Status open(const duckdb::Api& api, const SqlLimits& limits,
                                   const std::string& file,
                                   std::unique_ptr<SqlInstance>* instance);
  ~SqlInstance();
  SqlInstance(const SqlInstance&) = delete;
  SqlInstance& operator=(const SqlInstance&) = delete;

  [[nodiscard]] const duckdb::Api& api() const { return api_; }
  [[nodiscard]] duckdb::Connection connection() const { return connection_; }
  [[nodiscard]] const SqlLimits& limits() const { return limits_; }
  // Whoever calls the library for this instance has a scope of it.
  [[nodiscard]] const std::shared_ptr<SqlMeter>& meter() const { return meter_; }

  // What scans read from now on; its tables are there as views. Null: nothing.
  [[nodiscard]] Status attach(std::shared_ptr<SqlSource> source);
  [[nodiscard]] const std::shared_ptr<SqlSource>& source() const { return source_; }
  // Ends what was left half way, and waits for its threads: until then it keeps what it reads.
  void abandon();
  void interrupt() { api_.interrupt(connection_); }
  // It is not to be used again: something in it ended where it should not.
  void condemn() { is_sound_ = false; }
  [[nodiscard]] bool is_sound() const { return is_sound_ && !meter_->refused(); }

 private:
  SqlInstance(const duckdb::Api& api, const SqlLimits& limits) : api_(api), limits_(limits) {}
  [[nodiscard]] Status start(const std::string& file);
  [[nodiscard]] Status configure(duckdb::Config config) const;
  [[nodiscard]] Status run(const std::string& sql);
  [[nodiscard]] Status show(const TableSchema& schema);

  const duckdb::Api& api_;
  const SqlLimits limits_;
  // It calls while it has a limit: that ends first.
  const std::shared_ptr<SqlMeter> meter_ = std::make_shared<SqlMeter>([this] { interrupt(); });
  bool is_sound_ = true;
  duckdb::Database database_ = nullptr;
  duckdb::Connection connection_ = nullptr;
  std::shared_ptr<SqlSource> source_;
  std::set<std::uint32_t> shown_;  // tables with a view
};

class SqlPool {
 public:
  explicit SqlPool(const duckdb::Api& api) : api_(api) {}

  [[nodiscard]] const duckdb::Api& api() const { return api_; }
  [[nodiscard]] Status take(const SqlLimits& limits, std::unique_ptr<SqlInstance>* instance);
  // One that is of no more use is not given back.
  void give(std::unique_ptr<SqlInstance> instance);

 private:
  const duckdb::Api& api_;
  Mutex mutex_;
  std::vector<std::unique_ptr<SqlInstance>> idle_;  // guarded by mutex_
};

// The table function ndts_scan(table, prune), which every view stands on.
[[nodiscard]] Status register_scan(SqlInstance& instance);

// A name as SQL has it: in quotes, quotes in it twice.
[[nodiscard]] std::string quoted_name(const std::string& name);
// A text as SQL has it.
[[nodiscard]] std::string quoted_text(const std::string& text);

}  // namespace ndts
