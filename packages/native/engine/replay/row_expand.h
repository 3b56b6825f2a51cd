// Rows as they wait for a merge (row_shape.h) into rows of eight bytes a lane, and those, from
// anywhere, into columns: four at a time, turned within registers.
//
// Threads: any. Errors: none. All forms of the kernels give the same bits: a division is one IEEE
// division, everything before it is exact.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/simd.h"
#include "replay/row_shape.h"

namespace ndts {

// Rows of a block that follow each other; behind the last one are kRowSpare bytes.
struct PackedRows {
  const RowShape* shape;
  const std::uint64_t* bases;
  const std::byte* first;
  std::size_t row_bytes;
  std::size_t count;
};

// Where the values of a lane go, 8, 4 or 1 byte each; 0: nobody asked for them.
struct LaneOut {
  std::byte* first = nullptr;
  std::size_t width = 0;
};

// Expanded rows, `lanes` of them a row, the first aligned to kLanes of them.
struct ExpandedRows {
  const std::uint64_t* first;
  std::size_t lanes;
};

struct RowKernels {
  // To `out`, lane by lane, row after row; aligned as ExpandedRows.
  void (*expand)(const PackedRows& rows, std::uint64_t* out);
  // The rows at these places, in their order; `out` has one for each lane.
  void (*turn)(const ExpandedRows& rows, std::span<const std::uint32_t> places,
               std::span<const LaneOut> out);
};

[[nodiscard]] const RowKernels& row_kernels(Simd simd);
// Where has_avx2() says so.
[[nodiscard]] const RowKernels& avx2_row_kernels();

void store_lane(const LaneOut& out, std::size_t at, std::uint64_t value);

}  // namespace ndts
