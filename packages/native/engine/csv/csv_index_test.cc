// Every indexer against its plain twin, on random text full of quotes, at once and in pieces.
#include "csv/csv_index.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "db/db_test_kit.h"

namespace ndts {
namespace {

struct Found {
  std::vector<std::uint32_t> separators;
  std::vector<std::uint32_t> records;
  CsvIndexState state;
};

Found index_text(const CsvIndexer& indexer, const std::string& text, const CsvDialect& dialect,
                 const std::vector<std::size_t>& stops) {
  Found found;
  const char behind = dialect.quote == 0 ? '\n' : dialect.quote;
  const std::string padded = text + std::string(kCsvSlack, behind);
  found.separators.resize(text.size() + kCsvSlack);
  found.records.resize(text.size() + kCsvSlack);
  std::size_t from = 0;
  for (const std::size_t stop : stops) {
    indexer.index(padded.data(), from, stop, dialect, &found.state,
                  {found.separators.data(), found.records.data()});
    from = stop;
  }
  found.separators.resize(found.state.separators);
  found.records.resize(found.state.records);
  return found;
}

std::string random_text(std::mt19937_64& random) {
  const std::string plain = "abc,\n0123456789.-";
  const std::string wild = "a,\n\"\"\"\r#;";
  const std::string& letters = random() % 2 == 0 ? plain : wild;
  std::string text(random() % 400, ' ');
  for (char& letter : text)
    letter = random() % 40 == 0 ? '"' : letters[random() % letters.size()];
  return text;
}

TEST(CsvIndexers, FindWhatTheirTwinFinds) {
  const CsvIndexer* const best = avx2_csv_indexer();
  if (best == nullptr) return;
  const std::uint64_t seed = test_seed(61);
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::size_t records = 0;
  for (int round = 0; round < 4000; round += 1) {
    const CsvDialect dialect{random() % 4 == 0 ? ';' : ',', random() % 8 == 0 ? '\0' : '"',
                             random() % 3 == 0 ? '#' : '\0'};
    const std::string text = random_text(random);
    std::vector<std::size_t> stops;
    for (std::size_t at = 0; at < text.size();) {
      at = std::min(text.size(), at + 1 + random() % 200);
      stops.push_back(at);
    }
    const Found plain = index_text(scalar_csv_indexer(), text, dialect, {text.size()});
    const Found pieces = index_text(*best, text, dialect, stops);
    ASSERT_EQ(pieces.separators, plain.separators) << text;
    ASSERT_EQ(pieces.records, plain.records) << text;
    ASSERT_EQ(pieces.state.quoted, plain.state.quoted) << text;
    ASSERT_EQ(pieces.state.record_begin, plain.state.record_begin) << text;
    records += plain.records.size();
  }
  EXPECT_GT(records, 10'000u);
}

TEST(CsvIndexers, KnowWhatIsInQuotes) {
  const std::string text = "a,\"b,\n\"\"c\",d\n5\" x,\"\"\n";
  const Found found = index_text(best_csv_indexer(), text, {}, {text.size()});
  EXPECT_EQ(found.separators, (std::vector<std::uint32_t>{1, 10, 12, 17, 20}));
  EXPECT_EQ(found.records, (std::vector<std::uint32_t>{2, 4}));
}

}  // namespace
}  // namespace ndts
