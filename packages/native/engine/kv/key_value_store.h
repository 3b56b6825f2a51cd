// The key-value table: memtables in front of sorted tables in levels, with flush and compaction
// behind. It has no log of its own: who owns one applies its entries here, and keeps the manifest.
//
// Threads: one writer calls make_room(), apply(), rotate(), flush() and close(). Any thread reads,
// through a KeyValueReader of its own or a snapshot. flush_step(), compact_step() and sweep() are
// the background: one thread at a time, a BackgroundThread where options.threads is true.
// Lifetime: snapshots and iterators outlive the store, readers must not. Spans handed out live as
// long as the reader's next call, the snapshot, or the iterator.
// Errors: apply() can't fail. Steps and what waits for them: DISK_FULL, IO_ERROR, CORRUPT, with
// file and offset; a failed step left everything as it was and may be tried again.
// Invariants: a batch is seen whole or not at all; a snapshot sees one state for as long as it
// lives; a file is removed when the manifest without it is durable and nobody reads it any more.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/io_budget.h"
#include "base/thread.h"
#include "kv/compaction_plan.h"
#include "kv/key_value_state.h"
#include "kv/table_build.h"

namespace ndts {

struct KeyValueOptions {
  FileSystem* files = nullptr;
  Clock* clock = nullptr;
  std::string dir;
  // Makes `next` the manifest, durably, and not before next.position is durable in the log. Called
  // by the background. After an error either manifest may be the one found later; the same edit
  // comes again.
  std::function<Status(const KeyValueManifest& next, const KeyValueEdit& edit)> log_edit;
  std::uint64_t memtable_bytes = 128u << 20;
  std::uint32_t block_bytes = 4096;
  std::uint64_t table_bytes = 64u << 20;
  CompactionOptions compaction;
  // Hard limits: make_room() waits at them.
  std::uint32_t immutable_limit = 3;
  std::uint32_t level0_limit = 36;
  std::uint64_t pending_limit_bytes = std::uint64_t{64} << 30;
  std::uint64_t step_bytes = 4u << 20;
  std::uint64_t compaction_bytes_per_second = 0;  // 0: as fast as it goes
  // false: no thread is started; the writer does what it would have waited for (tests).
  bool threads = true;
};

struct KeyValueStats {
  std::uint64_t memtable_bytes;  // active and immutable
  std::uint64_t immutable;
  std::array<std::uint64_t, kSstLevels> tables;
  std::array<std::uint64_t, kSstLevels> bytes;
  std::uint64_t entries;  // in tables and memtables, deletes and hidden ones included
  std::uint64_t hidden_bytes;
  std::uint64_t pending_bytes;
  std::uint64_t flushes;
  std::uint64_t compactions;
  std::uint64_t moves;
  std::uint64_t flushed_bytes;
  std::uint64_t compacted_bytes;
  std::uint64_t failures;
  std::uint64_t stalls;  // times and time make_room() waited
  std::uint64_t stall_ns;
};

class KeyValueStore {
 public:
  // Opens the tables of `manifest`; removes table files of the folder that it does not list.
  [[nodiscard]] static Status open(const KeyValueOptions& options,
                                   const KeyValueManifest& manifest,
                                   std::unique_ptr<KeyValueStore>* store);
  ~KeyValueStore() { close(); }
  KeyValueStore(const KeyValueStore&) = delete;
  KeyValueStore& operator=(const KeyValueStore&) = delete;

  // Before a batch goes to the log: begins a new memtable when the active one is full, and waits
  // where a hard limit is reached. An error: what it waited for fails, the batch must not come.
  [[nodiscard]] Status make_room();
  // `batch` passed check_batch() and is in the log, where it ends at `position`.
  void apply(Bytes batch, std::uint64_t position);
  // Everything applied so far is to be flushed; the next batch goes to a new memtable.
  void rotate();
  // Rotates and waits until everything is in files.
  [[nodiscard]] Status flush();
  // Ends the background thread. Twice is allowed; of the rest only stats() is, after it.
  void close();

  [[nodiscard]] KeyValueSnapshot snapshot() const;
  [[nodiscard]] KeyValueStats stats() const;
  // Why flush or compaction failed last; ok once it went on.
  [[nodiscard]] Status failure() const;

  // One part of what is due; *work: bytes read, 0 when nothing was due.
  [[nodiscard]] Status flush_step(std::uint64_t budget, std::uint64_t* work);
  [[nodiscard]] Status compact_step(std::uint64_t budget, std::uint64_t* work);
  // Frees memtables and files nobody needs any more.
  void sweep();
  // sweep() and a compact_step() within the I/O budget, with a pause after an error: for whoever
  // runs the background where options.threads is false. Returns the work done.
  std::uint64_t compact_in_background();
  // Whether that found no I/O left, so that something may be due. From the same thread.
  [[nodiscard]] bool throttled() const { return throttled_; }
  // So many tables in level 0 that compaction has to go before the next flush.
  [[nodiscard]] bool must_compact() const;

  // Writer only.
  [[nodiscard]] std::uint64_t active_bytes() const { return active_->bytes(); }

 private:
  friend class KeyValueReader;
  // A flush or compaction under way.
  struct Job {
    std::unique_ptr<TableBuild> build;  // null where nothing is merged
    std::shared_ptr<const KeyValueState> state;  // keeps alive what the build reads
    KeyValueEdit edit;
    std::uint32_t level = 0;
    std::string end_key;  // where the next compaction of the level goes on
    bool flush = false;
    bool named = false;  // the manifest may list the output: it must stay
  };

  explicit KeyValueStore(const KeyValueOptions& options);
  [[nodiscard]] Status load(const KeyValueManifest& manifest);
  void remove_strays(const KeyValueManifest& manifest);

  // state_mutex_ held.
  void publish(std::shared_ptr<const KeyValueState> next);
  void rotate_locked();
  [[nodiscard]] bool at_limit_locked() const;
  [[nodiscard]] TableShape shape_locked() const;

  [[nodiscard]] std::uint64_t background_step();
  [[nodiscard]] bool paused();
  void note(const Status& status);
  [[nodiscard]] std::unique_ptr<Job> begin_flush();
  [[nodiscard]] std::unique_ptr<Job> begin_compaction();
  void begin_merge(const CompactionPlan& plan, Job* job);
  [[nodiscard]] Status run(std::unique_ptr<Job>* job, std::uint64_t budget, std::uint64_t* work);
  [[nodiscard]] Status log_and_install(Job& job);
  void install(const Job& job, const KeyValueManifest& next);
  [[nodiscard]] Status wait_while(const std::function<bool()>& busy);

  const KeyValueOptions options_;

  // The highest sequence whose batch is complete. Release by apply(), acquire by readers: who
  // sees it finds all of the batch.
  std::atomic<std::uint64_t> visible_{0};
  // Grows with every state. Release by publish(), acquire by readers, who take the lock only when
  // theirs is old.
  std::atomic<std::uint64_t> generation_{0};

  // Set by flush(), taken by the background: no need to wait before it tries again what failed.
  std::atomic<bool> retry_now_{false};

  mutable Mutex state_mutex_;
  ConditionVariable progress_;  // of the background
  std::shared_ptr<const KeyValueState> state_;             // guarded by state_mutex_
  std::vector<std::shared_ptr<const KeyValueState>> old_;  // guarded; freed by sweep()
  KeyValueManifest manifest_;   // guarded; changed by the background only
  Status failure_;              // guarded
  KeyValueStats counters_{};    // guarded; only what is not read off the state

  // Writer only.
  std::shared_ptr<KeyValueMemtable> active_;
  std::uint64_t last_sequence_ = 0;

  // Background only.
  std::unique_ptr<Job> flush_;
  std::unique_ptr<Job> compaction_;
  std::vector<std::shared_ptr<SstFile>> obsolete_;  // not listed any more, perhaps still read
  std::array<std::string, kSstLevels> next_key_;
  std::uint64_t next_number_ = 1;
  std::int64_t retry_at_ns_ = 0;
  IoBudget budget_;
  bool throttled_ = false;

  std::unique_ptr<BackgroundThread> thread_;
};

// Reads what is newest, without a lock as long as no memtable was begun or flushed meanwhile. One
// thread at a time; must not outlive the store. It keeps the state of its last call alive: who
// reads seldom and holds it long should take a snapshot instead, or call release().
class KeyValueReader {
 public:
  explicit KeyValueReader(const KeyValueStore& store) : store_(store) {}

  // The value lives until the next call.
  [[nodiscard]] Status get(std::string_view key, std::optional<Bytes>* value);
  [[nodiscard]] KeyValueIterator iterate(const KeyValueScan& range);
  void release() { state_.reset(); }

 private:
  // Returns the sequence to read at.
  std::uint64_t refresh();

  const KeyValueStore& store_;
  std::shared_ptr<const KeyValueState> state_;
  std::uint64_t generation_ = 0;
};

}  // namespace ndts
