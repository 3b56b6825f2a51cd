// Time as the engine sees it: handed in, never ambient.
//
// Any thread may call both functions. monotonic_ns never goes back; wall_ns may.
#pragma once

#include <atomic>
#include <cstdint>

namespace ndts {

class Clock {
 public:
  virtual ~Clock() = default;
  // CLOCK_MONOTONIC; the same in all processes of the host.
  [[nodiscard]] virtual std::int64_t monotonic_ns() = 0;
  // Nanoseconds since 1970-01-01 UTC.
  [[nodiscard]] virtual std::int64_t wall_ns() = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] std::int64_t monotonic_ns() override;
  [[nodiscard]] std::int64_t wall_ns() override;
};

// Stands still until told otherwise.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t wall_start_ns = 0) : wall_start_ns_(wall_start_ns) {}
  void advance(std::int64_t ns) { now_ns_.fetch_add(ns, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t monotonic_ns() override {
    return now_ns_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::int64_t wall_ns() override { return wall_start_ns_ + monotonic_ns(); }

 private:
  const std::int64_t wall_start_ns_;
  std::atomic<std::int64_t> now_ns_{0};  // a plain counter; orders nothing
};

}  // namespace ndts
