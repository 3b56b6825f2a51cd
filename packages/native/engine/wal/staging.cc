// See staging.h.
#include "wal/staging.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "base/crash_point.h"

namespace ndts {

namespace {

using SharedWord = std::atomic_ref<std::uint64_t>;
static_assert(SharedWord::is_always_lock_free);

constexpr std::uint64_t kPageBytes = 4096;
constexpr std::size_t kIdentityBytes = offsetof(WalStagingHeader, tail);
static_assert(sizeof(WalStagingHeader) <= kStagingCopyOffset);
static_assert(kStagingCopyOffset + kIdentityBytes <= kWalEntriesOffset);

// The part of the header that is written once, before the magic.
std::uint32_t identity_checksum(const WalStagingHeader& header) {
  constexpr std::size_t kBegin = offsetof(WalStagingHeader, log_id);
  return crc32c(0, bytes_of(header).subspan(kBegin, kIdentityBytes - kBegin));
}

// The identity at the head or, where that is damaged, its copy; false when both are void. The
// checksum does not cover the version: a strange one counts only where both have it.
bool load_identity(Bytes page, WalStagingHeader* header) {
  bool found = false;
  for (const std::uint64_t at : {std::uint64_t{0}, kStagingCopyOffset}) {
    WalStagingHeader each{};
    std::memcpy(&each, page.data() + at, kIdentityBytes);
    if (each.magic != kStagingMagic || each.checksum != identity_checksum(each)) continue;
    if (!found || header->version != kStagingVersion) *header = each;
    found = true;
  }
  return found;
}

std::string boot_of(const WalStagingHeader& header) {
  const char* boot = reinterpret_cast<const char*>(header.boot_id);
  return std::string(boot, strnlen(boot, sizeof(header.boot_id)));
}

}  // namespace

WalStagingHeader* Staging::header() const {
  return reinterpret_cast<WalStagingHeader*>(mapping_->writable().data());
}

std::byte* Staging::ring() const { return mapping_->writable().data() + kWalEntriesOffset; }

StagingRoom::StagingRoom(FileSystem& files, const std::string& path, std::uint64_t ring_bytes,
                         bool threads)
    : files_(files),
      path_(path),
      temporary_(path + ".tmp"),
      bytes_(kWalEntriesOffset + ring_bytes) {
  if (threads)
    thread_ = std::make_unique<Thread>("ndts-staging", [this] { status_ = prepare(); });
  else
    status_ = prepare();
}

StagingRoom::~StagingRoom() {
  if (thread_ != nullptr) thread_->join();
  file_.reset();
  // So that a full disk is not kept full by a useless file.
  if (temporary_made_) static_cast<void>(files_.remove(temporary_));
}

// A file of that name always has its whole size: it is allocated and synced under another one.
Status StagingRoom::prepare() {
  if (files_.exists(path_)) {
    std::uint64_t size = 0;
    NDTS_TRY(files_.open(path_, OpenMode::kReadWrite, &file_));
    NDTS_TRY(file_->size(&size));
    // Whole does not mean without holes: a copy may have some.
    if (size == bytes_) return file_->allocate(bytes_);
    file_.reset();
  }
  if (files_.exists(temporary_)) NDTS_TRY(files_.remove(temporary_));
  NDTS_TRY(files_.open(temporary_, OpenMode::kCreate, &file_));
  temporary_made_ = true;
  NDTS_TRY(file_->allocate(bytes_));
  NDTS_TRY(file_->sync());
  crash_point("wal.staging_allocated");
  return Status::success();
}

Status StagingRoom::take(std::unique_ptr<File>* file) {
  if (thread_ != nullptr) thread_->join();
  NDTS_TRY(std::move(status_));
  *file = std::move(file_);
  if (!temporary_made_) return Status::success();
  NDTS_TRY(files_.rename(temporary_, path_));
  temporary_made_ = false;
  return files_.sync_directory(parent_folder(path_));
}

Status Staging::create(StagingRoom* room, const StagingIdentity& identity,
                       std::unique_ptr<Staging>* staging) {
  std::unique_ptr<File> file;
  NDTS_TRY(room->take(&file));
  std::unique_ptr<Staging> made(new Staging());
  NDTS_TRY(file->map_shared_later(&made->mapping_));
  made->set_up(made->mapping_->bytes().size() - kWalEntriesOffset, identity);
  *staging = std::move(made);
  return Status::success();
}

void Staging::set_up(std::uint64_t ring_bytes, const StagingIdentity& identity) {
  ring_bytes_ = ring_bytes;
  seed_ = wal_staging_seed(identity.log_id, identity.epoch);
  auto* copy = reinterpret_cast<WalStagingHeader*>(mapping_->writable().data() +
                                                   kStagingCopyOffset);
  // Void until the magic is back: a kill in between leaves nothing half valid.
  SharedWord(header()->magic).store(0, std::memory_order_seq_cst);
  SharedWord(copy->magic).store(0, std::memory_order_seq_cst);
  crash_point("wal.staging_void");
  WalStagingHeader fresh{};
  fresh.version = kStagingVersion;
  fresh.log_id = identity.log_id;
  fresh.epoch = identity.epoch;
  fresh.base_position = identity.base_position;
  fresh.ring_bytes = ring_bytes;
  const std::size_t length = std::min(identity.boot_id.size(), sizeof(fresh.boot_id) - 1);
  std::memcpy(fresh.boot_id, identity.boot_id.data(), length);
  fresh.tail = fresh.tail_copy = identity.base_position;
  fresh.durable = fresh.durable_copy = identity.base_position;
  fresh.checksum = identity_checksum(fresh);
  *header() = fresh;
  std::memcpy(static_cast<void*>(copy), &fresh, kIdentityBytes);
  SharedWord(header()->magic).store(kStagingMagic, std::memory_order_seq_cst);
  SharedWord(copy->magic).store(kStagingMagic, std::memory_order_seq_cst);
  crash_point("wal.staging_ready");
}

Status Staging::open(FileSystem& files, const std::string& path, const StagingIdentity& identity,
                     std::unique_ptr<Staging>* staging) {
  const Status none(Code::kNotFound, "no staging memory of this log", path);
  if (!files.exists(path)) return none;
  std::unique_ptr<File> file;
  std::uint64_t size = 0;
  NDTS_TRY(files.open(path, OpenMode::kReadWrite, &file));
  NDTS_TRY(file->size(&size));
  if (size < kWalEntriesOffset)
    return Status(Code::kCorrupt, "the staging memory is cut short", path, size);
  NDTS_TRY(file->allocate(size));  // a copy may have holes
  std::unique_ptr<Staging> found(new Staging());
  NDTS_TRY(file->map_shared_later(&found->mapping_));
  WalStagingHeader header{};
  if (!load_identity(found->mapping_->bytes(), &header) || header.log_id != identity.log_id ||
      header.epoch != identity.epoch || boot_of(header) != identity.boot_id)
    return none;
  if (header.version > kStagingVersion || header.version == 0)
    return Status(header.version == 0 ? Code::kCorrupt : Code::kVersionTooNew,
                  "expected staging memory of version " + std::to_string(kStagingVersion) +
                      " at most, found " + std::to_string(header.version),
                  path, offsetof(WalStagingHeader, version));
  if (header.ring_bytes == 0 || header.ring_bytes != size - kWalEntriesOffset)
    return Status(Code::kCorrupt,
                  "expected staging memory of " + std::to_string(header.ring_bytes) +
                      " bytes, found " + std::to_string(size - kWalEntriesOffset),
                  path, size);
  found->ring_bytes_ = header.ring_bytes;
  found->version_ = header.version;
  found->seed_ = wal_staging_seed(header.log_id, header.epoch);
  *staging = std::move(found);
  return Status::success();
}

std::uint64_t Staging::tail() const {
  return SharedWord(header()->tail).load(std::memory_order_acquire);
}

std::uint64_t Staging::least_tail() const {
  if (version_ == 1) return header()->tail;
  return std::min(header()->tail, header()->tail_copy);
}

std::uint64_t Staging::least_durable() const {
  if (version_ == 1) return header()->durable;
  return std::min(header()->durable, header()->durable_copy);
}

void Staging::publish_tail(std::uint64_t position) {
  SharedWord(header()->tail).store(position, std::memory_order_release);
  SharedWord(header()->tail_copy).store(position, std::memory_order_relaxed);
}

void Staging::publish_durable(std::uint64_t position) {
  SharedWord(header()->durable).store(position, std::memory_order_release);
  SharedWord(header()->durable_copy).store(position, std::memory_order_relaxed);
}

void Staging::fault_in(std::uint64_t position, std::uint64_t bytes) const {
  const std::uint64_t at = position % ring_bytes_;
  const std::uint64_t page = (kWalEntriesOffset + at) / kPageBytes * kPageBytes;
  const std::uint64_t first = std::min(bytes, ring_bytes_ - at);
  mapping_->fault_in(page, kWalEntriesOffset + at + first - page);
  if (first < bytes) mapping_->fault_in(kWalEntriesOffset, bytes - first);
}

void Staging::put(std::uint64_t position, Bytes bytes) {
  if (bytes.empty()) return;
  const std::uint64_t at = position % ring_bytes_;
  const std::size_t first = std::min<std::uint64_t>(bytes.size(), ring_bytes_ - at);
  std::memcpy(ring() + at, bytes.data(), first);
  if (first < bytes.size()) std::memcpy(ring(), bytes.data() + first, bytes.size() - first);
}

void Staging::put_zeros(std::uint64_t position, std::uint64_t count) {
  put(position, Bytes(kWalPadding).first(count));
}

std::array<Bytes, 2> Staging::view(std::uint64_t begin, std::uint64_t end) const {
  const std::uint64_t at = begin % ring_bytes_;
  const std::uint64_t count = end - begin;
  const std::uint64_t first = std::min(count, ring_bytes_ - at);
  return {Bytes(ring() + at, first), Bytes(ring(), count - first)};
}

WalEntryHeader Staging::entry_header(std::uint64_t position) const {
  std::byte bytes[sizeof(WalEntryHeader)];
  std::byte* to = bytes;
  for (const Bytes piece : view(position, position + sizeof(bytes))) {
    if (!piece.empty()) std::memcpy(to, piece.data(), piece.size());
    to += piece.size();
  }
  return load<WalEntryHeader>(bytes);
}

bool Staging::read_entry(std::uint64_t position, std::uint64_t limit,
                         std::vector<std::byte>* entry) const {
  // Nothing but the tail tells a whole entry of version 1 from what lies there of old.
  if (version_ == 1) limit = std::min(limit, std::max(least_tail(), position) - position);
  if (limit < sizeof(WalEntryHeader)) return false;
  const WalEntryHeader header = entry_header(position);
  const std::uint64_t bytes = wal_entry_bytes(header.payload_bytes);
  if (header.kind == 0 || header.position != position || bytes > limit) return false;
  entry->clear();
  for (const Bytes piece : view(position, position + bytes))
    entry->insert(entry->end(), piece.begin(), piece.end());
  if (version_ == 1) return true;
  return header.checksum == crc32c(seed_, Bytes(*entry).subspan(sizeof(header.checksum)));
}

}  // namespace ndts
