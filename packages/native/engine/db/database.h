// ndtsdb: one engine over one folder: a log, series tables in shards (ticks and those that were
// created), a key-value table.
//
//   dir/LOCK              held while open
//   dir/MANIFEST          which files there are, tables, epochs (docs/formats/manifest.md)
//   dir/wal/              the log (docs/formats/wal.md)
//   dir/tables/           segments, sorted tables, symbol files
//   dir/snapshots/        links to these, one folder a snapshot
//   staging_dir/          the staging file of the log, in shared memory where there is any
//
// Threads: every call from one thread at a time, the writer's; what snapshot() returns goes to any.
// on_durable comes from the committer and on_failure from the background. Lifetime: FileSystem and
// Clock outlive the database; snapshots may outlive it.
// Errors: INVALID_ARGUMENT, ALREADY_EXISTS, NOT_FOUND, LOCKED, READ_ONLY, DISK_FULL, IO_ERROR,
// CORRUPT, VERSION_TOO_NEW, NO_SPACE_ACCEPTED, each with file and offset where there is one.
// Invariants: what a call accepted is read back by every later call and after kill -9; what is
// durable, after power loss. A batch is one log entry: accepted whole or not at all. Epochs grow
// durably at each open before anything is accepted; sequences of a shard have no gap and never
// start again. Memory above durable is never freed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "db/background.h"
#include "db/database_snapshot.h"
#include "db/manifest.h"
#include "db/row_batcher.h"
#include "db/series_table.h"
#include "db/snapshot_folder.h"
#include "kv/key_value_store.h"
#include "table/key_value.h"
#include "wal/wal.h"

namespace ndts {

// The shard of a log entry that belongs to more than one, or to none.
inline constexpr std::uint32_t kManyShards = 0xffff'ffff;

struct DatabaseOptions {
  FileSystem* files = nullptr;
  Clock* clock = nullptr;
  std::string dir;
  std::string staging_dir;
  std::uint64_t staging_bytes = 64u << 20;
  std::uint64_t wal_file_bytes = 64u << 20;
  std::uint64_t wal_budget_bytes = 512u << 20;
  std::uint64_t memtable_bytes = 128u << 20;
  std::int64_t commit_interval_ns = 5'000'000;
  std::int64_t seal_interval_ns = 0;  // 0: sealed by size only
  std::uint32_t shard_count = 64;  // a power of two
  std::int64_t snapshot_interval_ns = 0;  // 0: snapshots on demand only
  std::uint32_t snapshots_kept = 2;       // of those made by themselves
  CompactionOptions compaction;           // of the key-value table
  SegmentPlanOptions segments;
  std::uint32_t day_segments_limit = 256;  // files of a (table, shard, day) before writes wait
  std::uint64_t compaction_bytes_per_second = 0;  // of each; 0: as fast as it goes
  // false: no thread is started; commits and flushes run when somebody waits (tests).
  bool threads = true;
  std::function<void(std::uint64_t)> on_durable;
  std::function<void(const Status&)> on_failure;  // again and again while the log is read-only
};

struct DatabaseStats {
  std::uint64_t append_waits;  // for staging memory, a log file, or memory
  std::uint64_t append_wait_ns;
  std::uint64_t stalls;        // of these: for a flush or a compaction that can't keep up
  std::uint64_t stall_ns;
  std::uint64_t commits;
  std::uint64_t wal_files;
  std::uint64_t wal_bytes;
  std::uint64_t memtable_bytes;
  std::uint64_t segments;
  std::uint64_t segment_bytes;
  std::uint64_t segment_rows;
  std::uint64_t key_value_entries;  // overwritten and deleted ones too, until compaction
  std::uint64_t key_value_bytes;    // of its files
  std::uint64_t key_value_pending;  // bytes that compaction is behind
  std::uint64_t flushes;
  std::uint64_t flush_failures;
  std::uint64_t merges;  // of segments, and compactions of the key-value table
  std::uint64_t merged_bytes;
  std::uint64_t merge_failures;
  std::uint64_t snapshots;
  std::uint64_t snapshot_failures;
  std::uint64_t obsolete_files;
  std::uint64_t symbols;
  std::uint64_t replayed_entries;
  std::uint64_t torn_bytes;
  std::uint64_t staged_entries;
};

class Database {
 public:
  [[nodiscard]] static Status open(const DatabaseOptions& options,
                                   std::unique_ptr<Database>* database);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  std::uint32_t shard_count() const { return options_.shard_count; }
  [[nodiscard]] Status register_symbol(std::uint32_t id, std::uint32_t shard,
                                       std::string_view name);
  std::span<const SymbolInfo* const> symbols() const { return symbols_.all(); }
  // kNoShard when the symbol is not known.
  std::uint32_t shard_of(std::uint32_t symbol) const { return symbols_.shard(symbol); }
  // shard < shard_count().
  std::uint64_t epoch(std::uint32_t shard) const { return manifest_.epochs[shard]; }

  // Logs the table and gives it an id; the same schema again is the same table. ALREADY_EXISTS when
  // the name has another schema. `schema.id` is not looked at.
  [[nodiscard]] Status create_table(const TableSchema& schema, std::uint32_t* table);
  // Ticks first. Null when there is no such table.
  std::vector<const TableSchema*> tables() const;
  [[nodiscard]] const TableSchema* schema(std::uint32_t table) const;

  std::uint64_t next_sequence(std::uint32_t shard, std::uint32_t table = kTickTable) const {
    return find(table)->positions()[shard].next_sequence;
  }
  // Writes shard, epoch and sequence into the rows. A failed call changes nothing. `joined`, a
  // batch as for write(), is accepted with them in one entry: both survive, or neither.
  [[nodiscard]] Status append_ticks(const TickBatchView& batch, std::uint64_t* position,
                                    Bytes joined = Bytes());
  [[nodiscard]] Status append_rows(std::uint32_t table, const RowsIn& rows,
                                   std::uint64_t* position, Bytes joined = Bytes());
  // [accepted, durable, replicated, sealed] of each shard, exclusive. `table` exists.
  void watermarks(std::span<double> into, std::uint32_t table = kTickTable);
  [[nodiscard]] Status load_rows(std::uint32_t table, std::uint32_t symbol, const TimeRange& range,
                                 const RowsOut& out, std::size_t* count);
  [[nodiscard]] Status last_rows(std::uint32_t table, std::uint32_t symbol, const RowsOut& out,
                                 std::size_t* count);
  [[nodiscard]] Status read_sequence(std::uint32_t table, std::uint32_t shard, std::uint64_t from,
                                     const RowsOut& out, std::size_t* count);

  // nullopt: no such key. The value lives until the next call.
  [[nodiscard]] Status get(std::string_view key, std::optional<Bytes>* value);
  [[nodiscard]] Status scan(const KeyValueScan& range, const KeyValueTable::Visit& visit);
  // `batch` as encode_operation() makes it; an empty one is accepted and changes nothing.
  [[nodiscard]] Status write(Bytes batch, std::uint64_t* position);

  // For readers on other threads (KeyValueReader, snapshots), until close(); from any thread.
  const KeyValueStore& key_value() const { return *key_value_; }

  std::uint64_t accepted_position() const { return wal_->accepted_position(); }
  std::uint64_t durable_position() const { return wal_->durable_position(); }
  void request_commit() { wal_->request_commit(); }
  [[nodiscard]] Status wait_durable(std::uint64_t position) { return wal_->wait_durable(position); }
  // Why nothing becomes durable now; ok when it does.
  [[nodiscard]] Status failure() const { return wal_->failure(); }

  // One state of all tables, for any thread, for as long as it is kept.
  [[nodiscard]] DatabaseSnapshot snapshot();
  // Begins a snapshot on disk of what is accepted now; ask snapshot_result() until it is there.
  // Only one at a time: ALREADY_EXISTS.
  [[nodiscard]] Status begin_snapshot(const std::string& name);
  // nullopt while it is under way or none was begun; the outcome once.
  [[nodiscard]] std::optional<Status> snapshot_result();
  // Waits for it.
  [[nodiscard]] Status write_snapshot(const std::string& name);
  [[nodiscard]] Status list_snapshots(std::vector<SnapshotInfo>* snapshots) const;
  // Not while one is being made.
  [[nodiscard]] Status remove_snapshot(const std::string& name);

  // The segments of a table, by shard; without those being written.
  [[nodiscard]] Status segments(std::uint32_t table, std::vector<SegmentRecord>* segments);
  // Lets segments go, or takes files in that were segments of this database and are not in it;
  // ask change_result() until it is there. NOT_FOUND when one that is to go is not there (any
  // more): it was merged; INVALID_ARGUMENT for a file of something else; ALREADY_EXISTS when its
  // rows are there, or another change is under way; UNAVAILABLE while the same segment is still
  // read. Memory is not looked at: seal() first where that matters.
  [[nodiscard]] Status begin_change(SegmentChange change);
  // nullopt while it is under way or none was begun; the outcome once.
  [[nodiscard]] std::optional<Status> change_result();
  // Waits for it.
  [[nodiscard]] Status change_segments(SegmentChange change);

  // Seals everything into files, waits for it, and lets the log go.
  [[nodiscard]] Status seal();
  // Merges and compacts until nothing is due. Without threads, or for tools and benches.
  [[nodiscard]] Status settle();
  // Does what is due: takes in a flush that ended, begins one that is needed. Every append does.
  void tend();
  DatabaseStats stats();
  // Commits everything and releases the folder; twice is allowed, anything else after it is not.
  [[nodiscard]] Status close();

 private:
  explicit Database(const DatabaseOptions& options);
  [[nodiscard]] Status check_options() const;
  [[nodiscard]] Status load_manifest();
  [[nodiscard]] Status create_manifest();
  [[nodiscard]] Status load_symbols(const std::vector<SymbolInfo>& old_symbols);
  [[nodiscard]] Status add_symbols(const std::vector<SymbolInfo>& symbols,
                                   const std::string& path);
  [[nodiscard]] Status load_segments(SegmentList* segments);
  [[nodiscard]] Status open_key_value();
  [[nodiscard]] Status load_old_table();
  void remove_strays();
  [[nodiscard]] Status open_log();
  [[nodiscard]] Status replay(const WalRecord& record);
  [[nodiscard]] Status replay_rows(const WalRecord& record);
  [[nodiscard]] Status replay_joined(const WalRecord& record);
  [[nodiscard]] Status replay_group(const WalRecord& record, const LoggedRows& rows);
  [[nodiscard]] Status replay_symbol(const WalRecord& record);
  [[nodiscard]] Status replay_table(const WalRecord& record);
  [[nodiscard]] Status grant_epochs();
  void start_background(SegmentList segments);

  [[nodiscard]] SeriesTable* find(std::uint32_t table) const;
  [[nodiscard]] Status find_readable(std::uint32_t table, std::uint32_t symbol,
                                     std::uint32_t* shard, SeriesTable** found) const;
  SeriesTable& add_table(const TableProgress& progress);
  [[nodiscard]] Status append(SeriesTable& table, const RowsIn& rows, Bytes joined,
                              std::uint64_t* position);
  [[nodiscard]] Status log_rows(LogKind kind, std::uint32_t tag, Bytes joined,
                                std::uint64_t* position);
  [[nodiscard]] std::uint64_t active_bytes() const;
  [[nodiscard]] std::uint64_t active_rows() const;
  [[nodiscard]] Status make_room();
  void rotate(const std::string& snapshot);
  void resubmit(std::unique_ptr<FlushJob> job);
  void install(std::unique_ptr<FlushJob> job);
  void install_edits();
  void note_snapshot(const FlushJob& job);
  [[nodiscard]] bool snapshot_due();
  [[nodiscard]] bool anything_to_flush() const;
  [[nodiscard]] bool is_old();

  const DatabaseOptions options_;
  std::unique_ptr<FileLock> lock_;
  Manifest manifest_;  // as the open wrote it; the background has the present one
  SymbolTable symbols_;
  std::size_t symbols_flushed_ = 0;  // the first so many are in files, or on their way
  std::size_t old_symbols_ = 0;  // of these, in a manifest of version 2 or older
  std::vector<std::unique_ptr<SeriesTable>> tables_;  // ticks first
  RowBatcher batcher_;
  RowsIn tick_rows_;
  LoggedRows logged_;
  std::vector<std::byte> scratch_;

  std::int64_t unsealed_since_ns_ = 0;  // oldest write that no file holds yet; 0: none
  std::unique_ptr<KeyValueStore> key_value_;
  std::unique_ptr<KeyValueReader> reader_;  // of the writer thread
  bool key_value_changed_ = false;  // since the flush before

  std::unique_ptr<Wal> wal_;
  std::unique_ptr<Background> background_;
  std::unique_ptr<FlushJob> failed_;  // a flush to be tried again
  std::int64_t retry_at_ns_ = 0;
  std::uint64_t flushed_position_ = 0;  // of the log: everything up to it is in files
  std::uint64_t flushes_ = 0;
  std::uint64_t flush_failures_ = 0;
  std::uint64_t stalls_ = 0;
  std::uint64_t stall_ns_ = 0;

  std::string wanted_snapshot_;  // begun, not yet handed to a flush
  bool snapshot_running_ = false;
  std::optional<Status> snapshot_result_;
  std::int64_t snapshot_at_ns_ = 0;  // when the last one was made by itself
  std::uint64_t snapshots_ = 0;
  std::uint64_t snapshot_position_ = 0;  // of the log: up to it, the last one that was made
  std::uint64_t snapshot_failures_ = 0;
  bool changing_ = false;  // segments, on demand
  bool closed_ = false;
};

}  // namespace ndts
