// The database as JavaScript holds it. src/db.ts is its only caller. Methods are in db.cc, those
// of the key-value table in db_key_value.cc, of tables in db_tables.cc, of snapshots in
// db_snapshots.cc, replay() in replay.cc, of queries in db_sql.cc, aggregates in db_scan.cc.
//
// A handle is closed by close(), by the garbage collector, or when its environment (a worker, the
// process) is taken down; each joins the engine's threads first.
#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "arguments.h"
#include "base/clock.h"
#include "db/database.h"
#include "db_waiters.h"
#include "scan/latest.h"
#include "sql/sql_query.h"

namespace ndts::binding {

[[nodiscard]] inline Napi::Number number(Napi::Env env, std::uint64_t value) {
  return Napi::Number::New(env, static_cast<double>(value));
}

[[noreturn]] inline void refuse(Napi::Env env, const std::string& what) {
  throw_code(env, Code::kInvalidArgument, what);
}

[[nodiscard]] inline std::uint32_t word(Napi::Env env, const Napi::Value& value,
                                        const char* name) {
  return static_cast<std::uint32_t>(whole_number(env, value, name, UINT32_MAX));
}

[[nodiscard]] inline Napi::Uint8Array copy_of(Napi::Env env, Bytes bytes) {
  auto copy = Napi::Uint8Array::New(env, bytes.size());
  if (!bytes.empty()) std::memcpy(copy.Data(), bytes.data(), bytes.size());
  return copy;
}

// A point in time; beyond what int64 nanoseconds reach it is their end.
[[nodiscard]] std::int64_t time_of(Napi::Env env, const Napi::Value& day, const Napi::Value& ns);

class DatabaseWrap : public Napi::ObjectWrap<DatabaseWrap> {
 public:
  static Napi::Function define(Napi::Env env);
  // (DatabaseOptions)
  explicit DatabaseWrap(const Napi::CallbackInfo& info);
  ~DatabaseWrap() override { shut(); }

 private:
  Database& open(Napi::Env env);
  static void leave(void* self);
  // Without JavaScript: who still waits is not told.
  void shut();
  void settle_waiters();
  // While somebody waits the handle stays, whoever else lets go of it.
  void hold();
  std::uint32_t shard_argument(const Napi::Value& value, const Database& database);

  // (id, shard, name)
  void register_symbol(const Napi::CallbackInfo& info);
  Napi::Value symbols(const Napi::CallbackInfo& info);
  // (shard)
  Napi::Value epoch(const Napi::CallbackInfo& info);
  // (shard, table)
  Napi::Value next_sequence(const Napi::CallbackInfo& info);
  // (Float64Array, table)
  void watermarks(const Napi::CallbackInfo& info);

  // (buffer, capacity, count, operations | undefined)
  Napi::Value append_ticks(const Napi::CallbackInfo& info);
  // (symbol, fromDay, fromNs, toDay, toNs, firstSequence, buffer, capacity)
  Napi::Value load_ticks(const Napi::CallbackInfo& info);
  // (symbol, buffer, capacity)
  Napi::Value last_ticks(const Napi::CallbackInfo& info);
  // (shard, fromSequence, buffer, capacity)
  Napi::Value read_sequence(const Napi::CallbackInfo& info);

  // ({ name, columns }): the id
  Napi::Value create_table(const Napi::CallbackInfo& info);
  Napi::Value tables(const Napi::CallbackInfo& info);
  const TableSchema& table_argument(Napi::Env env, const Napi::Value& value);
  // (table, buffer, capacity, count, heap, operations | undefined)
  Napi::Value append_rows(const Napi::CallbackInfo& info);
  // (table, symbol, fromDay, fromNs, toDay, toNs, firstSequence, buffer, capacity)
  Napi::Value load_rows(const Napi::CallbackInfo& info);
  // (table, symbol, buffer, capacity)
  Napi::Value last_rows(const Napi::CallbackInfo& info);
  // (table, shard, fromSequence, buffer, capacity)
  Napi::Value read_rows(const Napi::CallbackInfo& info);
  // (request): what a Replay is made of. In replay.cc.
  Napi::Value replay(const Napi::CallbackInfo& info);
  // (table, symbol, fromDay, fromNs, toDay, toNs). In db_locate.cc.
  Napi::Value locate(const Napi::CallbackInfo& info);
  // (table, Uint32Array of symbols, buffer, capacity)
  Napi::Value latest(const Napi::CallbackInfo& info);
  // (what src/scan.ts makes of a query): a promise
  Napi::Value aggregate(const Napi::CallbackInfo& info);
  // Symbols with their shards; NOT_FOUND for one that is not known.
  std::vector<ScanSymbol> symbols_argument(Napi::Env env, const Napi::Value& value);
  // The texts of the rows read last.
  Napi::Value take_heap(const Napi::CallbackInfo& info);

  // (key)
  Napi::Value get(const Napi::CallbackInfo& info);
  // (prefix, from | undefined, exclusive, limit, reverse)
  Napi::Value scan(const Napi::CallbackInfo& info);
  // (operations)
  Napi::Value write(const Napi::CallbackInfo& info);
  // undefined: none. Give it back to operations_, whose memory it has. Whatever was taken from
  // JavaScript before may be gone afterwards.
  std::vector<std::byte> operations_argument(Napi::Env env, const Napi::Value& value);
  void encode(Napi::Env env, const Napi::Value& value, std::vector<std::byte>* batch);

  Napi::Value durable_position(const Napi::CallbackInfo& info);
  Napi::Value accepted_position(const Napi::CallbackInfo& info);
  // (position | undefined): a promise
  Napi::Value durable(const Napi::CallbackInfo& info);
  void seal(const Napi::CallbackInfo& info);
  void settle(const Napi::CallbackInfo& info);
  // (name)
  void begin_snapshot(const Napi::CallbackInfo& info);
  // Whether it is there.
  Napi::Value snapshot_made(const Napi::CallbackInfo& info);
  Napi::Value snapshots(const Napi::CallbackInfo& info);
  // (name)
  void remove_snapshot(const Napi::CallbackInfo& info);
  // (table)
  Napi::Value segments(const Napi::CallbackInfo& info);
  // (numbers that go, paths that come)
  void begin_change(const Napi::CallbackInfo& info);
  // Whether it is done.
  Napi::Value change_made(const Napi::CallbackInfo& info);
  Napi::Value stats(const Napi::CallbackInfo& info);
  // (library, memoryBytes, threads, file | undefined)
  Napi::Value begin_query(const Napi::CallbackInfo& info);
  void stop_queries();
  void close(const Napi::CallbackInfo& info);

  SystemClock clock_;
  DurableWaiters waiters_;
  std::unique_ptr<Database> database_;  // after what its threads call
  std::string dir_;
  LatestCache latest_;
  std::vector<std::byte> operations_;  // memory of the last write, for the next
  std::vector<std::byte> heap_;
  std::shared_ptr<SqlPool> sql_pool_;  // from the first query on
  std::shared_ptr<const SymbolNames> symbol_names_;
  std::vector<std::weak_ptr<SqlQuery>> sql_queries_;
  bool hooked_ = false;
  bool held_ = false;
};

// { name, columns } as a schema without an id.
[[nodiscard]] TableSchema schema_argument(Napi::Env env, const Napi::Value& value);
// The columns of a TableBatch in its memory; INVALID_ARGUMENT when that is too small.
[[nodiscard]] RowsOut batch_argument_of(Napi::Env env, const TableSchema& schema,
                                        const Napi::Value& buffer, const Napi::Value& capacity);

// (dir): of a database that may be open.
Napi::Value list_snapshots(const Napi::CallbackInfo& info);
// (dir, name): of a database that is not open.
void remove_snapshot(const Napi::CallbackInfo& info);
// (folder, dir)
void restore_snapshot(const Napi::CallbackInfo& info);

}  // namespace ndts::binding
