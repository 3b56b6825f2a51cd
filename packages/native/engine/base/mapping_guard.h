// What is mapped can fail: reading a bad sector, or what another cut off the file, raises SIGBUS.
// A guarded range does not kill the process: the page is replaced by zeros, the fault is noted, and
// whoever read asks afterwards (Mapping::outcome()).
//
// The handler is the process's, installed by the first guard and never taken back; SIGBUS from
// elsewhere goes on to the handler that was there before. It finds guards without a lock, in slots
// that are never freed.
// Threads: any. Lifetime: a guard ends before its range is unmapped.
// Invariant: who sees zeros that the handler put in place sees first_fault().
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ndts {

struct GuardSlot;

class MappingGuard {
 public:
  static constexpr std::uint64_t kNoFault = ~std::uint64_t{0};

  // [data, data + bytes) is a mapping of a file from its first byte on, only read.
  MappingGuard(const void* data, std::size_t bytes);
  ~MappingGuard();
  MappingGuard(const MappingGuard&) = delete;
  MappingGuard& operator=(const MappingGuard&) = delete;

  // Offset in the file of what could not be read first, or kNoFault. Stored by the handler before
  // the zeros, loaded by Mapping::failed() after the bytes.
  [[nodiscard]] const std::atomic<std::uint64_t>& first_fault() const;

 private:
  GuardSlot* const slot_;
};

}  // namespace ndts
