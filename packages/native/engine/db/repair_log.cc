// See repair_log.h.
#include "db/repair_log.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "wal/staging.h"
#include "wal/wal_reader.h"

namespace ndts {

namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();
// Positions that may have been given out, where no header says it.
constexpr std::uint64_t kUnknownBytes = 64u << 20;

struct FoundLog {
  std::string path;
  std::uint64_t sequence;
  Status status;  // of the header; of a place in the order, too
  WalFileHeader header{};
  std::uint64_t limit = kNoLimit;  // its entries count below this position
};

// The file that is read, and what of it stays.
struct ReadLog {
  const FoundLog* file = nullptr;
  std::unique_ptr<WalReader> reader;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;  // of its own entries that stay
  bool sealed = false;  // nothing was accepted after it
  bool changed = false;  // it must be written again
};

class LogCheck {
 public:
  LogCheck(const LogCheckOptions& options, const TakeEntry& take, LogRepair* repair)
      : options_(options), take_(take), repair_(*repair) {}

  Status run();

 private:
  Status find_files();
  Status check_order(const FoundLog& file) const;
  bool find_start();
  void lose_all();
  Status read_files();
  Status read_file(std::size_t at, bool* cut);
  Status read_entries(bool last, Status* refused);
  Status judge_end(std::size_t at, const Status& refused, bool* cut);
  Status drop_from(std::size_t at, const Status& status);
  Status count_lost(const FoundLog& file, RepairFinding* finding);
  Status read_staging();
  Status take_staged(const Staging& staging, Status* refused);
  void end_too_early();
  void write_file(const ReadLog& log, const std::vector<std::byte>& staged);
  void write_fresh();
  RepairFinding& add_finding(const Status& status, const std::string& file,
                             std::uint64_t offset);

  [[nodiscard]] bool is_last(std::size_t at) const { return at + 1 == usable_; }
  void note_position(std::uint64_t position) { reached_ = std::max(reached_, position); }

  const LogCheckOptions& options_;
  const TakeEntry& take_;
  LogRepair& repair_;
  std::vector<FoundLog> found_;
  std::size_t start_ = 0;   // the first that is needed
  std::size_t usable_ = 0;  // from this one on they are not usable
  ReadLog read_;
  std::uint64_t saved_ = 0;    // entries taken
  std::uint64_t reached_ = 0;  // the greatest position seen anywhere
  std::vector<std::byte> staged_;  // entries that only staging memory has
  std::uint64_t staged_end_ = 0;   // where they end
};

RepairFinding& LogCheck::add_finding(const Status& status, const std::string& file,
                                     std::uint64_t offset) {
  RepairFinding& finding = repair_.findings.emplace_back();
  finding.file = file;
  finding.offset = offset;
  finding.what = status.message();
  return finding;
}

Status LogCheck::check_order(const FoundLog& file) const {
  if (file.header.file_sequence != file.sequence)
    return Status(Code::kCorrupt, "the header names another file", file.path, 0);
  for (auto before = found_.rbegin(); before != found_.rend(); ++before) {
    if (!before->status.ok()) continue;
    if (file.header.log_id != before->header.log_id)
      return Status(Code::kCorrupt, "the file belongs to another log", file.path, 0);
    if (file.header.epoch < before->header.epoch)
      return Status(Code::kCorrupt, "the epoch is older than that of the file before", file.path,
                    0);
    break;
  }
  return {};
}

Status LogCheck::find_files() {
  if (!options_.files->exists(options_.dir)) return {};
  std::vector<std::string> names;
  NDTS_TRY(options_.files->list(options_.dir, &names));
  for (const std::string& name : names) {
    const auto sequence = wal_sequence_of(name);
    if (!sequence) continue;
    FoundLog file{options_.dir + "/" + name, *sequence, {}};
    file.status = WalReader::read_header(*options_.files, file.path, &file.header);
    if (!file.status.ok() && file.status.code() != Code::kCorrupt) return file.status;
    if (file.status.ok()) file.status = check_order(file);
    if (file.status.ok()) note_position(file.header.start_position);
    found_.push_back(std::move(file));
  }
  return {};
}

// The last file that begins at or below the position: what is before it is in files.
bool LogCheck::find_start() {
  start_ = found_.size();
  for (std::size_t at = 0; at < found_.size(); at += 1)
    if (found_[at].status.ok() && found_[at].header.previous_end <= options_.position)
      start_ = at;
  if (start_ == found_.size()) return false;
  usable_ = start_;
  while (usable_ < found_.size() && found_[usable_].status.ok()) usable_ += 1;
  for (std::size_t at = usable_; at-- > start_ + 1;)
    found_[at - 1].limit = std::min(found_[at].limit, found_[at].header.previous_end);
  return true;
}

Status LogCheck::run() {
  NDTS_TRY(find_files());
  note_position(options_.position);
  if (found_.empty() && options_.position == 0) return {};
  if (!find_start()) {
    lose_all();
    return {};
  }
  for (std::size_t at = 0; at < start_; at += 1) {
    if (found_[at].status.ok()) continue;
    RepairFinding& finding =
        add_finding(found_[at].status, found_[at].path, found_[at].status.offset());
    finding.note = "what it held is in other files";
    repair_.removed.push_back(found_[at].path);
  }
  return read_files();
}

// Nothing of the log can be used: it begins anew behind what is in files.
void LogCheck::lose_all() {
  Status status(Code::kCorrupt, "the log files are missing");
  std::string file = options_.dir;
  if (!found_.empty()) {
    file = found_.front().path;
    status = found_.front().status;
    if (status.ok())
      status = Status(Code::kCorrupt,
                      "the log begins at position " +
                          std::to_string(found_.front().header.previous_end) + ", expected " +
                          std::to_string(options_.position) + " or less: a file is missing");
  }
  RepairFinding& finding = add_finding(status, file, status.offset());
  finding.lost_unknown = true;
  for (const FoundLog& lost : found_) {
    repair_.removed.insert(repair_.removed.begin(), lost.path);
    // Only a number: what cannot be read has no entries to count.
    static_cast<void>(count_lost(lost, &finding));
  }
  if (options_.files->exists(options_.staging_path)) repair_.staging = options_.staging_path;
  write_fresh();
}

Status LogCheck::read_files() {
  bool cut = false;
  for (std::size_t at = start_; at < usable_ && !cut; at += 1) {
    const FoundLog& file = found_[at];
    if (!is_last(at) &&
        (file.limit <= options_.position || file.header.start_position >= file.limit))
      continue;
    NDTS_TRY(read_file(at, &cut));
  }
  if (!cut && usable_ < found_.size()) {
    NDTS_TRY(drop_from(usable_, found_[usable_].status));
    cut = true;
  }
  if (!cut) NDTS_TRY(read_staging());
  if (cut && options_.files->exists(options_.staging_path))
    repair_.staging = options_.staging_path;
  if (std::max(read_.end, staged_end_) < options_.position) end_too_early();
  if (read_.changed || !staged_.empty()) write_file(read_, staged_);
  return {};
}

Status LogCheck::read_file(std::size_t at, bool* cut) {
  const FoundLog& file = found_[at];
  read_ = {};
  read_.file = &file;
  read_.begin = file.header.start_position;
  NDTS_TRY(WalReader::open(*options_.files, file.path, &read_.reader));
  Status refused;
  NDTS_TRY(read_entries(is_last(at), &refused));
  NDTS_TRY(judge_end(at, refused, cut));
  // A file that another one follows and that is kept in part is written before its successor is
  // looked at.
  if (!*cut && !is_last(at) && read_.changed) write_file(read_, {});
  return {};
}

Status LogCheck::read_entries(bool last, Status* refused) {
  WalReader& reader = *read_.reader;
  WalEntry entry{};
  read_.end = reader.position();
  while ((last || reader.position() < read_.file->limit) && reader.next(&entry)) {
    const WalEntryHeader& header = entry.header;
    read_.sealed = header.kind == kWalSealKind && header.durable == header.position;
    if (entry.end > options_.position && header.kind <= kWalUserKindMax) {
      const Status taken = take_({header.kind, header.shard, entry.end, header.durable,
                                  header.wall_time, entry.payload});
      if (!taken.ok() && taken.code() != Code::kCorrupt) return taken;
      if (!taken.ok()) {
        *refused = Status(Code::kCorrupt,
                          "entry at position " + std::to_string(header.position) + ": " +
                              taken.message(),
                          read_.file->path, entry.file_offset);
        static_cast<void>(reader.seek(header.position));
        return {};
      }
      saved_ += 1;
    }
    read_.end = entry.end;
    note_position(entry.end);
  }
  return {};
}

// Is the place where the entries end as it should be? What cannot be used is cut off there.
Status LogCheck::judge_end(std::size_t at, const Status& refused, bool* cut) {
  const FoundLog& file = found_[at];
  const WalTail tail = read_.reader->inspect_tail();
  Status status = refused;
  if (status.ok()) {
    const bool whole = !is_last(at) && read_.end == file.limit;
    if (whole || (is_last(at) && !tail.was_durable)) {
      read_.sealed = read_.sealed && tail.torn_bytes == 0;
      return {};
    }
    status = Status(Code::kCorrupt,
                    "bad entry at position " + std::to_string(read_.end) + "; a later " +
                        (is_last(at) ? "entry" : "file") + " says it was durable",
                    file.path, read_.reader->file_offset());
  }
  read_.changed = true;
  if (read_.end < options_.position && read_.reader->seek(options_.position)) {
    add_finding(status, file.path, status.offset()).note = "what it held there is in other files";
    read_.begin = options_.position;
    Status again;
    NDTS_TRY(read_entries(is_last(at), &again));
    return judge_end(at, again, cut);
  }
  *cut = true;
  RepairFinding& finding = add_finding(status, file.path, status.offset());
  finding.saved.entries = saved_;
  finding.lost.entries = tail.entries + 1;
  note_position(std::max(tail.end, read_.end + tail.torn_bytes));
  for (std::size_t later = found_.size(); later-- > at + 1;) {
    repair_.removed.push_back(found_[later].path);
    NDTS_TRY(count_lost(found_[later], &finding));
  }
  return {};
}

// Files from this one on are of no use.
Status LogCheck::drop_from(std::size_t at, const Status& status) {
  RepairFinding& finding = add_finding(status, found_[at].path, status.offset());
  finding.saved.entries = saved_;
  finding.lost_unknown = true;
  read_.changed = true;
  for (std::size_t later = found_.size(); later-- > at;) {
    repair_.removed.push_back(found_[later].path);
    NDTS_TRY(count_lost(found_[later], &finding));
  }
  return {};
}

Status LogCheck::count_lost(const FoundLog& file, RepairFinding* finding) {
  if (!file.status.ok()) return {};
  std::unique_ptr<WalReader> reader;
  NDTS_TRY(WalReader::open(*options_.files, file.path, &reader));
  WalEntry entry{};
  while (reader->next(&entry)) {
    note_position(entry.end);
    if (entry.header.kind <= kWalUserKindMax) finding->lost.entries += 1;
  }
  const WalTail tail = reader->inspect_tail();
  note_position(tail.end);
  finding->lost.entries += tail.entries;
  return {};
}

// As recovery does: what stands in staging memory follows on the files.
Status LogCheck::read_staging() {
  if (options_.staging_path.empty()) return {};
  std::unique_ptr<Staging> staging;
  const WalFileHeader& header = read_.file->header;
  Status status = Staging::open(*options_.files, options_.staging_path,
                                {header.log_id, header.epoch, 0, options_.files->boot_id()},
                                &staging);
  if (status.code() == Code::kNotFound) return {};
  if (status.code() == Code::kCorrupt) {
    add_finding(status, options_.staging_path, status.offset()).lost_unknown = true;
    repair_.staging = options_.staging_path;
    read_.changed = true;
    return {};
  }
  NDTS_TRY(status);
  const std::uint64_t end = read_.end;
  const std::uint64_t durable = staging->least_durable();
  const std::uint64_t offset = read_.reader->file_offset();
  Status refused;
  NDTS_TRY(take_staged(*staging, &refused));
  const std::uint64_t tail = staging->least_tail();
  if (refused.ok() && end < durable)
    add_finding(Status(Code::kCorrupt, "bad entry at position " + std::to_string(end) +
                                           "; the staging memory says it was durable"),
                read_.file->path, offset)
        .saved.entries = saved_;
  if (refused.ok() && staged_end_ < tail)
    refused = Status(Code::kCorrupt, "bad entry at position " + std::to_string(staged_end_) +
                                         "; it was accepted up to " + std::to_string(tail));
  if (!refused.ok()) {
    RepairFinding& finding = add_finding(refused, options_.staging_path,
                                         kWalEntriesOffset + staged_end_ % staging->ring_bytes());
    finding.saved.entries = saved_;
    finding.lost_unknown = true;
  }
  if (refused.ok() && end >= durable) {
    staged_.clear();  // it is as it should be, and the open does the same
    return {};
  }
  note_position(tail);
  read_.changed = true;
  repair_.staging = options_.staging_path;
  return {};
}

Status LogCheck::take_staged(const Staging& staging, Status* refused) {
  const std::uint64_t limit = read_.end + staging.ring_bytes();
  std::vector<std::byte> entry;
  staged_end_ = read_.end;
  while (!read_.sealed && staging.read_entry(staged_end_, limit - staged_end_, &entry)) {
    const auto header = load<WalEntryHeader>(entry.data());
    const std::uint64_t end = staged_end_ + entry.size();
    if (end > options_.position && header.kind <= kWalUserKindMax) {
      const Status taken =
          take_({header.kind, header.shard, end, header.durable, header.wall_time,
                 Bytes(entry).subspan(sizeof header, header.payload_bytes)});
      if (!taken.ok() && taken.code() != Code::kCorrupt) return taken;
      *refused = taken;
      if (!taken.ok()) return {};
      saved_ += 1;
    }
    staged_.insert(staged_.end(), entry.begin(), entry.end());
    staged_end_ = end;
  }
  return {};
}

// Everything up to the position is in files; the log only has to go on from there.
void LogCheck::end_too_early() {
  if (repair_.findings.empty())
    add_finding(Status(Code::kCorrupt,
                       "the log ends at position " + std::to_string(read_.end) +
                           ", but was durable up to " + std::to_string(options_.position)),
                read_.file->path, read_.reader->file_offset())
        .lost_unknown = true;
  if (options_.files->exists(options_.staging_path)) repair_.staging = options_.staging_path;
  staged_.clear();
  read_.begin = read_.end = options_.position;
  read_.changed = true;
}

// The same file again with the entries that stay, which keep their places and checksums, and with
// those from staging memory, which get theirs.
void LogCheck::write_file(const ReadLog& log, const std::vector<std::byte>& staged) {
  WalFileHeader header = log.file->header;
  if (log.begin != header.start_position) header.previous_end = log.begin;
  header.start_position = log.begin;
  const std::uint64_t in_file = log.end - log.begin;
  const std::uint64_t end = log.end + staged.size();
  header.file_bytes = kWalEntriesOffset + in_file + staged.size();
  // Positions that what is lost had are not given out again.
  header.staging_bytes = align_up(header.staging_bytes + (reached_ - std::min(reached_, end)),
                                  kWalEntriesOffset);
  header.checksum = wal_header_checksum(header);
  LogRepair::Written& written = repair_.written.emplace_back();
  written.path = log.file->path;
  written.content.resize(kWalEntriesOffset);
  store(written.content.data(), header);
  if (in_file > 0) {
    const Bytes image = log.reader->image(log.begin, log.begin + in_file);
    written.content.insert(written.content.end(), image.begin(), image.end());
  }
  for (std::size_t at = 0; at < staged.size();) {
    const auto entry = load<WalEntryHeader>(staged.data() + at);
    const std::uint64_t bytes = wal_entry_bytes(entry.payload_bytes);
    const Bytes covered = Bytes(staged).subspan(at + sizeof entry.checksum,
                                                bytes - sizeof entry.checksum);
    const std::uint32_t checksum = crc32c(wal_entry_seed(header), covered);
    const Bytes parts[] = {bytes_of(checksum), covered};
    for (const Bytes part : parts)
      written.content.insert(written.content.end(), part.begin(), part.end());
    at += bytes;
  }
}

// A file without entries, behind all there was.
void LogCheck::write_fresh() {
  WalFileHeader header{};
  header.version = kWalVersion;
  header.magic = kWalMagic;
  header.file_sequence = found_.empty() ? 1 : found_.back().sequence + 1;
  header.staging_bytes = kUnknownBytes;
  for (const FoundLog& file : found_) {
    if (!file.status.ok()) continue;
    header.log_id = file.header.log_id;
    header.epoch = file.header.epoch;
    header.staging_bytes = std::max(header.staging_bytes, file.header.staging_bytes);
  }
  header.epoch += 1;
  header.wall_time = options_.clock->wall_ns();
  if (header.log_id == 0)
    header.log_id = static_cast<std::uint64_t>(header.wall_time) << 32 |
                    crc32c(1, bytes_of_text(options_.dir));
  header.previous_end = header.start_position = options_.position;
  header.staging_bytes += align_up(reached_ - options_.position, kWalEntriesOffset);
  header.file_bytes = kWalEntriesOffset;
  header.checksum = wal_header_checksum(header);
  LogRepair::Written& written = repair_.written.emplace_back();
  written.path = options_.dir + "/" + wal_file_name(header.file_sequence);
  written.content.resize(kWalEntriesOffset);
  store(written.content.data(), header);
}

}  // namespace

Status find_log_begin(FileSystem& files, const std::string& dir, std::uint64_t* position) {
  *position = 0;
  if (!files.exists(dir)) return {};
  std::vector<std::string> names;
  NDTS_TRY(files.list(dir, &names));
  for (const std::string& name : names) {
    if (!wal_sequence_of(name).has_value()) continue;
    WalFileHeader header{};
    const Status status = WalReader::read_header(files, dir + "/" + name, &header);
    if (status.code() == Code::kCorrupt) continue;
    *position = header.previous_end;
    return status;
  }
  return {};
}

Status check_log(const LogCheckOptions& options, const TakeEntry& take, LogRepair* repair) {
  return LogCheck(options, take, repair).run();
}

}  // namespace ndts
