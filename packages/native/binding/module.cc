// The door of the native library: each part hangs its functions on the exports.

#include <napi.h>

#include "db.h"
#include "parts.h"

namespace ndts::binding {
namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
  init_db(env, exports);
  init_ring(env, exports);
  init_slot_ring(env, exports);
  init_ring_bell(env, exports);
  init_fabric(env, exports);
  init_block_server(env, exports);
  init_block_reader(env, exports);
  init_clean(env, exports);
  init_factor(env, exports);
  init_factor_program(env, exports);
  init_line(env, exports);
  init_csv(env, exports);
  return exports;
}

}  // namespace
}  // namespace ndts::binding

using ndts::binding::init;
NODE_API_MODULE(ndts, init)
