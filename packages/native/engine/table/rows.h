// Rows of a series table by column, as the engine hands them around: views and a buffer.
//
// Time and sequence are 8 bytes a row, symbol and epoch 4, values as value_bytes() says. A value
// of type text or bytes is a pointer to its length (u32, at any alignment) and its bytes; it lives
// as long as what the view was made from. A null is 1 in `nulls`; its value is zero bytes, or a
// pointer to an empty text.
//
// Threads: plain memory; whoever owns the bytes decides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "table/schema.h"

namespace ndts {

inline constexpr std::size_t kColumnAlignment = 64;

// A text or bytes value as a column holds it.
using HeapValue = const std::byte*;
[[nodiscard]] inline Bytes heap_bytes(HeapValue value) {
  return {value + sizeof(std::uint32_t), load<std::uint32_t>(value)};
}
// What a null of type text or bytes points to.
[[nodiscard]] HeapValue empty_heap_value();

// Some rows of one symbol, in (time, sequence) order where it matters.
struct RowsView {
  std::size_t count = 0;
  const std::int64_t* time = nullptr;
  const std::uint64_t* sequence = nullptr;
  const std::uint32_t* epoch = nullptr;
  // By column of the schema.
  std::span<const std::byte* const> values;
  // By column; null where no value of the column is. Empty where no column of the schema is
  // nullable.
  std::span<const std::uint8_t* const> nulls;

  [[nodiscard]] const std::uint8_t* nulls_of(std::size_t column) const {
    return nulls.empty() ? nullptr : nulls[column];
  }
};

// Memory for up to `capacity` rows of a schema.
class RowBuffer {
 public:
  RowBuffer(const TableSchema& schema, std::size_t capacity);

  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::size_t count() const { return count_; }
  void clear() { count_ = 0; }
  void set_count(std::size_t count) { count_ = count; }
  // Copies rows [first, first + count) of `rows` behind the last; count_ + count <= capacity.
  void append(const RowsView& rows, std::size_t first, std::size_t count);

  [[nodiscard]] std::int64_t* time() { return time_; }
  [[nodiscard]] std::uint64_t* sequence() { return sequence_; }
  [[nodiscard]] std::uint32_t* epoch() { return epoch_; }
  [[nodiscard]] std::byte* values(std::size_t column) { return values_[column]; }
  // Null where the column is not nullable.
  [[nodiscard]] std::uint8_t* nulls(std::size_t column) { return nulls_[column]; }
  [[nodiscard]] RowsView view() const;

 private:
  std::size_t capacity_;
  std::size_t count_ = 0;
  std::unique_ptr<std::byte[]> memory_;
  std::vector<std::size_t> widths_;
  std::int64_t* time_;
  std::uint64_t* sequence_;
  std::uint32_t* epoch_;
  std::vector<std::byte*> values_;
  std::vector<std::uint8_t*> nulls_;
};

}  // namespace ndts
