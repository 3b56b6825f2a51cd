// inspect for JavaScript: converts and calls.

#include "../inspect/inspect.h"

#include "arguments.h"
#include "db.h"
#include "disk.h"
#include "errors.h"

namespace ndts::binding {
namespace {

// (path, print)
void inspect(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string path = text(env, info[0], "path");
  if (!info[1].IsFunction()) throw_code(env, Code::kInvalidArgument, "expected a function");
  const auto print = info[1].As<Napi::Function>();
  check(env, inspect_file(disk(), path, [&](const std::string& line) {
          const Napi::HandleScope scope(env);
          print.Call({Napi::String::New(env, line)});
        }));
}

}  // namespace

void init_inspect(Napi::Env env, Napi::Object exports) {
  exports.Set("inspectFile", Napi::Function::New(env, inspect));
}

}  // namespace ndts::binding
