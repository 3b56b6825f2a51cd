// CSV for JavaScript: converts and calls. src/csv.ts is its only caller.
//
// A reader parses on a thread of libuv, one batch at a time, into memory that JavaScript leaves
// alone meanwhile. Symbols are numbers of the reader until resolve() puts the ids there that
// teach() brought.

#include <napi.h>

#include "csv/csv_reader.h"
#include "csv/csv_writer.h"
#include "db_wrap.h"
#include "parts.h"

namespace ndts::binding {
namespace {

char byte_of(Napi::Env env, const Napi::Value& value, const char* name) {
  if (value.IsUndefined()) return '\0';
  const std::string given = text(env, value, name);
  if (given.size() != 1) refuse(env, std::string("expected ") + name + " to be one byte");
  return given[0];
}

CsvDialect dialect_of(Napi::Env env, const Napi::Object& given) {
  return {byte_of(env, given.Get("delimiter"), "delimiter"),
          byte_of(env, given.Get("quote"), "quote"),
          byte_of(env, given.Get("comment"), "comment")};
}

std::string any_text(const Napi::Value& value) {
  return value.IsUndefined() ? std::string() : value.ToString().Utf8Value();
}

std::uint32_t field_of(Napi::Env env, const Napi::Value& value) {
  return value.IsUndefined() ? CsvColumn::kConstant : word(env, value, "field");
}

CsvColumn column_of(Napi::Env env, const Napi::Object& given, const TableSchema& schema) {
  CsvColumn column;
  const std::string target = text(env, given.Get("target"), "target");
  column.field = field_of(env, given.Get("field"));
  column.second = field_of(env, given.Get("second"));
  column.constant = any_text(given.Get("constant"));
  if (target == "time") column.target = CsvTarget::kTime;
  else if (target == "symbol") column.target = CsvTarget::kSymbol;
  else column.target = CsvTarget::kColumn;
  if (column.target != CsvTarget::kColumn) return column;
  column.column = word(env, given.Get("column"), "column");
  if (column.column >= schema.columns.size()) refuse(env, "there is no such column");
  column.type = schema.columns[column.column].type;
  column.nullable = schema.columns[column.column].nullable;
  return column;
}

Napi::Array list(Napi::Env env, const Napi::Object& given, const char* name) {
  if (!given.Get(name).IsArray()) refuse(env, std::string("expected ") + name + " to be an array");
  return given.Get(name).As<Napi::Array>();
}

// What a sample needs.
CsvPlan beginning_of(Napi::Env env, const Napi::Object& given) {
  CsvPlan plan;
  plan.path = text(env, given.Get("path"), "path");
  plan.dialect = dialect_of(env, given);
  plan.skip_lines = whole_number(env, given.Get("skipLines"), "skipLines");
  return plan;
}

CsvPlan plan_of(Napi::Env env, const Napi::Object& given, const TableSchema& schema) {
  CsvPlan plan = beginning_of(env, given);
  plan.has_header = given.Get("hasHeader").ToBoolean();
  plan.fields = word(env, given.Get("fields"), "fields");
  plan.time_kind =
      static_cast<CsvTimeKind>(whole_number(env, given.Get("timeKind"), "timeKind", 6));
  plan.time_pattern = any_text(given.Get("timePattern"));
  plan.time_offset_ns = static_cast<std::int64_t>(
      finite_number(env, given.Get("offsetMinutes"), "offsetMinutes") * 60e9);
  plan.offset = whole_number(env, given.Get("offset"), "offset");
  plan.line = whole_number(env, given.Get("line"), "line");
  if (!given.Get("blockBytes").IsUndefined())
    plan.block_bytes = word(env, given.Get("blockBytes"), "blockBytes");
  const Napi::Array columns = list(env, given, "columns");
  for (std::uint32_t at = 0; at < columns.Length(); at += 1) {
    const Napi::HandleScope scope(env);
    const Napi::Value entry = columns[at];
    if (!entry.IsObject()) refuse(env, "expected a column to be an object");
    plan.columns.push_back(column_of(env, entry.As<Napi::Object>(), schema));
  }
  const Napi::Array words = list(env, given, "nullWords");
  for (std::uint32_t at = 0; at < words.Length(); at += 1)
    plan.null_words.push_back(any_text(words.Get(at)));
  return plan;
}

// A reader and what its calls leave behind; it outlives its handle while a call runs.
struct Reading {
  std::unique_ptr<FileSystem> files = make_posix_file_system();
  std::unique_ptr<CsvReader> reader;
  CsvBatch batch;
  std::vector<std::string> names;  // that are new
  std::size_t told = 0;            // names
};

class NextCall final : public Napi::AsyncWorker {
 public:
  NextCall(Napi::Env env, std::shared_ptr<Reading> reading, const RowsOut& out,
           const Napi::Object& buffer, std::shared_ptr<bool> busy)
      : Napi::AsyncWorker(env, "ndts csv"),
        reading_(std::move(reading)),
        rows_{out.capacity, out.day, out.ns_of_day, out.symbol, out.values, out.nulls},
        buffer_(Napi::Persistent(buffer)),
        busy_(std::move(busy)),
        deferred_(Napi::Promise::Deferred::New(env)) {}

  [[nodiscard]] Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override {
    status_ = reading_->reader->next(rows_, &reading_->batch);
    const CsvSymbols& symbols = reading_->reader->symbols();
    reading_->names.clear();
    for (; reading_->told < symbols.count(); reading_->told += 1)
      reading_->names.push_back(symbols.name(reading_->told));
  }
  void OnOK() override {
    *busy_ = false;
    const Napi::Env env = Env();
    try {
      check(env, status_);
      deferred_.Resolve(result(env));
    } catch (const Napi::Error& error) {
      deferred_.Reject(error.Value());
    }
  }

 private:
  Napi::Object result(Napi::Env env) const {
    const CsvBatch& batch = reading_->batch;
    Napi::Object object = Napi::Object::New(env);
    object.Set("rows", number(env, batch.rows));
    object.Set("ended", Napi::Boolean::New(env, batch.ended));
    object.Set("offset", number(env, reading_->reader->offset()));
    object.Set("line", number(env, reading_->reader->line()));
    object.Set("heap", copy_of(env, batch.heap));
    Napi::Array names = Napi::Array::New(env, reading_->names.size());
    for (std::uint32_t at = 0; at < reading_->names.size(); at += 1)
      names[at] = Napi::String::New(env, reading_->names[at]);
    object.Set("names", names);
    Napi::Array rejects = Napi::Array::New(env, batch.rejects.size());
    for (std::uint32_t at = 0; at < batch.rejects.size(); at += 1) {
      const Napi::HandleScope scope(env);
      const CsvReject& reject = batch.rejects[at];
      Napi::Object entry = Napi::Object::New(env);
      entry.Set("line", number(env, reject.line));
      entry.Set("offset", number(env, reject.offset));
      if (reject.field != CsvColumn::kConstant) entry.Set("field", number(env, reject.field));
      entry.Set("reason", Napi::String::New(env, reject.reason));
      entry.Set("text", copy_of(env, std::as_bytes(std::span(reject.text))));
      rejects[at] = entry;
    }
    object.Set("rejects", rejects);
    return object;
  }

  const std::shared_ptr<Reading> reading_;
  const CsvRows rows_;
  const Napi::ObjectReference buffer_;  // keeps the memory
  const std::shared_ptr<bool> busy_;
  const Napi::Promise::Deferred deferred_;
  Status status_;
};

class CsvReaderWrap : public Napi::ObjectWrap<CsvReaderWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "CsvReader",
                       {InstanceMethod<&CsvReaderWrap::next>("next"),
                        InstanceMethod<&CsvReaderWrap::teach>("teach"),
                        InstanceMethod<&CsvReaderWrap::resolve>("resolve"),
                        InstanceMethod<&CsvReaderWrap::file_bytes>("fileBytes"),
                        InstanceMethod<&CsvReaderWrap::close>("close")});
  }

  // (plan, schema)
  explicit CsvReaderWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<CsvReaderWrap>(info) {
    const Napi::Env env = info.Env();
    if (!info[0].IsObject()) refuse(env, "expected a plan");
    schema_ = schema_argument(env, info[1]);
    reading_ = std::make_shared<Reading>();
    check(env, CsvReader::open(*reading_->files, plan_of(env, info[0].As<Napi::Object>(), schema_),
                               &reading_->reader));
  }

 private:
  Reading& open(Napi::Env env) {
    if (reading_ == nullptr) throw_code(env, Code::kClosed, "the reader is closed");
    return *reading_;
  }

  // (buffer, capacity): a promise
  Napi::Value next(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    open(env);
    if (*busy_) refuse(env, "the reader reads already");
    const RowsOut out = batch_argument_of(env, schema_, info[0], info[1]);
    auto* call = new NextCall(env, reading_, out, info[0].As<Napi::Object>(), busy_);
    const Napi::Promise promise = call->promise();
    *busy_ = true;
    call->Queue();
    return promise;
  }

  // (Uint32Array): ids of the names that were new, in their order
  void teach(const Napi::CallbackInfo& info) {
    if (!info[0].IsTypedArray() ||
        info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array)
      refuse(info.Env(), "expected ids to be a Uint32Array");
    auto ids = info[0].As<Napi::Uint32Array>();
    ids_.insert(ids_.end(), ids.Data(), ids.Data() + ids.ElementLength());
  }

  // (buffer, capacity, count)
  void resolve(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const RowsOut rows = batch_argument_of(env, schema_, info[0], info[1]);
    const std::size_t count = count_argument(env, info[2], rows.capacity);
    resolve_column(env, rows.symbol, nullptr, count);
    for (std::size_t column = 0; column < schema_.columns.size(); column += 1)
      if (schema_.columns[column].type == ValueType::kSymbol)
        resolve_column(env, reinterpret_cast<std::uint32_t*>(rows.values[column]),
                       rows.nulls[column], count);
  }

  void resolve_column(Napi::Env env, std::uint32_t* symbols, const std::uint8_t* nulls,
                      std::size_t count) const {
    for (std::size_t row = 0; row < count; row += 1) {
      if (nulls != nullptr && nulls[row] != 0) continue;
      if (symbols[row] >= ids_.size()) refuse(env, "a symbol was not taught");
      symbols[row] = ids_[symbols[row]];
    }
  }

  Napi::Value file_bytes(const Napi::CallbackInfo& info) {
    return number(info.Env(), open(info.Env()).reader->file_bytes());
  }

  void close(const Napi::CallbackInfo&) { reading_.reset(); }

  TableSchema schema_;
  std::shared_ptr<Reading> reading_;
  std::shared_ptr<bool> busy_ = std::make_shared<bool>(false);
  std::vector<std::uint32_t> ids_;
};

// ({ path, delimiter, quote, comment, skipLines }, records): texts of fields, null for an empty one
Napi::Value sample(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsObject()) refuse(env, "expected a plan");
  const CsvPlan plan = beginning_of(env, info[0].As<Napi::Object>());
  const std::unique_ptr<FileSystem> files = make_posix_file_system();
  std::vector<std::vector<CsvSampleField>> records;
  check(env, sample_csv(*files, plan, word(env, info[1], "records"), &records));
  Napi::Array result = Napi::Array::New(env, records.size());
  for (std::uint32_t at = 0; at < records.size(); at += 1) {
    const Napi::HandleScope scope(env);
    Napi::Array fields = Napi::Array::New(env, records[at].size());
    for (std::uint32_t field = 0; field < records[at].size(); field += 1) {
      const CsvSampleField& found = records[at][field];
      if (found.is_null) fields[field] = env.Null();
      else fields[field] = Napi::String::New(env, found.text);
    }
    result[at] = fields;
  }
  return result;
}

Bytes bytes_of_buffer(const Napi::Value& value) {
  if (!value.IsArrayBuffer()) return {};
  auto buffer = value.As<Napi::ArrayBuffer>();
  return {static_cast<const std::byte*>(buffer.Data()), buffer.ByteLength()};
}

CsvWriteColumn write_column_of(Napi::Env env, const std::string& kind, const Napi::Object& raw,
                               std::size_t rows) {
  CsvWriteColumn column;
  constexpr auto kLast = static_cast<int>(SqlKind::kBytes);
  int at = 0;
  while (at <= kLast && kind != sql_kind_name(static_cast<SqlKind>(at))) at += 1;
  if (at > kLast) refuse(env, "there is no kind of column " + kind);
  column.kind = static_cast<SqlKind>(at);
  column.values = bytes_of_buffer(raw.Get("values"));
  column.more = bytes_of_buffer(raw.Get("more"));
  if (raw.Get("nulls").IsTypedArray()) {
    auto nulls = raw.Get("nulls").As<Napi::Uint8Array>();
    if (nulls.ElementLength() < rows) refuse(env, "expected a null mark for each row");
    column.nulls = nulls.Data();
  }
  if (!is_whole(column, rows)) refuse(env, "a column has fewer values than rows");
  return column;
}

// ({ delimiter, quote }, kinds, raw columns, rows): the text
Napi::Value write(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsObject() || !info[1].IsArray() || !info[2].IsArray())
    refuse(env, "expected a dialect, kinds and columns");
  const CsvDialect dialect = dialect_of(env, info[0].As<Napi::Object>());
  const auto kinds = info[1].As<Napi::Array>();
  const auto raws = info[2].As<Napi::Array>();
  const auto rows = static_cast<std::size_t>(whole_number(env, info[3], "rows", kBatchCapacityMax));
  std::vector<CsvWriteColumn> columns;
  for (std::uint32_t at = 0; at < kinds.Length(); at += 1) {
    const Napi::Value raw = raws[at];
    if (!raw.IsObject()) refuse(env, "expected a column to be an object");
    columns.push_back(
        write_column_of(env, text(env, kinds.Get(at), "kind"), raw.As<Napi::Object>(), rows));
  }
  std::string out;
  write_csv(columns, rows, dialect, &out);
  return copy_of(env, std::as_bytes(std::span(out)));
}

}  // namespace

void init_csv(Napi::Env env, Napi::Object exports) {
  exports.Set("CsvReader", CsvReaderWrap::define(env));
  exports.Set("sampleCsv", Napi::Function::New(env, sample));
  exports.Set("writeCsv", Napi::Function::New(env, write));
}

}  // namespace ndts::binding
