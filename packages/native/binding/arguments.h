// Checked arguments: from JavaScript values to what the engine trusts. Everything here throws
// INVALID_ARGUMENT; sizes are checked against the memory that is really there, on every call, since
// an ArrayBuffer may have been transferred away in between.
#pragma once

#include <napi.h>

#include <cmath>
#include <cstdint>
#include <string>

#include "errors.h"
#include "ring/row_columns.h"

namespace ndts::binding {

template <typename Columns>
struct RowsArgument {
  Columns columns;
  std::size_t capacity;
};
using BatchArgument = RowsArgument<TickColumns>;

// A whole number from 0 to `largest`.
[[nodiscard]] inline std::uint64_t whole_number(Napi::Env env, const Napi::Value& value,
                                                const char* name,
                                                double largest = 9'007'199'254'740'991) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0 && number <= largest) || std::floor(number) != number)
    throw_code(env, Code::kInvalidArgument,
               std::string("expected ") + name + " to be a whole number from 0 to " +
                   std::to_string(static_cast<std::uint64_t>(largest)));
  return static_cast<std::uint64_t>(number);
}

[[nodiscard]] inline double finite_number(Napi::Env env, const Napi::Value& value,
                                          const char* name) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : NAN;
  if (!std::isfinite(number))
    throw_code(env, Code::kInvalidArgument,
               std::string("expected ") + name + " to be a finite number");
  return number;
}

[[nodiscard]] inline std::string text(Napi::Env env, const Napi::Value& value, const char* name) {
  if (!value.IsString() || value.As<Napi::String>().Utf8Value().empty())
    throw_code(env, Code::kInvalidArgument, std::string("expected ") + name + " to be text");
  return value.As<Napi::String>().Utf8Value();
}

// A path: what stands behind a zero in it would be another one to the system.
[[nodiscard]] inline std::string path(Napi::Env env, const Napi::Value& value, const char* name) {
  std::string found = text(env, value, name);
  if (found.find('\0') != std::string::npos)
    throw_code(env, Code::kInvalidArgument,
               std::string("expected ") + name + " to be a path without zeros");
  return found;
}

// The bytes of an ArrayBuffer, at least `bytes` of them.
[[nodiscard]] inline void* memory_of(Napi::Env env, const Napi::Value& value, std::size_t bytes,
                                     const char* name) {
  if (!value.IsArrayBuffer())
    throw_code(env, Code::kInvalidArgument, std::string("expected ") + name);
  auto buffer = value.As<Napi::ArrayBuffer>();
  if (buffer.ByteLength() < bytes)
    throw_code(env, Code::kInvalidArgument,
               std::string("expected ") + name + " to have " + std::to_string(bytes) +
                   " bytes, found " + std::to_string(buffer.ByteLength()));
  return buffer.Data();
}

inline constexpr double kBatchCapacityMax = 1u << 26;

// batch.buffer and batch.capacity.
template <typename Columns>
[[nodiscard]] RowsArgument<Columns> rows_argument(Napi::Env env, const Napi::Value& buffer,
                                                  const Napi::Value& capacity) {
  const auto rows =
      static_cast<std::size_t>(whole_number(env, capacity, "capacity", kBatchCapacityMax));
  void* memory = memory_of(env, buffer, Columns::batch_bytes(rows), "the batch's buffer");
  return {Columns::make(memory, rows), rows};
}
[[nodiscard]] inline BatchArgument batch_argument(Napi::Env env, const Napi::Value& buffer,
                                                  const Napi::Value& capacity) {
  return rows_argument<TickColumns>(env, buffer, capacity);
}

// batch.count of a batch with that capacity.
[[nodiscard]] inline std::size_t count_argument(Napi::Env env, const Napi::Value& count,
                                                std::size_t capacity) {
  return static_cast<std::size_t>(
      whole_number(env, count, "count", static_cast<double>(capacity)));
}

}  // namespace ndts::binding
