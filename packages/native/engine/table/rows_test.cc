// RowBuffer: copies of columns with and without nulls, at any place.
#include "table/rows.h"

#include <gtest/gtest.h>

namespace ndts {
namespace {

TEST(RowBuffer, AppendsPartsOfOtherRows) {
  const TableSchema schema{3,
                           "rows",
                           {{"wide", ValueType::kI64, true},
                            {"small", ValueType::kBool, false},
                            {"text", ValueType::kText, true}}};
  RowBuffer from(schema, 10);
  for (std::size_t at = 0; at < 10; at += 1) {
    from.time()[at] = static_cast<std::int64_t>(at);
    from.sequence()[at] = 100 + at;
    from.epoch()[at] = 7;
    store(from.values(0) + 8 * at, 1000 + at);
    from.values(1)[at] = std::byte{at % 2 == 0};
    store(from.values(2) + 8 * at, empty_heap_value());
    from.nulls(0)[at] = at % 3 == 0;
    from.nulls(2)[at] = 1;
  }
  from.set_count(10);
  EXPECT_EQ(from.nulls(1), nullptr);
  RowBuffer to(schema, 8);
  to.append(from.view(), 2, 3);
  to.append(from.view(), 7, 3);
  // Rows that have no nulls at all.
  RowsView some = from.view();
  some.nulls = {};
  to.append(some, 0, 2);
  const RowsView view = to.view();
  ASSERT_EQ(view.count, 8u);
  const std::size_t expected[] = {2, 3, 4, 7, 8, 9, 0, 1};
  for (std::size_t at = 0; at < 8; at += 1) {
    const std::size_t row = expected[at];
    EXPECT_EQ(view.time[at], static_cast<std::int64_t>(row));
    EXPECT_EQ(view.sequence[at], 100 + row);
    EXPECT_EQ(view.epoch[at], 7u);
    EXPECT_EQ(load<std::uint64_t>(view.values[0] + 8 * at), 1000 + row);
    EXPECT_EQ(view.values[1][at], std::byte{row % 2 == 0});
    EXPECT_TRUE(heap_bytes(load<HeapValue>(view.values[2] + 8 * at)).empty());
    EXPECT_EQ(view.nulls_of(0)[at], at < 6 && row % 3 == 0 ? 1 : 0);
    EXPECT_EQ(view.nulls_of(1), nullptr);
    EXPECT_EQ(view.nulls_of(2)[at], at < 6 ? 1 : 0);
  }
  to.clear();
  EXPECT_EQ(to.view().count, 0u);
}

TEST(RowBuffer, StartsEveryColumnAtACacheLine) {
  const TableSchema schema{
      3, "rows", {{"a", ValueType::kBool, true}, {"b", ValueType::kF32, true}}};
  RowBuffer rows(schema, 13);
  const void* const columns[] = {rows.time(),    rows.sequence(), rows.epoch(), rows.values(0),
                                 rows.nulls(0), rows.values(1),   rows.nulls(1)};
  for (const void* column : columns)
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(column) % kColumnAlignment, 0u);
}

}  // namespace
}  // namespace ndts
