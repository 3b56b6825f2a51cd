// See day_streams.h.
#include "replay/day_streams.h"

#include <algorithm>
#include <numeric>

#include "table/block_builder.h"
#include "table/tick_batch.h"

namespace ndts {

namespace {

constexpr std::int64_t kLastTime = std::numeric_limits<std::int64_t>::max();

std::int64_t end_of(std::int64_t day) {
  return day >= kLastTime / kNsPerDay ? kLastTime : (day + 1) * kNsPerDay;
}

}  // namespace

DayStreams::DayStreams(ReplayRequest request)
    : request_(std::move(request)),
      blocks_(*request_.view.schema, request_.columns, request_.threads),
      by_shard_(request_.view.segments.size()) {
  for (std::uint32_t rank = 0; rank < request_.symbols.size(); rank += 1) {
    const ReplaySymbol& symbol = request_.symbols[rank];
    if (ranks_.size() <= symbol.id) ranks_.resize(std::size_t{symbol.id} + 1, kNoRank);
    ranks_[symbol.id] = rank;
    by_shard_[symbol.shard].push_back(rank);
  }
  if (request_.from >= request_.to) return;
  index_segments();
  index_memtables();
}

DayStreams::~DayStreams() = default;

void DayStreams::index_segments() {
  for (std::size_t shard = 0; shard < by_shard_.size(); shard += 1) {
    if (by_shard_[shard].empty()) continue;
    for (const std::shared_ptr<const SegmentReader>& segment : *request_.view.segments[shard]) {
      const SegmentRecord& record = segment->record();
      if (record.max_time >= request_.from && record.min_time < request_.to)
        segments_.push_back(segment.get());
    }
  }
  std::stable_sort(segments_.begin(), segments_.end(),
                   [](const SegmentReader* a, const SegmentReader* b) {
                     return a->record().day < b->record().day;
                   });
}

void DayStreams::index_memtables() {
  for (const MemtableView& view : request_.view.memtables) {
    for (std::uint32_t shard = 0; shard < view.shards.size(); shard += 1) {
      const ShardExtent& extent = view.shards[shard];
      if (extent.rows == 0 || by_shard_[shard].empty()) continue;
      const SeriesMemtable& memtable = *view.memtable;
      for (const std::uint32_t symbol : memtable.symbols(shard, extent)) {
        if (symbol >= ranks_.size() || ranks_[symbol] == kNoRank) continue;
        std::vector<std::uint32_t> rows = memtable.collect_rows(shard, extent, symbol);
        const auto before = [&memtable, shard](std::uint32_t row, std::int64_t time) {
          return memtable.time(shard, row) < time;
        };
        rows.erase(std::lower_bound(rows.begin(), rows.end(), request_.to, before), rows.end());
        rows.erase(rows.begin(),
                   std::lower_bound(rows.begin(), rows.end(), request_.from, before));
        if (!rows.empty())
          memory_.push_back({&memtable, ranks_[symbol], shard, extent, std::move(rows)});
      }
    }
  }
}

std::int64_t DayStreams::memory_day(const MemtableStream& stream) const {
  if (stream.at == stream.rows.size()) return kLastTime;
  return day_of(stream.memtable->time(stream.shard, stream.rows[stream.at]));
}

bool DayStreams::next_day() {
  std::int64_t day = segment_ < segments_.size() ? segments_[segment_]->record().day : kLastTime;
  for (const MemtableStream& stream : memory_) day = std::min(day, memory_day(stream));
  blocks_.end();
  runs_.clear();
  day_blocks_.clear();
  waiting_.clear();
  waiting_at_ = 0;
  active_.clear();
  finished_.clear();
  if (day == kLastTime) return false;
  day_ = day;
  end_ = std::min(end_of(day), request_.to);
  for (; segment_ < segments_.size() && segments_[segment_]->record().day == day; segment_ += 1)
    add_segment(*segments_[segment_]);
  for (MemtableStream& stream : memory_)
    if (memory_day(stream) == day) add_memory(stream);
  std::sort(waiting_.begin(), waiting_.end(), [](const WaitingStream& a, const WaitingStream& b) {
    return a.min_time < b.min_time;
  });
  order_blocks();
  return true;
}

void DayStreams::add_segment(const SegmentReader& reader) {
  block_numbers_.assign(reader.blocks().size(), kNoRank);
  const std::vector<std::uint32_t>& wanted = by_shard_[reader.record().shard];
  // Few symbols are looked up; of many, all runs are walked.
  if (wanted.size() * 16 < reader.names().size()) {
    for (const std::uint32_t rank : wanted) add_runs(reader, rank, reader.runs(symbol(rank)));
    return;
  }
  const std::span<const SegmentRun> runs = reader.runs();
  for (std::size_t first = 0; first < runs.size();) {
    std::size_t end = first + 1;
    while (end < runs.size() && runs[end].symbol == runs[first].symbol) end += 1;
    const std::uint32_t id = runs[first].symbol;
    const std::uint32_t rank = id < ranks_.size() ? ranks_[id] : kNoRank;
    if (rank != kNoRank) add_runs(reader, rank, runs.subspan(first, end - first));
    first = end;
  }
}

void DayStreams::add_runs(const SegmentReader& reader, std::uint32_t rank,
                          std::span<const SegmentRun> runs) {
  const auto first_run = static_cast<std::uint32_t>(runs_.size());
  for (const SegmentRun& run : runs) {
    if (run.max_time < request_.from || run.min_time >= request_.to) continue;
    std::uint32_t& number = block_numbers_[run.block];
    if (number == kNoRank) {
      number = static_cast<std::uint32_t>(day_blocks_.size());
      day_blocks_.push_back({&reader, run.block, reader.blocks()[run.block].rows, 0, {}});
    }
    day_blocks_[number].users += 1;
    runs_.push_back({std::max(run.min_time, request_.from), number, run.first_row, run.rows});
  }
  const auto end_run = static_cast<std::uint32_t>(runs_.size());
  if (end_run > first_run)
    waiting_.push_back({runs_[first_run].min_time, rank, first_run, end_run});
}

void DayStreams::add_memory(MemtableStream& stream) {
  const auto first_run = static_cast<std::uint32_t>(runs_.size());
  const std::span<const std::uint32_t> rows = stream.rows;
  const auto time_at = [&stream, rows](std::size_t at) {
    return stream.memtable->time(stream.shard, rows[at]);
  };
  const auto end = static_cast<std::size_t>(
      std::partition_point(rows.begin() + static_cast<std::ptrdiff_t>(stream.at), rows.end(),
                           [this, &stream](std::uint32_t row) {
                             return stream.memtable->time(stream.shard, row) < end_;
                           }) -
      rows.begin());
  while (stream.at < end) {
    const auto count = static_cast<std::uint32_t>(
        std::min<std::size_t>(kBlockRows, end - stream.at));
    const auto number = static_cast<std::uint32_t>(day_blocks_.size());
    const MemtableRows memory{stream.memtable, stream.shard, stream.extent,
                              rows.subspan(stream.at, count)};
    day_blocks_.push_back({nullptr, 0, count, 1, memory});
    runs_.push_back({time_at(stream.at), number, 0, count});
    stream.at += count;
  }
  const auto end_run = static_cast<std::uint32_t>(runs_.size());
  waiting_.push_back({runs_[first_run].min_time, stream.rank, first_run, end_run});
}

// Blocks get numbers in the order in which a merge comes to them.
void DayStreams::order_blocks() {
  std::vector<std::int64_t> first_use(day_blocks_.size(), kLastTime);
  for (const Run& run : runs_) first_use[run.block] = std::min(first_use[run.block], run.min_time);
  std::vector<std::uint32_t> order(day_blocks_.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&first_use](std::uint32_t a, std::uint32_t b) {
    return first_use[a] != first_use[b] ? first_use[a] < first_use[b] : a < b;
  });
  std::vector<std::uint32_t> numbers(order.size());
  std::vector<ReplayBlock> sorted;
  sorted.reserve(order.size());
  for (const std::uint32_t old : order) {
    numbers[old] = static_cast<std::uint32_t>(sorted.size());
    sorted.push_back(day_blocks_[old]);
  }
  for (Run& run : runs_) run.block = numbers[run.block];
  blocks_.begin(std::move(sorted));
  day_blocks_.clear();
}

std::int64_t DayStreams::first_time() const {
  std::int64_t first =
      waiting_at_ < waiting_.size() ? waiting_[waiting_at_].min_time : kLastTime;
  for (const Stream& stream : active_) first = std::min(first, stream.next);
  return first;
}

void DayStreams::activate(std::int64_t time) {
  const std::size_t before = active_.size();
  for (; waiting_at_ < waiting_.size() && waiting_[waiting_at_].min_time < time; waiting_at_ += 1) {
    const WaitingStream& from = waiting_[waiting_at_];
    active_.push_back({.next = from.min_time,
                       .rank = from.rank,
                       .run = from.run,
                       .end_run = from.end_run});
  }
  if (active_.size() == before) return;
  const auto fresh = active_.begin() + static_cast<std::ptrdiff_t>(before);
  const auto by_rank = [](const Stream& a, const Stream& b) { return a.rank < b.rank; };
  std::sort(fresh, active_.end(), by_rank);
  std::inplace_merge(active_.begin(), fresh, active_.end(), by_rank);
}

Status DayStreams::open(Stream& stream) {
  const Run& run = runs_[stream.run];
  NDTS_TRY(blocks_.load(run.block, &stream.block));
  stream.at = run.first_row;
  stream.end = run.first_row + run.rows;
  if (stream.block.time(stream.at) < request_.from)
    stream.at = static_cast<std::uint32_t>(
        stream.block.first_from(request_.from, stream.at, stream.end));
  if (stream.at < stream.end) stream.next = stream.block.time(stream.at);
  return {};
}

void DayStreams::next_run(Stream& stream) {
  finished_.push_back(stream.run);
  stream.next = time_after(stream);
  stream.block = {};
  stream.run += 1;
}

void DayStreams::release_finished() {
  if (finished_.empty()) return;
  for (const std::uint32_t run : finished_) blocks_.release(runs_[run].block);
  finished_.clear();
  std::erase_if(active_, [](const Stream& stream) { return stream.run == stream.end_run; });
}

std::size_t DayStreams::bytes() { return blocks_.bytes(); }

}  // namespace ndts
