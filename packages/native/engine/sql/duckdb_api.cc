// See duckdb_api.h.
#include "sql/duckdb_api.h"

#include <dlfcn.h>

#include "base/thread.h"
#include "sql/sql_meter.h"

namespace ndts::duckdb {

namespace {

template <typename Pointer>
bool find(void* library, const char* name, Pointer* function) {
  *function = reinterpret_cast<Pointer>(dlsym(library, name));
  return *function != nullptr;
}

const char* missing_function(void* library, Api* api) {
#define NDTS_DUCKDB_FIND(result, name, parameters) \
  if (!find(library, "duckdb_" #name, &api->name)) return "duckdb_" #name;
  NDTS_DUCKDB_FUNCTIONS(NDTS_DUCKDB_FIND)
#undef NDTS_DUCKDB_FIND
  return nullptr;
}

}  // namespace

Status load(const std::string& path, const Api** api) {
  static Mutex mutex;
  static Api loaded;
  static bool is_loaded = false;
  *api = nullptr;
  const MutexLock lock(mutex);
  if (!is_loaded) {
    // Never closed: it has threads and memory of its own.
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr)
      return Status(Code::kUnavailable,
                    std::string("the SQL library cannot be loaded: ") + dlerror(), path);
    if (const char* name = missing_function(library, &loaded); name != nullptr) {
      dlclose(library);
      return Status(Code::kUnavailable, std::string("the SQL library has no ") + name, path);
    }
    if (const Status status = SqlMeter::install(library); !status.ok()) {
      dlclose(library);
      return status;
    }
    is_loaded = true;
  }
  *api = &loaded;
  return {};
}

}  // namespace ndts::duckdb
