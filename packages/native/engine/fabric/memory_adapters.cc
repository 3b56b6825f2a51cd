// See memory_adapters.h.
#include "fabric/memory_adapters.h"

#include "fabric/libfabric.h"
#include "fabric/mapped_memory.h"
#include "fabric/registration.h"
#include "fabric/tcp_reader.h"
#include "fabric/tcp_server.h"

namespace ndts {
namespace {

Status unknown_provider(const std::string& provider) {
  return Status(Code::kInvalidArgument,
                "expected mapped, tcp, libfabric or a provider of libfabric, found " + provider);
}

}  // namespace

bool is_libfabric(const std::string& provider) {
  return provider == "libfabric" || provider.find(';') != std::string::npos;
}

Status make_memory_server(const std::string& provider, const MemoryParts& parts,
                          std::unique_ptr<MemoryServer>* server) {
  if (provider == "mapped") {
    *server = std::make_unique<MappedServer>(parts.files, parts.clock, parts.random);
    return Status::success();
  }
  if (provider == "tcp") {
    *server = std::make_unique<TcpServer>(parts.clock, parts.random);
    return Status::success();
  }
  if (is_libfabric(provider))
    return make_libfabric_server(provider, kMrTaken, parts.clock, parts.random, server);
  return unknown_provider(provider);
}

Status make_memory_reader(const Grant& grant, const MemoryParts& parts,
                          std::unique_ptr<MemoryReader>* reader) {
  if (grant.provider == "mapped") {
    *reader = std::make_unique<MappedReader>(parts.files, parts.clock);
    return Status::success();
  }
  if (grant.provider == "tcp") {
    *reader = std::make_unique<TcpReader>(grant.address, parts.clock);
    return Status::success();
  }
  if (is_libfabric(grant.provider))
    return make_libfabric_reader(grant, kMrTaken, parts.clock, reader);
  return unknown_provider(grant.provider);
}

}  // namespace ndts
