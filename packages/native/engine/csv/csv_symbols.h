// The names of symbols that a file was seen to have, numbered from 0 in the order they came.
//
// Threads: one at a time. Lifetime: names stay where they are as long as the table.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace ndts {

class CsvSymbols {
 public:
  CsvSymbols();

  [[nodiscard]] std::uint32_t number_of(std::string_view name);
  [[nodiscard]] std::size_t count() const { return names_.size(); }
  [[nodiscard]] const std::string& name(std::size_t number) const { return names_[number]; }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t number = kNone;
  };
  static constexpr std::uint32_t kNone = 0xffff'ffff;

  void grow();

  std::deque<std::string> names_;
  std::vector<Slot> slots_;  // a power of two, at most half full
  std::uint32_t last_ = kNone;
};

}  // namespace ndts
