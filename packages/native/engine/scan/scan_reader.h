// Reads the pieces of a plan, as much of their columns as is wanted, into memory of its own.
//
// Threads: a reader belongs to one thread; every thread has its own over the same plan. Lifetime:
// the plan outlives it; what a batch points to lives until the next next() or start(), texts as
// long as the plan. Errors: CORRUPT with file and offset, IO_ERROR; what was handed out before is
// of no use then. Rows may stand in the file itself: whether they could be read is known after
// they were used, from the following next(), so a piece is read to its end or its rows are dropped.
//
//   for (const ScanPiece& piece : ...) {
//     reader.start(piece);
//     for (;;) {
//       NDTS_TRY(reader.next(&batch));
//       if (batch.runs.empty()) break;
//       ...
//     }
//   }
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "scan/scan_plan.h"

namespace ndts {

// A batch has at most so many rows.
inline constexpr std::size_t kScanBatchRows = 4096;

struct ScanColumns {
  std::vector<std::size_t> values;  // of the schema, with their nulls
  bool time = true;
  bool sequence = true;
  bool epoch = false;
};

struct ScanBatch {
  // All rows of the block or buffer; those outside of the runs are not asked for. Columns that are
  // not wanted are null pointers, or hold something.
  RowsView rows;
  // In rows, ascending, none empty: one symbol each, in (time, sequence) order.
  std::span<const ScanRun> runs;
  std::uint32_t shard = 0;
  const SegmentReader* segment = nullptr;  // that the block is of; null: a memtable
  std::uint32_t block = 0;
};

class ScanReader {
 public:
  ScanReader(const ScanPlan& plan, ScanColumns columns);

  void start(const ScanPiece& piece);
  // No runs: the piece has no more.
  [[nodiscard]] Status next(ScanBatch* batch);

 private:
  [[nodiscard]] Status read_block(ScanBatch* batch);
  [[nodiscard]] Status read_stream(StreamPart part, std::size_t column, const std::byte** values);
  void read_memtable(ScanBatch* batch);
  [[nodiscard]] bool next_symbol();
  void trim(const ScanRun& run, const std::int64_t* time);

  const ScanPlan& plan_;
  const ScanColumns columns_;
  std::vector<std::uint8_t> wanted_;  // by column of the schema
  const ScanPiece* piece_ = nullptr;
  bool is_read_ = false;  // the block of the piece was handed out
  std::vector<ScanRun> runs_;
  std::vector<const std::byte*> values_;
  std::vector<const std::uint8_t*> nulls_;

  codec::Scratch scratch_;
  std::vector<std::unique_ptr<std::uint64_t[]>> rooms_;  // by stream, made when first needed

  std::unique_ptr<RowBuffer> buffer_;  // made for the first memtable
  std::size_t symbol_ = 0;             // the next of the piece
  std::uint32_t current_ = 0;          // whose rows these are
  std::vector<std::uint32_t> rows_;
  std::size_t row_ = 0;
};

}  // namespace ndts
