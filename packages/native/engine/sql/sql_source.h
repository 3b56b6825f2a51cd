// What one query reads: a snapshot of the database with the names of its symbols, and the prunes
// its front end found: times and symbols outside of which no row can be in the result.
//
// Threads: any, all at once; fail() too. Lifetime: kept by the query and by the scans of it; the
// database may be closed meanwhile. Invariant: a prune leaves out only rows that the query's own
// WHERE would drop: it is never needed for a right answer.
#pragma once

#include <atomic>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/thread.h"
#include "db/database_snapshot.h"
#include "sql/duckdb_api.h"

namespace ndts {

struct SqlSymbol {
  std::uint32_t id = 0;
  std::uint32_t shard = 0;
  friend auto operator<=>(const SqlSymbol&, const SqlSymbol&) = default;
};

// Names by symbol id; empty where there is no such symbol.
class SymbolNames {
 public:
  explicit SymbolNames(std::span<const SymbolInfo* const> symbols);
  SymbolNames(const SymbolNames&) = delete;
  SymbolNames& operator=(const SymbolNames&) = delete;

  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] const duckdb::Text& text(std::uint32_t symbol) const {
    return symbol < texts_.size() ? texts_[symbol] : none_;
  }
  [[nodiscard]] std::string_view name(std::uint32_t symbol) const {
    const duckdb::Text& found = text(symbol);
    return {found.data(), found.length};
  }
  // False when nothing has this name.
  [[nodiscard]] bool find(std::string_view name, SqlSymbol* symbol) const;

 private:
  std::size_t count_;
  std::vector<std::string> names_;
  std::vector<duckdb::Text> texts_;  // point into names_
  std::unordered_map<std::string_view, SqlSymbol> symbols_;
  duckdb::Text none_{};
};

struct SqlPrune {
  std::int64_t from = std::numeric_limits<std::int64_t>::min();  // both inclusive
  std::int64_t to = std::numeric_limits<std::int64_t>::max();
  bool by_symbol = false;
  std::vector<SqlSymbol> symbols;  // ascending; of interest with by_symbol
  // Of each symbol only rows with its greatest time are of use; `to` is not set then.
  bool latest = false;

  [[nodiscard]] bool takes(std::int64_t min_time, std::int64_t max_time) const {
    return max_time >= from && min_time <= to;
  }
  [[nodiscard]] bool by_time() const {
    return from != std::numeric_limits<std::int64_t>::min() ||
           to != std::numeric_limits<std::int64_t>::max();
  }
};

class SqlSource {
 public:
  SqlSource(DatabaseSnapshot snapshot, std::shared_ptr<const SymbolNames> names)
      : snapshot_(std::move(snapshot)), names_(std::move(names)) {}

  [[nodiscard]] const DatabaseSnapshot& snapshot() const { return snapshot_; }
  [[nodiscard]] const SymbolNames& names() const { return *names_; }

  // Before the statement is prepared.
  void set_prunes(std::vector<SqlPrune> prunes) { prunes_ = std::move(prunes); }
  // Of everything when there is no such prune.
  [[nodiscard]] const SqlPrune& prune(std::int64_t index) const {
    return index >= 0 && index < static_cast<std::int64_t>(prunes_.size())
               ? prunes_[static_cast<std::size_t>(index)]
               : everything_;
  }

  // Ends the scans; from any thread. The first reason is kept.
  void stop(Code reason);
  [[nodiscard]] bool stopped() const {  // pairs with stop()
    return stopped_.load(std::memory_order_acquire) != Code::kOk;
  }
  [[nodiscard]] Code stop_reason() const { return stopped_.load(std::memory_order_acquire); }
  // What a scan met: the first is kept.
  void fail(const Status& status);
  [[nodiscard]] Status failure() const;

 private:
  const DatabaseSnapshot snapshot_;
  const std::shared_ptr<const SymbolNames> names_;
  const SqlPrune everything_;
  std::vector<SqlPrune> prunes_;
  std::atomic<Code> stopped_{Code::kOk};
  mutable Mutex mutex_;
  Status failure_;  // guarded by mutex_
};

}  // namespace ndts
