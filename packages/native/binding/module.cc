// The door of the native library: each part hangs its functions on the exports.

#include <napi.h>

#include "parts.h"

#if __has_include("db.h")
#include "db.h"
#define NDTS_HAS_DB 1
#endif

namespace ndts::binding {
namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
#ifdef NDTS_HAS_DB
  init_db(env, exports);
#endif
  init_ring(env, exports);
  init_slot_ring(env, exports);
  init_clean(env, exports);
  init_factor(env, exports);
  return exports;
}

}  // namespace
}  // namespace ndts::binding

using ndts::binding::init;
NODE_API_MODULE(ndts, init)
