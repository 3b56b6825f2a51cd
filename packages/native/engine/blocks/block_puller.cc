// See block_puller.h.
#include "blocks/block_puller.h"

#include <algorithm>
#include <array>
#include <utility>

namespace ndts {

namespace {

// Of one read: large enough that its frame costs nothing, small enough that checking begins early.
constexpr std::uint64_t kReadBytes = 256u << 10;

}  // namespace

Status BlockPuller::open(const MemoryParts& parts, const Grant& grant,
                         std::unique_ptr<BlockPuller>* puller) {
  std::unique_ptr<BlockPuller> made(new BlockPuller(parts, grant));
  NDTS_TRY(make_memory_reader(grant, parts, &made->reader_));
  made->reader_->use(made->memory_);
  *puller = std::move(made);
  return {};
}

void BlockPuller::close() {
  const MutexLock lock(mutex_);
  if (reader_ != nullptr) reader_->close();
  closed_ = true;
}

Status BlockPuller::connect(std::int64_t timeout_ns) {
  if (closed_) return Status(Code::kClosed, "the puller is closed");
  return reader_->connected() ? Status() : reader_->connect(timeout_ns);
}

// `arrived` is told how many bytes from the start on are there, whenever they become more.
Status BlockPuller::read(std::uint64_t offset, std::uint64_t bytes, std::int64_t deadline_ns,
                         const std::function<void(std::uint64_t)>& arrived) {
  const std::size_t count = static_cast<std::size_t>((bytes + kReadBytes - 1) / kReadBytes);
  static_assert(kPullBytesMax / kReadBytes <= kPullInFlightMax);
  const std::int64_t timeout_ns = deadline_ns - clock_->monotonic_ns();
  if (timeout_ns <= 0) return Status(Code::kTimeout, "no time left to read");
  for (std::size_t at = 0; at < count; at += 1) {
    const std::uint64_t first = at * kReadBytes;
    const MutableBytes into(memory_.data() + first, std::min(kReadBytes, bytes - first));
    NDTS_TRY(reader_->post(grant_, offset + first, into, at, timeout_ns));
  }
  std::array<bool, kPullBytesMax / kReadBytes> here{};
  std::size_t first_missing = 0;
  for (std::size_t done = 0; done < count;) {
    std::array<Completion, 16> completions;
    const std::size_t some = reader_->wait(completions, timeout_ns);
    for (std::size_t at = 0; at < some; at += 1) {
      if (!completions[at].status.ok()) return completions[at].status;
      here[completions[at].tag] = true;
      done += 1;
    }
    const std::size_t before = first_missing;
    while (first_missing < count && here[first_missing]) first_missing += 1;
    if (first_missing > before) arrived(std::min(bytes, first_missing * kReadBytes));
    if (some == 0 && clock_->monotonic_ns() > deadline_ns)
      return Status(Code::kTimeout, "no answer to a read of blocks");
  }
  return {};
}

Status BlockPuller::pull(std::uint64_t offset, std::span<const std::uint64_t> pieces,
                         std::int64_t timeout_ns,
                         const std::function<void(std::size_t, Bytes)>& take) {
  const MutexLock lock(mutex_);
  std::uint64_t bytes = 0;
  for (const std::uint64_t piece : pieces) bytes += piece;
  if (bytes == 0 || bytes > kPullBytesMax)
    return Status(Code::kInvalidArgument, "expected 1 to " + std::to_string(kPullBytesMax) +
                                              " bytes at once, found " + std::to_string(bytes));
  NDTS_TRY(connect(timeout_ns));
  const std::int64_t deadline_ns = clock_->monotonic_ns() + timeout_ns;
  std::size_t next = 0;
  std::uint64_t at = 0;
  const Status status = read(offset, bytes, deadline_ns, [&](std::uint64_t here) {
    for (; next < pieces.size() && at + pieces[next] <= here; next += 1) {
      take(next, Bytes(memory_.data() + at, pieces[next]));
      at += pieces[next];
    }
  });
  // Reads that are left would land in memory that the next pull uses.
  if (!status.ok()) reader_->close();
  return status;
}

}  // namespace ndts
