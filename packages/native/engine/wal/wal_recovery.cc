// See wal_recovery.h.
#include "wal/wal_recovery.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "wal/staging.h"
#include "wal/wal_reader.h"

namespace ndts {

namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

struct FoundFile {
  std::string path;
  WalFileHeader header;
  std::uint64_t limit;  // its entries count below this position
};

class Recovery {
 public:
  Recovery(const WalOptions& options, const Wal::Replay& replay, RecoveredLog* log)
      : options_(options), replay_(replay), log_(*log) {}

  Status run() {
    NDTS_TRY(find_files());
    if (found_.empty()) {
      if (options_.replay_from == 0) return Status::success();
      return Status(Code::kCorrupt, "the log files are missing", options_.dir,
                    options_.replay_from);
    }
    NDTS_TRY(read_files());
    NDTS_TRY(read_staging());
    if (log_.end < options_.replay_from)
      return Status(Code::kCorrupt,
                    "the log ends at position " + std::to_string(log_.end) +
                        ", but was durable up to " + std::to_string(options_.replay_from),
                    found_.back().path, last_offset_);
    return Status::success();
  }

 private:
  Status find_files();
  Status check_order(const FoundFile& before, const FoundFile& file) const;
  Status read_files();
  Status read_file(const FoundFile& file);
  Status read_last(const FoundFile& file);
  Status read_staging();
  Status replay_staged(const Staging& staging);
  Status deliver(const WalEntryHeader& header, std::uint64_t end, Bytes payload);

  const WalOptions& options_;
  const Wal::Replay& replay_;
  RecoveredLog& log_;
  std::vector<FoundFile> found_;
  std::uint64_t last_offset_ = 0;  // where the good entries of the last file end
};

Status Recovery::find_files() {
  std::vector<std::string> names;
  NDTS_TRY(options_.files->list(options_.dir, &names));
  for (const std::string& name : names) {
    const auto sequence = wal_sequence_of(name);
    if (!sequence) continue;
    FoundFile file{options_.dir + "/" + name, {}, kNoLimit};
    NDTS_TRY(WalReader::read_header(*options_.files, file.path, &file.header));
    if (file.header.file_sequence != *sequence)
      return Status(Code::kCorrupt, "the header names another file", file.path, 0);
    if (!found_.empty()) NDTS_TRY(check_order(found_.back(), file));
    found_.push_back(std::move(file));
  }
  for (std::size_t at = found_.size(); at-- > 1;)
    found_[at - 1].limit = std::min(found_[at].limit, found_[at].header.previous_end);
  for (const FoundFile& file : found_)
    log_.files.push_back({file.path, file.header.previous_end, file.header.start_position,
                          file.header.file_bytes});
  if (found_.empty()) return Status::success();
  log_.log_id = found_.back().header.log_id;
  log_.epoch = found_.back().header.epoch;
  log_.last_sequence = found_.back().header.file_sequence;
  return Status::success();
}

Status Recovery::check_order(const FoundFile& before, const FoundFile& file) const {
  if (file.header.log_id != before.header.log_id)
    return Status(Code::kCorrupt, "the file belongs to another log", file.path, 0);
  if (file.header.epoch < before.header.epoch)
    return Status(Code::kCorrupt, "the epoch is older than that of the file before", file.path,
                  0);
  return Status::success();
}

Status Recovery::read_files() {
  bool first = true;
  for (std::size_t at = 0; at < found_.size(); ++at) {
    const FoundFile& file = found_[at];
    const bool last = at + 1 == found_.size();
    // Wholly in segments, or superseded by a later file.
    if (!last && (file.limit <= options_.replay_from || file.header.start_position >= file.limit))
      continue;
    if (first && file.header.previous_end > options_.replay_from)
      return Status(Code::kCorrupt,
                    "the log begins at position " +
                        std::to_string(file.header.previous_end) + ", expected " +
                        std::to_string(options_.replay_from) + " or less: a file is missing",
                    file.path, 0);
    first = false;
    ++log_.report.files_read;
    NDTS_TRY(last ? read_last(file) : read_file(file));
  }
  return Status::success();
}

// A file that another one follows: everything below its limit was durable.
Status Recovery::read_file(const FoundFile& file) {
  std::unique_ptr<WalReader> reader;
  NDTS_TRY(WalReader::open(*options_.files, file.path, &reader));
  WalEntry entry{};
  while (reader->position() < file.limit && reader->next(&entry))
    NDTS_TRY(deliver(entry.header, entry.end, entry.payload));
  if (reader->position() == file.limit) return Status::success();
  return Status(Code::kCorrupt,
                "bad entry at position " + std::to_string(reader->position()) +
                    "; a later file says it was durable",
                file.path, reader->file_offset());
}

Status Recovery::read_last(const FoundFile& file) {
  std::unique_ptr<WalReader> reader;
  NDTS_TRY(WalReader::open(*options_.files, file.path, &reader));
  std::uint64_t confirmed = file.header.previous_end;
  bool sealed = false;
  WalEntry entry{};
  while (reader->next(&entry)) {
    confirmed = std::max(confirmed, entry.header.durable);
    sealed = entry.header.kind == kWalSealKind && entry.header.durable == entry.header.position;
    NDTS_TRY(deliver(entry.header, entry.end, entry.payload));
  }
  const WalTail tail = reader->inspect_tail();
  if (tail.was_durable)
    return Status(Code::kCorrupt,
                  "bad entry at position " + std::to_string(reader->position()) +
                      "; a later entry says it was durable",
                  file.path, reader->file_offset());
  last_offset_ = reader->file_offset();
  log_.end = reader->position();
  log_.confirmed = confirmed;
  log_.report.clean = sealed && tail.torn_bytes == 0;
  if (log_.report.clean) return Status::success();
  log_.unknown_bytes = file.header.staging_bytes;
  log_.report.torn_bytes = tail.torn_bytes + reader->missing_bytes();
  if (log_.report.torn_bytes > 0) {
    log_.report.torn_file = file.path;
    log_.report.torn_offset = last_offset_;
  }
  const std::uint64_t begin = std::max(confirmed, file.header.start_position);
  const Bytes image = reader->image(begin, log_.end);
  log_.survivors.assign(image.begin(), image.end());
  log_.survivors_at = begin;
  return Status::success();
}

Status Recovery::read_staging() {
  std::unique_ptr<Staging> staging;
  const Status status =
      Staging::open(*options_.files, options_.staging_path,
                    {log_.log_id, log_.epoch, 0, options_.files->boot_id()}, &staging);
  if (status.code() == Code::kNotFound) return Status::success();
  NDTS_TRY(status);
  if (log_.end < staging->least_durable())
    return Status(Code::kCorrupt,
                  "bad entry at position " + std::to_string(log_.end) +
                      "; the staging memory says it was durable",
                  found_.back().path, last_offset_);
  NDTS_TRY(replay_staged(*staging));
  // All positions given out are known, and nothing of what the file's tail was to hold is missing.
  log_.unknown_bytes = 0;
  log_.report.torn_bytes = 0;
  log_.report.torn_file.clear();
  log_.report.torn_offset = 0;
  return Status::success();
}

// Goes on from where the files end for as long as there are whole entries, below the tail or not:
// one above it was about to be accepted. One missing below it is damage. A seal is the last entry.
Status Recovery::replay_staged(const Staging& staging) {
  const std::uint64_t limit = log_.end + staging.ring_bytes();
  std::vector<std::byte> entry;
  while (!log_.report.clean && staging.read_entry(log_.end, limit - log_.end, &entry)) {
    const auto header = load<WalEntryHeader>(entry.data());
    const std::uint64_t before = log_.report.replayed_entries;
    NDTS_TRY(deliver(header, log_.end + entry.size(),
                     Bytes(entry).subspan(sizeof(header), header.payload_bytes)));
    log_.report.staged_entries += log_.report.replayed_entries - before;
    log_.survivors.insert(log_.survivors.end(), entry.begin(), entry.end());
    log_.end += entry.size();
  }
  if (log_.end >= staging.least_tail()) return Status::success();
  return Status(Code::kCorrupt,
                "bad entry at position " + std::to_string(log_.end) +
                    "; it was accepted up to " + std::to_string(staging.least_tail()),
                options_.staging_path, kWalEntriesOffset + log_.end % staging.ring_bytes());
}

Status Recovery::deliver(const WalEntryHeader& header, std::uint64_t end, Bytes payload) {
  if (end <= options_.replay_from || header.kind > kWalUserKindMax) return Status::success();
  ++log_.report.replayed_entries;
  return replay_({header.kind, header.shard, end, header.durable, header.wall_time, payload});
}

}  // namespace

Status recover_log(const WalOptions& options, const Wal::Replay& replay, RecoveredLog* log) {
  return Recovery(options, replay, log).run();
}

}  // namespace ndts
