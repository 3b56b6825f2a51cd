// What an open would refuse in a log: every entry is looked at as replay would, without keeping
// its rows. Part of repair.h.
//
// Threads: one. Lifetime: nothing is kept of what take() gets.
// Invariant: an entry that is refused changed nothing, so what is reached is what the entries
// before it say.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "db/manifest.h"
#include "table/logged_rows.h"
#include "table/symbols.h"
#include "wal/wal.h"

namespace ndts {

// Some rows of one shard in one entry.
struct LoggedGroup {
  std::uint32_t table;
  std::uint32_t shard;
  std::uint64_t epoch;
  std::uint64_t first_sequence;
  std::uint32_t rows;
};

class ReplayCheck {
 public:
  ReplayCheck(const Manifest& manifest, const std::vector<SymbolInfo>& symbols);

  // CORRUPT, with what is wrong, where an open would refuse the entry.
  [[nodiscard]] Status take(const WalRecord& record);
  [[nodiscard]] std::uint64_t next_sequence(std::uint32_t table, std::uint32_t shard) const;
  [[nodiscard]] std::uint64_t rows() const { return rows_; }

 private:
  [[nodiscard]] Status take_rows(const WalRecord& record);
  [[nodiscard]] Status check_group(const LoggedRows& rows);
  [[nodiscard]] Status take_symbol(const WalRecord& record);
  [[nodiscard]] Status take_table(const WalRecord& record);

  std::vector<std::uint64_t> epochs_;
  std::map<std::uint32_t, TableSchema> schemas_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> next_;  // by table and shard
  SymbolTable symbols_;
  LoggedRows logged_;
  std::vector<std::byte> scratch_;
  std::vector<LoggedGroup> groups_;  // of the entry
  std::uint64_t rows_ = 0;
};

// The groups of an entry of kind ticks or rows; `schema_of` as for LoggedRowsReader. CORRUPT when
// it is not whole, or of a table that nobody knows.
template <typename SchemaOf, typename Visit>
[[nodiscard]] Status each_group(const WalRecord& record, SchemaOf schema_of,
                                std::vector<std::byte>* scratch, LoggedRows* logged,
                                Visit visit) {
  LoggedRowsReader reader(record.payload, scratch);
  const bool ticks = static_cast<LogKind>(record.kind) == LogKind::kTicks;
  for (bool found = true;;) {
    NDTS_TRY(ticks ? reader.next_ticks(logged, &found)
                   : reader.next_rows(schema_of, logged, &found));
    if (!found) return {};
    NDTS_TRY(visit(*logged));
  }
}

}  // namespace ndts
