// One series table of an open database: what its shards have reached, its memtables and segments.
//
// Threads: the writer thread; what sources_of() and view() hand out may go anywhere. Lifetime:
// memtables and segments live as long as somebody holds them. Invariants: sequences of a shard have
// no gap; a row is in exactly one of the memtables and segments, whatever is installed.
#pragma once

#include <memory>
#include <vector>

#include "db/manifest.h"
#include "db/marks.h"
#include "db/row_batcher.h"
#include "table/series_reads.h"

namespace ndts {

// What was in a table at one moment, for any thread.
struct SeriesView {
  std::shared_ptr<const TableSchema> schema;
  std::vector<MemtableView> memtables;
  std::vector<std::shared_ptr<const SegmentList>> segments;  // by shard

  // Lives as long as the view.
  [[nodiscard]] SeriesSources sources(std::uint32_t shard) const;
};

struct SegmentTotals {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t rows = 0;
};

class SeriesTable {
 public:
  // `memtable_bytes`: how much memory for memtables to keep for re-use.
  SeriesTable(const TableProgress& progress, std::uint64_t memtable_bytes);

  [[nodiscard]] const TableSchema& schema() const { return *schema_; }
  [[nodiscard]] std::uint64_t bytes() const;
  [[nodiscard]] std::uint64_t active_bytes() const { return active_->bytes(); }
  [[nodiscard]] std::uint64_t active_rows() const { return active_->rows(); }
  [[nodiscard]] SegmentTotals segment_totals() const;

  [[nodiscard]] std::span<const ShardPosition> positions() const { return positions_; }
  void set_epoch(std::uint32_t shard, std::uint64_t epoch) { positions_[shard].epoch = epoch; }
  // Of ticks: as the open granted them.
  void set_epochs(std::uint32_t shard, const std::vector<ManifestEpoch>& epochs) {
    progress_[shard].epochs = epochs;
  }
  [[nodiscard]] const std::vector<ShardProgress>& progress() const { return progress_; }

  // Rows that are accepted: they end at `position` of the log.
  void append(const LoggedRows& rows, std::uint64_t position);
  // Rows found in the log; why they cannot be there, or null.
  [[nodiscard]] const char* replay(const LoggedRows& rows);
  // Everything found is durable.
  void end_replay();

  // Both exclusive. advance() first.
  void advance(std::uint64_t durable_position) { marks_.advance(durable_position); }
  [[nodiscard]] std::uint64_t durable(std::uint32_t shard) const { return marks_.durable(shard); }
  [[nodiscard]] std::uint64_t sealed(std::uint32_t shard) const {
    return progress_[shard].sealed_sequence;
  }

  [[nodiscard]] SeriesSources sources(std::uint32_t shard);
  [[nodiscard]] SeriesView view() const;

  // Begins a new memtable; the one before, or null when it has no rows, is to be flushed. Only
  // while nothing is being flushed.
  [[nodiscard]] std::shared_ptr<const SeriesMemtable> rotate();
  // The memtable is in segments now, which were added.
  void flushed();
  void add_segment(std::shared_ptr<const SegmentReader> segment);
  // Some segments of a shard were replaced by others, or by none.
  void edit_segments(std::uint32_t shard, std::span<const std::uint64_t> removed,
                     SegmentList added);
  [[nodiscard]] std::span<const std::shared_ptr<const SegmentList>> segments() const {
    return segments_;
  }

 private:
  void note_epoch(const LoggedRows& rows);

  const std::shared_ptr<const TableSchema> schema_;
  const std::shared_ptr<ChunkPool> pool_;
  std::vector<ShardPosition> positions_;
  std::vector<ShardProgress> progress_;
  DurableMarks marks_;
  std::shared_ptr<SeriesMemtable> active_;
  std::shared_ptr<SeriesMemtable> immutable_;  // being flushed, or null
  std::vector<std::shared_ptr<const SegmentList>> segments_;  // by shard, never null
};

}  // namespace ndts
