// What a replay is asked for.
//
// Threads: plain data. Invariant: the order of `symbols` is the order of their names by the bytes
// of UTF-8, and decides between rows of one time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "db/series_table.h"
#include "table/symbols.h"

namespace ndts {

struct ReplaySymbol {
  std::uint32_t id = 0;
  std::uint32_t shard = 0;
};

struct ReplayRequest {
  SeriesView view;
  std::vector<ReplaySymbol> symbols;  // in the order of their names, none twice
  std::int64_t from = 0;              // inclusive
  std::int64_t to = 0;                // exclusive
  std::vector<bool> columns;          // by column of the schema: whether its values are wanted
  std::uint32_t threads = 0;          // that read and decode blocks ahead of the merge
};

// The symbols of a database in the order of their names.
[[nodiscard]] std::vector<ReplaySymbol> symbols_by_name(std::span<const SymbolInfo* const> symbols);

// Of each shard: rows with a sequence from here on were not in the view. What is appended later
// has one at or above it, so that whoever replayed goes on from there without gap and without
// seeing a row twice.
[[nodiscard]] std::vector<std::uint64_t> end_sequences(const SeriesView& view);

}  // namespace ndts
