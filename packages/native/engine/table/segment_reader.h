// Reads one segment through a mapping. Header, trailer and footer are checked when it is opened; a
// block's checksum when the block is first asked for.
//
// Threads: any, at the same time. Lifetime: spans and block columns live as long as the reader.
// Errors: CORRUPT with file and offset; VERSION_TOO_NEW; those of the file system.
// Invariant: a row handed out came from a block whose checksum matched.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/file.h"
#include "generated/layouts.h"
#include "table/row_columns.h"

namespace ndts {

// The columns of one block in memory.
struct BlockColumns {
  const std::int64_t* time = nullptr;
  const std::uint64_t* sequence = nullptr;
  const double* price = nullptr;
  const double* volume = nullptr;
  const double* bid = nullptr;
  const double* ask = nullptr;
  const double* bid_volume = nullptr;
  const double* ask_volume = nullptr;
  const std::uint32_t* flags = nullptr;
  const std::uint32_t* epoch = nullptr;
  std::uint32_t symbol = 0;
  std::uint32_t rows = 0;

  TickRow row(std::size_t at) const {
    return {time[at], sequence[at], epoch[at],      price[at],      volume[at], bid[at],
            ask[at],  bid_volume[at], ask_volume[at], symbol, flags[at]};
  }
};

class SegmentReader {
 public:
  // `expected` is the manifest's record, or null when there is none (inspect).
  [[nodiscard]] static Status open(FileSystem& files, const std::string& path,
                                   const ManifestSegment* expected,
                                   std::unique_ptr<SegmentReader>* reader);

  const ManifestSegment& summary() const { return summary_; }
  std::span<const SegmentBlock> blocks() const { return blocks_; }
  std::span<const SegmentRange> ranges() const { return ranges_; }
  std::span<const SegmentName> names() const { return names_; }
  std::string_view name(const SegmentName& entry) const;
  // The blocks of one symbol, in time order; empty when it has none.
  std::span<const SegmentBlock> blocks(std::uint32_t symbol) const;
  // `block` is one of blocks().
  [[nodiscard]] Status read(const SegmentBlock& block, BlockColumns* columns) const;

 private:
  SegmentReader() = default;
  [[nodiscard]] Status check_ends(const std::string& path, SegmentTrailer* trailer);
  [[nodiscard]] Status check_footer(const SegmentTrailer& trailer);
  [[nodiscard]] Status check_blocks(std::uint64_t footer_offset);
  [[nodiscard]] Status corrupt(const std::string& what, std::uint64_t offset) const;

  std::string path_;
  std::unique_ptr<Mapping> mapping_;
  Bytes bytes_;
  ManifestSegment summary_{};
  std::span<const SegmentBlock> blocks_;
  std::span<const SegmentName> names_;
  std::span<const SegmentRange> ranges_;
  std::string_view text_;
  // 1 when the block's checksum matched. Set and read by any reader; a lost race checks twice.
  std::unique_ptr<std::atomic<std::uint8_t>[]> verified_;
};

}  // namespace ndts
