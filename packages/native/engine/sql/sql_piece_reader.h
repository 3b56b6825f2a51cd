// Copies the rows of a plan's pieces into vectors of DuckDB, only the columns that are wanted.
//
// Threads: one at a time; every thread of a scan has its own. Lifetime: names and plan outlive
// it. Errors: those of ScanReader. Invariant: a row is handed out once.
#pragma once

#include <span>
#include <vector>

#include "scan/scan_reader.h"
#include "sql/sql_source.h"

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
  SqlPieceReader(const duckdb::Api& api, const SymbolNames& names, const ScanPlan& plan,
                 std::span<const std::size_t> columns);

  // The piece stays where it is until it was read to its end.
  void begin(const ScanPiece& piece);
  // The next rows of the piece; none: it is at its end.
  [[nodiscard]] Status fill(duckdb::Chunk chunk, std::size_t* rows);

 private:
  struct Stream {
    const std::byte* values = nullptr;
    const std::uint8_t* nulls = nullptr;
  };

  [[nodiscard]] Stream stream_of(std::size_t column) const;
  void copy_range(duckdb::Chunk chunk, std::size_t first, std::size_t at, std::size_t rows);
  void copy_symbols(duckdb::Chunk chunk);
  void copy(duckdb::Chunk chunk, std::size_t vector, const Stream& stream, std::size_t first,
            std::size_t at, std::size_t rows);
  void copy_texts(duckdb::Vector vector, bool is_symbol, const Stream& stream, std::size_t first,
                  std::size_t at, std::size_t rows);

  const duckdb::Api& api_;
  const SymbolNames& names_;
  const TableSchema& schema_;
  const std::vector<std::size_t> columns_;
  ScanReader reader_;
  const ScanPiece* piece_ = nullptr;
  ScanBatch batch_;
  std::size_t run_ = 0;   // of the batch
  std::size_t done_ = 0;  // rows of the run that were copied

  // The symbols of the rows in the chunk, range by range.
  struct SymbolRange {
    std::uint32_t symbol;
    std::size_t rows;
  };
  std::vector<SymbolRange> symbols_;
};

}  // namespace ndts
