// Windows of which every value is a whole number near those of its column: four bytes a value
// instead of eight. A window of ticks is then half as large, and stays in the second level of the
// cache; to expand a row takes one shuffle for four cells, and no division, which is done once, for
// four rows of a column, when they leave.
//
//   whole:  origin + value
//   real:   (origin + value) / divisor, a double
//
// The origins, and the divisors of decimals, are those of all rows of a day: a block whose decimals
// are fewer is brought to the most there are (m / 10 and 10 m / 100 are rounded alike). Where the
// values of a column are farther apart than four bytes reach, or are true doubles, there is no such
// form, and rows are expanded to eight bytes a value (row_shape.h).
//
// Threads: one. Lifetime: plain memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "replay/row_form.h"

namespace ndts {

// Rows with more cells are not kept like that.
inline constexpr std::size_t kNarrowLanes = 8;

// value = base + scale * cell, modulo 2^32: of the rows of one block, whose cells are known when it
// is decoded. (The form of a cell has no room for that: snapshots read forms again and again.)
struct alignas(64) NarrowBlock {
  std::int32_t bases[kNarrowLanes] = {};
  std::int32_t scales[kNarrowLanes] = {};
  std::uint64_t greatest[kNarrowLanes] = {};  // cells
};

struct NarrowLane {
  std::int64_t origin = 0;
  double divisor = 1;
  double inverse = 1;  // of the divisor, rounded
  bool known = false;  // some block was looked at
  bool real = false;
  std::uint8_t exponent = 0;  // of the divisor
};

class NarrowForm {
 public:
  enum class Fit : std::uint8_t {
    kFits = 1,     // by the bases and scales of *block, rows of it are taken
    kChanged = 2,  // what was taken before is void: blocks of other versions are fitted again
    kNever = 3,
  };

  [[nodiscard]] Fit fit(std::span<const CellForm> forms, NarrowBlock* block);
  // Never 0; grows with every change.
  [[nodiscard]] std::uint32_t version() const { return version_; }
  [[nodiscard]] const NarrowLane& lane(std::size_t cell) const { return lanes_[cell]; }
  // Another day.
  void clear();

 private:
  [[nodiscard]] static bool fit_cell(const NarrowLane& lane, const CellForm& form,
                                     std::size_t cell, NarrowBlock* block);

  NarrowLane lanes_[kNarrowLanes];
  std::uint32_t version_ = 1;
};

}  // namespace ndts
