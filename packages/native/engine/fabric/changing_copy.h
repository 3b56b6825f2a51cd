// Copies memory that others write meanwhile, as rings are: whole 64-bit words, each read once and
// none torn, so that the race the ring's protocol allows is defined. The fences put the copy
// between what its reader did before and will do after.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "ring/ring_line.h"

namespace ndts {

inline void copy_changing(std::byte* to, Bytes from) {
  fence_acquire();
  const std::byte* at = from.data();
  std::size_t left = from.size();
  const auto byte = [&] {
    *to++ = static_cast<std::byte>(
        __atomic_load_n(reinterpret_cast<const std::uint8_t*>(at++), __ATOMIC_RELAXED));
    --left;
  };
  while (left > 0 && reinterpret_cast<std::uintptr_t>(at) % 8 != 0) byte();
  for (; left >= 8; left -= 8, at += 8, to += 8)
    store(to, load_word(reinterpret_cast<const std::uint64_t*>(at)));
  while (left > 0) byte();
  fence_acquire();
}

// The same, and the crc32c of what was copied, in one pass where the processor can.
[[nodiscard]] inline std::uint32_t copy_changing_summed(std::uint32_t seed, std::byte* to,
                                                        Bytes from) {
  if (!crc32c_has_hardware()) {
    copy_changing(to, from);
    return crc32c_scalar(seed, Bytes(to, from.size()));
  }
  fence_acquire();
  const std::uint32_t check = crc32c_copy_hardware(seed, to, from);
  fence_acquire();
  return check;
}

}  // namespace ndts
