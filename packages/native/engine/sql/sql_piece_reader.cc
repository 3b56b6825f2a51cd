// See sql_piece_reader.h.
#include "sql/sql_piece_reader.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "table/block_builder.h"

namespace ndts {

namespace {

std::size_t width_of(std::size_t column, const TableSchema& schema) {
  if (column == kSqlEpoch) return sizeof(std::uint32_t);
  if (column < kSqlFirstValue) return sizeof(std::int64_t);
  return value_bytes(schema.columns[column - kSqlFirstValue].type);
}

}  // namespace

SqlPieceReader::SqlPieceReader(const duckdb::Api& api, const SqlSource& source,
                               const SeriesView& view, const SqlPrune& prune,
                               std::span<const std::size_t> columns)
    : api_(api),
      source_(source),
      schema_(*view.schema),
      prune_(prune),
      columns_(columns.begin(), columns.end()),
      rooms_(columns.size()),
      streams_(columns.size()) {}

bool SqlPieceReader::is_wanted(std::size_t column) const {
  return std::find(columns_.begin(), columns_.end(), column) != columns_.end();
}

void SqlPieceReader::begin(const SqlPiece& piece) {
  piece_ = &piece;
  run_ = piece.first_run;
  row_ = 0;
  first_ = end_ = 0;
  times_ = nullptr;
  for (Stream& stream : streams_) stream = {};
}

Status SqlPieceReader::fill(duckdb::Chunk chunk, std::size_t* rows) {
  *rows = 0;
  if (piece_->segment != nullptr) return fill_from_segment(chunk, rows);
  fill_from_memtable(chunk, rows);
  return {};
}

Status SqlPieceReader::read_stream(StreamPart part, std::size_t column,
                                   std::unique_ptr<std::uint64_t[]>* room,
                                   const std::byte** values) {
  const SegmentReader& segment = *piece_->segment;
  *values = nullptr;
  const int found = segment.stream(part, column);
  if (found < 0) return {};
  const auto stream = static_cast<std::size_t>(found);
  if (part == StreamPart::kNulls && segment.strip(piece_->block, stream).max == 0) return {};
  if (*room == nullptr) *room = std::make_unique_for_overwrite<std::uint64_t[]>(kBlockRows);
  return segment.read(piece_->block, stream,
                      std::as_writable_bytes(std::span(room->get(), kBlockRows)), &scratch_,
                      values);
}

Status SqlPieceReader::read_block() {
  const std::byte* bytes = nullptr;
  if (prune_.by_time() || piece_->from != std::numeric_limits<std::int64_t>::min()) {
    NDTS_TRY(read_stream(StreamPart::kTime, 0, &time_room_.values, &bytes));
    times_ = reinterpret_cast<const std::int64_t*>(bytes);
  }
  for (std::size_t vector = 0; vector < columns_.size(); vector += 1) {
    const std::size_t column = columns_[vector];
    Stream& stream = streams_[vector];
    Room& room = rooms_[vector];
    if (column == kSqlTime) {
      stream.values = reinterpret_cast<const std::byte*>(times_);
      if (times_ == nullptr)
        NDTS_TRY(read_stream(StreamPart::kTime, 0, &room.values, &stream.values));
    } else if (column == kSqlSequence) {
      NDTS_TRY(read_stream(StreamPart::kSequence, 0, &room.values, &stream.values));
    } else if (column == kSqlEpoch) {
      NDTS_TRY(read_stream(StreamPart::kEpoch, 0, &room.values, &stream.values));
    } else if (column >= kSqlFirstValue && column - kSqlFirstValue < schema_.columns.size()) {
      const std::size_t value = column - kSqlFirstValue;
      NDTS_TRY(read_stream(StreamPart::kValues, value, &room.values, &stream.values));
      NDTS_TRY(read_stream(StreamPart::kNulls, value, &room.nulls, &bytes));
      stream.nulls = reinterpret_cast<const std::uint8_t*>(bytes);
    }
  }
  return {};
}

// At the rows of the next run that the prune takes.
bool SqlPieceReader::next_range() {
  const std::int64_t from = std::max(prune_.from, piece_->from);
  for (; run_ < piece_->end_run; run_ += 1) {
    const SegmentRun& run = piece_->segment->runs()[run_];
    if (!prune_.takes(run.min_time, run.max_time)) continue;
    first_ = run.first_row;
    end_ = first_ + run.rows;
    if (times_ != nullptr) {
      const std::int64_t* const begin = times_ + first_;
      const std::int64_t* const end = times_ + end_;
      first_ += static_cast<std::size_t>(std::lower_bound(begin, end, from) - begin);
      end_ -= static_cast<std::size_t>(end - std::upper_bound(begin, end, prune_.to));
    }
    if (first_ < end_) return true;
  }
  return false;
}

Status SqlPieceReader::fill_from_segment(duckdb::Chunk chunk, std::size_t* rows) {
  if (run_ == piece_->first_run && first_ == end_) NDTS_TRY(read_block());
  symbols_.clear();
  while (*rows < kSqlVectorRows) {
    if (first_ == end_ && !next_range()) break;
    const std::size_t step = std::min(end_ - first_, kSqlVectorRows - *rows);
    copy_range(chunk, *rows, step);
    symbols_.push_back({piece_->segment->runs()[run_].symbol, step});
    first_ += step;
    *rows += step;
    if (first_ == end_) run_ += 1;
  }
  if (*rows > 0) copy_symbols(chunk);
  return piece_->segment->status();
}

void SqlPieceReader::copy_range(duckdb::Chunk chunk, std::size_t at, std::size_t rows) {
  for (std::size_t vector = 0; vector < columns_.size(); vector += 1)
    if (streams_[vector].values != nullptr)
      copy(chunk, vector, streams_[vector], first_, at, rows);
}

void SqlPieceReader::copy_symbols(duckdb::Chunk chunk) {
  for (std::size_t vector = 0; vector < columns_.size(); vector += 1) {
    if (columns_[vector] != kSqlSymbol) continue;
    const duckdb::Vector to = api_.data_chunk_get_vector(chunk, vector);
    if (symbols_.size() == 1) {
      // One value for all rows: whatever groups or compares by symbol looks at it once.
      const std::string_view name = source_.names().name(symbols_[0].symbol);
      duckdb::Value value = api_.create_varchar_length(name.data(), name.size());
      api_.vector_reference_value(to, value);
      api_.destroy_value(&value);
      continue;
    }
    auto* texts = static_cast<duckdb::Text*>(api_.vector_get_data(to));
    for (const SymbolRange& range : symbols_) {
      std::fill_n(texts, range.rows, source_.names().text(range.symbol));
      texts += range.rows;
    }
  }
}

void SqlPieceReader::fill_from_memtable(duckdb::Chunk chunk, std::size_t* rows) {
  const SqlPiece& piece = *piece_;
  const std::size_t all =
      piece.rows.empty() ? piece.end_row - piece.first_row : piece.rows.size();
  const std::size_t step = std::min(all - row_, kSqlVectorRows);
  if (step == 0) return;
  rows_.resize(step);
  for (std::size_t at = 0; at < step; at += 1)
    rows_[at] = piece.rows.empty() ? static_cast<std::uint32_t>(piece.first_row + row_ + at)
                                   : piece.rows[row_ + at];
  if (buffer_ == nullptr) buffer_ = std::make_unique<RowBuffer>(schema_, kSqlVectorRows);
  buffer_->clear();
  piece.memtable->gather(piece.shard, piece.extent, rows_, buffer_.get());
  const RowsView view = buffer_->view();
  for (std::size_t vector = 0; vector < columns_.size(); vector += 1) {
    const std::size_t column = columns_[vector];
    Stream stream;
    if (column == kSqlTime) {
      stream.values = reinterpret_cast<const std::byte*>(view.time);
    } else if (column == kSqlSequence) {
      stream.values = reinterpret_cast<const std::byte*>(view.sequence);
    } else if (column == kSqlEpoch) {
      stream.values = reinterpret_cast<const std::byte*>(view.epoch);
    } else if (column >= kSqlFirstValue && column - kSqlFirstValue < schema_.columns.size()) {
      stream = {view.values[column - kSqlFirstValue], view.nulls_of(column - kSqlFirstValue)};
    }
    if (stream.values != nullptr) copy(chunk, vector, stream, 0, 0, step);
    if (column != kSqlSymbol) continue;
    auto* texts = static_cast<duckdb::Text*>(
        api_.vector_get_data(api_.data_chunk_get_vector(chunk, vector)));
    for (std::size_t at = 0; at < step; at += 1)
      texts[at] = source_.names().text(piece.memtable->symbol(piece.shard, rows_[at]));
  }
  row_ += step;
  *rows = step;
}

void SqlPieceReader::copy(duckdb::Chunk chunk, std::size_t vector, const Stream& stream,
                          std::size_t first, std::size_t at, std::size_t rows) {
  const std::size_t column = columns_[vector];
  const duckdb::Vector to = api_.data_chunk_get_vector(chunk, vector);
  if (stream.nulls != nullptr &&
      std::memchr(stream.nulls + first, 1, rows) != nullptr) {
    api_.vector_ensure_validity_writable(to);
    std::uint64_t* const valid = api_.vector_get_validity(to);
    for (std::size_t row = 0; row < rows; row += 1)
      if (stream.nulls[first + row] != 0)
        valid[(at + row) / 64] &= ~(std::uint64_t{1} << ((at + row) % 64));
  }
  if (column >= kSqlFirstValue) {
    const ValueType type = schema_.columns[column - kSqlFirstValue].type;
    if (has_heap(type) || type == ValueType::kSymbol)
      return copy_texts(to, type == ValueType::kSymbol, stream, first, at, rows);
  }
  const std::size_t width = width_of(column, schema_);
  std::memcpy(static_cast<std::byte*>(api_.vector_get_data(to)) + width * at,
              stream.values + width * first, width * rows);
}

void SqlPieceReader::copy_texts(duckdb::Vector vector, bool is_symbol, const Stream& stream,
                                std::size_t first, std::size_t at, std::size_t rows) {
  if (is_symbol) {
    auto* texts = static_cast<duckdb::Text*>(api_.vector_get_data(vector)) + at;
    for (std::size_t row = 0; row < rows; row += 1)
      texts[row] = source_.names().text(
          load<std::uint32_t>(stream.values + sizeof(std::uint32_t) * (first + row)));
    return;
  }
  for (std::size_t row = 0; row < rows; row += 1) {
    if (stream.nulls != nullptr && stream.nulls[first + row] != 0) continue;
    const Bytes text =
        heap_bytes(load<HeapValue>(stream.values + sizeof(HeapValue) * (first + row)));
    api_.vector_assign_string_element_len(vector, at + row,
                                          reinterpret_cast<const char*>(text.data()),
                                          text.size());
  }
}

}  // namespace ndts
