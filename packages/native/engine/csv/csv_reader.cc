// See csv_reader.h: the file, its blocks and records. What becomes of fields is in csv_convert.cc.
#include "csv/csv_reader.h"

#include <algorithm>
#include <cstring>

#include "csv/csv_time_pattern.h"

namespace ndts {

namespace {

constexpr std::size_t kStretchRecords = 1024;
constexpr std::size_t kHeapBytes = 4u << 20;
constexpr std::size_t kRejects = 1024;
constexpr std::size_t kRejectTextBytes = 64u << 10;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

constexpr const char* kOpenQuote = "a quoted field does not end";
constexpr const char* kOverLong = "the record is longer than any may be";

std::size_t find_newline(const std::vector<char>& text, std::size_t from, std::size_t end) {
  const void* found = std::memchr(text.data() + from, '\n', end - from);
  return found == nullptr ? end
                          : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

}  // namespace

CsvReader::CsvReader(CsvPlan plan, std::unique_ptr<File> file)
    : plan_(std::move(plan)),
      file_(std::move(file)),
      indexer_(best_csv_indexer()),
      offset_(plan_.offset),
      line_(plan_.line),
      time_(plan_.time_kind, plan_.time_pattern, plan_.time_offset_ns) {
  at_start_ = plan_.offset == 0;
  if (!at_start_) return;
  lines_to_skip_ = plan_.skip_lines;
  header_to_skip_ = plan_.has_header;
}

Status CsvReader::open(FileSystem& files, CsvPlan plan, std::unique_ptr<CsvReader>* reader) {
  std::unique_ptr<File> file;
  NDTS_TRY(files.open(plan.path, OpenMode::kRead, &file));
  std::unique_ptr<CsvReader> made(new CsvReader(std::move(plan), std::move(file)));
  NDTS_TRY(made->check_plan());
  NDTS_TRY(made->check_constants());
  NDTS_TRY(made->file_->size(&made->file_bytes_));
  *reader = std::move(made);
  return {};
}

Status CsvReader::check_plan() const {
  const auto refuse = [](const std::string& what) { return Status(Code::kInvalidArgument, what); };
  const CsvDialect& dialect = plan_.dialect;
  const auto is_special = [](char byte) { return byte == '\n' || byte == '\r'; };
  if (is_special(dialect.delimiter) || is_special(dialect.quote) || dialect.delimiter == 0 ||
      dialect.delimiter == dialect.quote)
    return refuse("the delimiter and the quote of CSV are two bytes, neither of them a newline");
  if (plan_.fields == 0) return refuse("expected records of at least one field");
  if (plan_.block_bytes == 0 || plan_.record_bytes_max >= UINT32_MAX / 2)
    return refuse("expected blocks above 0 bytes and records below 2 GiB");
  if (const CsvProblem problem = check_time_pattern(plan_.time_pattern); problem != nullptr)
    return refuse(problem);
  for (const CsvColumn& column : plan_.columns)
    for (const std::uint32_t field : {column.field, column.second})
      if (field != CsvColumn::kConstant && field >= plan_.fields)
        return refuse("there is no field " + std::to_string(field + 1));
  return {};
}

void CsvReader::count_lines(std::size_t to) {
  while (counted_ < to) {
    const std::size_t newline = find_newline(text_, counted_, to);
    if (newline < to) line_ += 1;
    counted_ = std::min(newline + 1, to);
  }
}

// Everything before `to` was taken.
void CsvReader::consume(std::size_t to) {
  count_lines(to);
  if (to > 0 && to < filled_) std::memmove(text_.data(), text_.data() + to, filled_ - to);
  filled_ -= to;
  offset_ += to;
  consumed_ = 0;
  counted_ = 0;
  index_ = {};
  indexed_ = 0;
  next_record_ = 0;
}

Status CsvReader::read_block() {
  const std::uint64_t at = offset_ + filled_;
  const std::uint64_t left = file_bytes_ - std::min(at, file_bytes_);
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, plan_.block_bytes));
  if (text_.size() < filled_ + wanted + 1 + kCsvSlack)
    text_.resize(filled_ + wanted + 1 + kCsvSlack);
  std::size_t count = 0;
  if (wanted > 0)
    NDTS_TRY(file_->read(at, std::as_writable_bytes(std::span(text_.data() + filled_, wanted)),
                         &count));
  if (count < wanted)
    return Status(Code::kCorrupt, "the file became shorter while it was read", plan_.path, at);
  filled_ += count;
  at_end_ = at + count >= file_bytes_;
  if (at_end_ && filled_ > 0 && text_[filled_ - 1] != '\n') text_[filled_++] = '\n';
  return {};
}

void CsvReader::index_rest() {
  const std::size_t places = filled_ + kCsvSlack;
  if (separators_.size() < places) separators_.resize(places);
  if (ends_.size() < places) ends_.resize(places);
  indexer_.index(text_.data(), indexed_, filled_, plan_.dialect, &index_,
                 {separators_.data(), ends_.data()});
  indexed_ = filled_;
}

// The mark of the encoding, lines before the header, and the rest of what was too long. `more`: all
// of the text was dropped, and there may be more of it to drop.
void CsvReader::skip_beginning(bool* more) {
  *more = false;
  if (at_start_) {
    at_start_ = false;
    if (std::string_view(text_.data(), filled_).starts_with(kByteOrderMark))
      consume(kByteOrderMark.size());
  }
  while (lines_to_skip_ > 0 || skipping_) {
    const std::size_t newline = find_newline(text_, 0, filled_);
    if (newline == filled_) {
      consume(filled_);
      *more = !at_end_;
      return;
    }
    consume(newline + 1);
    if (skipping_) skipping_ = false;
    else lines_to_skip_ -= 1;
  }
}

// The first record has no end: its first line is refused, and what follows is tried by itself.
void CsvReader::take_over_long(CsvBatch* batch) {
  const std::size_t newline = find_newline(text_, 0, filled_);
  add_reject(0, newline, CsvColumn::kConstant, index_.quoted ? kOpenQuote : kOverLong, batch);
  skipping_ = newline == filled_;
  consume(std::min(newline + 1, filled_));
  index_rest();
}

// Until there is a record; all of those before were taken.
Status CsvReader::refill(CsvBatch* batch, bool* ended) {
  consume(consumed_);
  while (true) {
    if (at_end_) {
      *ended = filled_ == 0;
      if (*ended) return {};
      take_over_long(batch);
    } else {
      // A mark at the start is three bytes, however small blocks are.
      do NDTS_TRY(read_block());
      while (at_start_ && !at_end_ && filled_ < kByteOrderMark.size());
      bool more = false;
      skip_beginning(&more);
      if (more) continue;
      index_rest();
      if (index_.records == 0 && filled_ > plan_.record_bytes_max) take_over_long(batch);
    }
    if (index_.records > 0 || batch->rejects.size() >= kRejects) return {};
  }
}

Status CsvReader::next(const CsvRows& rows, CsvBatch* batch) {
  batch->rows = 0;
  batch->ended = false;
  batch->heap.clear();
  batch->rejects.clear();
  while (batch->rows < rows.capacity && batch->heap.size() < kHeapBytes &&
         batch->rejects.size() < kRejects) {
    if (next_record_ == index_.records) {
      NDTS_TRY(refill(batch, &batch->ended));
      if (batch->ended) break;
      continue;
    }
    take_stretch(rows, std::min(kStretchRecords, rows.capacity - batch->rows), batch);
  }
  count_lines(consumed_);
  fill_constants(rows, batch);
  return {};
}

// Takes up to `most` records that have rows.
void CsvReader::take_stretch(const CsvRows& rows, std::size_t most, CsvBatch* batch) {
  stretch_.clear();
  bad_.clear();
  is_bad_.assign(most, 0);
  std::uint32_t separator = next_record_ == 0 ? 0 : ends_[next_record_ - 1] + 1;
  for (; next_record_ < index_.records && stretch_.size() < most; next_record_ += 1) {
    const auto begin = static_cast<std::uint32_t>(consumed_);
    const std::uint32_t last = ends_[next_record_];
    const std::size_t end = separators_[last];
    const std::uint32_t fields = last - separator + 1;
    const std::uint32_t first = separator;
    separator = last + 1;
    consumed_ = end + 1;
    const bool is_blank = end == begin || (end == begin + 1 && text_[begin] == '\r');
    const bool is_comment = plan_.dialect.comment != 0 && text_[begin] == plan_.dialect.comment;
    if (is_blank || is_comment) continue;
    if (header_to_skip_) {
      header_to_skip_ = false;
      continue;
    }
    stretch_.push_back({begin, first});
    if (fields != plan_.fields) mark_bad(stretch_.size() - 1, fields, nullptr);
  }
  const std::size_t first = batch->rows;
  // Names of rows that are left out are not taken up: symbols come last.
  for (const bool symbols : {false, true})
    for (const CsvColumn& column : plan_.columns)
      if (column.field != CsvColumn::kConstant &&
          symbols == (column.target == CsvTarget::kSymbol || column.type == ValueType::kSymbol))
        convert(column, rows, first, batch);
  if (bad_.empty()) batch->rows += stretch_.size();
  else drop_bad(rows, first, batch);
}

void CsvReader::mark_bad(std::size_t record, std::uint32_t field, const char* reason) {
  is_bad_[record] = 1;
  bad_.push_back({record, field, reason});
}

void CsvReader::add_reject(std::size_t begin, std::size_t end, std::uint32_t field,
                           const char* reason, CsvBatch* batch) {
  count_lines(begin);
  if (end > begin && text_[end - 1] == '\r') end -= 1;
  const std::size_t bytes = std::min(end - begin, kRejectTextBytes);
  batch->rejects.push_back(
      {line_, offset_ + begin, field, reason, std::string(text_.data() + begin, bytes)});
}

Status sample_csv(FileSystem& files, const CsvPlan& plan, std::size_t records,
                  std::vector<std::vector<CsvSampleField>>* sample) {
  constexpr std::size_t kSampleBytes = 1u << 20;
  std::unique_ptr<File> file;
  NDTS_TRY(files.open(plan.path, OpenMode::kRead, &file));
  std::vector<char> text(kSampleBytes + 1 + kCsvSlack);
  std::size_t filled = 0;
  NDTS_TRY(file->read(0, std::as_writable_bytes(std::span(text.data(), kSampleBytes)), &filled));
  if (filled < kSampleBytes && filled > 0 && text[filled - 1] != '\n') text[filled++] = '\n';
  std::size_t begin =
      std::string_view(text.data(), filled).starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  for (std::uint64_t line = 0; line < plan.skip_lines && begin < filled; line += 1)
    begin = std::min(find_newline(text, begin, filled) + 1, filled);
  text.erase(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(begin));
  filled -= begin;
  std::vector<std::uint32_t> separators(filled + kCsvSlack);
  std::vector<std::uint32_t> ends(filled + kCsvSlack);
  text.resize(filled + kCsvSlack);
  CsvIndexState state;
  best_csv_indexer().index(text.data(), 0, filled, plan.dialect, &state,
                           {separators.data(), ends.data()});
  sample->clear();
  std::size_t separator = 0;
  std::size_t at = 0;
  for (std::size_t record = 0; record < state.records && sample->size() < records; record += 1) {
    const std::size_t end = separators[ends[record]];
    std::vector<CsvSampleField> fields;
    const bool is_blank = end == at || (end == at + 1 && text[at] == '\r');
    const bool is_comment = plan.dialect.comment != 0 && text[at] == plan.dialect.comment;
    for (; separator <= ends[record]; separator += 1) {
      std::string_view field(text.data() + at, separators[separator] - at);
      at = separators[separator] + 1;
      if (separator == ends[record] && field.ends_with('\r')) field.remove_suffix(1);
      CsvSampleField taken{field.empty(), {}};
      const char quote = plan.dialect.quote;
      const bool is_quoted = quote != 0 && field.size() > 1 && field.front() == quote;
      if (is_quoted) field.remove_prefix(1);
      if (is_quoted && field.ends_with(quote)) field.remove_suffix(1);
      for (std::size_t letter = 0; letter < field.size(); letter += 1) {
        taken.text += field[letter];
        const bool is_doubled = is_quoted && field[letter] == quote &&
                                letter + 1 < field.size() && field[letter + 1] == quote;
        if (is_doubled) letter += 1;
      }
      fields.push_back(std::move(taken));
    }
    if (!is_blank && !is_comment) sample->push_back(std::move(fields));
  }
  return {};
}

}  // namespace ndts
