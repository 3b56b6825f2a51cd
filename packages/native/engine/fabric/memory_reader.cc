// See remote_memory.h: what all readers do alike - checking what is posted, deadlines, results.
#include <algorithm>
#include <utility>

#include "base/spin.h"
#include "fabric/remote_memory.h"

namespace ndts {

Status MemoryReader::connect(std::int64_t timeout_ns) {
  fail(Status(Code::kUnavailable, "the reader connects anew"));
  free_.clear();
  for (std::uint32_t slot = kPullInFlightMax; slot > 0; --slot) free_.push_back(slot - 1);
  NDTS_TRY(attach(timeout_ns, arenas_));
  connected_ = true;
  return Status::success();
}

Status MemoryReader::post(const Grant& grant, std::uint64_t offset, MutableBytes into,
                          std::uint64_t tag, std::int64_t timeout_ns) {
  if (!connected_) return Status(Code::kUnavailable, "the reader is not connected");
  if (into.empty() || into.size() > kPullReadBytesMax)
    return Status(Code::kInvalidArgument, "expected a read of 1 to " +
                                              std::to_string(kPullReadBytesMax) +
                                              " bytes, found " + std::to_string(into.size()));
  if (offset > grant.length || into.size() > grant.length - offset)
    return Status(Code::kInvalidArgument,
                  "expected a range within the " + std::to_string(grant.length) +
                      " bytes of the grant, found " + std::to_string(into.size()) + " at " +
                      std::to_string(offset));
  const auto holds = [into](MutableBytes arena) {
    return into.data() >= arena.data() &&
           into.data() + into.size() <= arena.data() + arena.size();
  };
  const auto arena = std::find_if(arenas_.begin(), arenas_.end(), holds);
  if (arena == arenas_.end())
    return Status(Code::kInvalidArgument, "the reader was not given the memory to read into");
  if (in_flight() >= kPullInFlightMax)
    return Status(Code::kRateLimited, "expected at most " + std::to_string(kPullInFlightMax) +
                                          " reads posted and not collected");
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  const std::int64_t deadline_ns = clock_->monotonic_ns() + timeout_ns;
  slots_[slot] = {.tag = tag,
                  .into = into,
                  .key = grant.key,
                  .offset = offset,
                  .base = grant.base,
                  .region = grant.region,
                  .arena = static_cast<std::uint32_t>(arena - arenas_.begin()),
                  .deadline_ns = deadline_ns,
                  .grant = &grant,
                  .active = true};
  ++active_;
  earliest_ns_ = std::min(earliest_ns_, deadline_ns);
  issue(slot);
  slots_[slot].grant = nullptr;
  return Status::success();
}

void MemoryReader::finish(std::uint32_t slot, Status status) {
  Pending& read = slots_[slot];
  if (!read.active) return;
  read.active = false;
  --active_;
  free_.push_back(slot);
  done_.push_back({read.tag, std::move(status)});
}

void MemoryReader::fail(const Status& why) {
  connected_ = false;
  drop();
  for (std::uint32_t slot = 0; slot < kPullInFlightMax && active_ > 0; ++slot) finish(slot, why);
  earliest_ns_ = INT64_MAX;
}

void MemoryReader::check_deadlines() {
  if (active_ == 0) {
    earliest_ns_ = INT64_MAX;
    return;
  }
  const std::int64_t now_ns = clock_->monotonic_ns();
  if (now_ns < earliest_ns_) return;
  bool late = false;
  std::int64_t earliest_ns = INT64_MAX;
  for (const Pending& read : slots_) {
    if (!read.active) continue;
    late = late || read.deadline_ns <= now_ns;
    earliest_ns = std::min(earliest_ns, read.deadline_ns);
  }
  earliest_ns_ = earliest_ns;
  if (!late) return;
  // The late answer may still be on its way into memory; only without a connection it is not.
  connected_ = false;
  drop();
  for (std::uint32_t slot = 0; slot < kPullInFlightMax; ++slot) {
    if (slots_[slot].active && slots_[slot].deadline_ns <= now_ns)
      finish(slot, Status(Code::kTimeout, "a read was not answered in time"));
  }
  fail(Status(Code::kUnavailable, "an earlier read was not answered in time"));
}

std::size_t MemoryReader::take(std::span<Completion> into) {
  const std::size_t count = std::min(into.size(), done_.size());
  std::move(done_.begin(), done_.begin() + static_cast<std::ptrdiff_t>(count), into.begin());
  done_.erase(done_.begin(), done_.begin() + static_cast<std::ptrdiff_t>(count));
  return count;
}

std::size_t MemoryReader::poll(std::span<Completion> into) {
  if (connected_) {
    pump();
    check_deadlines();
  }
  return take(into);
}

std::size_t MemoryReader::wait(std::span<Completion> into, std::int64_t timeout_ns) {
  const std::int64_t begin_ns = clock_->monotonic_ns();
  for (;;) {
    if (const std::size_t count = poll(into); count > 0) return count;
    const std::int64_t now_ns = clock_->monotonic_ns();
    const std::int64_t left_ns = begin_ns + timeout_ns - now_ns;
    if (left_ns <= 0 || (!connected_ && active_ == 0)) return 0;
    if (now_ns - begin_ns < spin_ns_) {
      spin_yield();
    } else {
      nap(std::min(left_ns, std::max<std::int64_t>(earliest_ns_ - now_ns, 0)));
    }
  }
}

void MemoryReader::close() {
  fail(Status(Code::kClosed, "the reader is closed"));
  done_.clear();
}

}  // namespace ndts
