// See background.h. The merging of segments is in background_merge.cc, changes of them that were
// asked for in background_change.cc.
#include "db/background.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/crash_point.h"
#include "db/snapshot_folder.h"
#include "db/symbol_files.h"
#include "table/segment_writer.h"

namespace ndts {

namespace {

constexpr std::int64_t kIdleNs = 100'000'000;
constexpr std::uint64_t kFlushStepBytes = 16u << 20;

// The rows of one symbol of one shard, and where the next day starts in them.
struct SymbolRows {
  std::uint32_t symbol;
  std::vector<std::uint32_t> rows;
  std::size_t at = 0;

  [[nodiscard]] bool done() const { return at == rows.size(); }
};

}  // namespace

Background::Background(const BackgroundOptions& options, Wal& wal, KeyValueStore& key_value,
                       const SymbolTable& symbols, Manifest manifest, SegmentList segments)
    : options_(options),
      files_(*options.files),
      wal_(wal),
      key_value_(key_value),
      symbols_(symbols),
      dir_(options.dir),
      manifest_(std::move(manifest)),
      budget_(*options.clock, options.bytes_per_second, options.step_bytes) {
  for (std::shared_ptr<const SegmentReader>& segment : segments)
    readers_.emplace(segment->record().number, std::move(segment));
}

void Background::start(std::function<void()> idle) {
  thread_ = std::make_unique<BackgroundThread>(
      "ndts-background", kIdleNs, [this, idle = std::move(idle)]() -> std::uint64_t {
        idle();
        return step();
      });
}

void Background::stop() {
  stopping_.store(true, std::memory_order_relaxed);
  if (thread_ != nullptr) thread_->stop();
  thread_.reset();
  if (merge_ != nullptr && !merge_->named) merge_->merge->abandon();
  merge_.reset();
  sweep();
}

void Background::submit(std::unique_ptr<FlushJob> job) {
  job_ = std::move(job);
  phase_.store(Phase::kSubmitted, std::memory_order_release);
  if (thread_ != nullptr) thread_->wake();
}

std::unique_ptr<FlushJob> Background::collect() {
  if (phase_.load(std::memory_order_acquire) != Phase::kEnded) return nullptr;
  phase_.store(Phase::kIdle, std::memory_order_relaxed);
  return std::move(job_);
}

std::unique_ptr<FlushJob> Background::wait() {
  if (thread_ == nullptr) {
    while (phase_.load(std::memory_order_acquire) == Phase::kSubmitted) step();
    while (compact() > 0) {
    }
  }
  MutexLock lock(mutex_);
  while (phase_.load(std::memory_order_acquire) == Phase::kSubmitted) ended_.wait(lock);
  lock.unlock();
  return collect();
}

std::vector<SegmentEdit> Background::take_edits() {
  if (!edits_ready_.load(std::memory_order_acquire)) return {};
  const MutexLock lock(mutex_);
  edits_ready_.store(false, std::memory_order_relaxed);
  return std::exchange(edits_, {});
}

void Background::publish(std::vector<SegmentEdit> edits) {
  const MutexLock lock(mutex_);
  for (SegmentEdit& edit : edits) edits_.push_back(std::move(edit));
  edits_ready_.store(true, std::memory_order_release);
}

BackgroundStats Background::stats() const {
  const MutexLock lock(mutex_);
  return stats_;
}

std::uint64_t Background::step() {
  sweep();
  if (run_change()) return 1;
  const bool submitted = phase_.load(std::memory_order_acquire) == Phase::kSubmitted;
  if (!submitted || key_value_.must_compact() || must_merge()) return compact();
  job_->status = run(*job_);
  const MutexLock lock(mutex_);
  phase_.store(Phase::kEnded, std::memory_order_release);
  ended_.notify_all();
  return 1;
}

std::uint64_t Background::compact() {
  const std::uint64_t work = key_value_.compact_in_background() + merge_in_background();
  const MutexLock lock(mutex_);
  // Without I/O left, nobody looked whether something is due.
  const bool looked = !throttled_ && !key_value_.throttled();
  idle_ = work == 0 && looked && (merge_ == nullptr || !merge_failure_.ok());
  if (idle_) ended_.notify_all();
  return work;
}

Status Background::settle() {
  if (thread_ == nullptr) {
    while (compact() > 0) {
    }
  }
  MutexLock lock(mutex_);
  idle_ = thread_ == nullptr;
  if (thread_ != nullptr) thread_->wake();
  while (!idle_) ended_.wait(lock);
  NDTS_TRY(merge_failure_);
  return key_value_.failure();
}

Status Background::run(FlushJob& job) {
  // Also what the tables hold must be durable before it may stand without its log.
  NDTS_TRY(wal_.wait_durable(job.position));
  if (!job.segments_done) {
    if (Status status = write_segments(job); !status.ok()) {
      remove_written(job);
      return status;
    }
    job.segments_done = true;
  }
  running_ = &job;
  Status status = flush_key_value();
  running_ = nullptr;
  NDTS_TRY(status);
  crash_point("flush.manifest_written");
  for (const std::shared_ptr<const SegmentReader>& reader : job.readers)
    readers_.emplace(reader->record().number, reader);
  // A log file that stays is only space; the next checkpoint tries again.
  static_cast<void>(wal_.checkpoint(job.position));
  crash_point("flush.checkpointed");
  if (!job.snapshot.empty()) make_snapshot(job);
  return {};
}

void Background::make_snapshot(FlushJob& job) {
  job.snapshot_status =
      write_snapshot(files_, dir_, manifest_, options_.clock->wall_ns(), job.snapshot);
  if (job.snapshot_status.ok()) prune_snapshots(files_, dir_, options_.snapshots_kept);
}

// The last part of the flush of the key-value store is log_edit(), where one manifest takes in
// both; where it has nothing to flush, the manifest is written for the segments alone.
Status Background::flush_key_value() {
  for (std::uint64_t work = 1; work > 0;) NDTS_TRY(key_value_.flush_step(kFlushStepBytes, &work));
  return manifest_.wal_position < running_->position ? write(manifest_.key_value) : Status();
}

Status Background::log_edit(const KeyValueManifest& next) { return write(next); }

Status Background::write(const KeyValueManifest& key_value) {
  Manifest next = manifest_;
  next.key_value = key_value;
  std::vector<std::string> obsolete;
  // A second edit of the same flush finds the first in the manifest.
  if (running_ != nullptr && manifest_.wal_position < running_->position)
    NDTS_TRY(take_in(*running_, &next, &obsolete));
  NDTS_TRY(commit(std::move(next)));
  // Best effort: the next open removes what no manifest names.
  for (const std::string& path : obsolete) static_cast<void>(files_.remove(path));
  return {};
}

Status Background::take_in(const FlushJob& job, Manifest* next,
                           std::vector<std::string>* obsolete) {
  next->wal_position = job.position;
  next->segments.insert(next->segments.end(), job.written.begin(), job.written.end());
  for (const FlushTable& table : job.tables) {
    TableProgress* progress = next->find_table(table.schema.id);
    if (progress == nullptr) {
      next->tables.push_back({table.schema, {}});
      progress = &next->tables.back();
    }
    progress->shards = table.progress;
    if (table.memtable == nullptr) continue;
    for (std::uint32_t shard = 0; shard < progress->shards.size(); shard += 1)
      if (table.memtable->extent(shard).rows > 0)
        progress->shards[shard].sealed_sequence = table.memtable->end_sequence(shard);
  }
  // What the old table held was put into the memtable at the open.
  if (next->table.has_value()) obsolete->push_back(table_path(dir_, next->table->position));
  next->table.reset();
  const Status status = write_symbols(files_, dir_, job.symbols, next, obsolete);
  manifest_.next_file = next->next_file;
  NDTS_TRY(status);
  NDTS_TRY(files_.sync_directory(tables_dir(dir_)));
  crash_point("flush.files_written");
  return {};
}

// Even a manifest that failed to sync may be the one found later: its generation and the numbers
// of its files are used up.
Status Background::commit(Manifest next) {
  manifest_.generation += 1;
  manifest_.next_file = std::max(manifest_.next_file, next.next_file);
  next.generation = manifest_.generation;
  NDTS_TRY(write_manifest(files_, dir_, next));
  manifest_ = std::move(next);
  return {};
}

Status Background::write_segments(FlushJob& job) {
  // A flush of many days has a file for each of them and each shard.
  SyncBatch unsynced(options_.sync_threads);
  for (const FlushTable& table : job.tables) {
    if (table.memtable == nullptr) continue;
    for (std::uint32_t shard = 0; shard < table.memtable->shard_count(); shard += 1)
      if (table.memtable->extent(shard).rows > 0)
        NDTS_TRY(write_shard(job, table, shard, &unsynced));
  }
  NDTS_TRY(unsynced.sync());
  for (const SegmentRecord& segment : job.written) {
    std::shared_ptr<const SegmentReader> reader;
    NDTS_TRY(SegmentReader::open(files_, segment_path(dir_, segment), &segment, &reader));
    job.readers.push_back(std::move(reader));
  }
  return {};
}

Status Background::write_shard(FlushJob& job, const FlushTable& table, std::uint32_t shard,
                               SyncBatch* unsynced) {
  const SeriesMemtable& memtable = *table.memtable;
  const ShardExtent extent = memtable.extent(shard);
  std::vector<SymbolRows> all;
  for (const std::uint32_t symbol : memtable.symbols(shard, extent))
    all.push_back({symbol, memtable.collect_rows(shard, extent, symbol)});
  const auto day_at = [&memtable, shard](const SymbolRows& symbol) {
    return day_of(memtable.time(shard, symbol.rows[symbol.at]));
  };
  RowBuffer buffer(table.schema, kBlockRows);
  while (!std::all_of(all.begin(), all.end(), [](const SymbolRows& one) { return one.done(); })) {
    std::int64_t day = std::numeric_limits<std::int64_t>::max();
    for (const SymbolRows& symbol : all)
      if (!symbol.done()) day = std::min(day, day_at(symbol));
    // Days of years are thousands of files: nobody who closes waits for them.
    if (stopping_.load(std::memory_order_relaxed))
      return Status(Code::kCancelled, "the database is being closed");
    job.written.push_back({});
    SegmentRecord& record = job.written.back();
    record.number = manifest_.next_file++;
    record.version = kSegmentVersion;
    SegmentWriter writer(files_, segment_path(dir_, record), record.number, table.schema, shard,
                         day);
    NDTS_TRY(writer.create());
    for (SymbolRows& symbol : all) {
      if (symbol.done() || day_at(symbol) != day) continue;
      const auto first = symbol.rows.begin() + static_cast<std::ptrdiff_t>(symbol.at);
      const auto end = std::partition_point(first, symbol.rows.end(), [&](std::uint32_t row) {
        return day_of(memtable.time(shard, row)) == day;
      });
      std::span<const std::uint32_t> rows(first, end);
      symbol.at += rows.size();
      NDTS_TRY(writer.begin_symbol(symbol.symbol, symbols_.find(symbol.symbol)->name,
                                   rows.size()));
      while (!rows.empty()) {
        const std::size_t count = std::min<std::size_t>(rows.size(), kBlockRows);
        buffer.clear();
        memtable.gather(shard, extent, rows.first(count), &buffer);
        NDTS_TRY(writer.add(buffer.view()));
        rows = rows.subspan(count);
      }
    }
    std::unique_ptr<File> file;
    NDTS_TRY(writer.finish(&record, &file));
    NDTS_TRY(unsynced->add(std::move(file)));
    crash_point("flush.segment_written");
  }
  return {};
}

// No manifest names these yet: the manifest is written only after all of them.
void Background::remove_written(FlushJob& job) {
  job.readers.clear();
  for (const SegmentRecord& segment : job.written)
    static_cast<void>(files_.remove(segment_path(dir_, segment)));
  job.written.clear();
}

}  // namespace ndts
