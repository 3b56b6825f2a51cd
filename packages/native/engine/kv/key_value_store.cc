// Opening, writing, reading. See key_value_store.h; the rest is in key_value_background.cc.
#include "kv/key_value_store.h"

#include <algorithm>

#include "generated/layouts.h"

namespace ndts {

namespace {

constexpr std::int64_t kIdleNs = 100'000'000;
constexpr std::string_view kTableEnd = ".sst";

std::string corrupt_place(const SstInfo& table) {
  return "sorted table " + std::to_string(table.number);
}

}  // namespace

KeyValueStore::KeyValueStore(const KeyValueOptions& options)
    : options_(options),
      budget_(*options.clock, options.compaction_bytes_per_second, options.step_bytes) {}

Status KeyValueStore::open(const KeyValueOptions& options, const KeyValueManifest& manifest,
                           std::unique_ptr<KeyValueStore>* store) {
  if (options.block_bytes < 64 || options.block_bytes > 32768)
    return Status(Code::kInvalidArgument, "block_bytes must be 64 to 32768, found " +
                                              std::to_string(options.block_bytes));
  const CompactionOptions& compaction = options.compaction;
  if (options.memtable_bytes == 0 || options.immutable_limit == 0 || options.step_bytes == 0 ||
      options.table_bytes == 0 || compaction.level0_tables == 0 || compaction.level1_bytes == 0 ||
      compaction.level_factor == 0)
    return Status(Code::kInvalidArgument, "sizes and limits must be above 0");
  if (compaction.levels < 2 || compaction.levels > kSstLevels)
    return Status(Code::kInvalidArgument, "levels must be 2 to " + std::to_string(kSstLevels) +
                                              ", found " + std::to_string(compaction.levels));
  // A writer may only wait for what compaction will do.
  if (options.level0_limit < compaction.level0_tables || options.pending_limit_bytes == 0)
    return Status(Code::kInvalidArgument, "level0_limit is below level0_tables");
  std::unique_ptr<KeyValueStore> made(new KeyValueStore(options));
  NDTS_TRY(options.files->make_directory(options.dir));
  NDTS_TRY(made->load(manifest));
  made->remove_strays(manifest);
  if (options.threads)
    made->thread_ = std::make_unique<BackgroundThread>(
        "ndts-kv", kIdleNs, [self = made.get()] { return self->background_step(); });
  *store = std::move(made);
  return {};
}

Status KeyValueStore::load(const KeyValueManifest& manifest) {
  auto levels = std::make_shared<SstLevels>();
  for (const SstInfo& table : manifest.tables) {
    if (table.level >= kSstLevels || table.number >= manifest.next_number ||
        table.last_sequence > manifest.last_sequence)
      return Status(Code::kCorrupt, corrupt_place(table) + " is out of the manifest's range");
    std::shared_ptr<SstFile> file;
    Status status = SstFile::open(*options_.files, options_.dir, table, &file);
    if (status.code() == Code::kNotFound)
      return Status(Code::kCorrupt, "a sorted table that the manifest lists is missing",
                    sst_path(options_.dir, table.number));
    NDTS_TRY(status);
    (*levels)[table.level].push_back(std::move(file));
  }
  NDTS_TRY(sort_levels(levels.get()));
  manifest_ = manifest;
  next_number_ = manifest.next_number;
  last_sequence_ = manifest.last_sequence;
  visible_.store(last_sequence_, std::memory_order_relaxed);
  active_ = std::make_shared<KeyValueMemtable>();
  auto state = std::make_shared<KeyValueState>();
  state->active = active_;
  state->levels = std::move(levels);
  const MutexLock lock(state_mutex_);
  publish(std::move(state));
  return {};
}

// Of builds that were cut off, and tables that were read until the end. Best effort: a stray file
// only takes space.
void KeyValueStore::remove_strays(const KeyValueManifest& manifest) {
  std::vector<std::string> names;
  if (!options_.files->list(options_.dir, &names).ok()) return;
  for (const std::string& name : names) {
    if (!name.ends_with(kTableEnd)) continue;
    const std::string path = options_.dir + "/" + name;
    const auto listed = [&](const SstInfo& table) {
      return sst_path(options_.dir, table.number) == path;
    };
    if (std::none_of(manifest.tables.begin(), manifest.tables.end(), listed))
      static_cast<void>(options_.files->remove(path));
  }
}

void KeyValueStore::publish(std::shared_ptr<const KeyValueState> next) {
  if (state_ != nullptr) old_.push_back(std::move(state_));
  state_ = std::move(next);
  generation_.store(generation_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

void KeyValueStore::apply(Bytes batch, std::uint64_t position) {
  ByteReader reader(batch);
  while (reader.left() > 0) {
    const auto head = reader.read<KeyValueHead>();
    const std::string_view key = text_of(reader.read_bytes(head.key_bytes));
    const Bytes value = reader.read_bytes(head.value_bytes);
    last_sequence_ += 1;
    if (active_->empty() && active_->first_sequence() == 0) active_->begin_at(last_sequence_);
    if (head.kind == static_cast<std::uint32_t>(KeyValueKind::kPut)) {
      active_->put(key, last_sequence_, value);
    } else {
      active_->remove(key, last_sequence_);
    }
  }
  active_->note(position, last_sequence_);
  visible_.store(last_sequence_, std::memory_order_release);
}

void KeyValueStore::rotate_locked() {
  if (active_->empty()) return;
  auto next = std::make_shared<KeyValueState>(*state_);
  next->immutable.insert(next->immutable.begin(), active_);
  active_ = std::make_shared<KeyValueMemtable>();
  next->active = active_;
  publish(std::move(next));
}

void KeyValueStore::rotate() {
  {
    const MutexLock lock(state_mutex_);
    rotate_locked();
  }
  if (thread_ != nullptr) thread_->wake();
}

bool KeyValueStore::at_limit_locked() const {
  return state_->immutable.size() >= options_.immutable_limit ||
         (*state_->levels)[0].size() >= options_.level0_limit ||
         pending_bytes(shape_locked(), options_.compaction) >= options_.pending_limit_bytes;
}

Status KeyValueStore::make_room() {
  if (active_->bytes() < options_.memtable_bytes) [[likely]]
    return {};
  MutexLock lock(state_mutex_);
  if (at_limit_locked()) {
    const std::int64_t start = options_.clock->monotonic_ns();
    counters_.stalls += 1;
    lock.unlock();
    const Status status = wait_while([this] { return at_limit_locked(); });
    lock.lock();
    counters_.stall_ns +=
        static_cast<std::uint64_t>(options_.clock->monotonic_ns() - start);
    NDTS_TRY(status);
  }
  rotate_locked();
  lock.unlock();
  if (thread_ != nullptr) thread_->wake();
  return {};
}

Status KeyValueStore::flush() {
  {
    const MutexLock lock(state_mutex_);
    failure_ = {};  // what failed before is tried again
    retry_now_.store(true, std::memory_order_relaxed);
  }
  rotate();
  return wait_while([this] { return !state_->immutable.empty(); });
}

// `busy` is asked with state_mutex_ held. Where there is no thread the work is done here.
Status KeyValueStore::wait_while(const std::function<bool()>& busy) {
  MutexLock lock(state_mutex_);
  while (busy()) {
    if (thread_ == nullptr) {
      lock.unlock();
      std::uint64_t work = 0;
      NDTS_TRY(flush_step(options_.step_bytes, &work));
      if (work == 0) NDTS_TRY(compact_step(options_.step_bytes, &work));
      sweep();
      lock.lock();
      continue;
    }
    NDTS_TRY(failure_);
    progress_.wait_for(lock, kIdleNs);
  }
  return {};
}

void KeyValueStore::close() {
  if (thread_ != nullptr) thread_->stop();
  thread_.reset();
  for (std::unique_ptr<Job>* job : {&flush_, &compaction_}) {
    if (*job != nullptr && !(*job)->named && (*job)->build != nullptr) (*job)->build->abandon();
    job->reset();
  }
  sweep();
}

KeyValueSnapshot KeyValueStore::snapshot() const {
  std::shared_ptr<const KeyValueState> state;
  {
    const MutexLock lock(state_mutex_);
    state = state_;
  }
  // After the state: what its tables no longer hold apart was complete before they were made.
  return {std::move(state), visible_.load(std::memory_order_acquire)};
}

TableShape KeyValueStore::shape_locked() const {
  TableShape shape;
  for (std::size_t level = 0; level < kSstLevels; level += 1)
    for (const std::shared_ptr<SstFile>& table : (*state_->levels)[level])
      shape[level].push_back(&table->info());
  return shape;
}

KeyValueStats KeyValueStore::stats() const {
  const MutexLock lock(state_mutex_);
  KeyValueStats stats = counters_;
  const TableShape shape = shape_locked();
  stats.immutable = state_->immutable.size();
  stats.memtable_bytes = state_->active->bytes();
  for (const auto& memtable : state_->immutable) {
    stats.memtable_bytes += memtable->bytes();
    stats.entries += memtable->entries();
  }
  stats.entries += state_->active->entries();
  for (std::size_t level = 0; level < kSstLevels; level += 1) {
    stats.tables[level] = shape[level].size();
    for (const SstInfo* table : shape[level]) {
      stats.bytes[level] += table->bytes;
      stats.entries += table->entries;
      stats.hidden_bytes += table->hidden_bytes;
    }
  }
  stats.pending_bytes = pending_bytes(shape, options_.compaction);
  return stats;
}

Status KeyValueStore::failure() const {
  const MutexLock lock(state_mutex_);
  return failure_;
}

std::uint64_t KeyValueReader::refresh() {
  if (state_ == nullptr || store_.generation_.load(std::memory_order_acquire) != generation_) {
    const MutexLock lock(store_.state_mutex_);
    state_ = store_.state_;
    generation_ = store_.generation_.load(std::memory_order_relaxed);
  }
  return store_.visible_.load(std::memory_order_acquire);
}

Status KeyValueReader::get(std::string_view key, std::optional<Bytes>* value) {
  const std::uint64_t sequence = refresh();
  return find_value(*state_, sequence, key, value);
}

KeyValueIterator KeyValueReader::iterate(const KeyValueScan& range) {
  const std::uint64_t sequence = refresh();
  return {state_, sequence, range};
}

}  // namespace ndts
