// See accumulator.h.
#include "scan/accumulator.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "scan/accumulator_sums.h"

namespace ndts {

namespace {

void put_null(AggregateColumn* column) {
  column->nulls.push_back(1);
  column->is_whole ? column->wholes.push_back(0) : column->reals.push_back(0);
}

void put(double value, AggregateColumn* column) {
  column->nulls.push_back(0);
  column->reals.push_back(value);
}

void put(std::int64_t value, AggregateColumn* column) {
  if (!column->is_whole) return put(static_cast<double>(value), column);
  column->nulls.push_back(0);
  column->wholes.push_back(value);
}

// How many values of a block are null.
std::uint64_t nulls_of(const SegmentReader& segment, std::size_t block, std::size_t column) {
  const int stream = segment.stream(StreamPart::kNulls, column);
  return stream < 0 ? 0 : segment.strip(block, static_cast<std::size_t>(stream)).max;
}

const SegmentStrip& values_of(const SegmentReader& segment, std::size_t block,
                              std::size_t column) {
  return segment.strip(block,
                       static_cast<std::size_t>(segment.stream(StreamPart::kValues, column)));
}

// Accumulators of states in a row.
template <typename State>
class StateAccumulator : public Accumulator {
 public:
  void begin() override { states_.emplace_back(); }
  void merge(const Accumulator& other, std::size_t from) override {
    states_.back().merge(static_cast<const StateAccumulator&>(other).states_[from]);
  }
  [[nodiscard]] Status can_take(const SegmentReader&, std::size_t, bool* can) override {
    *can = false;
    return {};
  }
  void take(const SegmentReader&, std::size_t) override {}

 protected:
  std::vector<State> states_;
};

struct RowCount {
  std::uint64_t rows = 0;
  void merge(const RowCount& other) { rows += other.rows; }
};

class RowAccumulator final : public StateAccumulator<RowCount> {
 public:
  std::vector<std::size_t> columns() const override { return {}; }
  void add(AggregateRows& rows, const RowSlice& slice) override {
    states_.back().rows += count_bits(rows.selected(), slice.first, slice.count);
  }
  Status can_take(const SegmentReader&, std::size_t, bool* can) override {
    *can = true;
    return {};
  }
  void take(const SegmentReader& segment, std::size_t block) override {
    states_.back().rows += segment.blocks()[block].rows;
  }
  void finish(AggregateKind, AggregateColumn* column) const override {
    for (const RowCount& state : states_) put(static_cast<std::int64_t>(state.rows), column);
  }
};

// Sum, count and average.
template <typename Sum>
class SumAccumulator final : public StateAccumulator<Sum> {
 public:
  explicit SumAccumulator(std::size_t column) : column_(column) {}
  std::vector<std::size_t> columns() const override { return {column_}; }
  void add(AggregateRows& rows, const RowSlice& slice) override {
    this->states_.back().add(rows, column_, slice);
  }
  // The sum of integers is known where all are equal; of reals where they are stored as integers.
  Status can_take(const SegmentReader& segment, std::size_t block, bool* can) override {
    return block_sum_.read(segment, block, column_, can);
  }
  void take(const SegmentReader& segment, std::size_t block) override {
    const std::uint64_t count =
        segment.blocks()[block].rows - nulls_of(segment, block, column_);
    this->states_.back().take(block_sum_, count);
  }
  void finish(AggregateKind kind, AggregateColumn* column) const override {
    for (const Sum& state : this->states_) {
      if (kind == AggregateKind::kCount)
        put(static_cast<std::int64_t>(state.count), column);
      else if (state.count == 0)
        put_null(column);
      else if (kind == AggregateKind::kSum)
        put(state.value(), column);
      else
        put(state.value() / static_cast<double>(state.count), column);
    }
  }

 private:
  const std::size_t column_;
  BlockSum block_sum_;
};

struct CountOnly {
  std::uint64_t count = 0;
  void merge(const CountOnly& other) { count += other.count; }
};

class CountAccumulator final : public StateAccumulator<CountOnly> {
 public:
  explicit CountAccumulator(std::size_t column) : column_(column) {}
  std::vector<std::size_t> columns() const override { return {column_}; }
  void add(AggregateRows& rows, const RowSlice& slice) override {
    states_.back().count += count_bits(rows.present(column_), slice.first, slice.count);
  }
  Status can_take(const SegmentReader&, std::size_t, bool* can) override {
    *can = true;
    return {};
  }
  void take(const SegmentReader& segment, std::size_t block) override {
    states_.back().count += segment.blocks()[block].rows - nulls_of(segment, block, column_);
  }
  void finish(AggregateKind, AggregateColumn* column) const override {
    for (const CountOnly& state : states_) put(static_cast<std::int64_t>(state.count), column);
  }

 private:
  const std::size_t column_;
};

// Least and greatest; NaN is left out, but where there is nothing else.
template <typename Range>
struct RangeState {
  Range range;
  std::uint64_t count = 0;
  void merge(const RangeState& other) {
    range.least = std::min(range.least, other.range.least);
    range.greatest = std::max(range.greatest, other.range.greatest);
    count += other.count;
  }
};

class RealRangeAccumulator final : public StateAccumulator<RangeState<RealRange>> {
 public:
  explicit RealRangeAccumulator(std::size_t column) : column_(column) {}
  std::vector<std::size_t> columns() const override { return {column_}; }
  void add(AggregateRows& rows, const RowSlice& slice) override {
    RangeState<RealRange>& state = states_.back();
    const std::uint64_t* const bits = rows.present(column_);
    const double* const values = rows.reals(column_) + slice.first;
    state.count += count_bits(bits, slice.first, slice.count);
    if (bits == nullptr) return rows.kernels().real_range(values, slice.count, &state.range);
    double kept[kSumRows];
    for (std::size_t done = 0; done < slice.count; done += kSumRows) {
      const std::size_t count = std::min(kSumRows, slice.count - done);
      rows.kernels().keep(values + done, count, bits, slice.first + done, std::nan(""), kept);
      rows.kernels().real_range(kept, count, &state.range);
    }
  }
  // Version 1 does not say least and greatest of every column.
  Status can_take(const SegmentReader& segment, std::size_t, bool* can) override {
    *can = segment.record().version >= 2;
    return {};
  }
  void take(const SegmentReader& segment, std::size_t block) override {
    const SegmentStrip& strip = values_of(segment, block, column_);
    states_.back().merge({{std::bit_cast<double>(strip.min), std::bit_cast<double>(strip.max)},
                          segment.blocks()[block].rows - nulls_of(segment, block, column_)});
  }
  void finish(AggregateKind kind, AggregateColumn* column) const override {
    for (const RangeState<RealRange>& state : states_) {
      const RealRange& range = state.range;
      if (state.count == 0)
        put_null(column);
      else if (range.least > range.greatest)
        put(std::nan(""), column);
      else
        put((kind == AggregateKind::kMin ? range.least : range.greatest) + 0.0, column);
    }
  }

 private:
  const std::size_t column_;
};

class WholeRangeAccumulator final : public StateAccumulator<RangeState<WholeRange>> {
 public:
  explicit WholeRangeAccumulator(std::size_t column) : column_(column) {}
  std::vector<std::size_t> columns() const override { return {column_}; }
  void add(AggregateRows& rows, const RowSlice& slice) override {
    RangeState<WholeRange>& state = states_.back();
    const std::uint64_t* const bits = rows.present(column_);
    const std::int64_t* const values = rows.wholes(column_);
    const std::size_t count = count_bits(bits, slice.first, slice.count);
    state.count += count;
    if (count == slice.count)
      return rows.kernels().whole_range(values + slice.first, count, &state.range);
    for (std::size_t at = slice.first; at < slice.first + slice.count; at += 1) {
      if ((bits[at / 64] >> at % 64 & 1) == 0) continue;
      state.range.least = std::min(state.range.least, values[at]);
      state.range.greatest = std::max(state.range.greatest, values[at]);
    }
  }
  Status can_take(const SegmentReader& segment, std::size_t, bool* can) override {
    *can = segment.record().version >= 2;
    return {};
  }
  void take(const SegmentReader& segment, std::size_t block) override {
    const std::uint64_t count =
        segment.blocks()[block].rows - nulls_of(segment, block, column_);
    if (count == 0) return;
    const SegmentStrip& strip = values_of(segment, block, column_);
    states_.back().merge({{static_cast<std::int64_t>(strip.min),
                           static_cast<std::int64_t>(strip.max)},
                          count});
  }
  void finish(AggregateKind kind, AggregateColumn* column) const override {
    for (const RangeState<WholeRange>& state : states_) {
      if (state.count == 0)
        put_null(column);
      else
        put(kind == AggregateKind::kMin ? state.range.least : state.range.greatest, column);
    }
  }

 private:
  const std::size_t column_;
};

struct EdgeKey {
  std::int64_t time;
  std::uint32_t symbol;
  std::uint64_t sequence;
  friend auto operator<=>(const EdgeKey&, const EdgeKey&) = default;
};

template <typename T>
struct EdgeState {
  bool any = false;
  EdgeKey first_key{};
  EdgeKey last_key{};
  T first{};
  T last{};
  void include(const EdgeKey& from_key, T from, const EdgeKey& to_key, T to) {
    if (!any || from_key < first_key) {
      first_key = from_key;
      first = from;
    }
    if (!any || to_key > last_key) {
      last_key = to_key;
      last = to;
    }
    any = true;
  }
  void merge(const EdgeState& other) {
    if (other.any) include(other.first_key, other.first, other.last_key, other.last);
  }
};

// First and last.
template <typename T>
class EdgeAccumulator final : public StateAccumulator<EdgeState<T>> {
 public:
  explicit EdgeAccumulator(std::size_t column) : column_(column) {}
  bool needs_order() const override { return true; }
  std::vector<std::size_t> columns() const override { return {column_}; }
  void add(AggregateRows& rows, const RowSlice& slice) override {
    std::size_t first = slice.first;
    std::size_t last = slice.first + slice.count - 1;
    if (const std::uint64_t* const bits = rows.present(column_); bits != nullptr) {
      if (count_bits(bits, slice.first, slice.count) == 0) return;
      first = first_bit(bits, slice.first);
      last = last_bit(bits, slice.first, slice.count);
    }
    const T* const values = values_in(rows);
    const auto key = [&](std::size_t at) {
      return EdgeKey{rows.rows().time[at], slice.symbol, rows.rows().sequence[at]};
    };
    this->states_.back().include(key(first), values[first], key(last), values[last]);
  }
  void finish(AggregateKind kind, AggregateColumn* column) const override {
    for (const EdgeState<T>& state : this->states_) {
      if (!state.any)
        put_null(column);
      else
        put(kind == AggregateKind::kFirst ? state.first : state.last, column);
    }
  }

 private:
  const T* values_in(AggregateRows& rows) const {
    if constexpr (std::is_same_v<T, double>)
      return rows.reals(column_);
    else
      return rows.wholes(column_);
  }
  const std::size_t column_;
};

class MomentAccumulator final : public StateAccumulator<Moments> {
 public:
  explicit MomentAccumulator(std::size_t column) : column_(column) {}
  std::vector<std::size_t> columns() const override { return {column_}; }
  void add(AggregateRows& rows, const RowSlice& slice) override {
    const std::uint64_t* const bits = rows.present(column_);
    const double* const values = rows.reals(column_);
    Moments& state = states_.back();
    state.count += count_bits(bits, slice.first, slice.count);
    add_exact(rows.kernels(), values, bits, slice.first, slice.count, 0, &state.sum);
    add_products(rows.kernels(), values, values, bits, slice.first, slice.count, &state.squares);
  }
  void finish(AggregateKind, AggregateColumn* column) const override {
    for (const Moments& state : states_) {
      if (state.count < 2)
        put_null(column);
      else
        put(state.deviation(), column);
    }
  }

 private:
  const std::size_t column_;
};

class VwapAccumulator final : public StateAccumulator<Weighted> {
 public:
  VwapAccumulator(std::size_t column, std::size_t weight) : column_(column), weight_(weight) {}
  std::vector<std::size_t> columns() const override { return {column_, weight_}; }
  void add(AggregateRows& rows, const RowSlice& slice) override {
    const std::uint64_t* const bits = rows.present(column_, weight_);
    const double* const weights = rows.reals(weight_);
    Weighted& state = states_.back();
    state.count += count_bits(bits, slice.first, slice.count);
    add_exact(rows.kernels(), weights, bits, slice.first, slice.count, 0, &state.weights);
    add_products(rows.kernels(), rows.reals(column_), weights, bits, slice.first, slice.count,
                 &state.products);
  }
  void finish(AggregateKind, AggregateColumn* column) const override {
    for (const Weighted& state : states_) {
      if (state.count == 0)
        put_null(column);
      else
        put(state.products.value() / state.weights.value(), column);
    }
  }

 private:
  const std::size_t column_;
  const std::size_t weight_;
};

}  // namespace

AccumulatorKey accumulator_key(const Aggregate& aggregate) {
  using Make = AccumulatorKey::Make;
  switch (aggregate.kind) {
    case AggregateKind::kRows:
      return {Make::kRows, 0, 0};
    case AggregateKind::kCount:
      return {Make::kCount, aggregate.column, 0};
    case AggregateKind::kSum:
    case AggregateKind::kAverage:
      return {Make::kSum, aggregate.column, 0};
    case AggregateKind::kMin:
    case AggregateKind::kMax:
      return {Make::kRange, aggregate.column, 0};
    case AggregateKind::kFirst:
    case AggregateKind::kLast:
      return {Make::kEdge, aggregate.column, 0};
    case AggregateKind::kDeviation:
      return {Make::kMoments, aggregate.column, 0};
    case AggregateKind::kVwap:
      break;
  }
  return {Make::kVwap, aggregate.column, aggregate.weight};
}

std::unique_ptr<Accumulator> make_accumulator(const AccumulatorKey& key,
                                              const TableSchema& schema) {
  using Make = AccumulatorKey::Make;
  const bool real = key.make != Make::kRows && is_real(schema.columns[key.column].type);
  switch (key.make) {
    case Make::kRows:
      return std::make_unique<RowAccumulator>();
    case Make::kCount:
      return std::make_unique<CountAccumulator>(key.column);
    case Make::kSum:
      if (real) return std::make_unique<SumAccumulator<RealSum>>(key.column);
      return std::make_unique<SumAccumulator<IntegerSum>>(key.column);
    case Make::kRange:
      if (real) return std::make_unique<RealRangeAccumulator>(key.column);
      return std::make_unique<WholeRangeAccumulator>(key.column);
    case Make::kEdge:
      if (real) return std::make_unique<EdgeAccumulator<double>>(key.column);
      return std::make_unique<EdgeAccumulator<std::int64_t>>(key.column);
    case Make::kMoments:
      return std::make_unique<MomentAccumulator>(key.column);
    case Make::kVwap:
      break;
  }
  return std::make_unique<VwapAccumulator>(key.column, key.weight);
}

}  // namespace ndts
