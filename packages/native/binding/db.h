// What the database part of the binding hangs on the exports.
#pragma once

#include <napi.h>

namespace ndts::binding {

void init_db(Napi::Env env, Napi::Object exports);
// Called by init_db.
void init_inspect(Napi::Env env, Napi::Object exports);
void init_repair(Napi::Env env, Napi::Object exports);

}  // namespace ndts::binding
