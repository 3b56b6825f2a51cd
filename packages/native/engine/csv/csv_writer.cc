// See csv_writer.h.
#include "csv/csv_writer.h"

#include <charconv>
#include <cmath>
#include <cstring>

#include "csv/csv_time.h"
#include "generated/constants.h"

namespace ndts {

namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;

char* put_digits(char* at, std::uint64_t value, int count) {
  for (int place = count - 1; place >= 0; place -= 1) {
    at[place] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return at + count;
}

char* put_clock(char* at, std::uint64_t ns) {
  const std::uint64_t seconds = ns / kSecondNs;
  at = put_digits(at, seconds / 3600, 2);
  *at++ = ':';
  at = put_digits(at, seconds / 60 % 60, 2);
  *at++ = ':';
  at = put_digits(at, seconds % 60, 2);
  *at++ = '.';
  return put_digits(at, ns % kSecondNs, 9);
}

void put_time(double day, double ns_of_day, std::string* out) {
  if (!std::isfinite(day)) {
    *out += day > 0 ? "infinity" : "-infinity";
    return;
  }
  std::int64_t year = 0;
  unsigned month = 0;
  unsigned of_month = 0;
  date_of(static_cast<std::int64_t>(day), &year, &month, &of_month);
  char text[64];
  char* at = text;
  if (year < 0 || year > 9999) {
    *out += std::to_string(year);
  } else {
    at = put_digits(at, static_cast<std::uint64_t>(year), 4);
  }
  *at++ = '-';
  at = put_digits(at, month, 2);
  *at++ = '-';
  at = put_digits(at, of_month, 2);
  *at++ = 'T';
  at = put_clock(at, static_cast<std::uint64_t>(ns_of_day));
  *at++ = 'Z';
  out->append(text, at);
}

template <typename T>
void put_number(T value, std::string* out) {
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(value)) {
      *out += std::isnan(value) ? "NaN" : value > 0 ? "inf" : "-inf";
      return;
    }
  }
  char text[64];
  out->append(text, std::to_chars(text, text + sizeof(text), value).ptr);
}

template <typename T>
T value_at(const CsvWriteColumn& column, std::size_t row) {
  return load<T>(column.values.data() + sizeof(T) * row);
}

std::string_view text_at(const CsvWriteColumn& column, std::size_t row) {
  const auto begin = row == 0 ? 0 : value_at<std::uint32_t>(column, row - 1);
  const auto end = value_at<std::uint32_t>(column, row);
  return {reinterpret_cast<const char*>(column.more.data()) + begin, end - begin};
}

void put_hex(std::string_view bytes, std::string* out) {
  constexpr char kDigits[] = "0123456789abcdef";
  if (bytes.empty()) *out += "\"\"";
  for (const char byte : bytes) {
    *out += kDigits[static_cast<unsigned char>(byte) >> 4];
    *out += kDigits[static_cast<unsigned char>(byte) & 15];
  }
}

void put_time_of_day(double ns, std::string* out) {
  char text[32];
  out->append(text, put_clock(text, static_cast<std::uint64_t>(ns)));
}

void put_value(const CsvWriteColumn& column, std::size_t row, const CsvDialect& dialect,
               std::string* out) {
  if (column.nulls != nullptr && column.nulls[row] != 0) return;
  switch (column.kind) {
    case SqlKind::kBool:
      *out += value_at<std::uint8_t>(column, row) != 0 ? "true" : "false";
      return;
    case SqlKind::kI32:
      return put_number(value_at<std::int32_t>(column, row), out);
    case SqlKind::kI64:
      return put_number(value_at<std::int64_t>(column, row), out);
    case SqlKind::kU64:
      return put_number(value_at<std::uint64_t>(column, row), out);
    case SqlKind::kF32:
      return put_number(value_at<float>(column, row), out);
    case SqlKind::kF64:
      return put_number(value_at<double>(column, row), out);
    case SqlKind::kTime:
      return put_time(value_at<double>(column, row),
                      load<double>(column.more.data() + sizeof(double) * row), out);
    case SqlKind::kTimeOfDay:
      return put_time_of_day(value_at<double>(column, row), out);
    case SqlKind::kBytes:
      return put_hex(text_at(column, row), out);
    default:
      return write_csv_text(text_at(column, row), dialect, out);
  }
}

bool has_texts(SqlKind kind) {
  return kind == SqlKind::kText || kind == SqlKind::kInteger || kind == SqlKind::kDecimal ||
         kind == SqlKind::kBytes;
}

std::size_t width_of(SqlKind kind) {
  if (kind == SqlKind::kBool) return 1;
  return kind == SqlKind::kI32 || kind == SqlKind::kF32 || has_texts(kind) ? 4 : 8;
}

}  // namespace

bool is_whole(const CsvWriteColumn& column, std::size_t rows) {
  if (column.values.size() / width_of(column.kind) < rows) return false;
  if (column.kind == SqlKind::kTime) return column.more.size() / sizeof(double) >= rows;
  if (!has_texts(column.kind)) return true;
  std::uint32_t before = 0;
  for (std::size_t row = 0; row < rows; row += 1) {
    const auto end = value_at<std::uint32_t>(column, row);
    if (end < before || end > column.more.size()) return false;
    before = end;
  }
  return true;
}

void write_csv_text(std::string_view text, const CsvDialect& dialect, std::string* out) {
  const char special[] = {dialect.delimiter, dialect.quote, '\n', '\r'};
  const bool is_plain =
      !text.empty() &&
      text.find_first_of(std::string_view(special, sizeof(special))) == std::string_view::npos &&
      (dialect.comment == 0 || text.front() != dialect.comment);
  if (is_plain) {
    out->append(text);
    return;
  }
  *out += dialect.quote;
  for (const char letter : text) {
    if (letter == dialect.quote) *out += letter;
    *out += letter;
  }
  *out += dialect.quote;
}

void write_csv(const std::vector<CsvWriteColumn>& columns, std::size_t rows,
               const CsvDialect& dialect, std::string* out) {
  for (std::size_t row = 0; row < rows; row += 1) {
    for (std::size_t at = 0; at < columns.size(); at += 1) {
      if (at > 0) *out += dialect.delimiter;
      put_value(columns[at], row, dialect, out);
    }
    *out += '\n';
  }
}

}  // namespace ndts
