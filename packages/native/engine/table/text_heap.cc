// See text_heap.h.
#include "table/text_heap.h"

#include <algorithm>

#include "base/crc32c.h"

namespace ndts {

std::uint32_t TextHeap::place_of(Bytes value) {
  const auto length = static_cast<std::uint32_t>(value.size());
  for (std::size_t slot = crc32c(length, value);; slot += 1) {
    std::uint32_t& known = slots_[slot % slots_.size()];
    if (known == 0) {
      const auto place = static_cast<std::uint32_t>(bytes_.size());
      const Bytes head = bytes_of(length);
      bytes_.insert(bytes_.end(), head.begin(), head.end());
      bytes_.insert(bytes_.end(), value.begin(), value.end());
      known = place + 1;
      return place;
    }
    const std::byte* at = bytes_.data() + (known - 1);
    if (load<std::uint32_t>(at) == length &&
        (length == 0 || std::memcmp(at + sizeof length, value.data(), length) == 0))
      return known - 1;
  }
}

void TextHeap::clear() {
  if (bytes_.empty()) return;
  bytes_.clear();
  std::fill(slots_.begin(), slots_.end(), 0u);
}

}  // namespace ndts
