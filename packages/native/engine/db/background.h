// What happens behind the writer: memtables become immutable files and the manifest lists them, the
// log below is let go; small segments are merged, key-value tables compacted; snapshots are linked.
// One thing at a time, in steps, by a background thread, or by whoever waits where there is none.
// All manifests after the open are written here.
//
// Threads: submit(), collect(), wait() and take_edits(), those of changes too, from the writer
// thread; step() is the background; stats() from anywhere. A job belongs to the background from
// submit() until collect() or wait() hands it back. Lifetime: what the constructor gets outlives
// it.
// Invariants: only what is durable is sealed. Files and their names are synced before the manifest
// that lists them; the log is let go after the manifest is synced; a file is removed after a
// manifest without it is synced, and when nobody reads it any more. A job that failed may be
// submitted again: what it finished stays finished, and no file a manifest may name is removed.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/io_budget.h"
#include "base/sync_batch.h"
#include "base/thread.h"
#include "db/manifest.h"
#include "kv/key_value_store.h"
#include "table/memtable.h"
#include "table/segment_merge.h"
#include "table/segment_plan.h"
#include "table/series_reads.h"
#include "wal/wal.h"

namespace ndts {

// One table of a flush.
struct FlushTable {
  TableSchema schema;
  std::shared_ptr<const SeriesMemtable> memtable;  // stands still; null: no rows
  std::vector<ShardProgress> progress;
};

struct FlushJob {
  // What to flush; what the key-value store rotated, too.
  std::vector<FlushTable> tables;  // all there are
  std::uint64_t position = 0;      // of the log: everything up to it is in these, or older
  std::vector<const SymbolInfo*> symbols;  // registered since the flush before
  std::string snapshot;  // folder to link a snapshot into afterwards; empty: none

  // What came of it.
  Status status;
  Status snapshot_status;
  std::vector<SegmentRecord> written;
  bool segments_done = false;
  std::vector<std::shared_ptr<const SegmentReader>> readers;
};

// What became of the segments of a (table, shard): a merge, or a change that was asked for.
struct SegmentEdit {
  std::uint32_t table = 0;
  std::uint32_t shard = 0;
  std::vector<std::uint64_t> removed;
  SegmentList added;
};

// What is to become of the segments: by number those that go, by path files that are moved in
// (of this database, on the same file system). All of it, or nothing.
struct SegmentChange {
  std::vector<std::uint64_t> removed;
  std::vector<std::string> added;
};

struct BackgroundOptions {
  FileSystem* files = nullptr;
  Clock* clock = nullptr;
  std::string dir;
  SegmentPlanOptions plan;
  // So many files of a (table, shard, day) that merging has to go before the next flush.
  std::uint32_t day_segments_limit = 256;
  std::uint32_t snapshots_kept = 2;  // of those made by themselves
  std::uint64_t step_bytes = 4u << 20;
  std::uint64_t bytes_per_second = 0;  // of merges; 0: as fast as it goes
  std::uint32_t sync_threads = 1;      // of a flush; they wait for the disk and do nothing else
};

struct BackgroundStats {
  std::uint64_t merges = 0;
  std::uint64_t merged_bytes = 0;  // read by merges
  std::uint64_t merge_failures = 0;
  std::uint64_t duplicates = 0;  // rows that merges found twice
  std::uint64_t obsolete_files = 0;  // not listed any more, but still read by somebody
};

class Background {
 public:
  // `manifest` as it was written last, `segments` those it lists.
  Background(const BackgroundOptions& options, Wal& wal, KeyValueStore& key_value,
             const SymbolTable& symbols, Manifest manifest, SegmentList segments);
  ~Background() { stop(); }

  // `idle` is called about every 100 ms by the background thread.
  void start(std::function<void()> idle);
  // Lets a running step end; a job that did not end stays undone: the log has its rows. Twice is
  // allowed.
  void stop();

  [[nodiscard]] bool busy() const { return job_ != nullptr; }
  [[nodiscard]] bool makes_snapshot() const { return busy() && !job_->snapshot.empty(); }
  void submit(std::unique_ptr<FlushJob> job);
  // The job when it has ended, else null.
  [[nodiscard]] std::unique_ptr<FlushJob> collect();
  // Waits until the job has ended.
  [[nodiscard]] std::unique_ptr<FlushJob> wait();
  // Merges and compacts until nothing is due; why it does not get there.
  [[nodiscard]] Status settle();
  // Merges and changes that ended since the last call, in their order. Takes no lock while there
  // is none.
  [[nodiscard]] std::vector<SegmentEdit> take_edits();
  // Only when the one before was collected.
  void submit_change(SegmentChange change);
  // The outcome, once; its edits can be taken then. nullopt: it has not ended.
  [[nodiscard]] std::optional<Status> collect_change();
  [[nodiscard]] Status wait_change();
  [[nodiscard]] BackgroundStats stats() const;

  // Runs the submitted job if there is one, else a part of a merge or compaction; returns the work
  // done.
  std::uint64_t step();
  // What the key-value store calls when a flush or compaction of it ended.
  [[nodiscard]] Status log_edit(const KeyValueManifest& next);

 private:
  enum class Phase : std::uint32_t { kIdle = 0, kSubmitted = 1, kEnded = 2 };
  struct RunningMerge {
    std::unique_ptr<SegmentMerge> merge;
    std::vector<std::uint64_t> inputs;
    std::shared_ptr<const SegmentReader> output;  // once written
    bool named = false;  // a manifest may list the output: it must stay
  };

  [[nodiscard]] Status run(FlushJob& job);
  [[nodiscard]] Status write_segments(FlushJob& job);
  [[nodiscard]] Status write_shard(FlushJob& job, const FlushTable& table, std::uint32_t shard,
                                   SyncBatch* unsynced);
  [[nodiscard]] Status flush_key_value();
  [[nodiscard]] Status write(const KeyValueManifest& key_value);
  [[nodiscard]] Status take_in(const FlushJob& job, Manifest* next,
                               std::vector<std::string>* obsolete);
  [[nodiscard]] Status commit(Manifest next);
  void remove_written(FlushJob& job);

  void make_snapshot(FlushJob& job);
  [[nodiscard]] std::uint64_t compact();
  [[nodiscard]] std::uint64_t merge_in_background();
  [[nodiscard]] bool begin_merge();
  [[nodiscard]] Status merge_step(std::uint64_t budget, std::uint64_t* bytes);
  [[nodiscard]] Status end_merge();
  [[nodiscard]] bool must_merge() const;
  [[nodiscard]] bool run_change();
  [[nodiscard]] Status change(const SegmentChange& wanted);
  [[nodiscard]] Status move_in(const SegmentChange& wanted, const Manifest& next,
                               SegmentList* added);
  [[nodiscard]] Status check_old(const SegmentReader& segment, const Manifest& next) const;
  void publish(std::vector<SegmentEdit> edits);
  void sweep();

  const BackgroundOptions options_;
  FileSystem& files_;
  Wal& wal_;
  KeyValueStore& key_value_;
  const SymbolTable& symbols_;
  const std::string dir_;

  // Background only.
  Manifest manifest_;  // what was written last
  std::map<std::uint64_t, std::shared_ptr<const SegmentReader>> readers_;  // of all it lists
  std::vector<std::shared_ptr<const SegmentReader>> obsolete_;
  FlushJob* running_ = nullptr;  // the job whose manifest is to be written
  std::unique_ptr<RunningMerge> merge_;  // null: none
  IoBudget budget_;
  bool throttled_ = false;  // the last look at merges found no I/O left
  std::atomic<bool> stopping_{false};  // set by stop(), read by a flush between two files
  std::uint64_t planned_generation_ = 0;  // a plan for this manifest found nothing to do
  std::int64_t merge_retry_at_ns_ = 0;

  std::unique_ptr<FlushJob> job_;
  // submit() releases kSubmitted to step(), step() releases kEnded to collect() and wait().
  std::atomic<Phase> phase_{Phase::kIdle};
  mutable Mutex mutex_;
  ConditionVariable ended_;             // of a job, or of all work
  bool idle_ = false;                   // guarded by mutex_: nothing was due at the last step
  std::vector<SegmentEdit> edits_;      // guarded by mutex_
  // Is something in edits_? step() releases true after it put one in, take_edits() acquires it;
  // one that is not seen yet is taken by the next call.
  std::atomic<bool> edits_ready_{false};
  std::optional<SegmentChange> change_;     // guarded by mutex_: not begun
  std::optional<Status> change_result_;     // guarded by mutex_
  BackgroundStats stats_;               // guarded by mutex_
  Status merge_failure_;                // guarded by mutex_; of the last merge
  std::unique_ptr<BackgroundThread> thread_;
};

}  // namespace ndts
