// See registration.h.
#include "fabric/registration.h"

#include <string>

namespace ndts {

Status Registration::of(std::uint64_t mr_mode, std::size_t key_bytes,
                        Registration* registration) {
  const bool basic = (mr_mode & kMrBasic) != 0;
  const std::uint64_t mode = (basic ? kMrTaken : 0) | (mr_mode & ~(kMrBasic | kMrScalable));
  if ((mode & ~kMrTaken) != 0)
    return Status(Code::kUnavailable, "the provider demands what is not done here when memory is "
                                      "registered: mode " + std::to_string(mode & ~kMrTaken));
  // A shorter key of ours would not be the secret it is; a longer one has no place in a grant.
  const bool fits = (mode & kMrProvKey) != 0 ? key_bytes <= sizeof(std::uint64_t)
                                             : key_bytes >= sizeof(std::uint64_t);
  if (!fits)
    return Status(Code::kUnavailable, "expected a provider with keys of 8 bytes, found " +
                                          std::to_string(key_bytes));
  registration->mr_mode_ = mode;
  return Status::success();
}

void Registration::prepare(Bytes memory) const {
  if (!needs(kMrAllocated)) return;
  constexpr std::size_t kPageBytes = 4096;
  const auto touch = [memory](std::size_t at) {
    static_cast<void>(__atomic_load_n(reinterpret_cast<const std::uint8_t*>(memory.data()) + at,
                                      __ATOMIC_RELAXED));
  };
  for (std::size_t at = 0; at < memory.size(); at += kPageBytes) touch(at);
  if (!memory.empty()) touch(memory.size() - 1);
}

}  // namespace ndts
