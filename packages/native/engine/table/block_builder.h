// Collects the rows of one block of a segment by stream, in the types that are encoded, and encodes
// them. docs/formats/segment.md says what the streams are.
//
// Threads: one at a time. Texts are copied: rows live as long as the call that got them. Memory is
// made once and kept from block to block. Invariant: at most kBlockRows rows.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "generated/layouts.h"
#include "table/rows.h"
#include "table/text_heap.h"

namespace ndts {

inline constexpr std::uint32_t kBlockRows = 4096;
// A block ends early when its texts come to more, before repeats are removed.
inline constexpr std::uint64_t kBlockTextBytes = 16u << 20;
// What the texts of one row may come to; places in a block are 32 bits.
inline constexpr std::uint64_t kRowTextBytes = 1u << 30;

// A physical column of a segment: what it holds, and for which column of the schema.
struct StreamKey {
  StreamPart part;
  ValueType type;        // of the column; without meaning for the first three
  std::uint16_t column;  // likewise
};
// The streams every table has, by place; the first column has the next.
inline constexpr std::size_t kTimeStream = 0;
inline constexpr std::size_t kSequenceStream = 1;
inline constexpr std::size_t kEpochStream = 2;
inline constexpr std::size_t kFirstColumnStream = 3;
// The streams of a schema, in the order in which a segment has them.
[[nodiscard]] std::vector<StreamKey> streams_of(const TableSchema& schema);

class BlockBuilder {
 public:
  explicit BlockBuilder(const TableSchema& schema);

  [[nodiscard]] std::size_t rows() const { return rows_; }
  // How many of `count` rows from `first` on the block takes. 0: finish it first; when it has no
  // rows, the texts of that row are too large for any.
  [[nodiscard]] std::size_t room_for(const RowsView& rows, std::size_t first,
                                     std::size_t count) const;
  // As many rows as room_for() said, or fewer.
  void append(const RowsView& rows, std::size_t first, std::size_t count);

  // By row; until finish().
  [[nodiscard]] std::span<const std::uint64_t> sequences() const;
  [[nodiscard]] std::span<const std::uint32_t> epochs() const;

  // Appends the strips to `out` and their entries to `strips`, and is empty again.
  void finish(std::vector<std::byte>* out, std::vector<SegmentStrip>* strips);

 private:
  struct Stream {
    StreamKey key;
    std::byte* values = nullptr;                 // kBlockRows of 8 or 4 bytes; a heap has none
    const std::uint32_t* nulls = nullptr;        // of a nullable column's values
    TextHeap* heap = nullptr;                    // of text and bytes, both streams
  };
  void append_to(const Stream& stream, const RowsView& rows, std::size_t first,
                 std::size_t count);
  void encode(const Stream& stream, std::vector<std::byte>* out, SegmentStrip* strip) const;

  std::unique_ptr<std::byte[]> memory_;
  std::vector<std::unique_ptr<TextHeap>> heaps_;
  std::vector<std::size_t> text_columns_;
  std::vector<Stream> streams_;
  std::size_t rows_ = 0;
  std::uint64_t text_bytes_ = 0;
};

}  // namespace ndts
