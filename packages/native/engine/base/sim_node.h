// A file of the simulated file system: for sim_file.cc and sim_file_system.cc only.
//
// Guarded by the mutex of its file system, but for memory handed out by map_shared().
#pragma once

#include <algorithm>
#include <cstddef>
#include <set>
#include <vector>

#include "base/bytes.h"

namespace ndts {

inline constexpr std::size_t kSectorBytes = 512;

// What the program sees, what the disk has, and which sectors differ by intent. A sector that
// differs but is not dirty was lost by a failed sync.
struct SimNode {
  std::vector<std::byte> live;
  std::vector<std::byte> durable;
  std::set<std::size_t> dirty;
  bool mapped = false;  // written past us by map_shared(): must not be resized

  void touch(std::size_t offset, std::size_t count) {
    if (count == 0) return;
    for (std::size_t sector = offset / kSectorBytes; sector * kSectorBytes < offset + count;
         ++sector)
      dirty.insert(sector);
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
    const auto begin = static_cast<std::ptrdiff_t>(sector * kSectorBytes + from);
    const auto end = static_cast<std::ptrdiff_t>(sector * kSectorBytes + to);
    std::copy(source.begin() + begin, source.begin() + end, target->begin() + begin);
  }
};

}  // namespace ndts
