// Memory for a TickBatch outside JavaScript: tests and benches of the engine.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

#include "ring/tick_columns.h"

namespace ndts {

// Zero at first, aligned as createTickBatch aligns it.
class TickBatchMemory {
 public:
  explicit TickBatchMemory(std::size_t capacity)
      : lines_(std::make_unique<Line[]>(TickColumns::batch_bytes(capacity) / sizeof(Line))),
        columns_(TickColumns::make(lines_.get(), capacity)),
        capacity_(capacity) {}

  [[nodiscard]] const TickColumns& columns() const { return columns_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

 private:
  struct alignas(64) Line {
    std::byte bytes[64];
  };

  std::unique_ptr<Line[]> lines_;
  TickColumns columns_;
  std::size_t capacity_;
};

}  // namespace ndts
