// Appending, reading, flushing. See database.h; opening is in database_open.cc.
#include "db/database.h"

#include <algorithm>

#include "generated/constants.h"

namespace ndts {

namespace {

constexpr std::int64_t kRetryNs = 1'000'000'000;
// How far the active memtable may outgrow its limit while the one before it is being flushed.
constexpr std::uint64_t kStallFactor = 4;

constexpr auto kTicks = static_cast<std::uint32_t>(LogKind::kTicks);
constexpr auto kKeyValue = static_cast<std::uint32_t>(LogKind::kKeyValue);
constexpr auto kSymbol = static_cast<std::uint32_t>(LogKind::kSymbol);

}  // namespace

// A failure to commit is found again by the next open; here nobody is left to tell.
Database::~Database() { static_cast<void>(close()); }

Status Database::register_symbol(std::uint32_t id, std::uint32_t shard, std::string_view name) {
  if (shard >= options_.shard_count)
    return Status(Code::kInvalidArgument, "shard " + std::to_string(shard) + " is not below " +
                                              std::to_string(options_.shard_count));
  bool known = false;
  NDTS_TRY(symbols_.check(id, shard, name, &known));
  if (known) return {};
  const SymbolEntryHead head{id, shard};
  const Bytes parts[] = {bytes_of(head), bytes_of_text(name)};
  std::uint64_t position = 0;
  NDTS_TRY(wal_->append(kSymbol, shard, parts, &position));
  symbols_.add(id, shard, name);
  return {};
}

Status Database::append_ticks(const TickBatchView& batch, std::uint64_t* position) {
  if (batch.count == 0) {
    *position = wal_->accepted_position();
    return {};
  }
  NDTS_TRY(make_room());
  NDTS_TRY(batcher_.prepare(batch, symbols_, shards_));
  const std::span<const TickGroup> groups = batcher_.groups();
  const Bytes parts[] = {batcher_.body()};
  const std::uint32_t tag = groups.size() == 1 ? groups.front().entry.shard : kManyShards;
  NDTS_TRY(wal_->append(kTicks, tag, parts, position));
  for (const TickGroup& group : groups) {
    ShardPosition& shard = shards_[group.entry.shard];
    active_->append(group.entry.shard, shard.epoch, shard.next_sequence, group.columns,
                    group.entry.rows);
    shard.next_sequence += group.entry.rows;
    marks_.push(*position, group.entry.shard, shard.next_sequence);
  }
  marks_.advance(wal_->durable_position());
  batcher_.stamp(batch);
  return {};
}

Status Database::write(Bytes batch, std::uint64_t* position) {
  NDTS_TRY(check_batch(batch));
  if (batch.empty()) {
    *position = wal_->accepted_position();
    return {};
  }
  NDTS_TRY(make_room());
  const Bytes parts[] = {batch};
  NDTS_TRY(wal_->append(kKeyValue, kManyShards, parts, position));
  key_value_->apply(batch, *position);
  key_value_changed_ = true;
  return {};
}

Status Database::get(std::string_view key, std::optional<Bytes>* value) {
  return reader_->get(key, value);
}

Status Database::scan(const KeyValueScan& range, const KeyValueTable::Visit& visit) {
  KeyValueIterator each = reader_->iterate(range);
  for (; each.valid(); each.next()) visit(each.entry().key, each.entry().value);
  return each.status();
}

void Database::watermarks(std::span<double> into) {
  tend();
  marks_.advance(wal_->durable_position());
  for (std::uint32_t shard = 0; shard < options_.shard_count; shard += 1) {
    double* marks = into.data() + std::size_t{4} * shard;
    marks[0] = static_cast<double>(shards_[shard].next_sequence);
    marks[1] = static_cast<double>(marks_.durable(shard));
    marks[2] = marks[1];  // one copy: replicated is durable
    marks[3] = static_cast<double>(manifest_.shards[shard].sealed_sequence);
  }
}

TickSources Database::sources(std::uint32_t shard) {
  return {shard, memtables_, segments_[shard]};
}

Status Database::load_ticks(std::uint32_t symbol, const TimeRange& range,
                            const TickBatchView& batch, std::size_t* count) {
  *count = 0;
  const std::uint32_t shard = symbols_.shard(symbol);
  if (shard == kNoShard)
    return Status(Code::kInvalidArgument,
                  "symbol id " + std::to_string(symbol) + " is not registered");
  if (range.from >= range.to) return {};
  return ndts::load_ticks(sources(shard), symbol, range, batch, count);
}

Status Database::last_ticks(std::uint32_t symbol, const TickBatchView& batch,
                            std::size_t* count) {
  *count = 0;
  const std::uint32_t shard = symbols_.shard(symbol);
  if (shard == kNoShard)
    return Status(Code::kInvalidArgument,
                  "symbol id " + std::to_string(symbol) + " is not registered");
  return ndts::last_ticks(sources(shard), symbol, batch, count);
}

Status Database::read_sequence(std::uint32_t shard, std::uint64_t from,
                               const TickBatchView& batch, std::size_t* count) {
  return ndts::read_sequence(sources(shard), from, batch, count);
}

bool Database::anything_to_flush() const {
  return active_->rows() > 0 || key_value_changed_ ||
         wal_->accepted_position() > manifest_.wal_position;
}

void Database::rotate() {
  unsealed_since_ns_ = 0;
  auto job = std::make_unique<FlushJob>();
  job->position = wal_->accepted_position();
  job->symbols.assign(symbols_.all().begin(), symbols_.all().end());
  immutable_ = std::move(active_);
  active_ = std::make_unique<SeriesMemtable>(options_.shard_count, pool_);
  memtables_ = {immutable_.get(), active_.get()};
  job->memtable = immutable_.get();
  key_value_->rotate();
  key_value_changed_ = false;
  flusher_->submit(std::move(job));
}

void Database::resubmit(std::unique_ptr<FlushJob> job) { flusher_->submit(std::move(job)); }

void Database::install(std::unique_ptr<FlushJob> job) {
  if (!job->status.ok()) {
    flush_failures_ += 1;
    retry_at_ns_ = options_.clock->monotonic_ns() + kRetryNs;
    failed_ = std::move(job);
    return;
  }
  flushes_ += 1;
  manifest_ = std::move(job->manifest);
  for (std::unique_ptr<SegmentReader>& reader : job->readers)
    segments_[reader->summary().shard].push_back(std::move(reader));
  immutable_.reset();
  memtables_ = {active_.get()};
}

void Database::tend() {
  if (flusher_->busy()) {
    std::unique_ptr<FlushJob> job = flusher_->collect();
    if (job == nullptr) return;
    install(std::move(job));
  }
  if (failed_ != nullptr) {
    if (options_.clock->monotonic_ns() >= retry_at_ns_) resubmit(std::move(failed_));
    return;
  }
  if (active_->bytes() >= options_.memtable_bytes ||
      key_value_->active_bytes() >= options_.memtable_bytes ||
      wal_->accepted_position() - manifest_.wal_position >= options_.wal_budget_bytes || is_old())
    rotate();
}

// Is something in memory and log alone for longer than it should be?
bool Database::is_old() {
  if (options_.seal_interval_ns == 0 || (active_->rows() == 0 && !key_value_changed_)) return false;
  const std::int64_t now = options_.clock->monotonic_ns();
  if (unsealed_since_ns_ == 0) unsealed_since_ns_ = now;
  return now - unsealed_since_ns_ >= options_.seal_interval_ns;
}

// Bounds the memory: appends wait for a flush that can't keep up, and are refused while it fails.
Status Database::make_room() {
  tend();
  if (!options_.threads && flusher_->busy()) install(flusher_->wait());
  if (std::max(active_->bytes(), key_value_->active_bytes()) <
      kStallFactor * options_.memtable_bytes)
    return {};
  if (failed_ != nullptr) return failed_->status;
  if (!flusher_->busy()) return {};
  const std::int64_t start = options_.clock->monotonic_ns();
  install(flusher_->wait());
  stalls_ += 1;
  stall_ns_ += static_cast<std::uint64_t>(options_.clock->monotonic_ns() - start);
  return failed_ != nullptr ? failed_->status : Status();
}

Status Database::seal() {
  if (failed_ != nullptr) resubmit(std::move(failed_));
  if (flusher_->busy()) install(flusher_->wait());
  if (failed_ != nullptr) return failed_->status;
  if (!anything_to_flush()) return {};
  rotate();
  install(flusher_->wait());
  return failed_ != nullptr ? failed_->status : Status();
}

DatabaseStats Database::stats() {
  tend();
  const WalStats wal = wal_->stats();
  const WalRecovery& recovery = wal_->recovery();
  DatabaseStats stats{};
  stats.append_waits = wal.append_waits + stalls_;
  stats.append_wait_ns = wal.append_wait_ns + stall_ns_;
  stats.commits = wal.commits;
  stats.wal_files = wal.files;
  stats.wal_bytes = wal.bytes_retained;
  for (const SeriesMemtable* memtable : memtables_) stats.memtable_bytes += memtable->bytes();
  stats.segments = manifest_.segments.size();
  for (const ManifestSegment& segment : manifest_.segments) stats.segment_bytes += segment.bytes;
  stats.key_value_entries = key_value_->stats().entries;
  stats.flushes = flushes_;
  stats.flush_failures = flush_failures_;
  stats.replayed_entries = recovery.replayed_entries;
  stats.torn_bytes = recovery.torn_bytes;
  stats.staged_entries = recovery.staged_entries;
  return stats;
}

Status Database::close() {
  if (closed_) return {};
  closed_ = true;
  if (flusher_ != nullptr) flusher_->stop();
  if (key_value_ != nullptr) key_value_->close();
  Status status;
  if (wal_ != nullptr) {
    status = wal_->close();
    wal_.reset();
    // All of it is in synced files now.
    if (status.ok()) static_cast<void>(options_.files->remove(manifest_.staging_path));
  }
  lock_.reset();
  return status;
}

}  // namespace ndts
