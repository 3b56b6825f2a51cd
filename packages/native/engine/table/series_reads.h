// Reads of a series table across memtables and segments: by symbol and time, the newest of a
// symbol, by sequence. Sources may overlap in time in any way; the order is always (time,
// sequence).
//
// Threads: any, for sources that stand still; a source with `live` belongs to the writer thread.
// Lifetime: nothing is kept between calls; texts handed out live as long as their source.
// Errors: CORRUPT or IO_ERROR when a block that is needed cannot be read; what was handed out then
// holds nothing to rely on.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "table/memtable.h"
#include "table/segment_reader.h"
#include "table/tick_batch.h"

namespace ndts {

struct MemtableSource {
  const SeriesMemtable* memtable;
  ShardExtent extent;
  // Of the writer: the same memtable, whose order by time is kept from call to call.
  SeriesMemtable* live = nullptr;
};

using SegmentList = std::vector<std::shared_ptr<const SegmentReader>>;

// What one shard's rows of a table are in.
struct SeriesSources {
  const TableSchema* schema;
  std::uint32_t shard;
  std::vector<MemtableSource> memtables;
  const SegmentList* segments;
};

struct TimeRange {
  std::int64_t from;                 // inclusive
  std::int64_t to;                   // exclusive
  std::uint64_t first_sequence = 0;  // rows at `from` below this sequence are skipped
};

// Where rows go, by column; a null pointer is a column that nobody wants.
struct RowsOut {
  std::size_t capacity = 0;
  double* day = nullptr;
  double* ns_of_day = nullptr;
  double* sequence = nullptr;
  std::uint32_t* symbol = nullptr;
  std::uint32_t* shard = nullptr;
  std::uint32_t* epoch = nullptr;
  std::vector<std::byte*> values;  // by column of the schema
  std::vector<std::uint8_t*> nulls;

  static RowsOut of(const TickBatchView& batch);
};

// Fills from the start, in (time, sequence) order, and sets `count`; fewer than the capacity means
// that the range ends there.
[[nodiscard]] Status load_rows(const SeriesSources& sources, std::uint32_t symbol,
                               const TimeRange& range, const RowsOut& out, std::size_t* count);

// The newest rows of the symbol by (time, sequence), at most the capacity, oldest first.
[[nodiscard]] Status last_rows(const SeriesSources& sources, std::uint32_t symbol,
                               const RowsOut& out, std::size_t* count);

// Rows of the shard with sequence >= from, ascending, at most the capacity. Sequences nobody has
// (they were lost with an older epoch's tail, or retired) are skipped.
[[nodiscard]] Status read_sequence(const SeriesSources& sources, std::uint64_t from,
                                   const RowsOut& out, std::size_t* count);

}  // namespace ndts
