// The database for JavaScript: converts and calls. src/db.ts is its only caller.
//
// A handle is closed by close(), by the garbage collector, or when its environment (a worker, the
// process) is taken down; each joins the engine's threads first.

#include "db.h"

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "arguments.h"
#include "base/clock.h"
#include "db/database.h"
#include "db_waiters.h"
#include "disk.h"
#include "errors.h"

namespace ndts::binding {
namespace {

Napi::Number number(Napi::Env env, std::uint64_t value) {
  return Napi::Number::New(env, static_cast<double>(value));
}

[[noreturn]] void refuse(Napi::Env env, const std::string& what) {
  throw_code(env, Code::kInvalidArgument, what);
}

Napi::Value member(const Napi::Object& object, const char* name) { return object.Get(name); }

std::uint64_t option(const Napi::Object& options, const char* name) {
  return whole_number(options.Env(), options.Get(name), name);
}

Napi::Uint8Array copy_of(Napi::Env env, Bytes bytes) {
  auto copy = Napi::Uint8Array::New(env, bytes.size());
  if (!bytes.empty()) std::memcpy(copy.Data(), bytes.data(), bytes.size());
  return copy;
}

std::string key_of(Napi::Env env, const Napi::Value& value, const char* name) {
  if (!value.IsString()) refuse(env, std::string("expected ") + name + " to be text");
  return value.As<Napi::String>().Utf8Value();
}

// A point in time; beyond what int64 nanoseconds reach it is their end.
std::int64_t time_of(Napi::Env env, const Napi::Value& day, const Napi::Value& ns) {
  const double whole = day.IsNumber() ? day.As<Napi::Number>().DoubleValue() : NAN;
  const double rest = ns.IsNumber() ? ns.As<Napi::Number>().DoubleValue() : NAN;
  if (whole > kDayMax) return std::numeric_limits<std::int64_t>::max();
  if (whole < kDayMin) return std::numeric_limits<std::int64_t>::min();
  if (!is_time(whole, rest))
    refuse(env, "expected a time: day and nsOfDay whole, nsOfDay in [0, 86400e9)");
  return pack_time(whole, rest);
}

class DatabaseWrap : public Napi::ObjectWrap<DatabaseWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
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
                        InstanceMethod<&Wrap::get>("get"),
                        InstanceMethod<&Wrap::scan>("scan"),
                        InstanceMethod<&Wrap::write>("write"),
                        InstanceMethod<&Wrap::durable_position>("durablePosition"),
                        InstanceMethod<&Wrap::accepted_position>("acceptedPosition"),
                        InstanceMethod<&Wrap::durable>("durable"),
                        InstanceMethod<&Wrap::seal>("seal"),
                        InstanceMethod<&Wrap::stats>("stats"),
                        InstanceMethod<&Wrap::close>("close")});
  }

  // (DatabaseOptions)
  explicit DatabaseWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<DatabaseWrap>(info) {
    const Napi::Env env = info.Env();
    if (!info[0].IsObject()) refuse(env, "expected options");
    const auto given = info[0].As<Napi::Object>();
    DatabaseOptions options;
    options.files = &disk();
    options.clock = &clock_;
    options.dir = text(env, given.Get("dir"), "dir");
    options.staging_dir = text(env, given.Get("stagingDir"), "stagingDir");
    options.staging_bytes = option(given, "stagingBytes");
    options.wal_file_bytes = option(given, "walFileBytes");
    options.wal_budget_bytes = option(given, "walBudgetBytes");
    options.memtable_bytes = option(given, "memtableBytes");
    options.seal_interval_ns =
        static_cast<std::int64_t>(finite_number(env, given.Get("sealIntervalMs"),
                                                "sealIntervalMs") * 1e6);
    options.commit_interval_ns =
        static_cast<std::int64_t>(finite_number(env, given.Get("commitIntervalMs"),
                                                "commitIntervalMs") * 1e6);
    options.shard_count = static_cast<std::uint32_t>(
        whole_number(env, given.Get("shardCount"), "shardCount", 65536));
    options.on_durable = [this](std::uint64_t durable) { waiters_.notify_durable(durable); };
    options.on_failure = [this](const Status&) { waiters_.notify_failure(); };
    waiters_.start(env, this, [](void* self) { static_cast<DatabaseWrap*>(self)->settle(); });
    if (const Status status = Database::open(options, &database_); !status.ok()) {
      waiters_.release();
      check(env, status);
    }
    // After the thread-safe function, whose own hook must run later.
    napi_add_env_cleanup_hook(env, &DatabaseWrap::leave, this);
    hooked_ = true;
  }

  ~DatabaseWrap() override { shut(); }

 private:
  Database& open(Napi::Env env) {
    if (!database_) throw_code(env, Code::kClosed, "the database is closed");
    return *database_;
  }

  static void leave(void* self) {
    auto* wrap = static_cast<DatabaseWrap*>(self);
    wrap->hooked_ = false;
    wrap->shut();
  }

  // Without JavaScript: who still waits is not told.
  void shut() {
    if (hooked_) napi_remove_env_cleanup_hook(Env(), &DatabaseWrap::leave, this);
    hooked_ = false;
    if (!database_) return;
    database_.reset();
    waiters_.release();
  }

  void settle() {
    if (!database_) return;
    const Napi::Env env = Env();
    const Napi::HandleScope scope(env);
    waiters_.settle(env, database_->durable_position(), database_->failure());
    hold();
  }

  // While somebody waits the handle stays, whoever else lets go of it.
  void hold() {
    if (held_ == !waiters_.empty()) return;
    held_ = !held_;
    if (held_) {
      Ref();
    } else {
      Unref();
    }
  }

  TickBatchView batch(const Napi::CallbackInfo& info, std::size_t at) {
    const BatchArgument argument = batch_argument(info.Env(), info[at], info[at + 1]);
    return {argument.columns, argument.capacity, 0};
  }

  std::uint32_t shard_argument(const Napi::CallbackInfo& info, const Database& database) {
    return static_cast<std::uint32_t>(
        whole_number(info.Env(), info[0], "shard", database.shard_count() - 1));
  }

  // (id, shard, name)
  void register_symbol(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Database& database = open(env);
    const auto id = static_cast<std::uint32_t>(whole_number(env, info[0], "id", UINT32_MAX));
    const auto shard = static_cast<std::uint32_t>(whole_number(env, info[1], "shard", UINT32_MAX));
    check(env, database.register_symbol(id, shard, text(env, info[2], "name")));
  }

  Napi::Value symbols(const Napi::CallbackInfo& info) {
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

  // (shard)
  Napi::Value epoch(const Napi::CallbackInfo& info) {
    Database& database = open(info.Env());
    return number(info.Env(), database.epoch(shard_argument(info, database)));
  }

  // (shard)
  Napi::Value next_sequence(const Napi::CallbackInfo& info) {
    Database& database = open(info.Env());
    return number(info.Env(), database.next_sequence(shard_argument(info, database)));
  }

  // (buffer, capacity, count)
  Napi::Value append_ticks(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Database& database = open(env);
    TickBatchView view = batch(info, 0);
    view.count = count_argument(env, info[2], view.capacity);
    std::uint64_t position = 0;
    check(env, database.append_ticks(view, &position));
    return number(env, position);
  }

  // (Float64Array)
  void watermarks(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Database& database = open(env);
    const std::size_t length = std::size_t{4} * database.shard_count();
    if (!info[0].IsTypedArray() ||
        info[0].As<Napi::TypedArray>().TypedArrayType() != napi_float64_array ||
        info[0].As<Napi::TypedArray>().ElementLength() < length)
      refuse(env, "expected a Float64Array of " + std::to_string(length));
    auto into = info[0].As<Napi::Float64Array>();
    database.watermarks({into.Data(), length});
  }

  // (symbol, fromDay, fromNs, toDay, toNs, firstSequence, buffer, capacity)
  Napi::Value load_ticks(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Database& database = open(env);
    const auto symbol =
        static_cast<std::uint32_t>(whole_number(env, info[0], "symbol", UINT32_MAX));
    const TimeRange range{time_of(env, info[1], info[2]), time_of(env, info[3], info[4]),
                          whole_number(env, info[5], "afterSequence")};
    std::size_t count = 0;
    check(env, database.load_ticks(symbol, range, batch(info, 6), &count));
    return number(env, count);
  }

  // (symbol, buffer, capacity)
  Napi::Value last_ticks(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Database& database = open(env);
    const auto symbol =
        static_cast<std::uint32_t>(whole_number(env, info[0], "symbol", UINT32_MAX));
    std::size_t count = 0;
    check(env, database.last_ticks(symbol, batch(info, 1), &count));
    return number(env, count);
  }

  // (shard, fromSequence, buffer, capacity)
  Napi::Value read_sequence(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Database& database = open(env);
    const std::uint32_t shard = shard_argument(info, database);
    const std::uint64_t from = whole_number(env, info[1], "fromSequence");
    std::size_t count = 0;
    check(env, database.read_sequence(shard, from, batch(info, 2), &count));
    return number(env, count);
  }

  // (key)
  Napi::Value get(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Database& database = open(env);
    std::optional<Bytes> value;
    check(env, database.get(key_of(env, info[0], "key"), &value));
    return value.has_value() ? Napi::Value(copy_of(env, *value)) : env.Undefined();
  }

  // (prefix, from | undefined, exclusive, limit, reverse)
  Napi::Value scan(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Database& database = open(env);
    const std::string prefix = key_of(env, info[0], "prefix");
    const std::string from = info[1].IsUndefined() ? "" : key_of(env, info[1], "from");
    KeyValueScan range;
    range.prefix = prefix;
    if (!info[1].IsUndefined()) range.from = from;
    range.exclusive = info[2].ToBoolean();
    range.limit = info[3].IsUndefined() ? range.limit : whole_number(env, info[3], "limit");
    range.reverse = info[4].ToBoolean();
    Napi::Array result = Napi::Array::New(env);
    const Napi::String key_name = Napi::String::New(env, "key");
    const Napi::String value_name = Napi::String::New(env, "value");
    std::uint32_t count = 0;
    check(env, database.scan(range, [&](std::string_view key, Bytes value) {
      const Napi::HandleScope scope(env);
      Napi::Object entry = Napi::Object::New(env);
      entry.Set(key_name, Napi::String::New(env, key.data(), key.size()));
      entry.Set(value_name, copy_of(env, value));
      result.Set(count++, entry);
    }));
    return result;
  }

  // (operations)
  Napi::Value write(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Database& database = open(env);
    if (!info[0].IsArray()) refuse(env, "expected an array of operations");
    const auto operations = info[0].As<Napi::Array>();
    operations_.clear();
    for (std::uint32_t index = 0; index < operations.Length(); index += 1) {
      const Napi::HandleScope scope(env);
      encode(env, operations[index]);
    }
    std::uint64_t position = 0;
    check(env, database.write(operations_, &position));
    return number(env, position);
  }

  void encode(Napi::Env env, const Napi::Value& value) {
    if (!value.IsObject()) refuse(env, "expected an operation with key and value");
    const auto operation = value.As<Napi::Object>();
    const std::string key = key_of(env, member(operation, "key"), "key");
    const Napi::Value content = member(operation, "value");
    if (content.IsUndefined()) {
      encode_operation(operations_, key, std::nullopt);
      return;
    }
    if (!content.IsTypedArray() ||
        content.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
      refuse(env, "expected the value of " + key + " to be a Uint8Array or undefined");
    auto bytes = content.As<Napi::Uint8Array>();
    const std::span<const std::uint8_t> span(bytes.Data(), bytes.ByteLength());
    encode_operation(operations_, key, std::as_bytes(span));
  }

  Napi::Value durable_position(const Napi::CallbackInfo& info) {
    return number(info.Env(), open(info.Env()).durable_position());
  }

  Napi::Value accepted_position(const Napi::CallbackInfo& info) {
    return number(info.Env(), open(info.Env()).accepted_position());
  }

  // (position | undefined): a promise
  Napi::Value durable(const Napi::CallbackInfo& info) {
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

  void seal(const Napi::CallbackInfo& info) { check(info.Env(), open(info.Env()).seal()); }

  Napi::Value stats(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const DatabaseStats stats = open(env).stats();
    Napi::Object result = Napi::Object::New(env);
    const auto set = [&](const char* name, std::uint64_t value) {
      result.Set(name, number(env, value));
    };
    set("appendWaits", stats.append_waits);
    set("appendWaitNs", stats.append_wait_ns);
    set("commits", stats.commits);
    set("walFiles", stats.wal_files);
    set("walBytes", stats.wal_bytes);
    set("memtableBytes", stats.memtable_bytes);
    set("segments", stats.segments);
    set("segmentBytes", stats.segment_bytes);
    set("keyValueEntries", stats.key_value_entries);
    set("flushes", stats.flushes);
    set("flushFailures", stats.flush_failures);
    set("replayedEntries", stats.replayed_entries);
    set("tornBytes", stats.torn_bytes);
    set("stagedEntries", stats.staged_entries);
    return result;
  }

  void close(const Napi::CallbackInfo& info) {
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

  SystemClock clock_;
  DurableWaiters waiters_;
  std::unique_ptr<Database> database_;  // after what its threads call
  std::vector<std::byte> operations_;
  bool hooked_ = false;
  bool held_ = false;
};

}  // namespace

void init_db(Napi::Env env, Napi::Object exports) {
  exports.Set("Database", DatabaseWrap::define(env));
  init_inspect(env, exports);
}

}  // namespace ndts::binding
