// See sim_file.h.
#include "base/sim_file.h"

#include <algorithm>
#include <utility>

namespace ndts {

namespace {
constexpr std::size_t kSectorBytes = 512;
}  // namespace

// One file: what the program sees, what the disk has, and which sectors differ by intent. A
// sector that differs but is not dirty was lost by a failed sync.
struct SimNode {
  std::vector<std::byte> live;
  std::vector<std::byte> durable;
  std::set<std::size_t> dirty;
  bool mapped = false;  // written past us by map_shared(): must not be resized

  void touch(std::size_t offset, std::size_t count) {
    if (count == 0) return;
    for (std::size_t sector = offset / kSectorBytes; sector * kSectorBytes < offset + count;
         ++sector)
      dirty.insert(sector);
  }
  // The part of a sector that lies within both states.
  [[nodiscard]] std::size_t sector_bytes(std::size_t sector) const {
    const std::size_t end = std::min(live.size(), durable.size());
    const std::size_t begin = sector * kSectorBytes;
    return begin >= end ? 0 : std::min(kSectorBytes, end - begin);
  }
  void persist(std::size_t sector, std::size_t from, std::size_t to) {
    const auto begin = static_cast<std::ptrdiff_t>(sector * kSectorBytes + from);
    const auto end = static_cast<std::ptrdiff_t>(sector * kSectorBytes + to);
    std::copy(live.begin() + begin, live.begin() + end, durable.begin() + begin);
  }
};

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

class SimFile final : public File {
 public:
  SimFile(SimFileSystem* system, std::shared_ptr<SimNode> node, std::string path)
      : system_(system), node_(std::move(node)), path_(std::move(path)) {}

  const std::string& path() const override { return path_; }

  Status read(std::uint64_t offset, MutableBytes into, std::size_t* count) override {
    const MutexLock lock(system_->mutex_);
    const std::size_t size = node_->live.size();
    const auto begin = static_cast<std::size_t>(std::min<std::uint64_t>(offset, size));
    *count = std::min(into.size(), size - begin);
    std::copy_n(node_->live.begin() + static_cast<std::ptrdiff_t>(begin), *count, into.begin());
    return Status::success();
  }

  Status write(std::uint64_t offset, Bytes from) override {
    const MutexLock lock(system_->mutex_);
    NDTS_TRY(system_->check_alive(path_));
    const std::uint64_t number = ++system_->writes_;
    const auto begin = static_cast<std::size_t>(offset);
    if (system_->strikes(system_->write_fault_, number)) {
      put(begin, from.first(from.empty() ? 0 : system_->random() % from.size()));
      return Status(system_->write_fault_.code, "injected fault", path_, offset);
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
    const std::uint64_t number = ++system_->syncs_;
    const bool fails = system_->strikes(system_->sync_fault_, number);
    if (!fails || system_->coin()) node_->durable.resize(node_->live.size());
    for (const std::size_t sector : node_->dirty)
      if (!fails || system_->coin()) node_->persist(sector, 0, node_->sector_bytes(sector));
    node_->dirty.clear();
    if (fails) return Status(system_->sync_fault_.code, "injected fault", path_);
    return Status::success();
  }

  Status size(std::uint64_t* bytes) override {
    const MutexLock lock(system_->mutex_);
    *bytes = node_->live.size();
    return Status::success();
  }

  Status truncate(std::uint64_t bytes) override {
    const MutexLock lock(system_->mutex_);
    NDTS_TRY(system_->check_alive(path_));
    return resize(bytes);
  }

  Status allocate(std::uint64_t bytes) override {
    const MutexLock lock(system_->mutex_);
    NDTS_TRY(system_->check_alive(path_));
    const std::uint64_t number = ++system_->writes_;
    if (system_->strikes(system_->write_fault_, number))
      return Status(system_->write_fault_.code, "injected fault", path_, bytes);
    return bytes > node_->live.size() ? resize(bytes) : Status::success();
  }

  Status map(std::unique_ptr<Mapping>* mapping) override {
    *mapping = std::make_unique<SimMapping>(node_, false);
    return Status::success();
  }

  Status map_shared(std::unique_ptr<Mapping>* mapping) override {
    const MutexLock lock(system_->mutex_);
    node_->mapped = true;
    *mapping = std::make_unique<SimMapping>(node_, true);
    return Status::success();
  }

 private:
  [[nodiscard]] std::uint64_t grow_room() const {
    const std::uint64_t used = system_->used_locked();
    return used >= system_->capacity_ ? 0 : system_->capacity_ - used;
  }

  void put(std::size_t offset, Bytes from) {
    if (offset + from.size() > node_->live.size()) node_->live.resize(offset + from.size());
    std::copy(from.begin(), from.end(),
              node_->live.begin() + static_cast<std::ptrdiff_t>(offset));
    node_->touch(offset, from.size());
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

namespace {

class SimLock final : public FileLock {
 public:
  SimLock(std::shared_ptr<std::set<std::string>> locks, std::string path)
      : locks_(std::move(locks)), path_(std::move(path)) {}
  ~SimLock() override { locks_->erase(path_); }
  SimLock(const SimLock&) = delete;
  SimLock& operator=(const SimLock&) = delete;

 private:
  const std::shared_ptr<std::set<std::string>> locks_;
  const std::string path_;
};

Status missing(const std::string& path) { return Status(Code::kNotFound, "no such file", path); }

}  // namespace

SimFileSystem::SimFileSystem(std::uint64_t seed)
    : random_state_(seed * 0x9e3779b97f4a7c15u + 1),
      locks_(std::make_shared<std::set<std::string>>()) {}

SimFileSystem::~SimFileSystem() = default;

std::uint64_t SimFileSystem::random() {  // splitmix64
  random_state_ += 0x9e3779b97f4a7c15u;
  std::uint64_t value = random_state_;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

bool SimFileSystem::strikes(const Fault& fault, std::uint64_t counter) const {
  return counter >= fault.at && counter - fault.at < fault.count;
}

std::uint64_t SimFileSystem::used_locked() const {
  std::set<const SimNode*> seen;
  std::uint64_t bytes = 0;
  for (const auto& [path, node] : live_)
    if (seen.insert(node.get()).second) bytes += node->live.size();
  return bytes;
}

Status SimFileSystem::check_alive(const std::string& path) const {
  if (!frozen_) return Status::success();
  return Status(Code::kIoError, "the simulated process has ended", path);
}

void SimFileSystem::freeze() {
  const MutexLock lock(mutex_);
  frozen_ = true;
}

void SimFileSystem::apply(const NameChange& change, Names* names) {
  if (!change.removed.empty()) names->erase(change.removed);
  if (!change.added.empty()) (*names)[change.added] = change.node;
}

void SimFileSystem::change_name(const std::string& folder, const std::string& removed,
                                const std::string& added,
                                const std::shared_ptr<SimNode>& node) {
  changes_.push_back({folder, removed, added, node});
  apply(changes_.back(), &live_);
}

Status SimFileSystem::open(const std::string& path, OpenMode mode, std::unique_ptr<File>* file) {
  const MutexLock lock(mutex_);
  const auto found = live_.find(path);
  if (found != live_.end()) {
    if (mode == OpenMode::kCreate)
      return Status(Code::kAlreadyExists, "the file exists", path);
    *file = std::make_unique<SimFile>(this, found->second, path);
    return Status::success();
  }
  if (mode == OpenMode::kRead || mode == OpenMode::kReadWrite) return missing(path);
  NDTS_TRY(check_alive(path));
  const std::string folder = parent_folder(path);
  if (!folders_.contains(folder)) return missing(folder);
  auto node = std::make_shared<SimNode>();
  change_name(folder, "", path, node);
  *file = std::make_unique<SimFile>(this, std::move(node), path);
  return Status::success();
}

Status SimFileSystem::rename(const std::string& from, const std::string& to) {
  const MutexLock lock(mutex_);
  NDTS_TRY(check_alive(from));
  const auto found = live_.find(from);
  if (found == live_.end()) return missing(from);
  change_name(parent_folder(to), from, to, std::shared_ptr<SimNode>(found->second));
  return Status::success();
}

Status SimFileSystem::remove(const std::string& path) {
  const MutexLock lock(mutex_);
  NDTS_TRY(check_alive(path));
  if (!live_.contains(path)) return missing(path);
  change_name(parent_folder(path), path, "", nullptr);
  return Status::success();
}

Status SimFileSystem::hard_link(const std::string& from, const std::string& to) {
  const MutexLock lock(mutex_);
  NDTS_TRY(check_alive(from));
  const auto found = live_.find(from);
  if (found == live_.end()) return missing(from);
  if (live_.contains(to)) return Status(Code::kAlreadyExists, "the file exists", to);
  change_name(parent_folder(to), "", to, std::shared_ptr<SimNode>(found->second));
  return Status::success();
}

Status SimFileSystem::list(const std::string& folder, std::vector<std::string>* names) {
  const MutexLock lock(mutex_);
  names->clear();
  if (!folders_.contains(folder)) return missing(folder);
  for (const auto& [path, node] : live_)
    if (parent_folder(path) == folder) names->push_back(path.substr(folder.size() + 1));
  for (const std::string& path : folders_)
    if (path != folder && parent_folder(path) == folder)
      names->push_back(path.substr(folder.size() + 1));
  std::sort(names->begin(), names->end());
  return Status::success();
}

Status SimFileSystem::make_directory(const std::string& folder) {
  const MutexLock lock(mutex_);
  for (std::string path = folder; folders_.insert(path).second; path = parent_folder(path))
    if (path == "." || path == "/") break;
  return Status::success();
}

Status SimFileSystem::remove_directory(const std::string& folder) {
  const MutexLock lock(mutex_);
  NDTS_TRY(check_alive(folder));
  if (!folders_.contains(folder)) return missing(folder);
  const auto inside = [&folder](const std::string& path) {
    return path != folder && parent_folder(path) == folder;
  };
  for (const auto& [path, node] : live_)
    if (inside(path)) return Status(Code::kIoError, "the folder is not empty", folder);
  for (const std::string& path : folders_)
    if (inside(path)) return Status(Code::kIoError, "the folder is not empty", folder);
  folders_.erase(folder);
  return Status::success();
}

Status SimFileSystem::sync_directory(const std::string& folder) {
  const MutexLock lock(mutex_);
  NDTS_TRY(check_alive(folder));
  const std::uint64_t number = ++syncs_;
  if (strikes(sync_fault_, number)) return Status(sync_fault_.code, "injected fault", folder);
  for (const NameChange& change : changes_)
    if (change.folder == folder) apply(change, &durable_);
  std::erase_if(changes_, [&](const NameChange& change) { return change.folder == folder; });
  return Status::success();
}

bool SimFileSystem::exists(const std::string& path) {
  const MutexLock lock(mutex_);
  return live_.contains(path) || folders_.contains(path);
}

Status SimFileSystem::lock(const std::string& path, std::unique_ptr<FileLock>* lock) {
  std::unique_ptr<File> file;
  NDTS_TRY(open(path, OpenMode::kOpenOrCreate, &file));
  const MutexLock guard(mutex_);
  if (!locks_->insert(path).second)
    return Status(Code::kLocked, "another process has it open", path);
  *lock = std::make_unique<SimLock>(locks_, path);
  return Status::success();
}

std::string SimFileSystem::boot_id() {
  const MutexLock lock(mutex_);
  return "simulated-boot-" + std::to_string(boot_);
}

void SimFileSystem::kill() {
  const MutexLock lock(mutex_);
  frozen_ = false;
  locks_ = std::make_shared<std::set<std::string>>();
  // Copies, so that objects of the ended process reach nothing any more.
  std::map<const SimNode*, std::shared_ptr<SimNode>> copies;
  const auto copy = [&](std::shared_ptr<SimNode>& node) {
    if (node == nullptr) return;
    std::shared_ptr<SimNode>& made = copies[node.get()];
    if (made == nullptr) made = std::make_shared<SimNode>(*node);
    node = made;
  };
  for (auto& [path, node] : live_) copy(node);
  for (auto& [path, node] : durable_) copy(node);
  for (NameChange& change : changes_) copy(change.node);
}

void SimFileSystem::crash() {
  const MutexLock lock(mutex_);
  frozen_ = false;
  for (const NameChange& change : changes_)
    if (coin()) apply(change, &durable_);
  changes_.clear();
  std::map<const SimNode*, std::shared_ptr<SimNode>> survivors;
  for (auto& [path, node] : durable_) {
    std::shared_ptr<SimNode>& survivor = survivors[node.get()];
    if (survivor == nullptr) {
      survivor = std::make_shared<SimNode>(*node);
      SimNode& disk = *survivor;
      if (disk.mapped) disk.touch(0, disk.live.size());
      if (coin()) disk.durable.resize(disk.live.size());
      for (const std::size_t sector : disk.dirty) {
        const std::size_t bytes = disk.sector_bytes(sector);
        const std::uint64_t choice = random() % 8;
        if (choice < 3) disk.persist(sector, 0, bytes);
        if (choice == 3 && bytes > 0) disk.persist(sector, 0, random() % bytes);
        if (choice == 4 && bytes > 0) disk.persist(sector, random() % bytes, bytes);
      }
      disk.live = disk.durable;
      disk.dirty.clear();
      disk.mapped = false;
    }
    node = survivor;
  }
  live_ = durable_;
  locks_ = std::make_shared<std::set<std::string>>();
  write_fault_ = {};
  sync_fault_ = {};
  ++boot_;
}

void SimFileSystem::fail_write(std::uint64_t nth, Code code, std::uint64_t count) {
  const MutexLock lock(mutex_);
  write_fault_ = {writes_ + nth, count, code};
}

void SimFileSystem::fail_sync(std::uint64_t nth, Code code, std::uint64_t count) {
  const MutexLock lock(mutex_);
  sync_fault_ = {syncs_ + nth, count, code};
}

void SimFileSystem::clear_faults() {
  const MutexLock lock(mutex_);
  write_fault_ = {};
  sync_fault_ = {};
}

void SimFileSystem::set_capacity(std::uint64_t bytes) {
  const MutexLock lock(mutex_);
  capacity_ = bytes;
}

void SimFileSystem::flip_bit(const std::string& path, std::uint64_t offset, unsigned bit) {
  const MutexLock lock(mutex_);
  SimNode& node = *live_.at(path);
  const auto at = static_cast<std::size_t>(offset);
  const auto mask = static_cast<std::byte>(1u << bit);
  node.live.at(at) ^= mask;
  if (at < node.durable.size()) node.durable.at(at) = node.live.at(at);
}

void SimFileSystem::cut(const std::string& path, std::uint64_t bytes) {
  const MutexLock lock(mutex_);
  SimNode& node = *live_.at(path);
  node.live.resize(static_cast<std::size_t>(bytes));
  node.durable = node.live;
  node.dirty.clear();
}

std::uint64_t SimFileSystem::writes() const {
  const MutexLock lock(mutex_);
  return writes_;
}

std::uint64_t SimFileSystem::syncs() const {
  const MutexLock lock(mutex_);
  return syncs_;
}

std::uint64_t SimFileSystem::used_bytes() const {
  const MutexLock lock(mutex_);
  return used_locked();
}

}  // namespace ndts
