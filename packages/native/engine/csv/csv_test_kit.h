// Files of CSV in a simulated file system, and rows as texts, for tests of the reader.
#pragma once

#include <string>
#include <vector>

#include "base/sim_file.h"
#include "csv/csv_reader.h"
#include "db/row_batcher.h"

namespace ndts {

// Memory of a batch.
class CsvTestRows {
 public:
  CsvTestRows(const std::vector<CsvColumn>& columns, std::size_t capacity)
      : day_(capacity), ns_(capacity), symbol_(capacity) {
    std::size_t count = 0;
    for (const CsvColumn& column : columns)
      if (column.target == CsvTarget::kColumn) count = std::max(count, column.column + 1);
    values_.resize(count, std::vector<std::uint64_t>(capacity));
    nulls_.resize(count, std::vector<std::uint8_t>(capacity));
    rows_ = {capacity, day_.data(), ns_.data(), symbol_.data(), {}, {}};
    for (std::size_t at = 0; at < count; at += 1) {
      rows_.values.push_back(reinterpret_cast<std::byte*>(values_[at].data()));
      rows_.nulls.push_back(nullptr);
    }
    for (const CsvColumn& column : columns)
      if (column.target == CsvTarget::kColumn && column.nullable)
        rows_.nulls[column.column] = nulls_[column.column].data();
  }
  [[nodiscard]] const CsvRows& rows() const { return rows_; }
  [[nodiscard]] bool is_null(std::size_t column, std::size_t row) const {
    return rows_.nulls[column] != nullptr && nulls_[column][row] != 0;
  }
  template <typename T>
  [[nodiscard]] T value(std::size_t column, std::size_t row) const {
    return load<T>(rows_.values[column] + sizeof(T) * row);
  }
  [[nodiscard]] std::string text(std::size_t column, std::size_t row, const CsvBatch& batch) const {
    if (is_null(column, row)) return "<null>";
    const auto place = value<HeapPlace>(column, row);
    return {reinterpret_cast<const char*>(batch.heap.data()) + place.offset, place.bytes};
  }

 private:
  std::vector<double> day_;
  std::vector<double> ns_;
  std::vector<std::uint32_t> symbol_;
  std::vector<std::vector<std::uint64_t>> values_;
  std::vector<std::vector<std::uint8_t>> nulls_;
  CsvRows rows_;
};

inline void put_csv(FileSystem& files, const std::string& path, const std::string& text) {
  std::unique_ptr<File> file;
  if (files.exists(path)) static_cast<void>(files.remove(path));
  static_cast<void>(files.make_directory(parent_folder(path)));
  static_cast<void>(files.open(path, OpenMode::kCreate, &file));
  static_cast<void>(file->write(0, std::as_bytes(std::span(text.data(), text.size()))));
}

// `fields` nullable texts, and a constant time and symbol.
inline CsvPlan text_plan(const std::string& path, std::uint32_t fields) {
  CsvPlan plan;
  plan.path = path;
  plan.has_header = false;
  plan.fields = fields;
  for (std::uint32_t field = 0; field < fields; field += 1) {
    CsvColumn column;
    column.field = field;
    column.column = field;
    column.type = ValueType::kText;
    column.nullable = true;
    plan.columns.push_back(column);
  }
  CsvColumn time;
  time.target = CsvTarget::kTime;
  time.constant = "2024-01-02";
  CsvColumn symbol;
  symbol.target = CsvTarget::kSymbol;
  symbol.constant = "A";
  plan.columns.push_back(time);
  plan.columns.push_back(symbol);
  return plan;
}

}  // namespace ndts
