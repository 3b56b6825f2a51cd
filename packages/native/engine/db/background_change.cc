// Segments that go, or come back, because somebody asked for it: days that are older than they are
// kept, days out of an archive. See background.h.
#include <algorithm>
#include <map>
#include <utility>

#include "base/crash_point.h"
#include "db/background.h"

namespace ndts {

namespace {

std::string name_of(const SegmentRecord& segment) {
  return "segment " + std::to_string(segment.number);
}

bool overlap(const SegmentReader& one, const SegmentReader& other) {
  for (const SegmentRange& a : one.ranges())
    for (const SegmentRange& b : other.ranges())
      if (a.epoch == b.epoch && a.first_sequence < b.end_sequence &&
          b.first_sequence < a.end_sequence)
        return true;
  return false;
}

}  // namespace

void Background::submit_change(SegmentChange change) {
  const MutexLock lock(mutex_);
  change_ = std::move(change);
  change_result_.reset();
  if (thread_ != nullptr) thread_->wake();
}

std::optional<Status> Background::collect_change() {
  const MutexLock lock(mutex_);
  return std::exchange(change_result_, std::nullopt);
}

Status Background::wait_change() {
  if (thread_ == nullptr) step();
  MutexLock lock(mutex_);
  while (!change_result_.has_value()) ended_.wait(lock);
  return *std::exchange(change_result_, std::nullopt);
}

bool Background::run_change() {
  std::optional<SegmentChange> wanted;
  {
    const MutexLock lock(mutex_);
    wanted = std::exchange(change_, std::nullopt);
  }
  if (!wanted.has_value()) return false;
  Status status = change(*wanted);
  const MutexLock lock(mutex_);
  change_result_ = std::move(status);
  ended_.notify_all();
  return true;
}

Status Background::change(const SegmentChange& wanted) {
  // A merge of what goes would bring it back. One that a manifest may name already is ended.
  if (merge_ != nullptr && merge_->output != nullptr) NDTS_TRY(end_merge());
  if (merge_ != nullptr) merge_->merge->abandon();
  merge_.reset();
  Manifest next = manifest_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, SegmentEdit> edits;
  const auto edit_of = [&edits](const SegmentRecord& segment) -> SegmentEdit& {
    SegmentEdit& edit = edits[{segment.table, segment.shard}];
    edit.table = segment.table;
    edit.shard = segment.shard;
    return edit;
  };
  for (const std::uint64_t number : wanted.removed) {
    const auto found = std::find_if(
        next.segments.begin(), next.segments.end(),
        [number](const SegmentRecord& segment) { return segment.number == number; });
    if (found == next.segments.end())
      return Status(Code::kNotFound,
                    "segment " + std::to_string(number) + " is not there (any more)");
    edit_of(*found).removed.push_back(number);
    next.segments.erase(found);
  }
  SegmentList added;
  NDTS_TRY(move_in(wanted, next, &added));
  for (const std::shared_ptr<const SegmentReader>& segment : added) {
    next.segments.push_back(segment->record());
    edit_of(segment->record()).added.push_back(segment);
  }
  if (edits.empty()) return {};
  NDTS_TRY(commit(std::move(next)));
  crash_point("change.manifest_written");
  for (const std::uint64_t number : wanted.removed) {
    obsolete_.push_back(std::move(readers_.at(number)));
    readers_.erase(number);
  }
  for (const std::shared_ptr<const SegmentReader>& segment : added)
    readers_.emplace(segment->record().number, segment);
  std::vector<SegmentEdit> all;
  for (auto& [key, edit] : edits) all.push_back(std::move(edit));
  publish(std::move(all));
  return {};
}

// Files that were moved and are not listed in the end are strays: the next open removes them.
Status Background::move_in(const SegmentChange& wanted, const Manifest& next,
                           SegmentList* added) {
  for (const std::string& path : wanted.added) {
    std::shared_ptr<const SegmentReader> segment;
    NDTS_TRY(SegmentReader::open(files_, path, nullptr, &segment));
    NDTS_TRY(check_old(*segment, next));
    for (const std::shared_ptr<const SegmentReader>& other : *added)
      if (other->record().number == segment->record().number)
        return Status(Code::kInvalidArgument, name_of(segment->record()) + " is given twice", path);
    added->push_back(std::move(segment));
  }
  for (std::shared_ptr<const SegmentReader>& segment : *added) {
    const SegmentRecord record = segment->record();
    const std::string from = segment->path();
    const std::string to = segment_path(dir_, record);
    NDTS_TRY(files_.rename(from, to));
    NDTS_TRY(SegmentReader::open(files_, to, &record, &segment));
  }
  if (!added->empty()) NDTS_TRY(files_.sync_directory(tables_dir(dir_)));
  crash_point("change.files_moved");
  return {};
}

// Is it a segment of this database that is not in it? A file of another one has other symbols, or
// sequences that were never given out here.
Status Background::check_old(const SegmentReader& segment, const Manifest& next) const {
  const SegmentRecord& record = segment.record();
  const auto refused = [&segment](Code code, const std::string& why) {
    return Status(code, why, segment.path());
  };
  const auto table = std::find_if(
      next.tables.begin(), next.tables.end(),
      [&record](const TableProgress& one) { return one.schema.id == record.table; });
  if (table == next.tables.end() || table->schema.columns != segment.schema().columns)
    return refused(Code::kInvalidArgument, "there is no table with these columns");
  if (record.shard >= table->shards.size() || record.number >= next.next_file ||
      record.end_sequence > table->shards[record.shard].sealed_sequence)
    return refused(Code::kInvalidArgument, "the segment is not of this database");
  for (const SegmentName& entry : segment.names()) {
    const SymbolInfo* known = symbols_.find(entry.symbol);
    if (known == nullptr || known->shard != record.shard || known->name != segment.name(entry))
      return refused(Code::kInvalidArgument,
                     "symbol " + std::string(segment.name(entry)) + " is not one of this database");
  }
  for (const std::shared_ptr<const SegmentReader>& old : obsolete_)
    if (old->record().number == record.number)
      return refused(Code::kUnavailable, "somebody still reads the same segment: try again");
  for (const auto& entry : readers_) {
    const SegmentReader& other = *entry.second;
    const SegmentRecord& there = other.record();
    const bool listed = std::any_of(
        next.segments.begin(), next.segments.end(),
        [&there](const SegmentRecord& one) { return one.number == there.number; });
    if (!listed) continue;
    const bool same_day = there.table == record.table && there.shard == record.shard &&
                          there.day == record.day;
    if (there.number == record.number || (same_day && overlap(other, segment)))
      return refused(Code::kAlreadyExists, "its rows are in " + name_of(there));
  }
  return {};
}

}  // namespace ndts
