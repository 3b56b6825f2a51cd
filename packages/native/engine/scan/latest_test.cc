// Latest rows against the model: live, sealed, merged, in any order of symbols, with the cache warm
// and cold, and texts that stay.
#include "scan/latest.h"

#include <gtest/gtest.h>

#include "scan/scan_test_kit.h"

namespace ndts {
namespace {

TEST(LatestRows, AreTheLastByTimeAndSequence) {
  const std::uint64_t seed = test_seed(111);
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  ScanBench bench(seed);
  bench.open();
  LatestCache cache;
  for (int round = 0; round < 25; round += 1) {
    bench.append(1 + bench.random() % 600);
    if (bench.random() % 3 == 0) {
      ASSERT_TRUE(bench.database().seal().ok());
    }
    if (bench.random() % 6 == 0) {
      ASSERT_TRUE(bench.database().settle().ok());
    }
    const DatabaseSnapshot snapshot = bench.database().snapshot();
    std::vector<ScanSymbol> symbols;
    for (std::uint32_t id = 0; id < kTestSymbols + 2; id += 1) {
      const std::uint32_t chosen = (7 * id + 3) % (kTestSymbols + 2);
      symbols.push_back({chosen, chosen % kTestShards});
    }
    RowsBatch batch(scan_schema(), symbols.size());
    LatestCache cold;
    std::size_t count = 0;
    const Status status = latest_rows(*snapshot.table(bench.table), symbols,
                                      round % 5 == 0 ? &cold : &cache, batch.out(), &count);
    ASSERT_TRUE(status.ok()) << status.text();
    std::size_t at = 0;
    for (const ScanSymbol& symbol : symbols) {
      const std::vector<TestRow> rows = bench.model.of_symbol(symbol.id);
      if (rows.empty()) continue;
      ASSERT_LT(at, count);
      ASSERT_EQ(batch.row(at), rows.back()) << "symbol " << symbol.id;
      at += 1;
    }
    ASSERT_EQ(at, count);
  }
}

}  // namespace
}  // namespace ndts
