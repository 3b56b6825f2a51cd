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

constexpr RowKernels kScalar = {take, turn};

}  // namespace

void store_lane(const LaneOut& out, std::size_t at, std::uint64_t value) {
  std::byte* const to = out.first + out.width * at;
  if (out.width == 8) store(to, value);
  if (out.width == 4) store(to, static_cast<std::uint32_t>(value));
  if (out.width == 1) store(to, static_cast<std::uint8_t>(value));
}

const RowKernels& row_kernels(Simd simd) {
#if defined(__x86_64__)
  if (simd != Simd::kScalar && has_avx2_fma()) return avx2_row_kernels();
#endif
  return kScalar;
}

}  // namespace ndts
