// One state of a database: what every table held at one moment, for as long as it is kept.
//
// Threads: any, and several at once. Lifetime: beyond the close of its database; files it reads
// stay until it is let go. It keeps memory, too: memtables that were sealed meanwhile.
#pragma once

#include <vector>

#include "db/series_table.h"
#include "kv/key_value_state.h"

namespace ndts {

class DatabaseSnapshot {
 public:
  DatabaseSnapshot(std::uint64_t position, std::vector<SeriesView> tables,
                   KeyValueSnapshot key_value)
      : position_(position), tables_(std::move(tables)), key_value_(std::move(key_value)) {}

  // Of the log: everything up to it is seen, nothing above.
  [[nodiscard]] std::uint64_t position() const { return position_; }
  [[nodiscard]] const std::vector<SeriesView>& tables() const { return tables_; }
  // Null when there is no such table.
  [[nodiscard]] const SeriesView* table(std::uint32_t id) const {
    for (const SeriesView& view : tables_)
      if (view.schema->id == id) return &view;
    return nullptr;
  }
  [[nodiscard]] const KeyValueSnapshot& key_value() const { return key_value_; }

 private:
  std::uint64_t position_;
  std::vector<SeriesView> tables_;
  KeyValueSnapshot key_value_;
};

}  // namespace ndts
