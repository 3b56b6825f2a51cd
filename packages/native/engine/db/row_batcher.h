// hot: no allocation after the first batch of a size
// Turns a batch of rows into the body of one log entry: rows checked, grouped by shard in their
// order, by column, each group with its epoch and first sequence. The same columns then go to the
// memtable.
//
// Threads: the writer thread. Lifetime: body() and groups() hold until the next prepare().
// Invariant: a batch with one bad row changes nothing anywhere.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "table/logged_rows.h"
#include "table/symbols.h"
#include "table/tick_batch.h"

namespace ndts {

// What a shard of a table has reached.
struct ShardPosition {
  std::uint64_t epoch = 0;
  std::uint64_t next_sequence = 0;
};

// Where a text or bytes value of a batch is in its heap.
struct HeapPlace {
  std::uint32_t offset;
  std::uint32_t bytes;
};

// Rows from outside, by column.
struct RowsIn {
  std::size_t count = 0;
  const double* day = nullptr;
  const double* ns_of_day = nullptr;
  const std::uint32_t* symbol = nullptr;
  std::vector<const std::byte*> values;  // of text and bytes: HeapPlace
  std::vector<const std::uint8_t*> nulls;  // null pointer: no nulls
  Bytes heap;
  // Written once the rows are accepted.
  double* sequence = nullptr;
  std::uint32_t* shard = nullptr;
  std::uint32_t* epoch = nullptr;

  void set(const TickBatchView& batch);
};

class RowBatcher {
 public:
  explicit RowBatcher(std::uint32_t shard_count) : counts_(shard_count) {}

  // `positions` of the table, by shard. INVALID_ARGUMENT names the first row with an unknown
  // symbol, a time out of range, or a value that the column cannot hold. Rows of the tick table
  // make the body of a ticks entry, others that of a rows entry.
  [[nodiscard]] Status prepare(const TableSchema& schema, const RowsIn& rows,
                               const SymbolTable& symbols,
                               std::span<const ShardPosition> positions);
  [[nodiscard]] Bytes body() const { return Bytes(body_).first(body_bytes_); }
  [[nodiscard]] std::span<const LoggedRows> groups() const {
    return std::span<const LoggedRows>(groups_).first(group_count_);
  }
  // After the entry was accepted: writes shard, epoch and sequence into the rows.
  void stamp(const RowsIn& rows) const;

 private:
  [[nodiscard]] Status check(const TableSchema& schema, const RowsIn& rows,
                             const SymbolTable& symbols);
  [[nodiscard]] Status check_values(const TableSchema& schema, const RowsIn& rows,
                                    const SymbolTable& symbols) const;
  void group_rows(std::size_t count);
  [[nodiscard]] std::uint64_t heap_bytes(const TableSchema& schema, const RowsIn& rows,
                                         std::size_t group) const;
  void fill(const TableSchema& schema, const RowsIn& rows, std::size_t group) const;
  void fill_column(const ColumnSchema& column, const RowsIn& rows, std::size_t index,
                   std::size_t group, std::byte** heap) const;

  std::vector<std::uint32_t> counts_;  // by shard; all zero between calls
  std::vector<std::uint32_t> touched_;
  std::vector<std::uint32_t> shard_of_;  // by row
  std::vector<std::uint32_t> order_;     // rows, grouped by shard
  std::vector<std::uint32_t> starts_;    // by group: its first place in order_
  std::vector<std::byte> body_;          // operator new aligns it
  std::size_t body_bytes_ = 0;
  std::vector<LoggedRows> groups_;
  std::size_t group_count_ = 0;
};

}  // namespace ndts
