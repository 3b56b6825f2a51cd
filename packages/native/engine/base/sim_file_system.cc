// See sim_file.h: names, power cuts, faults.
#include <algorithm>
#include <utility>

#include "base/sim_file.h"
#include "base/sim_node.h"

namespace ndts {

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

Status SimFileSystem::count(SimOperation operation, const std::string& path,
                            std::uint64_t offset) {
  Status status;
  const auto step = [&](std::size_t at) {
    Counter& counter = counters_[at];
    counter.count += 1;
    if (counter.count >= counter.at && counter.count - counter.at < counter.times)
      status = Status(counter.code, "injected fault", path, offset);
  };
  step(static_cast<std::size_t>(operation));
  step(kAnyCounter);
  if (operation == SimOperation::kWrite || operation == SimOperation::kAllocate)
    step(kWriteCounter);
  if (operation == SimOperation::kSync || operation == SimOperation::kSyncDirectory)
    step(kSyncCounter);
  return status;
}

Status SimFileSystem::begin(SimOperation operation, const std::string& path) {
  NDTS_TRY(check_alive(path));
  return count(operation, path);
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
  return open_locked(path, mode, file);
}

Status SimFileSystem::open_locked(const std::string& path, OpenMode mode,
                                  std::unique_ptr<File>* file) {
  NDTS_TRY(count(SimOperation::kOpen, path));
  const auto found = live_.find(path);
  if (found != live_.end()) {
    if (mode == OpenMode::kCreate)
      return Status(Code::kAlreadyExists, "the file exists", path);
    *file = open_node(path, found->second);
    return Status::success();
  }
  if (mode == OpenMode::kRead || mode == OpenMode::kReadWrite) return missing(path);
  NDTS_TRY(check_alive(path));
  const std::string folder = parent_folder(path);
  if (!folders_.contains(folder)) return missing(folder);
  const auto node = std::make_shared<SimNode>();
  change_name(folder, "", path, node);
  *file = open_node(path, node);
  return Status::success();
}

Status SimFileSystem::rename(const std::string& from, const std::string& to) {
  const MutexLock lock(mutex_);
  NDTS_TRY(begin(SimOperation::kRename, from));
  const auto found = live_.find(from);
  if (found == live_.end()) return missing(from);
  change_name(parent_folder(to), from, to, std::shared_ptr<SimNode>(found->second));
  return Status::success();
}

Status SimFileSystem::remove(const std::string& path) {
  const MutexLock lock(mutex_);
  NDTS_TRY(begin(SimOperation::kRemove, path));
  if (!live_.contains(path)) return missing(path);
  change_name(parent_folder(path), path, "", nullptr);
  return Status::success();
}

Status SimFileSystem::hard_link(const std::string& from, const std::string& to) {
  const MutexLock lock(mutex_);
  NDTS_TRY(begin(SimOperation::kLink, to));
  const auto found = live_.find(from);
  if (found == live_.end()) return missing(from);
  if (live_.contains(to)) return Status(Code::kAlreadyExists, "the file exists", to);
  change_name(parent_folder(to), "", to, std::shared_ptr<SimNode>(found->second));
  return Status::success();
}

Status SimFileSystem::list(const std::string& folder, std::vector<std::string>* names) {
  const MutexLock lock(mutex_);
  names->clear();
  NDTS_TRY(count(SimOperation::kList, folder));
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
  NDTS_TRY(count(SimOperation::kRemove, folder));
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
  const Status fault = count(SimOperation::kSyncDirectory, folder);
  std::erase_if(changes_, [&](const NameChange& change) {
    if (change.folder != folder || (!fault.ok() && coin())) return false;
    apply(change, &durable_);
    return true;
  });
  return fault;
}

bool SimFileSystem::exists(const std::string& path) {
  const MutexLock lock(mutex_);
  return live_.contains(path) || folders_.contains(path);
}

Status SimFileSystem::lock(const std::string& path, std::unique_ptr<FileLock>* lock) {
  const MutexLock guard(mutex_);
  std::unique_ptr<File> file;
  NDTS_TRY(open_locked(path, OpenMode::kOpenOrCreate, &file));
  if (!locks_->insert(path).second)
    return Status(Code::kLocked, "this process or another has it open", path);
  *lock = std::make_unique<SimLock>(locks_, path);
  return Status::success();
}

std::string SimFileSystem::boot_id() {
  const MutexLock lock(mutex_);
  return "simulated-boot-" + std::to_string(boot_);
}

void SimFileSystem::detach() {
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

void SimFileSystem::kill() {
  const MutexLock lock(mutex_);
  frozen_ = false;
  locks_ = std::make_shared<std::set<std::string>>();
  detach();
}

std::unique_ptr<SimFileSystem> SimFileSystem::clone(std::uint64_t seed) const {
  const MutexLock lock(mutex_);
  auto made = std::make_unique<SimFileSystem>(seed);
  made->boot_ = boot_;
  made->capacity_ = capacity_;
  made->live_ = live_;
  made->durable_ = durable_;
  made->changes_ = changes_;
  made->folders_ = folders_;
  made->detach();
  return made;
}

bool SimFileSystem::survives(SimCrash leaves) {
  return leaves == SimCrash::kEverything || (leaves == SimCrash::kSubset && coin());
}

void SimFileSystem::end_node(SimNode* disk, SimCrash leaves) {
  if (disk->mapped) disk->touch(0, disk->live.size());
  const std::size_t was = disk->durable.size();
  const std::size_t now = disk->live.size();
  if (survives(leaves)) {
    disk->durable.resize(now);
  } else if (leaves == SimCrash::kSubset && was != now && coin()) {
    const std::size_t least = std::min(was, now);
    disk->durable.resize(least + random() % (std::max(was, now) - least));
  }
  const SectorSet& dirty = disk->dirty;
  for (std::size_t sector = dirty.next(0); sector < dirty.end(); sector = dirty.next(sector + 1)) {
    const std::size_t bytes = disk->sector_bytes(sector);
    if (leaves == SimCrash::kNothing) continue;
    const std::uint64_t choice = leaves == SimCrash::kSubset ? random() % 8 : 0;
    if (choice < 3) disk->persist(sector, 0, bytes);
    if (choice == 3 && bytes > 0) disk->persist(sector, 0, random() % bytes);
    if (choice == 4 && bytes > 0) disk->persist(sector, random() % bytes, bytes);
  }
  disk->live = disk->durable;
  disk->dirty.clear();
  disk->mapped = false;
}

void SimFileSystem::crash(SimCrash leaves) {
  const MutexLock lock(mutex_);
  frozen_ = false;
  for (const NameChange& change : changes_)
    if (survives(leaves)) apply(change, &durable_);
  changes_.clear();
  live_.clear();
  detach();
  std::set<SimNode*> ended;
  for (auto& [path, node] : durable_)
    if (ended.insert(node.get()).second) end_node(node.get(), leaves);
  live_ = durable_;
  locks_ = std::make_shared<std::set<std::string>>();
  for (Counter& counter : counters_) counter.times = 0;
  ++boot_;
}

void SimFileSystem::evict() {
  const MutexLock lock(mutex_);
  for (auto& [path, node] : live_) {
    if (node->mapped) continue;
    const std::size_t sectors = (node->live.size() + kSectorBytes - 1) / kSectorBytes;
    for (std::size_t sector = 0; sector < sectors; ++sector)
      if (!node->dirty.contains(sector)) node->forget(sector);
  }
}

void SimFileSystem::arm(std::size_t at, std::uint64_t nth, Code code, std::uint64_t times) {
  const MutexLock lock(mutex_);
  Counter& counter = counters_[at];
  counter = {counter.count, counter.count + nth, times, code};
}

void SimFileSystem::fail(SimOperation operation, std::uint64_t nth, Code code,
                         std::uint64_t count) {
  arm(static_cast<std::size_t>(operation), nth, code, count);
}

void SimFileSystem::fail_any(std::uint64_t nth, Code code, std::uint64_t count) {
  arm(kAnyCounter, nth, code, count);
}

void SimFileSystem::fail_write(std::uint64_t nth, Code code, std::uint64_t count) {
  arm(kWriteCounter, nth, code, count);
}

void SimFileSystem::fail_sync(std::uint64_t nth, Code code, std::uint64_t count) {
  arm(kSyncCounter, nth, code, count);
}

void SimFileSystem::clear_faults() {
  const MutexLock lock(mutex_);
  for (Counter& counter : counters_) counter.times = 0;
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

std::uint64_t SimFileSystem::count_of(std::size_t counter) const {
  const MutexLock lock(mutex_);
  return counters_[counter].count;
}

std::uint64_t SimFileSystem::operations() const { return count_of(kAnyCounter); }

std::uint64_t SimFileSystem::operations(SimOperation operation) const {
  return count_of(static_cast<std::size_t>(operation));
}

std::uint64_t SimFileSystem::writes() const { return count_of(kWriteCounter); }

std::uint64_t SimFileSystem::syncs() const { return count_of(kSyncCounter); }

std::uint64_t SimFileSystem::used_bytes() const {
  const MutexLock lock(mutex_);
  return used_locked();
}

}  // namespace ndts
