// Aggregates for JavaScript: converts, and calls on a thread of libuv. See db_wrap.h.
//
// src/scan.ts makes of a query: { table, symbols, fromDay, fromNs, toDay, toNs, bySymbol, bucketNs,
// originDay, originNs, threads, kinds, columns, weights, where }, where kinds, columns and weights
// have a number per aggregate, and where is [column, compare, value, high] per predicate.

#include <array>

#include "db_wrap.h"
#include "scan/aggregate.h"

namespace ndts::binding {
namespace {

constexpr double kThreadsMax = 64;

template <typename Array, typename T>
Array array_of(Napi::Env env, const std::vector<T>& values) {
  Array array = Array::New(env, values.size());
  if (!values.empty()) std::memcpy(array.Data(), values.data(), values.size() * sizeof(T));
  return array;
}

// Off the main thread; the snapshot keeps what it reads.
class AggregateCall final : public Napi::AsyncWorker {
 public:
  AggregateCall(Napi::Env env, DatabaseSnapshot snapshot, std::uint32_t table,
                AggregateRequest request, std::size_t threads)
      : Napi::AsyncWorker(env, "ndts aggregate"),
        snapshot_(std::move(snapshot)),
        table_(table),
        request_(std::move(request)),
        threads_(threads),
        deferred_(Napi::Promise::Deferred::New(env)) {}

  [[nodiscard]] Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override {
    status_ =
        aggregate(*snapshot_.table(table_), request_, scan_threads(threads_), &result_);
  }
  void OnOK() override {
    const Napi::Env env = Env();
    try {
      check(env, status_);
      deferred_.Resolve(result_object(env));
    } catch (const Napi::Error& error) {
      deferred_.Reject(error.Value());
    }
  }

 private:
  Napi::Object result_object(Napi::Env env) const {
    Napi::Object object = Napi::Object::New(env);
    object.Set("count", number(env, result_.count));
    object.Set("symbol", array_of<Napi::Uint32Array>(env, result_.symbol));
    std::vector<double> day(result_.bucket.size());
    std::vector<double> ns(result_.bucket.size());
    for (std::size_t at = 0; at < day.size(); at += 1)
      unpack_time(result_.bucket[at], day[at], ns[at]);
    object.Set("bucketDay", array_of<Napi::Float64Array>(env, day));
    object.Set("bucketNsOfDay", array_of<Napi::Float64Array>(env, ns));
    Napi::Array values = Napi::Array::New(env, result_.columns.size());
    Napi::Array nulls = Napi::Array::New(env, result_.columns.size());
    for (std::uint32_t at = 0; at < result_.columns.size(); at += 1) {
      const AggregateColumn& column = result_.columns[at];
      if (column.is_whole)
        values[at] = array_of<Napi::BigInt64Array>(env, column.wholes);
      else
        values[at] = array_of<Napi::Float64Array>(env, column.reals);
      nulls[at] = array_of<Napi::Uint8Array>(env, column.nulls);
    }
    object.Set("values", values);
    object.Set("nulls", nulls);
    object.Set("rowsRead", number(env, result_.rows_read));
    object.Set("pieces", number(env, result_.pieces));
    object.Set("piecesNotDecoded", number(env, result_.pieces_not_decoded));
    return object;
  }

  const DatabaseSnapshot snapshot_;
  const std::uint32_t table_;
  const AggregateRequest request_;
  const std::size_t threads_;
  const Napi::Promise::Deferred deferred_;
  AggregateResult result_;
  Status status_;
};

Napi::Array query_list(Napi::Env env, const Napi::Object& query, const char* name) {
  const Napi::Value value = query.Get(name);
  if (!value.IsArray()) refuse(env, std::string("expected ") + name + " to be an array");
  return value.As<Napi::Array>();
}

std::int64_t whole_value(Napi::Env env, const Napi::Value& value) {
  bool exact = false;
  std::int64_t found = 0;
  if (value.IsBigInt()) {
    found = value.As<Napi::BigInt>().Int64Value(&exact);
  } else if (value.IsNumber()) {
    const double real = value.As<Napi::Number>().DoubleValue();
    exact = std::floor(real) == real && std::fabs(real) <= 9'007'199'254'740'991;
    if (exact) found = static_cast<std::int64_t>(real);
  }
  if (!exact) refuse(env, "expected a whole number to compare with, of 64 bits");
  return found;
}

ScanPredicate predicate_argument(Napi::Env env, const TableSchema& schema,
                                 const Napi::Array& given) {
  ScanPredicate predicate;
  predicate.column = word(env, given.Get(0u), "a column");
  if (predicate.column >= schema.columns.size()) refuse(env, "there is no such column");
  predicate.compare = static_cast<ScanCompare>(whole_number(env, given.Get(1u), "a compare", 5));
  const ValueType type = schema.columns[predicate.column].type;
  if (type == ValueType::kF64 || type == ValueType::kF32) {
    const auto real = [env](const Napi::Value& value) {
      if (!value.IsNumber()) refuse(env, "expected a number to compare with");
      return value.As<Napi::Number>().DoubleValue();
    };
    predicate.real = real(given.Get(2u));
    predicate.high_real = real(given.Get(3u));
  } else {
    predicate.integer = whole_value(env, given.Get(2u));
    predicate.high_integer = whole_value(env, given.Get(3u));
  }
  return predicate;
}

void take_aggregates(Napi::Env env, const Napi::Object& query, AggregateRequest* request) {
  const Napi::Array kinds = query_list(env, query, "kinds");
  const Napi::Array columns = query_list(env, query, "columns");
  const Napi::Array weights = query_list(env, query, "weights");
  for (std::uint32_t at = 0; at < kinds.Length(); at += 1)
    request->aggregates.push_back(
        {static_cast<AggregateKind>(whole_number(env, kinds.Get(at), "a kind", 9)),
         word(env, columns.Get(at), "a column"), word(env, weights.Get(at), "a weight")});
}

}  // namespace

std::vector<ScanSymbol> DatabaseWrap::symbols_argument(Napi::Env env, const Napi::Value& value) {
  if (!value.IsTypedArray() ||
      value.As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array)
    refuse(env, "expected symbols to be a Uint32Array");
  const Database& database = open(env);
  const auto ids = value.As<Napi::Uint32Array>();
  std::vector<ScanSymbol> symbols;
  symbols.reserve(ids.ElementLength());
  for (std::size_t at = 0; at < ids.ElementLength(); at += 1) {
    const std::uint32_t shard = database.shard_of(ids[at]);
    if (shard == kNoShard)
      throw_code(env, Code::kNotFound, "there is no symbol " + std::to_string(ids[at]));
    symbols.push_back({ids[at], shard});
  }
  return symbols;
}

Napi::Value DatabaseWrap::aggregate(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Database& database = open(env);
  if (!info[0].IsObject()) refuse(env, "expected a query");
  const auto query = info[0].As<Napi::Object>();
  const TableSchema& schema = table_argument(env, query.Get("table"));
  AggregateRequest request;
  if (!query.Get("symbols").IsUndefined()) {
    request.scan.all_symbols = false;
    request.scan.symbols = symbols_argument(env, query.Get("symbols"));
  }
  request.scan.from = time_of(env, query.Get("fromDay"), query.Get("fromNs"));
  request.scan.to = time_of(env, query.Get("toDay"), query.Get("toNs"));
  const Napi::Array where = query_list(env, query, "where");
  for (std::uint32_t at = 0; at < where.Length(); at += 1) {
    const Napi::Value one = where.Get(at);
    if (!one.IsArray()) refuse(env, "expected a predicate");
    request.scan.predicates.push_back(predicate_argument(env, schema, one.As<Napi::Array>()));
  }
  take_aggregates(env, query, &request);
  request.by_symbol = query.Get("bySymbol").ToBoolean();
  request.bucket_ns =
      static_cast<std::int64_t>(whole_number(env, query.Get("bucketNs"), "bucketNs"));
  request.bucket_origin = time_of(env, query.Get("originDay"), query.Get("originNs"));
  const auto threads = static_cast<std::size_t>(
      whole_number(env, query.Get("threads"), "threads", kThreadsMax));
  auto* call = new AggregateCall(env, database.snapshot(), schema.id, std::move(request),
                                 std::max<std::size_t>(threads, 1));
  const Napi::Promise promise = call->promise();
  call->Queue();
  return promise;
}

}  // namespace ndts::binding
