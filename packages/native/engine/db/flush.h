// Flushing: memtables become immutable files, the manifest lists them, and the log below is let go.
// One job at a time, run by a background thread, or by whoever waits where there is none; the time
// between jobs goes to compaction. All manifests after the open are written here.
//
// Threads: submit(), collect() and wait() from the writer thread; step() is the background. A job
// belongs to the background from submit() until collect() or wait() hands it back.
// Invariants: only what is durable is sealed. Files and their names are synced before the manifest
// that lists them; the log is let go after the manifest is synced. A job that failed may be
// submitted again: what it finished stays finished, and no file a manifest may name is removed.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/thread.h"
#include "db/manifest.h"
#include "kv/key_value_store.h"
#include "table/memtable.h"
#include "table/segment_reader.h"
#include "wal/wal.h"

namespace ndts {

struct FlushJob {
  // What to flush. `memtable` stands still; so does what the key-value store rotated.
  const SeriesMemtable* memtable = nullptr;
  std::uint64_t position = 0;  // of the log: everything up to it is in the two, or older
  std::vector<const SymbolInfo*> symbols;

  // What came of it.
  Status status;
  Manifest manifest;  // after success: the new one
  std::vector<ManifestSegment> written;
  bool segments_done = false;
  std::vector<std::unique_ptr<SegmentReader>> readers;
};

class Flusher {
 public:
  // `manifest` and `symbols` as they were written last.
  Flusher(FileSystem& files, Wal& wal, KeyValueStore& key_value, std::string dir,
          Manifest manifest, std::vector<const SymbolInfo*> symbols);
  ~Flusher() { stop(); }

  // `idle` is called about every 100 ms by the background thread.
  void start(std::function<void()> idle);
  // Lets a running job end; a job that did not start stays undone.
  void stop();

  bool busy() const { return job_ != nullptr; }
  void submit(std::unique_ptr<FlushJob> job);
  // The job when it has ended, else null.
  [[nodiscard]] std::unique_ptr<FlushJob> collect();
  // Waits until the job has ended.
  [[nodiscard]] std::unique_ptr<FlushJob> wait();

  // Runs the submitted job if there is one, else a part of a compaction; returns the work done.
  std::uint64_t step();
  // What the key-value store calls when a flush or compaction of it ended.
  [[nodiscard]] Status log_edit(const KeyValueManifest& next);

 private:
  enum class Phase : std::uint32_t { kIdle = 0, kSubmitted = 1, kEnded = 2 };

  [[nodiscard]] Status run(FlushJob& job);
  [[nodiscard]] Status write_segments(FlushJob& job);
  [[nodiscard]] Status write_shard(FlushJob& job, std::uint32_t shard,
                                   const std::vector<const SymbolInfo*>& by_id);
  [[nodiscard]] Status flush_key_value();
  [[nodiscard]] Status write(const KeyValueManifest& key_value);
  void remove_written(FlushJob& job);

  FileSystem& files_;
  Wal& wal_;
  KeyValueStore& key_value_;
  const std::string dir_;
  // Background only: what was written last.
  Manifest manifest_;
  std::vector<const SymbolInfo*> symbols_;
  FlushJob* running_ = nullptr;  // the job whose manifest is to be written
  std::unique_ptr<FlushJob> job_;
  // submit() releases kSubmitted to step(), step() releases kEnded to collect() and wait().
  std::atomic<Phase> phase_{Phase::kIdle};
  Mutex mutex_;  // guards the sleep of wait() only
  ConditionVariable ended_;
  std::unique_ptr<BackgroundThread> thread_;
};

}  // namespace ndts
