// See replay.h.
#include "replay/replay.h"

#include <algorithm>

#include "table/tick_batch.h"

namespace ndts {

namespace {

constexpr std::int64_t kFirstLength = 1'000'000;
constexpr std::int64_t kStep = 8;  // by which the length changes at most

// A window has room for so many times the rows it is sized for.
constexpr std::size_t kSpareRoom = 4;
static_assert(kSpareRoom * Replay::kWindowRows <= kWindowRowsMax);

// A stream is come back to after thousands of others, its rows left the cache: they are asked for
// while so many streams before it are worked on.
constexpr std::size_t kStreamsAhead = 6;

// As much of the rows: the processor sees by itself that a longer run goes on.
constexpr std::size_t kRowBytesAhead = 3 * kCacheLine;

// Inlined: a function that only prefetches has no effect that gcc knows of, and a call to it goes.
[[gnu::always_inline]] inline void ask_for(const Stream& stream, bool narrow) {
  if (!stream.is_open()) return;
  const std::byte* const row = stream.block.row(stream.at);
  for (std::size_t byte = 0; byte < kRowBytesAhead; byte += kCacheLine)
    __builtin_prefetch(row + byte);
  if (narrow) {
    __builtin_prefetch(stream.block.narrow);
  } else {
    __builtin_prefetch(stream.block.bases);
  }
}

// Rows that leave at once.
constexpr std::size_t kEmitRows = 16384;

}  // namespace

Replay::Replay(ReplayRequest request, std::size_t window_rows)
    : streams_(std::move(request)),
      window_rows_(window_rows),
      window_rows_max_(std::min(kSpareRoom * window_rows, kWindowRowsMax)),
      length_ns_(kFirstLength),
      rows_(streams_.schema(), streams_.cells(), window_rows_max_),
      symbols_(window_rows_max_),
      keys_(window_rows_max_),
      chosen_(kEmitRows) {}

Status Replay::next(const RowsOut& out, std::size_t* count) {
  *count = 0;
  while (status_.ok() && *count < out.capacity) {
    if (emitted_ == count_) {
      status_ = fill_window();
      if (!status_.ok() || ended_) break;
    }
    const std::size_t step = std::min({count_ - emitted_, out.capacity - *count, kEmitRows});
    emit(out, *count, step);
    *count += step;
  }
  return status_;
}

Status Replay::fill(const RowsOut& out, const StepsOut&, Filled* filled) {
  *filled = {};
  return next(out, &filled->rows);
}

// At least one row, or the end.
Status Replay::fill_window() {
  count_ = emitted_ = 0;
  streams_.release_finished();
  while (count_ == 0 && !ended_) {
    if (!in_day_) {
      in_day_ = streams_.next_day();
      shapes_.clear();
      rows_.begin_day();
      is_narrow_ = true;
      ended_ = !in_day_;
      continue;
    }
    start_ = streams_.first_time();
    if (start_ >= streams_.end()) {
      in_day_ = false;
      continue;
    }
    const std::int64_t left = streams_.end() - start_;
    const std::int64_t end = start_ + std::min(left, length_ns_);
    streams_.activate(end);
    bool fits = true;
    refit_ = false;
    rows_.begin(is_narrow_);
    NDTS_TRY(collect(end, &fits));
    if (refit_) continue;
    if (!fits && length_ns_ == 1) {
      NDTS_TRY(collect_instant());
      break;
    }
    adapt(fits);
  }
  if (count_ == 0) return {};
  sorted_ = order_.sort({keys_.data(), count_});
  if (shared_) order_sequences();
  return {};
}

// Towards window_rows_ rows. A window that did not fit is tried again, shorter.
void Replay::adapt(bool fits) {
  if (!fits) {
    length_ns_ = std::max<std::int64_t>(1, length_ns_ / kStep);
    return;
  }
  const std::int64_t longest = kNsPerDay;
  const auto wanted = static_cast<double>(window_rows_) / static_cast<double>(count_ + 1);
  const double step = std::clamp(wanted, 1.0 / kStep, static_cast<double>(kStep));
  const auto next = static_cast<std::int64_t>(static_cast<double>(length_ns_) * step);
  length_ns_ = std::clamp<std::int64_t>(next, 1, longest);
  // From so short a length a part of a nanosecond is no step.
  if (count_ < window_rows_ / 2) length_ns_ = std::max<std::int64_t>(length_ns_, 2);
}

Status Replay::collect(std::int64_t end, bool* fits) {
  const std::span<Stream> active = streams_.active();
  const std::size_t finished = streams_.finished();
  saved_.clear();
  shared_ = false;
  std::uint32_t last_rank = 0xffff'ffff;
  for (std::size_t place = 0; place < active.size(); place += 1) {
    if (place + kStreamsAhead < active.size()) ask_for(active[place + kStreamsAhead], is_narrow_);
    Stream& stream = active[place];
    if (stream.next >= end) continue;
    saved_.push_back({stream.next, static_cast<std::uint32_t>(place), stream.run, stream.at,
                      stream.is_open()});
    NDTS_TRY(collect_stream(stream, end, fits));
    if (!*fits) {
      for (const Saved& saved : saved_) NDTS_TRY(put_back(saved));
      streams_.put_back(finished);
      count_ = 0;
      return {};
    }
    shared_ = shared_ || stream.rank == last_rank;
    last_rank = stream.rank;
  }
  return {};
}

Status Replay::open(Stream& stream) {
  NDTS_TRY(streams_.open(stream));
  stream.block.shape = shapes_.of({stream.block.forms, streams_.cells().count()});
  return {};
}

// Its block is still there, as those of all runs that finished in this window.
Status Replay::put_back(const Saved& saved) {
  Stream& stream = streams_.active()[saved.place];
  if (stream.run != saved.run || !saved.is_open) {
    stream.run = saved.run;
    stream.block = {};
    if (saved.is_open) NDTS_TRY(open(stream));
  }
  if (saved.is_open) stream.at = saved.at;
  stream.next = saved.next;
  return {};
}

// False: the window is to be begun again, by another form or by none.
bool Replay::fit(Stream& stream) {
  const NarrowForm::Fit fit = rows_.fit(&stream.block);
  refit_ = fit != NarrowForm::Fit::kFits;
  if (fit == NarrowForm::Fit::kNever) is_narrow_ = false;
  return !refit_;
}

Status Replay::collect_stream(Stream& stream, std::int64_t end, bool* fits) {
  WindowPart part{.start = start_,
                  .end = end,
                  .symbol = streams_.symbol(stream.rank),
                  .place = 0,
                  .keys = keys_.data(),
                  .symbols = symbols_.data()};
  while (stream.next < end) {
    if (!stream.is_open()) NDTS_TRY(open(stream));
    const std::size_t room = window_rows_max_ - count_;
    const std::size_t most = std::min<std::size_t>(room, stream.end - stream.at);
    part.place = count_;
    if (is_narrow_ && !fit(stream)) {
      *fits = false;
      return {};
    }
    const std::size_t taken = is_narrow_ ? rows_.take_narrow(stream.block, stream.at, most, part)
                                         : rows_.take(stream.block, stream.at, most, part);
    count_ += taken;
    stream.at += static_cast<std::uint32_t>(taken);
    if (stream.at == stream.end) {
      streams_.next_run(stream);
      continue;
    }
    stream.next = stream.block.time(stream.at);
    if (taken == most && stream.next < end) {
      *fits = false;
      return {};
    }
  }
  return {};
}

// At a row, or at the end of the stream, whose `next` is then the greatest time.
Status Replay::settle(Stream& stream) {
  for (;;) {
    if (!stream.is_open()) {
      if (stream.run == stream.end_run || stream.next > start_) return {};
      NDTS_TRY(open(stream));
    }
    if (stream.at < stream.end) {
      stream.next = stream.block.time(stream.at);
      return {};
    }
    streams_.next_run(stream);
  }
}

// All rows have the time start_, and there are more of them than a window holds: as many as fit,
// symbol by symbol. The rest is what the next window begins with.
Status Replay::collect_instant() {
  const std::span<Stream> active = streams_.active();
  shared_ = false;
  rows_.begin(false);
  for (std::size_t first = 0; first < active.size() && count_ < window_rows_max_;) {
    std::size_t end = first + 1;
    while (end < active.size() && active[end].rank == active[first].rank) end += 1;
    NDTS_TRY(collect_symbol(active.subspan(first, end - first)));
    first = end;
  }
  return {};
}

// By sequence, row by row.
Status Replay::collect_symbol(std::span<Stream> streams) {
  for (Stream& stream : streams) NDTS_TRY(settle(stream));
  while (count_ < window_rows_max_) {
    Stream* least = nullptr;
    std::uint64_t least_sequence = 0;
    for (Stream& stream : streams) {
      if (stream.next != start_) continue;
      const std::uint64_t sequence =
          sequence_of(stream.block.forms, stream.block.row(stream.at));
      if (least != nullptr && least_sequence <= sequence) continue;
      least = &stream;
      least_sequence = sequence;
    }
    if (least == nullptr) return {};
    const WindowPart part{.start = start_,
                          .end = start_ + 1,
                          .symbol = streams_.symbol(least->rank),
                          .place = count_,
                          .keys = keys_.data(),
                          .symbols = symbols_.data()};
    count_ += rows_.take(least->block, least->at, 1, part);
    least->at += 1;
    NDTS_TRY(settle(*least));
  }
  return {};
}

// Rows of one time and symbol that came from several streams.
void Replay::order_sequences() {
  const auto same = [this](std::uint64_t a, std::uint64_t b) {
    return a >> kPlaceBits == b >> kPlaceBits &&
           symbols_[a & kPlaceMask] == symbols_[b & kPlaceMask];
  };
  const auto before = [this](std::uint64_t a, std::uint64_t b) {
    return rows_.sequence(a & kPlaceMask) < rows_.sequence(b & kPlaceMask);
  };
  for (auto first = sorted_.begin(); first != sorted_.end();) {
    auto end = first + 1;
    while (end != sorted_.end() && same(*first, *end)) ++end;
    if (end - first > 1) std::stable_sort(first, end, before);
    first = end;
  }
}

void Replay::emit(const RowsOut& out, std::size_t at, std::size_t count) {
  const std::int64_t day = streams_.day();
  const auto start = static_cast<double>(start_ - day * kNsPerDay);
  const std::uint64_t* const keys = sorted_.data() + emitted_;
  for (std::size_t row = 0; row < count; row += 1)
    chosen_[row] = static_cast<std::uint32_t>(keys[row] & kPlaceMask);
  if (out.day != nullptr) std::fill_n(out.day + at, count, static_cast<double>(day));
  if (out.ns_of_day != nullptr)
    for (std::size_t row = 0; row < count; row += 1)
      out.ns_of_day[at + row] =
          start + static_cast<double>(static_cast<std::int64_t>(keys[row] >> kPlaceBits));
  if (out.symbol != nullptr)
    for (std::size_t row = 0; row < count; row += 1)
      out.symbol[at + row] = symbols_[chosen_[row]];
  rows_.gather({chosen_.data(), count}, out, at);
  emitted_ += count;
}

}  // namespace ndts
