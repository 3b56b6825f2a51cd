// How much background work may read and write: so many bytes a second, in steps.
//
// Threads: one at a time. A rate of 0 is no limit.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace ndts {

class IoBudget {
 public:
  IoBudget(Clock& clock, std::uint64_t bytes_per_second, std::uint64_t step_bytes)
      : clock_(clock), rate_(bytes_per_second), step_bytes_(step_bytes) {}

  // What the next step may take; 0: nothing yet. It fills with time, up to a quarter second's.
  [[nodiscard]] std::uint64_t allowance() {
    if (rate_ == 0) return step_bytes_;
    constexpr std::int64_t kNsPerSecond = 1'000'000'000;
    const std::int64_t now = clock_.monotonic_ns();
    const std::int64_t elapsed = std::clamp<std::int64_t>(now - counted_at_ns_, 0, kNsPerSecond);
    const auto grant = static_cast<std::uint64_t>(static_cast<double>(rate_) *
                                                  static_cast<double>(elapsed) / kNsPerSecond);
    if (grant > 0) counted_at_ns_ = now;
    left_ = std::min(left_ + grant, std::max(step_bytes_, rate_ / 4));
    return std::min(left_, step_bytes_);
  }
  void took(std::uint64_t bytes) { left_ -= std::min(left_, bytes); }

 private:
  Clock& clock_;
  const std::uint64_t rate_;
  const std::uint64_t step_bytes_;
  std::int64_t counted_at_ns_ = 0;
  std::uint64_t left_ = 0;
};

}  // namespace ndts
