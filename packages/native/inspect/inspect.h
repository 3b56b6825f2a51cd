// Prints any file that NDTS wrote in lines for people: log, staging memory, segment, manifest,
// key-value table, ring. What kind it is follows from its magic, never from its name.
//
// Threads: any; a live file is read as it stands. Errors: NOT_FOUND, IO_ERROR; CORRUPT with file
// and offset after the lines of what could be read; INVALID_ARGUMENT for a file of no known kind.
// Nothing is ever written.
#pragma once

#include <functional>
#include <string>

#include "base/file.h"

namespace ndts {

using PrintLine = std::function<void(const std::string& line)>;

[[nodiscard]] Status inspect_file(FileSystem& files, const std::string& path,
                                  const PrintLine& print);

}  // namespace ndts
