// The bytes of small columns, for ever: what an older version wrote is read, and what is written
// now is the same. A change here is a new codec version and a reader that knows both.
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <limits>
#include <string>

#include "codec/codec.h"
#include "codec/frame.h"

namespace ndts::codec {
namespace {

std::string hex_of(Bytes bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    text += "0123456789abcdef"[static_cast<unsigned>(byte) >> 4];
    text += "0123456789abcdef"[static_cast<unsigned>(byte) & 15];
  }
  return text;
}

std::vector<std::byte> bytes_of_hex(const std::string& text) {
  std::vector<std::byte> bytes;
  for (std::size_t at = 0; at + 2 <= text.size(); at += 2)
    bytes.push_back(static_cast<std::byte>(std::stoul(text.substr(at, 2), nullptr, 16)));
  return bytes;
}

void expect_golden(ColumnCodec codec, const std::vector<std::int64_t>& values,
                   const std::string& golden) {
  std::vector<std::byte> bytes;
  ASSERT_TRUE(encode_i64_as(codec, values, &bytes));
  EXPECT_EQ(hex_of(bytes), golden);
  for (const Kernels* kernels : {&scalar_kernels(), &best_kernels()}) {
    std::vector<std::int64_t> back(values.size());
    ASSERT_TRUE(decode_i64(bytes_of_hex(golden), back, *kernels).ok());
    EXPECT_EQ(back, values);
  }
}

void expect_golden(ColumnCodec codec, const std::vector<double>& values,
                   const std::string& golden) {
  std::vector<std::byte> bytes;
  ASSERT_TRUE(encode_f64_as(codec, values, &bytes));
  EXPECT_EQ(hex_of(bytes), golden);
  for (const Kernels* kernels : {&scalar_kernels(), &best_kernels()}) {
    std::vector<double> back(values.size());
    ASSERT_TRUE(decode_f64(bytes_of_hex(golden), back, *kernels).ok());
    EXPECT_EQ(std::memcmp(back.data(), values.data(), values.size() * sizeof(double)), 0);
  }
}

TEST(CodecGolden, raw) {
  expect_golden(ColumnCodec::kRaw, std::vector<std::int64_t>{1, -1},
                "01010100020000000100000000000000ffffffffffffffff");
}

TEST(CodecGolden, frame_with_scale) {
  expect_golden(ColumnCodec::kFrame, std::vector<std::int64_t>{307, 107, 207, 707, 507},
                "02010180050000006400000000000000070000000000000001000000000000000000000000000103"
                "424c000000000000");
}

TEST(CodecGolden, frame_of_one_interleaved_vector) {
  std::vector<std::int64_t> values(512);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = 1000 + static_cast<std::int64_t>(i % 7 == 0 ? 1 : 0);
  values[300] = 1'000'000;
  expect_golden(ColumnCodec::kFrame, values,
                "0201010000020000e803000000000000000000000120010201400010000400014000100004000140"
                "00100004000140001000040001400010000400014000100004000140001000040001400010000400"
                "01400010000400014000100004000140001000040001400010000400014000100004000140001000"
                "040001400010000400014000100004000140001000040001400010000400014096cf03002c010000");
}

TEST(CodecGolden, every_transform) {
  const std::vector<std::int64_t> values = {100, 103, 101, 110, 108, 111, 115, 112, 120, 119, 500};
  const char* const golden[] = {
      "64000000000000000000000000000109000604508060c1030614264006000000",
      "6100000000000000fdffffff00000209060c046010c0c001000b040006000000",
      "5c00000000000000020000000000030906121c8060c00003000a0cfc05000000",
      "50000000000000001000000000000409040e1470c0e0c104080400fc05000000",
      "6000000000000000f5ffffff0000850903000000000000000c1418b0000002030216042406000000"};
  for (std::uint8_t transform = 1; transform <= 5; ++transform) {
    std::vector<std::byte> bytes;
    put_frame_as(best_kernels(), static_cast<FrameTransform>(transform), values, &bytes);
    EXPECT_EQ(hex_of(bytes), golden[transform - 1]) << int{transform};
    bytes = bytes_of_hex(golden[transform - 1]);
    ByteReader reader(bytes);
    FrameReader frame;
    ASSERT_TRUE(frame.read(best_kernels(), &reader, values.size()));
    std::vector<std::int64_t> back(values.size());
    frame.restore(best_kernels(), {}, back.data());
    EXPECT_EQ(back, values);
  }
}

TEST(CodecGolden, run_length) {
  expect_golden(ColumnCodec::kRunLength, std::vector<std::int64_t>{7, 7, 7, -2, -2, 9},
                "03010100060000000300000000000000feffffffffffffff0000000000000104090b000000000000"
                "0400000000000000ffffffff00000200");
}

TEST(CodecGolden, dictionary) {
  expect_golden(ColumnCodec::kDictionary, std::vector<std::int64_t>{900, -5, 900, 900, 77, -5},
                "04010100060000000300000000000000fbffffffffffffff000000000000010a0048913800000000"
                "00000000000000000000000000000102a201000000000000");
}

TEST(CodecGolden, decimal_with_exceptions) {
  expect_golden(ColumnCodec::kDecimal,
                std::vector<double>{12.34, 12.35, -0.0, 12.33,
                                    std::numeric_limits<double>::infinity(), 1.0 / 3, -1.25},
                "0501020207000000030000000000000083ffffffffffffff000000000000010b4f852a549dea54a7"
                "02000000000000000000000000000080000000000000f07f555555555555d53f0200000004000000"
                "0500000000000000");
}

TEST(CodecGolden, alp_rd) {
  expect_golden(ColumnCodec::kAlpRd, std::vector<double>{0.1234567890123, 0.125, -1e300, 0.13},
                "06010200040000003002000000000000c03fbf3f37fe0000000000000000000084e94637dd9a0000"
                "000000009c7500883ce4a4703d0ad7a32100000000000000");
}

// 12 to 24 as in the paper's figure: 11, 11 leading zeros, 1 bit, 1.
TEST(CodecGolden, gorilla) {
  expect_golden(ColumnCodec::kGorilla, std::vector<double>{12, 24, 15, 12, 12, 35, 35.000000001},
                "07010200070000004028000000000000d60f58971b491a7fe1000112e0800000");
}

}  // namespace
}  // namespace ndts::codec
