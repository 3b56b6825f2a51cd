// Rows of one shard as the body of a log entry has them: by column, without sequences, texts as
// lengths and one heap. The batcher makes them, a replay finds them, the memtable takes them.
//
// Threads: plain memory. Lifetime: as long as the bytes of the entry.
// Errors: CORRUPT when an entry is not whole, without file and offset, which the caller knows.
#pragma once

#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "generated/layouts.h"
#include "table/schema.h"

namespace ndts {

struct LoggedRows {
  std::uint32_t table = 0;
  std::uint32_t shard = 0;
  std::uint64_t epoch = 0;
  std::uint64_t first_sequence = 0;
  std::uint32_t rows = 0;
  const std::int64_t* time = nullptr;
  const std::uint32_t* symbol = nullptr;
  // By column of the schema; of text and bytes the lengths (u32).
  std::vector<const std::byte*> values;
  // By column; null where the column is not nullable.
  std::vector<const std::uint8_t*> nulls;
  Bytes heap;  // texts and bytes by column, then row
};

// Bytes of the columns of `rows` rows in a body, behind the entry's head.
[[nodiscard]] std::uint64_t tick_columns_bytes(std::uint32_t rows);
[[nodiscard]] std::uint64_t row_columns_bytes(const TableSchema& schema, std::uint32_t rows,
                                              std::uint64_t heap_bytes);

// Points `view` at the columns, which begin at `columns`, aligned to 8. rows is set before; the
// rest of the head is the caller's.
void view_tick_columns(const std::byte* columns, LoggedRows* view);
void view_row_columns(const TableSchema& schema, const std::byte* columns,
                      std::uint64_t heap_bytes, LoggedRows* view);

// Takes the bodies of log entries apart, group by group; `scratch` holds a copy where the body is
// not aligned.
class LoggedRowsReader {
 public:
  LoggedRowsReader(Bytes body, std::vector<std::byte>* scratch);

  // The next group of a ticks entry; *found is false at the end.
  [[nodiscard]] Status next_ticks(LoggedRows* view, bool* found);
  // The next group of a rows entry. `schema_of(table)` gives the schema or null.
  template <typename SchemaOf>
  [[nodiscard]] Status next_rows(SchemaOf schema_of, LoggedRows* view, bool* found) {
    *found = false;
    if (reader_.left() == 0) return {};
    const auto entry = reader_.template read<RowsEntry>();
    const TableSchema* schema = reader_.ok() ? schema_of(entry.table) : nullptr;
    if (schema == nullptr) return cut_short();
    *found = true;
    return take_rows(*schema, entry, view);
  }

 private:
  [[nodiscard]] static Status cut_short();
  [[nodiscard]] Status take_rows(const TableSchema& schema, const RowsEntry& entry,
                                 LoggedRows* view);
  ByteReader reader_;
};

}  // namespace ndts
