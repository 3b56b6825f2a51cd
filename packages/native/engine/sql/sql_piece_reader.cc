// See sql_piece_reader.h.
#include "sql/sql_piece_reader.h"

#include <algorithm>
#include <cstring>

namespace ndts {

namespace {

std::size_t width_of(std::size_t column, const TableSchema& schema) {
  if (column == kSqlEpoch) return sizeof(std::uint32_t);
  if (column < kSqlFirstValue) return sizeof(std::int64_t);
  return value_bytes(schema.columns[column - kSqlFirstValue].type);
}

ScanColumns wanted_of(std::span<const std::size_t> columns, const TableSchema& schema) {
  ScanColumns wanted{{}, false, false, false};
  for (const std::size_t column : columns) {
    if (column == kSqlTime) wanted.time = true;
    if (column == kSqlSequence) wanted.sequence = true;
    if (column == kSqlEpoch) wanted.epoch = true;
    if (column >= kSqlFirstValue && column - kSqlFirstValue < schema.columns.size())
      wanted.values.push_back(column - kSqlFirstValue);
  }
  return wanted;
}

}  // namespace

SqlPieceReader::SqlPieceReader(const duckdb::Api& api, const SymbolNames& names,
                               const ScanPlan& plan, std::span<const std::size_t> columns)
    : api_(api),
      names_(names),
      schema_(plan.schema()),
      columns_(columns.begin(), columns.end()),
      reader_(plan, wanted_of(columns, plan.schema())) {}

void SqlPieceReader::begin(const ScanPiece& piece) {
  piece_ = &piece;
  reader_.start(piece);
  batch_.runs = {};
  run_ = done_ = 0;
}

Status SqlPieceReader::fill(duckdb::Chunk chunk, std::size_t* rows) {
  *rows = 0;
  if (run_ == batch_.runs.size()) {
    NDTS_TRY(reader_.next(&batch_));
    run_ = done_ = 0;
  }
  symbols_.clear();
  while (*rows < kSqlVectorRows && run_ < batch_.runs.size()) {
    const ScanRun& run = batch_.runs[run_];
    const std::size_t step = std::min(run.rows - done_, kSqlVectorRows - *rows);
    copy_range(chunk, run.first_row + done_, *rows, step);
    symbols_.push_back({run.symbol, step});
    *rows += step;
    done_ += step;
    if (done_ < run.rows) break;
    run_ += 1;
    done_ = 0;
  }
  if (*rows > 0) copy_symbols(chunk);
  // A query that has enough does not come back to be told by next().
  return piece_->segment == nullptr ? Status() : piece_->segment->status();
}

SqlPieceReader::Stream SqlPieceReader::stream_of(std::size_t column) const {
  const RowsView& rows = batch_.rows;
  if (column == kSqlTime) return {reinterpret_cast<const std::byte*>(rows.time), nullptr};
  if (column == kSqlSequence) return {reinterpret_cast<const std::byte*>(rows.sequence), nullptr};
  if (column == kSqlEpoch) return {reinterpret_cast<const std::byte*>(rows.epoch), nullptr};
  if (column < kSqlFirstValue || column - kSqlFirstValue >= schema_.columns.size()) return {};
  const std::size_t value = column - kSqlFirstValue;
  return {rows.values[value], rows.nulls_of(value)};
}

void SqlPieceReader::copy_range(duckdb::Chunk chunk, std::size_t first, std::size_t at,
                                std::size_t rows) {
  for (std::size_t vector = 0; vector < columns_.size(); vector += 1) {
    const Stream stream = stream_of(columns_[vector]);
    if (stream.values != nullptr) copy(chunk, vector, stream, first, at, rows);
  }
}

void SqlPieceReader::copy_symbols(duckdb::Chunk chunk) {
  for (std::size_t vector = 0; vector < columns_.size(); vector += 1) {
    if (columns_[vector] != kSqlSymbol) continue;
    const duckdb::Vector to = api_.data_chunk_get_vector(chunk, vector);
    if (symbols_.size() == 1) {
      // One value for all rows: whatever groups or compares by symbol looks at it once.
      const std::string_view name = names_.name(symbols_[0].symbol);
      duckdb::Value value = api_.create_varchar_length(name.data(), name.size());
      api_.vector_reference_value(to, value);
      api_.destroy_value(&value);
      continue;
    }
    auto* texts = static_cast<duckdb::Text*>(api_.vector_get_data(to));
    for (const SymbolRange& range : symbols_) {
      std::fill_n(texts, range.rows, names_.text(range.symbol));
      texts += range.rows;
    }
  }
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
      texts[row] = names_.text(
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
