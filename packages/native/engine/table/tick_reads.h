// Reads of the series table across memtables and segments: by symbol and time, the newest of a
// symbol, by sequence. Sources may overlap in time in any way; the order is always (time,
// sequence).
//
// Threads: the writer thread of the memtables. Lifetime: nothing is kept between calls; segments
// and memtables outlive the call. Errors: CORRUPT when a block that is needed does not match its
// checksum; the batch then holds nothing to rely on.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "table/memtable.h"
#include "table/segment_reader.h"

namespace ndts {

// What one shard's rows are in.
struct TickSources {
  std::uint32_t shard;
  std::span<SeriesMemtable* const> memtables;
  std::span<const std::unique_ptr<SegmentReader>> segments;
};

struct TimeRange {
  std::int64_t from;                 // inclusive
  std::int64_t to;                   // exclusive
  std::uint64_t first_sequence = 0;  // rows at `from` below this sequence are skipped
};

// Fills the batch from its start, in (time, sequence) order, and sets `count`; fewer than the
// capacity means that the range ends there.
[[nodiscard]] Status load_ticks(const TickSources& sources, std::uint32_t symbol,
                                const TimeRange& range, const TickBatchView& batch,
                                std::size_t* count);

// The newest rows of the symbol by (time, sequence), at most the capacity, oldest first.
[[nodiscard]] Status last_ticks(const TickSources& sources, std::uint32_t symbol,
                                const TickBatchView& batch, std::size_t* count);

// Rows of the shard with sequence >= from, ascending, at most the capacity. Sequences nobody has
// (they were lost with an older epoch's tail, or retired) are skipped.
[[nodiscard]] Status read_sequence(const TickSources& sources, std::uint64_t from,
                                   const TickBatchView& batch, std::size_t* count);

}  // namespace ndts
