// See row_form.h.
#include "replay/row_form.h"

#include <algorithm>
#include <array>

#include "codec/kernels.h"

namespace ndts {

namespace {

// So many rows are put together at a time: they stay in the first level of the cache.
constexpr std::size_t kChunkOfRows = 128;

constexpr std::array<double, 16> kPowers = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                            1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

template <typename T>
codec::IntegerRange range_of(const std::byte* values, std::size_t rows) {
  T least = load<T>(values);
  T greatest = least;
  for (std::size_t row = 1; row < rows; row += 1) {
    const T value = load<T>(values + sizeof(T) * row);
    least = std::min(least, value);
    greatest = std::max(greatest, value);
  }
  return {static_cast<std::int64_t>(least), static_cast<std::int64_t>(greatest)};
}

codec::IntegerRange range_of(const CellColumn& column, std::size_t rows) {
  if (column.values == nullptr) return {0, 0};
  if (column.width == 4) return range_of<std::uint32_t>(column.values, rows);
  if (column.width == 1) return range_of<std::uint8_t>(column.values, rows);
  const codec::Kernels& kernels = codec::best_kernels();
  codec::IntegerRange all = codec::kNoRange;
  for (std::size_t first = 0; first < rows; first += codec::kVectorValues) {
    const std::size_t count = std::min(codec::kVectorValues, rows - first);
    const auto* values = reinterpret_cast<const std::uint64_t*>(column.values) + first;
    const codec::IntegerRange range =
        kernels.residuals(FrameTransform::kReference, values, count, nullptr);
    all.include(range.least);
    all.include(range.greatest);
  }
  return all;
}

std::uint8_t bytes_for(std::uint64_t distance) {
  if (distance == 0) return 0;
  if (distance <= 0xff) return 1;
  if (distance <= 0xffff) return 2;
  return distance <= 0xffff'ffff ? 4 : 8;
}

template <typename From, typename To>
void put_cells(const std::byte* values, std::uint64_t least, std::size_t rows,
               std::uint32_t row_bytes, std::byte* to) {
#pragma GCC unroll 8
  for (std::size_t row = 0; row < rows; row += 1) {
    const std::uint64_t value = load<From>(values + sizeof(From) * row);
    store(to, static_cast<To>(value - least));
    to += row_bytes;
  }
}

template <typename From>
void put_cells(std::size_t bytes, const std::byte* values, std::uint64_t least, std::size_t rows,
               std::uint32_t row_bytes, std::byte* to) {
  if (bytes == 1) return put_cells<From, std::uint8_t>(values, least, rows, row_bytes, to);
  if (bytes == 2) return put_cells<From, std::uint16_t>(values, least, rows, row_bytes, to);
  if (bytes == 4) return put_cells<From, std::uint32_t>(values, least, rows, row_bytes, to);
  put_cells<From, std::uint64_t>(values, least, rows, row_bytes, to);
}

void put_cells(const CellColumn& column, const CellForm& form, std::size_t first,
               std::size_t rows, std::uint32_t row_bytes, std::byte* to) {
  const std::byte* const values = column.values + column.width * first;
  to += form.offset;
  if (column.width == 8)
    return put_cells<std::uint64_t>(form.bytes, values, column.least, rows, row_bytes, to);
  if (column.width == 4)
    return put_cells<std::uint32_t>(form.bytes, values, column.least, rows, row_bytes, to);
  put_cells<std::uint8_t>(form.bytes, values, column.least, rows, row_bytes, to);
}

template <typename T>
void fill_values(std::uint64_t value, std::size_t count, ValuesAt out) {
  for (std::size_t at = 0; at < count; at += 1) {
    store(out.first, static_cast<T>(value));
    out.first += out.apart;
  }
}

void fill_values(std::uint64_t value, std::size_t count, std::size_t width, ValuesAt out) {
  if (width == 8) return fill_values<std::uint64_t>(value, count, out);
  if (width == 4) return fill_values<std::uint32_t>(value, count, out);
  fill_values<std::uint8_t>(value, count, out);
}

template <typename Cell, typename T>
void read_integers(const CellForm& form, CellsAt cells, std::size_t count, ValuesAt out) {
  const auto base = static_cast<std::uint64_t>(form.base);
  for (std::size_t at = 0; at < count; at += 1) {
    store(out.first, static_cast<T>(base + load<Cell>(cells.first)));
    cells.first += cells.apart;
    out.first += out.apart;
  }
}

// Integers up to 2^52, of which products and sums are exact. Two at a time: a division of two
// takes as long as one.
template <typename Cell, bool kDivided>
void read_decimals(const CellForm& form, CellsAt cells, std::size_t count, ValuesAt out) {
  typedef double Pair __attribute__((vector_size(16)));
  const auto base = static_cast<double>(form.base);
  const double scale = form.scale;
  const double divisor = kPowers[form.exponent];
  const auto next = [&cells] {
    const auto value = static_cast<std::int64_t>(load<Cell>(cells.first));
    cells.first += cells.apart;
    return static_cast<double>(value);
  };
  std::size_t at = 0;
  for (; at + 2 <= count; at += 2) {
    Pair pair;
    pair[0] = next();
    pair[1] = next();
    pair = pair * scale + base;
    if constexpr (kDivided) pair /= divisor;
    store<double>(out.first, pair[0]);
    store<double>(out.first + out.apart, pair[1]);
    out.first += 2 * out.apart;
  }
  if (at < count) store(out.first, (next() * scale + base) / divisor);
}

template <typename Cell>
void read_any(const CellForm& form, CellsAt cells, std::size_t count, std::size_t width,
              ValuesAt out) {
  if (form.exponent == 0) return read_decimals<Cell, false>(form, cells, count, out);
  if (form.exponent != CellForm::kInteger)
    return read_decimals<Cell, true>(form, cells, count, out);
  if (width == 8) return read_integers<Cell, std::uint64_t>(form, cells, count, out);
  if (width == 4) return read_integers<Cell, std::uint32_t>(form, cells, count, out);
  read_integers<Cell, std::uint8_t>(form, cells, count, out);
}

}  // namespace

double power_of_ten(std::uint8_t exponent) { return kPowers[exponent]; }

std::size_t DecodedRows::first_from(std::int64_t wanted, std::size_t first,
                                    std::size_t end) const {
  while (first < end) {
    const std::size_t middle = first + (end - first) / 2;
    if (time(middle) < wanted) {
      first = middle + 1;
    } else {
      end = middle;
    }
  }
  return first;
}

RowCells::RowCells(const TableSchema& schema, const std::vector<bool>& wanted)
    : values(schema.columns.size(), kNone), nulls(schema.columns.size(), kNone), widths{8} {
  for (std::size_t column = 0; column < schema.columns.size(); column += 1) {
    if (!wanted[column]) continue;
    values[column] = count();
    widths.push_back(static_cast<std::uint8_t>(value_bytes(schema.columns[column].type)));
    if (!schema.columns[column].nullable) continue;
    nulls[column] = count();
    widths.push_back(1);
  }
}

std::uint32_t plan_rows(std::span<CellColumn> columns, std::size_t rows,
                        std::span<CellForm> forms) {
  for (std::size_t cell = 0; cell < columns.size(); cell += 1) {
    CellColumn& column = columns[cell];
    const codec::IntegerRange range = range_of(column, rows);
    const auto least = static_cast<std::uint64_t>(range.least);
    column.least = least;
    column.greatest = static_cast<std::uint64_t>(range.greatest) - least;
    const bool decimal = column.exponent != CellForm::kInteger;
    forms[cell] = {.base = static_cast<std::int64_t>(decimal ? column.offset + column.scale * least
                                                             : least),
                   .scale = column.scale,
                   .offset = 0,
                   .bytes = bytes_for(column.greatest),
                   .exponent = column.exponent};
  }
  // Where they are not aligned: memory costs more than that.
  std::uint32_t row_bytes = sizeof(std::int64_t);
  for (CellForm& form : forms) {
    form.offset = static_cast<std::uint16_t>(row_bytes);
    row_bytes += form.bytes;
  }
  return row_bytes;
}

void put_rows(const std::byte* times, std::span<const CellColumn> columns,
              std::span<const CellForm> forms, std::size_t rows, std::uint32_t row_bytes,
              std::byte* to) {
  for (std::size_t first = 0; first < rows; first += kChunkOfRows) {
    const std::size_t count = std::min(kChunkOfRows, rows - first);
    put_cells<std::uint64_t, std::uint64_t>(times + sizeof(std::int64_t) * first, 0, count,
                                            row_bytes, to + std::size_t{row_bytes} * first);
    for (std::size_t cell = 0; cell < columns.size(); cell += 1)
      if (forms[cell].bytes > 0)
        put_cells(columns[cell], forms[cell], first, count, row_bytes,
                  to + std::size_t{row_bytes} * first);
  }
}

void read_cells(const CellForm& form, CellsAt rows, std::size_t count, std::size_t width,
                ValuesAt out) {
  const CellsAt cells = {rows.first + form.offset, rows.apart};
  switch (form.bytes) {
    case 1:
      return read_any<std::uint8_t>(form, cells, count, width, out);
    case 2:
      return read_any<std::uint16_t>(form, cells, count, width, out);
    case 4:
      return read_any<std::uint32_t>(form, cells, count, width, out);
    case 8:
      return read_any<std::uint64_t>(form, cells, count, width, out);
    default:
      break;
  }
  if (form.exponent == CellForm::kInteger)
    return fill_values(static_cast<std::uint64_t>(form.base), count, width, out);
  const double value = static_cast<double>(form.base) / kPowers[form.exponent];
  fill_values(std::bit_cast<std::uint64_t>(value), count, width, out);
}

}  // namespace ndts
