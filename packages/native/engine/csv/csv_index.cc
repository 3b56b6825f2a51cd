// See csv_index.h: the plain twin, byte by byte, and the choice.
#include "csv/csv_index.h"

namespace ndts {

namespace {

void index(const char* text, std::size_t from, std::size_t end, const CsvDialect& dialect,
           CsvIndexState* state, const CsvIndexOut& out) {
  for (std::size_t at = from; at < end; at += 1) {
    const char byte = text[at];
    if (dialect.quote != 0 && byte == dialect.quote) {
      const bool is_comment = dialect.comment != 0 && text[state->record_begin] == dialect.comment;
      if (state->quoted) {
        state->quoted = false;
        state->closed = at;
      } else if (!is_comment && (at == state->field_begin || at == state->closed + 1)) {
        state->quoted = true;
      }
      continue;
    }
    if (state->quoted || (byte != dialect.delimiter && byte != '\n')) continue;
    if (byte == '\n') {
      out.records[state->records++] = static_cast<std::uint32_t>(state->separators);
      state->record_begin = at + 1;
    }
    out.separators[state->separators++] = static_cast<std::uint32_t>(at);
    state->field_begin = at + 1;
  }
}

constexpr CsvIndexer kScalar = {"scalar", index};

}  // namespace

const CsvIndexer& scalar_csv_indexer() { return kScalar; }

const CsvIndexer* avx2_csv_indexer() {
#if defined(__x86_64__)
  static const bool has = __builtin_cpu_supports("avx2") != 0 &&
                          __builtin_cpu_supports("popcnt") != 0;
  return has ? &compiled_avx2_csv_indexer() : nullptr;
#else
  return nullptr;
#endif
}

const CsvIndexer& best_csv_indexer() {
  static const CsvIndexer& best =
      avx2_csv_indexer() != nullptr ? *avx2_csv_indexer() : scalar_csv_indexer();
  return best;
}

}  // namespace ndts
