// The rows of one table that line protocol has brought and the engine has not taken yet: columns
// in the memory of a TableBatch, as packages/native/src/table-batch.ts lays it out.
//
// Threads: one. A row is written value by value into the place behind the last one and counts when
// finish() says so; begin() forgets what an unfinished one left. Memory is made once; the heap of
// texts grows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "generated/constants.h"
#include "line/line_reason.h"
#include "line/line_value.h"
#include "table/schema.h"

namespace ndts {

// A column as the parser is told of it.
struct LineColumn {
  ColumnSchema schema;
  bool zero = false;  // not nullable, and 0 where a line does not say
};

// A symbol whose number is not known yet: where it has to be written.
struct LinePatch {
  static constexpr std::uint32_t kSymbol = 0xffff'ffff;
  std::uint32_t table;
  std::uint32_t row;
  std::uint32_t column;  // kSymbol: the row's own
  std::uint32_t fresh;   // index of the name
};

class LineTable {
 public:
  static constexpr std::uint32_t kNoColumn = 0xffff'ffff;
  // A row is taken as long as the texts are below this.
  static constexpr std::size_t kHeapBytesMax = 16u << 20;

  // `columns` are those of a schema that passed check_schema(); capacity above 0.
  LineTable(std::string name, const std::vector<LineColumn>& columns, std::size_t capacity);

  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] bool full() const {
    return rows_ == capacity_ || heap_.size() >= kHeapBytesMax;
  }
  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::string_view column_name(std::uint32_t column) const {
    return columns_[column].schema.name;
  }
  // Shared with whoever sees it as a batch.
  [[nodiscard]] const std::shared_ptr<std::byte[]>& memory() const { return memory_; }
  [[nodiscard]] std::size_t memory_bytes() const { return memory_bytes_; }
  [[nodiscard]] const std::vector<std::byte>& heap() const { return heap_; }

  void begin() {
    heap_.resize(heap_kept_);
    row_number_ += 1;
    given_ = 0;
  }
  // The column of the `item`th value of a line, if it is the one that came there in the line
  // before; its name and an equals sign stand at `at`, all before `end`.
  [[nodiscard]] std::uint32_t guess(std::size_t item, const char* at, const char* end) const;
  // Remembers what guess() answers next time. kNoColumn: no such column.
  [[nodiscard]] std::uint32_t find(std::size_t item, std::string_view name);
  // Each once a row and column.
  [[nodiscard]] LineReason set(std::uint32_t column, const LineValue& value);
  // Text or bytes; `symbol` columns take set_symbol().
  [[nodiscard]] LineReason set_text(std::uint32_t column, std::string_view text);
  [[nodiscard]] LineReason set_symbol(std::uint32_t column, std::uint32_t id);
  [[nodiscard]] bool is_symbol(std::uint32_t column) const {
    return columns_[column].schema.type == ValueType::kSymbol;
  }
  void set_row_symbol(std::uint32_t id) { symbol_[rows_] = id; }
  // The row counts, unless a column is missing: then it is named.
  [[nodiscard]] LineReason finish(std::int64_t time, std::uint64_t line, std::uint32_t* missing);

  // Keeps the rows that lines before `line` brought.
  void cut(std::uint64_t line);
  [[nodiscard]] std::uint64_t line(std::size_t row) const { return lines_[row]; }
  // `column` as in LinePatch.
  void patch(std::uint32_t row, std::uint32_t column, std::uint32_t id);
  void clear();

 private:
  struct Column {
    ColumnSchema schema;
    bool zero;
    std::byte* values;
    std::uint8_t* nulls;       // null: not nullable
    std::uint64_t row_number;  // of the last row that gave it
    std::uint64_t start;       // the first bytes of its name and an equals sign, as a word
    std::uint64_t start_mask;  // which of its bytes count
  };

  [[nodiscard]] LineReason give(Column* column);
  [[nodiscard]] LineReason set_whole(Column* column, std::int64_t whole);
  [[nodiscard]] LineReason set_real(Column* column, double real);
  template <typename T>
  void put(const Column& column, T value) {
    reinterpret_cast<T*>(column.values)[rows_] = value;
  }
  [[nodiscard]] LineReason fill_missing(std::uint32_t* missing);

  const std::string name_;
  const std::size_t capacity_;
  std::vector<Column> columns_;
  std::size_t memory_bytes_ = 0;
  std::shared_ptr<std::byte[]> memory_;
  double* day_ = nullptr;
  double* ns_of_day_ = nullptr;
  std::uint32_t* symbol_ = nullptr;
  std::vector<std::uint64_t> lines_;
  std::vector<std::byte> heap_;
  std::size_t heap_kept_ = 0;
  std::vector<std::uint32_t> shape_;  // by item of a line: its column
  std::size_t rows_ = 0;
  std::uint64_t row_number_ = 0;  // of the row being written, or given up
  std::uint32_t given_ = 0;       // its columns so far
};

}  // namespace ndts
