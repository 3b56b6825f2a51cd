// See wal_files.h.
#include "wal/wal_files.h"

#include <algorithm>
#include <utility>

#include "base/crash_point.h"

namespace ndts {

namespace {

constexpr std::uint64_t kZeroBytes = 1u << 20;

Bytes zeros(std::uint64_t count) {
  static const std::vector<std::byte> kZeros(kZeroBytes);
  return Bytes(kZeros).first(std::min(count, kZeroBytes));
}

void set_checksums(MutableBytes image, std::uint32_t seed) {
  std::size_t at = 0;
  while (at < image.size()) {
    const auto header = load<WalEntryHeader>(image.data() + at);
    const std::uint64_t bytes = wal_entry_bytes(header.payload_bytes);
    const Bytes covered = Bytes(image).subspan(at + sizeof(header.checksum),
                                               bytes - sizeof(header.checksum));
    store(image.data() + at, crc32c(seed, covered));
    at += bytes;
  }
}

}  // namespace

void WalFiles::keep(const Kept& file) {
  const MutexLock lock(kept_mutex_);
  kept_.push_back(file);
}

Status WalFiles::begin_next(std::uint64_t bytes) {
  const std::string path = path_of(kWalNextName);
  next_.reset();
  next_ready_ = false;
  next_zeroed_ = 0;
  if (files_.exists(path)) NDTS_TRY(files_.remove(path));
  std::unique_ptr<File> made;
  NDTS_TRY(files_.open(path, OpenMode::kCreate, &made));
  crash_point("wal.next_created");
  const Status allocated = made->allocate(bytes);
  if (!allocated.ok()) {
    made.reset();
    (void)files_.remove(path);  // so that a full disk is not kept full by a useless file
    return allocated;
  }
  crash_point("wal.next_allocated");
  const MutexLock lock(kept_mutex_);
  next_bytes_ = bytes;
  next_ = std::move(made);
  return Status::success();
}

Status WalFiles::prepare_piece(std::uint64_t bytes) {
  if (next_ready_) return Status::success();
  if (next_ == nullptr) return begin_next(next_size_);
  const Status status = zero_next(std::min(next_size_, next_zeroed_ + bytes));
  if (!status.ok()) next_.reset();
  next_ready_ = status.ok() && next_zeroed_ == next_size_;
  return status;
}

Status WalFiles::zero_next(std::uint64_t end) {
  while (next_zeroed_ < end) {
    const Bytes piece = zeros(end - next_zeroed_);
    NDTS_TRY(next_->write(next_zeroed_, piece));
    next_zeroed_ += piece.size();
  }
  crash_point("wal.next_zeroed");
  NDTS_TRY(next_->sync());
  crash_point("wal.next_synced");
  return Status::success();
}

bool WalFiles::behind() const {
  return !next_ready_ && current_ != nullptr &&
         current_offset_ - kWalEntriesOffset > next_zeroed_ / 2;
}

// Header (and entries) into the unnamed file, sync, name, sync of the folder.
Status WalFiles::name_next(std::uint64_t previous_end, std::uint64_t start_position,
                           std::uint64_t bytes, MutableBytes image) {
  {
    // A file that leaves nothing of those before it to count takes over where they began, or the
    // gap between their previousEnd and their start would be forgotten with them.
    const MutexLock lock(kept_mutex_);
    for (auto file = kept_.rbegin();
         file != kept_.rend() && file->start_position >= previous_end; ++file)
      previous_end = file->previous_end;
  }
  WalFileHeader header{};
  header.version = kWalVersion;
  header.magic = kWalMagic;
  header.log_id = set_.log_id;
  header.file_sequence = set_.next_sequence++;
  header.epoch = set_.epoch;
  header.previous_end = previous_end;
  header.start_position = start_position;
  header.file_bytes = bytes;
  header.staging_bytes = set_.staging_bytes;
  header.wall_time = clock_.wall_ns();
  header.checksum = wal_header_checksum(header);
  seed_ = wal_entry_seed(header);
  NDTS_TRY(next_->write(0, bytes_of(header)));
  if (!image.empty()) {
    set_checksums(image, seed_);
    NDTS_TRY(next_->write(kWalEntriesOffset, image));
  }
  crash_point("wal.header_written");
  NDTS_TRY(next_->sync());
  crash_point("wal.before_rename");
  const std::string path = path_of(wal_file_name(header.file_sequence));
  NDTS_TRY(files_.rename(path_of(kWalNextName), path));
  {
    const MutexLock lock(kept_mutex_);
    kept_.push_back({path, previous_end, start_position, bytes});
    next_bytes_ = 0;
  }
  crash_point("wal.after_rename");
  NDTS_TRY(files_.sync_directory(dir_));
  crash_point("wal.named");
  remove_superseded();
  // Again by its new name, so that errors name it.
  return files_.open(path, OpenMode::kReadWrite, &next_);
}

Status WalFiles::activate(std::uint64_t previous_end, std::uint64_t start_position) {
  next_ready_ = false;
  const Status status = name_next(previous_end, start_position, next_size_, {});
  if (!status.ok()) {
    next_.reset();
    return status;
  }
  current_ = std::move(next_);
  current_size_ = next_size_;
  next_size_ = set_.file_bytes;
  current_offset_ = kWalEntriesOffset;
  return status;
}

Status WalFiles::write_whole(std::uint64_t previous_end, std::uint64_t start_position,
                             MutableBytes image) {
  const std::uint64_t bytes = kWalEntriesOffset + image.size();
  NDTS_TRY(begin_next(bytes));
  NDTS_TRY(name_next(previous_end, start_position, bytes, image));
  next_.reset();
  return Status::success();
}

// Files before the newest that begin at or above its previousEnd hold nothing that counts.
void WalFiles::remove_superseded() {
  const MutexLock lock(kept_mutex_);
  while (kept_.size() > 1) {
    const auto before = kept_.end() - 2;
    if (before->start_position < kept_.back().previous_end) return;
    if (!files_.remove(before->path).ok()) return;
    kept_.erase(before);
    crash_point("wal.superseded_removed");
  }
}

void WalFiles::discard_next() {
  next_.reset();
  next_ready_ = false;
  if (files_.exists(path_of(kWalNextName))) (void)files_.remove(path_of(kWalNextName));
  const MutexLock lock(kept_mutex_);
  next_bytes_ = 0;
}

void WalFiles::give_up() {
  current_.reset();
  buffer_.clear();
}

std::uint64_t WalFiles::room() const {
  return current_ == nullptr ? 0 : current_size_ - current_offset_ - buffer_.size();
}

Status WalFiles::write(Bytes bytes) {
  while (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), kBufferBytes - buffer_.size());
    const auto end = bytes.begin() + static_cast<std::ptrdiff_t>(count);
    buffer_.insert(buffer_.end(), bytes.begin(), end);
    bytes = bytes.subspan(count);
    if (buffer_.size() == kBufferBytes) NDTS_TRY(flush());
  }
  return Status::success();
}

Status WalFiles::flush() {
  if (buffer_.empty()) return Status::success();
  NDTS_TRY(current_->write(current_offset_, buffer_));
  current_offset_ += buffer_.size();
  buffer_.clear();
  return Status::success();
}

Status WalFiles::sync() { return current_->sync(); }

Status WalFiles::remove_below(std::uint64_t position) {
  const MutexLock lock(kept_mutex_);
  std::size_t removed = 0;
  Status status;
  // The newest one always stays.
  while (removed + 1 < kept_.size() && kept_[removed + 1].previous_end <= position) {
    status = files_.remove(kept_[removed].path);
    if (!status.ok() && status.code() != Code::kNotFound) break;
    status = Status::success();
    ++removed;
    crash_point("wal.after_remove");
  }
  kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(removed));
  if (removed > 0 && status.ok()) status = files_.sync_directory(dir_);
  crash_point("wal.checkpointed");
  return status;
}

std::uint64_t WalFiles::kept_oldest() const {
  const MutexLock lock(kept_mutex_);
  return kept_.empty() ? 0 : kept_.front().start_position;
}

std::uint64_t WalFiles::kept_bytes() const {
  const MutexLock lock(kept_mutex_);
  std::uint64_t bytes = next_bytes_;
  for (const Kept& file : kept_) bytes += file.bytes;
  return bytes;
}

std::uint64_t WalFiles::kept_count() const {
  const MutexLock lock(kept_mutex_);
  return kept_.size();
}

}  // namespace ndts
