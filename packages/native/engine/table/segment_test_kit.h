// What the segment tests share: random tables and rows as plain values, written to and read from
// segment files. Values are compared by their bits.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/sim_file.h"
#include "table/rows.h"
#include "table/segment_reader.h"
#include "table/segment_writer.h"
#include "table/tick_batch.h"

namespace ndts {

using Random = std::mt19937_64;

// Of most segments here.
inline constexpr std::int64_t kDay = 19'000;

// The seed of a random test: NDTS_TEST_SEED, or a fixed one; every test prints it when it fails.
inline std::uint64_t segment_seed(std::uint64_t fallback) {
  const char* given = std::getenv("NDTS_TEST_SEED");  // ambient: lets a person repeat a failed run
  return given == nullptr ? fallback : std::strtoull(given, nullptr, 10);
}

struct Cell {
  bool null = false;
  std::uint64_t bits = 0;
  std::string text;
  friend bool operator==(const Cell&, const Cell&) = default;
};

struct ModelRow {
  std::int64_t time = 0;
  std::uint64_t sequence = 0;
  std::uint32_t epoch = 0;
  std::vector<Cell> cells;
  friend bool operator==(const ModelRow&, const ModelRow&) = default;
};

using SegmentModel = std::map<std::uint32_t, std::vector<ModelRow>>;

inline std::string symbol_name(std::uint32_t symbol) { return "NAME" + std::to_string(symbol); }

inline TableSchema random_schema(Random& random) {
  TableSchema schema;
  schema.id = 2 + static_cast<std::uint32_t>(random() % 100);
  const std::size_t columns = 1 + random() % 10;
  for (std::size_t at = 0; at < columns; at += 1)
    schema.columns.push_back({"column" + std::to_string(at),
                              static_cast<ValueType>(1 + random() % 8), random() % 2 == 0});
  return schema;
}

// How the values of one column come about: alike, as in life, or anything.
inline std::uint64_t random_bits(Random& random, ValueType type, std::uint64_t style) {
  const double odd[] = {-0.0,
                        std::numeric_limits<double>::infinity(),
                        -std::numeric_limits<double>::infinity(),
                        std::numeric_limits<double>::denorm_min(),
                        std::numeric_limits<double>::max(),
                        std::bit_cast<double>(0x7ff8'0000'dead'beefu),
                        std::bit_cast<double>(0xfff0'0000'0000'0001u)};
  const std::uint64_t small = random() % 1000;
  switch (type) {
    case ValueType::kF64:
      if (style == 0) return std::bit_cast<std::uint64_t>(static_cast<double>(small) / 100);
      return style == 1 ? std::bit_cast<std::uint64_t>(odd[random() % 7]) : random();
    case ValueType::kF32:
      if (style == 0) return std::bit_cast<std::uint32_t>(static_cast<float>(small) / 4);
      return random() & 0xffff'ffff;
    case ValueType::kI64:
      return style == 0 ? small * 100 : random() >> (random() % 64);
    case ValueType::kI32:
    case ValueType::kSymbol:
      return style == 0 ? small : random() & 0xffff'ffff;
    case ValueType::kBool:
      return random() % 2;
    default:
      return 0;
  }
}

inline Cell random_cell(Random& random, const ColumnSchema& column, std::uint64_t style) {
  Cell cell;
  cell.null = column.nullable && style != 0 && random() % 3 == 0;
  if (cell.null) return cell;
  if (!has_heap(column.type)) {
    cell.bits = random_bits(random, column.type, style);
    return cell;
  }
  const std::uint64_t number = random() % (style == 0 ? 5 : 300);
  cell.text = std::string(number % 9, '\0') + std::to_string(number);
  if (number % 4 == 0) cell.text.clear();
  return cell;
}

// In (time, sequence) order, many at equal times.
inline std::vector<ModelRow> random_rows(Random& random, const TableSchema& schema,
                                         std::size_t count, std::int64_t first_time,
                                         std::uint64_t first_sequence) {
  std::vector<ModelRow> rows;
  std::vector<std::uint64_t> styles;
  for (std::size_t at = 0; at < schema.columns.size(); at += 1) styles.push_back(random() % 3);
  std::int64_t time = first_time;
  const std::uint32_t epoch = 1 + static_cast<std::uint32_t>(random() % 3);
  const std::size_t epoch_rows = random() % 3 == 0 ? 700 : count;
  for (std::size_t at = 0; at < count; at += 1) {
    const auto later = static_cast<std::uint32_t>(at / epoch_rows);
    ModelRow row{time, first_sequence + at, epoch + later, {}};
    for (std::size_t column = 0; column < styles.size(); column += 1)
      row.cells.push_back(random_cell(random, schema.columns[column], styles[column]));
    rows.push_back(std::move(row));
    time += static_cast<std::int64_t>(random() % 3);
  }
  return rows;
}

// Rows as the engine hands them around.
class ModelBuffer {
 public:
  ModelBuffer(const TableSchema& schema, const std::vector<ModelRow>& rows)
      : buffer_(schema, rows.size()) {
    for (std::size_t at = 0; at < rows.size(); at += 1) {
      buffer_.time()[at] = rows[at].time;
      buffer_.sequence()[at] = rows[at].sequence;
      buffer_.epoch()[at] = rows[at].epoch;
      for (std::size_t column = 0; column < schema.columns.size(); column += 1)
        put(schema.columns[column], column, at, rows[at].cells[column]);
    }
    buffer_.set_count(rows.size());
  }
  [[nodiscard]] const RowBuffer& buffer() const { return buffer_; }

 private:
  void put(const ColumnSchema& schema, std::size_t column, std::size_t at, const Cell& cell) {
    if (schema.nullable) buffer_.nulls(column)[at] = cell.null ? 1 : 0;
    const std::size_t width = value_bytes(schema.type);
    std::byte* to = buffer_.values(column) + at * width;
    if (!has_heap(schema.type)) {
      std::memcpy(to, &cell.bits, width);
    } else if (cell.null) {
      store(to, empty_heap_value());
    } else {
      const auto length = static_cast<std::uint32_t>(cell.text.size());
      std::string& text = texts_.emplace_back(sizeof length, '\0');
      std::memcpy(text.data(), &length, sizeof length);
      text += cell.text;
      store(to, reinterpret_cast<HeapValue>(text.data()));
    }
  }

  RowBuffer buffer_;
  std::deque<std::string> texts_;
};

inline ModelRow model_row(const TableSchema& schema, const RowsView& rows, std::size_t at) {
  ModelRow row{rows.time[at], rows.sequence[at], rows.epoch[at], {}};
  for (std::size_t column = 0; column < schema.columns.size(); column += 1) {
    Cell cell;
    const std::size_t width = value_bytes(schema.columns[column].type);
    const std::byte* from = rows.values[column] + at * width;
    const std::uint8_t* nulls = rows.nulls_of(column);
    cell.null = nulls != nullptr && nulls[at] != 0;
    if (has_heap(schema.columns[column].type))
      cell.text = text_of(heap_bytes(load<HeapValue>(from)));
    else
      std::memcpy(&cell.bits, from, width);
    row.cells.push_back(std::move(cell));
  }
  return row;
}

// Some rows of a view in random slices, as callers may hand them.
inline Status add_in_slices(SegmentWriter& writer, Random& random, const TableSchema& schema,
                            const std::vector<ModelRow>& rows) {
  for (std::size_t at = 0; at < rows.size();) {
    const std::size_t count = std::min(rows.size() - at, 1 + random() % 6000);
    const ModelBuffer slice(schema, {rows.begin() + static_cast<std::ptrdiff_t>(at),
                                     rows.begin() + static_cast<std::ptrdiff_t>(at + count)});
    NDTS_TRY(writer.add(slice.buffer().view()));
    at += count;
  }
  return {};
}

inline Status write_segment(FileSystem& files, const std::string& path, Random& random,
                            const TableSchema& schema, std::int64_t day,
                            const SegmentModel& model, SegmentRecord* record,
                            std::uint64_t number = 42) {
  SegmentWriter writer(files, path, number, schema, 6, day);
  NDTS_TRY(writer.create());
  for (const auto& [symbol, rows] : model) {
    NDTS_TRY(writer.begin_symbol(symbol, symbol_name(symbol), rows.size()));
    NDTS_TRY(add_in_slices(writer, random, schema, rows));
  }
  return writer.finish(record);
}

// Every row of every symbol, run by run.
inline Status read_segment(const SegmentReader& reader, SegmentModel* model) {
  BlockRows rows(reader.schema());
  std::size_t loaded = reader.blocks().size();
  for (const SegmentRun& run : reader.runs()) {
    if (run.block != loaded) NDTS_TRY(rows.read(reader, run.block));
    loaded = run.block;
    const RowsView view = rows.view(run.first_row, run.rows);
    for (std::size_t at = 0; at < view.count; at += 1)
      (*model)[run.symbol].push_back(model_row(reader.schema(), view, at));
  }
  return {};
}

inline Status read_segment(FileSystem& files, const std::string& path,
                           const SegmentRecord* expected, SegmentModel* model) {
  std::shared_ptr<const SegmentReader> reader;
  NDTS_TRY(SegmentReader::open(files, path, expected, &reader));
  return read_segment(*reader, model);
}

}  // namespace ndts
