// hot: no allocation after init, but for a heap that grows
// See line_table.h.
#include "line/line_table.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/bytes.h"
#include "db/row_batcher.h"
#include "generated/layouts.h"
#include "table/tick_batch.h"

namespace ndts {

namespace {

constexpr std::size_t kColumnLine = 64;
// Whole numbers up to here are doubles.
constexpr double kExactReal = 9'007'199'254'740'992;

std::size_t column_bytes(std::size_t width, std::size_t capacity) {
  return align_up(width * capacity, kColumnLine);
}

}  // namespace

LineTable::LineTable(std::string name, const std::vector<LineColumn>& columns,
                     std::size_t capacity)
    : name_(std::move(name)), capacity_(capacity), lines_(capacity) {
  memory_bytes_ = 3 * column_bytes(8, capacity) + 3 * column_bytes(4, capacity);
  for (const LineColumn& column : columns)
    memory_bytes_ += column_bytes(value_bytes(column.schema.type), capacity) +
                     (column.schema.nullable ? column_bytes(1, capacity) : 0);
  memory_ = std::shared_ptr<std::byte[]>(new std::byte[memory_bytes_]());
  std::byte* at = memory_.get();
  const auto take = [&at, capacity](std::size_t width) {
    std::byte* const column = at;
    at += column_bytes(width, capacity);
    return column;
  };
  day_ = reinterpret_cast<double*>(take(8));
  ns_of_day_ = reinterpret_cast<double*>(take(8));
  take(8);  // sequence: the engine's
  symbol_ = reinterpret_cast<std::uint32_t*>(take(4));
  take(4);  // shard
  take(4);  // epoch
  for (const LineColumn& column : columns) {
    std::byte* const values = take(value_bytes(column.schema.type));
    auto* const nulls =
        column.schema.nullable ? reinterpret_cast<std::uint8_t*>(take(1)) : nullptr;
    columns_.push_back({column.schema, column.zero, values, nulls, 0, 0, 0});
    Column& made = columns_.back();
    const std::string start = (made.schema.name + "=").substr(0, sizeof made.start);
    std::memcpy(&made.start, start.data(), start.size());
    const std::string ones(start.size(), '\xff');
    std::memcpy(&made.start_mask, ones.data(), ones.size());
  }
}

std::uint32_t LineTable::guess(std::size_t item, const char* at, const char* end) const {
  if (item >= shape_.size()) return kNoColumn;
  const Column& column = columns_[shape_[item]];
  const std::string& name = column.schema.name;
  const std::size_t bytes = name.size();
  const auto rest = static_cast<std::size_t>(end - at);
  if (rest <= bytes || at[bytes] != '=') return kNoColumn;
  constexpr std::size_t kWord = sizeof column.start;
  if (rest < kWord) return std::memcmp(at, name.data(), bytes) == 0 ? shape_[item] : kNoColumn;
  std::uint64_t start = 0;
  std::memcpy(&start, at, kWord);
  if ((start & column.start_mask) != column.start) return kNoColumn;
  if (bytes <= kWord) return shape_[item];
  const bool same = std::memcmp(at + kWord, name.data() + kWord, bytes - kWord) == 0;
  return same ? shape_[item] : kNoColumn;
}

std::uint32_t LineTable::find(std::size_t item, std::string_view name) {
  for (std::uint32_t column = 0; column < columns_.size(); column += 1) {
    if (columns_[column].schema.name != name) continue;
    // A name with one of these is written with a backslash, or is part of another one.
    if (name.find_first_of("\\,= \n\r") == std::string_view::npos && item <= shape_.size()) {
      if (item == shape_.size()) shape_.push_back(column);
      else shape_[item] = column;
    }
    return column;
  }
  return kNoColumn;
}

LineReason LineTable::give(Column* column) {
  if (column->row_number == row_number_) return LineReason::kColumnTwice;
  column->row_number = row_number_;
  given_ += 1;
  if (column->nulls != nullptr) column->nulls[rows_] = 0;
  return LineReason::kNone;
}

LineReason LineTable::set_whole(Column* column, std::int64_t whole) {
  switch (column->schema.type) {
    case ValueType::kI64:
      put(*column, whole);
      return LineReason::kNone;
    case ValueType::kI32:
      if (whole < INT32_MIN || whole > INT32_MAX) return LineReason::kInexact;
      put(*column, static_cast<std::int32_t>(whole));
      return LineReason::kNone;
    case ValueType::kF64: {
      const auto real = static_cast<double>(whole);
      if (real >= 0x1p63 || static_cast<std::int64_t>(real) != whole) return LineReason::kInexact;
      put(*column, real);
      return LineReason::kNone;
    }
    case ValueType::kF32: {
      const auto real = static_cast<float>(whole);
      if (real >= 0x1p63F || static_cast<std::int64_t>(real) != whole) return LineReason::kInexact;
      put(*column, real);
      return LineReason::kNone;
    }
    default:
      return LineReason::kType;
  }
}

LineReason LineTable::set_real(Column* column, double real) {
  switch (column->schema.type) {
    case ValueType::kF64:
      put(*column, real);
      return LineReason::kNone;
    case ValueType::kF32:
      if (std::isfinite(real) && std::abs(real) > std::numeric_limits<float>::max())
        return LineReason::kInexact;
      put(*column, static_cast<float>(real));
      return LineReason::kNone;
    case ValueType::kI64:
    case ValueType::kI32:
      if (!(std::abs(real) <= kExactReal) || std::floor(real) != real) return LineReason::kInexact;
      return set_whole(column, static_cast<std::int64_t>(real));
    default:
      return LineReason::kType;
  }
}

LineReason LineTable::set(std::uint32_t column, const LineValue& value) {
  Column* const into = &columns_[column];
  if (const LineReason twice = give(into); twice != LineReason::kNone) return twice;
  if (!value.fits) return LineReason::kInexact;
  switch (value.kind) {
    case LineValueKind::kReal:
      return set_real(into, value.real);
    case LineValueKind::kWhole:
      return set_whole(into, value.whole);
    case LineValueKind::kTime:
      if (into->schema.type != ValueType::kI64) return LineReason::kType;
      return set_whole(into, value.whole);
    default:
      if (into->schema.type != ValueType::kBool) return LineReason::kType;
      put(*into, static_cast<std::uint8_t>(value.truth ? 1 : 0));
      return LineReason::kNone;
  }
}

LineReason LineTable::set_text(std::uint32_t column, std::string_view text) {
  Column* const into = &columns_[column];
  if (const LineReason twice = give(into); twice != LineReason::kNone) return twice;
  if (!has_heap(into->schema.type)) return LineReason::kType;
  const HeapPlace place{static_cast<std::uint32_t>(heap_.size()),
                        static_cast<std::uint32_t>(text.size())};
  heap_.resize(heap_.size() + text.size());
  if (!text.empty()) std::memcpy(heap_.data() + place.offset, text.data(), text.size());
  put(*into, place);
  return LineReason::kNone;
}

LineReason LineTable::set_symbol(std::uint32_t column, std::uint32_t id) {
  Column* const into = &columns_[column];
  if (const LineReason twice = give(into); twice != LineReason::kNone) return twice;
  put(*into, id);
  return LineReason::kNone;
}

// Nothing of what stood there before may show.
LineReason LineTable::fill_missing(std::uint32_t* missing) {
  for (std::uint32_t index = 0; index < columns_.size(); index += 1) {
    Column& column = columns_[index];
    if (column.row_number == row_number_) continue;
    if (column.nulls == nullptr && !column.zero) {
      *missing = index;
      return LineReason::kColumnMissing;
    }
    if (column.nulls != nullptr) column.nulls[rows_] = 1;
    const std::size_t width = value_bytes(column.schema.type);
    std::memset(column.values + width * rows_, 0, width);
  }
  return LineReason::kNone;
}

LineReason LineTable::finish(std::int64_t time, std::uint64_t line, std::uint32_t* missing) {
  if (given_ != columns_.size()) {
    const LineReason reason = fill_missing(missing);
    if (reason != LineReason::kNone) return reason;
  }
  unpack_time(time, day_[rows_], ns_of_day_[rows_]);
  if (!is_time(day_[rows_], ns_of_day_[rows_])) return LineReason::kTime;
  lines_[rows_] = line;
  heap_kept_ = heap_.size();
  rows_ += 1;
  return LineReason::kNone;
}

void LineTable::cut(std::uint64_t line) {
  while (rows_ > 0 && lines_[rows_ - 1] >= line) rows_ -= 1;
}

void LineTable::patch(std::uint32_t row, std::uint32_t column, std::uint32_t id) {
  if (column == LinePatch::kSymbol) symbol_[row] = id;
  else reinterpret_cast<std::uint32_t*>(columns_[column].values)[row] = id;
}

void LineTable::clear() {
  rows_ = 0;
  heap_.clear();
  heap_kept_ = 0;
}

}  // namespace ndts
