// Where the fields of CSV text end: the places of its delimiters and newlines outside quotes, found
// 64 bytes at a time, with a plain twin.
//
// A quote opens a field only where the field begins; two of them inside one stand for themselves;
// anywhere else a quote is text. A newline is \n. A record whose first byte is the comment byte has
// no quotes.
//
// Threads: any; the functions keep nothing but the state they are handed. Memory: 64 bytes behind
// the text may be read, whatever they are, and 64 places behind the output written. Errors: none;
// every text gives the same output in every table.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ndts {

struct CsvDialect {
  char delimiter = ',';
  char quote = '"';     // 0: there are none
  char comment = '\0';  // 0: there are none
};

// What the text before says of the text that follows, and what was found. All places are in the
// one text that begins with a record.
struct CsvIndexState {
  bool quoted = false;             // inside quotes
  std::size_t field_begin = 0;     // of the field that has not ended
  std::size_t record_begin = 0;    // of its record
  std::size_t closed = SIZE_MAX;   // the quote that closed last
  std::size_t separators = 0;      // how many were found
  std::size_t records = 0;
};

struct CsvIndexOut {
  std::uint32_t* separators;  // places of delimiters and newlines
  std::uint32_t* records;     // by record: which separator is its newline
};

struct CsvIndexer {
  const char* name;
  // Goes on from `from`, where an earlier call with the same state ended.
  void (*index)(const char* text, std::size_t from, std::size_t end, const CsvDialect& dialect,
                CsvIndexState* state, const CsvIndexOut& out);
};

// The bytes that may be read, and the places that may be written, beyond the end.
inline constexpr std::size_t kCsvSlack = 64;

[[nodiscard]] const CsvIndexer& scalar_csv_indexer();
// Null where the processor or the compiler's target cannot.
[[nodiscard]] const CsvIndexer* avx2_csv_indexer();
// The fastest of this processor.
[[nodiscard]] const CsvIndexer& best_csv_indexer();

// For csv_index.cc only: compiled always on x86-64, called only where it can run.
[[nodiscard]] const CsvIndexer& compiled_avx2_csv_indexer();

}  // namespace ndts
