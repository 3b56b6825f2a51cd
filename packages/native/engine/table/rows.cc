// See rows.h.
#include "table/rows.h"

#include <cstring>

namespace ndts {

namespace {

constexpr std::byte kEmptyText[sizeof(std::uint32_t)]{};

// `*at` is where the next column starts; it moves behind this one.
std::size_t place(std::size_t* at, std::size_t bytes) {
  const std::size_t here = *at;
  *at += static_cast<std::size_t>(align_up(bytes, kColumnAlignment));
  return here;
}

}  // namespace

HeapValue empty_heap_value() { return kEmptyText; }

RowBuffer::RowBuffer(const TableSchema& schema, std::size_t capacity) : capacity_(capacity) {
  std::size_t bytes = 0;
  const std::size_t time = place(&bytes, capacity * sizeof(std::int64_t));
  const std::size_t sequence = place(&bytes, capacity * sizeof(std::uint64_t));
  const std::size_t epoch = place(&bytes, capacity * sizeof(std::uint32_t));
  std::vector<std::size_t> values;
  std::vector<std::size_t> nulls;
  for (const ColumnSchema& column : schema.columns) {
    widths_.push_back(value_bytes(column.type));
    values.push_back(place(&bytes, capacity * widths_.back()));
    nulls.push_back(column.nullable ? place(&bytes, capacity) : 0);
  }
  memory_ = std::make_unique_for_overwrite<std::byte[]>(bytes + kColumnAlignment);
  std::byte* base = memory_.get();
  base += align_up(reinterpret_cast<std::uintptr_t>(base), kColumnAlignment) -
          reinterpret_cast<std::uintptr_t>(base);
  time_ = reinterpret_cast<std::int64_t*>(base + time);
  sequence_ = reinterpret_cast<std::uint64_t*>(base + sequence);
  epoch_ = reinterpret_cast<std::uint32_t*>(base + epoch);
  for (std::size_t column = 0; column < values.size(); column += 1) {
    values_.push_back(base + values[column]);
    nulls_.push_back(schema.columns[column].nullable
                         ? reinterpret_cast<std::uint8_t*>(base + nulls[column])
                         : nullptr);
  }
}

void RowBuffer::append(const RowsView& rows, std::size_t first, std::size_t count) {
  std::memcpy(time_ + count_, rows.time + first, count * sizeof *time_);
  std::memcpy(sequence_ + count_, rows.sequence + first, count * sizeof *sequence_);
  std::memcpy(epoch_ + count_, rows.epoch + first, count * sizeof *epoch_);
  for (std::size_t column = 0; column < values_.size(); column += 1) {
    const std::size_t width = widths_[column];
    std::memcpy(values_[column] + count_ * width, rows.values[column] + first * width,
                count * width);
    if (nulls_[column] == nullptr) continue;
    const std::uint8_t* from = rows.nulls_of(column);
    if (from != nullptr)
      std::memcpy(nulls_[column] + count_, from + first, count);
    else
      std::memset(nulls_[column] + count_, 0, count);
  }
  count_ += count;
}

RowsView RowBuffer::view() const {
  return {count_, time_, sequence_, epoch_, {values_.data(), values_.size()},
          {nulls_.data(), nulls_.size()}};
}

}  // namespace ndts
