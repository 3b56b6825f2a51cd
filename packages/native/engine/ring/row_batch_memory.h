// Memory for a batch outside JavaScript: tests and benches of the engine.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

#include "ring/row_columns.h"

namespace ndts {

// Zero at first, aligned as createTickBatch aligns it.
template <typename Columns>
class RowBatchMemory {
 public:
  explicit RowBatchMemory(std::size_t capacity)
      : lines_(std::make_unique<Line[]>(Columns::batch_bytes(capacity) / sizeof(Line))),
        columns_(Columns::make(lines_.get(), capacity)),
        capacity_(capacity) {}

  [[nodiscard]] const Columns& columns() const { return columns_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

 private:
  struct alignas(64) Line {
    std::byte bytes[64];
  };

  std::unique_ptr<Line[]> lines_;
  Columns columns_;
  std::size_t capacity_;
};

using TickBatchMemory = RowBatchMemory<TickColumns>;

}  // namespace ndts
