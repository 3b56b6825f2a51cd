// See pulled_blocks.h.
#include "blocks/pulled_blocks.h"

#include <utility>

namespace ndts {

PulledBlocks::PulledBlocks(std::vector<PulledFile> files, std::shared_ptr<BlockCache> cache,
                           std::uint64_t window_bytes, std::function<void()> wake)
    : files_(std::move(files)),
      cache_(std::move(cache)),
      window_bytes_(window_bytes),
      segments_(files_.size()),
      wake_(std::move(wake)),
      taken_(files_.size()) {}

Status PulledBlocks::open_file(std::uint32_t file, SharedBytes ends, const TableSchema& schema) {
  const SegmentIdentity& wanted = files_[file].identity;
  const std::string path = "segment " + std::to_string(wanted.number) + " of another host";
  std::shared_ptr<const SegmentReader> reader;
  NDTS_TRY(SegmentReader::open_ends(ends, path, nullptr, file, &reader));
  const SegmentRecord& record = reader->record();
  const SegmentIdentity found{record.number, record.bytes, record.day,
                              record.table,  record.shard, record.trailer_checksum};
  if (found != wanted) return Status(Code::kCorrupt, "it is not the file that was named", path);
  const std::vector<ColumnSchema>& columns = reader->schema().columns;
  bool same = columns.size() == schema.columns.size();
  for (std::size_t at = 0; same && at < columns.size(); at += 1)
    same = columns[at].type == schema.columns[at].type &&
           columns[at].nullable == schema.columns[at].nullable;
  if (!same) return Status(Code::kCorrupt, "it has other columns than its table", path);
  segments_[file] = std::move(reader);
  NDTS_TRY(SegmentReader::open_ends(ends, path, shared_from_this(), file, &reader));
  {
    const MutexLock lock(mutex_);
    if (taken_.empty()) return Status(Code::kInvalidArgument, "the files were taken", path);
    taken_[file] = std::move(reader);
  }
  if (files_[file].cached) cache_->put(wanted, kSegmentEnds, std::move(ends));
  return {};
}

std::vector<std::shared_ptr<const SegmentReader>> PulledBlocks::take_segments() {
  const MutexLock lock(mutex_);
  return std::exchange(taken_, {});
}

void PulledBlocks::close() {
  fail(Status(Code::kCancelled, "the replay was closed"));
  // They keep this, and are let go of without the lock.
  static_cast<void>(take_segments());
  const MutexLock lock(wake_mutex_);
  wake_ = nullptr;
}

void PulledBlocks::wake() {
  const MutexLock lock(wake_mutex_);
  if (wake_) wake_();
}

bool PulledBlocks::has(const SourceBlock& block) const {
  return block.file < segments_.size() && segments_[block.file] != nullptr &&
         block.block < segments_[block.file]->blocks().size();
}

std::uint64_t PulledBlocks::bytes_of(const SourceBlock& block) const {
  return segments_[block.file]->blocks()[block.block].bytes;
}

SharedBytes PulledBlocks::cached(const SourceBlock& block) {
  const PulledFile& file = files_[block.file];
  return file.cached ? cache_->get(file.identity, block.block) : nullptr;
}

bool PulledBlocks::has_work() const {
  return failure_.ok() &&
         (!urgent_.empty() || (next_ < expected_.size() && ahead_bytes_ < window_bytes_));
}

std::vector<SourceBlock> PulledBlocks::take_wanted(std::uint64_t bytes_max) {
  std::vector<SourceBlock> taken;
  std::uint64_t bytes = 0;
  const MutexLock lock(mutex_);
  while (has_work()) {
    const bool urgent = !urgent_.empty();
    const SourceBlock block = urgent ? urgent_.front() : expected_[next_];
    const std::uint64_t size = bytes_of(block);
    const auto found = entries_.find(key_of(block));
    // Somebody waits for it, or nobody asked for it yet.
    const bool fetch = urgent ? found != entries_.end() && found->second.bytes == nullptr
                              : found == entries_.end();
    if (fetch && !taken.empty() && bytes + size > bytes_max) break;
    if (urgent) {
      urgent_.pop_front();
    } else {
      next_ += 1;
    }
    if (!fetch) continue;
    if (!urgent) {
      SharedBytes here = cached(block);
      ahead_bytes_ += size;
      const bool waits = here == nullptr;
      entries_[key_of(block)] = {std::move(here), 0, 0, true};
      if (!waits) continue;
    }
    bytes += size;
    taken.push_back(block);
  }
  return taken;
}

// Copies and checks with nothing locked.
Status PulledBlocks::deliver(const SourceBlock& block, Bytes bytes) {
  auto made = std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
  NDTS_TRY(segments_[block.file]->check_block(block.block, *made));
  keep(block, std::move(made));
  return {};
}

Status PulledBlocks::deliver(const SourceBlock& block, Bytes bytes, Clock* clock,
                             std::int64_t lease_end_ns) {
  auto made = std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
  NDTS_TRY(segments_[block.file]->check_block(block.block, *made));
  if (clock->monotonic_ns() > lease_end_ns)
    return Status(Code::kLeaseLost, "blocks came after the lease of their space");
  keep(block, std::move(made));
  return {};
}

void PulledBlocks::keep(const SourceBlock& block, SharedBytes bytes) {
  const PulledFile& file = files_[block.file];
  if (file.cached) cache_->put(file.identity, block.block, bytes);
  const MutexLock lock(mutex_);
  const auto found = entries_.find(key_of(block));
  if (found == entries_.end()) return;
  found->second.bytes = std::move(bytes);
  drop_unused(found->first);
  arrived_.notify_all();
}

void PulledBlocks::put_back(const SourceBlock& block) {
  const MutexLock lock(mutex_);
  const auto found = entries_.find(key_of(block));
  if (found != entries_.end() && found->second.bytes == nullptr) urgent_.push_back(block);
}

void PulledBlocks::fail(const Status& why) {
  const MutexLock lock(mutex_);
  if (failure_.ok()) failure_ = why;
  arrived_.notify_all();
}

void PulledBlocks::drop_unused(std::uint64_t key) {
  const Entry& entry = entries_.at(key);
  if (entry.holds == 0 && entry.waiting == 0 && !entry.expected && entry.bytes != nullptr)
    entries_.erase(key);
}

void PulledBlocks::expect(std::vector<SourceBlock> blocks) {
  {
    const MutexLock lock(mutex_);
    for (auto at = entries_.begin(); at != entries_.end();) {
      Entry& entry = at->second;
      entry.expected = false;
      const bool gone = entry.holds == 0 && entry.waiting == 0 && entry.bytes != nullptr;
      at = gone ? entries_.erase(at) : std::next(at);
    }
    ahead_bytes_ = 0;
    expected_ = std::move(blocks);
    next_ = 0;
  }
  wake();
}

Status PulledBlocks::hold(const SourceBlock& block, Bytes* bytes) {
  const std::uint64_t key = key_of(block);
  bool urgent = false;
  MutexLock lock(mutex_);
  auto found = entries_.find(key);
  if (found == entries_.end()) {
    // It comes by itself, unless nobody took it yet.
    found = entries_.emplace(key, Entry{cached(block), 0, 0, false}).first;
    if (found->second.bytes == nullptr) {
      urgent_.push_back(block);
      urgent = true;
    }
  }
  Entry& entry = found->second;
  entry.waiting += 1;
  if (urgent) {
    lock.unlock();
    wake();
    lock.lock();
  }
  while (entry.bytes == nullptr && failure_.ok()) arrived_.wait(lock);
  entry.waiting -= 1;
  if (entry.bytes == nullptr) return failure_;
  entry.holds += 1;
  *bytes = *entry.bytes;
  return {};
}

void PulledBlocks::release(const SourceBlock& block) {
  bool half = false;
  {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(key_of(block));
    if (found == entries_.end()) return;
    Entry& entry = found->second;
    entry.holds -= 1;
    const bool was_full = ahead_bytes_ * 2 > window_bytes_;
    if (entry.expected) ahead_bytes_ -= bytes_of(block);
    entry.expected = false;
    drop_unused(found->first);
    // Half a window at a time: a driver that is woken for each block asks for single ones.
    half = was_full && ahead_bytes_ * 2 <= window_bytes_ && has_work();
  }
  if (half) wake();
}

}  // namespace ndts
