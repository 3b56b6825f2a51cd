// The log behind wal.h: appender, committer and the waiting between them.
//
// Locks, in order: append_mutex_ (appenders), commit_mutex_ (committer steps), wait_mutex_
// (sleepers and failure). The positions are atomics; each names its partner below.
#pragma once

#include <array>
#include <atomic>
#include <memory>

#include "base/thread.h"
#include "wal/commit_queue.h"
#include "wal/staging.h"
#include "wal/wal.h"
#include "wal/wal_files.h"
#include "wal/wal_recovery.h"

namespace ndts {

class WalLog final : public Wal {
 public:
  WalLog(const WalOptions& options, WalRecovery recovery);
  ~WalLog() override;

  // Brings the log into service after recovery; nothing else may be called before.
  [[nodiscard]] Status begin(RecoveredLog* recovered, StagingRoom* room);

  Status append(std::uint32_t kind, std::uint32_t shard, std::span<const Bytes> parts,
                std::uint64_t* position) override;
  std::uint64_t max_payload_bytes() const override;
  std::uint64_t accepted_position() const override;
  std::uint64_t durable_position() const override;
  Status wait_durable(std::uint64_t position) override;
  void request_commit() override;
  Status failure() const override;
  std::uint64_t commit_step() override;
  void start() override;
  Status checkpoint(std::uint64_t position) override;
  std::uint64_t oldest_position() const override;
  std::uint64_t bytes_retained() const override;
  std::uint64_t epoch() const override { return epoch_; }
  const WalRecovery& recovery() const override { return recovery_; }
  WalStats stats() const override;
  Status close() override;
  void abandon() override;

 private:
  // Appender (append_mutex_ held).
  [[nodiscard]] bool has_room(std::uint64_t end) const;
  [[nodiscard]] Status wait_for_room(std::uint64_t end);
  [[nodiscard]] Status why_no_room(std::uint64_t end) const;
  [[nodiscard]] Status append_locked(std::uint32_t kind, std::uint32_t shard,
                                     std::span<const Bytes> parts, std::uint64_t payload_bytes,
                                     std::uint64_t* position);

  void stage(WalEntryHeader header, std::span<const Bytes> parts);

  // Committer (commit_mutex_ held).
  [[nodiscard]] std::uint64_t commit(std::uint64_t tail);
  [[nodiscard]] Status try_commit(std::uint64_t tail);
  [[nodiscard]] Status write_fitting(std::uint64_t tail);
  [[nodiscard]] Status write_entry(WalEntryHeader header, std::uint64_t durable,
                                   const std::array<Bytes, 2>& rest);
  [[nodiscard]] Status sync_written();
  [[nodiscard]] Status begin_file();
  [[nodiscard]] Status prepare_whole();
  [[nodiscard]] std::uint64_t prepare(std::uint64_t bytes);
  void publish_limit();
  void set_failure(const Status& status);
  void set_prepare_failure(const Status& status);
  [[nodiscard]] std::uint64_t background_step();
  void lead_commit();
  void stop_thread();
  void fault_in_staging() const;

  void wake_committer();
  // After an entry is in staging: it is written within the commit interval.
  void stir_committer();
  // And the next file is ready: the committer may rest.
  [[nodiscard]] bool nothing_to_commit();
  void announce();
  [[nodiscard]] Status wait_alone(std::uint64_t position);

  const WalOptions options_;
  const WalRecovery recovery_;
  std::uint64_t log_id_ = 0;
  std::uint64_t epoch_ = 0;
  std::uint64_t max_entry_bytes_ = 0;
  std::unique_ptr<Staging> staging_;
  std::unique_ptr<WalFiles> wal_files_;

  Mutex append_mutex_;
  std::uint64_t accepted_ = 0;  // guarded by append_mutex_; the staging tail is its public twin
  bool sealed_ = false;         // guarded by append_mutex_

  Mutex commit_mutex_;
  std::uint64_t written_ = 0;  // in the current file, perhaps not synced; durable_ <= written_
  std::int64_t commit_retry_at_ns_ = 0;   // of the thread: not before, after a failure
  std::int64_t prepare_retry_at_ns_ = 0;
  bool stopped_ = false;  // guarded by commit_mutex_: no step does anything any more

  // Stored by the committer after fdatasync; loaded by the appender before it overwrites staging
  // memory, and by everybody who asks. seq_cst pairs with waiters_ and with those of queue_.
  std::atomic<std::uint64_t> durable_{0};
  // Up to here files are guaranteed; stored by the committer, loaded by the appender.
  std::atomic<std::uint64_t> accept_limit_{0};
  // Appenders who wait for room, in wait_condition_; incremented before they look at durable_,
  // accept_limit_ or the failures, loaded by the committer after it changed one of these.
  std::atomic<std::uint32_t> waiters_{0};
  // True while failure_ is not ok; a hint that spares the lock. seq_cst, like closed_, pairs with
  // the waiters of queue_.
  std::atomic<bool> failed_{false};
  std::atomic<bool> closed_{false};  // set by close(), read by append()
  std::atomic<bool> threaded_{false};  // set by start(), cleared by stop_thread()

  mutable Mutex wait_mutex_;
  ConditionVariable wait_condition_;
  Status failure_;          // guarded by wait_mutex_
  Status prepare_failure_;  // guarded by wait_mutex_
  CommitQueue queue_;       // of those who wait for durable_
  std::unique_ptr<BackgroundThread> thread_;
  std::atomic<bool> stopping_{false};  // set by stop_thread(), read by faulting_; orders nothing
  std::unique_ptr<Thread> faulting_;
  Mutex close_mutex_;  // orders start(), close(), abandon()

  // Counters; order nothing.
  std::atomic<std::uint64_t> appends_{0};
  std::atomic<std::uint64_t> append_waits_{0};
  std::atomic<std::uint64_t> append_wait_ns_{0};
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> rolls_{0};
  std::atomic<std::uint64_t> failed_files_{0};
};

}  // namespace ndts
