// Rows as they wait for a merge (row_shape.h) into rows of eight bytes a lane, and those, from
// anywhere, into columns: four at a time, turned within registers.
//
// Threads: any. Errors: none. All forms of the kernels give the same bits: a division is rounded
// as IEEE says, everything before it is exact.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/simd.h"
#include "replay/row_shape.h"
#include "replay/window_order.h"

namespace ndts {

// Rows of a block that follow each other, at their times; behind the last one are kRowSpare bytes.
struct PackedRows {
  const RowShape* shape;
  const std::uint64_t* bases;
  const std::byte* first;
  std::size_t row_bytes;
  std::size_t count;
};

// Where rows of one symbol go in a window of time, by their places in it.
struct WindowPart {
  std::int64_t start;      // of the window
  std::int64_t end;        // rows from here on are not taken
  std::uint32_t symbol;
  std::size_t place;       // of the first one
  std::uint64_t* keys;     // all of the window, by place
  std::uint32_t* symbols;
  std::uint64_t* lanes = nullptr;  // of the first one, aligned as ExpandedRows
};

// Where the values of a lane go, 8, 4 or 1 byte each; 0: nobody asked for them.
struct LaneOut {
  std::byte* first = nullptr;
  std::size_t width = 0;
};

// The same of rows with a narrow form, and where their values go: kNarrowLanes of four bytes a row,
// aligned to as many bytes.
struct NarrowRows {
  const RowShape* shape;
  const NarrowBlock* block;
  const std::byte* first;
  std::size_t row_bytes;
  std::size_t count;
  std::int32_t* out;
};

// Expanded rows, `lanes` of them a row, the first aligned to kLanes of them.
struct ExpandedRows {
  const std::uint64_t* first;
  std::size_t lanes;
};

struct RowKernels {
  // The rows before the end of the window, up to the first that is not; gives how many. Key and
  // symbol of each, and its lanes, row after row.
  std::size_t (*take)(const PackedRows& rows, const WindowPart& part);
  // The rows at these places, in their order; `out` has one for each lane.
  void (*turn)(const ExpandedRows& rows, std::span<const std::uint32_t> places,
               std::span<const LaneOut> out);
  // As take() and turn().
  std::size_t (*take_narrow)(const NarrowRows& rows, const WindowPart& part);
  void (*turn_narrow)(const std::int32_t* rows, const NarrowForm& form,
                      std::span<const std::uint32_t> places, std::span<const LaneOut> out);
};

[[nodiscard]] const RowKernels& row_kernels(Simd simd);
// Only where has_avx2_fma().
[[nodiscard]] const RowKernels& avx2_row_kernels();

// Of a row with a narrow form.
[[nodiscard]] std::uint64_t narrow_value(const NarrowLane& lane, std::int32_t value);
void store_lane(const LaneOut& out, std::size_t at, std::uint64_t value);

// What take() notes of a row that it takes.
inline void note_row(const WindowPart& part, std::size_t row, std::int64_t time) {
  const std::size_t place = part.place + row;
  part.keys[place] =
      (static_cast<std::uint64_t>(time) - static_cast<std::uint64_t>(part.start)) << kPlaceBits |
      place;
  part.symbols[place] = part.symbol;
}

}  // namespace ndts
