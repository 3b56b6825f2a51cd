// See row_gather.h.
#include "replay/row_gather.h"

#include <algorithm>
#include <bit>

#include "replay/block_pool.h"

namespace ndts {

namespace {

// So many rows are copied at a time, while as many behind them are asked for.
constexpr std::size_t kSomeRows = 32;

template <typename T>
void pick(const std::byte* cell, std::size_t row_bytes, std::span<const std::uint32_t> places,
          std::byte* out) {
  for (const std::uint32_t place : places) {
    store(out, load<T>(cell + row_bytes * place));
    out += sizeof(T);
  }
}

void pick(std::size_t width, const std::byte* cell, std::size_t row_bytes,
          std::span<const std::uint32_t> places, std::byte* out) {
  if (width == 8) return pick<std::uint64_t>(cell, row_bytes, places, out);
  if (width == 4) return pick<std::uint32_t>(cell, row_bytes, places, out);
  pick<std::uint8_t>(cell, row_bytes, places, out);
}

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
    : schema_(schema), cells_(cells), offsets_(cells.count()) {
  for (const std::uint32_t width : {8u, 4u, 1u}) {
    for (std::size_t cell = 0; cell < cells.count(); cell += 1) {
      if (cells.widths[cell] != width) continue;
      offsets_[cell] = static_cast<std::uint32_t>(row_bytes_);
      row_bytes_ += width;
    }
  }
  row_bytes_ = align_up(row_bytes_, sizeof(std::uint64_t));
  memory_ = std::make_unique_for_overwrite<std::byte[]>(row_bytes_ * capacity + kCacheLine);
  const auto address = reinterpret_cast<std::uintptr_t>(memory_.get());
  rows_ = memory_.get() + (align_up(address, kCacheLine) - address);
}

void WindowRows::put(const DecodedRows& rows, std::size_t first, std::size_t count,
                     std::size_t at) {
  const std::byte* const from = rows.row(first);
  for (std::size_t cell = 0; cell < offsets_.size(); cell += 1)
    read_cells(rows.forms[cell], {from, rows.row_bytes}, count, cells_.widths[cell],
               {row(at) + offsets_[cell], row_bytes_});
}

void WindowRows::gather(std::span<const std::uint32_t> places, const RowsOut& out,
                        std::size_t at) const {
  for (std::size_t first = 0; first < places.size(); first += kSomeRows) {
    const auto rest = places.subspan(first);
    const auto some = rest.first(std::min(kSomeRows, rest.size()));
    const auto behind = rest.subspan(some.size());
    // In here: gcc takes a function that only prefetches for one without effect.
    for (const std::uint32_t place : behind.first(std::min(kSomeRows, behind.size())))
      for (std::size_t byte = 0; byte < row_bytes_; byte += kCacheLine)
        __builtin_prefetch(row(place) + byte);
    gather_some(some, out, at + first);
  }
}

void WindowRows::gather_some(std::span<const std::uint32_t> places, const RowsOut& out,
                             std::size_t at) const {
  if (out.sequence != nullptr) {
    double* to = out.sequence + at;
    for (const std::uint32_t place : places)
      *to++ = static_cast<double>(static_cast<std::int64_t>(sequence(place)));
  }
  visit_cells(schema_, cells_, out,
              [this, places, at](std::size_t cell, std::size_t width, std::byte* column) {
                pick(width, rows_ + offsets_[cell], row_bytes_, places, column + width * at);
              });
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
