// Fuzz target: XOR of doubles; codec_fuzz.h says what must hold.
#include "codec/codec_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ndts::codec::fuzz_codec<double>(ndts::ColumnCodec::kGorilla, data, size);
  return 0;
}
