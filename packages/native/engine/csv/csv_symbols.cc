// See csv_symbols.h.
#include "csv/csv_symbols.h"

#include <cstring>

namespace ndts {

namespace {

constexpr std::size_t kFirstSlots = 1024;

std::uint64_t hash_of(std::string_view name) {
  std::uint64_t hash = 0x9e37'79b9'7f4a'7c15u ^ name.size();
  const auto mix = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * 0xff51'afd7'ed55'8ccdu;
    hash ^= hash >> 32;
  };
  while (name.size() >= 8) {
    std::uint64_t word;
    std::memcpy(&word, name.data(), sizeof(word));
    mix(word);
    name.remove_prefix(8);
  }
  std::uint64_t rest = 0;
  std::memcpy(&rest, name.data(), name.size());
  mix(rest);
  return hash;
}

}  // namespace

CsvSymbols::CsvSymbols() : slots_(kFirstSlots) {}

std::uint32_t CsvSymbols::number_of(std::string_view name) {
  // Files are often in the order of symbols.
  if (last_ != kNone && names_[last_] == name) return last_;
  const std::uint64_t hash = hash_of(name);
  std::size_t place = hash & (slots_.size() - 1);
  for (; slots_[place].number != kNone; place = (place + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[place];
    if (slot.hash == hash && names_[slot.number] == name) return last_ = slot.number;
  }
  last_ = static_cast<std::uint32_t>(names_.size());
  names_.emplace_back(name);
  slots_[place] = {hash, last_};
  if (names_.size() * 2 > slots_.size()) grow();
  return last_;
}

void CsvSymbols::grow() {
  std::vector<Slot> larger(slots_.size() * 2);
  for (const Slot& slot : slots_) {
    if (slot.number == kNone) continue;
    std::size_t place = slot.hash & (larger.size() - 1);
    while (larger[place].number != kNone) place = (place + 1) & (larger.size() - 1);
    larger[place] = slot;
  }
  slots_ = std::move(larger);
}

}  // namespace ndts
