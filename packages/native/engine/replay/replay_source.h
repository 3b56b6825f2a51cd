// Something that fills batches of rows one after the other: a replay row by row, or by steps.
//
// Threads: one at a time, any. Errors: those of the reads; after one, every call gives it again.
#pragma once

#include <cstdint>

#include "table/series_reads.h"

namespace ndts {

// Where steps end: what happened up to one moment are the rows from the end of the step before.
struct StepsOut {
  double* day = nullptr;  // of the moment
  double* ns_of_day = nullptr;
  std::uint32_t* end_row = nullptr;
};

struct Filled {
  std::size_t rows = 0;
  std::size_t steps = 0;
};

class ReplaySource {
 public:
  virtual ~ReplaySource() = default;
  // From the start of `out`; nothing at all means the end. `steps` has room for as many as `out`
  // has for rows; null pointers where the source has none.
  [[nodiscard]] virtual Status fill(const RowsOut& out, const StepsOut& steps,
                                    Filled* filled) = 0;
};

}  // namespace ndts
