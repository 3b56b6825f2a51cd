// Flush and compaction as steps. See key_value_store.h.
#include <algorithm>

#include "base/crash_point.h"
#include "kv/key_value_store.h"

namespace ndts {

namespace {

constexpr std::int64_t kRetryNs = 1'000'000'000;

bool is_among(const std::vector<std::uint64_t>& numbers, std::uint64_t number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

// The tables with these numbers, in their order.
SstLevel pick(const SstLevel& level, const std::vector<std::uint64_t>& numbers) {
  SstLevel picked;
  for (const std::shared_ptr<SstFile>& table : level)
    if (is_among(numbers, table->info().number)) picked.push_back(table);
  return picked;
}

}  // namespace

std::uint64_t KeyValueStore::background_step() {
  if (paused()) {
    sweep();
    return 0;
  }
  // A flush is what writers may wait for: compaction gets the time it leaves.
  std::uint64_t work = 0;
  const Status status = flush_step(options_.step_bytes, &work);
  if (!status.ok()) retry_at_ns_ = options_.clock->monotonic_ns() + kRetryNs;
  return !status.ok() || work > 0 ? work : compact_in_background();
}

std::uint64_t KeyValueStore::compact_in_background() {
  sweep();
  if (paused()) return 0;
  std::uint64_t work = 0;
  const std::uint64_t budget = budget_.allowance();
  throttled_ = budget == 0;
  if (throttled_) return 0;
  if (compact_step(budget, &work).ok()) return work;
  retry_at_ns_ = options_.clock->monotonic_ns() + kRetryNs;
  return 0;
}

bool KeyValueStore::must_compact() const {
  const MutexLock lock(state_mutex_);
  return (*state_->levels)[0].size() >= options_.level0_limit && failure_.ok();
}

bool KeyValueStore::paused() {
  if (retry_now_.exchange(false, std::memory_order_relaxed)) retry_at_ns_ = 0;
  return retry_at_ns_ != 0 && options_.clock->monotonic_ns() < retry_at_ns_;
}

void KeyValueStore::note(const Status& status) {
  const MutexLock lock(state_mutex_);
  failure_ = status;
  if (!status.ok()) counters_.failures += 1;
  progress_.notify_all();
}

void KeyValueStore::sweep() {
  std::vector<std::shared_ptr<const KeyValueState>> unused;
  {
    const MutexLock lock(state_mutex_);
    // Nobody can take a new reference to an old state: one reference, ours, stays one.
    const auto used = [](const auto& state) { return state.use_count() > 1; };
    const auto end = std::partition(old_.begin(), old_.end(), used);
    unused.assign(std::make_move_iterator(end), std::make_move_iterator(old_.end()));
    old_.erase(end, old_.end());
  }
  unused.clear();
  std::erase_if(obsolete_, [this](std::shared_ptr<SstFile>& table) {
    if (table.use_count() > 1) return false;
    const std::string path = table->path();
    table.reset();
    // Best effort: the next open removes what no manifest lists.
    static_cast<void>(options_.files->remove(path));
    return true;
  });
}

Status KeyValueStore::flush_step(std::uint64_t budget, std::uint64_t* work) {
  *work = 0;
  if (flush_ == nullptr) flush_ = begin_flush();
  if (flush_ == nullptr) return {};
  return run(&flush_, budget, work);
}

Status KeyValueStore::compact_step(std::uint64_t budget, std::uint64_t* work) {
  *work = 0;
  if (compaction_ == nullptr) compaction_ = begin_compaction();
  if (compaction_ == nullptr) return {};
  const Status status = run(&compaction_, budget, work);
  budget_.took(*work);
  return status;
}

// A job that fails while it builds begins again from nothing; one whose edit could not be logged
// is logged again.
Status KeyValueStore::run(std::unique_ptr<Job>* job, std::uint64_t budget, std::uint64_t* work) {
  Job& running = **job;
  if (running.build != nullptr && !running.build->ended()) {
    const Status status = running.build->step(budget, work);
    if (!status.ok()) {
      running.build->abandon();
      job->reset();
      note(status);
      return status;
    }
  }
  *work += 1;  // also where nothing was read, something was done
  if (running.build != nullptr && !running.build->ended()) return {};
  const Status status = log_and_install(running);
  if (status.ok()) job->reset();
  note(status);
  return status;
}

std::unique_ptr<KeyValueStore::Job> KeyValueStore::begin_flush() {
  auto job = std::make_unique<Job>();
  {
    const MutexLock lock(state_mutex_);
    if (state_->immutable.empty()) return nullptr;
    job->state = state_;
  }
  job->flush = true;
  const KeyValueMemtable& memtable = *job->state->immutable.back();
  job->edit.position = memtable.position();
  job->edit.last_sequence = memtable.last_sequence();
  TableBuildOptions build;
  build.files = options_.files;
  build.dir = options_.dir;
  build.level = 0;
  build.block_bytes = options_.block_bytes;
  build.first_sequence = memtable.first_sequence();
  build.last_sequence = memtable.last_sequence();
  build.next_number = [this] { return next_number_++; };
  build.older = job->state->levels;
  const SstLevels& levels = *job->state->levels;
  build.drop_deletes = std::all_of(levels.begin(), levels.end(),
                                   [](const SstLevel& level) { return level.empty(); });
  std::unique_ptr<Cursor> cursor = memtable.cursor(SkipList::kMaxSequence);
  cursor->seek("");
  job->build = std::make_unique<TableBuild>(std::move(build), std::move(cursor));
  return job;
}

std::unique_ptr<KeyValueStore::Job> KeyValueStore::begin_compaction() {
  auto job = std::make_unique<Job>();
  std::optional<CompactionPlan> plan;
  {
    const MutexLock lock(state_mutex_);
    plan = plan_compaction(shape_locked(), options_.compaction, next_key_);
    job->state = state_;
  }
  if (!plan.has_value()) return nullptr;
  const SstLevels& levels = *job->state->levels;
  const SstLevel inputs = pick(levels[plan->level], plan->inputs);
  job->level = plan->level;
  for (const std::shared_ptr<SstFile>& table : inputs)
    job->end_key = std::max<std::string>(job->end_key, std::string(table->max_key()));
  job->edit.removed = plan->inputs;
  job->edit.removed.insert(job->edit.removed.end(), plan->overlapping.begin(),
                           plan->overlapping.end());
  if (plan->move) {
    for (const std::shared_ptr<SstFile>& table : inputs) {
      job->edit.added.push_back(table->info());
      job->edit.added.back().level = plan->level + 1;
    }
  } else {
    begin_merge(*plan, job.get());
  }
  return job;
}

void KeyValueStore::begin_merge(const CompactionPlan& plan, Job* job) {
  const SstLevels& levels = *job->state->levels;
  // Only what is merged stays pinned by the job, and what it hides things in.
  auto merged = std::make_shared<KeyValueState>();
  auto inputs = std::make_shared<SstLevels>();
  (*inputs)[0] = pick(levels[plan.level], plan.inputs);
  (*inputs)[1] = pick(levels[plan.level + 1], plan.overlapping);
  for (std::uint32_t deeper = plan.level + 2; deeper < kSstLevels; deeper += 1)
    (*inputs)[deeper] = levels[deeper];
  TableBuildOptions build;
  build.files = options_.files;
  build.dir = options_.dir;
  build.level = plan.level + 1;
  build.block_bytes = options_.block_bytes;
  build.table_bytes = options_.table_bytes;
  build.drop_deletes = plan.drop_deletes;
  build.first_sequence = SkipList::kMaxSequence;
  build.next_number = [this] { return next_number_++; };
  build.older = inputs;
  build.older_level = plan.level + 2;
  std::vector<std::unique_ptr<Cursor>> sources;
  if (plan.level == 0) {
    for (const std::shared_ptr<SstFile>& table : (*inputs)[0]) sources.push_back(table->cursor());
  } else {
    sources.push_back(make_level_cursor((*inputs)[0]));
  }
  if (!(*inputs)[1].empty()) sources.push_back(make_level_cursor((*inputs)[1]));
  for (const std::size_t level : {0u, 1u}) {
    for (const std::shared_ptr<SstFile>& table : (*inputs)[level]) {
      build.first_sequence = std::min(build.first_sequence, table->info().first_sequence);
      build.last_sequence = std::max(build.last_sequence, table->info().last_sequence);
    }
  }
  merged->levels = std::move(inputs);
  job->state = std::move(merged);
  auto cursor = std::make_unique<MergeCursor>(std::move(sources), false);
  cursor->seek("");
  job->build = std::make_unique<TableBuild>(std::move(build), std::move(cursor));
}

Status KeyValueStore::log_and_install(Job& job) {
  if (!job.named && job.build != nullptr) {
    NDTS_TRY(options_.files->sync_directory(options_.dir));
    for (const std::shared_ptr<SstFile>& table : job.build->tables())
      job.edit.added.push_back(table->info());
  }
  crash_point(job.flush ? "kv.flush_built" : "kv.compaction_built");
  // Once logging was tried the manifest may list the output, whatever came of it.
  job.named = true;
  job.edit.next_number = next_number_;
  KeyValueManifest next;
  {
    const MutexLock lock(state_mutex_);
    next = manifest_;
  }
  apply_edit(job.edit, &next);
  NDTS_TRY(options_.log_edit(next, job.edit));
  crash_point(job.flush ? "kv.flush_logged" : "kv.compaction_logged");
  install(job, next);
  return {};
}

void KeyValueStore::install(const Job& job, const KeyValueManifest& next) {
  const MutexLock lock(state_mutex_);
  auto levels = std::make_shared<SstLevels>(*state_->levels);
  const bool move = job.build == nullptr;
  for (SstLevel& level : *levels) {
    std::erase_if(level, [&](const std::shared_ptr<SstFile>& table) {
      if (!is_among(job.edit.removed, table->info().number)) return false;
      if (move) {
        (*levels)[job.level + 1].push_back(table);
      } else {
        obsolete_.push_back(table);
      }
      return true;
    });
    if (move && &level == &(*levels)[job.level]) break;
  }
  const std::uint32_t to = job.flush ? 0 : job.level + 1;
  if (!move)
    for (const std::shared_ptr<SstFile>& table : job.build->tables())
      (*levels)[to].push_back(table);
  // Tables of a level share no key: the plan saw to it, and a failure here would be a defect.
  static_cast<void>(sort_levels(levels.get()));
  auto state = std::make_shared<KeyValueState>(*state_);
  state->levels = std::move(levels);
  if (job.flush) {
    state->immutable.pop_back();
    counters_.flushes += 1;
    counters_.flushed_bytes += job.build->bytes_written();
  } else {
    next_key_[job.level] = job.end_key;
    counters_.compactions += move ? 0 : 1;
    counters_.moves += move ? 1 : 0;
    if (!move) counters_.compacted_bytes += job.build->bytes_written();
  }
  manifest_ = next;
  publish(std::move(state));
}

}  // namespace ndts
