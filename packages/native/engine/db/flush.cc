// See flush.h.
#include "db/flush.h"

#include <algorithm>
#include <limits>

#include "base/crash_point.h"
#include "table/key_value_file.h"
#include "table/segment_writer.h"

namespace ndts {

namespace {

constexpr std::int64_t kIdleNs = 100'000'000;

// The rows of one symbol of one shard, and where the next day starts in them.
struct SymbolRows {
  std::uint32_t symbol;
  std::vector<std::uint32_t> rows;
  std::size_t at = 0;
};

}  // namespace

Flusher::Flusher(FileSystem& files, Wal& wal, std::string dir)
    : files_(files), wal_(wal), dir_(std::move(dir)) {}

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
  if (thread_ == nullptr) step();
  MutexLock lock(mutex_);
  while (phase_.load(std::memory_order_acquire) == Phase::kSubmitted) ended_.wait(lock);
  lock.unlock();
  return collect();
}

std::uint64_t Flusher::step() {
  if (phase_.load(std::memory_order_acquire) != Phase::kSubmitted) return 0;
  job_->status = run(*job_);
  MutexLock lock(mutex_);
  phase_.store(Phase::kEnded, std::memory_order_release);
  ended_.notify_all();
  return 1;
}

Status Flusher::run(FlushJob& job) {
  // Also what the table file holds must be durable before it may stand without its log.
  NDTS_TRY(wal_.wait_durable(job.position));
  if (!job.segments_done) {
    if (Status status = write_segments(job); !status.ok()) {
      remove_written(job);
      return status;
    }
    job.segments_done = true;
  }
  if (job.entries != nullptr && !job.table.has_value()) NDTS_TRY(write_entries(job));
  NDTS_TRY(files_.sync_directory(tables_dir(dir_)));
  crash_point("flush.files_written");

  Manifest next = job.manifest;
  next.generation += 1;
  next.wal_position = job.position;
  next.segments.insert(next.segments.end(), job.written.begin(), job.written.end());
  if (job.table.has_value()) next.table = job.table;
  for (std::uint32_t shard = 0; shard < next.shards.size(); shard += 1)
    if (job.memtable->shard_rows(shard) > 0)
      next.shards[shard].sealed_sequence = job.memtable->end_sequence(shard);
  // Even a manifest that failed to sync may be the one found later: its generation is used up.
  job.manifest.generation += 1;
  NDTS_TRY(write_manifest(files_, dir_, next, job.symbols));
  crash_point("flush.manifest_written");

  if (job.table.has_value() && job.manifest.table.has_value() &&
      job.manifest.table->position != job.table->position) {
    // Best effort: the next open removes what no manifest names.
    static_cast<void>(files_.remove(table_path(dir_, job.manifest.table->position)));
  }
  job.manifest = std::move(next);
  // A log file that stays is only space; the next checkpoint tries again.
  static_cast<void>(wal_.checkpoint(job.position));
  crash_point("flush.checkpointed");
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
    const std::uint64_t number = job.manifest.next_file++;
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

Status Flusher::write_entries(FlushJob& job) {
  const std::string path = table_path(dir_, job.position);
  // Left over from an attempt that failed half-way, or from before a crash; never a listed one,
  // because the position grew since the last table.
  if (files_.exists(path)) NDTS_TRY(files_.remove(path));
  ManifestTable record{};
  if (Status status = write_table(files_, path, job.position, *job.entries, &record);
      !status.ok()) {
    static_cast<void>(files_.remove(path));
    return status;
  }
  job.table = record;
  return {};
}

}  // namespace ndts
