// The committer: writes what stands in staging memory to the current file, syncs once for all who
// wait, publishes the durable position, rolls files and prepares the next one.
#include <algorithm>

#include "base/crash_point.h"
#include "wal/wal_log.h"

namespace ndts {

namespace {
// How long the committer's thread lets the disk be after it refused.
constexpr std::int64_t kRetryNs = 100'000'000;
}  // namespace

std::uint64_t WalLog::commit_step() {
  const MutexLock lock(commit_mutex_);
  if (stopped_) return 0;
  const std::uint64_t tail = staging_->tail();
  if (tail > durable_.load(std::memory_order_relaxed)) return commit(tail);
  return prepare();
}

// One commit per wake-up, then a piece of the next file if it needs one.
std::uint64_t WalLog::background_step() {
  const MutexLock lock(commit_mutex_);
  if (stopped_) return 0;
  const std::int64_t now_ns = options_.clock->monotonic_ns();
  const std::uint64_t tail = staging_->tail();
  if (tail > durable_.load(std::memory_order_relaxed) && now_ns >= commit_retry_at_ns_) {
    (void)commit(tail);
    if (failed_.load(std::memory_order_relaxed)) commit_retry_at_ns_ = now_ns + kRetryNs;
  }
  if (failed_.load(std::memory_order_relaxed) || wal_files_->ready()) return 0;
  if (now_ns < prepare_retry_at_ns_) return 0;
  const std::uint64_t done = prepare();
  if (done == 0) prepare_retry_at_ns_ = now_ns + kRetryNs;
  return done;
}

// Returns the bytes made durable. A file that refuses a write or a sync is given up, and what is
// above durable goes from staging memory to the next one; once, then the log is read-only.
std::uint64_t WalLog::commit(std::uint64_t tail) {
  const std::uint64_t before = durable_.load(std::memory_order_relaxed);
  Status status = try_commit(tail);
  for (int attempt = 0; !status.ok() && attempt < 2; ++attempt) {
    if (wal_files_->has_current()) failed_files_.fetch_add(1, std::memory_order_relaxed);
    const std::uint64_t durable = durable_.load(std::memory_order_relaxed);
    wal_files_->give_up();
    written_ = durable;
    if (attempt == 0) status = try_commit(tail);
  }
  set_failure(status);
  publish_limit();
  announce();
  return durable_.load(std::memory_order_relaxed) - before;
}

Status WalLog::try_commit(std::uint64_t tail) {
  while (written_ < tail) {
    if (!wal_files_->has_current()) NDTS_TRY(begin_file());
    const std::uint64_t before = written_;
    NDTS_TRY(write_fitting(tail));
    if (written_ == tail) break;
    // The next entry does not fit. Everything in this file is durable before another begins.
    if (written_ > before || written_ > durable_.load(std::memory_order_relaxed))
      NDTS_TRY(sync_written());
    NDTS_TRY(begin_file());
  }
  return sync_written();
}

// Gives the whole entries that fit into the current file their checksums and writes them.
Status WalLog::write_fitting(std::uint64_t tail) {
  const std::uint64_t room = wal_files_->room();
  std::uint64_t end = written_;
  while (end < tail) {
    std::byte bytes[sizeof(WalEntryHeader)];
    staging_->get(end, bytes);
    const std::uint64_t entry = wal_entry_bytes(load<WalEntryHeader>(bytes).payload_bytes);
    if (end + entry - written_ > room) break;
    staging_->set_checksum(end, entry, wal_files_->seed());
    end += entry;
  }
  crash_point("wal.before_write");
  for (const Bytes piece : staging_->view(written_, end)) NDTS_TRY(wal_files_->write(piece));
  crash_point("wal.after_write");
  written_ = end;
  return Status::success();
}

Status WalLog::sync_written() {
  NDTS_TRY(wal_files_->sync());
  crash_point("wal.after_sync");
  staging_->publish_durable(written_);
  durable_.store(written_, std::memory_order_seq_cst);
  commits_.fetch_add(1, std::memory_order_relaxed);
  if (options_.on_durable) options_.on_durable(written_);
  return Status::success();
}

// Makes the prepared file current; prepares it here and now when it is not ready. What is in the
// files below durable stays; the new one begins there.
Status WalLog::begin_file() {
  while (!wal_files_->ready()) NDTS_TRY(wal_files_->prepare_piece());
  set_prepare_failure(Status::success());
  NDTS_TRY(wal_files_->activate(written_, written_));
  rolls_.fetch_add(1, std::memory_order_relaxed);
  return Status::success();
}

std::uint64_t WalLog::prepare() {
  if (wal_files_->ready()) return 0;
  const Status status = wal_files_->prepare_piece();
  set_prepare_failure(status);
  publish_limit();
  announce();
  return status.ok() ? 1 : 0;
}

// The entries that do not fit at the end of a file leave less than the largest entry unused.
void WalLog::publish_limit() {
  const std::uint64_t room = wal_files_->room();
  std::uint64_t limit = room;
  if (wal_files_->ready()) {
    const std::uint64_t sure = room > max_entry_bytes_ ? room - max_entry_bytes_ : 0;
    limit = std::max(limit, sure + wal_files_->capacity());
  }
  accept_limit_.store(written_ + limit, std::memory_order_seq_cst);
}

void WalLog::set_failure(const Status& status) {
  const MutexLock lock(wait_mutex_);
  failure_ = status;
  failed_.store(!failure_.ok(), std::memory_order_seq_cst);
}

void WalLog::set_prepare_failure(const Status& status) {
  const MutexLock lock(wait_mutex_);
  prepare_failure_ = status;
}

void WalLog::wake_committer() {
  if (threaded_.load(std::memory_order_acquire)) thread_->wake();
}

void WalLog::announce() {
  if (waiters_.load(std::memory_order_seq_cst) == 0) return;
  const MutexLock lock(wait_mutex_);
  wait_condition_.notify_all();
}

}  // namespace ndts
