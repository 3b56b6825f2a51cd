// See block_arena.h.
#include "blocks/block_arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <utility>

namespace ndts {

namespace {

constexpr std::uint64_t kArenaPage = 2u << 20;
constexpr std::int64_t kArenaNsPerMs = 1'000'000;
constexpr std::uint64_t kSpaceAlignment = 64;

// A reader that comes too late may look on: whole words, so that the race is defined.
void copy_watched(std::byte* to, Bytes from) {
  auto* words = reinterpret_cast<std::uint64_t*>(to);
  for (std::size_t at = 0; at + 8 <= from.size(); at += 8)
    __atomic_store_n(words++, load<std::uint64_t>(from.data() + at), __ATOMIC_RELAXED);
}

}  // namespace

Status BlockArena::open(FileSystem* files, Clock* clock, const std::string& path,
                        std::uint64_t bytes, std::unique_ptr<BlockArena>* arena) {
  if (files->exists(path)) NDTS_TRY(files->remove(path));
  std::unique_ptr<BlockArena> made(new BlockArena(files, clock, path));
  std::unique_ptr<File> file;
  NDTS_TRY(files->open(path, OpenMode::kCreate, &file));
  NDTS_TRY(file->allocate(align_up(std::max<std::uint64_t>(bytes, 1), kArenaPage)));
  std::unique_ptr<Mapping> mapping;
  NDTS_TRY(file->map_shared(&mapping));
  made->mapping_ = std::move(mapping);
  // Where the system has them for shared memory; else nothing happens.
  const MutableBytes memory = made->mapping_->writable();
  static_cast<void>(::madvise(memory.data(), memory.size(), MADV_HUGEPAGE));
  *arena = std::move(made);
  return {};
}

BlockArena::~BlockArena() { static_cast<void>(files_->remove(path_)); }

Exposure BlockArena::exposure(std::int64_t lease_ms) const {
  return {.bytes = mapping_->bytes(),
          .changes = true,
          .proves_itself = true,
          .lease_ms = lease_ms,
          .path = path_,
          .owner = mapping_};
}

Status BlockArena::place(std::uint64_t owner, std::span<const Bytes> blocks,
                         std::int64_t lease_ms, ArenaSpace* space, std::int64_t* retry_ms) {
  std::uint64_t bytes = 0;
  for (const Bytes& block : blocks) {
    if (block.size() % 8 != 0)
      return Status(Code::kInvalidArgument, "a block is not a multiple of 8 bytes long");
    bytes += block.size();
  }
  NDTS_TRY(reserve(owner, bytes, lease_ms, space, retry_ms));
  fill(space->offset, blocks);
  filled(space->id);
  return {};
}

Status BlockArena::reserve(std::uint64_t owner, std::uint64_t bytes, std::int64_t lease_ms,
                           ArenaSpace* space, std::int64_t* retry_ms) {
  const std::uint64_t owner_max = this->bytes() / 2;
  if (bytes == 0 || bytes > owner_max)
    return Status(Code::kInvalidArgument, "expected 1 to " + std::to_string(owner_max) +
                                              " bytes of blocks, found " + std::to_string(bytes));
  const std::int64_t now_ns = clock_->monotonic_ns();
  const std::int64_t free_ns = now_ns + (lease_ms + kArenaReadMs + kArenaMarginMs) * kArenaNsPerMs;
  const MutexLock lock(mutex_);
  drop_expired(now_ns);
  std::uint64_t owned = 0;
  std::int64_t first_free_ns = free_ns;
  for (const Space& one : spaces_) {
    if (one.owner == owner) owned += one.bytes;
    first_free_ns = std::min(first_free_ns, one.free_ns);
  }
  const std::uint64_t offset =
      owned + bytes > owner_max ? this->bytes() : find_gap(align_up(bytes, kSpaceAlignment));
  if (offset == this->bytes()) {
    refused_ += 1;
    *retry_ms = std::max<std::int64_t>(1, (first_free_ns - now_ns) / kArenaNsPerMs);
    return Status(Code::kRateLimited,
                  "no room for blocks: some comes in " + std::to_string(*retry_ms) + " ms");
  }
  *space = {next_id_++, offset, bytes};
  const auto place = std::find_if(spaces_.begin(), spaces_.end(), [offset](const Space& one) {
    return one.offset > offset;
  });
  spaces_.insert(place, {space->id, owner, offset, align_up(bytes, kSpaceAlignment), free_ns, true,
                         false});
  copied_ += bytes;
  return {};
}

std::uint64_t BlockArena::find_gap(std::uint64_t bytes) const {
  std::uint64_t at = 0;
  for (const Space& space : spaces_) {
    if (space.offset - at >= bytes) return at;
    at = space.offset + space.bytes;
  }
  return this->bytes() - at >= bytes ? at : this->bytes();
}

void BlockArena::drop_expired(std::int64_t now_ns) {
  std::erase_if(spaces_, [now_ns](const Space& space) {
    return !space.filling && (space.released || now_ns >= space.free_ns);
  });
}

void BlockArena::fill(std::uint64_t offset, std::span<const Bytes> blocks) {
  std::byte* to = mapping_->writable().data() + offset;
  for (const Bytes& block : blocks) {
    copy_watched(to, block);
    to += block.size();
  }
}

// Copying may have taken as long as the lease: it stands as it was given all the same.
void BlockArena::filled(std::uint64_t id) {
  const MutexLock lock(mutex_);
  for (Space& space : spaces_)
    if (space.id == id) space.filling = false;
}

void BlockArena::release(std::uint64_t owner, std::uint64_t id) {
  const MutexLock lock(mutex_);
  for (Space& space : spaces_)
    if (space.id == id && space.owner == owner) space.released = true;
  drop_expired(clock_->monotonic_ns());
}

void BlockArena::release_all(std::uint64_t owner) {
  const MutexLock lock(mutex_);
  for (Space& space : spaces_)
    if (space.owner == owner) space.released = true;
  drop_expired(clock_->monotonic_ns());
}

BlockArenaCounters BlockArena::counters() const {
  const MutexLock lock(mutex_);
  BlockArenaCounters counters{spaces_.size(), 0, copied_, refused_};
  for (const Space& space : spaces_) counters.bytes += space.bytes;
  return counters;
}

}  // namespace ndts
