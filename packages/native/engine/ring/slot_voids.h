// Void slots of a ring of ticks, trades or books: what stands for sequences that are never
// published in it. Readers pass them and count them as lapped.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "generated/columns.h"
#include "ring/ring.h"

namespace ndts {

// Symbol and flags are one word, the same in every such slot.
inline constexpr std::size_t kFlagsWord = offsetof(TickSlot, symbol) / 8;
static_assert(offsetof(TradeSlot, symbol) / 8 == kFlagsWord);
static_assert(offsetof(BookSlot, symbol) / 8 == kFlagsWord);

// Publishes voids up to `until`, which is above next(). `more`: flags beside that of a void.
inline void publish_voids(RingWriter* ring, std::uint64_t until, std::uint32_t more = 0) {
  const std::uint64_t void_word = std::uint64_t{kVoidFlag | more} << 32;
  const std::uint64_t skipped = until - ring->next();
  // With the intent at `until`, only the last slot_count sequences before it can ever be read.
  const std::uint64_t written = std::min<std::uint64_t>(skipped, ring->shape().slot_count);
  const std::size_t words = ring->shape().slot_bytes / 8;
  ring->announce(skipped);
  fence_release();
  for (std::uint64_t i = 0; i < written; ++i) {
    std::uint64_t* slot = ring->slot(until - written + i);
    for (std::size_t word = 0; word < words; ++word) store_word(slot + word, 0);
    store_word(slot + kFlagsWord, void_word);
  }
  ring->commit(skipped);
}

}  // namespace ndts
