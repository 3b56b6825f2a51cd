// See flush.h.
#include "db/flush.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/crash_point.h"
#include "table/segment_writer.h"

namespace ndts {

namespace {

constexpr std::int64_t kIdleNs = 100'000'000;
constexpr std::uint64_t kStepBytes = 16u << 20;

// The rows of one symbol of one shard, and where the next day starts in them.
struct SymbolRows {
  std::uint32_t symbol;
  std::vector<std::uint32_t> rows;
  std::size_t at = 0;
};

}  // namespace

Flusher::Flusher(FileSystem& files, Wal& wal, KeyValueStore& key_value, std::string dir,
                 Manifest manifest, std::vector<const SymbolInfo*> symbols)
    : files_(files),
      wal_(wal),
      key_value_(key_value),
      dir_(std::move(dir)),
      manifest_(std::move(manifest)),
      symbols_(std::move(symbols)) {}

void Flusher::start(std::function<void()> idle) {
  thread_ = std::make_unique<BackgroundThread>(
      "ndts-flush", kIdleNs, [this, idle = std::move(idle)]() -> std::uint64_t {
        idle();
        return step();
      });
}

void Flusher::stop() {
  if (thread_ != nullptr) thread_->stop();
  thread_.reset();
}

void Flusher::submit(std::unique_ptr<FlushJob> job) {
  job_ = std::move(job);
  phase_.store(Phase::kSubmitted, std::memory_order_release);
  if (thread_ != nullptr) thread_->wake();
}

std::unique_ptr<FlushJob> Flusher::collect() {
  if (phase_.load(std::memory_order_acquire) != Phase::kEnded) return nullptr;
  phase_.store(Phase::kIdle, std::memory_order_relaxed);
  return std::move(job_);
}

std::unique_ptr<FlushJob> Flusher::wait() {
  if (thread_ == nullptr) {
    while (phase_.load(std::memory_order_acquire) == Phase::kSubmitted) step();
    while (key_value_.compact_in_background() > 0) {
    }
  }
  MutexLock lock(mutex_);
  while (phase_.load(std::memory_order_acquire) == Phase::kSubmitted) ended_.wait(lock);
  lock.unlock();
  return collect();
}

std::uint64_t Flusher::step() {
  if (phase_.load(std::memory_order_acquire) != Phase::kSubmitted || key_value_.must_compact())
    return key_value_.compact_in_background();
  job_->status = run(*job_);
  MutexLock lock(mutex_);
  phase_.store(Phase::kEnded, std::memory_order_release);
  ended_.notify_all();
  return 1;
}

Status Flusher::run(FlushJob& job) {
  // Also what the tables hold must be durable before it may stand without its log.
  NDTS_TRY(wal_.wait_durable(job.position));
  if (!job.segments_done) {
    if (Status status = write_segments(job); !status.ok()) {
      remove_written(job);
      return status;
    }
    job.segments_done = true;
  }
  NDTS_TRY(files_.sync_directory(tables_dir(dir_)));
  crash_point("flush.files_written");
  running_ = &job;
  Status status = flush_key_value();
  running_ = nullptr;
  NDTS_TRY(status);
  crash_point("flush.manifest_written");
  job.manifest = manifest_;
  // A log file that stays is only space; the next checkpoint tries again.
  static_cast<void>(wal_.checkpoint(job.position));
  crash_point("flush.checkpointed");
  return {};
}

// The last part of the flush of the key-value store is log_edit(), where one manifest takes in
// both; where it has nothing to flush, the manifest is written for the segments alone.
Status Flusher::flush_key_value() {
  for (std::uint64_t work = 1; work > 0;) NDTS_TRY(key_value_.flush_step(kStepBytes, &work));
  return manifest_.wal_position < running_->position ? write(manifest_.key_value) : Status();
}

Status Flusher::log_edit(const KeyValueManifest& next) { return write(next); }

Status Flusher::write(const KeyValueManifest& key_value) {
  // Even a manifest that failed to sync may be the one found later: its generation is used up.
  manifest_.generation += 1;
  Manifest next = manifest_;
  next.key_value = key_value;
  std::optional<ManifestTable> old_table;
  if (running_ != nullptr) {
    const FlushJob& job = *running_;
    next.wal_position = job.position;
    next.segments.insert(next.segments.end(), job.written.begin(), job.written.end());
    for (std::uint32_t shard = 0; shard < next.shards.size(); shard += 1)
      if (job.memtable->shard_rows(shard) > 0)
        next.shards[shard].sealed_sequence = job.memtable->end_sequence(shard);
    // What the old table held was put into the memtable at the open.
    old_table = std::exchange(next.table, std::nullopt);
  }
  NDTS_TRY(write_manifest(files_, dir_, next, running_ != nullptr ? running_->symbols : symbols_));
  if (running_ != nullptr) symbols_ = running_->symbols;
  manifest_ = std::move(next);
  // Best effort: the next open removes what no manifest names.
  if (old_table.has_value())
    static_cast<void>(files_.remove(table_path(dir_, old_table->position)));
  return {};
}

Status Flusher::write_segments(FlushJob& job) {
  std::vector<const SymbolInfo*> by_id;
  for (const SymbolInfo* symbol : job.symbols) {
    if (symbol->id >= by_id.size()) by_id.resize(symbol->id + 1);
    by_id[symbol->id] = symbol;
  }
  for (std::uint32_t shard = 0; shard < job.memtable->shard_count(); shard += 1)
    if (job.memtable->shard_rows(shard) > 0) NDTS_TRY(write_shard(job, shard, by_id));
  for (const ManifestSegment& segment : job.written) {
    std::unique_ptr<SegmentReader> reader;
    NDTS_TRY(SegmentReader::open(files_, segment_path(dir_, segment.number), &segment, &reader));
    job.readers.push_back(std::move(reader));
  }
  return {};
}

Status Flusher::write_shard(FlushJob& job, std::uint32_t shard,
                            const std::vector<const SymbolInfo*>& by_id) {
  const SeriesMemtable& memtable = *job.memtable;
  std::vector<SymbolRows> all;
  for (const std::uint32_t symbol : memtable.symbols(shard))
    all.push_back({symbol, memtable.collect_rows(shard, symbol)});
  const auto day_at = [&memtable, shard](const SymbolRows& symbol) {
    return day_of(memtable.time(shard, symbol.rows[symbol.at]));
  };
  const auto done = [](const SymbolRows& symbol) { return symbol.at == symbol.rows.size(); };
  while (!std::all_of(all.begin(), all.end(), done)) {
    std::int64_t day = std::numeric_limits<std::int64_t>::max();
    for (const SymbolRows& symbol : all)
      if (!done(symbol)) day = std::min(day, day_at(symbol));
    const std::uint64_t number = manifest_.next_file++;
    job.written.push_back({});
    job.written.back().number = number;
    SegmentWriter writer(files_, segment_path(dir_, number), number, shard, day);
    NDTS_TRY(writer.create());
    for (SymbolRows& symbol : all) {
      if (done(symbol) || day_at(symbol) != day) continue;
      NDTS_TRY(writer.begin_symbol(symbol.symbol, by_id[symbol.symbol]->name));
      for (; !done(symbol) && day_at(symbol) == day; symbol.at += 1)
        NDTS_TRY(writer.add(memtable.row(shard, symbol.rows[symbol.at])));
    }
    NDTS_TRY(writer.finish(&job.written.back()));
    crash_point("flush.segment_written");
  }
  return {};
}

// No manifest names these yet: the manifest is written only after all of them.
void Flusher::remove_written(FlushJob& job) {
  job.readers.clear();
  for (const ManifestSegment& segment : job.written)
    static_cast<void>(files_.remove(segment_path(dir_, segment.number)));
  job.written.clear();
}

}  // namespace ndts
