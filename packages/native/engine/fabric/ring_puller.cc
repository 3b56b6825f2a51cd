// See ring_puller.h.
#include "fabric/ring_puller.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/spin.h"

namespace ndts {
namespace {

Status of_one_server(const std::vector<Grant>& grants) {
  if (grants.empty() || grants.size() > RingPuller::kRingsMax)
    return Status(Code::kInvalidArgument, "expected 1 to " +
                                              std::to_string(RingPuller::kRingsMax) +
                                              " grants, found " + std::to_string(grants.size()));
  const Grant& first = grants.front();
  for (const Grant& grant : grants)
    if (grant.provider != first.provider ||
        (grant.provider != "mapped" && grant.address != first.address))
      return Status(Code::kInvalidArgument,
                    "expected grants of one server, found " + first.provider + " at " +
                        first.address + " and " + grant.provider + " at " + grant.address);
  return Status::success();
}

}  // namespace

Status RingPuller::open(const MemoryParts& parts, const std::vector<Grant>& grants,
                        const RingPullerOptions& options, std::unique_ptr<RingPuller>* puller) {
  NDTS_TRY(of_one_server(grants));
  if (options.read_bytes == 0 || options.read_bytes > kPullReadBytesMax ||
      options.round_bytes < sizeof(BookSlot))
    return Status(Code::kInvalidArgument, "expected reads of 1 byte to 4 MiB, rounds of a book");
  NDTS_TRY(parts.files->make_directory(options.dir));
  std::unique_ptr<RingPuller> made(new RingPuller(parts, options));
  NDTS_TRY(parts.files->lock(options.dir + "/pull.lock", &made->lock_));
  NDTS_TRY(make_memory_reader(grants.front(), parts, &made->reader_));
  made->provider_ = grants.front().provider;
  made->address_ = grants.front().address;
  made->ring_bytes_ = (PulledRing::kHeaderBytes + options.round_bytes + 63) / 64 * 64;
  made->memory_.resize(made->ring_bytes_ * grants.size());
  made->reader_->use(made->memory_);
  made->reader_->set_spin_ns(options.reader_spin_ns);
  made->rings_.resize(grants.size());
  made->strikes_.resize(grants.size());
  for (std::size_t i = 0; i < grants.size(); ++i) made->make_ring(i, grants[i]);
  made->publish_state();
  *puller = std::move(made);
  return Status::success();
}

void RingPuller::make_ring(std::size_t index, const Grant& grant) {
  const PulledRingOptions options{.dir = options_.dir,
                                  .from_tail = options_.from_tail,
                                  .read_bytes = options_.read_bytes,
                                  .timeout_ns = options_.read_timeout_ns};
  const MutableBytes memory = MutableBytes(memory_).subspan(index * ring_bytes_, ring_bytes_);
  rings_[index] = std::make_unique<PulledRing>(parts_.files, parts_.clock, options, grant,
                                               index * PulledRing::kTagStep, memory);
}

Status RingPuller::replace(std::size_t index, const Grant& grant) {
  const MutexLock lock(mutex_);
  if (index >= state_.rings.size())
    return Status(Code::kInvalidArgument, "expected a ring below " +
                                              std::to_string(state_.rings.size()) + ", found " +
                                              std::to_string(index));
  if (grant.provider != provider_ || (provider_ != "mapped" && grant.address != address_))
    return Status(Code::kInvalidArgument, "expected a grant of " + address_ + ", found one of " +
                                              grant.address);
  replacements_.push_back({index, grant});
  state_.rings[index] = {};
  return Status::success();
}

void RingPuller::take_replacements() {
  std::vector<Replacement> taken;
  {
    const MutexLock lock(mutex_);
    taken.swap(replacements_);
  }
  if (taken.empty()) return;
  // Answers for the old rings must not reach the new ones.
  reader_->close();
  for (const Replacement& one : taken) {
    rings_[one.index].reset();
    make_ring(one.index, one.grant);
    strikes_[one.index] = 0;
  }
  suspects_.clear();
  was_connected_ = false;
  retry_at_ns_ = 0;
}

void RingPuller::connection_ended() {
  was_connected_ = false;
  connection_ = Status(Code::kUnavailable, "the connection ended", address_);
  retry_at_ns_ = parts_.clock->monotonic_ns() + retry_ns_;
  if (!is_libfabric(provider_)) return;
  if (suspects_.empty()) {
    for (std::size_t i = 0; i < rings_.size(); ++i)
      if (rings_[i]->end().ok()) suspects_.push_back(i);
    return;
  }
  const std::size_t blamed = suspects_.front();
  suspects_.pop_front();
  if (++strikes_[blamed] < kStrikesMax) {
    suspects_.push_front(blamed);
  } else {
    rings_[blamed]->give_up(
        Status(Code::kLeaseLost, "the connection ends whenever this ring is read", address_));
  }
}

void RingPuller::post_all() {
  if (!suspects_.empty()) return rings_[suspects_.front()]->post(reader_.get());
  for (const std::unique_ptr<PulledRing>& ring : rings_) ring->post(reader_.get());
}

bool RingPuller::connect_if_due() {
  if (reader_->connected()) return true;
  const std::int64_t now_ns = parts_.clock->monotonic_ns();
  if (was_connected_) connection_ended();
  if (now_ns < retry_at_ns_) return false;
  for (const std::unique_ptr<PulledRing>& ring : rings_) ring->restart();
  const Status status = reader_->connect(options_.connect_timeout_ns);
  retry_ns_ = std::clamp(retry_ns_ * 2, options_.retry_ns_min, options_.retry_ns_max);
  if (!status.ok()) {
    connection_ = status;
    retry_at_ns_ = parts_.clock->monotonic_ns() + retry_ns_;
    return false;
  }
  connection_ = Status::success();
  was_connected_ = true;
  ++connects_;
  return true;
}

std::uint64_t RingPuller::step(std::int64_t wait_ns) {
  take_replacements();
  const bool ready = connect_if_due();
  std::uint64_t published = 0;
  if (ready) post_all();
  std::array<Completion, 64> done;
  const std::size_t count = reader_->in_flight() > 0 ? reader_->wait(done, wait_ns)
                                                     : reader_->poll(done);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t index = done[i].tag / PulledRing::kTagStep;
    if (done[i].status.ok()) {
      retry_ns_ = 0;
      strikes_[index] = 0;
      if (!suspects_.empty() && suspects_.front() == index) suspects_.pop_front();
    }
    published += rings_[index]->completed(done[i]);
  }
  publish_state();
  return published;
}

void RingPuller::publish_state() {
  const MutexLock lock(mutex_);
  state_.connection = connection_;
  state_.connects = connects_;
  state_.rings.resize(rings_.size());
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    PulledRingState& state = state_.rings[i];
    state.counters = rings_[i]->counters();
    if (state.end.code() != rings_[i]->end().code()) state.end = rings_[i]->end();
    if (state.path != rings_[i]->path()) state.path = rings_[i]->path();
    state.shape = rings_[i]->shape();
  }
  // Those say nothing about the ring that is to come.
  for (const Replacement& one : replacements_) state_.rings[one.index] = {};
}

RingPullerState RingPuller::state() const {
  const MutexLock lock(mutex_);
  return state_;
}

RingPullerThread::RingPullerThread(std::unique_ptr<RingPuller> puller, Clock* clock,
                                   const Idle& idle)
    : puller_(std::move(puller)), clock_(clock), idle_(idle),
      thread_("ndts puller", [this] { run(); }) {}

RingPullerThread::Turns RingPullerThread::turns() const {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  return {.worked = worked_.load(kRelaxed),
          .spun = spun_.load(kRelaxed),
          .yielded = yielded_.load(kRelaxed),
          .slept = slept_.load(kRelaxed)};
}

Status RingPullerThread::await_mirrors(std::int64_t timeout_ns) {
  constexpr std::int64_t kLookNs = 1'000'000;
  const std::int64_t until_ns = clock_->monotonic_ns() + timeout_ns;
  for (;;) {
    const RingPullerState state = puller_->state();
    bool all = true;
    for (const PulledRingState& ring : state.rings) {
      if (!ring.end.ok()) return ring.end;
      all = all && !ring.path.empty();
    }
    if (all) return Status::success();
    if (stopping_.load(std::memory_order_acquire))
      return Status(Code::kClosed, "the ring puller is closed");
    if (clock_->monotonic_ns() >= until_ns)
      return state.connection.ok() ? Status(Code::kTimeout, "a ring was not pulled in time")
                                   : state.connection;
    MutexLock lock(mutex_);
    condition_.wait_for(lock, kLookNs);
  }
}

void RingPullerThread::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_.store(true, std::memory_order_release);
    condition_.notify_all();
  }
  thread_.join();
}

void RingPullerThread::run() {
  constexpr std::int64_t kWaitNs = 5'000'000;  // for answers; how long stop() may take
  std::int64_t worked_ns = clock_->monotonic_ns();
  std::int64_t sleep_ns = idle_.sleep_ns_min;
  while (!stopping_.load(std::memory_order_acquire)) {
    const std::uint64_t work = puller_->step(kWaitNs);
    const std::int64_t now_ns = clock_->monotonic_ns();
    if (work > 0) {
      worked_ns = now_ns;
      sleep_ns = idle_.sleep_ns_min;
      worked_.fetch_add(1, std::memory_order_relaxed);
    } else {
      rest(now_ns - worked_ns, &sleep_ns);
    }
  }
}

void RingPullerThread::rest(std::int64_t idle_ns, std::int64_t* sleep_ns) {
  if (idle_ns < idle_.spin_ns) {
    spun_.fetch_add(1, std::memory_order_relaxed);
    spin_pause();
    return;
  }
  if (idle_ns < idle_.yield_ns) {
    yielded_.fetch_add(1, std::memory_order_relaxed);
    static_cast<void>(sched_yield());
    return;
  }
  slept_.fetch_add(1, std::memory_order_relaxed);
  MutexLock lock(mutex_);
  if (!stopping_.load(std::memory_order_acquire)) condition_.wait_for(lock, *sleep_ns);
  *sleep_ns = std::min(*sleep_ns * 2, longest_sleep_ns(idle_, idle_ns));
}

// A look at a ring of another host costs a read there, a thousand times a second for each reader.
std::int64_t RingPullerThread::longest_sleep_ns(const Idle& idle, std::int64_t idle_ns) {
  constexpr std::int64_t kGrowNs = 1'000'000'000;
  constexpr std::int64_t kDoublingsMax = 3;
  return idle.sleep_ns_max << std::min(idle_ns / kGrowNs, kDoublingsMax);
}

}  // namespace ndts
