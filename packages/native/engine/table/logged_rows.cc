// See logged_rows.h.
#include "table/logged_rows.h"

namespace ndts {

namespace {

// Bytes of a value in a body.
std::size_t logged_bytes(ValueType type) {
  return has_heap(type) ? sizeof(std::uint32_t) : value_bytes(type);
}

// Walks the columns of a body in their order.
class ColumnWalk {
 public:
  ColumnWalk(const std::byte* at, std::size_t rows) : at_(at), rows_(rows) {}
  template <typename T>
  const T* take(std::size_t width) {
    const std::byte* column = at_;
    at_ += align_up(width * rows_, 8);
    return reinterpret_cast<const T*>(column);
  }
  const std::byte* at() const { return at_; }

 private:
  const std::byte* at_;
  const std::size_t rows_;
};

Bytes aligned(Bytes body, std::vector<std::byte>* scratch) {
  if (reinterpret_cast<std::uintptr_t>(body.data()) % 8 == 0) return body;
  scratch->assign(body.begin(), body.end());
  return *scratch;
}

// Every column's lengths together are the heap's.
bool fits_heap(const TableSchema& schema, const LoggedRows& view) {
  std::uint64_t bytes = 0;
  for (std::size_t column = 0; column < schema.columns.size(); column += 1) {
    if (!has_heap(schema.columns[column].type)) continue;
    for (std::uint32_t row = 0; row < view.rows; row += 1)
      bytes += load<std::uint32_t>(view.values[column] + std::size_t{4} * row);
  }
  return bytes == view.heap.size();
}

}  // namespace

std::uint64_t tick_columns_bytes(std::uint32_t rows) { return std::uint64_t{64} * rows; }

std::uint64_t row_columns_bytes(const TableSchema& schema, std::uint32_t rows,
                                std::uint64_t heap_bytes) {
  std::uint64_t bytes = std::uint64_t{8} * rows + align_up(std::uint64_t{4} * rows, 8);
  for (const ColumnSchema& column : schema.columns) {
    bytes += align_up(std::uint64_t{logged_bytes(column.type)} * rows, 8);
    if (column.nullable) bytes += align_up(rows, 8);
  }
  return bytes + align_up(heap_bytes, 8);
}

void view_tick_columns(const std::byte* columns, LoggedRows* view) {
  const TableSchema& schema = tick_schema();
  const std::size_t rows = view->rows;
  view->table = kTickTable;
  view->values.resize(schema.columns.size());
  view->nulls.assign(schema.columns.size(), nullptr);
  view->heap = {};
  view->time = reinterpret_cast<const std::int64_t*>(columns);
  const std::size_t last = schema.columns.size() - 1;
  for (std::size_t column = 0; column < last; column += 1)
    view->values[column] = columns + 8 * rows * (column + 1);
  const std::byte* words = columns + 8 * rows * (last + 1);
  view->symbol = reinterpret_cast<const std::uint32_t*>(words);
  view->values[last] = words + 4 * rows;
}

void view_row_columns(const TableSchema& schema, const std::byte* columns,
                      std::uint64_t heap_bytes, LoggedRows* view) {
  view->table = schema.id;
  view->values.resize(schema.columns.size());
  view->nulls.assign(schema.columns.size(), nullptr);
  ColumnWalk walk(columns, view->rows);
  view->time = walk.take<std::int64_t>(8);
  view->symbol = walk.take<std::uint32_t>(4);
  for (std::size_t column = 0; column < schema.columns.size(); column += 1) {
    view->values[column] = walk.take<std::byte>(logged_bytes(schema.columns[column].type));
    if (schema.columns[column].nullable) view->nulls[column] = walk.take<std::uint8_t>(1);
  }
  view->heap = Bytes(walk.at(), static_cast<std::size_t>(heap_bytes));
}

LoggedRowsReader::LoggedRowsReader(Bytes body, std::vector<std::byte>* scratch)
    : reader_(aligned(body, scratch)) {}

Status LoggedRowsReader::cut_short() { return Status(Code::kCorrupt, "rows entry: cut short"); }

Status LoggedRowsReader::next_ticks(LoggedRows* view, bool* found) {
  *found = false;
  if (reader_.left() == 0) return {};
  const auto entry = reader_.read<TicksEntry>();
  const Bytes columns = reader_.read_bytes(tick_columns_bytes(entry.rows));
  if (!reader_.ok()) return cut_short();
  view->shard = entry.shard;
  view->epoch = entry.epoch;
  view->first_sequence = entry.first_sequence;
  view->rows = entry.rows;
  view_tick_columns(columns.data(), view);
  *found = true;
  return {};
}

Status LoggedRowsReader::take_rows(const TableSchema& schema, const RowsEntry& entry,
                                   LoggedRows* view) {
  const Bytes columns =
      reader_.read_bytes(row_columns_bytes(schema, entry.rows, entry.heap_bytes));
  if (!reader_.ok()) return cut_short();
  view->shard = entry.shard;
  view->epoch = entry.epoch;
  view->first_sequence = entry.first_sequence;
  view->rows = entry.rows;
  view_row_columns(schema, columns.data(), entry.heap_bytes, view);
  return fits_heap(schema, *view) ? Status() : cut_short();
}

}  // namespace ndts
