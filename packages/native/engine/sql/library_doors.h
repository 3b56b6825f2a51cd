// Functions that a shared library calls, replaced by ours: in the tables through which it calls
// what it imports, and what of its own may be replaced. Only that library is changed.
//
// Threads: before anybody uses the library. Errors: UNAVAILABLE when the library has no such call,
// or its tables are not as ELF has them on this machine; nothing is changed then.
#pragma once

#include <span>

#include "base/status.h"

namespace ndts {

struct LibraryDoor {
  const char* symbol = nullptr;  // as the linker has it
  void* replacement = nullptr;
  bool is_needed = true;  // false: a library that does not call it is as good
};

// False: on this machine it cannot be done, and replace_doors() does nothing.
[[nodiscard]] bool has_library_doors();

// `library`: of dlopen(), with everything bound (RTLD_NOW).
[[nodiscard]] Status replace_doors(void* library, std::span<const LibraryDoor> doors);

}  // namespace ndts
