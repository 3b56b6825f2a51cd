// The adapters of remote_memory.h by the name of their provider: "mapped", "tcp", "libfabric" (the
// provider of it that suits this machine) or a full provider name of libfabric.
#pragma once

#include <memory>
#include <string>

#include "base/file.h"
#include "fabric/remote_memory.h"

namespace ndts {

// What the adapters stand on; outlives what is made with it.
struct MemoryParts {
  FileSystem* files;
  Clock* clock;
  RandomSource* random;
};

// Whether the name is one of libfabric: a full one is a core provider and what is layered on it.
[[nodiscard]] bool is_libfabric(const std::string& provider);

// INVALID_ARGUMENT for a provider that is none; UNAVAILABLE where libfabric is not there.
[[nodiscard]] Status make_memory_server(const std::string& provider, const MemoryParts& parts,
                                        std::unique_ptr<MemoryServer>* server);
// A reader of the server that gave this grant, not connected yet.
[[nodiscard]] Status make_memory_reader(const Grant& grant, const MemoryParts& parts,
                                        std::unique_ptr<MemoryReader>* reader);

}  // namespace ndts
