// What parts of the binding that pull share.
#pragma once

#include <napi.h>

#include "fabric/memory_adapters.h"

namespace ndts::binding {

// The process's own.
[[nodiscard]] MemoryParts pull_parts();
// A PullGrant of src/fabric.ts.
[[nodiscard]] Grant grant_argument(Napi::Env env, const Napi::Value& value);

}  // namespace ndts::binding
