// Fuzz target: the door; any bytes as a column, and any values through the chosen codec.
#include "codec/codec.h"
#include "codec/codec_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ndts;
  const Bytes input(reinterpret_cast<const std::byte*>(data), size);
  codec::ColumnInfo info;
  codec::Scratch scratch;
  if (codec::inspect(input, &info).ok() && info.count <= 5000) {
    std::vector<std::int64_t> integers(info.count);
    std::vector<double> doubles(info.count);
    std::vector<std::uint32_t> small(info.count);
    double sum = 0;
    (void)codec::decode_i64(input, integers);
    (void)codec::decode_f64(input, doubles);
    (void)codec::decode_u32(input, small, &scratch);
    (void)codec::sum_f64(input, info.count, &scratch, &sum);
  }
  std::vector<double> values(size / sizeof(double));
  if (!values.empty()) std::memcpy(values.data(), data, values.size() * sizeof(double));
  std::vector<std::byte> column;
  codec::encode_f64(values, &column);
  std::vector<double> back(values.size());
  codec::fuzz_check(codec::decode_f64(column, back).ok());
  codec::fuzz_check(values.empty() ||
                    std::memcmp(values.data(), back.data(), values.size() * sizeof(double)) == 0);
  return 0;
}
