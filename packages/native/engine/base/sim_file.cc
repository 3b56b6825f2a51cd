// See sim_file.h: the files. Folders, power cuts and faults are in sim_file_system.cc.
#include "base/sim_file.h"

#include <algorithm>
#include <utility>

#include "base/sim_node.h"

namespace ndts {

namespace {

class SimMapping final : public Mapping {
 public:
  SimMapping(std::shared_ptr<SimNode> node, bool shared) : node_(std::move(node)) {
    data_ = node_->live.data();
    size_ = node_->live.size();
    shared_ = shared;
  }

 private:
  std::shared_ptr<SimNode> node_;
};

}  // namespace

class SimFile final : public File {
 public:
  SimFile(SimFileSystem* system, std::shared_ptr<SimNode> node, std::string path)
      : system_(system), node_(std::move(node)), path_(std::move(path)) {}

  const std::string& path() const override { return path_; }

  Status read(std::uint64_t offset, MutableBytes into, std::size_t* count) override {
    const MutexLock lock(system_->mutex_);
    NDTS_TRY(system_->count(SimOperation::kRead, path_, offset));
    const std::size_t size = node_->live.size();
    const auto begin = static_cast<std::size_t>(std::min<std::uint64_t>(offset, size));
    *count = std::min(into.size(), size - begin);
    if (*count > 0) std::copy_n(node_->live.data() + begin, *count, into.begin());
    return Status::success();
  }

  Status write(std::uint64_t offset, Bytes from) override {
    const MutexLock lock(system_->mutex_);
    NDTS_TRY(system_->check_alive(path_));
    const auto begin = static_cast<std::size_t>(offset);
    if (const Status fault = system_->count(SimOperation::kWrite, path_, offset); !fault.ok()) {
      put(begin, from.first(from.empty() ? 0 : system_->random() % from.size()));
      return fault;
    }
    const std::uint64_t room = grow_room();
    const std::size_t end = begin + from.size();
    if (end > node_->live.size() && end - node_->live.size() > room) {
      const std::size_t limit = node_->live.size() + static_cast<std::size_t>(room);
      if (limit > begin) put(begin, from.first(limit - begin));
      return Status(Code::kDiskFull, "the simulated disk is full", path_, offset);
    }
    put(begin, from);
    return Status::success();
  }

  Status sync() override {
    const MutexLock lock(system_->mutex_);
    NDTS_TRY(system_->check_alive(path_));
    const Status fault = system_->count(SimOperation::kSync, path_);
    if (fault.ok() || system_->coin()) node_->durable.resize(node_->live.size());
    const SectorSet& dirty = node_->dirty;
    for (std::size_t sector = dirty.next(0); sector < dirty.end(); sector = dirty.next(sector + 1))
      if (fault.ok() || system_->coin())
        node_->persist(sector, 0, node_->sector_bytes(sector));
    node_->dirty.clear();
    return fault;
  }

  Status size(std::uint64_t* bytes) override {
    const MutexLock lock(system_->mutex_);
    *bytes = node_->live.size();
    return Status::success();
  }

  Status truncate(std::uint64_t bytes) override {
    const MutexLock lock(system_->mutex_);
    NDTS_TRY(system_->begin(SimOperation::kTruncate, path_));
    return resize(bytes);
  }

  Status allocate(std::uint64_t bytes) override {
    const MutexLock lock(system_->mutex_);
    NDTS_TRY(system_->begin(SimOperation::kAllocate, path_));
    return bytes > node_->live.size() ? resize(bytes) : Status::success();
  }

  Status map(std::unique_ptr<Mapping>* mapping) override {
    const MutexLock lock(system_->mutex_);
    NDTS_TRY(system_->count(SimOperation::kMap, path_));
    *mapping = std::make_unique<SimMapping>(node_, false);
    return Status::success();
  }

  Status map_shared(std::unique_ptr<Mapping>* mapping) override {
    const MutexLock lock(system_->mutex_);
    NDTS_TRY(system_->count(SimOperation::kMap, path_));
    node_->mapped = true;
    *mapping = std::make_unique<SimMapping>(node_, true);
    return Status::success();
  }

 private:
  [[nodiscard]] std::uint64_t grow_room() const {
    if (system_->capacity_ == UINT64_MAX) return UINT64_MAX;  // spares a look at every file
    const std::uint64_t used = system_->used_locked();
    return used >= system_->capacity_ ? 0 : system_->capacity_ - used;
  }

  void put(std::size_t offset, Bytes from) {
    if (from.empty()) return;  // does not grow the file, wherever it is
    write_back(offset, from.size());
    if (offset + from.size() > node_->live.size()) node_->live.resize(offset + from.size());
    std::copy(from.begin(), from.end(), node_->live.data() + offset);
    node_->touch(offset, from.size());
  }

  // The kernel may write a dirty page at any time: what is overwritten here may be what a power
  // cut leaves.
  void write_back(std::size_t offset, std::size_t count) {
    if (count == 0) return;
    const SectorSet& dirty = node_->dirty;
    const std::size_t end = std::min(dirty.end(), (offset + count - 1) / kSectorBytes + 1);
    for (std::size_t sector = dirty.next(offset / kSectorBytes); sector < end;
         sector = dirty.next(sector + 1))
      if (system_->random() % 4 == 0) node_->persist(sector, 0, node_->sector_bytes(sector));
  }

  Status resize(std::uint64_t bytes) {
    const auto wanted = static_cast<std::size_t>(bytes);
    const std::size_t before = node_->live.size();
    if (wanted > before && wanted - before > grow_room())
      return Status(Code::kDiskFull, "the simulated disk is full", path_, bytes);
    if (wanted != before && node_->mapped)
      return Status(Code::kInternal, "resize of a mapped file", path_, bytes);
    node_->live.resize(wanted);
    node_->touch(std::min(before, wanted), std::max(before, wanted) - std::min(before, wanted));
    return Status::success();
  }

  SimFileSystem* const system_;
  const std::shared_ptr<SimNode> node_;
  const std::string path_;
};

std::unique_ptr<File> SimFileSystem::open_node(const std::string& path,
                                               const std::shared_ptr<SimNode>& node) {
  return std::make_unique<SimFile>(this, node, path);
}

}  // namespace ndts
