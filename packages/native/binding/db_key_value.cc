// The key-value table for JavaScript: converts and calls. See db_wrap.h.

#include <utility>

#include "db_wrap.h"

namespace ndts::binding {
namespace {

std::string key_of(Napi::Env env, const Napi::Value& value, const char* name) {
  if (!value.IsString()) refuse(env, std::string("expected ") + name + " to be text");
  return value.As<Napi::String>().Utf8Value();
}

}  // namespace

Napi::Value DatabaseWrap::get(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Database& database = open(env);
  std::optional<Bytes> value;
  check(env, database.get(key_of(env, info[0], "key"), &value));
  return value.has_value() ? Napi::Value(copy_of(env, *value)) : env.Undefined();
}

Napi::Value DatabaseWrap::scan(const Napi::CallbackInfo& info) {
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

Napi::Value DatabaseWrap::write(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  static_cast<void>(open(env));
  std::vector<std::byte> batch = operations_argument(env, info[0]);
  std::uint64_t position = 0;
  check(env, open(env).write(batch, &position));
  operations_ = std::move(batch);
  return number(env, position);
}

// An operation may be read by code, which may write, too, or close the database.
std::vector<std::byte> DatabaseWrap::operations_argument(Napi::Env env,
                                                         const Napi::Value& value) {
  if (value.IsUndefined()) return {};
  if (!value.IsArray()) refuse(env, "expected an array of operations");
  const auto operations = value.As<Napi::Array>();
  std::vector<std::byte> batch = std::exchange(operations_, {});
  batch.clear();
  for (std::uint32_t index = 0; index < operations.Length(); index += 1) {
    const Napi::HandleScope scope(env);
    encode(env, operations[index], &batch);
  }
  return batch;
}

void DatabaseWrap::encode(Napi::Env env, const Napi::Value& value,
                          std::vector<std::byte>* batch) {
  if (!value.IsObject()) refuse(env, "expected an operation with key and value");
  const auto operation = value.As<Napi::Object>();
  const std::string key = key_of(env, operation.Get("key"), "key");
  const Napi::Value content = operation.Get("value");
  if (content.IsUndefined()) {
    encode_operation(*batch, key, std::nullopt);
    return;
  }
  if (!content.IsTypedArray() ||
      content.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
    refuse(env, "expected the value of " + key + " to be a Uint8Array or undefined");
  auto bytes = content.As<Napi::Uint8Array>();
  const std::span<const std::uint8_t> span(bytes.Data(), bytes.ByteLength());
  encode_operation(*batch, key, std::as_bytes(span));
}

}  // namespace ndts::binding
