// Names of column types, as schemas in JavaScript have them.
#pragma once

#include <napi.h>

#include <array>
#include <string>
#include <utility>

#include "arguments.h"
#include "errors.h"
#include "table/schema.h"

namespace ndts::binding {

inline constexpr std::array<std::pair<const char*, ValueType>, 8> kTypeNames = {{
    {"i64", ValueType::kI64},
    {"f64", ValueType::kF64},
    {"i32", ValueType::kI32},
    {"f32", ValueType::kF32},
    {"bool", ValueType::kBool},
    {"symbol", ValueType::kSymbol},
    {"text", ValueType::kText},
    {"bytes", ValueType::kBytes},
}};

// Throws INVALID_ARGUMENT in JavaScript.
[[nodiscard]] inline ValueType type_of(Napi::Env env, const Napi::Value& value) {
  const std::string name = text(env, value, "the type of a column");
  for (const auto& [known, type] : kTypeNames)
    if (name == known) return type;
  throw_code(env, Code::kInvalidArgument,
             "expected a column type (i64, f64, i32, f32, bool, symbol, text, bytes), found " +
                 name);
}

[[nodiscard]] inline const char* name_of(ValueType type) {
  for (const auto& [name, known] : kTypeNames)
    if (known == type) return name;
  return "";
}

}  // namespace ndts::binding
