// See row_expand.h: the plain forms, and the choice.
#include "replay/row_expand.h"

#include <bit>

#include "base/bytes.h"

namespace ndts {

namespace {

std::uint64_t read_lane(const LaneGroup& group, std::size_t lane, const std::byte* row,
                        std::uint64_t base) {
  const std::uint64_t value = load<std::uint64_t>(row + group.offsets[lane]) & group.masks[lane];
  if (group.real[lane] == 0) return base + value;
  const double whole =
      std::bit_cast<double>(base) + group.scales[lane] * static_cast<double>(value);
  return std::bit_cast<std::uint64_t>(whole / group.divisors[lane]);
}

std::size_t take(const PackedRows& rows, const WindowPart& part) {
  const std::size_t lanes = kLanes * rows.shape->groups.size();
  std::uint64_t* out = part.lanes;
  for (std::size_t row = 0; row < rows.count; row += 1) {
    const std::byte* const from = rows.first + rows.row_bytes * row;
    const auto time = load<std::int64_t>(from);
    if (time >= part.end) return row;
    note_row(part, row, time);
    for (std::size_t lane = 0; lane < lanes; lane += 1)
      *out++ = read_lane(rows.shape->groups[lane / kLanes], lane % kLanes, from, rows.bases[lane]);
  }
  return rows.count;
}

void turn(const ExpandedRows& rows, std::span<const std::uint32_t> places,
          std::span<const LaneOut> out) {
  for (std::size_t lane = 0; lane < out.size(); lane += 1)
    for (std::size_t at = 0; at < places.size(); at += 1)
      store_lane(out[lane], at, rows.first[rows.lanes * places[at] + lane]);
}

std::uint32_t read_narrow(const NarrowRows& rows, std::size_t lane, const std::byte* row) {
  constexpr std::size_t kHalf = kNarrowLanes / 2;
  const NarrowShape& cells = rows.shape->cells;
  std::uint32_t value = 0;
  for (unsigned byte = 0; byte < sizeof value; byte += 1) {
    const std::uint8_t from = cells.shuffle[lane / kHalf][sizeof value * (lane % kHalf) + byte];
    if (from < 0x80)
      value |= std::uint32_t{load<std::uint8_t>(row + cells.offsets[lane / kHalf] + from)}
               << 8 * byte;
  }
  return static_cast<std::uint32_t>(rows.block->bases[lane]) +
         static_cast<std::uint32_t>(rows.block->scales[lane]) * value;
}

std::size_t take_narrow(const NarrowRows& rows, const WindowPart& part) {
  std::int32_t* out = rows.out;
  for (std::size_t row = 0; row < rows.count; row += 1) {
    const std::byte* const from = rows.first + rows.row_bytes * row;
    const auto time = load<std::int64_t>(from);
    if (time >= part.end) return row;
    note_row(part, row, time);
    for (std::size_t lane = 0; lane < kNarrowLanes; lane += 1)
      *out++ = static_cast<std::int32_t>(read_narrow(rows, lane, from));
  }
  return rows.count;
}

void turn_narrow(const std::int32_t* rows, const NarrowForm& form,
                 std::span<const std::uint32_t> places, std::span<const LaneOut> out) {
  for (std::size_t lane = 0; lane < out.size(); lane += 1)
    for (std::size_t at = 0; at < places.size(); at += 1)
      store_lane(out[lane], at,
                 narrow_value(form.lane(lane), rows[kNarrowLanes * places[at] + lane]));
}

constexpr RowKernels kScalar = {take, turn, take_narrow, turn_narrow};

}  // namespace

void store_lane(const LaneOut& out, std::size_t at, std::uint64_t value) {
  std::byte* const to = out.first + out.width * at;
  if (out.width == 8) store(to, value);
  if (out.width == 4) store(to, static_cast<std::uint32_t>(value));
  if (out.width == 1) store(to, static_cast<std::uint8_t>(value));
}

std::uint64_t narrow_value(const NarrowLane& lane, std::int32_t value) {
  const std::int64_t whole = lane.origin + value;
  if (!lane.real) return static_cast<std::uint64_t>(whole);
  return std::bit_cast<std::uint64_t>(static_cast<double>(whole) / lane.divisor);
}

const RowKernels& row_kernels(Simd simd) {
#if defined(__x86_64__)
  if (simd != Simd::kScalar && has_avx2_fma()) return avx2_row_kernels();
#endif
  return kScalar;
}

}  // namespace ndts
