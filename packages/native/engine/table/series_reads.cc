// See series_reads.h.
#include "table/series_reads.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace ndts {

namespace {

constexpr std::size_t kGatherRows = 1024;

struct Key {
  std::int64_t time;
  std::uint64_t sequence;
  friend auto operator<=>(const Key&, const Key&) = default;
};

// Copies rows to place `at` of `out`.
void put(const RowsOut& out, std::size_t at, const TableSchema& schema, const RowsView& rows,
         std::uint32_t symbol, std::uint32_t shard) {
  for (std::size_t row = 0; row < rows.count; row += 1) {
    unpack_time(rows.time[row], out.day[at + row], out.ns_of_day[at + row]);
    out.sequence[at + row] = static_cast<double>(rows.sequence[row]);
    out.symbol[at + row] = symbol;
    out.shard[at + row] = shard;
    out.epoch[at + row] = rows.epoch[row];
  }
  for (std::size_t column = 0; column < schema.columns.size(); column += 1) {
    const std::size_t width = value_bytes(schema.columns[column].type);
    if (out.values[column] != nullptr)
      std::memcpy(out.values[column] + width * at, rows.values[column], width * rows.count);
    if (!schema.columns[column].nullable || out.nulls[column] == nullptr) continue;
    if (rows.nulls[column] != nullptr) {
      std::memcpy(out.nulls[column] + at, rows.nulls[column], rows.count);
    } else {
      std::memset(out.nulls[column] + at, 0, rows.count);
    }
  }
}

// The values that are wanted.
std::unique_ptr<bool[]> wanted(const TableSchema& schema, const RowsOut& out) {
  std::unique_ptr<bool[]> columns(new bool[schema.columns.size()]);
  for (std::size_t column = 0; column < schema.columns.size(); column += 1)
    columns[column] = out.values[column] != nullptr;
  return columns;
}

// Walks the rows of one symbol in one source. A segment's block is read only when the merge
// arrives there: until then the cursor stands at the run's earliest time.
class Cursor {
 public:
  virtual ~Cursor() = default;
  Key key{};
  // At the first row at or after `from`; false when there is none.
  [[nodiscard]] virtual Status seek(Key from, bool* found) = 0;
  // Takes rows below `limit`, at least one where the cursor stands on a row, at most `most`;
  // *taken may be 0 when a block had to be read to know. False in *more at the end.
  [[nodiscard]] virtual Status take(Key limit, std::size_t most, std::size_t* taken,
                                    bool* more) = 0;
  // The rows taken last.
  [[nodiscard]] virtual RowsView rows() = 0;
};

class MemtableCursor final : public Cursor {
 public:
  MemtableCursor(const MemtableSource& source, std::uint32_t shard, std::uint32_t symbol)
      : source_(source), shard_(shard), buffer_(source.memtable->schema(), kGatherRows) {
    if (source.live != nullptr) {
      rows_ = source.live->sorted_rows(shard, symbol);
    } else {
      own_ = source.memtable->collect_rows(shard, source.extent, symbol);
      rows_ = own_;
    }
  }
  [[nodiscard]] std::size_t count() const { return rows_.size(); }
  void skip_to_last(std::size_t count) { at_ = rows_.size() - std::min(count, rows_.size()); }
  [[nodiscard]] Key key_of(std::size_t at) const {
    return {source_.memtable->time(shard_, rows_[at]),
            source_.memtable->first_sequence(shard_) + rows_[at]};
  }
  [[nodiscard]] bool settle() {
    if (at_ >= rows_.size()) return false;
    key = key_of(at_);
    return true;
  }

  Status seek(Key from, bool* found) override {
    at_ = first_not_below(from, 0);
    *found = settle();
    return {};
  }
  Status take(Key limit, std::size_t most, std::size_t* taken, bool* more) override {
    const std::size_t end = std::max(first_not_below(limit, at_), at_ + 1);
    *taken = std::min({end - at_, most, kGatherRows});
    buffer_.clear();
    source_.memtable->gather(shard_, source_.extent, rows_.subspan(at_, *taken), &buffer_);
    at_ += *taken;
    *more = settle();
    return {};
  }
  RowsView rows() override { return buffer_.view(); }

 private:
  std::size_t first_not_below(Key key, std::size_t from) const {
    std::size_t low = from;
    std::size_t high = rows_.size();
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (key_of(middle) < key) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  const MemtableSource source_;
  const std::uint32_t shard_;
  std::vector<std::uint32_t> own_;
  std::span<const std::uint32_t> rows_;
  std::size_t at_ = 0;
  RowBuffer buffer_;
};

class SegmentCursor final : public Cursor {
 public:
  SegmentCursor(std::shared_ptr<const SegmentReader> reader, const TableSchema& schema,
                std::uint32_t symbol, std::span<const bool> columns)
      : reader_(std::move(reader)),
        schema_(schema),
        columns_(columns),
        runs_(reader_->runs(symbol)) {}
  [[nodiscard]] bool empty() const { return runs_.empty(); }
  [[nodiscard]] std::span<const SegmentRun> runs() const { return runs_; }
  // Only the last `count` rows; how many there are.
  std::size_t skip_to_last(std::size_t count) {
    std::size_t have = 0;
    for (std::size_t at = runs_.size(); at > 0; at -= 1) {
      have += runs_[at - 1].rows;
      if (have < count && at > 1) continue;
      run_ = at - 1;
      skip_ = have > count ? have - count : 0;
      break;
    }
    return std::min(have, count);
  }
  [[nodiscard]] bool settle() {
    if (read_ && at_ >= end_) {
      run_ += 1;
      read_ = false;
    }
    if (!read_ && run_ >= runs_.size()) return false;
    key = read_ ? Key{all_.time[at_], all_.sequence[at_]} : Key{runs_[run_].min_time, 0};
    return true;
  }

  Status seek(Key from, bool* found) override {
    const auto first =
        std::partition_point(runs_.begin() + static_cast<std::ptrdiff_t>(run_), runs_.end(),
                             [&](const SegmentRun& run) { return run.max_time < from.time; });
    run_ = static_cast<std::size_t>(first - runs_.begin());
    from_ = from;
    *found = settle();
    return {};
  }
  Status take(Key limit, std::size_t most, std::size_t* taken, bool* more) override {
    *taken = 0;
    if (!read_) {
      NDTS_TRY(read_run());
    } else {
      const std::size_t end = std::max(first_not_below(limit), at_ + 1);
      *taken = std::min(end - at_, most);
      first_taken_ = at_;
      taken_ = *taken;
      at_ += *taken;
    }
    *more = settle();
    return {};
  }
  RowsView rows() override { return block_->view(first_taken_, taken_); }

 private:
  Status read_run() {
    if (block_ == nullptr) block_ = std::make_unique<BlockRows>(schema_);
    const SegmentRun& run = runs_[run_];
    NDTS_TRY(block_->read(*reader_, run.block, columns_));
    all_ = block_->view();
    at_ = run.first_row + skip_;
    end_ = std::size_t{run.first_row} + run.rows;
    skip_ = 0;
    read_ = true;
    at_ = first_not_below(from_);
    return {};
  }
  std::size_t first_not_below(Key key) const {
    std::size_t low = at_;
    std::size_t high = end_;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (Key{all_.time[middle], all_.sequence[middle]} < key) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  const std::shared_ptr<const SegmentReader> reader_;
  const TableSchema& schema_;
  const std::span<const bool> columns_;
  const std::span<const SegmentRun> runs_;
  std::unique_ptr<BlockRows> block_;
  RowsView all_;
  Key from_{std::numeric_limits<std::int64_t>::min(), 0};
  std::size_t run_ = 0;
  std::size_t skip_ = 0;
  bool read_ = false;  // the run's block is in all_
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  std::size_t first_taken_ = 0;
  std::size_t taken_ = 0;
};

bool later(const std::unique_ptr<Cursor>& a, const std::unique_ptr<Cursor>& b) {
  return a->key > b->key;
}

// Takes cursors in the order of their keys, below `to`; the first `skip` rows are left out.
class Merge {
 public:
  Merge(const SeriesSources& sources, std::uint32_t symbol, const RowsOut& out)
      : sources_(sources), symbol_(symbol), out_(out) {}
  void add(std::unique_ptr<Cursor> cursor) { cursors_.push_back(std::move(cursor)); }

  Status run(std::int64_t to, std::size_t skip, std::size_t* count) {
    std::make_heap(cursors_.begin(), cursors_.end(), later);
    std::size_t filled = 0;
    while (filled < out_.capacity && !cursors_.empty()) {
      std::pop_heap(cursors_.begin(), cursors_.end(), later);
      Cursor& cursor = *cursors_.back();
      if (cursor.key.time >= to) break;
      const Key end{to, 0};
      const Key limit = cursors_.size() == 1 ? end : std::min(cursors_.front()->key, end);
      std::size_t taken = 0;
      bool more = false;
      const std::size_t most = skip > 0 ? skip : out_.capacity - filled;
      NDTS_TRY(cursor.take(limit, most, &taken, &more));
      if (skip > 0) {
        skip -= taken;
      } else if (taken > 0) {
        put(out_, filled, *sources_.schema, cursor.rows(), symbol_, sources_.shard);
        filled += taken;
      }
      if (more) {
        std::push_heap(cursors_.begin(), cursors_.end(), later);
      } else {
        cursors_.pop_back();
      }
    }
    *count = filled;
    return {};
  }

 private:
  const SeriesSources& sources_;
  const std::uint32_t symbol_;
  const RowsOut& out_;
  std::vector<std::unique_ptr<Cursor>> cursors_;  // a heap, the earliest key in front
};

// A window of consecutive sequences being filled from sources in any order.
class Window {
 public:
  Window(const SeriesSources& sources, const RowsOut& out, std::uint64_t first)
      : sources_(sources),
        out_(out),
        first_(first),
        end_(first + out.capacity),
        filled_(out.capacity) {}

  Status fill() {
    for (const MemtableSource& source : sources_.memtables) fill_from(source);
    const std::unique_ptr<bool[]> columns = wanted(*sources_.schema, out_);
    const std::span<const bool> chosen(columns.get(), sources_.schema->columns.size());
    BlockRows rows(*sources_.schema);
    for (const std::shared_ptr<const SegmentReader>& segment : *sources_.segments) {
      const SegmentRecord& record = segment->record();
      if (record.end_sequence <= first_ || record.first_sequence >= end_) continue;
      NDTS_TRY(fill_from(*segment, chosen, &rows));
    }
    return {};
  }

  // Moves the filled rows to the front.
  std::size_t close_gaps() {
    std::size_t count = 0;
    for (std::size_t index = 0; index < filled_.size(); index += 1) {
      if (filled_[index] == 0) continue;
      if (count != index) move(index, count);
      count += 1;
    }
    return count;
  }
  [[nodiscard]] std::uint64_t end() const { return end_; }

 private:
  void fill_from(const MemtableSource& source) {
    if (source.extent.rows == 0) return;
    const SeriesMemtable& memtable = *source.memtable;
    const std::uint64_t base = memtable.first_sequence(sources_.shard);
    const std::uint64_t end = std::min(end_, base + source.extent.rows);
    RowBuffer buffer(*sources_.schema, kGatherRows);
    std::vector<std::uint32_t> rows;
    for (std::uint64_t at = std::max(first_, base); at < end;) {
      const std::uint64_t stop = std::min(end, at + kGatherRows);
      rows.clear();
      for (std::uint64_t sequence = at; sequence < stop; sequence += 1)
        rows.push_back(static_cast<std::uint32_t>(sequence - base));
      buffer.clear();
      memtable.gather(sources_.shard, source.extent, rows, &buffer);
      const auto index = static_cast<std::size_t>(at - first_);
      put(out_, index, *sources_.schema, buffer.view(), 0, sources_.shard);
      for (std::size_t row = 0; row < rows.size(); row += 1) {
        out_.symbol[index + row] = memtable.symbol(sources_.shard, rows[row]);
        filled_[index + row] = 1;
      }
      at = stop;
    }
  }

  Status fill_from(const SegmentReader& segment, std::span<const bool> columns, BlockRows* rows) {
    for (const SegmentRun& run : segment.runs()) {
      const SegmentBlock& block = segment.blocks()[run.block];
      if (block.end_sequence <= first_ || block.first_sequence >= end_) continue;
      if (read_ != &block) NDTS_TRY(rows->read(segment, run.block, columns));
      read_ = &block;
      const std::uint64_t* const sequence = rows->view().sequence;
      for (std::size_t row = run.first_row; row < std::size_t{run.first_row} + run.rows; row += 1) {
        const std::uint64_t own = sequence[row];
        if (own < first_ || own >= end_) continue;
        const auto index = static_cast<std::size_t>(own - first_);
        put(out_, index, *sources_.schema, rows->view(row, 1), run.symbol, sources_.shard);
        filled_[index] = 1;
      }
    }
    read_ = nullptr;
    return {};
  }

  void move(std::size_t from, std::size_t to) {
    out_.day[to] = out_.day[from];
    out_.ns_of_day[to] = out_.ns_of_day[from];
    out_.sequence[to] = out_.sequence[from];
    out_.symbol[to] = out_.symbol[from];
    out_.shard[to] = out_.shard[from];
    out_.epoch[to] = out_.epoch[from];
    for (std::size_t column = 0; column < out_.values.size(); column += 1) {
      const std::size_t width = value_bytes(sources_.schema->columns[column].type);
      if (std::byte* values = out_.values[column]; values != nullptr)
        std::memcpy(values + width * to, values + width * from, width);
      if (std::uint8_t* nulls = out_.nulls[column]; nulls != nullptr) nulls[to] = nulls[from];
    }
  }

  const SeriesSources& sources_;
  const RowsOut& out_;
  const std::uint64_t first_;
  const std::uint64_t end_;
  std::vector<std::uint8_t> filled_;
  const SegmentBlock* read_ = nullptr;
};

// The lowest sequence at or after `from` that a source may have; the maximum when there is none.
std::uint64_t next_sequence_at(const SeriesSources& sources, std::uint64_t from) {
  std::uint64_t lowest = std::numeric_limits<std::uint64_t>::max();
  for (const MemtableSource& source : sources.memtables) {
    if (source.extent.rows == 0) continue;
    const std::uint64_t first = source.memtable->first_sequence(sources.shard);
    if (first + source.extent.rows > from) lowest = std::min(lowest, std::max(from, first));
  }
  for (const std::shared_ptr<const SegmentReader>& segment : *sources.segments)
    if (segment->record().end_sequence > from)
      lowest = std::min(lowest, std::max(from, segment->record().first_sequence));
  return lowest;
}

// Rows may be copied straight from files: whether they could be read is known afterwards.
Status files_status(const SeriesSources& sources) {
  for (const std::shared_ptr<const SegmentReader>& segment : *sources.segments)
    NDTS_TRY(segment->status());
  return {};
}

}  // namespace

RowsOut RowsOut::of(const TickBatchView& batch) {
  RowsOut out;
  out.capacity = batch.capacity;
  out.day = batch.day;
  out.ns_of_day = batch.ns_of_day;
  out.sequence = batch.sequence;
  out.symbol = batch.symbol;
  out.shard = batch.shard;
  out.epoch = batch.epoch;
  for (double* column : {batch.price, batch.volume, batch.bid, batch.ask, batch.bid_volume,
                         batch.ask_volume})
    out.values.push_back(reinterpret_cast<std::byte*>(column));
  out.values.push_back(reinterpret_cast<std::byte*>(batch.flags));
  out.nulls.assign(out.values.size(), nullptr);
  return out;
}

Status load_rows(const SeriesSources& sources, std::uint32_t symbol, const TimeRange& range,
                 const RowsOut& out, std::size_t* count) {
  const Key from{range.from, range.first_sequence};
  const std::unique_ptr<bool[]> columns = wanted(*sources.schema, out);
  const std::span<const bool> chosen(columns.get(), sources.schema->columns.size());
  Merge merge(sources, symbol, out);
  bool found = false;
  for (const MemtableSource& source : sources.memtables) {
    auto cursor = std::make_unique<MemtableCursor>(source, sources.shard, symbol);
    NDTS_TRY(cursor->seek(from, &found));
    if (found) merge.add(std::move(cursor));
  }
  for (const std::shared_ptr<const SegmentReader>& segment : *sources.segments) {
    if (segment->record().max_time < range.from || segment->record().min_time >= range.to)
      continue;
    auto cursor = std::make_unique<SegmentCursor>(segment, *sources.schema, symbol, chosen);
    NDTS_TRY(cursor->seek(from, &found));
    if (found) merge.add(std::move(cursor));
  }
  NDTS_TRY(merge.run(range.to, 0, count));
  return files_status(sources);
}

Status last_rows(const SeriesSources& sources, std::uint32_t symbol, const RowsOut& out,
                 std::size_t* count) {
  *count = 0;
  if (out.capacity == 0) return {};
  const std::unique_ptr<bool[]> columns = wanted(*sources.schema, out);
  const std::span<const bool> chosen(columns.get(), sources.schema->columns.size());
  Merge merge(sources, symbol, out);
  std::size_t have = 0;
  // Where one source alone has enough rows from, older ones are of no interest.
  std::int64_t enough_from = std::numeric_limits<std::int64_t>::min();
  for (const MemtableSource& source : sources.memtables) {
    auto cursor = std::make_unique<MemtableCursor>(source, sources.shard, symbol);
    cursor->skip_to_last(out.capacity);
    if (!cursor->settle()) continue;
    if (cursor->count() >= out.capacity) enough_from = std::max(enough_from, cursor->key.time);
    have += std::min(cursor->count(), out.capacity);
    merge.add(std::move(cursor));
  }
  std::vector<std::unique_ptr<SegmentCursor>> segments;
  for (const std::shared_ptr<const SegmentReader>& segment : *sources.segments) {
    if (segment->record().max_time < enough_from) continue;
    auto cursor = std::make_unique<SegmentCursor>(segment, *sources.schema, symbol, chosen);
    if (!cursor->empty()) segments.push_back(std::move(cursor));
  }
  std::sort(segments.begin(), segments.end(), [](const auto& a, const auto& b) {
    return a->runs().back().max_time > b->runs().back().max_time;
  });
  for (std::unique_ptr<SegmentCursor>& cursor : segments) {
    if (cursor->runs().back().max_time < enough_from) break;
    const std::size_t rows = cursor->skip_to_last(out.capacity);
    static_cast<void>(cursor->settle());
    // The key of a run that is not read yet is not above that of its rows.
    if (rows >= out.capacity) enough_from = std::max(enough_from, cursor->key.time);
    have += rows;
    merge.add(std::move(cursor));
  }
  const std::size_t skip = have > out.capacity ? have - out.capacity : 0;
  NDTS_TRY(merge.run(std::numeric_limits<std::int64_t>::max(), skip, count));
  return files_status(sources);
}

Status read_sequence(const SeriesSources& sources, std::uint64_t from, const RowsOut& out,
                     std::size_t* count) {
  *count = 0;
  while (out.capacity > 0) {
    const std::uint64_t start = next_sequence_at(sources, from);
    if (start == std::numeric_limits<std::uint64_t>::max()) return {};
    Window window(sources, out, start);
    NDTS_TRY(window.fill());
    NDTS_TRY(files_status(sources));
    *count = window.close_gaps();
    if (*count > 0) return {};
    from = window.end();
  }
  return {};
}

}  // namespace ndts
