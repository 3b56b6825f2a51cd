// The tick rings of a data node, one per shard, written and read together in columns.
//
// A row of a batch goes to the ring of its shard, to the slot of its sequence; the ring adds
// nothing to a tick, so a row read equals the row written, time included. A sequence that was
// skipped is filled with a slot flagged void, which readers pass and count as lapped: the tick it
// stands for, if there is one, is in storage. Writer and reader are used by one thread at a time
// each.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/status.h"
#include "ring/ring.h"
#include "ring/tick_columns.h"

namespace ndts {

// "ticks-SHARD-EPOCH.ring"
[[nodiscard]] std::string tick_ring_name(std::uint64_t shard, std::uint64_t epoch);

class TickRingsWriter {
 public:
  // Creates dir/ticks-SHARD-EPOCH.ring for every shard and removes rings of older epochs. Both
  // vectors have one entry per shard. WRONG_EPOCH when a ring of a newer epoch is there: somebody
  // else owns the shard now. Errors of create_ring; on failure the rings made so far are removed.
  [[nodiscard]] static Status create(FileSystem* files, const std::string& dir,
                                     std::uint32_t slot_count,
                                     const std::vector<std::uint64_t>& epochs,
                                     const std::vector<std::uint64_t>& first_sequences,
                                     std::unique_ptr<TickRingsWriter>* writer);
  // Unmaps and removes the files; who has them mapped keeps them.
  ~TickRingsWriter();
  TickRingsWriter(const TickRingsWriter&) = delete;
  TickRingsWriter& operator=(const TickRingsWriter&) = delete;

  [[nodiscard]] const std::vector<RingWriter>& rings() const { return rings_; }

  // Publishes rows [0, count): every ring's intent once, all slots, every tail once; in several
  // rounds only when the batch is larger than half a ring. INVALID_ARGUMENT for an unknown shard,
  // a wrong epoch, a sequence that does not follow the row before it, a time that is none or a
  // void flag; nothing is published then.
  [[nodiscard]] Status publish(const TickColumns& batch, std::size_t count);

  // [accepted, durable, replicated, sealed] per shard, in shard order; exclusive sequences.
  [[nodiscard]] Status set_watermarks(const double* marks, std::size_t count);
  void heartbeat(std::uint64_t monotonic_ns);

 private:
  TickRingsWriter(FileSystem* files, std::size_t shards)
      : files_(files), expected_(shards, 0), pending_(shards, 0) {}

  [[nodiscard]] Status check(const TickColumns& batch, std::size_t count);
  void publish_rows(const TickColumns& batch, std::size_t from, std::size_t to);

  FileSystem* files_;
  std::vector<RingWriter> rings_;  // by shard
  // Scratch of publish, by shard: the sequence after the last row checked, 0 for none yet; rows
  // announced.
  std::vector<std::uint64_t> expected_;
  std::vector<std::uint64_t> pending_;
};

class TickRingsReader {
 public:
  struct Ring {
    RingReader reader;
    // The day the last tick was in.
    std::int64_t day_start_ns;
    double day;
    // Makes the day that of the time.
    void enter_day(std::int64_t time_ns);
  };

  // Maps the rings. Those of the shards in `positions` start there, all others at `otherwise`.
  // Errors of RingReader::open and start; INVALID_ARGUMENT for rings of other records or two of
  // one shard.
  [[nodiscard]] static Status open(FileSystem& files, const std::vector<std::string>& paths,
                                   const RingStart& otherwise,
                                   const std::map<std::uint32_t, RingStart>& positions,
                                   std::unique_ptr<TickRingsReader>* reader);

  // Up to `capacity` ticks; returns how many. Visits the rings in turn and takes at most kQuota
  // from each at a visit, so a busy shard cannot starve the others. Ticks of one shard come in
  // sequence order.
  [[nodiscard]] std::size_t poll(const TickColumns& batch, std::size_t capacity);
  // As poll, but tries again for up to spin_ns while there is nothing.
  [[nodiscard]] std::size_t wait_poll(const TickColumns& batch, std::size_t capacity,
                                      std::int64_t spin_ns, Clock* clock);

  // Over all rings.
  [[nodiscard]] std::uint64_t lapped() const;
  // Null for a shard that is not read here.
  [[nodiscard]] const RingReader* ring(std::uint32_t shard) const;
  [[nodiscard]] const std::vector<Ring>& rings() const { return rings_; }

  static constexpr std::size_t kQuota = 256;

 private:
  // Copies slots to rows, whole or not; returns all their flags together.
  [[nodiscard]] static std::uint32_t copy(Ring* ring, const TickColumns& batch, std::size_t at,
                                          std::size_t count);
  [[nodiscard]] std::size_t take(Ring* ring, const TickColumns& batch, std::size_t at,
                                 std::size_t limit);

  std::vector<Ring> rings_;
  std::size_t turn_ = 0;
  std::uint64_t voids_ = 0;
};

}  // namespace ndts
