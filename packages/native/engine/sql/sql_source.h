// What one query reads: a snapshot of the database with the names of its symbols, and the prunes
// its front end found: times and symbols outside of which no row can be in the result.
//
// Threads: any, all at once; fail() too; release() while nobody reads the snapshot. Lifetime: kept
// by the query and by the scans of it; the database may be closed meanwhile. Invariant: a prune
// leaves out only rows that the query's own WHERE would drop: it is never needed for a right
// answer.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/thread.h"
#include "db/database_snapshot.h"
#include "scan/scan_plan.h"
#include "sql/duckdb_api.h"

namespace ndts {

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
  [[nodiscard]] bool find(std::string_view name, ScanSymbol* symbol) const;

 private:
  std::size_t count_;
  std::vector<std::string> names_;
  std::vector<duckdb::Text> texts_;  // point into names_
  std::unordered_map<std::string_view, ScanSymbol> symbols_;
  duckdb::Text none_{};
};

class SqlSource {
 public:
  SqlSource(DatabaseSnapshot snapshot, std::shared_ptr<const SymbolNames> names)
      : snapshot_(std::move(snapshot)), names_(std::move(names)) {}

  [[nodiscard]] const DatabaseSnapshot& snapshot() const { return snapshot_; }
  [[nodiscard]] const SymbolNames& names() const { return *names_; }

  // The snapshot goes, and with it what only it kept: files of segments, memtables.
  void release() { snapshot_ = DatabaseSnapshot(0, {}, KeyValueSnapshot(nullptr, 0)); }

  // Before the statement is prepared.
  void set_prunes(std::vector<ScanRequest> prunes) { prunes_ = std::move(prunes); }
  // Of everything when there is no such prune.
  [[nodiscard]] const ScanRequest& prune(std::int64_t index) const {
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
  DatabaseSnapshot snapshot_;
  const std::shared_ptr<const SymbolNames> names_;
  const ScanRequest everything_;
  std::vector<ScanRequest> prunes_;
  std::atomic<Code> stopped_{Code::kOk};
  mutable Mutex mutex_;
  Status failure_;  // guarded by mutex_
};

}  // namespace ndts
