// See mapped_memory.h.
#include "fabric/mapped_memory.h"

#include <cstring>
#include <utility>

#include "fabric/changing_copy.h"
#include "fabric/steady_copy.h"
#include "generated/layouts.h"

namespace ndts {
namespace {

// "NDTSLEAS" read as a little-endian number.
constexpr std::uint64_t kLeaseMagic = 0x5341'454C'5354'444E;
constexpr std::size_t kPathBytesMax = 4096;

// Words of a lease that change while readers look at them.
std::uint64_t* open_word(Mapping* mapping) {
  return reinterpret_cast<std::uint64_t*>(mapping->writable().data() +
                                          offsetof(PullLease, open));
}
std::uint64_t* expiry_word(Mapping* mapping) {
  return reinterpret_cast<std::uint64_t*>(mapping->writable().data() +
                                          offsetof(PullLease, expires_at_ms));
}

bool readable(const Mapping& lease, std::int64_t now_ms) {
  const std::byte* at = lease.bytes().data();
  const auto word = [at](std::size_t offset) {
    return load_word(reinterpret_cast<const std::uint64_t*>(at + offset));
  };
  return word(offsetof(PullLease, open)) == 1 &&
         now_ms < static_cast<std::int64_t>(word(offsetof(PullLease, expires_at_ms)));
}

Status lease_lost() {
  return Status(Code::kLeaseLost, "the key of the grant is wrong, expired or revoked");
}

Status write_lease(FileSystem& files, const std::string& path, const PullLease& lease,
                   const std::string& memory, std::unique_ptr<Mapping>* mapping) {
  std::unique_ptr<File> file;
  NDTS_TRY(files.open(path, OpenMode::kCreate, &file));
  NDTS_TRY(file->allocate(sizeof lease + memory.size()));
  NDTS_TRY(file->map_shared(mapping));
  std::memcpy((*mapping)->writable().data() + sizeof lease, memory.data(), memory.size());
  std::memcpy((*mapping)->writable().data(), &lease, sizeof lease);
  return Status::success();
}

}  // namespace

Status MappedServer::start(const std::string& folder, std::uint16_t) {
  const MutexLock lock(mutex_);
  if (!files_->exists(folder)) return Status(Code::kNotFound, "no such folder", folder);
  folder_ = folder;
  return Status::success();
}

Status MappedServer::expose(const Exposure& exposure, Grant* grant) {
  if (exposure.path.empty() || exposure.path.size() > kPathBytesMax)
    return Status(Code::kInvalidArgument, "expected the path of the memory's file");
  const std::uint64_t key = random_->next();
  std::shared_ptr<Region> region;
  const MutexLock lock(mutex_);
  if (folder_.empty()) return Status(Code::kUnavailable, "the server was not started");
  NDTS_TRY(regions_.add(exposure, key, wall_ms(clock_), grant, &region));
  // The key is not in the name: a listing gives nothing away.
  Lease lease{folder_ + "/" + std::to_string(region->number) + "-" +
                  std::to_string(grant->expires_at_ms) + ".lease",
              nullptr};
  PullLease content{};
  content.magic = kLeaseMagic;
  content.key = key;
  content.expires_at_ms = grant->expires_at_ms;
  content.length = grant->length;
  content.open = 1;
  content.changes = exposure.changes ? 1 : 0;
  content.path_bytes = static_cast<std::uint32_t>(exposure.path.size());
  if (files_->exists(lease.path)) NDTS_TRY(files_->remove(lease.path));
  const Status status = write_lease(*files_, lease.path, content, exposure.path, &lease.mapping);
  if (!status.ok()) {
    static_cast<void>(regions_.close(key));
    return status;
  }
  grant->provider = "mapped";
  grant->address = lease.path;
  leases_[key] = std::move(lease);
  return Status::success();
}

Status MappedServer::renew(std::uint64_t key, std::int64_t lease_ms) {
  const MutexLock lock(mutex_);
  const std::int64_t now_ms = wall_ms(clock_);
  NDTS_TRY(regions_.renew(key, now_ms, lease_ms));
  store_word(expiry_word(leases_[key].mapping.get()),
             static_cast<std::uint64_t>(now_ms + lease_ms));
  return Status::success();
}

void MappedServer::shut(const Lease& lease) {
  store_word(open_word(lease.mapping.get()), 0);
  // One that stays says that it is closed.
  static_cast<void>(files_->remove(lease.path));
}

Status MappedServer::revoke(std::uint64_t key) {
  const MutexLock lock(mutex_);
  NDTS_TRY(regions_.close(key));
  const auto found = leases_.find(key);
  shut(found->second);
  leases_.erase(found);
  return Status::success();
}

void MappedServer::stop() {
  const MutexLock lock(mutex_);
  regions_.close_all();
  for (const auto& [key, lease] : leases_) shut(lease);
  leases_.clear();
  folder_.clear();
}

Status MappedReader::attach(std::int64_t, std::span<const MutableBytes>) {
  return Status::success();
}

Status MappedReader::open(const Grant& grant, const Opened** opened) {
  const auto known = opened_.find(grant.address);
  if (known != opened_.end()) {
    *opened = &known->second;
    return Status::success();
  }
  std::unique_ptr<File> file;
  if (!files_->open(grant.address, OpenMode::kRead, &file).ok()) return lease_lost();
  Opened fresh;
  NDTS_TRY(file->map(&fresh.lease));
  const Bytes bytes = fresh.lease->bytes();
  if (bytes.size() < sizeof(PullLease)) return lease_lost();
  const auto lease = load<PullLease>(bytes.data());
  if (lease.magic != kLeaseMagic || lease.path_bytes > bytes.size() - sizeof lease)
    return lease_lost();
  const std::string path(text_of(bytes.subspan(sizeof lease, lease.path_bytes)));
  NDTS_TRY(files_->open(path, OpenMode::kRead, &file));
  NDTS_TRY(file->map(&fresh.memory));
  *opened = &(opened_[grant.address] = std::move(fresh));
  return Status::success();
}

Status MappedReader::read(const Pending& read) {
  const Opened* opened = nullptr;
  NDTS_TRY(open(*read.grant, &opened));
  const auto lease = load<PullLease>(opened->lease->bytes().data());
  const std::int64_t now_ms = wall_ms(clock());
  if (lease.key != read.key || !readable(*opened->lease, now_ms)) return lease_lost();
  const std::uint64_t length =
      std::min<std::uint64_t>(lease.length, opened->memory->bytes().size());
  if (read.offset > length || read.into.size() > length - read.offset)
    return Status(Code::kInvalidArgument, "the range is outside the memory");
  const Bytes from = opened->memory->bytes().subspan(read.offset, read.into.size());
  if (lease.changes != 0) {
    copy_changing(read.into.data(), from);
  } else {
    copy_steady(read.into.data(), from);
  }
  if (!readable(*opened->lease, now_ms)) return lease_lost();
  return opened->memory->outcome({}, read.grant->address);
}

void MappedReader::issue(std::uint32_t slot) {
  const Status status = read(pending(slot));
  if (!status.ok()) opened_.erase(pending(slot).grant->address);
  finish(slot, status);
}

}  // namespace ndts
