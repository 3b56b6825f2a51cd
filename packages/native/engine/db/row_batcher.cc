// hot: no allocation after the first batch of a size
// See row_batcher.h.
#include "db/row_batcher.h"

#include <cstring>

namespace ndts {

namespace {

std::string where(std::size_t row) { return "row " + std::to_string(row) + ": "; }

Status bad_row(const RowsIn& rows, const SymbolTable& symbols, std::size_t row) {
  const std::uint32_t symbol = rows.symbol[row];
  if (symbols.shard(symbol) == kNoShard)
    return Status(Code::kInvalidArgument,
                  where(row) + "symbol id " + std::to_string(symbol) + " is not registered");
  return Status(Code::kInvalidArgument,
                where(row) + "day must be whole and in [-106751, 106750], nsOfDay whole and in "
                             "[0, 86400e9); found " +
                    std::to_string(rows.day[row]) + ", " + std::to_string(rows.ns_of_day[row]));
}

template <typename T>
void gather(std::byte* to, const std::byte* from, std::span<const std::uint32_t> rows) {
  T* const into = reinterpret_cast<T*>(to);
  const T* const source = reinterpret_cast<const T*>(from);
  for (std::size_t index = 0; index < rows.size(); index += 1) into[index] = source[rows[index]];
}

void gather_width(std::size_t width, std::byte* to, const std::byte* from,
                  std::span<const std::uint32_t> rows) {
  if (width == 8) return gather<std::uint64_t>(to, from, rows);
  if (width == 4) return gather<std::uint32_t>(to, from, rows);
  gather<std::uint8_t>(to, from, rows);
}

bool is_null(const RowsIn& rows, std::size_t column, std::size_t row) {
  return rows.nulls[column] != nullptr && rows.nulls[column][row] != 0;
}

// A value of the column that the table cannot hold, or an empty text.
const char* bad_value(const ColumnSchema& column, const std::byte* values, std::size_t row,
                      const RowsIn& rows, const SymbolTable& symbols) {
  if (has_heap(column.type)) {
    const auto place = load<HeapPlace>(values + sizeof(HeapPlace) * row);
    return std::uint64_t{place.offset} + place.bytes > rows.heap.size() ? "lies outside the heap"
                                                                        : nullptr;
  }
  if (column.type == ValueType::kBool)
    return static_cast<std::uint8_t>(values[row]) > 1 ? "is neither 0 nor 1" : nullptr;
  if (column.type == ValueType::kSymbol)
    return symbols.shard(load<std::uint32_t>(values + sizeof(std::uint32_t) * row)) == kNoShard
               ? "is not a registered symbol id"
               : nullptr;
  return nullptr;
}

void pad(std::byte* from, std::size_t bytes) {
  std::memset(from + bytes, 0, align_up(bytes, 8) - bytes);
}

}  // namespace

void RowsIn::set(const TickBatchView& batch) {
  count = batch.count;
  day = batch.day;
  ns_of_day = batch.ns_of_day;
  symbol = batch.symbol;
  values.clear();
  for (const double* column : {batch.price, batch.volume, batch.bid, batch.ask, batch.bid_volume,
                               batch.ask_volume})
    values.push_back(reinterpret_cast<const std::byte*>(column));
  values.push_back(reinterpret_cast<const std::byte*>(batch.flags));
  nulls.assign(values.size(), nullptr);
  sequence = batch.sequence;
  shard = batch.shard;
  epoch = batch.epoch;
}

Status RowBatcher::check(const TableSchema& schema, const RowsIn& rows,
                         const SymbolTable& symbols) {
  NDTS_TRY(check_values(schema, rows, symbols));
  touched_.clear();
  for (std::size_t row = 0; row < rows.count; row += 1) {
    const std::uint32_t shard = symbols.shard(rows.symbol[row]);
    if (shard == kNoShard || !is_time(rows.day[row], rows.ns_of_day[row])) {
      for (const std::uint32_t touched : touched_) counts_[touched] = 0;
      return bad_row(rows, symbols, row);
    }
    shard_of_[row] = shard;
    if (counts_[shard] == 0) touched_.push_back(shard);
    counts_[shard] += 1;
  }
  return {};
}

Status RowBatcher::check_values(const TableSchema& schema, const RowsIn& rows,
                                const SymbolTable& symbols) const {
  for (std::size_t index = 0; index < schema.columns.size(); index += 1) {
    const ColumnSchema& column = schema.columns[index];
    if (!has_heap(column.type) && column.type != ValueType::kBool &&
        column.type != ValueType::kSymbol)
      continue;
    for (std::size_t row = 0; row < rows.count; row += 1) {
      if (is_null(rows, index, row)) continue;
      const char* what = bad_value(column, rows.values[index], row, rows, symbols);
      if (what != nullptr)
        return Status(Code::kInvalidArgument, where(row) + column.name + " " + what);
    }
  }
  return {};
}

// Counting sort, stable. counts_ becomes the place of the next row of each shard, then zero.
void RowBatcher::group_rows(std::size_t count) {
  group_count_ = touched_.size();
  if (groups_.size() < group_count_) groups_.resize(group_count_);
  starts_.clear();
  std::uint32_t place = 0;
  for (std::size_t group = 0; group < group_count_; group += 1) {
    const std::uint32_t shard = touched_[group];
    groups_[group].shard = shard;
    groups_[group].rows = counts_[shard];
    starts_.push_back(place);
    counts_[shard] = place;
    place += groups_[group].rows;
  }
  for (std::size_t row = 0; row < count; row += 1)
    order_[counts_[shard_of_[row]]++] = static_cast<std::uint32_t>(row);
  for (const std::uint32_t shard : touched_) counts_[shard] = 0;
}

std::uint64_t RowBatcher::heap_bytes(const TableSchema& schema, const RowsIn& rows,
                                     std::size_t group) const {
  std::uint64_t bytes = 0;
  const auto order = std::span(order_).subspan(starts_[group], groups_[group].rows);
  for (std::size_t column = 0; column < schema.columns.size(); column += 1) {
    if (!has_heap(schema.columns[column].type)) continue;
    for (const std::uint32_t row : order)
      if (!is_null(rows, column, row))
        bytes += load<HeapPlace>(rows.values[column] + sizeof(HeapPlace) * row).bytes;
  }
  return bytes;
}

Status RowBatcher::prepare(const TableSchema& schema, const RowsIn& rows,
                           const SymbolTable& symbols, std::span<const ShardPosition> positions) {
  if (shard_of_.size() < rows.count) {
    shard_of_.resize(rows.count);
    order_.resize(rows.count);
  }
  NDTS_TRY(check(schema, rows, symbols));
  group_rows(rows.count);
  const bool ticks = schema.id == kTickTable;
  const std::size_t head = ticks ? sizeof(TicksEntry) : sizeof(RowsEntry);
  body_bytes_ = 0;
  for (std::size_t group = 0; group < group_count_; group += 1) {
    LoggedRows& logged = groups_[group];
    const std::uint64_t heap = ticks ? 0 : heap_bytes(schema, rows, group);
    if (heap > UINT32_MAX)
      return Status(Code::kNoSpaceAccepted, "the texts of a batch exceed 4 GiB");
    const std::size_t start = body_bytes_ + head;
    body_bytes_ = start + (ticks ? tick_columns_bytes(logged.rows)
                                 : row_columns_bytes(schema, logged.rows, heap));
    if (body_.size() < body_bytes_) body_.resize(body_bytes_);
    logged.epoch = positions[logged.shard].epoch;
    logged.first_sequence = positions[logged.shard].next_sequence;
    if (ticks) {
      store(body_.data() + start - head,
            TicksEntry{logged.epoch, logged.first_sequence, logged.shard, logged.rows});
    } else {
      store(body_.data() + start - head,
            RowsEntry{logged.epoch, logged.first_sequence, schema.id, logged.shard, logged.rows,
                      static_cast<std::uint32_t>(heap)});
    }
    logged.heap = Bytes(static_cast<const std::byte*>(nullptr), static_cast<std::size_t>(heap));
  }
  // The body does not move any more.
  std::size_t start = 0;
  for (std::size_t group = 0; group < group_count_; group += 1) {
    LoggedRows& logged = groups_[group];
    const std::uint64_t heap = logged.heap.size();
    const std::byte* columns = body_.data() + start + head;
    if (ticks) {
      view_tick_columns(columns, &logged);
    } else {
      view_row_columns(schema, columns, heap, &logged);
    }
    fill(schema, rows, group);
    start += head + (ticks ? tick_columns_bytes(logged.rows)
                           : row_columns_bytes(schema, logged.rows, heap));
  }
  return {};
}

void RowBatcher::fill(const TableSchema& schema, const RowsIn& rows, std::size_t group) const {
  const LoggedRows& logged = groups_[group];
  const auto order = std::span(order_).subspan(starts_[group], logged.rows);
  auto* time = const_cast<std::int64_t*>(logged.time);
  for (std::size_t index = 0; index < order.size(); index += 1)
    time[index] = pack_time(rows.day[order[index]], rows.ns_of_day[order[index]]);
  auto* symbols = const_cast<std::uint32_t*>(logged.symbol);
  for (std::size_t index = 0; index < order.size(); index += 1)
    symbols[index] = rows.symbol[order[index]];
  if (schema.id != kTickTable)
    pad(reinterpret_cast<std::byte*>(symbols), sizeof(std::uint32_t) * order.size());
  auto* heap = const_cast<std::byte*>(logged.heap.data());
  std::byte* const heap_start = heap;
  for (std::size_t column = 0; column < schema.columns.size(); column += 1)
    fill_column(schema.columns[column], rows, column, group, &heap);
  if (heap != heap_start) pad(heap_start, static_cast<std::size_t>(heap - heap_start));
}

void RowBatcher::fill_column(const ColumnSchema& column, const RowsIn& rows, std::size_t index,
                             std::size_t group, std::byte** heap) const {
  const LoggedRows& logged = groups_[group];
  const auto order = std::span(order_).subspan(starts_[group], logged.rows);
  auto* to = const_cast<std::byte*>(logged.values[index]);
  std::size_t width = value_bytes(column.type);
  if (has_heap(column.type)) {
    width = sizeof(std::uint32_t);
    for (std::size_t at = 0; at < order.size(); at += 1) {
      const auto place = load<HeapPlace>(rows.values[index] + sizeof(HeapPlace) * order[at]);
      const std::uint32_t bytes = is_null(rows, index, order[at]) ? 0 : place.bytes;
      store(to + sizeof bytes * at, bytes);
      if (bytes > 0) std::memcpy(*heap, rows.heap.data() + place.offset, bytes);
      *heap += bytes;
    }
  } else {
    gather_width(width, to, rows.values[index], order);
  }
  if (logged.table != kTickTable) pad(to, width * order.size());
  if (!column.nullable) return;
  auto* nulls = const_cast<std::uint8_t*>(logged.nulls[index]);
  for (std::size_t at = 0; at < order.size(); at += 1) {
    nulls[at] = is_null(rows, index, order[at]) ? 1 : 0;
    // A null has zeros for a value, so that equal rows are equal bytes.
    if (nulls[at] != 0 && !has_heap(column.type)) std::memset(to + width * at, 0, width);
  }
  pad(reinterpret_cast<std::byte*>(nulls), order.size());
}

void RowBatcher::stamp(const RowsIn& rows) const {
  for (std::size_t group = 0; group < group_count_; group += 1) {
    const LoggedRows& logged = groups_[group];
    for (std::uint32_t index = 0; index < logged.rows; index += 1) {
      const std::uint32_t row = order_[starts_[group] + index];
      rows.shard[row] = logged.shard;
      rows.epoch[row] = static_cast<std::uint32_t>(logged.epoch);
      rows.sequence[row] = static_cast<double>(logged.first_sequence + index);
    }
  }
}

}  // namespace ndts
