#include "codec/alp_rd.h"

#include <algorithm>
#include <array>
#include <bit>

#include "codec/append.h"
#include "codec/bit_pack.h"
#include "generated/layouts.h"

namespace ndts::codec {
namespace {

constexpr std::size_t kEntries = 8;
constexpr unsigned kRightMin = 48;
constexpr unsigned kRightMax = 63;
constexpr std::size_t kSampleValues = 256;
constexpr std::size_t kExceptionBits = 48;

// The most frequent front bits of a sorted sample, and the bits the sample takes with them.
FrontSplit rank_fronts(std::span<const std::uint64_t> sorted, unsigned right_bits) {
  struct Front {
    std::size_t count;
    std::uint16_t bits;
  };
  std::array<Front, kSampleValues> fronts;
  std::size_t distinct = 0;
  for (const std::uint64_t bits : sorted) {
    const auto front = static_cast<std::uint16_t>(bits >> right_bits);
    if (distinct > 0 && fronts[distinct - 1].bits == front)
      ++fronts[distinct - 1].count;
    else
      fronts[distinct++] = {1, front};
  }
  const std::size_t kept = std::min(distinct, kEntries);
  std::partial_sort(fronts.begin(), fronts.begin() + static_cast<std::ptrdiff_t>(kept),
                    fronts.begin() + static_cast<std::ptrdiff_t>(distinct),
                    [](const Front& a, const Front& b) {
                      return a.count != b.count ? a.count > b.count : a.bits < b.bits;
                    });
  FrontSplit best;
  best.bits = ~std::size_t{0};
  std::size_t covered = 0;
  std::size_t taken = 0;
  for (unsigned code_bits = 0; code_bits <= 3; ++code_bits) {
    for (; taken < std::min(kept, std::size_t{1} << code_bits); ++taken)
      covered += fronts[taken].count;
    const std::size_t bits =
        sorted.size() * (right_bits + code_bits) + (sorted.size() - covered) * kExceptionBits;
    if (bits >= best.bits) continue;
    best = {right_bits, code_bits, {}, sorted.size(), bits};
    for (std::size_t i = 0; i < taken; ++i) best.front[i] = fronts[i].bits;
  }
  return best;
}

}  // namespace

FrontSplit choose_split(std::span<const double> values) {
  std::array<std::uint64_t, kSampleValues> sample;
  const std::size_t taken = std::min(kSampleValues, values.size());
  for (std::size_t i = 0; i < taken; ++i)
    sample[i] = std::bit_cast<std::uint64_t>(values[i * values.size() / taken]);
  const std::span<std::uint64_t> sorted(sample.data(), taken);
  std::sort(sorted.begin(), sorted.end());
  FrontSplit best = rank_fronts(sorted, kRightMin);
  for (unsigned right_bits = kRightMin + 1; right_bits <= kRightMax; ++right_bits) {
    if (taken * right_bits >= best.bits) break;
    const FrontSplit split = rank_fronts(sorted, right_bits);
    if (split.bits < best.bits) best = split;
  }
  return best;
}

namespace {

struct Exceptions {
  std::vector<std::uint32_t> places;
  std::vector<std::uint16_t> fronts;
};

void put_vector(const Kernels& kernels, const FrontSplit& split, std::span<const double> values,
                std::size_t first, Exceptions* exceptions, std::vector<std::byte>* out) {
  VectorWords right;
  VectorWords codes;
  const std::size_t entries = std::size_t{1} << split.code_bits;
  for (std::size_t i = values.size(); i < rows_of(values.size()) * kLanes; ++i)
    right[i] = codes[i] = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto bits = std::bit_cast<std::uint64_t>(values[i]);
    const auto front = static_cast<std::uint16_t>(bits >> split.right_bits);
    right[i] = bits & low_bits(split.right_bits);
    std::size_t code = entries;  // all are compared, because which one it is can't be predicted
    for (std::size_t entry = entries; entry-- > 0;)
      code = split.front[entry] == front ? entry : code;
    codes[i] = code & (entries - 1);
    if (code < entries) continue;
    exceptions->places.push_back(static_cast<std::uint32_t>(first + i));
    exceptions->fronts.push_back(front);
  }
  pack_vector(kernels, right, values.size(), 0, split.right_bits, out);
  pack_vector(kernels, codes, values.size(), 0, split.code_bits, out);
}

void restore(const Kernels& kernels, FrontBitsRun run, Bytes right, Bytes codes,
             std::span<double> out) {
  if (is_interleaved(out.size())) {
    run.right = right.data();
    run.codes = codes.data();
    run.rows = rows_of(out.size());
    if (out.size() % kLanes == 0) return kernels.front_bits(run, out.data());
    double rows[kVectorValues];
    kernels.front_bits(run, rows);
    std::copy_n(rows, out.size(), out.data());
    return;
  }
  VectorWords right_words;
  VectorWords code_words;
  unpack_vector(kernels, right, out.size(), run.right_bits, right_words);
  unpack_vector(kernels, codes, out.size(), run.code_bits, code_words);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = std::bit_cast<double>(run.front[code_words[i] % kEntries] | right_words[i]);
}

bool read_exceptions(ByteReader* reader, std::size_t count, unsigned right_bits,
                     std::span<double> out) {
  const Bytes places = reader->read_bytes(count * sizeof(std::uint32_t));
  const Bytes fronts = reader->read_bytes(count * sizeof(std::uint16_t));
  const std::size_t used = count * (sizeof(std::uint32_t) + sizeof(std::uint16_t));
  if (!all_zero(reader->read_bytes(align_up(used, 8) - used)) || !reader->ok()) return false;
  for (std::size_t i = 0; i < count; ++i) {
    const auto place = load<std::uint32_t>(places.data() + i * sizeof(std::uint32_t));
    const auto front = load<std::uint16_t>(fronts.data() + i * sizeof(std::uint16_t));
    if (place >= out.size()) return false;
    const std::uint64_t right = std::bit_cast<std::uint64_t>(out[place]) & low_bits(right_bits);
    out[place] = std::bit_cast<double>(std::uint64_t{front} << right_bits | right);
  }
  return true;
}

}  // namespace

void put_alp_rd(const Kernels& kernels, const FrontSplit& split, std::span<const double> values,
                std::vector<std::byte>* out) {
  FrontBits head{};
  head.right_bits = static_cast<std::uint8_t>(split.right_bits);
  head.code_bits = static_cast<std::uint8_t>(split.code_bits);
  std::memcpy(head.dictionary, split.front.data(), sizeof(head.dictionary));
  const std::size_t head_at = out->size();
  append(head, out);
  Exceptions exceptions;
  for (std::size_t at = 0; at < values.size(); at += kVectorValues)
    put_vector(kernels, split, values.subspan(at, std::min(kVectorValues, values.size() - at)), at,
               &exceptions, out);
  head.exceptions = static_cast<std::uint32_t>(exceptions.places.size());
  store(out->data() + head_at, head);
  const std::size_t at = out->size();
  append_all(std::span<const std::uint32_t>(exceptions.places), out);
  append_all(std::span<const std::uint16_t>(exceptions.fronts), out);
  append_padding(at, out);
}

bool read_alp_rd(const Kernels& kernels, ByteReader* reader, std::span<double> out) {
  const auto head = reader->read<FrontBits>();
  if (!reader->ok() || !all_zero(std::as_bytes(std::span(head.reserved)))) return false;
  if (head.right_bits < kRightMin || head.right_bits > kRightMax || head.code_bits > 3 ||
      head.exceptions > out.size())
    return false;
  FrontBitsRun run;
  run.right_bits = head.right_bits;
  run.code_bits = head.code_bits;
  for (std::size_t i = 0; i < kEntries; ++i) {
    std::uint16_t front;
    std::memcpy(&front, head.dictionary + i * sizeof(front), sizeof(front));
    run.front[i] = std::uint64_t{front} << head.right_bits;
  }
  for (std::size_t at = 0; at < out.size(); at += kVectorValues) {
    const std::size_t count = std::min(kVectorValues, out.size() - at);
    const Bytes right = read_packed(reader, count, head.right_bits);
    const Bytes codes = read_packed(reader, count, head.code_bits);
    if (!reader->ok()) return false;
    restore(kernels, run, right, codes, out.subspan(at, count));
  }
  return read_exceptions(reader, head.exceptions, head.right_bits, out);
}

}  // namespace ndts::codec
