// See ring_bell.h.
#include "ring/ring_bell.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "ring/ring_line.h"

namespace ndts {
namespace {

constexpr std::uint64_t kBellBytes = 4096;  // a page

// Not the private kind: the sleeper is another process.
void futex_wait(const std::uint32_t* word, std::uint32_t expected, std::int64_t ns) {
  constexpr std::int64_t kNsPerSecond = 1'000'000'000;
  const timespec limit{.tv_sec = ns / kNsPerSecond, .tv_nsec = ns % kNsPerSecond};
  // Whatever it answers, the caller looks again.
  static_cast<void>(syscall(SYS_futex, word, FUTEX_WAIT, expected, &limit, nullptr, 0));
}

void futex_wake_all(const std::uint32_t* word) {
  static_cast<void>(syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0));
}

}  // namespace

Status RingBell::map(File* file) {
  std::uint64_t bytes = 0;
  NDTS_TRY(file->size(&bytes));
  if (bytes < sizeof(BellLine))
    return Status(Code::kCorrupt, "shorter than the line of a bell", file->path());
  NDTS_TRY(file->map_shared(&mapping_));
  line_ = reinterpret_cast<BellLine*>(mapping_->writable().data());
  return Status::success();
}

Status RingBell::create(FileSystem& files, const std::string& path, RingBell* bell) {
  std::unique_ptr<File> file;
  NDTS_TRY(files.open(path, OpenMode::kOpenOrCreate, &file));
  NDTS_TRY(file->allocate(kBellBytes));
  return bell->map(file.get());
}

Status RingBell::open(FileSystem& files, const std::string& path, RingBell* bell) {
  std::unique_ptr<File> file;
  NDTS_TRY(files.open(path, OpenMode::kReadWrite, &file));
  return bell->map(file.get());
}

void RingBell::ring() {
  fence_full();
  if (__atomic_load_n(&line_->sleeping, __ATOMIC_RELAXED) == 0) return;
  __atomic_store_n(&line_->sleeping, 0, __ATOMIC_RELAXED);
  // Release: who finds another number than its ticket sees that nobody is said to sleep any more.
  __atomic_fetch_add(&line_->rung, 1, __ATOMIC_RELEASE);
  futex_wake_all(&line_->rung);
}

std::uint32_t RingBell::prepare() {
  const std::uint32_t ticket = __atomic_load_n(&line_->rung, __ATOMIC_ACQUIRE);
  __atomic_store_n(&line_->sleeping, 1, __ATOMIC_RELAXED);
  fence_full();
  return ticket;
}

void RingBell::rest(std::uint32_t ticket, std::int64_t ns) {
  futex_wait(&line_->rung, ticket, std::min(ns, kRestNsMax));
}

void rest_without_bell(std::int64_t ns) {
  const std::uint32_t nobody = 0;
  futex_wait(&nobody, 0, ns);
}

}  // namespace ndts
