// Few distinct values: the list of them, in ascending order, and the place of each value in it.
//
//   CodecCount of entries (1 to 1024), a frame vector of them, frame vectors of places
//
// Threads: any. Errors: false for bytes no encoder writes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "codec/kernels.h"

namespace ndts::codec {

inline constexpr std::size_t kDictionaryMax = 1024;

// About how many distinct values there are among up to 1024, in the first half and in all. Where
// they are more than `limit`, any number above it is given.
struct DistinctCount {
  std::size_t half = 0;
  std::size_t all = 0;
};
[[nodiscard]] DistinctCount count_distinct(std::span<const std::int64_t> values,
                                           std::size_t limit);

// Appends nothing and returns false when there are more than 1024 distinct values, or none.
[[nodiscard]] bool put_dictionary(const Kernels& kernels, std::span<const std::int64_t> values,
                                  std::vector<std::byte>* out);

// T is int64 or double, whose bits the entries then are.
template <typename T>
[[nodiscard]] bool read_dictionary(const Kernels& kernels, ByteReader* reader, std::span<T> out);
extern template bool read_dictionary(const Kernels&, ByteReader*, std::span<std::int64_t>);
extern template bool read_dictionary(const Kernels&, ByteReader*, std::span<double>);

}  // namespace ndts::codec
