// Rows of a result (sql_batch.h) as CSV text: RFC 4180 with \n behind each row. A null is an empty
// field, an empty text a pair of quotes. Times are ISO text in UTC with nanoseconds; doubles are
// the shortest text that reads back as the same double; bytes are hexadecimal.
//
// Threads: any; nothing is kept. Errors: none; texts go out as they are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "csv/csv_index.h"
#include "sql/sql_batch.h"

namespace ndts {

// A column as it came from the engine, wherever its memory is now.
struct CsvWriteColumn {
  SqlKind kind = SqlKind::kText;
  Bytes values;
  Bytes more;
  const std::uint8_t* nulls = nullptr;
};

// What `rows` rows of such a column must at least have.
[[nodiscard]] bool is_whole(const CsvWriteColumn& column, std::size_t rows);

// Behind what `out` has. Every column is_whole().
void write_csv(const std::vector<CsvWriteColumn>& columns, std::size_t rows,
               const CsvDialect& dialect, std::string* out);

// One field, in quotes where it needs them.
void write_csv_text(std::string_view text, const CsvDialect& dialect, std::string* out);

}  // namespace ndts
