// Segments of version 1: ticks, each block of one symbol, its columns as they are in memory and
// under one checksum. They are presented as version 2 with plain strips; see
// docs/formats/segment.md.
//
// What version 1 does not say is made as wide as it can be: a block's sequences are those of the
// file, least and greatest values other than of time and price are those of the type.
#pragma once

#include "table/segment_parts.h"

namespace ndts {

// Header and trailer were checked for what both versions have in common.
[[nodiscard]] Status read_segment_v1(Bytes file, const std::string& path,
                                     const SegmentTrailer& trailer, SegmentParts* parts);

}  // namespace ndts
