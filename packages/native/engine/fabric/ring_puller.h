// Follows rings of one other host over one connection, each into a mirror of its own
// (pulled_ring.h). A connection that ends is made again, with growing pauses; rings go on where
// they were, and what was overtaken meanwhile is void.
//
// Threads: step() from one; the rest from any. Lifetime: the parts outlive it. Mirrors are removed
// with it. The folder of the mirrors belongs to one puller: it is locked.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/thread.h"
#include "fabric/memory_adapters.h"
#include "fabric/pulled_ring.h"

namespace ndts {

struct RingPullerOptions {
  std::string dir;  // of the mirrors, in shared memory; made 0700
  bool from_tail = false;
  std::size_t round_bytes = 256 * 1024;  // slots of a ring between two looks at its header
  std::size_t read_bytes = 64 * 1024;    // slots in one read
  std::int64_t read_timeout_ns = 1'000'000'000;
  std::int64_t connect_timeout_ns = 2'000'000'000;
  std::int64_t retry_ns_min = 10'000'000;
  std::int64_t retry_ns_max = 1'000'000'000;
  std::int64_t reader_spin_ns = 50'000;
};

struct PulledRingState {
  Status end;        // not ok: this ring is no longer followed, and why
  std::string path;  // of the mirror; empty before there is one
  RingShape shape;
  PulledRingCounters counters;
};

struct RingPullerState {
  std::vector<PulledRingState> rings;  // in the order of the grants
  Status connection;                   // not ok: UNAVAILABLE and why, tried again by itself
  std::uint64_t connects = 0;
};

class RingPuller {
 public:
  static constexpr std::size_t kRingsMax = 1024;

  // INVALID_ARGUMENT for no grants, too many, or grants of several servers; LOCKED.
  [[nodiscard]] static Status open(const MemoryParts& parts, const std::vector<Grant>& grants,
                                   const RingPullerOptions& options,
                                   std::unique_ptr<RingPuller>* puller);

  // One turn: connects when that is due, posts, waits up to wait_ns for reads that are under way,
  // publishes. Returns work done: slots published and reads of slots that came back.
  [[nodiscard]] std::uint64_t step(std::int64_t wait_ns);

  [[nodiscard]] RingPullerState state() const;
  // From the next step on ring `index` is the one of this grant, of the same server: a new epoch,
  // or a new key. INVALID_ARGUMENT.
  [[nodiscard]] Status replace(std::size_t index, const Grant& grant);

 private:
  RingPuller(const MemoryParts& parts, const RingPullerOptions& options)
      : parts_(parts), options_(options) {}

  void make_ring(std::size_t index, const Grant& grant);
  void take_replacements();
  [[nodiscard]] bool connect_if_due();
  void connection_ended();
  void post_all();
  void publish_state();

  const MemoryParts parts_;
  const RingPullerOptions options_;
  std::unique_ptr<FileLock> lock_;
  std::vector<std::byte> memory_;
  std::size_t ring_bytes_ = 0;
  std::unique_ptr<MemoryReader> reader_;
  std::vector<std::unique_ptr<PulledRing>> rings_;
  std::string provider_;
  std::string address_;
  Status connection_{Code::kUnavailable, "not connected yet"};
  std::uint64_t connects_ = 0;
  std::int64_t retry_ns_ = 0;
  std::int64_t retry_at_ns_ = 0;
  bool was_connected_ = false;
  // Where a refused key ends the connection without a word: after one ended, rings are asked one
  // at a time, and the ring that ends it kStrikesMax times in turn is the one.
  static constexpr int kStrikesMax = 3;
  std::deque<std::size_t> suspects_;
  std::vector<int> strikes_;  // by ring

  struct Replacement {
    std::size_t index;
    Grant grant;
  };
  mutable Mutex mutex_;
  std::vector<Replacement> replacements_;  // under the mutex, as the state
  RingPullerState state_;
};

// A RingPuller on a thread of its own. Without work it spins, then yields, then sleeps longer and
// longer up to sleep_ns_max, and up to twice, four and eight times that after 1, 2 and 3 s.
class RingPullerThread {
 public:
  struct Idle {
    std::int64_t spin_ns = 200'000;
    std::int64_t yield_ns = 1'000'000;
    std::int64_t sleep_ns_min = 50'000;
    std::int64_t sleep_ns_max = 1'000'000;
  };
  struct Turns {
    std::uint64_t worked;
    std::uint64_t spun;
    std::uint64_t yielded;
    std::uint64_t slept;
  };

  RingPullerThread(std::unique_ptr<RingPuller> puller, Clock* clock, const Idle& idle);
  ~RingPullerThread() { stop(); }
  [[nodiscard]] RingPuller& puller() { return *puller_; }
  [[nodiscard]] Turns turns() const;
  // Returns when every ring has a mirror: ok; or one has ended: why; or stop() was called: CLOSED;
  // or after timeout_ns: why there is no connection, or TIMEOUT. Any thread.
  [[nodiscard]] Status await_mirrors(std::int64_t timeout_ns);
  // Waits for the turn that runs; the mirrors stay until the destructor. Twice is allowed.
  void stop();
  // The longest sleep after so long without work.
  [[nodiscard]] static std::int64_t longest_sleep_ns(const Idle& idle, std::int64_t idle_ns);

 private:
  void run();
  void rest(std::int64_t idle_ns, std::int64_t* sleep_ns);

  std::unique_ptr<RingPuller> puller_;
  Clock* const clock_;
  const Idle idle_;
  Mutex mutex_;
  ConditionVariable condition_;
  std::atomic<bool> stopping_{false};  // set by stop(), read by run()
  // Plain counters; they order nothing.
  std::atomic<std::uint64_t> worked_{0};
  std::atomic<std::uint64_t> spun_{0};
  std::atomic<std::uint64_t> yielded_{0};
  std::atomic<std::uint64_t> slept_{0};
  Thread thread_;  // last: starts when the others stand
};

}  // namespace ndts
