// One ring of another host, followed by one-sided reads, and its mirror here: a ring of the same
// shape, epoch and sequences in local shared memory, which any reader of rings reads.
//
//   header     tail t, intent                             read 0
//   slots      [next, t), several reads at once           posted after read 0 completed
//   header     intent i, tail of the next round           posted after all slots completed
//   mirror     voids below i - slotCount, then the rest, watermarks, heartbeat
//
// A state machine without threads: post() begins what is due, completed() takes answers. A line
// whose check does not hold is read again. What was overtaken is published as void, so the mirror
// has every sequence and its readers count what is missing. Rings of ticks, trades and books have
// voids; others can't be pulled.
//
// Used by one thread. The reader outlives it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "fabric/remote_memory.h"
#include "ring/ring.h"
#include "ring/ring_bell.h"

namespace ndts {

struct PulledRingOptions {
  std::string dir;            // of the mirror
  bool from_tail;             // else from the oldest slot the ring still holds
  std::size_t read_bytes;     // of one read
  std::int64_t timeout_ns;    // of one read
};

struct PulledRingCounters {
  std::uint64_t slots = 0;  // published here as they were there
  std::uint64_t voids = 0;  // published here as void: overtaken before they were read
  std::uint64_t header_reads = 0;
  std::uint64_t header_retries = 0;  // lines whose check did not hold
};

class PulledRing {
 public:
  // `memory` is the reader's: kHeaderBytes, then room for the slots of a round.
  PulledRing(FileSystem* files, Clock* clock, const PulledRingOptions& options,
             const Grant& grant, std::uint64_t tag, MutableBytes memory)
      : files_(files), clock_(clock), options_(options), grant_(grant), tag_(tag),
        memory_(memory) {}
  ~PulledRing();
  PulledRing(const PulledRing&) = delete;
  PulledRing& operator=(const PulledRing&) = delete;

  static constexpr std::size_t kHeaderBytes = 1024;  // of them 640 are used
  static constexpr std::uint64_t kTagStep = 2;       // tags of one ring: tag and tag + 1

  // Posts what is due, as far as the reader takes it.
  void post(MemoryReader* reader);
  // A read of this ring has ended. Returns work done: slots published, voids included, and 1 for
  // slots that have arrived.
  [[nodiscard]] std::uint64_t completed(const Completion& completion);
  // The connection is a new one: what was under way is forgotten.
  void restart();
  // It is not followed any more.
  void give_up(Status why) { stop(std::move(why)); }

  // Ok while it is followed; else why it ended for good: LEASE_LOST, WRONG_EPOCH, CORRUPT ...
  [[nodiscard]] const Status& end() const { return end_; }
  [[nodiscard]] bool has_mirror() const { return mirrored_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const RingShape& shape() const { return shape_; }
  [[nodiscard]] const PulledRingCounters& counters() const { return counters_; }

 private:
  enum class Phase : std::uint8_t { kIdle, kHeader, kSlots };

  [[nodiscard]] std::uint64_t take_header();
  [[nodiscard]] Status make_mirror(std::uint64_t tail, std::uint64_t intent);
  void publish_slots(std::uint64_t intent, std::uint64_t tail);
  void raise_marks(const RingHeader& header);
  void plan_slots(std::uint64_t tail);
  [[nodiscard]] bool post_slots(MemoryReader* reader);
  void stop(Status why);

  FileSystem* const files_;
  Clock* const clock_;
  const PulledRingOptions options_;
  const Grant grant_;
  const std::uint64_t tag_;
  const MutableBytes memory_;

  Phase phase_ = Phase::kIdle;
  Status end_;
  RingShape shape_{};
  RingWriter mirror_;
  RingBell bell_;  // beside the mirror; not open where it could not be made
  bool mirrored_ = false;
  std::string path_;
  std::uint64_t planned_ = 0;      // slots of this round, from mirror_.next() on
  std::uint64_t posted_ = 0;       // of them asked for
  std::size_t outstanding_ = 0;    // reads
  std::uint64_t heartbeat_ = 0;    // of the writer, as last seen
  PulledRingCounters counters_;
};

}  // namespace ndts
