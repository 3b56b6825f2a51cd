// Tables of any schema for JavaScript: converts and calls. See db_wrap.h.
//
// The memory of a TableBatch, as src/table-batch.ts lays it out: day, nsOfDay, sequence (8 bytes a
// row), symbol, shard, epoch (4), then per column its values and, if it is nullable, its nulls (1);
// each from a multiple of 64. A text or bytes value is a HeapPlace.

#include "db_wrap.h"
#include "value_types.h"

namespace ndts::binding {

TableSchema schema_argument(Napi::Env env, const Napi::Value& value) {
  if (!value.IsObject()) refuse(env, "expected a schema");
  const auto given = value.As<Napi::Object>();
  TableSchema schema;
  schema.name = text(env, given.Get("name"), "the name of a table");
  if (!given.Get("columns").IsArray()) refuse(env, "expected columns to be an array");
  const auto columns = given.Get("columns").As<Napi::Array>();
  for (std::uint32_t index = 0; index < columns.Length(); index += 1) {
    const Napi::HandleScope scope(env);
    const Napi::Value entry = columns[index];
    if (!entry.IsObject()) refuse(env, "expected a column to be an object");
    const auto column = entry.As<Napi::Object>();
    schema.columns.push_back({text(env, column.Get("name"), "the name of a column"),
                              type_of(env, column.Get("type")),
                              column.Get("nullable").ToBoolean()});
  }
  return schema;
}

namespace {

Napi::Object schema_object(Napi::Env env, const TableSchema& schema) {
  Napi::Array columns = Napi::Array::New(env, schema.columns.size());
  for (std::uint32_t index = 0; index < schema.columns.size(); index += 1) {
    const ColumnSchema& column = schema.columns[index];
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("name", Napi::String::New(env, column.name));
    entry.Set("type", Napi::String::New(env, name_of(column.type)));
    entry.Set("nullable", Napi::Boolean::New(env, column.nullable));
    columns[index] = entry;
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("id", number(env, schema.id));
  result.Set("name", Napi::String::New(env, schema.name));
  result.Set("columns", columns);
  return result;
}

// Walks the columns of a batch's memory.
class BatchWalk {
 public:
  BatchWalk(std::byte* at, std::size_t capacity) : at_(at), capacity_(capacity) {}
  template <typename T>
  T* take(std::size_t width = sizeof(T)) {
    std::byte* column = at_;
    at_ += align_up(width * capacity_, kColumnAlignment);
    return reinterpret_cast<T*>(column);
  }

 private:
  std::byte* at_;
  const std::size_t capacity_;
};

std::size_t batch_bytes(const TableSchema& schema, std::size_t capacity) {
  const auto column = [capacity](std::size_t width) {
    return align_up(width * capacity, kColumnAlignment);
  };
  std::size_t bytes = 3 * column(8) + 3 * column(4);
  for (const ColumnSchema& one : schema.columns)
    bytes += column(value_bytes(one.type)) + (one.nullable ? column(1) : 0);
  return bytes;
}

}  // namespace

RowsOut batch_argument_of(Napi::Env env, const TableSchema& schema, const Napi::Value& buffer,
                          const Napi::Value& capacity) {
  RowsOut out;
  out.capacity =
      static_cast<std::size_t>(whole_number(env, capacity, "capacity", kBatchCapacityMax));
  void* memory = memory_of(env, buffer, batch_bytes(schema, out.capacity), "the batch's buffer");
  BatchWalk walk(static_cast<std::byte*>(memory), out.capacity);
  out.day = walk.take<double>();
  out.ns_of_day = walk.take<double>();
  out.sequence = walk.take<double>();
  out.symbol = walk.take<std::uint32_t>();
  out.shard = walk.take<std::uint32_t>();
  out.epoch = walk.take<std::uint32_t>();
  for (const ColumnSchema& column : schema.columns) {
    out.values.push_back(walk.take<std::byte>(value_bytes(column.type)));
    out.nulls.push_back(column.nullable ? walk.take<std::uint8_t>() : nullptr);
  }
  return out;
}

namespace {

// Puts the texts that the rows point to into one heap, and their places into the rows.
void move_texts(Napi::Env env, const TableSchema& schema, const RowsOut& out, std::size_t count,
                std::vector<std::byte>* heap) {
  heap->clear();
  for (std::size_t column = 0; column < schema.columns.size(); column += 1) {
    if (!has_heap(schema.columns[column].type)) continue;
    for (std::size_t row = 0; row < count; row += 1) {
      std::byte* slot = out.values[column] + sizeof(HeapValue) * row;
      const Bytes bytes = heap_bytes(load<HeapValue>(slot));
      if (heap->size() + bytes.size() > UINT32_MAX)
        throw_code(env, Code::kNoSpaceAccepted, "the texts of a batch exceed 4 GiB");
      store(slot, HeapPlace{static_cast<std::uint32_t>(heap->size()),
                            static_cast<std::uint32_t>(bytes.size())});
      heap->insert(heap->end(), bytes.begin(), bytes.end());
    }
  }
}

static_assert(sizeof(HeapPlace) == sizeof(HeapValue));

}  // namespace

Napi::Value DatabaseWrap::create_table(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  static_cast<void>(open(env));
  const TableSchema schema = schema_argument(env, info[0]);
  std::uint32_t table = 0;
  // A schema may be read by code, which may have closed the database.
  check(env, open(env).create_table(schema, &table));
  return number(env, table);
}

Napi::Value DatabaseWrap::tables(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::vector<const TableSchema*> all = open(env).tables();
  Napi::Array result = Napi::Array::New(env, all.size());
  for (std::uint32_t index = 0; index < all.size(); index += 1)
    result[index] = schema_object(env, *all[index]);
  return result;
}

const TableSchema& DatabaseWrap::table_argument(Napi::Env env, const Napi::Value& value) {
  const std::uint32_t id = value.IsUndefined() ? kTickTable : word(env, value, "table");
  const TableSchema* schema = open(env).schema(id);
  if (schema == nullptr)
    throw_code(env, Code::kNotFound, "there is no table " + std::to_string(id));
  return *schema;
}

Napi::Value DatabaseWrap::append_rows(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::vector<std::byte> joined = operations_argument(env, info[5]);
  Database& database = open(env);
  const TableSchema& schema = table_argument(env, info[0]);
  const RowsOut columns = batch_argument_of(env, schema, info[1], info[2]);
  RowsIn rows;
  rows.count = count_argument(env, info[3], columns.capacity);
  rows.day = columns.day;
  rows.ns_of_day = columns.ns_of_day;
  rows.symbol = columns.symbol;
  rows.values.assign(columns.values.begin(), columns.values.end());
  rows.nulls.assign(columns.nulls.begin(), columns.nulls.end());
  rows.sequence = columns.sequence;
  rows.shard = columns.shard;
  rows.epoch = columns.epoch;
  if (!info[4].IsUndefined()) {
    if (!info[4].IsTypedArray() ||
        info[4].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
      refuse(env, "expected the heap to be a Uint8Array");
    auto heap = info[4].As<Napi::Uint8Array>();
    rows.heap = std::as_bytes(std::span<const std::uint8_t>(heap.Data(), heap.ByteLength()));
  }
  std::uint64_t position = 0;
  check(env, database.append_rows(schema.id, rows, &position, joined));
  if (!joined.empty()) operations_ = std::move(joined);
  return number(env, position);
}

Napi::Value DatabaseWrap::load_rows(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Database& database = open(env);
  const TableSchema& schema = table_argument(env, info[0]);
  const std::uint32_t symbol = word(env, info[1], "symbol");
  const TimeRange range{time_of(env, info[2], info[3]), time_of(env, info[4], info[5]),
                        whole_number(env, info[6], "afterSequence")};
  const RowsOut out = batch_argument_of(env, schema, info[7], info[8]);
  std::size_t count = 0;
  check(env, database.load_rows(schema.id, symbol, range, out, &count));
  move_texts(env, schema, out, count, &heap_);
  return number(env, count);
}

Napi::Value DatabaseWrap::last_rows(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Database& database = open(env);
  const TableSchema& schema = table_argument(env, info[0]);
  const RowsOut out = batch_argument_of(env, schema, info[2], info[3]);
  std::size_t count = 0;
  check(env, database.last_rows(schema.id, word(env, info[1], "symbol"), out, &count));
  move_texts(env, schema, out, count, &heap_);
  return number(env, count);
}

Napi::Value DatabaseWrap::read_rows(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Database& database = open(env);
  const TableSchema& schema = table_argument(env, info[0]);
  const std::uint32_t shard = shard_argument(info[1], database);
  const RowsOut out = batch_argument_of(env, schema, info[3], info[4]);
  std::size_t count = 0;
  check(env, database.read_sequence(schema.id, shard, whole_number(env, info[2], "fromSequence"),
                                    out, &count));
  move_texts(env, schema, out, count, &heap_);
  return number(env, count);
}

Napi::Value DatabaseWrap::latest(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Database& database = open(env);
  const TableSchema& schema = table_argument(env, info[0]);
  const std::vector<ScanSymbol> symbols = symbols_argument(env, info[1]);
  const RowsOut out = batch_argument_of(env, schema, info[2], info[3]);
  if (out.capacity < symbols.size())
    refuse(env, "expected a batch with room for " + std::to_string(symbols.size()) + " rows");
  const DatabaseSnapshot snapshot = database.snapshot();
  std::size_t count = 0;
  check(env, latest_rows(*snapshot.table(schema.id), symbols, &latest_, out, &count));
  move_texts(env, schema, out, count, &heap_);
  return number(env, count);
}

Napi::Value DatabaseWrap::take_heap(const Napi::CallbackInfo& info) {
  Napi::Value heap = copy_of(info.Env(), heap_);
  heap_ = {};
  return heap;
}

}  // namespace ndts::binding
