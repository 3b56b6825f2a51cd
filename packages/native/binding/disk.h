// The one file system of the process, for everything the binding opens. Stateless, any thread.
#pragma once

#include <memory>

#include "base/file.h"

namespace ndts::binding {

inline FileSystem& disk() {
  static const std::unique_ptr<FileSystem> files = make_posix_file_system();
  return *files;
}

}  // namespace ndts::binding
