// See narrow_lanes.h.
#include "replay/narrow_lanes.h"

#include <limits>

#include "replay/row_shape.h"

namespace ndts {

namespace {

// Integers up to here, and sums of two, are exact as doubles.
constexpr std::int64_t kExact = std::int64_t{1} << 52;

bool is_near(std::int64_t value) {
  return value >= std::numeric_limits<std::int32_t>::min() &&
         value <= std::numeric_limits<std::int32_t>::max();
}

bool is_exact(std::int64_t value) { return value >= -kExact && value <= kExact; }

std::uint8_t exponent_of(const CellForm& form) {
  return form.exponent == CellForm::kInteger ? std::uint8_t{0} : form.exponent;
}

std::int64_t power(unsigned exponent) {
  return static_cast<std::int64_t>(power_of_ten(static_cast<std::uint8_t>(exponent)));
}

}  // namespace

void NarrowForm::clear() {
  version_ += 1;
  for (NarrowLane& lane : lanes_) lane = {};
}

NarrowForm::Fit NarrowForm::fit(std::span<const CellForm> forms, NarrowBlock* block) {
  if (forms.size() > kNarrowLanes) return Fit::kNever;
  bool changed = false;
  for (std::size_t cell = 0; cell < forms.size(); cell += 1) {
    const CellForm& form = forms[cell];
    const bool real = is_real(cell, form);
    const std::uint8_t exponent = real ? exponent_of(form) : std::uint8_t{0};
    NarrowLane& lane = lanes_[cell];
    if (!lane.known) {
      lane = {.origin = form.base, .known = true, .real = real, .exponent = exponent};
    } else if (exponent > lane.exponent) {
      const std::int64_t more = power(exponent - unsigned{lane.exponent});
      if (__builtin_mul_overflow(lane.origin, more, &lane.origin)) return Fit::kNever;
      lane.exponent = exponent;
      changed = true;
    }
    lane.divisor = power_of_ten(lane.exponent);
    lane.inverse = 1 / lane.divisor;
    if (real != lane.real || !fit_cell(lane, form, cell, block)) return Fit::kNever;
  }
  if (!changed) return Fit::kFits;
  version_ += 1;
  return Fit::kChanged;
}

bool NarrowForm::fit_cell(const NarrowLane& lane, const CellForm& form, std::size_t cell,
                          NarrowBlock* block) {
  const bool real = lane.real;
  const std::uint64_t distance = block->greatest[cell];
  const bool decimal = form.exponent != CellForm::kInteger;
  const std::int64_t more = real ? power(unsigned{lane.exponent} - exponent_of(form)) : 1;
  std::int64_t least = 0;
  std::int64_t greatest = 0;
  std::int64_t step = 0;  // of a cell of one
  if (distance > std::numeric_limits<std::uint32_t>::max()) return false;
  if (__builtin_mul_overflow(form.base, more, &least)) return false;
  if (__builtin_mul_overflow(decimal ? std::int64_t{form.scale} : 1, more, &step)) return false;
  if (__builtin_mul_overflow(step, static_cast<std::int64_t>(distance), &greatest) ||
      __builtin_add_overflow(least, greatest, &greatest))
    return false;
  if (real && (!is_exact(least) || !is_exact(greatest) || !is_exact(lane.origin))) return false;
  std::int64_t from = 0;
  std::int64_t to = 0;
  if (__builtin_sub_overflow(least, lane.origin, &from) ||
      __builtin_sub_overflow(greatest, lane.origin, &to) || !is_near(from) || !is_near(to))
    return false;
  // Cells without bytes are zero, whatever a step would be.
  if (distance > 0 && !is_near(step)) return false;
  block->bases[cell] = static_cast<std::int32_t>(from);
  block->scales[cell] = distance > 0 ? static_cast<std::int32_t>(step) : 0;
  return true;
}

}  // namespace ndts
