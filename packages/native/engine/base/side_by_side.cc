#include "base/side_by_side.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "base/thread.h"

namespace ndts {

void side_by_side(std::size_t count, std::uint32_t threads,
                  const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};  // each is taken by one thread; joining publishes what it did
  const auto take = [&] {
    for (;;) {
      const std::size_t at = next.fetch_add(1, std::memory_order_relaxed);
      if (at >= count) return;
      work(at);
    }
  };
  std::vector<std::unique_ptr<Thread>> others;
  const std::size_t started = std::min<std::size_t>(threads, count);
  for (std::size_t at = 1; at < started; at += 1)
    others.push_back(std::make_unique<Thread>("ndts-disk", take));
  take();
}

}  // namespace ndts
