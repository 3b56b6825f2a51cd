// What aggregates are made of: states, one per group, that take in rows, whole blocks by what is
// known of them, and other states. One accumulator serves all aggregates that need the same.
//
// Threads: one at a time; every worker has its own, merged at the end. No state depends on the
// order in which it took things in.
#pragma once

#include <memory>
#include <vector>

#include "scan/aggregate.h"
#include "scan/aggregate_rows.h"

namespace ndts {

// Consecutive rows of a batch that belong to one group.
struct RowSlice {
  std::uint32_t symbol;
  std::size_t first;
  std::size_t count;
};

class Accumulator {
 public:
  virtual ~Accumulator() = default;
  // Whether it looks at times and sequences; slices must then be of one symbol each.
  [[nodiscard]] virtual bool needs_order() const { return false; }
  [[nodiscard]] virtual std::vector<std::size_t> columns() const = 0;
  // A new state, of nothing; it is the last one now.
  virtual void begin() = 0;
  // Rows that match go into the last state.
  virtual void add(AggregateRows& rows, const RowSlice& slice) = 0;
  // Whether take() would: all rows of the block, which all match.
  [[nodiscard]] virtual Status can_take(const SegmentReader& segment, std::size_t block,
                                        bool* can) = 0;
  // After can_take() of the same block: it goes into the last state.
  virtual void take(const SegmentReader& segment, std::size_t block) = 0;
  // State `from` of another of the same make goes into the last state.
  virtual void merge(const Accumulator& other, std::size_t from) = 0;
  // What an aggregate it serves is of each state, in order.
  virtual void finish(AggregateKind kind, AggregateColumn* column) const = 0;
};

// Aggregates of equal key share one.
struct AccumulatorKey {
  enum class Make : std::uint8_t { kRows, kCount, kSum, kRange, kEdge, kMoments, kVwap };
  Make make;
  std::size_t column;
  std::size_t weight;
  friend bool operator==(const AccumulatorKey&, const AccumulatorKey&) = default;
};
[[nodiscard]] AccumulatorKey accumulator_key(const Aggregate& aggregate);
[[nodiscard]] std::unique_ptr<Accumulator> make_accumulator(const AccumulatorKey& key,
                                                            const TableSchema& schema);

}  // namespace ndts
