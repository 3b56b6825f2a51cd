// See aggregate.h. Every worker takes piece after piece and makes partial groups, in order as far
// as rows are; at the end these are merged by key.
#include "scan/aggregate.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <string>

#include "base/thread.h"
#include "scan/accumulator.h"

namespace ndts {

namespace {

struct GroupKey {
  std::uint32_t symbol = 0;
  std::int64_t bucket = 0;
  friend auto operator<=>(const GroupKey&, const GroupKey&) = default;
};

// Groups, or parts of groups, with a state of every accumulator each.
struct Groups {
  std::vector<GroupKey> keys;
  std::vector<std::unique_ptr<Accumulator>> accumulators;

  void begin(const GroupKey& key) {
    keys.push_back(key);
    for (const std::unique_ptr<Accumulator>& each : accumulators) each->begin();
  }
};

// What all workers share.
struct Work {
  const AggregateRequest& request;
  const ScanPlan& plan;
  const ScanKernels& kernels;
  std::vector<AccumulatorKey> keys;
  ScanColumns columns;
  bool needs_order = false;
  std::atomic<std::size_t> next_piece{0};  // of all workers
  std::atomic<bool> failed{false};         // set by one, read by all: the rest is of no use

  [[nodiscard]] bool is_grouped() const { return request.by_symbol || request.bucket_ns > 0; }
};

// A bucket and where the next begins; both stop at the ends of time.
struct Bucket {
  std::int64_t start;
  std::int64_t end;
};
Bucket bucket_of(const AggregateRequest& request, std::int64_t time) {
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kGreatest = std::numeric_limits<std::int64_t>::max();
  const std::int64_t size = request.bucket_ns;
  std::int64_t into = (time % size - request.bucket_origin % size) % size;
  if (into < 0) into += size;
  const std::int64_t left = size - into;
  return {time < kLeast + into ? kLeast : time - into,
          time > kGreatest - left ? kGreatest : time + left};
}

class AggregateWorker {
 public:
  explicit AggregateWorker(Work& work)
      : work_(work), reader_(work.plan, work.columns), rows_(work.plan, work.kernels) {
    for (const AccumulatorKey& key : work.keys)
      groups_.accumulators.push_back(make_accumulator(key, work.plan.schema()));
  }

  void run() {
    const std::span<const ScanPiece> pieces = work_.plan.pieces();
    while (status_.ok() && !work_.failed.load(std::memory_order_relaxed)) {
      const std::size_t at = work_.next_piece.fetch_add(1, std::memory_order_relaxed);
      if (at >= pieces.size()) return;
      status_ = take(pieces[at]);
    }
    if (!status_.ok()) work_.failed.store(true, std::memory_order_relaxed);
  }
  [[nodiscard]] const Status& status() const { return status_; }
  [[nodiscard]] Groups& groups() { return groups_; }
  [[nodiscard]] std::uint64_t rows_read() const { return rows_read_; }
  [[nodiscard]] std::uint64_t not_decoded() const { return not_decoded_; }

 private:
  Status take(const ScanPiece& piece) {
    bool done = false;
    NDTS_TRY(take_whole(piece, &done));
    if (done) return {};
    reader_.start(piece);
    for (ScanBatch batch;;) {
      NDTS_TRY(reader_.next(&batch));
      if (batch.runs.empty()) return {};
      rows_.set(batch, piece.proven);
      add_batch(batch);
    }
  }

  // Without decoding, where the block is of one group and every accumulator knows it.
  Status take_whole(const ScanPiece& piece, bool* done) {
    if (!piece.whole || !piece.proven) return {};
    const std::span<const ScanRun> runs = work_.plan.runs(piece);
    const SegmentBlock& block = piece.segment->blocks()[piece.block];
    GroupKey key;
    if (work_.request.by_symbol) {
      if (runs.size() != 1) return {};
      key.symbol = runs.front().symbol;
    }
    if (work_.request.bucket_ns > 0) {
      const Bucket bucket = bucket_of(work_.request, block.min_time);
      if (block.max_time >= bucket.end) return {};
      key.bucket = bucket.start;
    }
    for (const std::unique_ptr<Accumulator>& each : groups_.accumulators) {
      bool can = false;
      NDTS_TRY(each->can_take(*piece.segment, piece.block, &can));
      if (!can) return {};
    }
    enter(key);
    for (const std::unique_ptr<Accumulator>& each : groups_.accumulators)
      each->take(*piece.segment, piece.block);
    not_decoded_ += 1;
    *done = true;
    return {};
  }

  void enter(const GroupKey& key) {
    if (groups_.keys.empty() || groups_.keys.back() != key) groups_.begin(key);
  }

  void add_batch(const ScanBatch& batch) {
    const std::span<const ScanRun> runs = batch.runs;
    for (std::size_t at = 0; at < runs.size(); at += 1) {
      RowSlice slice{runs[at].symbol, runs[at].first_row, runs[at].rows};
      if (work_.request.bucket_ns > 0) {
        add_buckets(batch, slice);
        continue;
      }
      // Runs that follow each other are one where symbols do not matter.
      const bool join = !work_.request.by_symbol && !work_.needs_order;
      while (join && at + 1 < runs.size() &&
             runs[at + 1].first_row == slice.first + slice.count) {
        at += 1;
        slice.count += runs[at].rows;
      }
      add_slice({work_.request.by_symbol ? slice.symbol : 0, 0}, slice);
    }
  }

  void add_buckets(const ScanBatch& batch, const RowSlice& run) {
    const std::int64_t* const time = batch.rows.time;
    const std::size_t end = run.first + run.count;
    for (std::size_t at = run.first; at < end;) {
      const Bucket bucket = bucket_of(work_.request, time[at]);
      const std::size_t count = work_.kernels.below(time + at, end - at, bucket.end);
      add_slice({work_.request.by_symbol ? run.symbol : 0, bucket.start},
                {run.symbol, at, count});
      at += count;
    }
  }

  void add_slice(const GroupKey& key, const RowSlice& slice) {
    rows_read_ += slice.count;
    if (rows_.selected() != nullptr && count_bits(rows_.selected(), slice.first, slice.count) == 0)
      return;
    enter(key);
    for (const std::unique_ptr<Accumulator>& each : groups_.accumulators) each->add(rows_, slice);
  }

  Work& work_;
  ScanReader reader_;
  AggregateRows rows_;
  Groups groups_;
  Status status_;
  std::uint64_t rows_read_ = 0;
  std::uint64_t not_decoded_ = 0;
};

// A partial group, and which it is of which worker.
struct Part {
  GroupKey key;
  std::uint32_t worker;
  std::uint32_t at;
};

bool earlier(const Part& a, const Part& b) { return a.key < b.key; }

// Sorts by merging what ascends already: with few segments that is nearly all.
void sort_parts(std::vector<Part>* parts) {
  std::vector<std::size_t> ends;
  for (std::size_t at = 1; at <= parts->size(); at += 1)
    if (at == parts->size() || earlier((*parts)[at], (*parts)[at - 1])) ends.push_back(at);
  std::vector<Part> other(parts->size());
  while (ends.size() > 1) {
    std::vector<std::size_t> merged;
    std::size_t begin = 0;
    for (std::size_t run = 0; run < ends.size(); run += 2) {
      const auto from = parts->begin() + static_cast<std::ptrdiff_t>(begin);
      const auto middle = parts->begin() + static_cast<std::ptrdiff_t>(ends[run]);
      const std::size_t end = ends[std::min(run + 1, ends.size() - 1)];
      const auto last = parts->begin() + static_cast<std::ptrdiff_t>(end);
      std::merge(from, middle, middle, last,
                 other.begin() + static_cast<std::ptrdiff_t>(begin), earlier);
      merged.push_back(end);
      begin = end;
    }
    parts->swap(other);
    ends.swap(merged);
  }
}

bool ascending(const std::vector<GroupKey>& keys) {
  for (std::size_t at = 1; at < keys.size(); at += 1)
    if (!(keys[at - 1] < keys[at])) return false;
  return true;
}

// One state per group, in order.
Groups merge_groups(const Work& work, std::span<Groups* const> workers) {
  if (workers.size() == 1 && ascending(workers.front()->keys))
    return std::move(*workers.front());
  std::vector<Part> parts;
  for (std::uint32_t worker = 0; worker < workers.size(); worker += 1)
    for (std::uint32_t at = 0; at < workers[worker]->keys.size(); at += 1)
      parts.push_back({workers[worker]->keys[at], worker, at});
  sort_parts(&parts);
  Groups groups;
  for (const AccumulatorKey& key : work.keys)
    groups.accumulators.push_back(make_accumulator(key, work.plan.schema()));
  for (const Part& part : parts) {
    if (groups.keys.empty() || groups.keys.back() != part.key) groups.begin(part.key);
    const Groups& from = *workers[part.worker];
    for (std::size_t at = 0; at < groups.accumulators.size(); at += 1)
      groups.accumulators[at]->merge(*from.accumulators[at], part.at);
  }
  return groups;
}

bool gives_wholes(const Aggregate& aggregate, const TableSchema& schema) {
  switch (aggregate.kind) {
    case AggregateKind::kMin:
    case AggregateKind::kMax:
    case AggregateKind::kFirst:
    case AggregateKind::kLast:
      return schema.columns[aggregate.column].type == ValueType::kI64;
    default:
      return false;
  }
}

void put_result(const Work& work, const Groups& groups, AggregateResult* result) {
  result->count = groups.keys.size();
  for (const GroupKey& key : groups.keys) {
    if (work.request.by_symbol) result->symbol.push_back(key.symbol);
    if (work.request.bucket_ns > 0) result->bucket.push_back(key.bucket);
  }
  for (const Aggregate& aggregate : work.request.aggregates) {
    const auto found = std::find(work.keys.begin(), work.keys.end(), accumulator_key(aggregate));
    AggregateColumn& column = result->columns.emplace_back();
    column.is_whole = gives_wholes(aggregate, work.plan.schema());
    groups.accumulators[static_cast<std::size_t>(found - work.keys.begin())]->finish(
        aggregate.kind, &column);
  }
}

Status check_request(const TableSchema& schema, const AggregateRequest& request) {
  if (request.aggregates.empty())
    return Status(Code::kInvalidArgument, "expected at least one aggregate");
  if (request.bucket_ns < 0 || request.bucket_ns > std::numeric_limits<std::int64_t>::max() / 2)
    return Status(Code::kInvalidArgument,
                  "a bucket of " + std::to_string(request.bucket_ns) + " ns");
  for (const Aggregate& aggregate : request.aggregates) {
    if (aggregate.kind == AggregateKind::kRows) continue;
    const std::size_t weight =
        aggregate.kind == AggregateKind::kVwap ? aggregate.weight : aggregate.column;
    for (const std::size_t column : {aggregate.column, weight}) {
      if (column >= schema.columns.size())
        return Status(Code::kInvalidArgument, "no column " + std::to_string(column));
      if (has_heap(schema.columns[column].type) && aggregate.kind != AggregateKind::kCount)
        return Status(Code::kInvalidArgument,
                      "column " + schema.columns[column].name + " can only be counted");
    }
  }
  return {};
}

void plan_work(Work* work) {
  std::vector<std::uint8_t> wanted(work->plan.schema().columns.size());
  for (const Aggregate& aggregate : work->request.aggregates) {
    const AccumulatorKey key = accumulator_key(aggregate);
    if (std::find(work->keys.begin(), work->keys.end(), key) != work->keys.end()) continue;
    work->keys.push_back(key);
    const std::unique_ptr<Accumulator> one = make_accumulator(key, work->plan.schema());
    work->needs_order |= one->needs_order();
    for (const std::size_t column : one->columns()) wanted[column] = 1;
  }
  for (const ColumnRange& range : work->plan.ranges()) wanted[range.column] = 1;
  for (std::size_t column = 0; column < wanted.size(); column += 1)
    if (wanted[column] != 0) work->columns.values.push_back(column);
  work->columns.time = work->needs_order || work->request.bucket_ns > 0;
  work->columns.sequence = work->needs_order;
}

}  // namespace

Status aggregate(const SeriesView& view, const AggregateRequest& request,
                 const ScanWorkers& workers, AggregateResult* result,
                 const ScanKernels& kernels) {
  *result = {};
  NDTS_TRY(check_request(*view.schema, request));
  ScanPlan plan;
  NDTS_TRY(ScanPlan::make(view, request.scan, &plan));
  Work work{request, plan, kernels, {}, {}};
  plan_work(&work);
  const std::size_t count = std::clamp<std::size_t>(plan.pieces().size(), 1, workers.count);
  std::vector<std::unique_ptr<AggregateWorker>> made(workers.count);
  // A worker that is never called is not made.
  workers.run([&](std::size_t at) {
    if (at >= count) return;
    made[at] = std::make_unique<AggregateWorker>(work);
    made[at]->run();
  });
  std::vector<Groups*> groups;
  for (const std::unique_ptr<AggregateWorker>& worker : made) {
    if (worker == nullptr) continue;
    NDTS_TRY(worker->status());
    groups.push_back(&worker->groups());
    result->rows_read += worker->rows_read();
    result->pieces_not_decoded += worker->not_decoded();
  }
  result->pieces = plan.pieces().size();
  Groups merged = merge_groups(work, groups);
  if (merged.keys.empty() && !work.is_grouped()) merged.begin({});
  put_result(work, merged, result);
  return {};
}

ScanWorkers scan_threads(std::size_t count) {
  return {count, [count](const std::function<void(std::size_t)>& body) {
            std::vector<std::unique_ptr<Thread>> others;
            for (std::size_t at = 1; at < count; at += 1)
              others.push_back(
                  std::make_unique<Thread>("ndts scan", [&body, at] { body(at); }));
            body(0);
          }};
}

std::vector<Aggregate> ohlcv(std::size_t price, std::size_t volume) {
  return {{AggregateKind::kFirst, price, 0},
          {AggregateKind::kMax, price, 0},
          {AggregateKind::kMin, price, 0},
          {AggregateKind::kLast, price, 0},
          {AggregateKind::kSum, volume, 0}};
}

}  // namespace ndts
