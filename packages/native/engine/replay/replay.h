// Rows of many symbols and files in one order: time, then name of the symbol, then sequence.
//
// The merge goes by windows of time, each as long as about kWindowRows rows last: shorter where
// rows are dense, longer where they are sparse, never across a day. Rows of a window are expanded
// one stream after the other, so that memory is read in runs, and put in order by counting. A
// nanosecond with more rows than a window holds is gone through symbol by symbol.
//
// Threads: one at a time, any. Lifetime: keeps the request's view; pointers to texts that it hands
// out live as long as the replay. Memory: one decoded block for each stream of a day that began and
// did not end, those that threads decoded ahead, and the window; not more for a longer range.
// Errors: CORRUPT, IO_ERROR, VERSION_TOO_NEW of a block; after one, every call gives it again.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "replay/day_streams.h"
#include "replay/replay_request.h"
#include "replay/replay_source.h"
#include "replay/row_gather.h"
#include "replay/row_shape.h"
#include "replay/window_order.h"
#include "table/series_reads.h"

namespace ndts {

class Replay final : public ReplaySource {
 public:
  // How many rows a window is sized to hold.
  static constexpr std::size_t kWindowRows = 16384;

  // `window_rows`, at most kWindowRows, is for tests.
  explicit Replay(ReplayRequest request, std::size_t window_rows = kWindowRows);

  // The next rows, as many as `out` has room for; fewer only at the end of the range. Shard and
  // epoch are not filled in.
  [[nodiscard]] Status next(const RowsOut& out, std::size_t* count);
  Status fill(const RowsOut& out, const StepsOut& steps, Filled* filled) override;
  // Of memory for decoded blocks, at present.
  [[nodiscard]] std::size_t bytes() { return streams_.bytes(); }

 private:
  // What a stream was before a window that did not fit.
  struct Saved {
    std::int64_t next;
    std::uint32_t place;
    std::uint32_t run;
    std::uint32_t at;
    bool is_open;
  };

  [[nodiscard]] Status fill_window();
  [[nodiscard]] Status collect(std::int64_t end, bool* fits);
  [[nodiscard]] Status put_back(const Saved& saved);
  [[nodiscard]] Status collect_stream(Stream& stream, std::int64_t end, bool* fits);
  [[nodiscard]] bool fit(Stream& stream);
  void adapt(bool fits);
  [[nodiscard]] Status collect_instant();
  [[nodiscard]] Status collect_symbol(std::span<Stream> streams);
  [[nodiscard]] Status settle(Stream& stream);
  void order_sequences();
  [[nodiscard]] Status open(Stream& stream);
  void emit(const RowsOut& out, std::size_t at, std::size_t count);

  DayStreams streams_;
  RowShapes shapes_;  // of blocks of the day
  const std::size_t window_rows_;
  const std::size_t window_rows_max_;
  Status status_;
  bool in_day_ = false;
  bool ended_ = false;
  bool is_narrow_ = true;  // rows of the day's windows are, as far as is known
  bool refit_ = false;     // they were, and a window that was begun is void

  // The window: its start, and its rows as they came.
  std::int64_t start_ = 0;
  std::int64_t length_ns_;  // of the next window
  std::size_t count_ = 0;
  WindowRows rows_;
  std::vector<std::uint32_t> symbols_;  // ids, by row
  std::vector<std::uint64_t> keys_;
  std::vector<Saved> saved_;
  bool shared_ = false;  // some symbol's rows came from more than one stream
  WindowOrder order_;
  std::span<std::uint64_t> sorted_;
  std::size_t emitted_ = 0;
  std::vector<std::uint32_t> chosen_;  // places of the rows that leave
};

}  // namespace ndts
