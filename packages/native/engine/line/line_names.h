// Names and a number for each: a hash table whose look-up allocates nothing.
//
// Threads: one. Names are bytes. `seed` keeps a client that chooses names from making them collide.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ndts {

class LineNames {
 public:
  static constexpr std::uint32_t kNone = 0xffff'ffff;

  explicit LineNames(std::uint64_t seed) : seed_(seed), places_(16, 0) {}

  // kNone: no such name.
  [[nodiscard]] std::uint32_t find(std::string_view name) const;
  // The name is not there yet.
  void add(std::string_view name, std::uint32_t number);
  void clear();
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  // In the order they were added.
  [[nodiscard]] std::string_view name(std::size_t index) const;

 private:
  struct Entry {
    std::uint64_t hash;
    std::uint64_t offset;
    std::uint32_t bytes;
    std::uint32_t number;
  };

  [[nodiscard]] std::uint64_t hash_of(std::string_view name) const;
  void place(std::uint32_t entry);

  const std::uint64_t seed_;
  std::vector<std::uint32_t> places_;  // a power of two; an entry's index + 1, or 0
  std::vector<Entry> entries_;
  std::string bytes_;
};

}  // namespace ndts
