// Segments that go or come back on demand. See database.h.
#include "db/database.h"

namespace ndts {

Status Database::segments(std::uint32_t table, std::vector<SegmentRecord>* segments) {
  tend();
  SeriesTable* found = find(table);
  if (found == nullptr)
    return Status(Code::kNotFound, "there is no table " + std::to_string(table));
  for (const std::shared_ptr<const SegmentList>& shard : found->segments())
    for (const std::shared_ptr<const SegmentReader>& segment : *shard)
      segments->push_back(segment->record());
  return {};
}

Status Database::begin_change(SegmentChange change) {
  if (changing_) return Status(Code::kAlreadyExists, "segments are being changed");
  changing_ = true;
  background_->submit_change(std::move(change));
  return {};
}

std::optional<Status> Database::change_result() {
  if (!changing_) return std::nullopt;
  std::optional<Status> result = background_->collect_change();
  if (!result.has_value()) return std::nullopt;
  changing_ = false;
  tend();
  install_edits();
  return result;
}

Status Database::change_segments(SegmentChange change) {
  NDTS_TRY(begin_change(std::move(change)));
  const Status status = background_->wait_change();
  changing_ = false;
  tend();
  install_edits();
  return status;
}

}  // namespace ndts
