// Copies the rows of pieces into vectors of DuckDB, only the columns that are wanted.
//
// Threads: one at a time; every thread of a scan has its own. Lifetime: source and view outlive
// it. Errors: those of SegmentReader. Invariant: a row is handed out once.
#pragma once

#include <span>
#include <vector>

#include "sql/sql_pieces.h"

namespace ndts {

// Columns every table has, then those of its schema.
enum SqlColumn : std::size_t {
  kSqlTime = 0,
  kSqlSymbol = 1,
  kSqlSequence = 2,
  kSqlEpoch = 3,
  kSqlFirstValue = 4,
};

// Rows of one vector.
inline constexpr std::size_t kSqlVectorRows = 2048;

class SqlPieceReader {
 public:
  // `columns` by vector of the chunk; one beyond the last is of no interest to anybody.
  SqlPieceReader(const duckdb::Api& api, const SqlSource& source, const SeriesView& view,
                 const SqlPrune& prune, std::span<const std::size_t> columns);

  // The piece stays where it is until it was read to its end.
  void begin(const SqlPiece& piece);
  // The next rows of the piece; none: it is at its end.
  [[nodiscard]] Status fill(duckdb::Chunk chunk, std::size_t* rows);

 private:
  struct Stream {
    const std::byte* values = nullptr;
    const std::uint8_t* nulls = nullptr;
  };
  struct Room {
    std::unique_ptr<std::uint64_t[]> values;
    std::unique_ptr<std::uint64_t[]> nulls;
  };

  [[nodiscard]] bool is_wanted(std::size_t column) const;
  [[nodiscard]] Status read_block();
  [[nodiscard]] Status read_stream(StreamPart part, std::size_t column,
                                   std::unique_ptr<std::uint64_t[]>* room,
                                   const std::byte** values);
  [[nodiscard]] bool next_range();
  void copy_range(duckdb::Chunk chunk, std::size_t at, std::size_t rows);
  void copy_symbols(duckdb::Chunk chunk);
  [[nodiscard]] Status fill_from_segment(duckdb::Chunk chunk, std::size_t* rows);
  void fill_from_memtable(duckdb::Chunk chunk, std::size_t* rows);
  void copy(duckdb::Chunk chunk, std::size_t vector, const Stream& stream, std::size_t first,
            std::size_t at, std::size_t rows);
  void copy_texts(duckdb::Vector vector, bool is_symbol, const Stream& stream, std::size_t first,
                  std::size_t at, std::size_t rows);

  const duckdb::Api& api_;
  const SqlSource& source_;
  const TableSchema& schema_;
  const SqlPrune& prune_;
  const std::vector<std::size_t> columns_;
  const SqlPiece* piece_ = nullptr;

  codec::Scratch scratch_;
  std::vector<Room> rooms_;      // by vector
  std::vector<Stream> streams_;  // by vector; of the block being read
  Room time_room_;
  const std::int64_t* times_ = nullptr;  // of the block, where the prune needs them
  std::uint32_t run_ = 0;
  std::size_t first_ = 0;  // rows of the run that are still to be copied
  std::size_t end_ = 0;

  // The symbols of the rows in the chunk, range by range.
  struct SymbolRange {
    std::uint32_t symbol;
    std::size_t rows;
  };
  std::vector<SymbolRange> symbols_;

  std::unique_ptr<RowBuffer> buffer_;
  std::vector<std::uint32_t> rows_;
  std::size_t row_ = 0;
};

}  // namespace ndts
