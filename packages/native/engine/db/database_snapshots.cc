// Snapshots of a database: in memory, and on disk behind a flush. See database.h.
#include <algorithm>

#include "db/database.h"

namespace ndts {

DatabaseSnapshot Database::snapshot() {
  tend();
  std::vector<SeriesView> views;
  for (const std::unique_ptr<SeriesTable>& table : tables_) views.push_back(table->view());
  return {wal_->accepted_position(), std::move(views), key_value_->snapshot()};
}

Status Database::begin_snapshot(const std::string& name) {
  NDTS_TRY(check_snapshot_name(name));
  if (snapshot_running_ || !wanted_snapshot_.empty())
    return Status(Code::kAlreadyExists, "a snapshot is being made");
  if (is_snapshot(*options_.files, snapshot_folder(options_.dir, name)))
    return Status(Code::kAlreadyExists, "there is a snapshot of this name",
                  snapshot_folder(options_.dir, name));
  wanted_snapshot_ = name;
  snapshot_running_ = true;
  snapshot_result_.reset();
  tend();
  return {};
}

std::optional<Status> Database::snapshot_result() {
  tend();
  // It is made behind a flush: while that can't be written, neither can the snapshot.
  if (snapshot_running_ && failed_ != nullptr) {
    wanted_snapshot_.clear();
    failed_->snapshot.clear();
    snapshot_running_ = false;
    snapshot_failures_ += 1;
    return failed_->status;
  }
  std::optional<Status> result = std::move(snapshot_result_);
  snapshot_result_.reset();
  return result;
}

Status Database::write_snapshot(const std::string& name) {
  NDTS_TRY(begin_snapshot(name));
  for (;;) {
    if (std::optional<Status> result = snapshot_result(); result.has_value()) return *result;
    if (background_->busy()) install(background_->wait());
    install_edits();
  }
}

bool Database::snapshot_due() {
  if (!wanted_snapshot_.empty()) return true;
  if (options_.snapshot_interval_ns == 0 || snapshot_running_) return false;
  const std::int64_t now = options_.clock->monotonic_ns();
  if (snapshot_at_ns_ == 0) snapshot_at_ns_ = now;
  if (now - snapshot_at_ns_ < options_.snapshot_interval_ns) return false;
  snapshot_at_ns_ = now;
  // The same state again needs no snapshot.
  if (snapshots_ > 0 && wal_->accepted_position() == snapshot_position_) return false;
  wanted_snapshot_ = std::string(kOwnSnapshotPrefix) + std::to_string(options_.clock->wall_ns());
  return true;
}

void Database::note_snapshot(const FlushJob& job) {
  if (job.snapshot.empty()) return;
  if (job.snapshot_status.ok()) {
    snapshots_ += 1;
    snapshot_position_ = job.position;
  } else {
    snapshot_failures_ += 1;
  }
  if (snapshot_running_) snapshot_result_ = job.snapshot_status;
  snapshot_running_ = false;
}

Status Database::list_snapshots(std::vector<SnapshotInfo>* snapshots) const {
  return ndts::list_snapshots(*options_.files, options_.dir, snapshots);
}

Status Database::remove_snapshot(const std::string& name) {
  if (snapshot_running_ || background_->makes_snapshot())
    return Status(Code::kAlreadyExists, "a snapshot is being made");
  return ndts::remove_snapshot(*options_.files, options_.dir, name);
}

}  // namespace ndts
