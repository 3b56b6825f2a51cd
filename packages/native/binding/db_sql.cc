// SQL for JavaScript: converts and calls. See db_sql.h.

#include "db_sql.h"

#include <cstdlib>

#include "db_wrap.h"

namespace ndts::binding {
namespace {

std::int64_t nanoseconds_of(Napi::Env env, const Napi::Value& value, std::int64_t otherwise) {
  if (value.IsUndefined()) return otherwise;
  return std::strtoll(text(env, value, "nanoseconds").c_str(), nullptr, 10);
}

ScanRequest prune_of(Napi::Env env, const Napi::Object& given, const SqlSource& source) {
  ScanRequest prune;
  prune.from = nanoseconds_of(env, given.Get("from"), prune.from);
  prune.to = nanoseconds_of(env, given.Get("to"), prune.to);
  if (prune.to != INT64_MAX) prune.to += 1;  // it comes inclusive
  prune.newest = given.Get("latest").ToBoolean();
  if (given.Get("symbols").IsUndefined()) return prune;
  prune.all_symbols = false;
  const auto names = given.Get("symbols").As<Napi::Array>();
  for (std::uint32_t at = 0; at < names.Length(); at += 1) {
    ScanSymbol symbol;
    if (source.names().find(names.Get(at).ToString().Utf8Value(), &symbol))
      prune.symbols.push_back(symbol);
  }
  return prune;
}

std::string bytes_text(Napi::Env env, const Napi::Value& value) {
  if (!value.IsTypedArray() ||
      value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
    refuse(env, "expected bytes to be a Uint8Array");
  auto bytes = value.As<Napi::Uint8Array>();
  return {reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength()};
}

template <typename T>
std::vector<T> list_of(Napi::Env env, const Napi::Value& value,
                       const std::function<T(const Napi::Object&)>& convert) {
  if (!value.IsArray()) refuse(env, "expected an array");
  const auto given = value.As<Napi::Array>();
  std::vector<T> list;
  for (std::uint32_t at = 0; at < given.Length(); at += 1) {
    const Napi::HandleScope scope(env);
    const Napi::Value entry = given[at];
    if (!entry.IsObject()) refuse(env, "expected an object");
    list.push_back(convert(entry.As<Napi::Object>()));
  }
  return list;
}

SqlValue::Kind kind_of(Napi::Env env, const Napi::Value& given) {
  using Kind = SqlValue::Kind;
  constexpr std::pair<const char*, Kind> kKinds[] = {
      {"null", Kind::kNull}, {"bool", Kind::kBool},   {"i64", Kind::kI64},   {"f64", Kind::kF64},
      {"text", Kind::kText}, {"bytes", Kind::kBytes}, {"time", Kind::kTime}, {"list", Kind::kList}};
  const std::string name = text(env, given, "the kind of a parameter");
  for (const auto& [known, kind] : kKinds)
    if (name == known) return kind;
  refuse(env, "expected the kind of a parameter, found " + name);
}

SqlValue value_of(Napi::Env env, const Napi::Object& given) {
  using Kind = SqlValue::Kind;
  SqlValue made;
  made.kind = kind_of(env, given.Get("kind"));
  const Napi::Value value = given.Get("value");
  if (!given.Get("name").IsUndefined()) made.name = text(env, given.Get("name"), "a name");
  if (made.kind == Kind::kBool) {
    made.integer = value.ToBoolean() ? 1 : 0;
  } else if (made.kind == Kind::kI64) {
    bool lossless = value.IsBigInt();
    if (lossless) made.integer = value.As<Napi::BigInt>().Int64Value(&lossless);
    if (!lossless) refuse(env, "a whole number as parameter must fit 64 bits");
  } else if (made.kind == Kind::kF64) {
    made.number = value.ToNumber().DoubleValue();
  } else if (made.kind == Kind::kText) {
    made.text = value.ToString().Utf8Value();
  } else if (made.kind == Kind::kBytes) {
    made.text = bytes_text(env, value);
  } else if (made.kind == Kind::kTime) {
    const auto time = value.As<Napi::Object>();
    made.integer = time_of(env, time.Get("day"), time.Get("nsOfDay"));
  } else if (made.kind == Kind::kList) {
    made.of = kind_of(env, given.Get("of"));
    made.items = list_of<SqlValue>(
        env, value, [&](const Napi::Object& item) { return value_of(env, item); });
    for (const SqlValue& item : made.items)
      if (item.kind != Kind::kNull && item.kind != made.of)
        refuse(env, "expected a list of one kind as parameter");
  }
  return made;
}

Napi::ArrayBuffer buffer_of(Napi::Env env, const std::vector<std::byte>& bytes) {
  Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, bytes.size());
  if (!bytes.empty()) std::memcpy(buffer.Data(), bytes.data(), bytes.size());
  return buffer;
}

Napi::Value batch_object(Napi::Env env, const SqlBatch& batch) {
  if (batch.rows == 0) return env.Undefined();
  Napi::Array columns = Napi::Array::New(env, batch.columns.size());
  for (std::uint32_t at = 0; at < batch.columns.size(); at += 1) {
    const Napi::HandleScope scope(env);
    const SqlBatchColumn& column = batch.columns[at];
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("values", buffer_of(env, column.values));
    if (!column.more.empty()) entry.Set("more", buffer_of(env, column.more));
    if (column.has_nulls)
      entry.Set("nulls", copy_of(env, std::as_bytes(std::span(column.nulls))));
    columns[at] = entry;
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("rows", number(env, batch.rows));
  object.Set("columns", columns);
  return object;
}

Napi::Value columns_array(Napi::Env env, const std::vector<SqlResultColumn>& columns) {
  Napi::Array array = Napi::Array::New(env, columns.size());
  for (std::uint32_t at = 0; at < columns.size(); at += 1) {
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("name", Napi::String::New(env, columns[at].name));
    entry.Set("kind", Napi::String::New(env, sql_kind_name(columns[at].kind)));
    entry.Set("type", Napi::String::New(env, sql_type_name(columns[at].type)));
    array[at] = entry;
  }
  return array;
}

Napi::Value nothing(Napi::Env env) { return env.Undefined(); }

}  // namespace

Napi::Function SqlQueryWrap::define(Napi::Env env) {
  using Wrap = SqlQueryWrap;
  return DefineClass(env, "SqlQuery",
                     {InstanceMethod<&Wrap::serialize>("serialize"),
                      InstanceMethod<&Wrap::render>("render"),
                      InstanceMethod<&Wrap::instant>("instant"),
                      InstanceMethod<&Wrap::describe>("describe"),
                      InstanceMethod<&Wrap::prepare>("prepare"),
                      InstanceMethod<&Wrap::execute>("execute"),
                      InstanceMethod<&Wrap::next>("next"),
                      InstanceMethod<&Wrap::stop>("stop"),
                      InstanceMethod<&Wrap::cut>("cut"),
                      InstanceMethod<&Wrap::close>("close")});
}

SqlQueryWrap::SqlQueryWrap(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<SqlQueryWrap>(info), alive_(std::make_shared<bool>(true)) {
  const Napi::Env env = info.Env();
  if (!info[0].IsExternal()) refuse(env, "expected what Database.beginQuery() returns");
  query_ = std::move(*info[0].As<Napi::External<SqlStart>>().Data());
  if (query_ == nullptr) refuse(env, "expected a start that made no query yet");
  const auto never = Napi::Function::New(env, [](const Napi::CallbackInfo&) {});
  function_ = Napi::ThreadSafeFunction::New(env, never, "ndts.sql", 0, 1);
  function_.Unref(env);
  // After the thread-safe function, whose own hook must run later.
  napi_add_env_cleanup_hook(env, &SqlQueryWrap::leave, this);
  hooked_ = true;
  thread_ = std::make_unique<Thread>("ndts-sql", [this] { run(); });
}

void SqlQueryWrap::leave(void* self) {
  auto* wrap = static_cast<SqlQueryWrap*>(self);
  wrap->hooked_ = false;
  wrap->shut();
}

void SqlQueryWrap::shut() {
  if (hooked_) napi_remove_env_cleanup_hook(Env(), &SqlQueryWrap::leave, this);
  hooked_ = false;
  if (thread_ == nullptr) return;
  *alive_ = false;
  query_->stop(Code::kCancelled);
  query_->cut();  // its thread is waited for
  {
    const MutexLock lock(mutex_);
    ending_ = true;
    condition_.notify_one();
  }
  thread_.reset();
  query_->close();
  function_.Release();
}

void SqlQueryWrap::run() {
  MutexLock lock(mutex_);
  while (true) {
    while (jobs_.empty() && !ending_) condition_.wait(lock);
    if (ending_) return;
    const std::shared_ptr<Job> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job->status = job->work();
    // Fails only while the environment is being taken down; nobody waits then.
    static_cast<void>(function_.NonBlockingCall(
        [this, alive = alive_, job](Napi::Env env, Napi::Function) {
          if (*alive) settle(env, job);
        }));
    lock.lock();
  }
}

Napi::Value SqlQueryWrap::begin(Napi::Env env, std::function<Status()> work,
                                std::function<Napi::Value(Napi::Env)> answer) {
  const auto job = std::make_shared<Job>(
      Job{std::move(work), std::move(answer), Napi::Promise::Deferred::New(env), {}});
  if (thread_ == nullptr) {  // It was closed, and says so.
    job->status = job->work();
    tell(env, *job);
    return job->deferred.Promise();
  }
  // While something is under way the object and the process stay.
  if (pending_ == 0) {
    Ref();
    function_.Ref(env);
  }
  pending_ += 1;
  const MutexLock lock(mutex_);
  jobs_.push_back(job);
  condition_.notify_one();
  return job->deferred.Promise();
}

void SqlQueryWrap::tell(Napi::Env env, const Job& job) {
  if (job.status.ok()) return job.deferred.Resolve(job.answer(env));
  Napi::Error error = Napi::Error::New(env, message_of(job.status));
  error.Set("code", Napi::String::New(env, code_name(job.status.code())));
  job.deferred.Reject(error.Value());
}

void SqlQueryWrap::settle(Napi::Env env, const std::shared_ptr<Job>& job) {
  tell(env, *job);
  pending_ -= 1;
  if (pending_ > 0) return;
  function_.Unref(env);
  if (closed_) shut();
  Unref();
}

Napi::Value SqlQueryWrap::serialize(const Napi::CallbackInfo& info) {
  const auto json = std::make_shared<std::string>();
  return begin(
      info.Env(),
      [query = query_, sql = text(info.Env(), info[0], "sql"), json] {
        NDTS_TRY(query->open());
        return query->serialize(sql, json.get());
      },
      [json](Napi::Env env) -> Napi::Value { return Napi::String::New(env, *json); });
}

Napi::Value SqlQueryWrap::render(const Napi::CallbackInfo& info) {
  const auto rendered = std::make_shared<std::string>();
  return begin(
      info.Env(),
      [query = query_, sql = text(info.Env(), info[0], "sql"), rendered] {
        return query->render(sql, rendered.get());
      },
      [rendered](Napi::Env env) -> Napi::Value { return Napi::String::New(env, *rendered); });
}

Napi::Value SqlQueryWrap::instant(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto form = static_cast<SqlInstant>(whole_number(env, info[0], "form", 2));
  const auto ns = std::make_shared<std::optional<std::int64_t>>();
  return begin(
      env,
      [query = query_, form, value = info[1].ToString().Utf8Value(), ns] {
        return query->instant(form, value, ns.get());
      },
      [ns](Napi::Env in) -> Napi::Value {
        if (!ns->has_value()) return in.Undefined();
        return Napi::String::New(in, std::to_string(**ns));
      });
}

Napi::Value SqlQueryWrap::describe(const Napi::CallbackInfo& info) {
  const auto found = std::make_shared<SqlDescription>();
  return begin(
      info.Env(),
      [query = query_, sql = text(info.Env(), info[0], "sql"), found] {
        return query->describe(sql, found.get());
      },
      [found](Napi::Env env) -> Napi::Value {
        Napi::Array parameters = Napi::Array::New(env, found->parameters.size());
        for (std::uint32_t at = 0; at < found->parameters.size(); at += 1)
          parameters[at] = Napi::String::New(env, found->parameters[at]);
        Napi::Object object = Napi::Object::New(env);
        object.Set("parameters", parameters);
        object.Set("columns", columns_array(env, found->columns));
        return object;
      });
}

Napi::Value SqlQueryWrap::prepare(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto prunes = list_of<ScanRequest>(env, info[2], [&](const Napi::Object& given) {
    return prune_of(env, given, query_->source());
  });
  auto values = list_of<SqlValue>(
      env, info[3], [&](const Napi::Object& given) { return value_of(env, given); });
  const auto is_pushed = std::make_shared<bool>(false);
  return begin(
      env,
      [query = query_, sql = text(env, info[0], "sql"), pushed = text(env, info[1], "pushed"),
       prunes = std::move(prunes), values = std::move(values), is_pushed] {
        return query->prepare(sql, pushed, prunes, values, is_pushed.get());
      },
      [is_pushed](Napi::Env in) -> Napi::Value { return Napi::Boolean::New(in, *is_pushed); });
}

Napi::Value SqlQueryWrap::execute(const Napi::CallbackInfo& info) {
  return begin(
      info.Env(), [query = query_] { return query->execute(); },
      [query = query_](Napi::Env env) { return columns_array(env, query->columns()); });
}

Napi::Value SqlQueryWrap::next(const Napi::CallbackInfo& info) {
  const auto rows =
      static_cast<std::size_t>(whole_number(info.Env(), info[0], "rows", kBatchCapacityMax));
  const auto batch = std::make_shared<SqlBatch>();
  return begin(
      info.Env(), [query = query_, rows, batch] { return query->next(rows, batch.get()); },
      [batch](Napi::Env env) { return batch_object(env, *batch); });
}

void SqlQueryWrap::stop(const Napi::CallbackInfo& info) {
  const bool timed_out = text(info.Env(), info[0], "code") == code_name(Code::kTimeout);
  query_->stop(timed_out ? Code::kTimeout : Code::kCancelled);
}

void SqlQueryWrap::cut(const Napi::CallbackInfo&) { query_->cut(); }

Napi::Value SqlQueryWrap::close(const Napi::CallbackInfo& info) {
  query_->stop(Code::kCancelled);
  closed_ = true;
  return begin(
      info.Env(),
      [query = query_] {
        query->close();
        return Status();
      },
      nothing);
}

namespace {

SqlLimits limits_of(const Napi::CallbackInfo& info) {
  return {whole_number(info.Env(), info[1], "memoryBytes"),
          word(info.Env(), info[2], "threads")};
}

std::string file_of(const Napi::CallbackInfo& info) {
  return info[3].IsUndefined() ? std::string() : text(info.Env(), info[3], "file");
}

Napi::Value start_of(Napi::Env env, std::shared_ptr<SqlQuery> query) {
  return Napi::External<SqlStart>::New(env, new SqlStart(std::move(query)),
                                       [](Napi::Env, SqlStart* start) { delete start; });
}

// (library, memoryBytes, threads, file): a query that sees a file and no database
Napi::Value begin_file_query(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const duckdb::Api* api = nullptr;
  check(env, duckdb::load(text(env, info[0], "library"), &api));
  auto source = std::make_shared<SqlSource>(
      DatabaseSnapshot(0, {}, KeyValueSnapshot(nullptr, 0)),
      std::make_shared<const SymbolNames>(std::span<const SymbolInfo* const>()));
  return start_of(env, std::make_shared<SqlQuery>(std::make_shared<SqlPool>(*api),
                                                  std::move(source), limits_of(info),
                                                  text(env, info[3], "file")));
}

}  // namespace

// (library, memoryBytes, threads, file | undefined)
Napi::Value DatabaseWrap::begin_query(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Database& database = open(env);
  if (sql_pool_ == nullptr) {
    const duckdb::Api* api = nullptr;
    check(env, duckdb::load(text(env, info[0], "library"), &api));
    sql_pool_ = std::make_shared<SqlPool>(*api);
  }
  const SqlLimits limits = limits_of(info);
  if (symbol_names_ == nullptr || symbol_names_->count() != database.symbols().size())
    symbol_names_ = std::make_shared<const SymbolNames>(database.symbols());
  auto source = std::make_shared<SqlSource>(database.snapshot(), symbol_names_);

  Napi::Object accepted = Napi::Object::New(env);
  for (const SeriesView& view : source->snapshot().tables()) {
    auto sequences = Napi::Float64Array::New(env, database.shard_count());
    for (std::uint32_t shard = 0; shard < database.shard_count(); shard += 1)
      sequences[shard] = static_cast<double>(database.next_sequence(shard, view.schema->id));
    accepted.Set(view.schema->name, sequences);
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("position", number(env, source->snapshot().position()));
  result.Set("accepted", accepted);
  auto query = std::make_shared<SqlQuery>(sql_pool_, std::move(source), limits, file_of(info));
  std::erase_if(sql_queries_, [](const auto& one) { return one.expired(); });
  sql_queries_.push_back(query);
  result.Set("query", start_of(env, std::move(query)));
  return result;
}

void DatabaseWrap::stop_queries() {
  for (const std::weak_ptr<SqlQuery>& one : sql_queries_)
    if (const std::shared_ptr<SqlQuery> query = one.lock(); query != nullptr)
      query->stop(Code::kClosed);
  sql_queries_.clear();
}

void init_sql(Napi::Env env, Napi::Object exports) {
  exports.Set("SqlQuery", SqlQueryWrap::define(env));
  exports.Set("beginFileQuery", Napi::Function::New(env, begin_file_query));
}

}  // namespace ndts::binding
