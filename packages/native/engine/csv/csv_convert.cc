// From fields to values, a column of a stretch of records at a time. See csv_reader.h.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "csv/csv_reader.h"
#include "db/row_batcher.h"

namespace ndts {

namespace {

constexpr const char* kMissing = "empty, and the column holds no nulls";
constexpr std::size_t kSymbolBytes = 1024;

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char byte) { return byte == ' ' || byte == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// U+0000 to U+001F, and U+007F to U+009F: names are read by people.
bool has_control_character(std::string_view name) {
  unsigned char before = 0;
  for (const char one : name) {
    const auto byte = static_cast<unsigned char>(one);
    if (byte < 0x20 || byte == 0x7f || (before == 0xc2 && byte < 0xa0)) return true;
    before = byte;
  }
  return false;
}

CsvProblem check_symbol(std::string_view name) {
  if (name.empty()) return "a symbol has no name";
  if (name.size() > kSymbolBytes) return "the name of a symbol is longer than 1024 bytes";
  if (has_control_character(name)) return "the name of a symbol has control characters";
  return is_utf8(name) ? nullptr : "not UTF-8";
}

// What stands for a null where there are none; false: nothing does.
template <typename T>
bool stand_in(T* value) {
  if constexpr (std::is_floating_point_v<T>) {
    *value = std::numeric_limits<T>::quiet_NaN();
    return true;
  }
  *value = {};
  return false;
}

HeapPlace put_text(std::string_view text, std::vector<std::byte>* heap) {
  const HeapPlace place{static_cast<std::uint32_t>(heap->size()),
                        static_cast<std::uint32_t>(text.size())};
  const Bytes bytes = std::as_bytes(std::span(text.data(), text.size()));
  heap->insert(heap->end(), bytes.begin(), bytes.end());
  return place;
}

// Text as it is, or the bytes its digits stand for.
CsvProblem put_value(ValueType type, std::string_view text, std::string* scratch,
                     std::vector<std::byte>* heap, HeapPlace* place) {
  if (type == ValueType::kText) {
    if (!is_utf8(text)) return "not UTF-8";
    *place = put_text(text, heap);
    return nullptr;
  }
  std::string bytes(text.size() / 2, '\0');
  std::size_t count = 0;
  if (const CsvProblem problem = parse_hex(text, bytes.data(), &count); problem != nullptr)
    return problem;
  *scratch = std::move(bytes);
  *place = put_text({scratch->data(), count}, heap);
  return nullptr;
}

template <typename T>
void keep_good(T* values, const std::vector<std::uint8_t>& is_bad, std::size_t count) {
  std::size_t to = 0;
  for (std::size_t from = 0; from < count; from += 1)
    if (is_bad[from] == 0) values[to++] = values[from];
}

}  // namespace

// The text of a field without its quotes; it holds until the next call.
CsvProblem CsvReader::field_text(std::size_t record, std::uint32_t field, std::string_view* text,
                                 bool* is_null) {
  const Record& where = stretch_[record];
  const std::uint32_t separator = where.separator + field;
  const std::size_t begin = field == 0 ? where.begin : separators_[separator - 1] + 1;
  std::size_t end = separators_[separator];
  if (field + 1 == plan_.fields && end > begin && text_[end - 1] == '\r') end -= 1;
  *text = {text_.data() + begin, end - begin};
  *is_null = text->empty();
  if (*is_null) return nullptr;
  const char quote = plan_.dialect.quote;
  if (quote == 0 || text->front() != quote) {
    for (const std::string& word : plan_.null_words) *is_null = *is_null || *text == word;
    return nullptr;
  }
  if (text->size() < 2 || text->back() != quote) return "there is text behind the closing quote";
  text->remove_prefix(1);
  text->remove_suffix(1);
  if (text->find(quote) == std::string_view::npos) return nullptr;
  scratch_.clear();
  for (std::size_t at = 0; at < text->size(); at += 1) {
    scratch_ += (*text)[at];
    if ((*text)[at] != quote) continue;
    at += 1;
    if (at == text->size() || (*text)[at] != quote)
      return "a quote inside quotes must be doubled";
  }
  *text = scratch_;
  return nullptr;
}

template <typename T>
void CsvReader::convert_each(const CsvColumn& column, T* into, std::uint8_t* nulls,
                             CsvProblem (*parse)(std::string_view, T*)) {
  for (std::size_t record = 0; record < stretch_.size(); record += 1) {
    if (is_bad_[record] != 0) continue;
    std::string_view text;
    bool is_null = false;
    CsvProblem problem = field_text(record, column.field, &text, &is_null);
    if (problem == nullptr) text = trimmed(text);
    is_null = is_null || text.empty();
    if (nulls != nullptr) nulls[record] = is_null ? 1 : 0;
    if (problem == nullptr && is_null) {
      if (!stand_in(&into[record]) && nulls == nullptr) problem = kMissing;
    } else if (problem == nullptr) {
      problem = parse(text, &into[record]);
    }
    if (problem != nullptr) mark_bad(record, column.field, problem);
  }
}

void CsvReader::convert_time(const CsvColumn& column, const CsvRows& rows, std::size_t first) {
  std::string date;
  for (std::size_t record = 0; record < stretch_.size(); record += 1) {
    if (is_bad_[record] != 0) continue;
    std::string_view text;
    bool is_null = false;
    CsvTime time;
    CsvProblem problem = field_text(record, column.field, &text, &is_null);
    if (problem == nullptr && is_null) problem = "a row needs a time";
    if (problem == nullptr && column.second == CsvColumn::kConstant) {
      problem = time_.parse(trimmed(text), &time);
    } else if (problem == nullptr) {
      date = trimmed(text);
      problem = field_text(record, column.second, &text, &is_null);
      if (problem == nullptr) problem = time_.parse_parts(date, trimmed(text), &time);
    }
    if (problem != nullptr) mark_bad(record, column.field, problem);
    rows.day[first + record] = static_cast<double>(time.day);
    rows.ns_of_day[first + record] = static_cast<double>(time.ns_of_day);
  }
}

void CsvReader::convert_symbol(const CsvColumn& column, std::uint32_t* into,
                               std::uint8_t* nulls) {
  for (std::size_t record = 0; record < stretch_.size(); record += 1) {
    if (is_bad_[record] != 0) continue;
    std::string_view text;
    bool is_null = false;
    CsvProblem problem = field_text(record, column.field, &text, &is_null);
    if (nulls != nullptr) nulls[record] = is_null ? 1 : 0;
    into[record] = 0;
    if (problem == nullptr && is_null && nulls != nullptr) continue;
    if (problem == nullptr) problem = check_symbol(text);
    if (problem == nullptr) into[record] = symbols_.number_of(text);
    else mark_bad(record, column.field, problem);
  }
}

void CsvReader::convert_text(const CsvColumn& column, std::byte* into, std::uint8_t* nulls,
                             CsvBatch* batch) {
  std::string scratch;
  for (std::size_t record = 0; record < stretch_.size(); record += 1) {
    if (is_bad_[record] != 0) continue;
    std::string_view text;
    bool is_null = false;
    CsvProblem problem = field_text(record, column.field, &text, &is_null);
    if (nulls != nullptr) nulls[record] = is_null ? 1 : 0;
    HeapPlace place{0, 0};
    if (problem == nullptr && !is_null)
      problem = put_value(column.type, text, &scratch, &batch->heap, &place);
    store(into + sizeof(HeapPlace) * record, place);
    if (problem != nullptr) mark_bad(record, column.field, problem);
  }
}

void CsvReader::convert(const CsvColumn& column, const CsvRows& rows, std::size_t first,
                        CsvBatch* batch) {
  if (column.target == CsvTarget::kTime) return convert_time(column, rows, first);
  if (column.target == CsvTarget::kSymbol)
    return convert_symbol(column, rows.symbol + first, nullptr);
  std::uint8_t* nulls = rows.nulls[column.column];
  if (nulls != nullptr) nulls += first;
  std::byte* into = rows.values[column.column] + value_bytes(column.type) * first;
  switch (column.type) {
    case ValueType::kF64:
      return convert_each(column, reinterpret_cast<double*>(into), nulls, parse_f64);
    case ValueType::kF32:
      return convert_each(column, reinterpret_cast<float*>(into), nulls, parse_f32);
    case ValueType::kI64:
      return convert_each(column, reinterpret_cast<std::int64_t*>(into), nulls, parse_i64);
    case ValueType::kI32:
      return convert_each(column, reinterpret_cast<std::int32_t*>(into), nulls, parse_i32);
    case ValueType::kBool:
      return convert_each(column, reinterpret_cast<std::uint8_t*>(into), nulls, parse_bool);
    case ValueType::kSymbol:
      return convert_symbol(column, reinterpret_cast<std::uint32_t*>(into), nulls);
    default:
      return convert_text(column, into, nulls, batch);
  }
}

// Bad rows become rejects, and those behind them move up.
void CsvReader::drop_bad(const CsvRows& rows, std::size_t first, CsvBatch* batch) {
  std::sort(bad_.begin(), bad_.end(),
            [](const BadRow& a, const BadRow& b) { return a.record < b.record; });
  for (const BadRow& bad : bad_) {
    // Its own first byte is where the one before ends, or a comment; the newline tells.
    const Record& where = stretch_[bad.record];
    std::size_t last = where.separator;
    if (bad.reason == nullptr) last += bad.field - 1;
    else last += plan_.fields - 1;
    add_reject(where.begin, separators_[last],
               bad.reason == nullptr ? CsvColumn::kConstant : bad.field,
               bad.reason == nullptr ? "" : bad.reason, batch);
    if (bad.reason == nullptr)
      batch->rejects.back().reason = "expected " + std::to_string(plan_.fields) +
                                     " fields, found " + std::to_string(bad.field);
  }
  const std::size_t count = stretch_.size();
  for (const CsvColumn& column : plan_.columns) {
    if (column.field == CsvColumn::kConstant) continue;
    if (column.target == CsvTarget::kTime) {
      keep_good(rows.day + first, is_bad_, count);
      keep_good(rows.ns_of_day + first, is_bad_, count);
    } else if (column.target == CsvTarget::kSymbol) {
      keep_good(rows.symbol + first, is_bad_, count);
    } else {
      const std::size_t width = value_bytes(column.type);
      std::byte* values = rows.values[column.column] + width * first;
      if (width == 8) keep_good(reinterpret_cast<std::uint64_t*>(values), is_bad_, count);
      else if (width == 4) keep_good(reinterpret_cast<std::uint32_t*>(values), is_bad_, count);
      else keep_good(values, is_bad_, count);
      std::uint8_t* nulls = rows.nulls[column.column];
      if (nulls != nullptr) keep_good(nulls + first, is_bad_, count);
    }
  }
  batch->rows += count - bad_.size();
}

Status CsvReader::check_constants() {
  // One row of each, as next() would make it.
  double day = 0;
  double ns_of_day = 0;
  std::uint32_t symbol = 0;
  std::uint64_t value = 0;
  std::uint8_t is_null = 0;
  for (const CsvColumn& column : plan_.columns) {
    if (column.field != CsvColumn::kConstant) continue;
    CsvRows row{1, &day, &ns_of_day, &symbol, {}, {}};
    row.values.assign(column.column + 1, reinterpret_cast<std::byte*>(&value));
    row.nulls.assign(column.column + 1, column.nullable ? &is_null : nullptr);
    CsvBatch batch;
    batch.rows = 1;
    fill_constant(column, row, &batch);
    if (!batch.rejects.empty())
      return Status(Code::kInvalidArgument, "the constant '" + column.constant + "': " +
                                                batch.rejects.front().reason);
  }
  return {};
}

void CsvReader::fill_constants(const CsvRows& rows, CsvBatch* batch) {
  if (batch->rows == 0) return;
  for (const CsvColumn& column : plan_.columns)
    if (column.field == CsvColumn::kConstant) fill_constant(column, rows, batch);
}

namespace {

template <typename T>
CsvProblem fill_each(std::string_view text, T* into, std::uint8_t* nulls, std::size_t count,
                     CsvProblem (*parse)(std::string_view, T*)) {
  T value{};
  if (text.empty()) {
    if (!stand_in(&value) && nulls == nullptr) return kMissing;
  } else if (const CsvProblem problem = parse(text, &value); problem != nullptr) {
    return problem;
  }
  std::fill_n(into, count, value);
  if (nulls != nullptr) std::fill_n(nulls, count, text.empty() ? std::uint8_t{1} : std::uint8_t{0});
  return nullptr;
}

}  // namespace

void CsvReader::fill_constant(const CsvColumn& column, const CsvRows& rows, CsvBatch* batch) {
  const std::size_t count = batch->rows;
  const std::string_view text = column.constant;
  CsvProblem problem = nullptr;
  const auto number_of = [this](std::string_view name, std::uint32_t* number) {
    const CsvProblem found = check_symbol(name);
    if (found == nullptr) *number = symbols_.number_of(name);
    return found;
  };
  std::uint8_t* nulls =
      column.target == CsvTarget::kColumn ? rows.nulls[column.column] : nullptr;
  std::byte* into = column.target == CsvTarget::kColumn ? rows.values[column.column] : nullptr;
  if (column.target == CsvTarget::kTime) {
    CsvTime time;
    problem = time_.parse(text, &time);
    std::fill_n(rows.day, count, static_cast<double>(time.day));
    std::fill_n(rows.ns_of_day, count, static_cast<double>(time.ns_of_day));
  } else if (column.target == CsvTarget::kSymbol || column.type == ValueType::kSymbol) {
    std::uint32_t number = 0;
    const bool is_null = text.empty() && nulls != nullptr;
    if (!is_null) problem = number_of(text, &number);
    std::fill_n(into == nullptr ? rows.symbol : reinterpret_cast<std::uint32_t*>(into), count,
                number);
    if (nulls != nullptr) std::fill_n(nulls, count, is_null ? std::uint8_t{1} : std::uint8_t{0});
  } else if (has_heap(column.type)) {
    HeapPlace place{0, 0};
    problem = put_value(column.type, text, &scratch_, &batch->heap, &place);
    for (std::size_t row = 0; row < count; row += 1)
      store(into + sizeof(HeapPlace) * row, place);
    const bool is_null = text.empty() && nulls != nullptr;
    if (nulls != nullptr) std::fill_n(nulls, count, is_null ? std::uint8_t{1} : std::uint8_t{0});
  } else if (column.type == ValueType::kF64) {
    problem = fill_each(text, reinterpret_cast<double*>(into), nulls, count, parse_f64);
  } else if (column.type == ValueType::kF32) {
    problem = fill_each(text, reinterpret_cast<float*>(into), nulls, count, parse_f32);
  } else if (column.type == ValueType::kI64) {
    problem = fill_each(text, reinterpret_cast<std::int64_t*>(into), nulls, count, parse_i64);
  } else if (column.type == ValueType::kI32) {
    problem = fill_each(text, reinterpret_cast<std::int32_t*>(into), nulls, count, parse_i32);
  } else {
    problem = fill_each(text, reinterpret_cast<std::uint8_t*>(into), nulls, count, parse_bool);
  }
  if (problem != nullptr) batch->rejects.push_back({0, 0, CsvColumn::kConstant, problem, {}});
}

}  // namespace ndts
