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

// Throws unless ok. The message names file and offset where there are any.
inline void check(Napi::Env env, const Status& status) {
  if (status.ok()) return;
  std::string message = status.message();
  if (!status.file().empty())
    message += " (" + status.file() + " at " + std::to_string(status.offset()) + ")";
  throw_code(env, status.code(), message);
}

}  // namespace ndts::binding
