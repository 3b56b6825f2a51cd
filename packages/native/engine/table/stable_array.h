// An array that grows and never moves: one thread appends or touches new places, others read
// places they were told of. Blocks double in size, so that a directory of 28 pointers is enough.
//
// Threads: at() of a place that was made before the reader was handed its index; make() from one
// thread. Invariant: the address of an element never changes.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace ndts {

template <typename T>
class StableArray {
 public:
  StableArray() = default;
  ~StableArray() {
    for (std::atomic<T*>& block : blocks_) delete[] block.load(std::memory_order_relaxed);
  }
  StableArray(const StableArray&) = delete;
  StableArray& operator=(const StableArray&) = delete;

  // The element, value-initialised when it was not there yet.
  T& make(std::size_t index) {
    const Place place = place_of(index);
    T* block = blocks_[place.block].load(std::memory_order_relaxed);
    if (block == nullptr) {
      block = new T[kFirst << place.block]();
      // Pairs with the load of at() and find(): who finds the block finds it initialised.
      blocks_[place.block].store(block, std::memory_order_release);
    }
    return block[place.offset];
  }
  T& at(std::size_t index) const {
    const Place place = place_of(index);
    return blocks_[place.block].load(std::memory_order_acquire)[place.offset];
  }
  // Null where nothing was made near it.
  T* find(std::size_t index) const {
    const Place place = place_of(index);
    T* block = blocks_[place.block].load(std::memory_order_acquire);
    return block == nullptr ? nullptr : block + place.offset;
  }

 private:
  static constexpr std::size_t kFirst = 16;
  static constexpr std::size_t kFirstBits = 4;
  struct Place {
    std::size_t block;
    std::size_t offset;
  };
  static Place place_of(std::size_t index) {
    const std::size_t shifted = index + kFirst;
    const auto bits = static_cast<std::size_t>(std::bit_width(shifted)) - 1;
    return {bits - kFirstBits, shifted - (std::size_t{1} << bits)};
  }

  std::array<std::atomic<T*>, 29> blocks_{};
};

}  // namespace ndts
