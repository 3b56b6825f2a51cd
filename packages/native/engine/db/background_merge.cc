// Merging segments in the background. See background.h.
#include <algorithm>
#include <map>
#include <tuple>

#include "base/crash_point.h"
#include "db/background.h"

namespace ndts {

namespace {

constexpr std::int64_t kMergeRetryNs = 1'000'000'000;

}  // namespace

bool Background::must_merge() const {
  if (manifest_.segments.size() < options_.day_segments_limit || merge_retry_at_ns_ != 0)
    return false;
  // A flush can't wait for what merging won't do: files too large to be merged stay as they are.
  if (merge_ == nullptr && planned_generation_ == manifest_.generation) return false;
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::int64_t>, std::uint32_t> counts;
  for (const SegmentRecord& segment : manifest_.segments)
    if ((counts[{segment.table, segment.shard, segment.day}] += 1) >= options_.day_segments_limit)
      return true;
  return false;
}

std::uint64_t Background::merge_in_background() {
  if (merge_retry_at_ns_ != 0 && options_.clock->monotonic_ns() < merge_retry_at_ns_) return 0;
  merge_retry_at_ns_ = 0;
  const std::uint64_t allowance = budget_.allowance();
  throttled_ = allowance == 0;
  if (throttled_ || (merge_ == nullptr && !begin_merge())) return 0;
  std::uint64_t bytes = 0;
  const Status status = merge_step(allowance, &bytes);
  budget_.took(bytes);
  const MutexLock lock(mutex_);
  stats_.merged_bytes += bytes;
  merge_failure_ = status;
  if (status.ok()) return bytes + 1;
  stats_.merge_failures += 1;
  merge_retry_at_ns_ = options_.clock->monotonic_ns() + kMergeRetryNs;
  return 0;
}

bool Background::begin_merge() {
  if (planned_generation_ == manifest_.generation) return false;
  const auto plan = plan_segments(manifest_.segments, options_.plan);
  if (!plan.has_value()) {
    planned_generation_ = manifest_.generation;
    return false;
  }
  SegmentList inputs;
  for (const std::uint64_t number : plan->inputs) inputs.push_back(readers_.at(number));
  SegmentRecord output = inputs.front()->record();
  output.number = manifest_.next_file++;
  output.version = kSegmentVersion;
  const TableSchema& schema = manifest_.find_table(output.table)->schema;
  merge_ = std::make_unique<RunningMerge>();
  merge_->inputs = plan->inputs;
  merge_->merge = std::make_unique<SegmentMerge>(files_, segment_path(dir_, output),
                                                 output.number, schema, std::move(inputs));
  return true;
}

// A merge that fails begins again from nothing; one whose manifest could not be written is
// written again.
Status Background::merge_step(std::uint64_t budget, std::uint64_t* bytes) {
  SegmentMerge& merge = *merge_->merge;
  if (!merge.ended()) {
    const Status status = merge.step(budget, bytes);
    if (!status.ok()) {
      merge.abandon();
      merge_.reset();
      return status;
    }
    if (!merge.ended()) return {};
  }
  return end_merge();
}

Status Background::end_merge() {
  RunningMerge& running = *merge_;
  const SegmentRecord& record = running.merge->record();
  NDTS_TRY(files_.sync_directory(tables_dir(dir_)));
  if (running.output == nullptr)
    NDTS_TRY(SegmentReader::open(files_, segment_path(dir_, record), &record, &running.output));
  crash_point("merge.file_written");
  Manifest next = manifest_;
  std::erase_if(next.segments, [&running](const SegmentRecord& segment) {
    return std::find(running.inputs.begin(), running.inputs.end(), segment.number) !=
           running.inputs.end();
  });
  next.segments.push_back(record);
  running.named = true;
  NDTS_TRY(commit(std::move(next)));
  crash_point("merge.manifest_written");
  for (const std::uint64_t number : running.inputs) {
    obsolete_.push_back(std::move(readers_.at(number)));
    readers_.erase(number);
  }
  readers_.emplace(record.number, running.output);
  const std::uint64_t duplicates = running.merge->duplicates();
  // Lets go of the inputs.
  SegmentEdit edit{record.table, record.shard, std::move(running.inputs),
                   {std::move(running.output)}};
  merge_.reset();
  publish({std::move(edit)});
  const MutexLock lock(mutex_);
  stats_.merges += 1;
  stats_.duplicates += duplicates;
  return {};
}

// Removes segments that no manifest lists and nobody reads.
void Background::sweep() {
  if (obsolete_.empty()) return;
  std::erase_if(obsolete_, [this](std::shared_ptr<const SegmentReader>& segment) {
    // One reference, ours: nobody can take a new one.
    if (segment.use_count() > 1) return false;
    const std::string path = segment->path();
    segment.reset();
    // Best effort: the next open removes what no manifest lists.
    static_cast<void>(files_.remove(path));
    return true;
  });
  const MutexLock lock(mutex_);
  stats_.obsolete_files = obsolete_.size();
}

}  // namespace ndts
