// See row_shape.h.
#include "replay/row_shape.h"

#include <algorithm>
#include <bit>
#include <iterator>

namespace ndts {

namespace {

std::uint64_t mask_of(std::uint8_t bytes) {
  return bytes == 0 ? 0 : ~std::uint64_t{0} >> (64 - 8 * bytes);
}

NarrowShape narrow_shape(std::span<const CellForm> forms) {
  constexpr std::uint8_t kZero = 0x80;
  constexpr std::size_t kHalf = kNarrowLanes / 2;
  NarrowShape shape;
  for (auto& half : shape.shuffle) std::fill(std::begin(half), std::end(half), kZero);
  for (std::size_t cell = 0; cell < forms.size(); cell += 1) {
    const std::size_t half = cell / kHalf;
    if (cell % kHalf == 0) shape.offsets[half] = forms[cell].offset;
    for (std::size_t byte = 0; byte < forms[cell].bytes; byte += 1)
      shape.shuffle[half][sizeof(std::uint32_t) * (cell % kHalf) + byte] =
          static_cast<std::uint8_t>(forms[cell].offset - shape.offsets[half] + byte);
  }
  return shape;
}

RowShape make_shape(std::span<const CellForm> forms) {
  RowShape shape;
  shape.groups.resize(lane_count(forms.size()) / kLanes);
  for (std::size_t cell = 0; cell < forms.size(); cell += 1) {
    const CellForm& form = forms[cell];
    LaneGroup& group = shape.groups[cell / kLanes];
    const std::size_t lane = cell % kLanes;
    group.masks[lane] = mask_of(form.bytes);
    group.offsets[lane] = form.offset;
    shape.narrow = shape.narrow && form.bytes <= sizeof(std::uint32_t);
    if (!is_real(cell, form)) continue;
    group.real[lane] = ~std::uint64_t{0};
    if (form.exponent == CellForm::kInteger) continue;
    group.scales[lane] = form.scale;
    group.divisors[lane] = power_of_ten(form.exponent);
    group.inverses[lane] = 1 / group.divisors[lane];
  }
  if (shape.narrow && forms.size() <= kNarrowLanes) shape.cells = narrow_shape(forms);
  return shape;
}

}  // namespace

void put_bases(std::span<const CellForm> forms, std::uint64_t* bases) {
  for (std::size_t cell = 0; cell < lane_count(forms.size()); cell += 1) {
    bases[cell] = 0;
    if (cell >= forms.size()) continue;
    const std::int64_t base = forms[cell].base;
    bases[cell] = is_real(cell, forms[cell])
                      ? std::bit_cast<std::uint64_t>(static_cast<double>(base))
                      : static_cast<std::uint64_t>(base);
  }
}

const RowShape* RowShapes::of(std::span<const CellForm> forms) {
  std::string key;
  for (const CellForm& form : forms) {
    key.append(reinterpret_cast<const char*>(&form.scale), sizeof form.scale);
    key.append(reinterpret_cast<const char*>(&form.offset), sizeof form.offset);
    key.push_back(static_cast<char>(form.bytes));
    key.push_back(static_cast<char>(form.exponent));
  }
  std::unique_ptr<RowShape>& shape = shapes_[key];
  if (shape == nullptr) shape = std::make_unique<RowShape>(make_shape(forms));
  return shape.get();
}

}  // namespace ndts
