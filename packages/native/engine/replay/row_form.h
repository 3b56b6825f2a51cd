// Decoded rows as they wait for a merge: each value in as few bytes as those of its block need, a
// row's values side by side. A day of thousands of symbols lies in memory at once, and what a
// merge costs is the lines and pages of it that are touched.
//
// A row begins with its time, eight bytes: whoever looks whether a row's time has come has the row,
// or the start of it, in the cache with it.
//
// A cell holds the distance to the least of its column in the block. Decimals are the integers
// they are stored as, and become doubles on the way out by the division that the codec would do:
// the same bits.
//
// Threads: plain memory. Lifetime: that of the block's room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "table/schema.h"

namespace ndts {

// Which columns rows have: the sequence, then values, and nulls behind them.
struct RowCells {
  RowCells(const TableSchema& schema, const std::vector<bool>& wanted);
  static constexpr std::size_t kNone = 0;
  static constexpr std::size_t kSequence = 0;
  [[nodiscard]] std::size_t count() const { return widths.size(); }
  std::vector<std::size_t> values;  // cells by column of the schema; kNone: not wanted
  std::vector<std::size_t> nulls;   // kNone: not wanted or not nullable
  std::vector<std::uint8_t> widths; // of a value outside, by cell: 8, 4 or 1
};

// How the values of one column are kept in the rows of one block.
struct CellForm {
  static constexpr std::uint8_t kInteger = 0xff;
  std::int64_t base = 0;
  std::uint32_t scale = 0;   // of a decimal: (base + scale * cell) / 10^exponent
  std::uint16_t offset = 0;  // in the row
  std::uint8_t bytes = 0;    // 0, when all are the base; 1, 2, 4, 8
  std::uint8_t exponent = kInteger;  // or base + cell, modulo 2^64
};
static_assert(sizeof(CellForm) == 16);

// A cell is read as eight bytes, or four of them as sixteen, those behind them included.
inline constexpr std::size_t kRowSpare = 2 * sizeof(std::uint64_t);

// 0 to 15.
[[nodiscard]] double power_of_ten(std::uint8_t exponent);

struct RowShape;
struct NarrowBlock;

struct DecodedRows {
  const CellForm* forms = nullptr;       // by cell
  const std::byte* rows = nullptr;       // behind the last one are kRowSpare bytes
  const std::uint64_t* bases = nullptr;  // by lane (row_shape.h)
  const RowShape* shape = nullptr;       // set by who reads by it
  NarrowBlock* narrow = nullptr;         // room for who reads by it (narrow_lanes.h)
  std::uint32_t row_bytes = 0;
  std::uint32_t narrow_version = 0;      // that it was set for; 0: none

  [[nodiscard]] const std::byte* row(std::size_t at) const { return rows + row_bytes * at; }
  [[nodiscard]] std::int64_t time(std::size_t at) const { return load<std::int64_t>(row(at)); }
  // The first of the rows [first, end) whose time is `wanted` or later; `end` if there is none.
  [[nodiscard]] std::size_t first_from(std::int64_t wanted, std::size_t first,
                                       std::size_t end) const;
};

// A decoded column on its way into rows.
struct CellColumn {
  const std::byte* values = nullptr;  // of `width` bytes each; null: all zero
  std::size_t width = 8;
  // Of a decimal, whose values are then int64: offset + scale * value is divided by 10^exponent.
  std::uint64_t offset = 0;
  std::uint32_t scale = 0;
  std::uint8_t exponent = CellForm::kInteger;
  std::uint64_t least = 0;     // value, as they are here; set by plan_rows()
  std::uint64_t greatest = 0;  // distance to it; so, too
};

// The forms of the columns' cells for so many rows, and how large a row is, its time included.
[[nodiscard]] std::uint32_t plan_rows(std::span<CellColumn> columns, std::size_t rows,
                                      std::span<CellForm> forms);
// Rows of that form, whose times are eight bytes each.
void put_rows(const std::byte* times, std::span<const CellColumn> columns,
              std::span<const CellForm> forms, std::size_t rows, std::uint32_t row_bytes,
              std::byte* to);

// Cells, or values, that lie so many bytes apart.
struct CellsAt {
  const std::byte* first;
  std::size_t apart;
};
struct ValuesAt {
  std::byte* first;
  std::size_t apart;
};

// The values of a cell of rows that follow each other, `width` bytes each. `rows` begin with the
// first of them.
void read_cells(const CellForm& form, CellsAt rows, std::size_t count, std::size_t width,
                ValuesAt out);

[[nodiscard]] inline std::uint64_t sequence_of(const CellForm* forms, const std::byte* row) {
  std::byte value[sizeof(std::uint64_t)];
  read_cells(forms[RowCells::kSequence], {row, 0}, 1, sizeof value, {value, 0});
  return load<std::uint64_t>(value);
}

}  // namespace ndts
