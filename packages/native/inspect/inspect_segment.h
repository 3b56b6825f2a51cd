// What inspect prints about a segment of any version.
#pragma once

#include <string>

#include "inspect.h"

namespace ndts {

// Reads and decodes everything. Errors: of the reader, after all was printed that could be.
[[nodiscard]] Status inspect_segment(FileSystem& files, const std::string& path,
                                     const PrintLine& print);

}  // namespace ndts
