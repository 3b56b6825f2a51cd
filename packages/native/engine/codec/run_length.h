// Runs of equal values: what is seldom changed.
//
//   CodecCount of runs, then per 1024 runs: a frame vector of values, one of lengths
//
// A length is at least 1 and all of them are the column's count.
// Threads: any. Errors: false for bytes no encoder writes.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "codec/kernels.h"

namespace ndts::codec {

// Whether the values are all the same, bit for bit; none are.
template <typename T>
[[nodiscard]] bool is_one_run(std::span<const T> values) {
  return values.size() < 2 ||
         std::memcmp(values.data(), values.data() + 1, values.size_bytes() - sizeof(T)) == 0;
}
// How many runs there are, or any number above `limit` when there are more; 0 for no values.
[[nodiscard]] std::size_t count_runs(std::span<const std::int64_t> values, std::size_t limit);

void put_run_length(const Kernels& kernels, std::span<const std::int64_t> values,
                    std::vector<std::byte>* out);

// T is int64 or double, whose bits the integers then are.
template <typename T>
[[nodiscard]] bool read_run_length(const Kernels& kernels, ByteReader* reader, std::span<T> out);
extern template bool read_run_length(const Kernels&, ByteReader*, std::span<std::int64_t>);
extern template bool read_run_length(const Kernels&, ByteReader*, std::span<double>);

}  // namespace ndts::codec
