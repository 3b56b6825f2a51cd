// Void slots of a tick ring: what stands for sequences that are never published in it. Readers pass
// them and count them as lapped.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "generated/constants.h"
#include "ring/ring.h"

namespace ndts {

// Publishes voids up to `until`, which is above next().
inline void publish_voids(RingWriter* ring, std::uint64_t until) {
  constexpr std::uint64_t kVoidWord =
      std::uint64_t{static_cast<std::uint32_t>(TickFlags::kVoid)} << 32;
  const std::uint64_t skipped = until - ring->next();
  // With the intent at `until`, only the last slot_count sequences before it can ever be read.
  const std::uint64_t written = std::min<std::uint64_t>(skipped, ring->shape().slot_count);
  ring->announce(skipped);
  fence_release();
  for (std::uint64_t i = 0; i < written; ++i) {
    std::uint64_t* slot = ring->slot(until - written + i);
    for (std::size_t word = 0; word < sizeof(TickSlot) / 8; ++word) store_word(slot + word, 0);
    store_word(slot + offsetof(TickSlot, symbol) / 8, kVoidWord);
  }
  ring->commit(skipped);
}

}  // namespace ndts
