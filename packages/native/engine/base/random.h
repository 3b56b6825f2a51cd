// Randomness as the engine sees it: handed in, never ambient.
//
// Any thread may call next().
#pragma once

#include <cstdint>

namespace ndts {

class RandomSource {
 public:
  virtual ~RandomSource() = default;
  // 64 bits that nobody can guess; a test's source may be less.
  [[nodiscard]] virtual std::uint64_t next() = 0;
};

// The kernel's. Waits while the machine, just started, has none.
class SystemRandom final : public RandomSource {
 public:
  [[nodiscard]] std::uint64_t next() override;
};

}  // namespace ndts
