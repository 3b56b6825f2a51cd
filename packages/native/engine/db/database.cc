// Appending, reading, flushing. See database.h; opening is in database_open.cc, snapshots in
// database_snapshots.cc.
#include "db/database.h"

#include <algorithm>

#include "db/joined_entry.h"

namespace ndts {

namespace {

constexpr std::int64_t kFlushRetryNs = 1'000'000'000;
// How far the active memtables may outgrow their limit while those before are being flushed.
constexpr std::uint64_t kStallFactor = 4;

constexpr std::uint32_t log_kind(LogKind kind) { return static_cast<std::uint32_t>(kind); }

}  // namespace

// A failure to commit is found again by the next open; here nobody is left to tell.
Database::~Database() { static_cast<void>(close()); }

SeriesTable* Database::find(std::uint32_t table) const {
  if (table == kTickTable) [[likely]]
    return tables_.front().get();
  for (const std::unique_ptr<SeriesTable>& one : tables_)
    if (one->schema().id == table) return one.get();
  return nullptr;
}

std::vector<const TableSchema*> Database::tables() const {
  std::vector<const TableSchema*> schemas;
  for (const std::unique_ptr<SeriesTable>& table : tables_) schemas.push_back(&table->schema());
  return schemas;
}

const TableSchema* Database::schema(std::uint32_t table) const {
  const SeriesTable* found = find(table);
  return found == nullptr ? nullptr : &found->schema();
}

SeriesTable& Database::add_table(const TableProgress& progress) {
  tables_.push_back(std::make_unique<SeriesTable>(progress, options_.memtable_bytes));
  SeriesTable& table = *tables_.back();
  for (std::uint32_t shard = 0; shard < options_.shard_count; shard += 1)
    table.set_epoch(shard, manifest_.epochs[shard]);
  return table;
}

Status Database::create_table(const TableSchema& schema, std::uint32_t* table) {
  TableSchema made = schema;
  made.id = kTickTable;
  for (const std::unique_ptr<SeriesTable>& one : tables_) {
    made.id = std::max(made.id, one->schema().id);
    if (one->schema().name != schema.name) continue;
    *table = one->schema().id;
    if (one->schema().columns == schema.columns) return {};
    return Status(Code::kAlreadyExists, "table " + schema.name + " has other columns");
  }
  made.id += 1;
  NDTS_TRY(check_schema(made));
  const std::vector<std::byte> body = encode_schema(made);
  const Bytes parts[] = {body};
  std::uint64_t position = 0;
  NDTS_TRY(wal_->append(log_kind(LogKind::kTable), kManyShards, parts, &position));
  add_table({made, std::vector<ShardProgress>(options_.shard_count)});
  *table = made.id;
  return {};
}

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
  NDTS_TRY(wal_->append(log_kind(LogKind::kSymbol), shard, parts, &position));
  symbols_.add(id, shard, name);
  return {};
}

Status Database::append_ticks(const TickBatchView& batch, std::uint64_t* position, Bytes joined) {
  tick_rows_.set(batch);
  return append(*tables_.front(), tick_rows_, joined, position);
}

Status Database::append_rows(std::uint32_t table, const RowsIn& rows, std::uint64_t* position,
                             Bytes joined) {
  SeriesTable* found = find(table);
  if (found == nullptr)
    return Status(Code::kNotFound, "there is no table " + std::to_string(table));
  return append(*found, rows, joined, position);
}

Status Database::append(SeriesTable& table, const RowsIn& rows, Bytes joined,
                        std::uint64_t* position) {
  if (rows.count == 0) return write(joined, position);
  NDTS_TRY(check_batch(joined));
  NDTS_TRY(make_room());
  NDTS_TRY(batcher_.prepare(table.schema(), rows, symbols_, table.positions()));
  const std::span<const LoggedRows> groups = batcher_.groups();
  const std::uint32_t tag = groups.size() == 1 ? groups.front().shard : kManyShards;
  const LogKind kind = table.schema().id == kTickTable ? LogKind::kTicks : LogKind::kRows;
  NDTS_TRY(log_rows(kind, tag, joined, position));
  for (const LoggedRows& group : groups) table.append(group, *position);
  table.advance(wal_->durable_position());
  batcher_.stamp(rows);
  if (joined.empty()) return {};
  key_value_->apply(joined, *position);
  key_value_changed_ = true;
  return {};
}

Status Database::log_rows(LogKind kind, std::uint32_t tag, Bytes joined,
                          std::uint64_t* position) {
  const Bytes rows = batcher_.body();
  if (joined.empty()) {
    const Bytes parts[] = {rows};
    return wal_->append(log_kind(kind), tag, parts, position);
  }
  static constexpr std::byte kZeros[8] = {};
  const JoinedHead head{static_cast<std::uint32_t>(kind),
                        static_cast<std::uint32_t>(joined.size())};
  const Bytes padding = Bytes(kZeros).first(align_up(joined.size(), 8) - joined.size());
  const Bytes parts[] = {bytes_of(head), joined, padding, rows};
  return wal_->append(log_kind(LogKind::kJoined), tag, parts, position);
}

Status Database::write(Bytes batch, std::uint64_t* position) {
  NDTS_TRY(check_batch(batch));
  if (batch.empty()) {
    *position = wal_->accepted_position();
    return {};
  }
  NDTS_TRY(make_room());
  const Bytes parts[] = {batch};
  NDTS_TRY(wal_->append(log_kind(LogKind::kKeyValue), kManyShards, parts, position));
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

void Database::watermarks(std::span<double> into, std::uint32_t table) {
  tend();
  SeriesTable& found = *find(table);
  found.advance(wal_->durable_position());
  for (std::uint32_t shard = 0; shard < options_.shard_count; shard += 1) {
    double* marks = into.data() + std::size_t{4} * shard;
    marks[0] = static_cast<double>(found.positions()[shard].next_sequence);
    marks[1] = static_cast<double>(found.durable(shard));
    marks[2] = marks[1];  // one copy: replicated is durable
    marks[3] = static_cast<double>(found.sealed(shard));
  }
}

Status Database::find_readable(std::uint32_t table, std::uint32_t symbol, std::uint32_t* shard,
                               SeriesTable** found) const {
  *found = find(table);
  if (*found == nullptr)
    return Status(Code::kNotFound, "there is no table " + std::to_string(table));
  *shard = symbols_.shard(symbol);
  if (*shard != kNoShard) return {};
  return Status(Code::kInvalidArgument,
                "symbol id " + std::to_string(symbol) + " is not registered");
}

Status Database::load_rows(std::uint32_t table, std::uint32_t symbol, const TimeRange& range,
                           const RowsOut& out, std::size_t* count) {
  *count = 0;
  std::uint32_t shard = 0;
  SeriesTable* found = nullptr;
  NDTS_TRY(find_readable(table, symbol, &shard, &found));
  if (range.from >= range.to) return {};
  return ndts::load_rows(found->sources(shard), symbol, range, out, count);
}

Status Database::last_rows(std::uint32_t table, std::uint32_t symbol, const RowsOut& out,
                           std::size_t* count) {
  *count = 0;
  std::uint32_t shard = 0;
  SeriesTable* found = nullptr;
  NDTS_TRY(find_readable(table, symbol, &shard, &found));
  return ndts::last_rows(found->sources(shard), symbol, out, count);
}

Status Database::read_sequence(std::uint32_t table, std::uint32_t shard, std::uint64_t from,
                               const RowsOut& out, std::size_t* count) {
  *count = 0;
  SeriesTable* found = find(table);
  if (found == nullptr)
    return Status(Code::kNotFound, "there is no table " + std::to_string(table));
  return ndts::read_sequence(found->sources(shard), from, out, count);
}

std::uint64_t Database::active_bytes() const {
  std::uint64_t bytes = 0;
  for (const std::unique_ptr<SeriesTable>& table : tables_) bytes += table->active_bytes();
  return bytes;
}

std::uint64_t Database::active_rows() const {
  std::uint64_t rows = 0;
  for (const std::unique_ptr<SeriesTable>& table : tables_) rows += table->active_rows();
  return rows;
}

bool Database::anything_to_flush() const {
  return active_rows() > 0 || key_value_changed_ ||
         wal_->accepted_position() > flushed_position_;
}

void Database::rotate(const std::string& snapshot) {
  unsealed_since_ns_ = 0;
  auto job = std::make_unique<FlushJob>();
  job->position = wal_->accepted_position();
  job->snapshot = snapshot;
  const std::span<const SymbolInfo* const> all = symbols_.all();
  const auto fresh = all.subspan(symbols_flushed_);
  job->symbols.assign(fresh.begin(), fresh.end());
  symbols_flushed_ = all.size();
  for (const std::unique_ptr<SeriesTable>& table : tables_)
    job->tables.push_back({table->schema(), table->rotate(), table->progress()});
  key_value_->rotate();
  key_value_changed_ = false;
  background_->submit(std::move(job));
}

void Database::resubmit(std::unique_ptr<FlushJob> job) { background_->submit(std::move(job)); }

void Database::install(std::unique_ptr<FlushJob> job) {
  if (!job->status.ok()) {
    flush_failures_ += 1;
    retry_at_ns_ = options_.clock->monotonic_ns() + kFlushRetryNs;
    failed_ = std::move(job);
    return;
  }
  flushes_ += 1;
  flushed_position_ = job->position;
  for (const std::unique_ptr<SeriesTable>& table : tables_) table->flushed();
  for (std::shared_ptr<const SegmentReader>& reader : job->readers)
    find(reader->record().table)->add_segment(std::move(reader));
  note_snapshot(*job);
}

// Only behind the flushes that made what was merged.
void Database::install_edits() {
  for (SegmentEdit& edit : background_->take_edits())
    find(edit.table)->edit_segments(edit.shard, edit.removed, std::move(edit.added));
}

void Database::tend() {
  if (background_->busy()) {
    std::unique_ptr<FlushJob> job = background_->collect();
    if (job == nullptr) return;
    install(std::move(job));
  }
  install_edits();
  if (failed_ != nullptr) {
    if (options_.clock->monotonic_ns() >= retry_at_ns_) resubmit(std::move(failed_));
    return;
  }
  if (snapshot_due()) {
    rotate(wanted_snapshot_);
    wanted_snapshot_.clear();
  } else if (active_bytes() >= options_.memtable_bytes ||
             key_value_->active_bytes() >= options_.memtable_bytes ||
             wal_->accepted_position() - flushed_position_ >= options_.wal_budget_bytes ||
             is_old()) {
    rotate("");
  }
}

// Is something in memory and log alone for longer than it should be?
bool Database::is_old() {
  if (options_.seal_interval_ns == 0 || (active_rows() == 0 && !key_value_changed_)) return false;
  const std::int64_t now = options_.clock->monotonic_ns();
  if (unsealed_since_ns_ == 0) unsealed_since_ns_ = now;
  return now - unsealed_since_ns_ >= options_.seal_interval_ns;
}

// Bounds the memory: appends wait for a flush that can't keep up, and are refused while it fails.
Status Database::make_room() {
  tend();
  if (!options_.threads && background_->busy()) {
    install(background_->wait());
    install_edits();
  }
  if (std::max(active_bytes(), key_value_->active_bytes()) <
      kStallFactor * options_.memtable_bytes)
    return {};
  if (failed_ != nullptr) return failed_->status;
  if (!background_->busy()) return {};
  const std::int64_t start = options_.clock->monotonic_ns();
  install(background_->wait());
  stalls_ += 1;
  stall_ns_ += static_cast<std::uint64_t>(options_.clock->monotonic_ns() - start);
  return failed_ != nullptr ? failed_->status : Status();
}

Status Database::seal() {
  if (failed_ != nullptr) resubmit(std::move(failed_));
  if (background_->busy()) install(background_->wait());
  install_edits();
  if (failed_ != nullptr) return failed_->status;
  if (!anything_to_flush()) return {};
  rotate("");
  install(background_->wait());
  install_edits();
  return failed_ != nullptr ? failed_->status : Status();
}

Status Database::settle() {
  NDTS_TRY(seal());
  NDTS_TRY(background_->settle());
  install_edits();
  return {};
}

DatabaseStats Database::stats() {
  tend();
  const WalStats wal = wal_->stats();
  const WalRecovery& recovery = wal_->recovery();
  const KeyValueStats key_value = key_value_->stats();
  const BackgroundStats background = background_->stats();
  DatabaseStats stats{};
  stats.append_waits = wal.append_waits + stalls_;
  stats.append_wait_ns = wal.append_wait_ns + stall_ns_;
  stats.stalls = stalls_;
  stats.stall_ns = stall_ns_;
  stats.commits = wal.commits;
  stats.wal_files = wal.files;
  stats.wal_bytes = wal.bytes_retained;
  for (const std::unique_ptr<SeriesTable>& table : tables_) {
    const SegmentTotals totals = table->segment_totals();
    stats.memtable_bytes += table->bytes();
    stats.segments += totals.files;
    stats.segment_bytes += totals.bytes;
    stats.segment_rows += totals.rows;
  }
  stats.memtable_bytes += key_value.memtable_bytes;
  stats.key_value_entries = key_value.entries;
  for (const std::uint64_t bytes : key_value.bytes) stats.key_value_bytes += bytes;
  stats.key_value_pending = key_value.pending_bytes;
  stats.flushes = flushes_;
  stats.flush_failures = flush_failures_;
  stats.merges = background.merges + key_value.compactions;
  stats.merged_bytes = background.merged_bytes + key_value.compacted_bytes;
  stats.merge_failures = background.merge_failures + key_value.failures;
  stats.snapshots = snapshots_;
  stats.snapshot_failures = snapshot_failures_;
  stats.obsolete_files = background.obsolete_files;
  stats.symbols = symbols_.all().size();
  stats.replayed_entries = recovery.replayed_entries;
  stats.torn_bytes = recovery.torn_bytes;
  stats.staged_entries = recovery.staged_entries;
  return stats;
}

Status Database::close() {
  if (closed_) return {};
  closed_ = true;
  if (background_ != nullptr) background_->stop();
  if (key_value_ != nullptr) {
    // Files that only the reader of this thread still held.
    reader_->release();
    key_value_->sweep();
    key_value_->close();
  }
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
