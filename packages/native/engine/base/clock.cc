// See clock.h. The only place in the engine that asks the machine for the time.
#include "base/clock.h"

#include <time.h>

namespace ndts {

namespace {

std::int64_t read_clock(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);  // ambient: the seam itself
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

std::int64_t SystemClock::monotonic_ns() { return read_clock(CLOCK_MONOTONIC); }

std::int64_t SystemClock::wall_ns() { return read_clock(CLOCK_REALTIME); }

}  // namespace ndts
