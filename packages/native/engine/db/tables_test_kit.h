// Rows of a table of any schema for tests of the database: random ones, a model of plain vectors,
// and a batch in both directions.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "db/database.h"

namespace ndts {

// A value of any type: its bits, or its text.
struct TestValue {
  bool null = false;
  std::uint64_t bits = 0;
  std::string text;
  friend bool operator==(const TestValue&, const TestValue&) = default;
};

struct TestRow {
  std::int64_t time = 0;
  std::uint32_t symbol = 0;
  std::uint64_t sequence = 0;
  std::vector<TestValue> values;
  friend bool operator==(const TestRow&, const TestRow&) = default;
};

inline const TableSchema& every_type_schema() {
  static const TableSchema schema{0,
                                  "every",
                                  {{"whole", ValueType::kI64, false},
                                   {"real", ValueType::kF64, true},
                                   {"small", ValueType::kI32, true},
                                   {"single", ValueType::kF32, false},
                                   {"on", ValueType::kBool, true},
                                   {"other", ValueType::kSymbol, false},
                                   {"note", ValueType::kText, true},
                                   {"raw", ValueType::kBytes, false}}};
  return schema;
}

// Memory for rows on their way into or out of the database.
class RowsBatch {
 public:
  RowsBatch(const TableSchema& schema, std::size_t capacity)
      : schema_(schema),
        day_(capacity),
        ns_(capacity),
        sequence_(capacity),
        symbol_(capacity),
        shard_(capacity),
        epoch_(capacity) {
    for (const ColumnSchema& column : schema.columns) {
      values_.emplace_back(8 * capacity);
      nulls_.emplace_back(column.nullable ? capacity : 0);
    }
  }

  RowsIn in(const std::vector<TestRow>& rows) {
    heap_.clear();
    RowsIn in;
    in.count = rows.size();
    for (std::size_t row = 0; row < rows.size(); row += 1) {
      unpack_time(rows[row].time, day_[row], ns_[row]);
      symbol_[row] = rows[row].symbol;
      for (std::size_t column = 0; column < schema_.columns.size(); column += 1)
        put(row, column, rows[row].values[column]);
    }
    in.day = day_.data();
    in.ns_of_day = ns_.data();
    in.symbol = symbol_.data();
    for (std::size_t column = 0; column < schema_.columns.size(); column += 1) {
      in.values.push_back(values_[column].data());
      in.nulls.push_back(nulls_[column].empty() ? nullptr : nulls_[column].data());
    }
    in.heap = bytes_of_text(heap_);
    in.sequence = sequence_.data();
    in.shard = shard_.data();
    in.epoch = epoch_.data();
    return in;
  }
  RowsOut out() {
    RowsOut out;
    out.capacity = day_.size();
    out.day = day_.data();
    out.ns_of_day = ns_.data();
    out.sequence = sequence_.data();
    out.symbol = symbol_.data();
    out.shard = shard_.data();
    out.epoch = epoch_.data();
    for (std::size_t column = 0; column < schema_.columns.size(); column += 1) {
      out.values.push_back(values_[column].data());
      out.nulls.push_back(nulls_[column].empty() ? nullptr : nulls_[column].data());
    }
    return out;
  }
  // A row the database filled in.
  TestRow row(std::size_t at) const {
    TestRow row{pack_time(day_[at], ns_[at]), symbol_[at],
                static_cast<std::uint64_t>(sequence_[at]), {}};
    for (std::size_t column = 0; column < schema_.columns.size(); column += 1) {
      const std::size_t width = value_bytes(schema_.columns[column].type);
      const std::byte* from = values_[column].data() + width * at;
      TestValue value;
      value.null = !nulls_[column].empty() && nulls_[column][at] != 0;
      if (has_heap(schema_.columns[column].type)) {
        value.text = text_of(heap_bytes(load<HeapValue>(from)));
      } else {
        std::memcpy(&value.bits, from, width);
      }
      row.values.push_back(std::move(value));
    }
    return row;
  }
  std::uint64_t sequence(std::size_t at) const { return static_cast<std::uint64_t>(sequence_[at]); }

 private:
  void put(std::size_t row, std::size_t column, const TestValue& value) {
    const ValueType type = schema_.columns[column].type;
    std::byte* to = values_[column].data() + value_bytes(type) * row;
    if (has_heap(type)) {
      store(to, HeapPlace{static_cast<std::uint32_t>(heap_.size()),
                          static_cast<std::uint32_t>(value.text.size())});
      heap_ += value.text;
    } else {
      std::memcpy(to, &value.bits, value_bytes(type));
    }
    if (!nulls_[column].empty()) nulls_[column][row] = value.null ? 1 : 0;
  }

  const TableSchema& schema_;
  std::vector<double> day_;
  std::vector<double> ns_;
  std::vector<double> sequence_;
  std::vector<std::uint32_t> symbol_;
  std::vector<std::uint32_t> shard_;
  std::vector<std::uint32_t> epoch_;
  std::vector<std::vector<std::byte>> values_;
  std::vector<std::vector<std::uint8_t>> nulls_;
  std::string heap_;
};

// Random rows: any bits, times that go back and lie days apart, texts with zeros.
class RandomRows {
 public:
  RandomRows(std::mt19937_64& random, const TableSchema& schema, std::uint32_t symbols)
      : random_(random), schema_(schema), symbols_(symbols) {}

  std::vector<TestRow> make(std::size_t count) {
    std::vector<TestRow> rows;
    for (std::size_t at = 0; at < count; at += 1) {
      if (random_() % 4 != 0) time_ += static_cast<std::int64_t>(random_() % 1'000'000'000);
      if (random_() % 200 == 0) time_ += kNsPerDay;
      const std::int64_t back =
          random_() % 16 == 0 ? static_cast<std::int64_t>(random_() % (2 * kNsPerDay)) : 0;
      TestRow row{time_ - back, static_cast<std::uint32_t>(random_() % symbols_), 0, {}};
      for (const ColumnSchema& column : schema_.columns) row.values.push_back(value(column));
      rows.push_back(std::move(row));
    }
    return rows;
  }

 private:
  TestValue value(const ColumnSchema& column) {
    TestValue value;
    value.null = column.nullable && random_() % 5 == 0;
    if (value.null) return value;
    if (has_heap(column.type)) {
      value.text.resize(random_() % 9, static_cast<char>(random_() % 3));
    } else if (column.type == ValueType::kBool) {
      value.bits = random_() % 2;
    } else if (column.type == ValueType::kSymbol) {
      value.bits = random_() % symbols_;
    } else {
      value.bits = random_();
      if (value_bytes(column.type) == 4) value.bits &= 0xffff'ffff;
    }
    return value;
  }

  std::mt19937_64& random_;
  const TableSchema& schema_;
  const std::uint32_t symbols_;
  std::int64_t time_ = -kNsPerDay;
};

// What a table was told, by shard and sequence.
struct TableModel {
  std::vector<std::vector<TestRow>> shards;

  [[nodiscard]] std::vector<TestRow> of_symbol(std::uint32_t symbol) const {
    std::vector<TestRow> rows;
    for (const TestRow& row : shards[symbol % shards.size()])
      if (row.symbol == symbol) rows.push_back(row);
    std::stable_sort(rows.begin(), rows.end(),
                     [](const TestRow& a, const TestRow& b) { return a.time < b.time; });
    return rows;
  }
};

}  // namespace ndts
