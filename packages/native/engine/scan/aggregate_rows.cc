// See aggregate_rows.h.
#include "scan/aggregate_rows.h"

#include <bit>

#include "scan/scan_split.h"

namespace ndts {

namespace {

constexpr std::size_t kWords = kScanBatchRows / 64;
constexpr std::uint64_t kAllBits = ~std::uint64_t{0};

template <typename To, typename From>
const To* convert(const std::byte* values, std::size_t count, std::vector<To>* room) {
  room->resize(kScanBatchRows);
  const auto* from = reinterpret_cast<const From*>(values);
  To* to = room->data();
  for (std::size_t at = 0; at < count; at += 1) to[at] = static_cast<To>(from[at]);
  return to;
}

}  // namespace

bool is_real(ValueType type) { return type == ValueType::kF64 || type == ValueType::kF32; }

std::size_t count_bits(const std::uint64_t* bits, std::size_t first, std::size_t count) {
  if (bits == nullptr || count == 0) return count;
  const std::size_t last = first + count - 1;
  std::size_t set = 0;
  for (std::size_t word = first / 64; word <= last / 64; word += 1) {
    std::uint64_t some = bits[word];
    if (word == first / 64) some &= kAllBits << first % 64;
    if (word == last / 64) some &= kAllBits >> (63 - last % 64);
    set += static_cast<std::size_t>(std::popcount(some));
  }
  return set;
}

std::size_t first_bit(const std::uint64_t* bits, std::size_t first) {
  std::size_t word = first / 64;
  std::uint64_t some = bits[word] & kAllBits << first % 64;
  while (some == 0) some = bits[++word];
  return 64 * word + static_cast<std::size_t>(std::countr_zero(some));
}

std::size_t last_bit(const std::uint64_t* bits, std::size_t first, std::size_t count) {
  const std::size_t last = first + count - 1;
  std::size_t word = last / 64;
  std::uint64_t some = bits[word] & kAllBits >> (63 - last % 64);
  while (some == 0) some = bits[--word];
  return 64 * word + 63 - static_cast<std::size_t>(std::countl_zero(some));
}

AggregateRows::AggregateRows(const ScanPlan& plan, const ScanKernels& kernels)
    : plan_(plan),
      kernels_(kernels),
      selection_(kWords),
      both_(kWords),
      columns_(plan.schema().columns.size()) {}

void AggregateRows::set(const ScanBatch& batch, bool proven) {
  batch_ = batch;
  number_ += 1;
  selected_ = nullptr;
  if (proven) return;
  selection_.assign(kWords, kAllBits);
  for (const ColumnRange& range : plan_.ranges()) select(range);
  const std::size_t count = batch.rows.count;
  if (count_bits(selection_.data(), 0, count) != count) selected_ = selection_.data();
}

void AggregateRows::select(const ColumnRange& range) {
  const std::size_t count = batch_.rows.count;
  if (range.is_real)
    kernels_.select_real(reals(range.column), count, range.low_real, range.high_real,
                         selection_.data());
  else
    kernels_.select_whole(wholes(range.column), count, range.low, range.high, selection_.data());
  clear_nulls(range.column, selection_.data());
}

void AggregateRows::clear_nulls(std::size_t column, std::uint64_t* bits) const {
  const std::uint8_t* nulls = batch_.rows.nulls_of(column);
  if (nulls == nullptr) return;
  for (std::size_t at = 0; at < batch_.rows.count; at += 1)
    bits[at / 64] &= ~(std::uint64_t{nulls[at] != 0 ? 1u : 0u} << at % 64);
}

const std::uint64_t* AggregateRows::present(std::size_t column) {
  if (batch_.rows.nulls_of(column) == nullptr) return selected_;
  Column& entry = columns_[column];
  if (entry.present_of == number_) return entry.present;
  entry.present_of = number_;
  if (selected_ == nullptr)
    entry.bits.assign(kWords, kAllBits);
  else
    entry.bits = selection_;
  clear_nulls(column, entry.bits.data());
  entry.present = entry.bits.data();
  return entry.present;
}

const std::uint64_t* AggregateRows::present(std::size_t column, std::size_t other) {
  const std::uint64_t* const a = present(column);
  const std::uint64_t* const b = present(other);
  if (a == nullptr || a == b) return b;
  if (b == nullptr) return a;
  for (std::size_t word = 0; word < kWords; word += 1) both_[word] = a[word] & b[word];
  return both_.data();
}

const double* AggregateRows::reals(std::size_t column) {
  const std::byte* values = batch_.rows.values[column];
  const ValueType type = plan_.schema().columns[column].type;
  if (type == ValueType::kF64) return reinterpret_cast<const double*>(values);
  Column& entry = columns_[column];
  if (entry.reals_of == number_) return entry.reals.data();
  entry.reals_of = number_;
  const std::size_t count = batch_.rows.count;
  if (type == ValueType::kF32) return convert<double, float>(values, count, &entry.reals);
  const auto* whole = reinterpret_cast<const std::byte*>(wholes(column));
  return convert<double, std::int64_t>(whole, count, &entry.reals);
}

double AggregateRows::splitter(std::size_t column) {
  Column& found = columns_[column];
  if (found.splitter_of == number_) return found.splitter;
  found.splitter_of = number_;
  found.splitter = 0;
  const SegmentReader* const segment = batch_.segment;
  if (segment == nullptr || segment->record().version < 2 ||
      plan_.schema().columns[column].type != ValueType::kF64)
    return 0;
  const int stream = segment->stream(StreamPart::kValues, column);
  if (stream < 0) return 0;
  const SegmentStrip& strip = segment->strip(batch_.block, static_cast<std::size_t>(stream));
  const double least = std::bit_cast<double>(strip.min);
  const double greatest = std::bit_cast<double>(strip.max);
  double splitter = 0;
  const bool known = least > 0 ? find_splitter(greatest, least, &splitter)
                               : greatest < 0 && find_splitter(-least, -greatest, &splitter);
  if (known) found.splitter = splitter;
  return found.splitter;
}

const std::int64_t* AggregateRows::wholes(std::size_t column) {
  const std::byte* values = batch_.rows.values[column];
  const ValueType type = plan_.schema().columns[column].type;
  if (type == ValueType::kI64) return reinterpret_cast<const std::int64_t*>(values);
  Column& entry = columns_[column];
  if (entry.wholes_of == number_) return entry.wholes.data();
  entry.wholes_of = number_;
  const std::size_t count = batch_.rows.count;
  if (type == ValueType::kI32)
    return convert<std::int64_t, std::int32_t>(values, count, &entry.wholes);
  if (type == ValueType::kBool)
    return convert<std::int64_t, std::uint8_t>(values, count, &entry.wholes);
  return convert<std::int64_t, std::uint32_t>(values, count, &entry.wholes);
}

}  // namespace ndts
