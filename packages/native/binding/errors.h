// How the binding reports errors: a JavaScript Error whose `code` is a name from the table of the
// schema. src/addon.ts turns it into NdtsError. Only binding code throws; the engine returns.
#pragma once

#include <napi.h>

#include <string>

#include "base/status.h"
#include "generated/errors.h"

namespace ndts::binding {

// Throws a JavaScript error that carries the name of the code.
[[noreturn]] inline void throw_code(Napi::Env env, Code code, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code_name(code)));
  throw error;
}

// Names file and offset where there are any.
[[nodiscard]] inline std::string message_of(const Status& status) {
  if (status.file().empty()) return status.message();
  return status.message() + " (" + status.file() + " at " + std::to_string(status.offset()) + ")";
}

// Throws unless ok.
inline void check(Napi::Env env, const Status& status) {
  if (!status.ok()) throw_code(env, status.code(), message_of(status));
}

}  // namespace ndts::binding
