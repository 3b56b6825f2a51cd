// See random.h. The only place in the engine that asks the machine for randomness.
#include "base/random.h"

#include <sys/random.h>

#include <cstdlib>

namespace ndts {

std::uint64_t SystemRandom::next() {
  std::uint64_t value = 0;
  // Up to 256 bytes come whole; only a signal before the kernel's pool is filled can interrupt.
  for (int tries = 0; tries < 1000; ++tries) {
    const ssize_t got = getrandom(&value, sizeof value, 0);  // ambient: the seam itself
    if (got == sizeof value) return value;
  }
  std::abort();  // a key that can be guessed is worse than no process
}

}  // namespace ndts
