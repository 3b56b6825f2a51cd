// See wal_log.h: opening, appending, waiting, closing. The committer is in wal_committer.cc.
#include "wal/wal_log.h"

#include <algorithm>
#include <utility>

#include "base/crash_point.h"

namespace ndts {

namespace {

// The committer looks around so often while nothing is appended.
constexpr std::int64_t kRestNs = 1'000'000'000;

constexpr std::uint64_t kSmallestBytes = 64u << 10;
// Of staging memory, in one call: under a millisecond, and what open() itself waits for.
constexpr std::uint64_t kFaultedAtOnce = 1u << 20;

void bump(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) {
  counter.fetch_add(by, std::memory_order_relaxed);
}

Status check_options(const WalOptions& options) {
  if (options.files == nullptr || options.clock == nullptr || options.dir.empty() ||
      options.staging_path.empty())
    return Status(Code::kInvalidArgument, "the log needs files, clock, dir and staging_path");
  for (const std::uint64_t bytes :
       {options.staging_bytes, options.file_bytes, options.first_file_bytes})
    if (bytes < kSmallestBytes || bytes % 4096 != 0)
      return Status(Code::kInvalidArgument,
                    "expected a multiple of 4096, at least 65536, found " +
                        std::to_string(bytes));
  if (options.commit_interval_ns <= 0)
    return Status(Code::kInvalidArgument, "expected a commit interval above 0");
  return Status::success();
}

// A name for a new log: not secret, only unlikely to meet another one in the same memory.
std::uint64_t make_log_id(const WalOptions& options) {
  const std::int64_t times[2] = {options.clock->wall_ns(), options.clock->monotonic_ns()};
  const std::uint32_t low = crc32c(crc32c(0, bytes_of_text(options.dir)), bytes_of(times));
  const std::uint32_t high = crc32c(low, bytes_of_text(options.files->boot_id()));
  return std::max<std::uint64_t>(1, (static_cast<std::uint64_t>(high) << 32) | low);
}

}  // namespace

Status Wal::open(const WalOptions& options, const Replay& replay, std::unique_ptr<Wal>* wal) {
  NDTS_TRY(check_options(options));
  NDTS_TRY(options.files->make_directory(options.dir));
  // Beside recovery, which waits for the disk: this waits for memory.
  StagingRoom room(*options.files, options.staging_path, options.staging_bytes, options.threads);
  RecoveredLog recovered;
  NDTS_TRY(recover_log(options, replay, &recovered));
  auto log = std::make_unique<WalLog>(options, recovered.report);
  NDTS_TRY(log->begin(&recovered, &room));
  *wal = std::move(log);
  return Status::success();
}

WalLog::WalLog(const WalOptions& options, WalRecovery recovery)
    : options_(options), recovery_(std::move(recovery)), queue_(*options.clock) {}

WalLog::~WalLog() { (void)close(); }

Status WalLog::begin(RecoveredLog* recovered, StagingRoom* room) {
  log_id_ = recovered->log_id != 0 ? recovered->log_id : make_log_id(options_);
  epoch_ = recovered->epoch + 1;
  wal_files_ = std::make_unique<WalFiles>(
      *options_.files, *options_.clock, options_.dir,
      WalFileSet{log_id_, epoch_, options_.file_bytes,
                 std::min(options_.file_bytes, options_.first_file_bytes), options_.staging_bytes,
                 recovered->last_sequence + 1});
  for (const WalFiles::Kept& file : recovered->files) wal_files_->keep(file);
  std::uint64_t previous_end = recovered->confirmed;
  if (!recovered->survivors.empty()) {
    NDTS_TRY(wal_files_->write_whole(recovered->confirmed, recovered->survivors_at,
                                     recovered->survivors));
    crash_point("wal.survivors_written");
    previous_end = recovered->end;
  }
  const std::uint64_t start = recovered->end + recovered->unknown_bytes;
  NDTS_TRY(prepare_whole());
  NDTS_TRY(wal_files_->activate(previous_end, start));
  crash_point("wal.begun");
  // Only now is the old staging memory superseded.
  NDTS_TRY(Staging::create(room, {log_id_, epoch_, start, options_.files->boot_id()}, &staging_));
  staging_->fault_in(start, kFaultedAtOnce);
  max_entry_bytes_ = std::min(options_.staging_bytes / 4, wal_files_->capacity() / 2);
  accepted_ = start;
  written_ = start;
  durable_.store(start, std::memory_order_seq_cst);
  publish_limit();
  return Status::success();
}

std::uint64_t WalLog::max_payload_bytes() const {
  return max_entry_bytes_ - sizeof(WalEntryHeader) - 8;
}

std::uint64_t WalLog::accepted_position() const { return staging_->tail(); }

std::uint64_t WalLog::durable_position() const {
  return durable_.load(std::memory_order_acquire);
}

Status WalLog::append(std::uint32_t kind, std::uint32_t shard, std::span<const Bytes> parts,
                      std::uint64_t* position) {
  std::uint64_t payload_bytes = 0;
  for (const Bytes part : parts) payload_bytes += part.size();
  if (kind == 0 || kind > kWalUserKindMax)
    return Status(Code::kInvalidArgument, "expected a kind of 1 to 65535, found " +
                                              std::to_string(kind));
  if (payload_bytes > max_payload_bytes())
    return Status(Code::kNoSpaceAccepted,
                  "expected an entry of at most " + std::to_string(max_payload_bytes()) +
                      " bytes, found " + std::to_string(payload_bytes));
  const MutexLock lock(append_mutex_);
  return append_locked(kind, shard, parts, payload_bytes, position);
}

Status WalLog::append_locked(std::uint32_t kind, std::uint32_t shard,
                             std::span<const Bytes> parts, std::uint64_t payload_bytes,
                             std::uint64_t* position) {
  if (sealed_ || closed_.load(std::memory_order_acquire))
    return Status(Code::kClosed, "the log is closed");
  const std::uint64_t begin = accepted_;
  const std::uint64_t end = begin + wal_entry_bytes(payload_bytes);
  if (failed_.load(std::memory_order_acquire)) NDTS_TRY(failure());
  if (!has_room(end)) NDTS_TRY(wait_for_room(end));
  const std::uint64_t durable = durable_.load(std::memory_order_acquire);
  WalEntryHeader header{};
  header.payload_bytes = static_cast<std::uint32_t>(payload_bytes);
  header.position = begin;
  header.durable = durable;
  header.wall_time = options_.clock->wall_ns();
  header.kind = kind;
  header.shard = shard;
  stage(header, parts);
  crash_point("wal.staged");
  staging_->publish_tail(end);
  accepted_ = end;
  sealed_ = kind == kWalSealKind;
  bump(appends_);
  if (end - durable > options_.staging_bytes / 2) wake_committer();
  stir_committer();
  *position = end;
  return Status::success();
}

void WalLog::stage(WalEntryHeader header, std::span<const Bytes> parts) {
  std::uint32_t checksum =
      crc32c(staging_->seed(), bytes_of(header).subspan(sizeof(header.checksum)));
  std::uint64_t at = header.position + sizeof(header);
  for (const Bytes part : parts) {
    staging_->put(at, part);
    checksum = crc32c(checksum, part);
    at += part.size();
  }
  const std::uint64_t padding = align_up(at, 8) - at;
  staging_->put_zeros(at, padding);
  header.checksum = crc32c(checksum, Bytes(kWalPadding).first(padding));
  staging_->put(header.position, bytes_of(header));
}

bool WalLog::has_room(std::uint64_t end) const {
  return end <= accept_limit_.load(std::memory_order_seq_cst) &&
         end - durable_.load(std::memory_order_seq_cst) <= options_.staging_bytes;
}

Status WalLog::why_no_room(std::uint64_t end) const {
  const MutexLock lock(wait_mutex_);
  if (!failure_.ok()) return failure_;
  if (end > accept_limit_.load(std::memory_order_seq_cst)) return prepare_failure_;
  return Status::success();
}

Status WalLog::wait_for_room(std::uint64_t end) {
  bump(append_waits_);
  const std::int64_t began_ns = options_.clock->monotonic_ns();
  Status status;
  if (!threaded_.load(std::memory_order_acquire)) {
    while (!has_room(end) && status.ok() && !closed_.load(std::memory_order_acquire)) {
      (void)commit_step();
      if (!has_room(end)) status = why_no_room(end);
    }
  } else {
    waiters_.fetch_add(1, std::memory_order_seq_cst);
    for (;;) {
      status = why_no_room(end);
      if (has_room(end)) status = Status::success();
      if (has_room(end) || !status.ok() || closed_.load(std::memory_order_seq_cst)) break;
      wake_committer();
      MutexLock lock(wait_mutex_);
      // A change between the look above and this sleep is announced to nobody; hence the bound.
      if (!has_room(end)) wait_condition_.wait_for(lock, options_.commit_interval_ns);
    }
    waiters_.fetch_sub(1, std::memory_order_seq_cst);
  }
  bump(append_wait_ns_,
       static_cast<std::uint64_t>(options_.clock->monotonic_ns() - began_ns));
  if (!status.ok() || has_room(end)) return status;
  return Status(Code::kClosed, "the log is closed");
}

Status WalLog::wait_durable(std::uint64_t position) {
  if (position <= durable_position()) return Status::success();
  if (position > accepted_position())
    return Status(Code::kInvalidArgument,
                  "expected an accepted position, found " + std::to_string(position));
  if (!threaded_.load(std::memory_order_acquire)) return wait_alone(position);
  for (;;) {
    queue_.wait(
        position,
        [this, position] {
          return durable_.load(std::memory_order_seq_cst) >= position ||
                 failed_.load(std::memory_order_seq_cst) ||
                 closed_.load(std::memory_order_seq_cst);
        },
        [this] { lead_commit(); });
    if (durable_position() >= position) return Status::success();
    NDTS_TRY(failure());
    if (closed_.load(std::memory_order_acquire)) return Status(Code::kClosed, "the log is closed");
  }
}

// Without a committer.
Status WalLog::wait_alone(std::uint64_t position) {
  while (durable_position() < position) {
    if (commit_step() > 0) continue;
    NDTS_TRY(failure());
    if (closed_.load(std::memory_order_acquire)) return Status(Code::kClosed, "the log is closed");
  }
  return Status::success();
}

void WalLog::request_commit() {
  if (threaded_.load(std::memory_order_acquire))
    wake_committer();
  else
    (void)commit_step();
}

Status WalLog::failure() const {
  const MutexLock lock(wait_mutex_);
  return failure_;
}

Status WalLog::checkpoint(std::uint64_t position) {
  if (closed_.load(std::memory_order_acquire)) return Status(Code::kClosed, "the log is closed");
  if (position > durable_position())
    return Status(Code::kInvalidArgument, "expected a durable position, found " +
                                              std::to_string(position));
  return wal_files_->remove_below(position);
}

std::uint64_t WalLog::oldest_position() const { return wal_files_->kept_oldest(); }

std::uint64_t WalLog::bytes_retained() const { return wal_files_->kept_bytes(); }

WalStats WalLog::stats() const {
  WalStats stats;
  stats.appends = appends_.load(std::memory_order_relaxed);
  stats.append_waits = append_waits_.load(std::memory_order_relaxed);
  stats.append_wait_ns = append_wait_ns_.load(std::memory_order_relaxed);
  stats.commits = commits_.load(std::memory_order_relaxed);
  stats.rolls = rolls_.load(std::memory_order_relaxed);
  stats.failed_files = failed_files_.load(std::memory_order_relaxed);
  stats.files = wal_files_->kept_count();
  stats.bytes_retained = wal_files_->kept_bytes();
  return stats;
}

void WalLog::start() {
  const MutexLock lock(close_mutex_);
  if (thread_ != nullptr || closed_.load(std::memory_order_acquire)) return;
  // With nothing to write there is nothing to look for; an append stirs it.
  const BackgroundRest rest{.may_rest = [this] { return nothing_to_commit(); }, .ns = kRestNs};
  thread_ = std::make_unique<BackgroundThread>(
      "ndts-wal", options_.commit_interval_ns, [this] { return background_step(); }, rest);
  threaded_.store(true, std::memory_order_release);
  faulting_ = std::make_unique<Thread>("ndts-staging", [this] { fault_in_staging(); });
}

// Ahead of the appender, around the ring once.
void WalLog::fault_in_staging() const {
  const std::uint64_t start = durable_.load(std::memory_order_relaxed);
  const std::uint64_t bytes = options_.staging_bytes;
  for (std::uint64_t done = 0; done < bytes && !stopping_.load(std::memory_order_relaxed);
       done += kFaultedAtOnce)
    staging_->fault_in(start + done, kFaultedAtOnce);
}

void WalLog::stop_thread() {
  if (thread_ == nullptr) return;
  stopping_.store(true, std::memory_order_relaxed);
  faulting_->join();
  thread_->stop();
  threaded_.store(false, std::memory_order_release);
}

Status WalLog::close() {
  const MutexLock lock(close_mutex_);
  if (staging_ == nullptr || closed_.load(std::memory_order_acquire)) return Status::success();
  stop_thread();
  Status status = wait_durable(accepted_position());
  if (status.ok()) {
    // Nothing is between the seal and what it seals: append_mutex_ is held over both.
    const MutexLock append_lock(append_mutex_);
    std::uint64_t position = 0;
    status = wait_durable(accepted_);
    // Without a seal the next open only takes longer to be sure; that is no failure.
    if (status.ok() && append_locked(kWalSealKind, 0, {}, 0, &position).ok())
      (void)wait_durable(position);
  }
  closed_.store(true, std::memory_order_seq_cst);
  {
    const MutexLock commit_lock(commit_mutex_);
    stopped_ = true;
    wal_files_->discard_next();
  }
  queue_.wake(0, true);
  const MutexLock wait_lock(wait_mutex_);
  wait_condition_.notify_all();
  return status;
}

void WalLog::abandon() {
  const MutexLock lock(close_mutex_);
  closed_.store(true, std::memory_order_seq_cst);
  {
    const MutexLock commit_lock(commit_mutex_);
    stopped_ = true;
  }
  stop_thread();
  queue_.wake(0, true);
  const MutexLock wait_lock(wait_mutex_);
  wait_condition_.notify_all();
}

}  // namespace ndts
