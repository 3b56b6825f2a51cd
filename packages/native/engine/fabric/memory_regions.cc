// See memory_regions.h.
#include "fabric/memory_regions.h"

#include <algorithm>

namespace ndts {
namespace {

// Looks at every bit, whatever is found; the barrier keeps the compiler from being clever.
bool same_key(std::uint64_t a, std::uint64_t b) {
  std::uint64_t difference = a ^ b;
  asm volatile("" : "+r"(difference));
  return difference == 0;
}

void shut(Region* region, bool keep_owner) {
  const MutexLock lock(region->mutex);
  region->open = false;
  region->bytes = {};
  if (!keep_owner) region->owner.reset();
}

}  // namespace

Status MemoryRegions::add(const Exposure& exposure, std::uint64_t key, std::int64_t now_ms,
                          Grant* grant, std::shared_ptr<Region>* region) {
  if (exposure.bytes.empty())
    return Status(Code::kInvalidArgument, "expected memory to expose, found none");
  if (exposure.lease_ms <= 0)
    return Status(Code::kInvalidArgument,
                  "expected a lease above 0 ms, found " + std::to_string(exposure.lease_ms));
  const MutexLock lock(mutex_);
  auto place = std::find(regions_.begin(), regions_.end(), nullptr);
  if (place == regions_.end()) {
    if (regions_.size() == kPullRegionsMax)
      return Status(Code::kRateLimited, "expected at most " + std::to_string(kPullRegionsMax) +
                                            " regions at once");
    place = regions_.insert(regions_.end(), nullptr);
  }
  auto made = std::make_shared<Region>();
  made->bytes = exposure.bytes;
  made->changes = exposure.changes;
  made->proves_itself = exposure.proves_itself;
  made->owner = exposure.owner;
  made->expires_at_ms = now_ms + exposure.lease_ms;
  made->key = key;
  made->number = static_cast<std::uint32_t>(place - regions_.begin());
  grant->key = key;
  grant->region = made->number;
  grant->base = 0;
  grant->length = exposure.bytes.size();
  grant->expires_at_ms = made->expires_at_ms;
  *place = made;
  *region = std::move(made);
  return Status::success();
}

std::shared_ptr<Region> MemoryRegions::find(std::uint32_t number, std::uint64_t key) const {
  const MutexLock lock(mutex_);
  if (number >= regions_.size() || regions_[number] == nullptr ||
      !same_key(regions_[number]->key, key))
    return nullptr;
  return regions_[number];
}

std::shared_ptr<Region> MemoryRegions::find_key(std::uint64_t key) const {
  const MutexLock lock(mutex_);
  for (const std::shared_ptr<Region>& region : regions_)
    if (region != nullptr && same_key(region->key, key)) return region;
  return nullptr;
}

Status MemoryRegions::renew(std::uint64_t key, std::int64_t now_ms, std::int64_t lease_ms) {
  if (lease_ms <= 0)
    return Status(Code::kInvalidArgument,
                  "expected a lease above 0 ms, found " + std::to_string(lease_ms));
  const std::shared_ptr<Region> region = find_key(key);
  if (region == nullptr) return Status(Code::kNotFound, "no memory is exposed under this key");
  const MutexLock lock(region->mutex);
  if (!region->readable(now_ms)) return Status(Code::kNotFound, "the lease is over");
  region->expires_at_ms = now_ms + lease_ms;
  return Status::success();
}

Status MemoryRegions::close(std::uint64_t key, bool keep_owner) {
  std::shared_ptr<Region> region;
  {
    const MutexLock lock(mutex_);
    for (std::shared_ptr<Region>& one : regions_)
      if (one != nullptr && same_key(one->key, key)) region = std::move(one);
  }
  if (region == nullptr) return Status(Code::kNotFound, "no memory is exposed under this key");
  shut(region.get(), keep_owner);
  return Status::success();
}

void MemoryRegions::close_all() {
  std::vector<std::shared_ptr<Region>> all;
  {
    const MutexLock lock(mutex_);
    all.swap(regions_);
  }
  for (const std::shared_ptr<Region>& region : all)
    if (region != nullptr) shut(region.get(), false);
}

}  // namespace ndts
