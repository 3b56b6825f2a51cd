// The sum of finite doubles, for tests: how many there are of each bit, carried like on paper.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

namespace ndts {

inline std::uint64_t bits_of(double value) { return std::bit_cast<std::uint64_t>(value); }

inline double sum_model(const std::vector<double>& values) {
  constexpr std::size_t kBits = 2300;
  std::vector<std::int64_t> count(kBits);  // of 2^(at - 1074)
  for (const double value : values) {
    int exponent = 0;
    const double part = std::frexp(std::fabs(value), &exponent);
    auto whole = static_cast<std::uint64_t>(std::ldexp(part, 53));
    for (int at = exponent - 53 + 1074; whole != 0; at += 1, whole >>= 1)
      if ((whole & 1) != 0) count[static_cast<std::size_t>(at)] += value < 0 ? -1 : 1;
  }
  const auto carry = [&count] {
    for (std::size_t at = 0; at + 1 < kBits; at += 1) {
      const std::int64_t bit = count[at] & 1;
      count[at + 1] += (count[at] - bit) / 2;
      count[at] = bit;
    }
  };
  carry();
  const bool negative = count.back() < 0;
  if (negative) {
    for (std::int64_t& each : count) each = -each;
    carry();
  }
  std::size_t top = kBits;
  while (top > 0 && count[top - 1] == 0) top -= 1;
  const std::size_t low = top > 53 ? top - 53 : 0;
  std::uint64_t mantissa = 0;
  for (std::size_t at = top; at > low; at -= 1)
    mantissa = 2 * mantissa + static_cast<std::uint64_t>(count[at - 1]);
  bool below_half = false;  // something is below the half
  for (std::size_t at = 0; at + 1 < low; at += 1) below_half |= count[at] != 0;
  if (low > 0 && count[low - 1] != 0 && (below_half || mantissa % 2 != 0)) mantissa += 1;
  const double size = std::ldexp(static_cast<double>(mantissa), static_cast<int>(low) - 1074);
  return negative ? -size : size;
}

}  // namespace ndts
