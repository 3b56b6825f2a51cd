// Memory that is handed out piece by piece and given back to the system all at once, in huge pages
// where there are any: a memtable is searched at random, and small pages would double the cost of
// that.
//
// Threads: allocate() from one thread; what it returned may be read by others once it was
// published to them. bytes() from any thread. Lifetime: everything lives as long as the arena.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"

namespace ndts {

class Arena {
 public:
  static constexpr std::size_t kBlockBytes = 2u << 20;

  // Aligned to 8.
  [[nodiscard]] std::byte* allocate(std::size_t bytes) {
    const std::size_t needed = static_cast<std::size_t>(align_up(bytes, 8));
    if (needed > left_) return allocate_slow(needed);
    std::byte* result = next_;
    next_ += needed;
    left_ -= needed;
    used_.store(used_.load(std::memory_order_relaxed) + needed, std::memory_order_relaxed);
    return result;
  }
  // Bytes handed out.
  [[nodiscard]] std::uint64_t bytes() const { return used_.load(std::memory_order_relaxed); }

 private:
  struct Free {
    std::size_t bytes;
    void operator()(std::byte* block) const;
  };

  std::byte* allocate_slow(std::size_t bytes);
  std::byte* add_block(std::byte* block, std::size_t bytes);

  std::vector<std::unique_ptr<std::byte, Free>> blocks_;
  std::byte* next_ = nullptr;
  std::size_t left_ = 0;
  std::atomic<std::uint64_t> used_{0};  // a counter; orders nothing
};

}  // namespace ndts
