// The committer: writes what stands in staging memory to the current file, syncs once for all who
// wait, publishes the durable position, rolls files and prepares the next one.
#include <algorithm>

#include "base/crash_point.h"
#include "wal/wal_log.h"

namespace ndts {

namespace {
// How long the committer's thread lets the disk be after it refused.
constexpr std::int64_t kRetryNs = 100'000'000;
// What one sync covers at most, so that durable, and with it the room in staging memory, moves on
// in steps when the disk is slower than the appenders.
constexpr std::uint64_t kCommitBytes = 8u << 20;
// A piece of the next file, made in a quiet moment: a commit asked for meanwhile waits for it.
constexpr std::uint64_t kQuietPieceBytes = 256u << 10;
// The same when the current file may end before the next one is ready.
constexpr std::uint64_t kLatePieceBytes = 1u << 20;
// The same when nothing can go on without it.
constexpr std::uint64_t kNeededPieceBytes = 16u << 20;
}  // namespace

std::uint64_t WalLog::commit_step() {
  const MutexLock lock(commit_mutex_);
  if (stopped_) return 0;
  const std::uint64_t tail = staging_->tail();
  if (tail > durable_.load(std::memory_order_relaxed)) return commit(tail);
  return prepare(kLatePieceBytes);
}

// One commit per wake-up. The next file gets the quiet moments between commits, unless it is late.
std::uint64_t WalLog::background_step() {
  const MutexLock lock(commit_mutex_);
  if (stopped_) return 0;
  const std::int64_t now_ns = options_.clock->monotonic_ns();
  const std::uint64_t tail = staging_->tail();
  const bool due = tail > durable_.load(std::memory_order_relaxed);
  if (due && now_ns >= commit_retry_at_ns_) {
    (void)commit(tail);
    if (failed_.load(std::memory_order_relaxed)) commit_retry_at_ns_ = now_ns + kRetryNs;
  }
  if (failed_.load(std::memory_order_relaxed) || wal_files_->ready()) return 0;
  if (now_ns < prepare_retry_at_ns_) return 0;
  const bool late = wal_files_->behind();
  if (due && !late) return 0;
  const std::uint64_t done = prepare(late ? kLatePieceBytes : kQuietPieceBytes);
  if (done == 0) prepare_retry_at_ns_ = now_ns + kRetryNs;
  return done;
}

// A caller that waits commits by himself: that spares two hand-overs between threads, each as long
// as a good part of a sync. Nothing when nobody may any more.
void WalLog::lead_commit() {
  const MutexLock lock(commit_mutex_);
  if (stopped_) return;
  const std::uint64_t tail = staging_->tail();
  if (tail > durable_.load(std::memory_order_relaxed)) (void)commit(tail);
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
    // Everything in a file is durable before another begins.
    if (written_ > before) NDTS_TRY(sync_written());
    if (written_ == before) NDTS_TRY(begin_file());
  }
  return Status::success();
}

// Writes the whole entries that fit into the current file, up to the bound of one sync, each with
// the checksum of this file and with the durable position of now: one that it had when it was
// appended is as true, but confirms less.
Status WalLog::write_fitting(std::uint64_t tail) {
  const std::uint64_t durable = durable_.load(std::memory_order_relaxed);
  const std::uint64_t most = std::min(wal_files_->room(), std::max(kCommitBytes, max_entry_bytes_));
  std::uint64_t end = written_;
  crash_point("wal.before_write");
  while (end < tail) {
    WalEntryHeader header = staging_->entry_header(end);
    const std::uint64_t bytes = wal_entry_bytes(header.payload_bytes);
    if (bytes > std::min(tail - end, max_entry_bytes_))
      return Status(Code::kCorrupt, "no entry at position " + std::to_string(end),
                    options_.staging_path, kWalEntriesOffset + end % options_.staging_bytes);
    if (end + bytes - written_ > most) break;
    NDTS_TRY(write_entry(header, durable, staging_->view(end + sizeof(header), end + bytes)));
    end += bytes;
  }
  NDTS_TRY(wal_files_->flush());
  crash_point("wal.after_write");
  written_ = end;
  return Status::success();
}

Status WalLog::write_entry(WalEntryHeader header, std::uint64_t durable,
                           const std::array<Bytes, 2>& rest) {
  header.durable = durable;
  std::uint32_t checksum =
      crc32c(wal_files_->seed(), bytes_of(header).subspan(sizeof(header.checksum)));
  for (const Bytes piece : rest) checksum = crc32c(checksum, piece);
  header.checksum = checksum;
  NDTS_TRY(wal_files_->write(bytes_of(header)));
  for (const Bytes piece : rest) NDTS_TRY(wal_files_->write(piece));
  return Status::success();
}

Status WalLog::sync_written() {
  const std::int64_t began_ns = options_.clock->monotonic_ns();
  NDTS_TRY(wal_files_->sync());
  queue_.note_sync(options_.clock->monotonic_ns() - began_ns);
  crash_point("wal.after_sync");
  staging_->publish_durable(written_);
  durable_.store(written_, std::memory_order_seq_cst);
  crash_point("wal.published");
  commits_.fetch_add(1, std::memory_order_relaxed);
  if (options_.on_durable) options_.on_durable(written_);
  publish_limit();
  announce();
  return Status::success();
}

// Makes the prepared file current; prepares it here and now when it is not ready. What is in the
// files below durable stays; the new one begins there.
Status WalLog::begin_file() {
  NDTS_TRY(prepare_whole());
  set_prepare_failure(Status::success());
  NDTS_TRY(wal_files_->activate(written_, written_));
  rolls_.fetch_add(1, std::memory_order_relaxed);
  return Status::success();
}

Status WalLog::prepare_whole() {
  while (!wal_files_->ready()) NDTS_TRY(wal_files_->prepare_piece(kNeededPieceBytes));
  return Status::success();
}

std::uint64_t WalLog::prepare(std::uint64_t bytes) {
  if (wal_files_->ready()) return 0;
  const Status status = wal_files_->prepare_piece(bytes);
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
    limit = std::max(limit, sure + wal_files_->next_capacity());
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

void WalLog::stir_committer() {
  if (threaded_.load(std::memory_order_acquire)) thread_->stir();
}

bool WalLog::nothing_to_commit() {
  const MutexLock lock(commit_mutex_);
  return staging_->tail() == durable_.load(std::memory_order_acquire) && wal_files_->ready();
}

void WalLog::announce() {
  queue_.wake(durable_.load(std::memory_order_seq_cst), failed_.load(std::memory_order_seq_cst));
  if (waiters_.load(std::memory_order_seq_cst) == 0) return;
  const MutexLock lock(wait_mutex_);
  wait_condition_.notify_all();
}

}  // namespace ndts
