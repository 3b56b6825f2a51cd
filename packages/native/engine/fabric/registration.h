// What a provider of libfabric demands of whoever registers memory with it, and what follows for
// keys, addresses and descriptors. Plain arithmetic on the bits of fi_mr(3), so that every
// combination is tested without a provider that wants it; libfabric_endpoint.cc compares the bits
// with those of the library's headers.
//
// Any thread; no state but the demands.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/status.h"

namespace ndts {

// Before libfabric 1.5 there were two: all of the four below, or none.
inline constexpr std::uint64_t kMrBasic = 1u << 0;
inline constexpr std::uint64_t kMrScalable = 1u << 1;
// Memory that is read into is registered, too.
inline constexpr std::uint64_t kMrLocal = 1u << 2;
// Remote memory is named by its address there.
inline constexpr std::uint64_t kMrVirtAddr = 1u << 4;
// Pages are present before they are registered.
inline constexpr std::uint64_t kMrAllocated = 1u << 5;
// The provider chooses the keys.
inline constexpr std::uint64_t kMrProvKey = 1u << 6;
// What is done here when it is demanded.
inline constexpr std::uint64_t kMrTaken = kMrLocal | kMrVirtAddr | kMrAllocated | kMrProvKey;

class Registration {
 public:
  // UNAVAILABLE for a provider that demands what is not done here, or whose keys have not the 64
  // bits of a grant's.
  [[nodiscard]] static Status of(std::uint64_t mr_mode, std::size_t key_bytes,
                                 Registration* registration);

  // Whether a reader registers its memory and hands its descriptor to each read.
  [[nodiscard]] bool registers_local() const { return needs(kMrLocal); }
  // Whether readers know key and address of the hello before they were told anything.
  [[nodiscard]] bool has_hello() const { return !needs(kMrVirtAddr | kMrProvKey); }
  // The key to register with; `drawn` is a random one.
  [[nodiscard]] std::uint64_t key(std::uint64_t drawn) const {
    return needs(kMrProvKey) ? 0 : drawn;
  }
  // What a reader adds its offset to.
  [[nodiscard]] std::uint64_t base(Bytes memory) const {
    return needs(kMrVirtAddr) ? reinterpret_cast<std::uintptr_t>(memory.data()) : 0;
  }
  // To be called before memory is registered: makes its pages present where that is demanded.
  void prepare(Bytes memory) const;

 private:
  [[nodiscard]] bool needs(std::uint64_t any) const { return (mr_mode_ & any) != 0; }

  std::uint64_t mr_mode_ = 0;
};

}  // namespace ndts
