// Fuzz target: bit packing of any width and count, against the values and between the kernels.
#include <algorithm>

#include "codec/bit_pack.h"
#include "codec/codec_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ndts::codec;
  if (size < 3) return 0;
  const unsigned width = data[0] % 65;
  const std::size_t count = 1 + (data[1] + 256u * data[2]) % kVectorValues;
  VectorWords values{};
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = 3 + i * 8 % (size - 2);
    std::memcpy(&values[i], data + at, std::min<std::size_t>(8, size - at));
    values[i] &= low_bits(width);
  }
  std::vector<std::byte> packed;
  pack_vector(best_kernels(), values, count, 0, width, &packed);
  std::vector<std::byte> again;
  pack_vector(scalar_kernels(), values, count, 0, width, &again);
  fuzz_check(packed == again);
  VectorWords back;
  unpack_vector(best_kernels(), packed, count, width, back);
  fuzz_check(std::memcmp(values, back, count * sizeof(values[0])) == 0);
  return 0;
}
