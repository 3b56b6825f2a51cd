// hot: no allocation for a line, but for a new name
// See line_parser.h. A cursor's end is behind a newline, so that whatever looks for the end of a
// word finds one; only what a backslash or a quote may carry past it asks for the end.
#include "line/line_parser.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "line/line_text.h"

namespace ndts {

namespace {

constexpr unsigned kComma = 1;
constexpr unsigned kSpace = 2;
constexpr unsigned kEquals = 4;
constexpr unsigned kNewline = 8;
constexpr unsigned kReturn = 16;
constexpr unsigned kBackslash = 32;
constexpr unsigned kLineEnd = kNewline | kReturn;

constexpr std::array<std::uint8_t, 256> kClasses = [] {
  std::array<std::uint8_t, 256> classes{};
  classes[','] = kComma;
  classes[' '] = kSpace;
  classes['='] = kEquals;
  classes['\n'] = kNewline;
  classes['\r'] = kReturn;
  classes['\\'] = kBackslash;
  return classes;
}();

unsigned class_of(char byte) { return kClasses[static_cast<unsigned char>(byte)]; }

const char* find_class(const char* at, unsigned classes) {
  while ((class_of(*at) & classes) == 0) at += 1;
  return at;
}

std::string_view text_of(const char* from, const char* to) {
  return {from, static_cast<std::size_t>(to - from)};
}

// Whether the line ends here; `at` moves behind it.
bool ends_line(const char** at) {
  if (**at == '\r' && (*at)[1] == '\n') *at += 1;
  if (**at != '\n') return false;
  *at += 1;
  return true;
}

const char* skip_spaces(const char* at) {
  while (*at == ' ') at += 1;
  return at;
}

bool starts_with_name(const char* at, const char* end, std::string_view name, char then) {
  return static_cast<std::size_t>(end - at) > name.size() && at[name.size()] == then &&
         std::memcmp(at, name.data(), name.size()) == 0;
}

}  // namespace

LineParser::LineParser(LineParserOptions options)
    : options_(std::move(options)),
      table_names_(options_.seed),
      known_(options_.seed),
      fresh_(options_.seed) {}

std::uint32_t LineParser::add_table(const std::string& name,
                                    const std::vector<LineColumn>& columns,
                                    std::size_t capacity) {
  auto made = std::make_unique<LineTable>(name, columns, capacity);
  const std::uint32_t known = table_names_.find(name);
  if (known != LineNames::kNone) {
    if (table_ == tables_[known].get()) table_ = nullptr;
    tables_[known] = std::move(made);
    return known;
  }
  const auto index = static_cast<std::uint32_t>(tables_.size());
  table_names_.add(name, index);
  tables_.push_back(std::move(made));
  return index;
}

LineStop LineParser::parse(LineStream* stream, std::string_view bytes, std::int64_t now,
                           std::size_t* taken) {
  if (stream->refused_) return LineStop::kRefused;
  if (stream->whole_) {
    const LineStop stopped = parse_carry(stream, now);
    if (stopped != LineStop::kEnd) return stopped;
  } else if (!stream->carry_.empty() && *taken < bytes.size()) {
    const std::string_view rest = bytes.substr(*taken);
    const std::size_t ends = stream->end_.find(rest);
    const std::size_t used = ends == LineEnd::kNone ? rest.size() : ends;
    *taken += used;
    stream->carry_.append(rest.substr(0, used));
    if (stream->carry_.size() > options_.line_bytes_max)
      return stop(stream, refuse(LineReason::kLength, ""));
    if (ends == LineEnd::kNone) return LineStop::kEnd;
    stream->whole_ = true;
    const LineStop stopped = parse_carry(stream, now);
    if (stopped != LineStop::kEnd) return stopped;
  }
  const std::size_t last = bytes.rfind('\n');
  if (last == std::string_view::npos || last < *taken)
    return keep(stream, bytes.substr(*taken));
  Cursor cursor{bytes.data() + *taken, bytes.data() + last + 1};
  while (cursor.at < cursor.end) {
    const Step step = read_line(stream, &cursor, now);
    *taken = static_cast<std::size_t>(cursor.at - bytes.data());
    if (step == Step::kDone) continue;
    if (step == Step::kMore) break;
    return stop(stream, step);
  }
  const std::string_view rest = bytes.substr(*taken);
  *taken = bytes.size();
  return keep(stream, rest);
}

// The line in carry_, which is whole.
LineStop LineParser::parse_carry(LineStream* stream, std::int64_t now) {
  Cursor cursor{stream->carry_.data(), stream->carry_.data() + stream->carry_.size()};
  Step step = read_line(stream, &cursor, now);
  if (step == Step::kMore || (step == Step::kDone && cursor.at != cursor.end))
    step = refuse(LineReason::kSyntax, "");
  if (step != Step::kDone) return stop(stream, step);
  stream->carry_.clear();
  stream->end_.reset();
  stream->whole_ = false;
  return LineStop::kEnd;
}

// The beginning of a line stays until the rest comes.
LineStop LineParser::keep(LineStream* stream, std::string_view rest) {
  if (rest.empty()) return LineStop::kEnd;
  if (rest.size() > options_.line_bytes_max) return stop(stream, refuse(LineReason::kLength, ""));
  if (stream->end_.find(rest) != LineEnd::kNone)
    return stop(stream, refuse(LineReason::kSyntax, ""));
  stream->carry_.assign(rest);
  return LineStop::kEnd;
}

LineStop LineParser::finish(LineStream* stream, std::int64_t now) {
  if (stream->refused_) return LineStop::kRefused;
  if (stream->carry_.empty()) return LineStop::kEnd;
  if (!stream->whole_) {
    const bool ends = stream->end_.find("\n") != LineEnd::kNone;
    stream->carry_ += '\n';
    stream->whole_ = true;
    // Inside quotes, or behind a backslash.
    if (!ends) return stop(stream, refuse(LineReason::kSyntax, ""));
  }
  return parse_carry(stream, now);
}

LineStop LineParser::stop(LineStream* stream, Step step) {
  if (step == Step::kFull) return LineStop::kFull;
  if (step == Step::kTable) return LineStop::kTable;
  stream->refused_ = true;
  return LineStop::kRefused;
}

LineParser::Step LineParser::refuse(LineReason reason, std::string_view detail) {
  reason_ = reason;
  detail_.assign(detail.substr(0, 200));
  return Step::kRefused;
}

// One line of any kind. Unless it is done the cursor stays.
LineParser::Step LineParser::read_line(LineStream* stream, Cursor* cursor, std::int64_t now) {
  const char* at = cursor->at;
  if (*at == '#') at = find_class(at, kNewline);
  if (ends_line(&at)) {
    cursor->at = at;
    stream->line_ += 1;
    return Step::kDone;
  }
  const std::size_t patches = patches_.size();
  Cursor ahead = *cursor;
  more_lines_ = 0;
  Step step = read_row(stream, &ahead, now);
  if (step != Step::kDone) {
    patches_.resize(patches);
    return step;
  }
  cursor->at = ahead.at;
  stream->line_ += 1 + more_lines_;
  return step;
}

LineParser::Step LineParser::read_row(LineStream* stream, Cursor* cursor, std::int64_t now) {
  const char* const from = cursor->at;
  Step step = read_table(cursor);
  if (step != Step::kDone) return step;
  if (table_ != nullptr && table_->full()) {
    full_table_ = table_index_;
    return Step::kFull;
  }
  if (table_ != nullptr) table_->begin();
  shape_.clear();
  has_symbol_ = false;
  items_ = 0;
  std::int64_t time = now;
  if (*cursor->at == ',') step = read_tags(cursor);
  if (step == Step::kDone && *cursor->at == ' ') step = read_fields(cursor);
  if (step == Step::kDone && *cursor->at == ' ') step = read_time(*stream, cursor, &time);
  if (step != Step::kDone) return step;
  if (!ends_line(&cursor->at)) return refuse(LineReason::kSyntax, "");
  if (static_cast<std::size_t>(cursor->at - from) > options_.line_bytes_max)
    return refuse(LineReason::kLength, "");
  if (!has_symbol_) return refuse(LineReason::kSymbolMissing, options_.symbol_tag);
  if (items_ == 0) return refuse(LineReason::kSyntax, "");
  if (table_ == nullptr) return Step::kTable;
  std::uint32_t column = LineTable::kNoColumn;
  const LineReason reason = table_->finish(time, stream->line_, &column);
  return result(reason, column);
}

LineParser::Step LineParser::result(LineReason reason, std::uint32_t column) {
  if (reason == LineReason::kNone) return Step::kDone;
  if (column == LineTable::kNoColumn) return refuse(reason, "");
  return refuse(reason, table_->column_name(column));
}

// Ends at the comma or space behind the name.
LineParser::Step LineParser::read_table(Cursor* cursor) {
  if (table_ != nullptr) {
    const std::string_view name = table_->name();
    if (starts_with_name(cursor->at, cursor->end, name, ',') ||
        starts_with_name(cursor->at, cursor->end, name, ' ')) {
      // A name that needs backslashes never looks like this.
      if (name.find_first_of("\\, \r\n") == std::string_view::npos) {
        cursor->at += name.size();
        return Step::kDone;
      }
    }
  }
  std::string_view name;
  const Step step = read_name(cursor, kComma | kSpace, &name);
  if (step != Step::kDone) return step;
  table_index_ = table_names_.find(name);
  table_ = table_index_ == LineNames::kNone ? nullptr : tables_[table_index_].get();
  if (table_ == nullptr) detail_.assign(name);
  return Step::kDone;
}

// A name up to one of `stops`, without its backslashes; not empty.
LineParser::Step LineParser::read_name(Cursor* cursor, unsigned stops, std::string_view* name) {
  const unsigned ends = stops | kLineEnd | kBackslash;
  const char* at = find_class(cursor->at, ends);
  *name = text_of(cursor->at, at);
  if (*at == '\\') {
    scratch_.assign(*name);
    while (*at == '\\') {
      const char next = at[1];  // a backslash is never the last byte
      if (class_of(next) == 0) scratch_ += '\\';
      if (next == '\n') more_lines_ += 1;
      scratch_ += next;
      if (at + 2 >= cursor->end) return Step::kMore;
      const char* const from = at + 2;
      at = find_class(from, ends);
      scratch_.append(text_of(from, at));
    }
    *name = scratch_;
  }
  cursor->at = at;
  if (name->empty() || (class_of(*at) & stops) == 0) return refuse(LineReason::kSyntax, *name);
  return Step::kDone;
}

LineParser::Step LineParser::read_tags(Cursor* cursor) {
  Step step = Step::kDone;
  while (step == Step::kDone && *cursor->at == ',') {
    cursor->at += 1;
    step = read_tag(cursor);
  }
  return step;
}

LineParser::Step LineParser::read_tag(Cursor* cursor) {
  const std::string& tag = options_.symbol_tag;
  std::uint32_t column = LinePatch::kSymbol;
  if (starts_with_name(cursor->at, cursor->end, tag, '=')) {
    cursor->at += tag.size();
    if (has_symbol_) return refuse(LineReason::kColumnTwice, tag);
    has_symbol_ = true;
  } else {
    const Step step = find_column(cursor, &column);
    if (step != Step::kDone) return step;
  }
  cursor->at += 1;
  std::string_view value;
  const Step step = read_name(cursor, kComma | kSpace | kLineEnd, &value);
  if (step != Step::kDone) return step;
  if (column != LinePatch::kSymbol) return set_name(column, value, ValueType::kSymbol);
  if (table_ != nullptr) table_->set_row_symbol(symbol(value, LinePatch::kSymbol));
  return Step::kDone;
}

// The column named at the cursor, which ends at the equals sign. Of a table that is not known the
// name is kept in key_.
LineParser::Step LineParser::find_column(Cursor* cursor, std::uint32_t* column) {
  if (table_ != nullptr) {
    *column = table_->guess(items_, cursor->at, cursor->end);
    if (*column != LineTable::kNoColumn) {
      cursor->at += table_->column_name(*column).size();
      return Step::kDone;
    }
  }
  std::string_view name;
  const Step step = read_name(cursor, kEquals, &name);
  if (step != Step::kDone) return step;
  if (table_ == nullptr) {
    key_.assign(name);
    *column = 0;
    return Step::kDone;
  }
  *column = table_->find(items_, name);
  if (*column == LineTable::kNoColumn) return refuse(LineReason::kColumnUnknown, name);
  return Step::kDone;
}

// A tag or a quoted value; `type` is what a new column of it would have.
LineParser::Step LineParser::set_name(std::uint32_t column, std::string_view text,
                                      ValueType type) {
  items_ += 1;
  if (table_ == nullptr) return note_column(key_, type);
  if (table_->is_symbol(column)) {
    if (text.empty()) return refuse(LineReason::kType, table_->column_name(column));
    return result(table_->set_symbol(column, symbol(text, column)), column);
  }
  if (!is_utf8(text)) return refuse(LineReason::kText, table_->column_name(column));
  return result(table_->set_text(column, text), column);
}

LineParser::Step LineParser::note_column(std::string_view name, ValueType type) {
  for (const ColumnSchema& column : shape_)
    if (column.name == name) return refuse(LineReason::kColumnTwice, name);
  if (shape_.size() == kMaxColumns) return refuse(LineReason::kTableName, name);
  shape_.push_back({std::string(name), type, true});
  return Step::kDone;
}

LineParser::Step LineParser::read_fields(Cursor* cursor) {
  const char* at = skip_spaces(cursor->at);
  const bool number = (*at >= '0' && *at <= '9') || *at == '-';
  // A line of tags alone may go on with its time, and end in spaces.
  if ((class_of(*at) & kLineEnd) != 0) {
    cursor->at = at;
    return Step::kDone;
  }
  if (number && *find_class(at, kEquals | kComma | kSpace | kLineEnd | kBackslash) != '=' &&
      items_ > 0) {
    cursor->at = at - 1;
    return Step::kDone;
  }
  cursor->at = at;
  Step step = read_field(cursor);
  while (step == Step::kDone && *cursor->at == ',') {
    cursor->at += 1;
    step = read_field(cursor);
  }
  return step;
}

LineParser::Step LineParser::read_field(Cursor* cursor) {
  std::uint32_t column = 0;
  Step step = find_column(cursor, &column);
  if (step != Step::kDone) return step;
  cursor->at += 1;
  if (*cursor->at == '"') {
    std::string_view text;
    step = read_quoted(cursor, &text);
    return step == Step::kDone ? set_name(column, text, ValueType::kText) : step;
  }
  const std::string_view name = table_ == nullptr ? key_ : table_->column_name(column);
  if (*cursor->at == '=') return refuse(LineReason::kVersion, name);
  LineValue value;
  const char* const end = read_line_value(cursor->at, cursor->end, &value);
  if (end == nullptr) return refuse(LineReason::kSyntax, name);
  cursor->at = end;
  items_ += 1;
  if (table_ != nullptr) return result(table_->set(column, value), column);
  if (!value.fits) return refuse(LineReason::kInexact, name);
  const ValueType type = value.kind == LineValueKind::kReal    ? ValueType::kF64
                         : value.kind == LineValueKind::kTruth ? ValueType::kBool
                                                               : ValueType::kI64;
  return note_column(key_, type);
}

// Ends behind the closing quote.
LineParser::Step LineParser::read_quoted(Cursor* cursor, std::string_view* text) {
  const char* const from = cursor->at + 1;
  const char* at = from;
  bool escaped = false;
  while (at < cursor->end && *at != '"') {
    if (*at == '\n') more_lines_ += 1;
    if (*at == '\\') {
      if (!escaped) scratch_.assign(text_of(from, at));
      escaped = true;
      at += 1;
      if (at == cursor->end) return Step::kMore;
      if (*at == '\n') more_lines_ += 1;
      const bool plain = *at != '"' && *at != '\\' && *at != '\n' && *at != '\r';
      if (plain) scratch_ += '\\';
    }
    if (escaped) scratch_ += *at;
    at += 1;
  }
  if (at == cursor->end) return Step::kMore;
  *text = escaped ? std::string_view(scratch_) : text_of(from, at);
  cursor->at = at + 1;
  return Step::kDone;
}

LineParser::Step LineParser::read_time(const LineStream& stream, Cursor* cursor,
                                       std::int64_t* time) {
  const char* at = skip_spaces(cursor->at);
  if ((class_of(*at) & kLineEnd) == 0) {
    bool fits = false;
    const char* const from = at;
    at = read_line_time(at, stream.unit_ns_, time, &fits);
    if (at == nullptr) return refuse(LineReason::kSyntax, "");
    if (!fits) return refuse(LineReason::kTime, text_of(from, at));
    at = skip_spaces(at);
  }
  cursor->at = at;
  return Step::kDone;
}

// The id, or for now the index of a name that has none.
std::uint32_t LineParser::symbol(std::string_view name, std::uint32_t column) {
  const std::uint32_t id = known_.find(name);
  if (id != LineNames::kNone) return id;
  std::uint32_t index = fresh_.find(name);
  if (index == LineNames::kNone) {
    index = static_cast<std::uint32_t>(fresh_.size());
    fresh_.add(name, index);
    fresh_ids_.push_back(LineNames::kNone);
  }
  patches_.push_back({table_index_, static_cast<std::uint32_t>(table_->rows()), column, index});
  return index;
}

std::vector<std::uint32_t> LineParser::fresh() const {
  std::vector<std::uint32_t> indexes;
  for (const LinePatch& patch : patches_) indexes.push_back(patch.fresh);
  std::sort(indexes.begin(), indexes.end());
  indexes.erase(std::unique(indexes.begin(), indexes.end()), indexes.end());
  return indexes;
}

std::uint64_t LineParser::settle(std::uint32_t* refused_name) {
  std::uint64_t refused = 0;
  for (const LinePatch& patch : patches_) {
    if (fresh_ids_[patch.fresh] != LineNames::kNone) continue;
    const std::uint64_t line = tables_[patch.table]->line(patch.row);
    if (refused != 0 && line >= refused) continue;
    refused = line;
    *refused_name = patch.fresh;
  }
  if (refused != 0)
    for (const std::unique_ptr<LineTable>& table : tables_) table->cut(refused);
  for (const LinePatch& patch : patches_)
    if (patch.row < tables_[patch.table]->rows())
      tables_[patch.table]->patch(patch.row, patch.column, fresh_ids_[patch.fresh]);
  for (std::uint32_t index = 0; index < fresh_ids_.size(); index += 1)
    if (fresh_ids_[index] != LineNames::kNone) add_symbol(fresh_.name(index), fresh_ids_[index]);
  patches_.clear();
  return refused;
}

void LineParser::clear() {
  for (const std::unique_ptr<LineTable>& table : tables_) table->clear();
  patches_.clear();
  fresh_.clear();
  fresh_ids_.clear();
}

}  // namespace ndts
