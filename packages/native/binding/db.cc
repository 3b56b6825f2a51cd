// The database for JavaScript: converts and calls. See db_wrap.h.

#include "db.h"

#include <limits>

#include "db_sql.h"
#include "db_wrap.h"
#include "disk.h"
#include "replay.h"

namespace ndts::binding {
namespace {

std::uint64_t option(const Napi::Object& options, const char* name) {
  return whole_number(options.Env(), options.Get(name), name);
}

// Of an interval in milliseconds, which may be a fraction; up to a hundred years.
std::int64_t nanoseconds(const Napi::Object& options, const char* name) {
  constexpr double kLongestMs = 100.0 * 366 * 86'400'000;
  const double ms = finite_number(options.Env(), options.Get(name), name);
  if (ms < 0 || ms > kLongestMs)
    refuse(options.Env(), std::string("expected ") + name + " to be from 0 to a hundred years");
  return static_cast<std::int64_t>(ms * 1e6);
}

void read_options(const Napi::Object& given, DatabaseOptions* options) {
  const Napi::Env env = given.Env();
  options->dir = path(env, given.Get("dir"), "dir");
  options->staging_dir = path(env, given.Get("stagingDir"), "stagingDir");
  options->staging_bytes = option(given, "stagingBytes");
  options->wal_file_bytes = option(given, "walFileBytes");
  options->wal_budget_bytes = option(given, "walBudgetBytes");
  options->memtable_bytes = option(given, "memtableBytes");
  options->seal_interval_ns = nanoseconds(given, "sealIntervalMs");
  options->commit_interval_ns = nanoseconds(given, "commitIntervalMs");
  options->snapshot_interval_ns = nanoseconds(given, "snapshotIntervalMs");
  options->snapshots_kept = word(env, given.Get("snapshotsKept"), "snapshotsKept");
  options->compaction_bytes_per_second = option(given, "compactionBytesPerSecond");
  options->compaction.level0_tables = word(env, given.Get("level0Tables"), "level0Tables");
  options->compaction.level1_bytes = option(given, "level1Bytes");
  options->compaction.level_factor = option(given, "levelFactor");
  options->segments.fan_in = word(env, given.Get("mergeSegments"), "mergeSegments");
  options->shard_count = static_cast<std::uint32_t>(
      whole_number(env, given.Get("shardCount"), "shardCount", 65536));
}

TickBatchView batch(const Napi::CallbackInfo& info, std::size_t at) {
  const BatchArgument argument = batch_argument(info.Env(), info[at], info[at + 1]);
  return {argument.columns, argument.capacity, 0};
}

}  // namespace

std::int64_t time_of(Napi::Env env, const Napi::Value& day, const Napi::Value& ns) {
  const double whole = day.IsNumber() ? day.As<Napi::Number>().DoubleValue() : NAN;
  const double rest = ns.IsNumber() ? ns.As<Napi::Number>().DoubleValue() : NAN;
  if (whole > kDayMax) return std::numeric_limits<std::int64_t>::max();
  if (whole < kDayMin) return std::numeric_limits<std::int64_t>::min();
  if (!is_time(whole, rest))
    refuse(env, "expected a time: day and nsOfDay whole, nsOfDay in [0, 86400e9)");
  return pack_time(whole, rest);
}

Napi::Function DatabaseWrap::define(Napi::Env env) {
  using Wrap = DatabaseWrap;
  return DefineClass(env, "Database",
                     {InstanceMethod<&Wrap::register_symbol>("registerSymbol"),
                      InstanceMethod<&Wrap::symbols>("symbols"),
                      InstanceMethod<&Wrap::epoch>("epoch"),
                      InstanceMethod<&Wrap::next_sequence>("nextSequence"),
                      InstanceMethod<&Wrap::append_ticks>("appendTicks"),
                      InstanceMethod<&Wrap::watermarks>("watermarks"),
                      InstanceMethod<&Wrap::load_ticks>("loadTicks"),
                      InstanceMethod<&Wrap::last_ticks>("lastTicks"),
                      InstanceMethod<&Wrap::read_sequence>("readSequence"),
                      InstanceMethod<&Wrap::create_table>("createTable"),
                      InstanceMethod<&Wrap::tables>("tables"),
                      InstanceMethod<&Wrap::append_rows>("appendRows"),
                      InstanceMethod<&Wrap::load_rows>("loadRows"),
                      InstanceMethod<&Wrap::last_rows>("lastRows"),
                      InstanceMethod<&Wrap::read_rows>("readRows"),
                      InstanceMethod<&Wrap::latest>("latest"),
                      InstanceMethod<&Wrap::locate>("locate"),
                      InstanceMethod<&Wrap::aggregate>("aggregate"),
                      InstanceMethod<&Wrap::take_heap>("takeHeap"),
                      InstanceMethod<&Wrap::replay>("replay"),
                      InstanceMethod<&Wrap::get>("get"),
                      InstanceMethod<&Wrap::scan>("scan"),
                      InstanceMethod<&Wrap::write>("write"),
                      InstanceMethod<&Wrap::durable_position>("durablePosition"),
                      InstanceMethod<&Wrap::accepted_position>("acceptedPosition"),
                      InstanceMethod<&Wrap::durable>("durable"),
                      InstanceMethod<&Wrap::seal>("seal"),
                      InstanceMethod<&Wrap::settle>("settle"),
                      InstanceMethod<&Wrap::begin_snapshot>("beginSnapshot"),
                      InstanceMethod<&Wrap::snapshot_made>("snapshotMade"),
                      InstanceMethod<&Wrap::snapshots>("snapshots"),
                      InstanceMethod<&Wrap::remove_snapshot>("removeSnapshot"),
                      InstanceMethod<&Wrap::segments>("segments"),
                      InstanceMethod<&Wrap::begin_change>("beginChange"),
                      InstanceMethod<&Wrap::change_made>("changeMade"),
                      InstanceMethod<&Wrap::stats>("stats"),
                      InstanceMethod<&Wrap::begin_query>("beginQuery"),
                      InstanceMethod<&Wrap::close>("close")});
}

DatabaseWrap::DatabaseWrap(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<DatabaseWrap>(info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsObject()) refuse(env, "expected options");
  DatabaseOptions options;
  options.files = &disk();
  options.clock = &clock_;
  read_options(info[0].As<Napi::Object>(), &options);
  dir_ = options.dir;
  options.on_durable = [this](std::uint64_t durable) { waiters_.notify_durable(durable); };
  options.on_failure = [this](const Status&) { waiters_.notify_failure(); };
  waiters_.start(env, this,
                 [](void* self) { static_cast<DatabaseWrap*>(self)->settle_waiters(); });
  if (const Status status = Database::open(options, &database_); !status.ok()) {
    waiters_.release();
    check(env, status);
  }
  // After the thread-safe function, whose own hook must run later.
  napi_add_env_cleanup_hook(env, &DatabaseWrap::leave, this);
  hooked_ = true;
}

Database& DatabaseWrap::open(Napi::Env env) {
  if (!database_) throw_code(env, Code::kClosed, "the database is closed");
  return *database_;
}

void DatabaseWrap::leave(void* self) {
  auto* wrap = static_cast<DatabaseWrap*>(self);
  wrap->hooked_ = false;
  wrap->shut();
}

void DatabaseWrap::shut() {
  if (hooked_) napi_remove_env_cleanup_hook(Env(), &DatabaseWrap::leave, this);
  hooked_ = false;
  stop_queries();
  if (!database_) return;
  database_.reset();
  waiters_.release();
}

void DatabaseWrap::settle_waiters() {
  if (!database_) return;
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  waiters_.settle(env, database_->durable_position(), database_->failure());
  hold();
}

void DatabaseWrap::hold() {
  if (held_ == !waiters_.empty()) return;
  held_ = !held_;
  if (held_) {
    Ref();
  } else {
    Unref();
  }
}

std::uint32_t DatabaseWrap::shard_argument(const Napi::Value& value, const Database& database) {
  return static_cast<std::uint32_t>(
      whole_number(Env(), value, "shard", database.shard_count() - 1));
}

void DatabaseWrap::register_symbol(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Database& database = open(env);
  const std::uint32_t id = word(env, info[0], "id");
  const std::uint32_t shard = word(env, info[1], "shard");
  check(env, database.register_symbol(id, shard, text(env, info[2], "name")));
}

Napi::Value DatabaseWrap::symbols(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::span<const SymbolInfo* const> all = open(env).symbols();
  Napi::Array result = Napi::Array::New(env, all.size());
  for (std::uint32_t index = 0; index < all.size(); index += 1) {
    const Napi::HandleScope scope(env);
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("id", number(env, all[index]->id));
    entry.Set("shard", number(env, all[index]->shard));
    entry.Set("name", Napi::String::New(env, all[index]->name));
    result[index] = entry;
  }
  return result;
}

Napi::Value DatabaseWrap::epoch(const Napi::CallbackInfo& info) {
  Database& database = open(info.Env());
  return number(info.Env(), database.epoch(shard_argument(info[0], database)));
}

Napi::Value DatabaseWrap::next_sequence(const Napi::CallbackInfo& info) {
  Database& database = open(info.Env());
  const std::uint32_t table = table_argument(info.Env(), info[1]).id;
  return number(info.Env(), database.next_sequence(shard_argument(info[0], database), table));
}

Napi::Value DatabaseWrap::append_ticks(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::vector<std::byte> joined = operations_argument(env, info[3]);
  Database& database = open(env);
  TickBatchView view = batch(info, 0);
  view.count = count_argument(env, info[2], view.capacity);
  std::uint64_t position = 0;
  check(env, database.append_ticks(view, &position, joined));
  if (!joined.empty()) operations_ = std::move(joined);
  return number(env, position);
}

void DatabaseWrap::watermarks(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Database& database = open(env);
  const std::size_t length = std::size_t{4} * database.shard_count();
  if (!info[0].IsTypedArray() ||
      info[0].As<Napi::TypedArray>().TypedArrayType() != napi_float64_array ||
      info[0].As<Napi::TypedArray>().ElementLength() < length)
    refuse(env, "expected a Float64Array of " + std::to_string(length));
  auto into = info[0].As<Napi::Float64Array>();
  database.watermarks({into.Data(), length}, table_argument(env, info[1]).id);
}

Napi::Value DatabaseWrap::load_ticks(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Database& database = open(env);
  const std::uint32_t symbol = word(env, info[0], "symbol");
  const TimeRange range{time_of(env, info[1], info[2]), time_of(env, info[3], info[4]),
                        whole_number(env, info[5], "afterSequence")};
  std::size_t count = 0;
  check(env, database.load_rows(kTickTable, symbol, range, RowsOut::of(batch(info, 6)), &count));
  return number(env, count);
}

Napi::Value DatabaseWrap::last_ticks(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Database& database = open(env);
  const std::uint32_t symbol = word(env, info[0], "symbol");
  std::size_t count = 0;
  check(env, database.last_rows(kTickTable, symbol, RowsOut::of(batch(info, 1)), &count));
  return number(env, count);
}

Napi::Value DatabaseWrap::read_sequence(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Database& database = open(env);
  const std::uint32_t shard = shard_argument(info[0], database);
  const std::uint64_t from = whole_number(env, info[1], "fromSequence");
  std::size_t count = 0;
  check(env, database.read_sequence(kTickTable, shard, from, RowsOut::of(batch(info, 2)), &count));
  return number(env, count);
}

Napi::Value DatabaseWrap::durable_position(const Napi::CallbackInfo& info) {
  return number(info.Env(), open(info.Env()).durable_position());
}

Napi::Value DatabaseWrap::accepted_position(const Napi::CallbackInfo& info) {
  return number(info.Env(), open(info.Env()).accepted_position());
}

Napi::Value DatabaseWrap::durable(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Database& database = open(env);
  const std::uint64_t accepted = database.accepted_position();
  const std::uint64_t position =
      info[0].IsUndefined() ? accepted : whole_number(env, info[0], "position");
  if (position > accepted)
    refuse(env, "position " + std::to_string(position) + " was never accepted, the last is " +
                    std::to_string(accepted));
  const Napi::Promise promise = waiters_.add(env, position);
  waiters_.settle(env, database.durable_position(), database.failure());
  hold();
  if (database.durable_position() < position) database.request_commit();
  return promise;
}

void DatabaseWrap::seal(const Napi::CallbackInfo& info) {
  check(info.Env(), open(info.Env()).seal());
}

void DatabaseWrap::settle(const Napi::CallbackInfo& info) {
  check(info.Env(), open(info.Env()).settle());
}

Napi::Value DatabaseWrap::stats(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const DatabaseStats stats = open(env).stats();
  Napi::Object result = Napi::Object::New(env);
  const auto set = [&](const char* name, std::uint64_t value) {
    result.Set(name, number(env, value));
  };
  set("appendWaits", stats.append_waits);
  set("appendWaitNs", stats.append_wait_ns);
  set("stalls", stats.stalls);
  set("stallNs", stats.stall_ns);
  set("commits", stats.commits);
  set("walFiles", stats.wal_files);
  set("walBytes", stats.wal_bytes);
  set("memtableBytes", stats.memtable_bytes);
  set("segments", stats.segments);
  set("segmentBytes", stats.segment_bytes);
  set("segmentRows", stats.segment_rows);
  set("keyValueEntries", stats.key_value_entries);
  set("keyValueBytes", stats.key_value_bytes);
  set("keyValuePending", stats.key_value_pending);
  set("flushes", stats.flushes);
  set("flushFailures", stats.flush_failures);
  set("merges", stats.merges);
  set("mergedBytes", stats.merged_bytes);
  set("mergeFailures", stats.merge_failures);
  set("snapshots", stats.snapshots);
  set("snapshotFailures", stats.snapshot_failures);
  set("obsoleteFiles", stats.obsolete_files);
  set("symbols", stats.symbols);
  set("replayedEntries", stats.replayed_entries);
  set("tornBytes", stats.torn_bytes);
  set("stagedEntries", stats.staged_entries);
  return result;
}

void DatabaseWrap::close(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!database_) return;
  const std::uint64_t accepted = database_->accepted_position();
  const std::uint64_t durable = database_->durable_position();
  const Status status = database_->close();
  waiters_.settle(env, status.ok() ? accepted : durable,
                  status.ok() ? Status(Code::kClosed, "the database was closed") : status);
  hold();
  shut();
  check(env, status);
}

void init_db(Napi::Env env, Napi::Object exports) {
  exports.Set("Database", DatabaseWrap::define(env));
  exports.Set("listSnapshots", Napi::Function::New(env, list_snapshots));
  exports.Set("removeSnapshot", Napi::Function::New(env, remove_snapshot));
  exports.Set("restoreSnapshot", Napi::Function::New(env, restore_snapshot));
  init_inspect(env, exports);
  init_sql(env, exports);
  init_repair(env, exports);
  ReplayWrap::define(env, exports);
}

}  // namespace ndts::binding
