// ndtsdb: one engine over one folder: a log, a series table of ticks in shards, a key-value table.
//
//   dir/LOCK              held while open
//   dir/MANIFEST          which files there are, epochs, symbols (docs/formats/manifest.md)
//   dir/wal/              the log (docs/formats/wal.md)
//   dir/tables/           segments and the key-value table
//   staging_dir/          the staging file of the log, in shared memory where there is any
//
// Threads: every call from one thread at a time, the writer's; on_durable comes from the committer
// and on_failure from the flush thread. Lifetime: FileSystem and Clock outlive the database.
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
#include "db/flush.h"
#include "db/manifest.h"
#include "db/marks.h"
#include "db/tick_batcher.h"
#include "kv/key_value_store.h"
#include "table/key_value.h"
#include "table/memtable.h"
#include "table/tick_reads.h"
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
  // false: no thread is started; commits and flushes run when somebody waits (tests).
  bool threads = true;
  std::function<void(std::uint64_t)> on_durable;
  std::function<void(const Status&)> on_failure;  // again and again while the log is read-only
};

struct DatabaseStats {
  std::uint64_t append_waits;
  std::uint64_t append_wait_ns;
  std::uint64_t commits;
  std::uint64_t wal_files;
  std::uint64_t wal_bytes;
  std::uint64_t memtable_bytes;
  std::uint64_t segments;
  std::uint64_t segment_bytes;
  std::uint64_t key_value_entries;  // overwritten and deleted ones too, until compaction
  std::uint64_t flushes;
  std::uint64_t flush_failures;
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
  // shard < shard_count().
  std::uint64_t epoch(std::uint32_t shard) const { return shards_[shard].epoch; }
  std::uint64_t next_sequence(std::uint32_t shard) const { return shards_[shard].next_sequence; }

  // Writes shard, epoch and sequence into the rows. A failed call changes nothing.
  [[nodiscard]] Status append_ticks(const TickBatchView& batch, std::uint64_t* position);
  // [accepted, durable, replicated, sealed] of each shard, exclusive.
  void watermarks(std::span<double> into);
  [[nodiscard]] Status load_ticks(std::uint32_t symbol, const TimeRange& range,
                                  const TickBatchView& batch, std::size_t* count);
  [[nodiscard]] Status last_ticks(std::uint32_t symbol, const TickBatchView& batch,
                                  std::size_t* count);
  [[nodiscard]] Status read_sequence(std::uint32_t shard, std::uint64_t from,
                                     const TickBatchView& batch, std::size_t* count);

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

  // Seals everything into files, waits for it, and lets the log go.
  [[nodiscard]] Status seal();
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
  [[nodiscard]] Status load_files();
  [[nodiscard]] Status open_key_value();
  [[nodiscard]] Status load_old_table();
  void remove_strays();
  [[nodiscard]] Status open_log();
  [[nodiscard]] Status replay(const WalRecord& record);
  [[nodiscard]] Status replay_ticks(const WalRecord& record);
  [[nodiscard]] Status replay_symbol(const WalRecord& record);
  [[nodiscard]] Status grant_epochs();

  TickSources sources(std::uint32_t shard);
  [[nodiscard]] Status make_room();
  void rotate();
  void resubmit(std::unique_ptr<FlushJob> job);
  void install(std::unique_ptr<FlushJob> job);
  bool anything_to_flush() const;
  bool is_old();

  const DatabaseOptions options_;
  std::unique_ptr<FileLock> lock_;
  Manifest manifest_;  // as it was read or written last
  SymbolTable symbols_;
  std::vector<ShardPosition> shards_;
  DurableMarks marks_;
  TickBatcher batcher_;
  std::vector<std::byte> scratch_;

  ChunkPool pool_;
  std::int64_t unsealed_since_ns_ = 0;  // oldest write that no file holds yet; 0: none
  std::unique_ptr<SeriesMemtable> active_;
  std::unique_ptr<SeriesMemtable> immutable_;  // being flushed, or null
  std::vector<SeriesMemtable*> memtables_;     // of the two, those that exist
  std::vector<std::vector<std::unique_ptr<SegmentReader>>> segments_;  // by shard
  std::unique_ptr<KeyValueStore> key_value_;
  std::unique_ptr<KeyValueReader> reader_;  // of the writer thread
  bool key_value_changed_ = false;  // since the flush before

  std::unique_ptr<Wal> wal_;
  std::unique_ptr<Flusher> flusher_;
  std::unique_ptr<FlushJob> failed_;  // a flush to be tried again
  std::int64_t retry_at_ns_ = 0;
  std::uint64_t flushes_ = 0;
  std::uint64_t flush_failures_ = 0;
  std::uint64_t stalls_ = 0;
  std::uint64_t stall_ns_ = 0;
  bool closed_ = false;
};

}  // namespace ndts
