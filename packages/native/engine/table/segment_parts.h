// What a segment file says it has: header, footer and trailer, checked, of either version. The
// reader hands it out and reads blocks by it.
//
// Threads: plain data. Lifetime: spans and text live as long as the file's bytes and the parts.
// Errors: CORRUPT with file and offset; VERSION_TOO_NEW. Invariant: after a success every place in
// the parts is inside the file, and blocks, runs and rows agree.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "generated/layouts.h"
#include "table/schema.h"

namespace ndts {

struct SegmentParts {
  SegmentParts() = default;
  SegmentParts(const SegmentParts&) = delete;
  SegmentParts& operator=(const SegmentParts&) = delete;

  SegmentRecord record{};
  TableSchema schema;
  std::span<const SegmentBlock> blocks;
  std::span<const SegmentStrip> strips;  // of block 0, in the order of streams, of block 1, ...
  std::span<const SegmentRun> runs;
  std::span<const SegmentStream> streams;
  std::span<const SegmentName> names;
  std::span<const SegmentRange> ranges;
  std::string_view text;

  // Behind the spans where the file says it in another way (version 1).
  std::vector<SegmentBlock> made_blocks;
  std::vector<SegmentStrip> made_strips;
  std::vector<SegmentRun> made_runs;
  std::vector<SegmentStream> made_streams;
};

// A file without its blocks, which are elsewhere: its header, then all from the footer on.
struct SegmentEnds {
  Bytes head;
  Bytes tail;                     // aligned to 8
  std::uint64_t tail_offset = 0;  // in the file
};

// `parts` is a new one.
[[nodiscard]] Status read_segment_parts(Bytes file, const std::string& path, SegmentParts* parts);
// Of version 2: INVALID_ARGUMENT for one that has to be there as a whole.
[[nodiscard]] Status read_segment_parts(const SegmentEnds& ends, const std::string& path,
                                        SegmentParts* parts);

}  // namespace ndts
