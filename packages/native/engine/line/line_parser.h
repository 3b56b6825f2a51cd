// Line protocol into columns: one pass over the bytes as they arrive, no allocation for a line.
//
//   table[,tag=value]... column=value[,column=value]... [time]
//
// docs/protocol/line.md says what is taken. A line that is not taken ends its stream: what came
// before it stands in the batches, nothing of it or behind it does.
//
// Threads: one. A symbol whose id is not known is written into its row once settle() is told: names
// are asked for once a batch, not once a line. Lifetime: what a name or batch points to holds until
// the next call that is not const. Errors: LineStop and LineReason; nothing else fails.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "generated/constants.h"
#include "line/line_end.h"
#include "line/line_names.h"
#include "line/line_table.h"

namespace ndts {

// What one connection or request has sent: the beginning of a line that has not come whole.
class LineStream {
 public:
  // Times of its lines are in units of `unit_ns`.
  explicit LineStream(std::int64_t unit_ns = 1) : unit_ns_(unit_ns) {}
  // Of the next line, or of the one that made the parser stop; from 1, by newlines.
  [[nodiscard]] std::uint64_t line() const { return line_; }
  [[nodiscard]] std::size_t unfinished_bytes() const { return carry_.size(); }

 private:
  friend class LineParser;

  std::int64_t unit_ns_;
  std::uint64_t line_ = 1;
  std::string carry_;
  LineEnd end_;        // of the line in carry_
  bool whole_ = false;  // carry_ holds a whole line, which waits
  bool refused_ = false;
};

struct LineParserOptions {
  std::uint64_t seed = 0;  // of the hashes of names
  std::size_t line_bytes_max = 1u << 20;
  std::string symbol_tag = "symbol";
};

class LineParser {
 public:
  explicit LineParser(LineParserOptions options);

  // Makes the table known, with room for so many rows. One of that name has no rows, and is
  // replaced. Returns its index.
  std::uint32_t add_table(const std::string& name, const std::vector<LineColumn>& columns,
                          std::size_t capacity);
  [[nodiscard]] const LineTable& table(std::uint32_t index) const { return *tables_[index]; }
  [[nodiscard]] std::size_t table_count() const { return tables_.size(); }
  // A no-op when it is known.
  void add_symbol(std::string_view name, std::uint32_t id) {
    if (known_.find(name) == LineNames::kNone) known_.add(name, id);
  }

  // Takes lines from `bytes` at `*taken` on, and moves it: to the end, or to where the next call
  // goes on. A line without a time gets `now`. Bytes are the same until all are taken.
  [[nodiscard]] LineStop parse(LineStream* stream, std::string_view bytes, std::int64_t now,
                               std::size_t* taken);
  // The input ended: so does its last line. Again after any stop but kEnd and kRefused.
  [[nodiscard]] LineStop finish(LineStream* stream, std::int64_t now);

  // After kRefused.
  [[nodiscard]] LineReason reason() const { return reason_; }
  // After kRefused: the table, column or value it is about. After kTable: the table.
  [[nodiscard]] const std::string& detail() const { return detail_; }
  // After kTable: the columns the line has.
  [[nodiscard]] const std::vector<ColumnSchema>& shape() const { return shape_; }
  // After kFull: the table that is.
  [[nodiscard]] std::uint32_t full_table() const { return full_table_; }

  // Names of symbols in the batches that have no id yet; teach() each of them.
  [[nodiscard]] std::vector<std::uint32_t> fresh() const;
  [[nodiscard]] std::string_view fresh_name(std::uint32_t index) const {
    return fresh_.name(index);
  }
  // LineNames::kNone: it may not have one.
  void teach(std::uint32_t index, std::uint32_t id) { fresh_ids_[index] = id; }
  // Writes the ids into the rows. The first line with a symbol that may not have one, and all
  // behind it, are taken back: returns its number, and the index of the name; 0: there is none.
  std::uint64_t settle(std::uint32_t* refused_name);
  // The engine took the rows.
  void clear();

 private:
  enum class Step : std::uint8_t { kDone, kMore, kFull, kTable, kRefused };

  struct Cursor {
    const char* at;
    const char* end;  // behind a newline
  };

  [[nodiscard]] LineStop parse_carry(LineStream* stream, std::int64_t now);
  [[nodiscard]] LineStop keep(LineStream* stream, std::string_view rest);
  [[nodiscard]] LineStop stop(LineStream* stream, Step step);
  Step read_line(LineStream* stream, Cursor* cursor, std::int64_t now);
  Step read_row(LineStream* stream, Cursor* cursor, std::int64_t now);
  Step read_table(Cursor* cursor);
  Step read_tags(Cursor* cursor);
  Step read_tag(Cursor* cursor);
  Step read_fields(Cursor* cursor);
  Step read_field(Cursor* cursor);
  Step read_time(const LineStream& stream, Cursor* cursor, std::int64_t* time);
  Step read_name(Cursor* cursor, unsigned stops, std::string_view* name);
  Step read_quoted(Cursor* cursor, std::string_view* text);
  Step find_column(Cursor* cursor, std::uint32_t* column);
  Step set_name(std::uint32_t column, std::string_view text, ValueType type);
  Step note_column(std::string_view name, ValueType type);
  Step result(LineReason reason, std::uint32_t column);
  Step refuse(LineReason reason, std::string_view detail);
  [[nodiscard]] std::uint32_t symbol(std::string_view name, std::uint32_t column);

  const LineParserOptions options_;
  std::vector<std::unique_ptr<LineTable>> tables_;
  LineNames table_names_;
  LineNames known_;  // symbols
  LineNames fresh_;
  std::vector<std::uint32_t> fresh_ids_;
  std::vector<LinePatch> patches_;

  // Of the line being read.
  LineTable* table_ = nullptr;  // null: not known, shape_ is made
  std::uint32_t table_index_ = 0;
  bool has_symbol_ = false;
  std::size_t items_ = 0;
  std::uint64_t more_lines_ = 0;  // newlines inside it
  std::string scratch_;
  std::string key_;  // of a column of a table that is not known

  LineReason reason_ = LineReason::kNone;
  std::string detail_;
  std::vector<ColumnSchema> shape_;
  std::uint32_t full_table_ = 0;
};

}  // namespace ndts
