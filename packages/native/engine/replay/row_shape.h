// How the rows of a block are read out: every cell as a lane of eight bytes, four of them at a
// time, whatever their widths are. Blocks of one form but for the bases share a shape, so that
// thousands of them need no more of the first cache level than a few.
//
//   lane:   value = (eight bytes at the cell's offset) & mask
//   whole:  base + value, modulo 2^64
//   real:   (base + scale * value) / divisor, a double; products and sums are exact (row_form.h)
//
// The sequence is a real lane: it leaves as a double.
//
// Threads: plain memory; RowShapes one. Lifetime: shapes live until clear().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "replay/narrow_lanes.h"
#include "replay/row_form.h"

namespace ndts {

inline constexpr std::size_t kLanes = 4;

struct alignas(32) LaneGroup {
  std::uint64_t masks[kLanes] = {};
  std::uint64_t real[kLanes] = {};  // all ones: a real lane
  double scales[kLanes] = {1, 1, 1, 1};
  double divisors[kLanes] = {1, 1, 1, 1};
  double inverses[kLanes] = {1, 1, 1, 1};  // of the divisors, rounded
  std::uint16_t offsets[kLanes] = {};
};

// Where the bytes of eight cells of at most four bytes are, and where they go in four bytes each.
struct alignas(32) NarrowShape {
  std::uint8_t shuffle[2][kNarrowLanes / 2 * sizeof(std::uint32_t)];
  std::uint16_t offsets[2] = {};  // of sixteen bytes with four cells each
};

struct RowShape {
  bool narrow = true;  // no cell has more than four bytes
  std::vector<LaneGroup> groups;
  NarrowShape cells;   // if it is narrow, and has at most kNarrowLanes cells
};

// Lanes of so many cells, those of the last group that have none included.
[[nodiscard]] constexpr std::size_t lane_count(std::size_t cells) {
  return (cells + kLanes - 1) / kLanes * kLanes;
}

[[nodiscard]] inline bool is_real(std::size_t cell, const CellForm& form) {
  return cell == RowCells::kSequence || form.exponent != CellForm::kInteger;
}

// The bases of the lanes of a block: integers, or the bits of doubles.
void put_bases(std::span<const CellForm> forms, std::uint64_t* bases);

// The shapes that are in use.
class RowShapes {
 public:
  [[nodiscard]] const RowShape* of(std::span<const CellForm> forms);
  // Nobody uses one any more.
  void clear() { shapes_.clear(); }

 private:
  std::unordered_map<std::string, std::unique_ptr<RowShape>> shapes_;  // by what makes a form
};

}  // namespace ndts
