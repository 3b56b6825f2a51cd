// See staging.h.
#include "wal/staging.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

namespace ndts {

namespace {

using SharedWord = std::atomic_ref<std::uint64_t>;
static_assert(SharedWord::is_always_lock_free);

// The part of the header that is written once, before the magic.
std::uint32_t identity_checksum(const WalStagingHeader& header) {
  constexpr std::size_t kBegin = offsetof(WalStagingHeader, log_id);
  constexpr std::size_t kEnd = offsetof(WalStagingHeader, tail);
  return crc32c(0, bytes_of(header).subspan(kBegin, kEnd - kBegin));
}

Status open_sized(FileSystem& files, const std::string& path, std::uint64_t bytes,
                  std::unique_ptr<File>* file) {
  std::uint64_t size = 0;
  if (files.exists(path)) {
    NDTS_TRY(files.open(path, OpenMode::kReadWrite, file));
    NDTS_TRY((*file)->size(&size));
    // Whole does not mean without holes: a copy may have some.
    if (size == bytes) return (*file)->allocate(bytes);
    file->reset();
    NDTS_TRY(files.remove(path));
  }
  NDTS_TRY(files.open(path, OpenMode::kCreate, file));
  const Status allocated = (*file)->allocate(bytes);
  if (!allocated.ok()) (void)files.remove(path);
  return allocated;
}

}  // namespace

WalStagingHeader* Staging::header() const {
  return reinterpret_cast<WalStagingHeader*>(mapping_->writable().data());
}

std::byte* Staging::ring() const { return mapping_->writable().data() + kWalEntriesOffset; }

Status Staging::create(FileSystem& files, const std::string& path, std::uint64_t ring_bytes,
                       const StagingIdentity& identity, std::unique_ptr<Staging>* staging) {
  std::unique_ptr<File> file;
  NDTS_TRY(open_sized(files, path, kWalEntriesOffset + ring_bytes, &file));
  std::unique_ptr<Staging> made(new Staging());
  NDTS_TRY(file->map_shared(&made->mapping_));
  made->ring_bytes_ = ring_bytes;
  WalStagingHeader* header = made->header();
  // Void until the magic is back: a kill in between leaves nothing half valid.
  SharedWord(header->magic).store(0, std::memory_order_seq_cst);
  WalStagingHeader fresh{};
  fresh.version = kWalVersion;
  fresh.log_id = identity.log_id;
  fresh.epoch = identity.epoch;
  fresh.base_position = identity.base_position;
  fresh.ring_bytes = ring_bytes;
  const std::size_t length = std::min(identity.boot_id.size(), sizeof(fresh.boot_id) - 1);
  std::memcpy(fresh.boot_id, identity.boot_id.data(), length);
  fresh.tail = identity.base_position;
  fresh.durable = identity.base_position;
  fresh.checksum = identity_checksum(fresh);
  *header = fresh;
  SharedWord(header->magic).store(kStagingMagic, std::memory_order_seq_cst);
  *staging = std::move(made);
  return Status::success();
}

Status Staging::open(FileSystem& files, const std::string& path, const StagingIdentity& identity,
                     std::unique_ptr<Staging>* staging) {
  const Status none(Code::kNotFound, "no staging memory of this log", path);
  if (!files.exists(path)) return none;
  std::unique_ptr<File> file;
  std::uint64_t size = 0;
  NDTS_TRY(files.open(path, OpenMode::kReadWrite, &file));
  NDTS_TRY(file->size(&size));
  if (size <= kWalEntriesOffset) return none;
  NDTS_TRY(file->allocate(size));  // a copy may have holes
  std::unique_ptr<Staging> found(new Staging());
  NDTS_TRY(file->map_shared(&found->mapping_));
  const WalStagingHeader& header = *found->header();
  const char* boot = reinterpret_cast<const char*>(header.boot_id);
  if (header.magic != kStagingMagic || header.version != kWalVersion ||
      header.checksum != identity_checksum(header) || header.log_id != identity.log_id ||
      header.epoch != identity.epoch ||
      identity.boot_id != std::string(boot, strnlen(boot, sizeof(header.boot_id))))
    return none;
  found->ring_bytes_ = header.ring_bytes;
  const std::uint64_t durable = found->durable();
  const std::uint64_t tail = found->tail();
  if (header.ring_bytes != size - kWalEntriesOffset || durable < header.base_position ||
      tail < durable || tail - durable > header.ring_bytes)
    return Status(Code::kCorrupt, "the staging memory contradicts itself", path, 0);
  *staging = std::move(found);
  return Status::success();
}

std::uint64_t Staging::tail() const {
  return SharedWord(header()->tail).load(std::memory_order_acquire);
}

std::uint64_t Staging::durable() const {
  return SharedWord(header()->durable).load(std::memory_order_acquire);
}

void Staging::publish_tail(std::uint64_t position) {
  SharedWord(header()->tail).store(position, std::memory_order_release);
}

void Staging::publish_durable(std::uint64_t position) {
  SharedWord(header()->durable).store(position, std::memory_order_release);
}

void Staging::put(std::uint64_t position, Bytes bytes) {
  if (bytes.empty()) return;
  const std::uint64_t at = position % ring_bytes_;
  const std::size_t first = std::min<std::uint64_t>(bytes.size(), ring_bytes_ - at);
  std::memcpy(ring() + at, bytes.data(), first);
  if (first < bytes.size()) std::memcpy(ring(), bytes.data() + first, bytes.size() - first);
}

void Staging::put_zeros(std::uint64_t position, std::uint64_t count) {
  static constexpr std::array<std::byte, 8> kZeros{};
  put(position, Bytes(kZeros).first(count));
}

std::array<Bytes, 2> Staging::view(std::uint64_t begin, std::uint64_t end) const {
  const std::uint64_t at = begin % ring_bytes_;
  const std::uint64_t count = end - begin;
  const std::uint64_t first = std::min(count, ring_bytes_ - at);
  return {Bytes(ring() + at, first), Bytes(ring(), count - first)};
}

void Staging::get(std::uint64_t position, MutableBytes into) const {
  std::byte* to = into.data();
  for (const Bytes piece : view(position, position + into.size())) {
    if (!piece.empty()) std::memcpy(to, piece.data(), piece.size());
    to += piece.size();
  }
}

void Staging::set_checksum(std::uint64_t position, std::uint64_t entry_bytes,
                           std::uint32_t seed) {
  std::uint32_t checksum = seed;
  for (const Bytes piece : view(position + sizeof(checksum), position + entry_bytes))
    checksum = crc32c(checksum, piece);
  put(position, bytes_of(checksum));
}

}  // namespace ndts
