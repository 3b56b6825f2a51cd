// See line_names.h.
#include "line/line_names.h"

#include <cstring>

namespace ndts {

namespace {

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{a ^ 0x9e37'79b9'7f4a'7c15} * (b ^ 0xd6e8'feb8'6659'fd93);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

std::uint64_t LineNames::hash_of(std::string_view name) const {
  std::uint64_t hash = seed_ ^ name.size();
  std::size_t at = 0;
  for (; at + 8 <= name.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, name.data() + at, 8);
    hash = mix(hash, word);
  }
  std::uint64_t rest = 0;
  for (unsigned shift = 0; at < name.size(); at += 1, shift += 8)
    rest |= std::uint64_t{static_cast<unsigned char>(name[at])} << shift;
  return mix(hash, rest);
}

std::uint32_t LineNames::find(std::string_view name) const {
  const std::uint64_t hash = hash_of(name);
  const std::size_t mask = places_.size() - 1;
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    if (places_[at] == 0) return kNone;
    const Entry& entry = entries_[places_[at] - 1];
    if (entry.hash == hash && entry.bytes == name.size() &&
        std::memcmp(bytes_.data() + entry.offset, name.data(), name.size()) == 0)
      return entry.number;
  }
}

void LineNames::place(std::uint32_t entry) {
  const std::size_t mask = places_.size() - 1;
  std::size_t at = entries_[entry].hash & mask;
  while (places_[at] != 0) at = (at + 1) & mask;
  places_[at] = entry + 1;
}

void LineNames::add(std::string_view name, std::uint32_t number) {
  if (entries_.size() * 2 >= places_.size()) {
    places_.assign(places_.size() * 2, 0);
    for (std::uint32_t entry = 0; entry < entries_.size(); entry += 1) place(entry);
  }
  entries_.push_back(
      {hash_of(name), bytes_.size(), static_cast<std::uint32_t>(name.size()), number});
  bytes_.append(name);
  place(static_cast<std::uint32_t>(entries_.size() - 1));
}

void LineNames::clear() {
  if (entries_.empty()) return;
  places_.assign(places_.size(), 0);
  entries_.clear();
  bytes_.clear();
}

std::string_view LineNames::name(std::size_t index) const {
  const Entry& entry = entries_[index];
  return std::string_view(bytes_).substr(entry.offset, entry.bytes);
}

}  // namespace ndts
