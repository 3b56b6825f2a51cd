// What the fuzz target of segments and its tests share: making the checksums of a damaged image
// right, so that what is behind them is reached.
#pragma once

#include <algorithm>
#include <vector>

#include "base/crc32c.h"
#include "generated/layouts.h"
#include "table/segment_writer.h"

namespace ndts {

// Checksum of [offset, offset + length) of the image, when that is inside; else `otherwise`.
inline std::uint32_t checksum_within(Bytes image, std::uint64_t offset, std::uint64_t length,
                                     std::uint32_t otherwise) {
  if (offset > image.size() || length > image.size() - offset) return otherwise;
  return crc32c(0, image.subspan(static_cast<std::size_t>(offset),
                                 static_cast<std::size_t>(length)));
}

inline void repair_strips(const SegmentTrailer& trailer, std::vector<std::byte>* image) {
  const std::uint64_t room = image->size() - sizeof trailer;
  std::uint64_t at = trailer.footer_offset + std::uint64_t{trailer.block_count} * 64;
  for (std::uint64_t index = 0; index < trailer.block_count; index += 1) {
    const std::uint64_t block_at = trailer.footer_offset + index * sizeof(SegmentBlock);
    if (block_at + sizeof(SegmentBlock) > room) return;
    const auto block = load<SegmentBlock>(image->data() + block_at);
    for (std::uint32_t stream = 0; stream < trailer.stream_count; stream += 1) {
      if (at + sizeof(SegmentStrip) > room) return;
      auto strip = load<SegmentStrip>(image->data() + at);
      strip.checksum = checksum_within(*image, block.offset + strip.offset,
                                       align_up(strip.bytes, 8), strip.checksum);
      store(image->data() + at, strip);
      at += sizeof strip;
    }
  }
}

inline void repair_blocks_v1(const SegmentTrailer& trailer, std::vector<std::byte>* image) {
  const std::uint64_t room = image->size() - sizeof trailer;
  for (std::uint64_t index = 0; index < trailer.block_count; index += 1) {
    const std::uint64_t at = trailer.footer_offset + index * sizeof(SegmentBlockV1);
    if (at + sizeof(SegmentBlockV1) > room) return;
    auto block = load<SegmentBlockV1>(image->data() + at);
    block.checksum = checksum_within(*image, block.offset, block.bytes, block.checksum);
    store(image->data() + at, block);
  }
}

// Blocks first: their checksums are in the footer, whose checksum is in the trailer.
inline void repair_segment(std::uint32_t version, std::vector<std::byte>* image) {
  if (image->size() < sizeof(SegmentHeader) + sizeof(SegmentTrailer)) return;
  const std::size_t end = image->size() - sizeof(SegmentTrailer);
  auto header = load<SegmentHeader>(image->data());
  auto trailer = load<SegmentTrailer>(image->data() + end);
  header.magic = trailer.magic = kSegmentMagic;
  header.version = trailer.version = version;
  trailer.file_bytes = image->size();
  if (trailer.footer_offset <= end) {
    if (version == 1)
      repair_blocks_v1(trailer, image);
    else
      repair_strips(trailer, image);
    trailer.footer_checksum = checksum_within(*image, trailer.footer_offset,
                                              end - trailer.footer_offset, 0);
  }
  header.checksum = crc32c(0, bytes_of(header).subspan(4));
  trailer.checksum = crc32c(0, bytes_of(trailer).subspan(4));
  store(image->data(), header);
  store(image->data() + end, trailer);
}

}  // namespace ndts
