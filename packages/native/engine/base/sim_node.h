// A file of the simulated file system: for sim_file.cc and sim_file_system.cc only.
//
// Guarded by the mutex of its file system, but for memory handed out by map_shared().
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace ndts {

inline constexpr std::size_t kSectorBytes = 512;

// Sector numbers, gone through in ascending order. A mark each: a file of zeros marks thousands.
class SectorSet {
 public:
  void insert(std::size_t first, std::size_t end) {
    if (marks_.size() < end) marks_.resize(end);
    std::fill(marks_.data() + first, marks_.data() + end, std::uint8_t{1});
  }
  [[nodiscard]] bool contains(std::size_t sector) const {
    return sector < marks_.size() && marks_[sector] != 0;
  }
  // The next one from `sector` on; end() when there is none.
  [[nodiscard]] std::size_t next(std::size_t sector) const {
    while (sector < marks_.size() && marks_[sector] == 0) sector += 1;
    return sector;
  }
  [[nodiscard]] std::size_t end() const { return marks_.size(); }
  void clear() { marks_.clear(); }

 private:
  std::vector<std::uint8_t> marks_;
};

// What the program sees, what the disk has, and which sectors differ by intent. A sector that
// differs but is not dirty was lost by a failed sync.
struct SimNode {
  std::vector<std::byte> live;
  std::vector<std::byte> durable;
  SectorSet dirty;
  bool mapped = false;  // written past us by map_shared(): must not be resized

  void touch(std::size_t offset, std::size_t count) {
    if (count == 0) return;
    dirty.insert(offset / kSectorBytes, (offset + count - 1) / kSectorBytes + 1);
  }
  // The part of a sector that lies within both states.
  [[nodiscard]] std::size_t sector_bytes(std::size_t sector) const {
    const std::size_t end = std::min(live.size(), durable.size());
    const std::size_t begin = sector * kSectorBytes;
    return begin >= end ? 0 : std::min(kSectorBytes, end - begin);
  }
  void persist(std::size_t sector, std::size_t from, std::size_t to) {
    copy_sector(live, sector, from, to, &durable);
  }
  // Drops what the program saw of a clean sector.
  void forget(std::size_t sector) { copy_sector(durable, sector, 0, sector_bytes(sector), &live); }

 private:
  static void copy_sector(const std::vector<std::byte>& source, std::size_t sector,
                          std::size_t from, std::size_t to, std::vector<std::byte>* target) {
    if (from >= to) return;  // the sector may lie behind the end of either
    const std::size_t begin = sector * kSectorBytes + from;
    std::copy_n(source.data() + begin, to - from, target->data() + begin);
  }
};

}  // namespace ndts
