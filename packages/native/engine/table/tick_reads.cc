// See tick_reads.h.
#include "table/tick_reads.h"

#include <algorithm>
#include <limits>

namespace ndts {

namespace {

struct Key {
  std::int64_t time;
  std::uint64_t sequence;
  friend auto operator<=>(const Key&, const Key&) = default;
};

// Walks the rows of one symbol in one source. A segment's block is read only when the merge
// arrives there: until then the cursor stands at the block's earliest time.
struct Cursor {
  SeriesMemtable* memtable = nullptr;
  std::span<const std::uint32_t> rows;
  const SegmentReader* segment = nullptr;
  std::span<const SegmentBlock> blocks;  // the ones still to come, the current one first
  BlockColumns columns;                  // rows == 0: the current block is not read yet
  std::size_t at = 0;
  Key key{};
};

bool later(const Cursor& a, const Cursor& b) { return a.key > b.key; }

Key key_at(const BlockColumns& columns, std::size_t at) {
  return {columns.time[at], columns.sequence[at]};
}

// The first row of the block at or after `key`.
std::size_t lower_row(const BlockColumns& columns, Key key) {
  std::size_t low = 0;
  std::size_t high = columns.rows;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (key_at(columns, middle) < key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

class Merge {
 public:
  Merge(const TickSources& sources, std::uint32_t symbol, Key from, std::int64_t to)
      : shard_(sources.shard), from_(from), to_(to) {
    for (SeriesMemtable* memtable : sources.memtables) add_memtable(*memtable, symbol);
    for (const std::unique_ptr<SegmentReader>& segment : sources.segments)
      add_segment(*segment, symbol);
    std::make_heap(cursors_.begin(), cursors_.end(), later);
  }

  Status run(const TickBatchView& batch, std::size_t* count) {
    std::size_t filled = 0;
    while (filled < batch.capacity && !cursors_.empty()) {
      std::pop_heap(cursors_.begin(), cursors_.end(), later);
      Cursor cursor = cursors_.back();
      cursors_.pop_back();
      if (cursor.segment != nullptr && cursor.columns.rows == 0) {
        NDTS_TRY(cursor.segment->read(cursor.blocks.front(), &cursor.columns));
        cursor.at = lower_row(cursor.columns, from_);
      } else {
        const Key limit = cursors_.empty() ? Key{to_, 0} : std::min(cursors_.front().key, {to_, 0});
        do {
          put_row(batch, filled, current(cursor), shard_);
          filled += 1;
          cursor.at += 1;
        } while (filled < batch.capacity && settle(cursor) && !unread(cursor) &&
                 cursor.key < limit);
      }
      if (settle(cursor)) push(cursor);
    }
    *count = filled;
    return {};
  }

 private:
  static bool unread(const Cursor& cursor) {
    return cursor.segment != nullptr && cursor.columns.rows == 0;
  }

  TickRow current(const Cursor& cursor) const {
    return cursor.memtable != nullptr ? cursor.memtable->row(shard_, cursor.rows[cursor.at])
                                      : cursor.columns.row(cursor.at);
  }

  // Moves to the next row that exists and sets the key; false when the source has no more.
  bool settle(Cursor& cursor) const {
    if (cursor.memtable != nullptr) {
      if (cursor.at >= cursor.rows.size()) return false;
      const std::uint32_t row = cursor.rows[cursor.at];
      cursor.key = {cursor.memtable->time(shard_, row),
                    cursor.memtable->first_sequence(shard_) + row};
    } else if (cursor.columns.rows != 0 && cursor.at < cursor.columns.rows) {
      cursor.key = key_at(cursor.columns, cursor.at);
    } else if (cursor.columns.rows != 0) {
      cursor.blocks = cursor.blocks.subspan(1);
      cursor.columns.rows = 0;
      cursor.at = 0;
    }
    if (unread(cursor)) {
      if (cursor.blocks.empty()) return false;
      cursor.key = {cursor.blocks.front().min_time, 0};
    }
    return cursor.key.time < to_;
  }

  void push(const Cursor& cursor) {
    cursors_.push_back(cursor);
    std::push_heap(cursors_.begin(), cursors_.end(), later);
  }

  void add_memtable(SeriesMemtable& memtable, std::uint32_t symbol) {
    Cursor cursor;
    cursor.memtable = &memtable;
    cursor.rows = memtable.sorted_rows(shard_, symbol);
    const auto first = std::partition_point(
        cursor.rows.begin(), cursor.rows.end(), [this, &memtable](std::uint32_t row) {
          return Key{memtable.time(shard_, row), memtable.first_sequence(shard_) + row} < from_;
        });
    cursor.at = static_cast<std::size_t>(first - cursor.rows.begin());
    if (settle(cursor)) cursors_.push_back(cursor);
  }

  void add_segment(const SegmentReader& segment, std::uint32_t symbol) {
    if (segment.summary().max_time < from_.time || segment.summary().min_time >= to_) return;
    Cursor cursor;
    cursor.segment = &segment;
    cursor.blocks = segment.blocks(symbol);
    const auto first = std::partition_point(
        cursor.blocks.begin(), cursor.blocks.end(),
        [this](const SegmentBlock& block) { return block.max_time < from_.time; });
    cursor.blocks = {first, cursor.blocks.end()};
    if (settle(cursor)) cursors_.push_back(cursor);
  }

  const std::uint32_t shard_;
  const Key from_;
  const std::int64_t to_;
  std::vector<Cursor> cursors_;  // a heap, the earliest key in front
};

// Keeps the newest `limit` rows offered, as a heap with the oldest of them in front.
class Newest {
 public:
  explicit Newest(std::size_t limit) : limit_(limit) {}
  bool full() const { return rows_.size() == limit_; }
  Key oldest() const { return {rows_.front().time, rows_.front().sequence}; }
  void offer(const TickRow& row) {
    if (full()) {
      if (!newer(row, rows_.front())) return;
      std::pop_heap(rows_.begin(), rows_.end(), newer);
      rows_.back() = row;
    } else {
      rows_.push_back(row);
    }
    std::push_heap(rows_.begin(), rows_.end(), newer);
  }
  std::span<const TickRow> sorted() {
    std::sort_heap(rows_.begin(), rows_.end(), newer);
    std::reverse(rows_.begin(), rows_.end());
    return rows_;
  }

 private:
  static bool newer(const TickRow& a, const TickRow& b) {
    return Key{a.time, a.sequence} > Key{b.time, b.sequence};
  }
  const std::size_t limit_;
  std::vector<TickRow> rows_;
};

Status offer_segment(const SegmentReader& segment, std::span<const SegmentBlock> blocks,
                     Newest& newest) {
  while (!blocks.empty()) {
    const SegmentBlock& block = blocks.back();
    if (newest.full() && block.max_time < newest.oldest().time) return {};
    BlockColumns columns;
    NDTS_TRY(segment.read(block, &columns));
    for (std::size_t at = columns.rows; at > 0; at -= 1) {
      if (newest.full() && key_at(columns, at - 1) < newest.oldest()) break;
      newest.offer(columns.row(at - 1));
    }
    blocks = blocks.first(blocks.size() - 1);
  }
  return {};
}

// A window of consecutive sequences being filled from sources in any order.
struct Window {
  std::uint64_t first;
  std::uint64_t end;
  std::vector<std::uint8_t> filled;

  Window(std::uint64_t from, std::uint64_t to)
      : first(from), end(to), filled(static_cast<std::size_t>(to - from)) {}
};

Status fill_from_segment(const SegmentReader& segment, std::uint32_t shard, Window& window,
                         const TickBatchView& batch) {
  for (const SegmentBlock& block : segment.blocks()) {
    BlockColumns columns;
    NDTS_TRY(segment.read(block, &columns));
    for (std::size_t at = 0; at < columns.rows; at += 1) {
      const std::uint64_t sequence = columns.sequence[at];
      if (sequence < window.first || sequence >= window.end) continue;
      const auto index = static_cast<std::size_t>(sequence - window.first);
      put_row(batch, index, columns.row(at), shard);
      window.filled[index] = 1;
    }
  }
  return {};
}

Status fill_window(const TickSources& sources, Window& window, const TickBatchView& batch) {
  for (SeriesMemtable* memtable : sources.memtables) {
    if (memtable->shard_rows(sources.shard) == 0) continue;
    const std::uint64_t base = memtable->first_sequence(sources.shard);
    const std::uint64_t end = std::min(window.end, memtable->end_sequence(sources.shard));
    for (std::uint64_t at = std::max(window.first, base); at < end; at += 1) {
      const auto index = static_cast<std::size_t>(at - window.first);
      put_row(batch, index, memtable->row(sources.shard, static_cast<std::uint32_t>(at - base)),
              sources.shard);
      window.filled[index] = 1;
    }
  }
  for (const std::unique_ptr<SegmentReader>& segment : sources.segments) {
    const ManifestSegment& summary = segment->summary();
    if (summary.end_sequence <= window.first || summary.first_sequence >= window.end) continue;
    NDTS_TRY(fill_from_segment(*segment, sources.shard, window, batch));
  }
  return {};
}

// Moves the filled rows to the front.
std::size_t close_gaps(const Window& window, const TickBatchView& batch) {
  std::size_t count = 0;
  for (std::size_t index = 0; index < window.filled.size(); index += 1) {
    if (window.filled[index] == 0) continue;
    if (count != index) {
      batch.each([count, index](auto* column) { column[count] = column[index]; });
    }
    count += 1;
  }
  return count;
}

// The lowest sequence at or after `from` that a source may have; the maximum when there is none.
std::uint64_t next_sequence_at(const TickSources& sources, std::uint64_t from) {
  std::uint64_t lowest = std::numeric_limits<std::uint64_t>::max();
  for (const SeriesMemtable* memtable : sources.memtables)
    if (memtable->shard_rows(sources.shard) > 0 && memtable->end_sequence(sources.shard) > from)
      lowest = std::min(lowest, std::max(from, memtable->first_sequence(sources.shard)));
  for (const std::unique_ptr<SegmentReader>& segment : sources.segments)
    if (segment->summary().end_sequence > from)
      lowest = std::min(lowest, std::max(from, segment->summary().first_sequence));
  return lowest;
}

}  // namespace

Status load_ticks(const TickSources& sources, std::uint32_t symbol, const TimeRange& range,
                  const TickBatchView& batch, std::size_t* count) {
  Merge merge(sources, symbol, {range.from, range.first_sequence}, range.to);
  return merge.run(batch, count);
}

Status last_ticks(const TickSources& sources, std::uint32_t symbol, const TickBatchView& batch,
                  std::size_t* count) {
  *count = 0;
  if (batch.capacity == 0) return {};
  Newest newest(batch.capacity);
  std::vector<std::uint32_t> rows;
  for (SeriesMemtable* memtable : sources.memtables) {
    memtable->newest_rows(sources.shard, symbol, batch.capacity, rows);
    for (const std::uint32_t row : rows) newest.offer(memtable->row(sources.shard, row));
  }
  struct Candidate {
    std::int64_t max_time;
    const SegmentReader* segment;
    std::span<const SegmentBlock> blocks;
  };
  std::vector<Candidate> candidates;
  for (const std::unique_ptr<SegmentReader>& segment : sources.segments) {
    if (newest.full() && segment->summary().max_time < newest.oldest().time) continue;
    const std::span<const SegmentBlock> blocks = segment->blocks(symbol);
    if (!blocks.empty()) candidates.push_back({blocks.back().max_time, segment.get(), blocks});
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.max_time > b.max_time;
  });
  for (const Candidate& candidate : candidates) {
    if (newest.full() && candidate.max_time < newest.oldest().time) break;
    NDTS_TRY(offer_segment(*candidate.segment, candidate.blocks, newest));
  }
  for (const TickRow& row : newest.sorted()) put_row(batch, (*count)++, row, sources.shard);
  return {};
}

Status read_sequence(const TickSources& sources, std::uint64_t from, const TickBatchView& batch,
                     std::size_t* count) {
  *count = 0;
  while (batch.capacity > 0) {
    const std::uint64_t start = next_sequence_at(sources, from);
    if (start == std::numeric_limits<std::uint64_t>::max()) return {};
    Window window(start, start + batch.capacity);
    NDTS_TRY(fill_window(sources, window, batch));
    *count = close_gaps(window, batch);
    if (*count > 0) return {};
    from = window.end;
  }
  return {};
}

}  // namespace ndts
