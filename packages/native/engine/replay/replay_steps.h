// The last row of each symbol in each interval of time: what a state that is looked at once an
// interval needs, and no more. Blocks of which no row is the last are not even read.
//
// Intervals end at from + k * interval; without a `from` (the least time there is), at multiples
// since 1970. A row at the very end of one belongs to the next. Rows of a step are in the order of
// the symbols' names; a symbol may have two when the interval goes beyond midnight, the later one
// second. Intervals without rows are left out. The last one ends at `to`, if that is before.
//
// Threads, lifetime, memory, errors: as of Replay.
#pragma once

#include <cstdint>
#include <vector>

#include "replay/day_streams.h"
#include "replay/replay_source.h"

namespace ndts {

class ReplaySteps final : public ReplaySource {
 public:
  // `interval` in nanoseconds, above 0.
  ReplaySteps(ReplayRequest request, std::int64_t interval);

  Status fill(const RowsOut& out, const StepsOut& steps, Filled* filled) override;

 private:
  struct Row {
    const CellForm* forms;
    const std::byte* row;
    std::int64_t time;
    std::uint32_t rank;
  };

  // Of two of one time.
  [[nodiscard]] static bool is_later(const Row& a, const Row& b);
  [[nodiscard]] std::int64_t step_end(std::int64_t time) const;
  [[nodiscard]] Status fill_part();
  [[nodiscard]] Status collect(std::int64_t end);
  [[nodiscard]] Status take_last(Stream& stream, std::int64_t end);
  void emit(const RowsOut& out, std::size_t at, std::size_t count);

  DayStreams streams_;
  const std::int64_t interval_;
  Status status_;
  bool in_day_ = false;
  bool ended_ = false;
  std::int64_t end_ = 0;        // of the step that has rows
  bool step_open_ = false;      // some of its rows were collected, its end was not told
  bool step_complete_ = false;  // all of them were
  std::vector<Row> rows_;       // of one day
  std::size_t emitted_ = 0;
};

}  // namespace ndts
