// See row_gather.h.
#include "replay/row_gather.h"

#include <algorithm>
#include <bit>

#include "replay/block_pool.h"

namespace ndts {

namespace {

// So many rows are turned at a time, while as many behind them are asked for.
constexpr std::size_t kSomeRows = 32;
constexpr std::size_t kLineLanes = kCacheLine / sizeof(std::uint64_t);

void put_value(std::uint64_t bits, std::size_t width, std::byte* out) {
  if (width == 8) return store(out, bits);
  if (width == 4) return store(out, static_cast<std::uint32_t>(bits));
  store(out, static_cast<std::uint8_t>(bits));
}

// One cell, here and not in a call: snapshots take single rows.
[[gnu::always_inline]] inline std::uint64_t read_cell(const CellForm& form, const std::byte* row) {
  const std::byte* const cell = row + form.offset;
  std::uint64_t value = 0;
  if (form.bytes == 1) value = load<std::uint8_t>(cell);
  if (form.bytes == 2) value = load<std::uint16_t>(cell);
  if (form.bytes == 4) value = load<std::uint32_t>(cell);
  if (form.bytes == 8) value = load<std::uint64_t>(cell);
  if (form.exponent == CellForm::kInteger) return static_cast<std::uint64_t>(form.base) + value;
  double number = static_cast<double>(form.base) +
                  static_cast<double>(form.scale) *
                      static_cast<double>(static_cast<std::int64_t>(value));
  if (form.exponent > 0) number /= power_of_ten(form.exponent);
  return std::bit_cast<std::uint64_t>(number);
}

// Calls visit(cell, width, out) for the values and nulls that are wanted.
template <typename Visit>
void visit_cells(const TableSchema& schema, const RowCells& cells, const RowsOut& out,
                 const Visit& visit) {
  for (std::size_t column = 0; column < schema.columns.size(); column += 1) {
    const std::size_t cell = cells.values[column];
    if (cell == RowCells::kNone || out.values[column] == nullptr) continue;
    visit(cell, std::size_t{cells.widths[cell]}, out.values[column]);
    const std::size_t nulls = cells.nulls[column];
    if (nulls == RowCells::kNone || out.nulls[column] == nullptr) continue;
    visit(nulls, std::size_t{1}, reinterpret_cast<std::byte*>(out.nulls[column]));
  }
}

}  // namespace

WindowRows::WindowRows(const TableSchema& schema, const RowCells& cells, std::size_t capacity)
    : schema_(schema),
      cells_(cells),
      kernels_(row_kernels(Simd::kBest)),
      lanes_(lane_count(cells.count())),
      memory_(std::make_unique_for_overwrite<std::uint64_t[]>(lanes_ * capacity + kLineLanes)),
      out_(lanes_) {
  const auto address = reinterpret_cast<std::uintptr_t>(memory_.get());
  rows_ = memory_.get() + (align_up(address, kCacheLine) - address) / sizeof(std::uint64_t);
}

NarrowForm::Fit WindowRows::fit(DecodedRows* rows) {
  if (rows->narrow_version == form_.version()) return NarrowForm::Fit::kFits;
  const NarrowForm::Fit fit = form_.fit({rows->forms, cells_.count()}, rows->narrow);
  if (fit == NarrowForm::Fit::kFits) rows->narrow_version = form_.version();
  return fit;
}

// A lane that nobody asked for has no width.
void WindowRows::point_at(const RowsOut& out, std::size_t at) {
  std::fill(out_.begin(), out_.end(), LaneOut{});
  if (out.sequence != nullptr)
    out_[RowCells::kSequence] = {reinterpret_cast<std::byte*>(out.sequence + at), sizeof(double)};
  visit_cells(schema_, cells_, out,
              [this, at](std::size_t cell, std::size_t width, std::byte* column) {
                out_[cell] = {column + width * at, width};
              });
}

void WindowRows::gather(std::span<const std::uint32_t> places, const RowsOut& out,
                        std::size_t at) {
  point_at(out, at);
  for (std::size_t first = 0; first < places.size(); first += kSomeRows) {
    const auto rest = places.subspan(first);
    const auto some = rest.first(std::min(kSomeRows, rest.size()));
    const auto behind = rest.subspan(some.size());
    // In here: gcc takes a function that only prefetches for one without effect.
    for (const std::uint32_t place : behind.first(std::min(kSomeRows, behind.size()))) {
      if (is_narrow_) {
        __builtin_prefetch(narrow_row(place));
        continue;
      }
      for (std::size_t lane = 0; lane < lanes_; lane += kLineLanes)
        __builtin_prefetch(row(place) + lane);
    }
    if (is_narrow_) {
      kernels_.turn_narrow(narrow_row(0), form_, some, out_);
    } else {
      kernels_.turn({rows_, lanes_}, some, out_);
    }
    for (LaneOut& lane : out_) lane.first += lane.width * some.size();
  }
}

void put_row(const TableSchema& schema, const RowCells& cells, const CellForm* forms,
             const std::byte* row, const RowsOut& out, std::size_t at) {
  if (out.sequence != nullptr)
    out.sequence[at] = static_cast<double>(static_cast<std::int64_t>(sequence_of(forms, row)));
  visit_cells(schema, cells, out,
              [forms, row, at](std::size_t cell, std::size_t width, std::byte* column) {
                put_value(read_cell(forms[cell], row), width, column + width * at);
              });
}

}  // namespace ndts
