// Runs of equal values: what is seldom changed.
//
//   CodecCount of runs, then per 1024 runs: a frame vector of values, one of lengths
//
// A length is at least 1 and all of them are the column's count.
// Threads: any. Errors: false for bytes no encoder writes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "codec/kernels.h"

namespace ndts::codec {

// How many runs there are; 0 for no values.
[[nodiscard]] std::size_t count_runs(std::span<const std::int64_t> values);

void put_run_length(const Kernels& kernels, std::span<const std::int64_t> values,
                    std::vector<std::byte>* out);

// T is int64 or double, whose bits the integers then are.
template <typename T>
[[nodiscard]] bool read_run_length(const Kernels& kernels, ByteReader* reader, std::span<T> out);
extern template bool read_run_length(const Kernels&, ByteReader*, std::span<std::int64_t>);
extern template bool read_run_length(const Kernels&, ByteReader*, std::span<double>);

}  // namespace ndts::codec
