// Pulls through libfabric: a server and a reader over one of its providers, chosen by full name, as
// "tcp;ofi_rxm" or "verbs;ofi_rxm". The library is opened when it is first needed, on a thread of
// its own, and never closed.
//
// What differs from TCP: hardware may do the reads; nothing counts them; there is no checksum of
// ours; and a wrong, expired or revoked key ends the connection (UNAVAILABLE or LEASE_LOST), so the
// reader connects again. Where the provider chooses the keys (verbs), they are not random: a
// separated network is then what keeps others out. The provider "shm" checks no key and is refused.
//
// Both return UNAVAILABLE, with what is missing, where the library, its headers when this was
// built, or the provider are not there.
#pragma once

#include <memory>
#include <string>

#include "fabric/remote_memory.h"

namespace ndts {

// `provider` may be "libfabric": verbs where there is a device, else tcp. `mr_mode` is what it may
// demand when memory is registered (registration.h): kMrTaken, or what a test wants demanded. Both
// sides ask for the same.
[[nodiscard]] Status make_libfabric_server(const std::string& provider, std::uint64_t mr_mode,
                                           Clock* clock, RandomSource* random,
                                           std::unique_ptr<MemoryServer>* server);
[[nodiscard]] Status make_libfabric_reader(const Grant& grant, std::uint64_t mr_mode, Clock* clock,
                                           std::unique_ptr<MemoryReader>* reader);

}  // namespace ndts
