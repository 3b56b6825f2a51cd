// The rings of a data node that carry rows of one kind - ticks, trades or books -, one per shard,
// written and read together in columns. A kind is a record of generated/columns.h; all kinds have
// one protocol and one code.
//
// A row of a batch goes to the ring of its shard, to the slot of its sequence; the ring adds
// nothing to a row, so a row read equals the row written, time included. A sequence that was
// skipped is filled with a slot flagged void, which readers pass and count as lapped: the row it
// stands for, if there is one, is in storage. Writer and reader are used by one thread at a time
// each.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/status.h"
#include "ring/ring.h"
#include "ring/ring_bell.h"
#include "ring/row_columns.h"

namespace ndts {

// "ticks-SHARD-EPOCH.ring", "trades-..." or "books-...": `ring` is the kRing of a record.
[[nodiscard]] std::string row_ring_name(std::string_view ring, std::uint64_t shard,
                                        std::uint64_t epoch);

template <typename Record>
class RowRingsWriter {
 public:
  using Columns = typename Record::Columns;

  // Creates dir/RING-SHARD-EPOCH.ring for every shard and removes rings of older epochs; the bell
  // is dir/RING.bell. Both vectors have one entry per shard. WRONG_EPOCH when a ring of a newer
  // epoch is there: somebody else owns the shard now. Errors of create_ring; on failure the rings
  // made so far are removed.
  [[nodiscard]] static Status create(FileSystem* files, const std::string& dir,
                                     std::uint32_t slot_count,
                                     const std::vector<std::uint64_t>& epochs,
                                     const std::vector<std::uint64_t>& first_sequences,
                                     std::unique_ptr<RowRingsWriter>* writer);
  // Unmaps and removes the files; who has them mapped keeps them.
  ~RowRingsWriter();
  RowRingsWriter(const RowRingsWriter&) = delete;
  RowRingsWriter& operator=(const RowRingsWriter&) = delete;

  [[nodiscard]] const std::vector<RingWriter>& rings() const { return rings_; }

  // Publishes rows [0, count): every ring's intent once, all slots, every tail once; in several
  // rounds only when the batch is larger than half a ring. INVALID_ARGUMENT for an unknown shard,
  // a wrong epoch, a sequence that does not follow the row before it, a time that is none or a
  // void flag; nothing is published then. Wakes readers that sleep.
  [[nodiscard]] Status publish(const Columns& batch, std::size_t count);

  // [accepted, durable, replicated, sealed] per shard, in shard order; exclusive sequences.
  [[nodiscard]] Status set_watermarks(const double* marks, std::size_t count);
  void heartbeat(std::uint64_t monotonic_ns);

 private:
  RowRingsWriter(FileSystem* files, std::size_t shards)
      : files_(files), expected_(shards, 0), pending_(shards, 0) {}

  [[nodiscard]] Status check(const Columns& batch, std::size_t count);
  void publish_rows(const Columns& batch, std::size_t from, std::size_t to);

  FileSystem* files_;
  std::vector<RingWriter> rings_;  // by shard
  RingBell bell_;
  // Scratch of publish, by shard: the sequence after the last row checked, 0 for none yet; rows
  // announced.
  std::vector<std::uint64_t> expected_;
  std::vector<std::uint64_t> pending_;
};

// What a reader does while there is nothing: each for so long, one after the other. All zero: it
// looks once. Sleeping costs no processor time; the first row then comes later by what it takes to
// wake a process, 20 to 40 us.
struct RingPatience {
  std::int64_t spin_ns;   // look again and again
  std::int64_t yield_ns;  // the same, and let others have the processor in between
  std::int64_t sleep_ns;  // until the writer rings the bell of the folder the rings are in
};

template <typename Record>
class RowRingsReader {
 public:
  using Columns = typename Record::Columns;

  struct Ring {
    RingReader reader;
    // The day the last row was in.
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
                                   std::unique_ptr<RowRingsReader>* reader);

  // Up to `capacity` rows; returns how many. Visits the rings in turn and takes at most kQuota
  // from each at a visit, so a busy shard cannot starve the others. Rows of one shard come in
  // sequence order.
  [[nodiscard]] std::size_t poll(const Columns& batch, std::size_t capacity);
  // As poll, but waits while there is nothing. Where the folder has no bell, or the rings are in
  // several, sleeping is napping up to a millisecond.
  [[nodiscard]] std::size_t wait_poll(const Columns& batch, std::size_t capacity,
                                      const RingPatience& patience, Clock* clock);

  // Over all rings: what was not handed out. Of these, rows that were published: all but voids that
  // fill what never was.
  [[nodiscard]] std::uint64_t lapped() const;
  [[nodiscard]] std::uint64_t overtaken() const { return lapped() - (voids_ - missed_); }
  // Null for a shard that is not read here.
  [[nodiscard]] const RingReader* ring(std::uint32_t shard) const;
  [[nodiscard]] const std::vector<Ring>& rings() const { return rings_; }

  static constexpr std::size_t kQuota = 256;

 private:
  // Copies slots to rows, whole or not; returns all their flags together.
  [[nodiscard]] static std::uint32_t copy(Ring* ring, const Columns& batch, std::size_t at,
                                          std::size_t count);
  [[nodiscard]] std::size_t take(Ring* ring, const Columns& batch, std::size_t at,
                                 std::size_t limit);

  [[nodiscard]] std::size_t spin_poll(const Columns& batch, std::size_t capacity,
                                      std::int64_t until_ns, bool yields, Clock* clock);
  [[nodiscard]] std::size_t sleep_poll(const Columns& batch, std::size_t capacity,
                                       std::int64_t until_ns, Clock* clock);

  std::vector<Ring> rings_;
  RingBell bell_;  // not open where there is none
  std::size_t turn_ = 0;
  std::uint64_t voids_ = 0;
  std::uint64_t missed_ = 0;  // of these, such as a puller was too late for
};

extern template class RowRingsWriter<TickRecord>;
extern template class RowRingsWriter<TradeRecord>;
extern template class RowRingsWriter<BookRecord>;
extern template class RowRingsReader<TickRecord>;
extern template class RowRingsReader<TradeRecord>;
extern template class RowRingsReader<BookRecord>;

using TickRingsWriter = RowRingsWriter<TickRecord>;
using TickRingsReader = RowRingsReader<TickRecord>;

}  // namespace ndts
