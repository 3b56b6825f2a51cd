// hot: no allocation after the first batch of a size
// Turns a TickBatch into the body of one log entry: rows checked, grouped by shard in their order,
// by column, each group with its epoch and first sequence. The same columns then go to the
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
#include "generated/layouts.h"
#include "table/symbols.h"
#include "table/row_columns.h"

namespace ndts {

// What every shard has reached.
struct ShardPosition {
  std::uint64_t epoch = 0;
  std::uint64_t next_sequence = 0;
};

struct TickGroup {
  TicksEntry entry;
  ConstRowColumns columns;
  const std::uint32_t* rows;  // rows of the batch, in order
};

class TickBatcher {
 public:
  explicit TickBatcher(std::uint32_t shard_count) : counts_(shard_count) {}

  // INVALID_ARGUMENT names the first row with an unknown symbol or a time out of range.
  [[nodiscard]] Status prepare(const TickBatchView& batch, const SymbolTable& symbols,
                               std::span<const ShardPosition> shards);
  Bytes body() const { return Bytes(body_).first(body_bytes_); }
  std::span<const TickGroup> groups() const { return groups_; }
  // After the entry was accepted: writes shard, epoch and sequence into the batch.
  void stamp(const TickBatchView& batch) const;

 private:
  [[nodiscard]] Status check(const TickBatchView& batch, const SymbolTable& symbols);
  void group_rows(std::size_t count);
  void fill(const TickBatchView& batch, const TickGroup& group, const RowColumns& to) const;

  std::vector<std::uint32_t> counts_;  // by shard; all zero between calls
  std::vector<std::uint32_t> touched_;
  std::vector<std::uint32_t> shard_of_;  // by row
  std::vector<std::uint32_t> order_;     // rows, grouped by shard
  std::vector<std::byte> body_;  // operator new aligns it
  std::size_t body_bytes_ = 0;
  std::vector<TickGroup> groups_;
};

// Takes the body of a ticks entry apart, calling `take(entry, columns)` for each group; CORRUPT
// when it is not whole. `scratch` holds the copy where the body is not aligned.
template <typename Take>
[[nodiscard]] Status each_group(Bytes body, std::vector<std::byte>& scratch, Take take) {
  if (reinterpret_cast<std::uintptr_t>(body.data()) % 8 != 0) {
    scratch.assign(body.begin(), body.end());
    body = scratch;
  }
  ByteReader reader(body);
  while (reader.ok() && reader.left() > 0) {
    const auto entry = reader.read<TicksEntry>();
    const Bytes columns = reader.read_bytes(std::uint64_t{entry.rows} * kTickRowBytes);
    if (!reader.ok()) break;
    NDTS_TRY(take(entry, ConstRowColumns::over(columns.data(), entry.rows)));
  }
  return reader.ok() ? Status() : Status(Code::kCorrupt, "ticks entry: cut short");
}

}  // namespace ndts
