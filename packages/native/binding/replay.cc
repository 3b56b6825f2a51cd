// Replays for JavaScript: converts and calls. See replay.h.
//
// The memory of a batch, as src/replay.ts lays it out: day, nsOfDay, sequence (8 bytes a row),
// symbol (4), then for each column that was asked for its values and, if it is nullable, its nulls
// (1); with steps: their day, nsOfDay (8) and end row (4); each from a multiple of 64.

#include "replay.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "db_wrap.h"
#include "replay/replay.h"
#include "replay/replay_steps.h"

namespace ndts::binding {
namespace {

constexpr double kReplayRowsMax = 1u << 22;
constexpr double kBatchesMax = 64;
constexpr double kReplayThreadsMax = 16;

// Where the columns of a batch are; without memory, how large it is.
class Layout {
 public:
  Layout(const ReplayOptions& options, std::byte* memory)
      : memory_(memory), capacity_(options.capacity) {
    const TableSchema& schema = *options.request.view.schema;
    out.capacity = capacity_;
    out.day = take<double>();
    out.ns_of_day = take<double>();
    out.sequence = take<double>();
    out.symbol = take<std::uint32_t>();
    out.values.assign(schema.columns.size(), nullptr);
    out.nulls.assign(schema.columns.size(), nullptr);
    for (std::size_t column = 0; column < schema.columns.size(); column += 1) {
      if (!options.request.columns[column]) continue;
      out.values[column] = take<std::byte>(value_bytes(schema.columns[column].type));
      if (schema.columns[column].nullable) out.nulls[column] = take<std::uint8_t>();
    }
    if (options.interval == 0) return;
    steps.day = take<double>();
    steps.ns_of_day = take<double>();
    steps.end_row = take<std::uint32_t>();
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  RowsOut out;
  StepsOut steps;

 private:
  template <typename T>
  T* take(std::size_t width = sizeof(T)) {
    std::byte* const column = memory_ == nullptr ? nullptr : memory_ + bytes_;
    bytes_ += align_up(width * capacity_, kColumnAlignment);
    return reinterpret_cast<T*>(column);
  }

  std::byte* const memory_;
  const std::size_t capacity_;
  std::size_t bytes_ = 0;
};

std::shared_ptr<std::byte[]> allocate(Napi::Env env, std::size_t bytes) {
  auto* memory = static_cast<std::byte*>(std::aligned_alloc(kColumnAlignment, bytes));
  if (memory == nullptr) throw Napi::Error::New(env, "no memory for the batches of a replay");
  return std::shared_ptr<std::byte[]>(memory, [](std::byte* gone) { std::free(gone); });
}

std::vector<bool> columns_argument(Napi::Env env, const TableSchema& schema,
                                   const Napi::Value& value) {
  if (!value.IsArray()) refuse(env, "expected columns");
  const auto given = value.As<Napi::Array>();
  std::vector<bool> columns(schema.columns.size(), false);
  for (std::uint32_t index = 0; index < given.Length(); index += 1) {
    const auto column = static_cast<std::size_t>(
        whole_number(env, given[index], "a column", static_cast<double>(columns.size() - 1)));
    if (has_heap(schema.columns[column].type))
      refuse(env, "column " + schema.columns[column].name + " has texts: it cannot be replayed");
    columns[column] = true;
  }
  return columns;
}

// Those that were asked for, all when none were named.
std::vector<ReplaySymbol> replay_symbols(Napi::Env env, const Database& database,
                                           const Napi::Value& value) {
  const std::vector<ReplaySymbol> all = symbols_by_name(database.symbols());
  if (value.IsUndefined()) return all;
  if (!value.IsTypedArray() ||
      value.As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array)
    refuse(env, "expected symbols to be a Uint32Array of ids");
  const auto given = value.As<Napi::Uint32Array>();
  std::vector<std::uint32_t> ids(given.Data(), given.Data() + given.ElementLength());
  std::sort(ids.begin(), ids.end());
  if (std::adjacent_find(ids.begin(), ids.end()) != ids.end())
    refuse(env, "expected each symbol once");
  std::vector<ReplaySymbol> chosen;
  for (const ReplaySymbol& symbol : all)
    if (std::binary_search(ids.begin(), ids.end(), symbol.id)) chosen.push_back(symbol);
  if (chosen.size() != ids.size()) throw_code(env, Code::kNotFound, "a symbol is not registered");
  return chosen;
}

}  // namespace

ReplayOptions replay_options(Napi::Env env, const Napi::Object& given, const TableSchema& schema) {
  ReplayOptions options;
  options.request.columns = columns_argument(env, schema, given.Get("columns"));
  options.request.from = time_of(env, given.Get("fromDay"), given.Get("fromNs"));
  options.request.to = time_of(env, given.Get("toDay"), given.Get("toNs"));
  options.request.threads = static_cast<std::uint32_t>(
      whole_number(env, given.Get("threads"), "threads", kReplayThreadsMax));
  options.capacity = static_cast<std::size_t>(
      whole_number(env, given.Get("capacity"), "capacity", kReplayRowsMax));
  options.batches = static_cast<std::size_t>(
      whole_number(env, given.Get("batches"), "batches", kBatchesMax));
  options.interval =
      static_cast<std::int64_t>(whole_number(env, given.Get("intervalNs"), "intervalNs"));
  if (options.capacity == 0) refuse(env, "expected a capacity above 0");
  if (options.batches < 2) refuse(env, "expected two batches or more");
  return options;
}

// (request): what `new Replay` takes.
Napi::Value DatabaseWrap::replay(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Database& database = open(env);
  if (!info[0].IsObject()) refuse(env, "expected a request");
  const auto given = info[0].As<Napi::Object>();
  const TableSchema& schema = table_argument(env, given.Get("table"));
  ReplayOptions options = replay_options(env, given, schema);
  options.request.symbols = replay_symbols(env, database, given.Get("symbols"));
  options.request.view = *database.snapshot().table(schema.id);
  return Napi::External<ReplayOptions>::New(
      env, new ReplayOptions(std::move(options)),
      [](Napi::Env, ReplayOptions* gone) { delete gone; });
}

void ReplayWrap::define(Napi::Env env, Napi::Object exports) {
  exports.Set("Replay", DefineClass(env, "Replay",
                                    {InstanceMethod<&ReplayWrap::buffers>("buffers"),
                                     InstanceMethod<&ReplayWrap::ends>("ends"),
                                     InstanceMethod<&ReplayWrap::take>("take"),
                                     InstanceMethod<&ReplayWrap::wait>("wait"),
                                     InstanceMethod<&ReplayWrap::close>("close")}));
}

ReplayWrap::ReplayWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ReplayWrap>(info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsExternal()) refuse(env, "expected Database.replay() to make it");
  auto& options = *info[0].As<Napi::External<ReplayOptions>>().Data();
  ends_ = end_sequences(options.request.view);
  memory_bytes_ = Layout(options, nullptr).bytes();
  for (std::size_t index = 0; index < options.batches; index += 1)
    memory_.push_back(allocate(env, memory_bytes_));
  start(std::move(options));
  // After the thread-safe function, whose own hook must run later.
  napi_add_env_cleanup_hook(env, &ReplayWrap::leave, this);
  hooked_ = true;
}

void ReplayWrap::start(ReplayOptions options) {
  const Napi::Env env = Env();
  alive_ = std::make_shared<bool>(true);
  const auto nothing = Napi::Function::New(env, [](const Napi::CallbackInfo&) {});
  wake_ = Napi::ThreadSafeFunction::New(env, nothing, "ndts.replay", 0, 1);
  wake_.Unref(env);
  cancel_ = std::move(options.cancel);
  std::vector<FeedBatch> batches;
  for (const std::shared_ptr<std::byte[]>& memory : memory_) {
    const Layout layout(options, memory.get());
    batches.push_back({memory, layout.out, layout.steps});
  }
  std::unique_ptr<ReplaySource> source;
  if (options.interval > 0) {
    source = std::make_unique<ReplaySteps>(std::move(options.request), options.interval);
  } else {
    source = std::make_unique<Replay>(std::move(options.request));
  }
  feed_ = std::make_unique<ReplayFeed>(std::move(source), std::move(batches), [this] {
    static_cast<void>(
        wake_.NonBlockingCall([self = this, alive = alive_](Napi::Env, Napi::Function) {
          if (*alive) self->settle();
        }));
  });
}

void ReplayWrap::leave(void* self) {
  auto* wrap = static_cast<ReplayWrap*>(self);
  wrap->hooked_ = false;
  wrap->shut();
}

// Without JavaScript: who still waits is not told.
void ReplayWrap::shut() {
  if (hooked_) napi_remove_env_cleanup_hook(Env(), &ReplayWrap::leave, this);
  hooked_ = false;
  if (feed_ == nullptr) return;
  if (cancel_) cancel_();
  feed_.reset();
  *alive_ = false;
  wake_.Release();
  wake_ = Napi::ThreadSafeFunction();
  memory_.clear();
}

void ReplayWrap::settle() {
  if (!waiting_.has_value()) return;
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  const Napi::Promise::Deferred deferred = *waiting_;
  waiting_.reset();
  if (feed_ != nullptr) wake_.Unref(env);
  Unref();
  deferred.Resolve(env.Undefined());
}

Napi::Value ReplayWrap::buffers(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array result = Napi::Array::New(env, memory_.size());
  for (std::uint32_t index = 0; index < memory_.size(); index += 1) {
    auto* kept = new std::shared_ptr<std::byte[]>(memory_[index]);
    result[index] = Napi::ArrayBuffer::New(
        env, kept->get(), memory_bytes_,
        [](Napi::Env, void*, std::shared_ptr<std::byte[]>* gone) { delete gone; }, kept);
  }
  return result;
}

Napi::Value ReplayWrap::ends(const Napi::CallbackInfo& info) {
  auto result = Napi::Float64Array::New(info.Env(), ends_.size());
  for (std::size_t shard = 0; shard < ends_.size(); shard += 1)
    result[shard] = static_cast<double>(ends_[shard]);
  return result;
}

Napi::Value ReplayWrap::take(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (feed_ == nullptr) throw_code(env, Code::kClosed, "the replay is closed");
  if (!info[0].IsTypedArray() ||
      info[0].As<Napi::TypedArray>().TypedArrayType() != napi_float64_array ||
      info[0].As<Napi::TypedArray>().ElementLength() < 2)
    refuse(env, "expected a Float64Array of 2");
  auto counts = info[0].As<Napi::Float64Array>();
  Filled filled;
  const ReplayFeed::Outcome outcome = feed_->take(&filled);
  if (outcome == ReplayFeed::Outcome::kFailed) check(env, feed_->status());
  counts[0] = static_cast<double>(filled.rows);
  counts[1] = static_cast<double>(filled.steps);
  return Napi::Number::New(env, static_cast<double>(outcome));
}

Napi::Value ReplayWrap::wait(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (feed_ == nullptr) throw_code(env, Code::kClosed, "the replay is closed");
  if (!waiting_.has_value()) {
    // While somebody waits the process goes on, and the handle stays.
    waiting_ = Napi::Promise::Deferred::New(env);
    wake_.Ref(env);
    Ref();
  }
  return waiting_->Promise();
}

void ReplayWrap::close(const Napi::CallbackInfo&) {
  shut();
  settle();
}

}  // namespace ndts::binding
