// The parser of line protocol for JavaScript: converts and calls. src/line.ts is its only caller.
//
// Batches are memory of the parser that JavaScript sees as ArrayBuffers, as a replay's are:
// whatever it does with them, the memory stays as long as either side has it. Streams are numbers.

#include <napi.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arguments.h"
#include "errors.h"
#include "line/line_parser.h"
#include "parts.h"
#include "table/tick_batch.h"
#include "value_types.h"

namespace ndts::binding {
namespace {

constexpr std::size_t kColumnsMax = 256;
constexpr double kLineRowsMax = 1u << 20;

std::string_view line_bytes(Napi::Env env, const Napi::Value& value) {
  if (!value.IsTypedArray() ||
      value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
    throw_code(env, Code::kInvalidArgument, "expected bytes to be a Uint8Array");
  auto bytes = value.As<Napi::Uint8Array>();
  return {reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength()};
}

Napi::Value copy_of(Napi::Env env, const void* data, std::size_t bytes) {
  auto copy = Napi::Uint8Array::New(env, bytes);
  if (bytes > 0) std::memcpy(copy.Data(), data, bytes);
  return copy;
}

std::int64_t time_argument(Napi::Env env, const Napi::Value& day, const Napi::Value& ns) {
  const double whole = finite_number(env, day, "day");
  const double rest = finite_number(env, ns, "nsOfDay");
  if (!is_time(whole, rest)) throw_code(env, Code::kInvalidArgument, "expected a time");
  return pack_time(whole, rest);
}

class LineParserWrap : public Napi::ObjectWrap<LineParserWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "LineParser",
                       {InstanceMethod<&LineParserWrap::add_table>("addTable"),
                        InstanceMethod<&LineParserWrap::add_symbol>("addSymbol"),
                        InstanceMethod<&LineParserWrap::open_stream>("openStream"),
                        InstanceMethod<&LineParserWrap::close_stream>("closeStream"),
                        InstanceMethod<&LineParserWrap::parse>("parse"),
                        InstanceMethod<&LineParserWrap::finish>("finish"),
                        InstanceMethod<&LineParserWrap::detail>("detail"),
                        InstanceMethod<&LineParserWrap::shape>("shape"),
                        InstanceMethod<&LineParserWrap::fresh>("fresh"),
                        InstanceMethod<&LineParserWrap::settle>("settle"),
                        InstanceMethod<&LineParserWrap::rows>("rows"),
                        InstanceMethod<&LineParserWrap::heap>("heap"),
                        InstanceMethod<&LineParserWrap::clear>("clear"),
                        InstanceMethod<&LineParserWrap::close>("close")});
  }

  // (seed, lineBytesMax, symbolTag)
  explicit LineParserWrap(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<LineParserWrap>(info) {
    const Napi::Env env = info.Env();
    LineParserOptions options;
    options.seed = whole_number(env, info[0], "seed");
    options.line_bytes_max = static_cast<std::size_t>(
        whole_number(env, info[1], "lineBytesMax", static_cast<double>(1u << 28)));
    options.symbol_tag = text(env, info[2], "symbolTag");
    parser_.emplace(std::move(options));
  }

 private:
  LineParser& open(Napi::Env env) {
    if (!parser_) throw_code(env, Code::kClosed, "the parser is closed");
    return *parser_;
  }

  LineStream& stream(Napi::Env env, const Napi::Value& value) {
    const auto found = streams_.find(whole_number(env, value, "stream"));
    if (found == streams_.end()) throw_code(env, Code::kNotFound, "there is no such stream");
    return found->second;
  }

  // (name, [{ name, type, nullable, zero }], capacity): its index and the memory of its batch.
  Napi::Value add_table(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    LineParser& parser = open(env);
    const std::string name = text(env, info[0], "the name of a table");
    if (!info[1].IsArray() || info[1].As<Napi::Array>().Length() > kColumnsMax)
      throw_code(env, Code::kInvalidArgument, "expected at most 256 columns");
    const auto given = info[1].As<Napi::Array>();
    std::vector<LineColumn> columns;
    for (std::uint32_t index = 0; index < given.Length(); index += 1) {
      const Napi::HandleScope scope(env);
      if (!given.Get(index).IsObject())
        throw_code(env, Code::kInvalidArgument, "expected a column to be an object");
      const auto column = given.Get(index).As<Napi::Object>();
      columns.push_back({{text(env, column.Get("name"), "the name of a column"),
                          type_of(env, column.Get("type")), column.Get("nullable").ToBoolean()},
                         column.Get("zero").ToBoolean()});
    }
    const auto capacity =
        static_cast<std::size_t>(whole_number(env, info[2], "capacity", kLineRowsMax));
    if (capacity == 0) throw_code(env, Code::kInvalidArgument, "expected a capacity above 0");
    const std::uint32_t index = parser.add_table(name, columns, capacity);
    const LineTable& table = parser.table(index);
    auto* kept = new std::shared_ptr<std::byte[]>(table.memory());
    Napi::Object result = Napi::Object::New(env);
    result.Set("index", Napi::Number::New(env, index));
    result.Set("buffer",
               Napi::ArrayBuffer::New(
                   env, kept->get(), table.memory_bytes(),
                   [](Napi::Env, void*, std::shared_ptr<std::byte[]>* gone) { delete gone; },
                   kept));
    return result;
  }

  // (name, id)
  void add_symbol(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const auto id = whole_number(env, info[1], "id", LineNames::kNone - 1.0);
    open(env).add_symbol(text(env, info[0], "a name"), static_cast<std::uint32_t>(id));
  }

  // (unitNs): its number
  Napi::Value open_stream(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    static_cast<void>(open(env));
    const auto unit = whole_number(env, info[0], "unitNs", 3.6e12);
    if (unit == 0) throw_code(env, Code::kInvalidArgument, "expected a unit above 0");
    last_stream_ += 1;
    streams_.emplace(last_stream_, LineStream(static_cast<std::int64_t>(unit)));
    return Napi::Number::New(env, static_cast<double>(last_stream_));
  }

  // (stream): bytes of a line that has not come whole
  Napi::Value close_stream(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const std::size_t bytes = stream(env, info[0]).unfinished_bytes();
    streams_.erase(whole_number(env, info[0], "stream"));
    return Napi::Number::New(env, static_cast<double>(bytes));
  }

  // (stream, bytes, day, nsOfDay, result): the stop; result[0] is where to go on and is moved;
  // then the line, the reason, the table that is full.
  Napi::Value parse(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    LineParser& parser = open(env);
    LineStream& from = stream(env, info[0]);
    const std::string_view bytes = line_bytes(env, info[1]);
    const std::int64_t now = time_argument(env, info[2], info[3]);
    double* const result = result_argument(env, info[4]);
    std::size_t taken = result[0] >= 0 && result[0] <= static_cast<double>(bytes.size())
                            ? static_cast<std::size_t>(result[0])
                            : bytes.size();
    const LineStop stop = parser.parse(&from, bytes, now, &taken);
    result[0] = static_cast<double>(taken);
    return answer(env, parser, from, stop, result);
  }

  // (stream, day, nsOfDay, result): as parse
  Napi::Value finish(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    LineParser& parser = open(env);
    LineStream& from = stream(env, info[0]);
    const std::int64_t now = time_argument(env, info[1], info[2]);
    double* const result = result_argument(env, info[3]);
    return answer(env, parser, from, parser.finish(&from, now), result);
  }

  static double* result_argument(Napi::Env env, const Napi::Value& value) {
    if (!value.IsTypedArray() ||
        value.As<Napi::TypedArray>().TypedArrayType() != napi_float64_array ||
        value.As<Napi::TypedArray>().ElementLength() < 4)
      throw_code(env, Code::kInvalidArgument, "expected room for the result");
    return value.As<Napi::Float64Array>().Data();
  }

  static Napi::Value answer(Napi::Env env, const LineParser& parser, const LineStream& from,
                            LineStop stop, double* result) {
    result[1] = static_cast<double>(from.line());
    result[2] = static_cast<double>(parser.reason());
    result[3] = static_cast<double>(parser.full_table());
    return Napi::Number::New(env, static_cast<double>(stop));
  }

  Napi::Value detail(const Napi::CallbackInfo& info) {
    const std::string& detail = open(info.Env()).detail();
    return copy_of(info.Env(), detail.data(), detail.size());
  }

  // [{ name, type }]; names are bytes
  Napi::Value shape(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const std::vector<ColumnSchema>& columns = open(env).shape();
    Napi::Array result = Napi::Array::New(env, columns.size());
    for (std::uint32_t index = 0; index < columns.size(); index += 1) {
      Napi::Object column = Napi::Object::New(env);
      const std::string& name = columns[index].name;
      column.Set("name", copy_of(env, name.data(), name.size()));
      column.Set("type", Napi::String::New(env, name_of(columns[index].type)));
      result[index] = column;
    }
    return result;
  }

  // Names, as bytes, of symbols without an id; settle() answers in their order.
  Napi::Value fresh(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const LineParser& parser = open(env);
    asked_ = parser.fresh();
    Napi::Array result = Napi::Array::New(env, asked_.size());
    for (std::uint32_t at = 0; at < asked_.size(); at += 1) {
      const std::string_view name = parser.fresh_name(asked_[at]);
      result[at] = copy_of(env, name.data(), name.size());
    }
    return result;
  }

  // (Uint32Array of ids, 0xffffffff: refused): [line taken back with all behind it, place of its
  // name in fresh()], or undefined
  Napi::Value settle(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    LineParser& parser = open(env);
    if (!info[0].IsTypedArray() ||
        info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array ||
        info[0].As<Napi::TypedArray>().ElementLength() != asked_.size())
      throw_code(env, Code::kInvalidArgument, "expected an id for each name");
    const auto ids = info[0].As<Napi::Uint32Array>();
    for (std::size_t at = 0; at < asked_.size(); at += 1) parser.teach(asked_[at], ids[at]);
    std::uint32_t name = 0;
    const std::uint64_t line = parser.settle(&name);
    const auto place = std::find(asked_.begin(), asked_.end(), name) - asked_.begin();
    asked_.clear();
    if (line == 0) return env.Undefined();
    Napi::Array result = Napi::Array::New(env, 2);
    result[0u] = Napi::Number::New(env, static_cast<double>(line));
    result[1u] = Napi::Number::New(env, static_cast<double>(place));
    return result;
  }

  const LineTable& table(Napi::Env env, const Napi::Value& value) {
    const LineParser& parser = open(env);
    const std::uint64_t index = whole_number(env, value, "table");
    if (index >= parser.table_count()) throw_code(env, Code::kNotFound, "there is no such table");
    return parser.table(static_cast<std::uint32_t>(index));
  }

  // (Uint32Array): the rows of each table
  void rows(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const LineParser& parser = open(env);
    if (!info[0].IsTypedArray() ||
        info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array ||
        info[0].As<Napi::TypedArray>().ElementLength() != parser.table_count())
      throw_code(env, Code::kInvalidArgument, "expected a number for each table");
    auto counts = info[0].As<Napi::Uint32Array>();
    for (std::uint32_t index = 0; index < parser.table_count(); index += 1)
      counts[index] = static_cast<std::uint32_t>(parser.table(index).rows());
  }

  // (table): its texts
  Napi::Value heap(const Napi::CallbackInfo& info) {
    const std::vector<std::byte>& heap = table(info.Env(), info[0]).heap();
    return copy_of(info.Env(), heap.data(), heap.size());
  }

  void clear(const Napi::CallbackInfo& info) {
    asked_.clear();
    open(info.Env()).clear();
  }

  void close(const Napi::CallbackInfo&) {
    streams_.clear();
    parser_.reset();
  }

  std::optional<LineParser> parser_;
  std::map<std::uint64_t, LineStream> streams_;
  std::uint64_t last_stream_ = 0;
  std::vector<std::uint32_t> asked_;
};

}  // namespace

void init_line(Napi::Env env, Napi::Object exports) {
  exports.Set("LineParser", LineParserWrap::define(env));
  Napi::Array names = Napi::Array::New(env, kLineReasonNames.size());
  for (std::uint32_t reason = 0; reason < kLineReasonNames.size(); reason += 1)
    names[reason] = Napi::String::New(env, kLineReasonNames[reason]);
  exports.Set("lineReasons", names);
  Napi::Object stops = Napi::Object::New(env);
  const auto stop = [env, &stops](const char* name, LineStop value) {
    stops.Set(name, Napi::Number::New(env, static_cast<double>(value)));
  };
  stop("end", LineStop::kEnd);
  stop("full", LineStop::kFull);
  stop("table", LineStop::kTable);
  stop("refused", LineStop::kRefused);
  exports.Set("LineStop", stops);
}

}  // namespace ndts::binding
