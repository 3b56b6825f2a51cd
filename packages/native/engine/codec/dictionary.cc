#include "codec/dictionary.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "codec/append.h"
#include "codec/frame.h"
#include "generated/layouts.h"

namespace ndts::codec {
namespace {

constexpr std::uint64_t kMixer = 0x9e3779b97f4a7c15u;

// Distinct values in open addressing, at most half full.
class Places {
 public:
  // The slot of `value`, taken for it when it was free.
  std::size_t slot_of(std::int64_t value) {
    std::size_t slot =
        static_cast<std::size_t>((static_cast<std::uint64_t>(value) * kMixer) >> 53);
    while (used_[slot] && keys_[slot] != value) slot = (slot + 1) % kSlots;
    if (!used_[slot]) {
      used_[slot] = true;
      keys_[slot] = value;
      ++size_;
    }
    return slot;
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::vector<std::int64_t> sorted() const {
    std::vector<std::int64_t> keys;
    for (std::size_t slot = 0; slot < kSlots; ++slot)
      if (used_[slot]) keys.push_back(keys_[slot]);
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  static constexpr std::size_t kSlots = 2048;

 private:
  std::int64_t keys_[kSlots];
  bool used_[kSlots] = {};
  std::size_t size_ = 0;
};

}  // namespace

DistinctCount count_distinct(std::span<const std::int64_t> values, std::size_t limit) {
  // Marks a place for each value, of at least twice as many, and counts the marks. As many values
  // fall on another's mark as chance has it.
  constexpr std::size_t kPlacesMin = 64;
  constexpr std::size_t kLook = 64;  // values, between looks at the limit
  std::uint8_t marks[2 * kVectorValues];
  const std::size_t places = std::max(kPlacesMin, 2 * std::bit_ceil(values.size()));
  const int shift = 64 - std::countr_zero(places);
  std::memset(marks, 0, places);
  std::size_t marked = 0;
  const auto expected = [&] {
    return std::min(marked + marked * marked / (2 * places), values.size());
  };
  DistinctCount count;
  for (std::size_t at = 0; at < values.size() && marked <= limit;) {
    if (at <= values.size() / 2) count.half = expected();
    for (const std::size_t end = std::min(at + kLook, values.size()); at < end; ++at) {
      const std::size_t place = static_cast<std::uint64_t>(values[at]) * kMixer >> shift;
      marked += marks[place] == 0 ? 1 : 0;
      marks[place] = 1;
    }
  }
  count.all = expected();
  return count;
}

bool put_dictionary(const Kernels& kernels, std::span<const std::int64_t> values,
                    std::vector<std::byte>* out) {
  Places places;
  for (const std::int64_t value : values) {
    places.slot_of(value);
    if (places.size() > kDictionaryMax) return false;
  }
  if (values.empty()) return false;
  const std::vector<std::int64_t> entries = places.sorted();
  std::int64_t codes[Places::kSlots];
  for (std::size_t i = 0; i < entries.size(); ++i)
    codes[places.slot_of(entries[i])] = static_cast<std::int64_t>(i);
  append(CodecCount{static_cast<std::uint32_t>(entries.size()), 0}, out);
  put_frame(kernels, entries, out);
  std::int64_t vector[kVectorValues];
  for (std::size_t at = 0; at < values.size(); at += kVectorValues) {
    const std::size_t count = std::min(kVectorValues, values.size() - at);
    for (std::size_t i = 0; i < count; ++i) vector[i] = codes[places.slot_of(values[at + i])];
    put_frame(kernels, {vector, count}, out);
  }
  return true;
}

template <typename T>
bool read_dictionary(const Kernels& kernels, ByteReader* reader, std::span<T> out) {
  const auto head = reader->read<CodecCount>();
  if (!reader->ok() || head.reserved != 0 || head.count < 1 || head.count > kDictionaryMax)
    return false;
  FrameReader frame;
  std::int64_t entries[kDictionaryMax] = {};
  std::int64_t codes[kVectorValues];
  if (!frame.read(kernels, reader, head.count)) return false;
  frame.restore(kernels, {}, entries);
  for (std::size_t at = 0; at < out.size(); at += kVectorValues) {
    const std::size_t count = std::min(kVectorValues, out.size() - at);
    if (!frame.read(kernels, reader, count)) return false;
    frame.restore(kernels, {}, codes);
    std::uint64_t highest = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto code = static_cast<std::uint64_t>(codes[i]);
      highest = std::max(highest, code);
      out[at + i] = std::bit_cast<T>(entries[code % kDictionaryMax]);
    }
    if (highest >= head.count) return false;
  }
  return true;
}

template bool read_dictionary(const Kernels&, ByteReader*, std::span<std::int64_t>);
template bool read_dictionary(const Kernels&, ByteReader*, std::span<double>);

}  // namespace ndts::codec
