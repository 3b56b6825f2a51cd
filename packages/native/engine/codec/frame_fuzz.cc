// Fuzz target: frame vectors, every transform, patches and scale; codec_fuzz.h says what must hold.
#include "codec/codec_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ndts::codec::fuzz_codec<std::int64_t>(ndts::ColumnCodec::kFrame, data, size);
  return 0;
}
