// See accumulator_sums.h.
#include "scan/accumulator_sums.h"

#include <algorithm>
#include <cmath>

#include "codec/codec.h"
#include "codec/scale.h"

namespace ndts {

namespace {

// Below this a sum of integers that is a double was not rounded.
constexpr double kWholeMax = 9007199254740992.0;

void add_part(const ScanKernels& kernels, const double* values, std::size_t count,
              double splitter, ExactSum* sum) {
  SumParts parts;
  if (kernels.sum(values, count, splitter, &parts)) return sum->add(parts.high, parts.low);
  for (std::size_t at = 0; at < count; at += 1) sum->add(values[at]);
}

// Adds a * b and its rounding error.
void add_product(double a, double b, ExactSum* sum) {
  const double product = a * b;
  sum->add(product);
  if (std::isfinite(product)) sum->add(std::fma(a, b, -product));
}

}  // namespace

void add_exact(const ScanKernels& kernels, const double* values, const std::uint64_t* bits,
               std::size_t first, std::size_t count, double splitter, ExactSum* sum) {
  double kept[kSumRows];
  for (std::size_t done = 0; done < count; done += kSumRows) {
    const std::size_t some = std::min(kSumRows, count - done);
    const double* part = values + first + done;
    if (bits != nullptr) {
      kernels.keep(part, some, bits, first + done, 0, kept);
      part = kept;
    }
    add_part(kernels, part, some, splitter, sum);
  }
}

void add_products(const ScanKernels& kernels, const double* a, const double* b,
                  const std::uint64_t* bits, std::size_t first, std::size_t count,
                  ExactSum* sum) {
  double kept_a[kSumRows];
  double kept_b[kSumRows];
  double products[kSumRows];
  double errors[kSumRows];
  for (std::size_t done = 0; done < count; done += kSumRows) {
    const std::size_t some = std::min(kSumRows, count - done);
    const double* part_a = a + first + done;
    const double* part_b = b + first + done;
    if (bits != nullptr) {
      kernels.keep(part_a, some, bits, first + done, 0, kept_a);
      kernels.keep(part_b, some, bits, first + done, 0, kept_b);
      part_a = kept_a;
      part_b = kept_b;
    }
    kernels.products(part_a, part_b, some, products, errors);
    for (std::size_t at = 0; at < some; at += 1)
      if (!std::isfinite(products[at])) errors[at] = 0;
    add_part(kernels, products, some, 0, sum);
    add_part(kernels, errors, some, 0, sum);
  }
}

Status BlockSum::read(const SegmentReader& segment, std::size_t block, std::size_t column,
                      bool* known) {
  *known = false;
  const auto values = static_cast<std::size_t>(segment.stream(StreamPart::kValues, column));
  const SegmentStrip& strip = segment.strip(block, values);
  const int nulls = segment.stream(StreamPart::kNulls, column);
  if (nulls >= 0 && segment.strip(block, static_cast<std::size_t>(nulls)).max != 0) return {};
  if (segment.record().version < 2) return {};
  const std::uint32_t rows = segment.blocks()[block].rows;
  const ValueType type = segment.schema().columns[column].type;
  if (type != ValueType::kF64) {
    *known = !is_real(type) && strip.min == strip.max;
    whole_ = Int128{static_cast<std::int64_t>(strip.min)} * rows;
    return {};
  }
  if (strip.encoding != static_cast<std::uint32_t>(StripEncoding::kCodec)) return {};
  Bytes bytes;
  NDTS_TRY(segment.strip_bytes(block, values, &bytes));
  codec::ColumnInfo info;
  constexpr std::size_t kHead = sizeof(CodecHeader) + sizeof(CodecCount);
  if (!codec::inspect(bytes, &info).ok() || info.codec != ColumnCodec::kDecimal ||
      bytes.size() < kHead)
    return {};
  // Integers (exponent 0), none of them an exception.
  if ((load<CodecHeader>(bytes.data()).parameter & ~codec::kScaledBit) != 0 ||
      load<CodecCount>(bytes.data() + sizeof(CodecHeader)).count != 0)
    return {};
  if (!codec::sum_f64(bytes, rows, &scratch_, &real_).ok()) return {};  // the reader will say it
  *known = std::fabs(real_) < kWholeMax;
  return segment.status();
}

void RealSum::add(AggregateRows& rows, std::size_t column, const RowSlice& slice) {
  const std::uint64_t* const bits = rows.present(column);
  count += count_bits(bits, slice.first, slice.count);
  add_exact(rows.kernels(), rows.reals(column), bits, slice.first, slice.count,
            rows.splitter(column), &sum);
}

void RealSum::take(const BlockSum& block, std::uint64_t values) {
  sum.add(block.real());
  count += values;
}

void RealSum::merge(const RealSum& other) {
  sum.add(other.sum);
  count += other.count;
}

void IntegerSum::add(AggregateRows& rows, std::size_t column, const RowSlice& slice) {
  const std::uint64_t* const bits = rows.present(column);
  const std::int64_t* const values = rows.wholes(column);
  const std::size_t present = count_bits(bits, slice.first, slice.count);
  count += present;
  if (present == slice.count) {
    const WholeSum part = rows.kernels().whole_sum(values + slice.first, slice.count);
    sum += Int128{part.high} * (Int128{1} << 32) + static_cast<Int128>(part.low);
    return;
  }
  for (std::size_t at = slice.first; at < slice.first + slice.count; at += 1)
    if ((bits[at / 64] >> at % 64 & 1) != 0) sum += values[at];
}

void IntegerSum::take(const BlockSum& block, std::uint64_t values) {
  sum += block.whole();
  count += values;
}

void IntegerSum::merge(const IntegerSum& other) {
  sum += other.sum;
  count += other.count;
}

void Moments::merge(const Moments& other) {
  sum.add(other.sum);
  squares.add(other.squares);
  count += other.count;
}

// (count * squares - sum * sum) / (count * (count - 1)); the difference is exact as far as sum and
// squares are two doubles each.
double Moments::deviation() const {
  const auto values = static_cast<double>(count);
  const double total[] = {sum.value(), sum.rest()};
  ExactSum difference;
  add_product(squares.value(), values, &difference);
  add_product(squares.rest(), values, &difference);
  for (const double a : total)
    for (const double b : total) add_product(-a, b, &difference);
  const double variance = difference.value() / values / (values - 1);
  return variance < 0 ? 0 : std::sqrt(variance);
}

void Weighted::merge(const Weighted& other) {
  products.add(other.products);
  weights.add(other.weights);
  count += other.count;
}

}  // namespace ndts
