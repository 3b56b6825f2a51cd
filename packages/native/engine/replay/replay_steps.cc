// See replay_steps.h.
#include "replay/replay_steps.h"

#include <algorithm>

#include "replay/row_gather.h"
#include "table/tick_batch.h"

namespace ndts {

namespace {

// Rows lie anywhere in memory: they are asked for while so many before them are copied.
constexpr std::size_t kRowsAhead = 8;
constexpr std::int64_t kFirstTime = std::numeric_limits<std::int64_t>::min();

}  // namespace

ReplaySteps::ReplaySteps(ReplayRequest request, std::int64_t interval)
    : streams_(std::move(request)), interval_(interval) {}

std::int64_t ReplaySteps::step_end(std::int64_t time) const {
  __extension__ using Wide = __int128;
  const Wide origin = streams_.request().from == kFirstTime ? 0 : streams_.request().from;
  const Wide since = Wide{time} - origin;
  Wide step = since / interval_;
  if (since % interval_ < 0) step -= 1;
  const Wide end = origin + (step + 1) * interval_;
  return static_cast<std::int64_t>(std::min(end, Wide{streams_.request().to}));
}

Status ReplaySteps::fill(const RowsOut& out, const StepsOut& steps, Filled* filled) {
  *filled = {};
  while (status_.ok() && filled->rows < out.capacity && filled->steps < out.capacity) {
    if (emitted_ < rows_.size()) {
      const std::size_t count = std::min(rows_.size() - emitted_, out.capacity - filled->rows);
      emit(out, filled->rows, count);
      filled->rows += count;
      continue;
    }
    if (step_complete_) {
      unpack_time(end_, steps.day[filled->steps], steps.ns_of_day[filled->steps]);
      steps.end_row[filled->steps] = static_cast<std::uint32_t>(filled->rows);
      filled->steps += 1;
      step_open_ = step_complete_ = false;
      continue;
    }
    if (ended_) break;
    status_ = fill_part();
  }
  return status_;
}

// Rows of a step of one day, or that a step is complete, or the end.
Status ReplaySteps::fill_part() {
  rows_.clear();
  emitted_ = 0;
  streams_.release_finished();
  if (!in_day_) {
    in_day_ = streams_.next_day();
    ended_ = !in_day_;
    step_complete_ = ended_ && step_open_;
    return {};
  }
  const std::int64_t start = streams_.first_time();
  if (start >= streams_.end()) {
    in_day_ = false;
    return {};
  }
  if (step_open_ && start >= end_) {
    step_complete_ = true;
    return {};
  }
  end_ = step_end(start);
  const std::int64_t end = std::min(end_, streams_.end());
  streams_.activate(end);
  NDTS_TRY(collect(end));
  step_open_ = step_open_ || !rows_.empty();
  step_complete_ = step_open_ && end == end_;
  return {};
}

bool ReplaySteps::is_later(const Row& a, const Row& b) {
  return sequence_of(a.forms, a.row) > sequence_of(b.forms, b.row);
}

Status ReplaySteps::collect(std::int64_t end) {
  for (Stream& stream : streams_.active())
    if (stream.next < end) NDTS_TRY(take_last(stream, end));
  return {};
}

Status ReplaySteps::take_last(Stream& stream, std::int64_t end) {
  while (streams_.time_after(stream) < end) streams_.next_run(stream);
  if (!stream.is_open()) NDTS_TRY(streams_.open(stream));
  const DecodedRows& block = stream.block;
  // Steps that double: mostly a few rows, seldom a whole block.
  std::size_t step = 1;
  std::size_t low = stream.at;
  while (stream.end - low > step && block.time(low + step) < end) {
    low += step;
    step *= 2;
  }
  const std::size_t beyond =
      block.first_from(end, low, std::min<std::size_t>(low + step + 1, stream.end));
  if (beyond > stream.at) {
    const Row row{block.forms, block.row(beyond - 1), block.time(beyond - 1), stream.rank};
    // Streams of one symbol follow each other.
    if (rows_.empty() || rows_.back().rank != row.rank) {
      rows_.push_back(row);
    } else if (Row& other = rows_.back();
               row.time > other.time || (row.time == other.time && is_later(row, other))) {
      other = row;
    }
  }
  stream.at = static_cast<std::uint32_t>(beyond);
  if (stream.at == stream.end) {
    streams_.next_run(stream);
  } else {
    stream.next = block.time(beyond);
  }
  return {};
}

void ReplaySteps::emit(const RowsOut& out, std::size_t at, std::size_t count) {
  for (std::size_t row = 0; row < count; row += 1) {
    if (row + kRowsAhead < count) {
      __builtin_prefetch(rows_[emitted_ + row + kRowsAhead].row);
      __builtin_prefetch(rows_[emitted_ + row + kRowsAhead].forms);
    }
    const Row& from = rows_[emitted_ + row];
    unpack_time(from.time, out.day[at + row], out.ns_of_day[at + row]);
    out.symbol[at + row] = streams_.symbol(from.rank);
    put_row(streams_.schema(), streams_.cells(), from.forms, from.row, out, at + row);
  }
  emitted_ += count;
}

}  // namespace ndts
