// Where sum() of scan_kernels.h splits values. The reasoning, for greatest magnitude in
// [2^E, 2^(E+1)): x + splitter - splitter is x rounded to a multiple of 2^(E-41). 1024 such parts
// come to at most 2^(E+11), 2^52 multiples, so their sum is exact in any order. What is left of a
// value is at most 2^(E-42) and a multiple of its last place, at least 2^(E-32-52); 1024 of these
// come to at most 2^(E-32), 2^52 multiples: exact, too.
//
// Included also where instructions are those of one processor: internal linkage, no library code.
#pragma once

#include <cstdint>
#include <cstring>

namespace ndts {
namespace {

// False when sums around such magnitudes may not be exact. `least` is without zeros.
inline bool find_splitter(double greatest, double least, double* splitter) {
  std::uint64_t top = 0;
  std::uint64_t bottom = 0;
  memcpy(&top, &greatest, sizeof top);
  memcpy(&bottom, &least, sizeof bottom);
  top >>= 52;
  bottom >>= 52;
  // 100: far from the smallest numbers. 2020: the splitter is finite.
  if (top < 100 || top > 2020 || bottom + 32 < top) return false;
  const std::uint64_t bits = (top + 11) << 52 | std::uint64_t{1} << 51;
  memcpy(splitter, &bits, sizeof bits);
  return true;
}

}  // namespace
}  // namespace ndts
