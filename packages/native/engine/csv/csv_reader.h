// A CSV file, read forward into rows of a table: by column, straight into the memory of a batch.
// Bad rows are left out and told, each with its place and reason.
//
// Threads: one at a time; next() is meant for a thread of its own, while the rows of the call
// before are appended. Lifetime: what a CsvBatch refers to holds until the next call of next().
// Errors: those of reading the file; CORRUPT when it became shorter. A bad row is no error.
// Invariants: rows come in the order of the file. offset() is always the first byte of a record
// that was not taken: a reader that begins there, at line(), goes on exactly.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "csv/csv_index.h"
#include "csv/csv_symbols.h"
#include "csv/csv_time.h"
#include "table/schema.h"

namespace ndts {

enum class CsvTarget : std::uint8_t { kTime, kSymbol, kColumn };

// What becomes of a field, or of a text that stands for all rows.
struct CsvColumn {
  static constexpr std::uint32_t kConstant = 0xffff'ffff;

  CsvTarget target = CsvTarget::kColumn;
  std::uint32_t field = kConstant;   // of a record, from 0
  std::uint32_t second = kConstant;  // of time: the field of the time of day, if it is apart
  std::string constant;
  std::size_t column = 0;  // of the schema
  ValueType type = ValueType::kF64;
  bool nullable = false;
};

struct CsvPlan {
  std::string path;
  CsvDialect dialect;
  std::uint64_t skip_lines = 0;
  bool has_header = true;
  std::uint32_t fields = 0;  // of every record
  std::vector<CsvColumn> columns;
  std::vector<std::string> null_words;  // beside the empty field
  CsvTimeKind time_kind = CsvTimeKind::kIso;
  std::string time_pattern;
  std::int64_t time_offset_ns = 0;
  // Where to begin: behind the header, if not at 0.
  std::uint64_t offset = 0;
  std::uint64_t line = 1;
  std::size_t block_bytes = 256u << 10;   // read at once
  std::size_t record_bytes_max = 8u << 20;
};

// The memory of a batch.
struct CsvRows {
  std::size_t capacity = 0;
  double* day = nullptr;
  double* ns_of_day = nullptr;
  std::uint32_t* symbol = nullptr;       // numbers of CsvSymbols
  std::vector<std::byte*> values;        // by column of the schema; of text and bytes: HeapPlace
  std::vector<std::uint8_t*> nulls;      // null where the column is not nullable
};

struct CsvReject {
  std::uint64_t line = 0;
  std::uint64_t offset = 0;
  std::uint32_t field = CsvColumn::kConstant;  // of the record; kConstant: all of it
  std::string reason;
  std::string text;  // of the record, of which the beginning
};

struct CsvBatch {
  std::size_t rows = 0;
  bool ended = false;
  std::vector<std::byte> heap;
  std::vector<CsvReject> rejects;
};

class CsvReader {
 public:
  // INVALID_ARGUMENT: a plan that cannot be, or a constant that is no value of its column.
  [[nodiscard]] static Status open(FileSystem& files, CsvPlan plan,
                                   std::unique_ptr<CsvReader>* reader);

  // Fewer rows than there is room for only at the end or when there is much to tell.
  [[nodiscard]] Status next(const CsvRows& rows, CsvBatch* batch);

  [[nodiscard]] std::uint64_t offset() const {
    return std::min(offset_ + consumed_, file_bytes_);  // a newline may have been added at the end
  }
  [[nodiscard]] std::uint64_t line() const { return line_; }
  [[nodiscard]] std::uint64_t file_bytes() const { return file_bytes_; }
  [[nodiscard]] const CsvSymbols& symbols() const { return symbols_; }

 private:
  struct Record {
    std::uint32_t begin;      // of its first field
    std::uint32_t separator;  // which ends its first field
  };
  struct BadRow {
    std::size_t record;  // of the stretch
    std::uint32_t field;
    const char* reason;
  };

  CsvReader(CsvPlan plan, std::unique_ptr<File> file);
  [[nodiscard]] Status check_plan() const;
  [[nodiscard]] Status check_constants();

  [[nodiscard]] Status refill(CsvBatch* batch, bool* ended);
  [[nodiscard]] Status read_block();
  void index_rest();
  void take_over_long(CsvBatch* batch);
  void skip_beginning(bool* more);
  void consume(std::size_t to);
  void count_lines(std::size_t to);

  void take_stretch(const CsvRows& rows, std::size_t records, CsvBatch* batch);
  void mark_bad(std::size_t record, std::uint32_t field, const char* reason);
  [[nodiscard]] CsvProblem field_text(std::size_t record, std::uint32_t field,
                                      std::string_view* text, bool* is_null);
  void convert(const CsvColumn& column, const CsvRows& rows, std::size_t first, CsvBatch* batch);
  void convert_time(const CsvColumn& column, const CsvRows& rows, std::size_t first);
  void convert_symbol(const CsvColumn& column, std::uint32_t* into, std::uint8_t* nulls);
  void convert_text(const CsvColumn& column, std::byte* into, std::uint8_t* nulls,
                    CsvBatch* batch);
  template <typename T>
  void convert_each(const CsvColumn& column, T* into, std::uint8_t* nulls,
                    CsvProblem (*parse)(std::string_view, T*));
  void drop_bad(const CsvRows& rows, std::size_t first, CsvBatch* batch);
  void add_reject(std::size_t begin, std::size_t end, std::uint32_t field, const char* reason,
                  CsvBatch* batch);
  void fill_constants(const CsvRows& rows, CsvBatch* batch);
  void fill_constant(const CsvColumn& column, const CsvRows& rows, CsvBatch* batch);

  const CsvPlan plan_;
  const std::unique_ptr<File> file_;
  const CsvIndexer& indexer_;
  std::uint64_t file_bytes_ = 0;
  std::uint64_t offset_ = 0;  // in the file, of the first byte of text_
  std::uint64_t line_ = 1;    // of byte counted_
  std::uint64_t lines_to_skip_ = 0;
  bool header_to_skip_ = false;
  bool at_start_ = true;     // of the file: a mark of its encoding may stand here
  bool skipping_ = false;    // the rest of a record that is longer than any may be
  bool at_end_ = false;      // of the file; a newline stands behind its last byte
  std::vector<char> text_;   // and kCsvSlack bytes more
  std::size_t filled_ = 0;
  std::size_t consumed_ = 0;
  std::size_t counted_ = 0;
  CsvIndexState index_;
  std::size_t indexed_ = 0;  // bytes of text_
  std::vector<std::uint32_t> separators_;
  std::vector<std::uint32_t> ends_;
  std::size_t next_record_ = 0;
  std::vector<Record> stretch_;
  std::vector<std::uint8_t> is_bad_;  // by record of the stretch
  std::vector<BadRow> bad_;
  std::string scratch_;
  CsvTimeParser time_;
  CsvSymbols symbols_;
};

// The first records of a file, for who makes a plan: texts of fields, unquoted. A field that is
// empty and has no quotes is null.
struct CsvSampleField {
  bool is_null = false;
  std::string text;
};
[[nodiscard]] Status sample_csv(FileSystem& files, const CsvPlan& plan, std::size_t records,
                                std::vector<std::vector<CsvSampleField>>* sample);

}  // namespace ndts
