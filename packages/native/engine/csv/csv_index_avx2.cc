// The index of CSV text with AVX2. Only this file may contain such instructions, and they run only
// where the processor has them. Text without quotes, the usual one, costs a compare for each byte
// and a store for each separator; where there are quotes each event is looked at.
#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include "csv/csv_index.h"

#pragma GCC target("avx2,popcnt")

#include <immintrin.h>

namespace ndts {
namespace {

constexpr std::size_t kBlock = 64;

std::uint64_t equal_to(__m256i low, __m256i high, char byte) {
  const __m256i wanted = _mm256_set1_epi8(byte);
  const auto first =
      static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted)));
  const auto second =
      static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted)));
  return first | std::uint64_t{second} << 32;
}

std::size_t lowest(std::uint64_t bits) { return static_cast<std::size_t>(__builtin_ctzll(bits)); }
std::size_t highest(std::uint64_t bits) {
  return 63 - static_cast<std::size_t>(__builtin_clzll(bits));
}

struct Block {
  std::size_t at;
  std::uint64_t quotes;
  std::uint64_t delimiters;
  std::uint64_t newlines;
};

// Nothing of it is in quotes.
void put_all(const Block& block, CsvIndexState* state, const CsvIndexOut& out) {
  const std::uint64_t all = block.delimiters | block.newlines;
  if (all == 0) return;
  for (std::uint64_t left = block.newlines; left != 0; left &= left - 1) {
    const std::uint64_t before = all & ((left & (0 - left)) - 1);
    out.records[state->records++] = static_cast<std::uint32_t>(
        state->separators + static_cast<std::size_t>(__builtin_popcountll(before)));
  }
  std::uint32_t* place = out.separators + state->separators;
  for (std::uint64_t left = all; left != 0; left &= left - 1)
    *place++ = static_cast<std::uint32_t>(block.at + lowest(left));
  state->separators += static_cast<std::size_t>(__builtin_popcountll(all));
  state->field_begin = block.at + highest(all) + 1;
  if (block.newlines != 0) state->record_begin = block.at + highest(block.newlines) + 1;
}

void take_quote(const char* text, std::size_t at, const CsvDialect& dialect,
                CsvIndexState* state) {
  if (state->quoted) {
    state->quoted = false;
    state->closed = at;
    return;
  }
  if (at != state->field_begin && at != state->closed + 1) return;
  state->quoted = dialect.comment == 0 || text[state->record_begin] != dialect.comment;
}

void put_events(const char* text, const Block& block, const CsvDialect& dialect,
                CsvIndexState* state, const CsvIndexOut& out) {
  for (std::uint64_t left = block.quotes | block.delimiters | block.newlines; left != 0;
       left &= left - 1) {
    const std::uint64_t bit = left & (0 - left);
    const std::size_t at = block.at + lowest(left);
    if ((block.quotes & bit) != 0) {
      take_quote(text, at, dialect, state);
      continue;
    }
    if (state->quoted) continue;
    if ((block.newlines & bit) != 0) {
      out.records[state->records++] = static_cast<std::uint32_t>(state->separators);
      state->record_begin = at + 1;
    }
    out.separators[state->separators++] = static_cast<std::uint32_t>(at);
    state->field_begin = at + 1;
  }
}

void index(const char* text, std::size_t from, std::size_t end, const CsvDialect& dialect,
           CsvIndexState* state, const CsvIndexOut& out) {
  for (std::size_t at = from; at < end; at += kBlock) {
    const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + at));
    const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + at + 32));
    Block block{at, dialect.quote == 0 ? 0 : equal_to(low, high, dialect.quote),
                equal_to(low, high, dialect.delimiter), equal_to(low, high, '\n')};
    if (end - at < kBlock) {
      const std::uint64_t inside = (std::uint64_t{1} << (end - at)) - 1;
      block.quotes &= inside;
      block.delimiters &= inside;
      block.newlines &= inside;
    }
    if (block.quotes == 0 && !state->quoted)
      put_all(block, state, out);
    else if (block.quotes != 0)
      put_events(text, block, dialect, state, out);
  }
}

}  // namespace

const CsvIndexer& compiled_avx2_csv_indexer() {
  static constexpr CsvIndexer kTable = {"avx2", index};
  return kTable;
}

}  // namespace ndts

#endif
