// Where a database keeps its staging memory: a name of its own for each folder and place of it, so
// that a folder and a copy of it never meet in one.
#pragma once

#include <cstdint>
#include <string>

namespace ndts {

// `id` as the manifest has it, `dir` the folder of the database.
[[nodiscard]] std::string staging_name(std::uint64_t id, const std::string& dir);
// Is `path` staging memory of a database in `dir`?
[[nodiscard]] bool is_staging_of(const std::string& path, const std::string& dir);

}  // namespace ndts
