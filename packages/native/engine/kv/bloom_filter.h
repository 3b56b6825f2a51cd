// A bloom filter of 64-byte lines: a key is seven bits of one line, so a question costs one cache
// miss. Twelve bits a key keep wrong "maybe" answers near half a percent.
//
// The hash and the choice of bits are part of the table file's format and never change.
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace ndts {

inline constexpr std::size_t kFilterLineBytes = 64;

[[nodiscard]] std::uint64_t hash_key(std::string_view key);

// A filter for keys with these hashes: whole lines, at least one.
[[nodiscard]] std::vector<std::byte> make_filter(std::span<const std::uint64_t> hashes);

// False: certainly not among them. `filter` is whole lines.
[[nodiscard]] bool filter_may_contain(Bytes filter, std::uint64_t hash);

}  // namespace ndts
