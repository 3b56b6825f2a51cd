// A ring: one writer, any number of readers in any process of this host, no locks, no waiting for
// readers.
//
// The slot of a sequence is sequence modulo slot_count. What a reader may take is a committed
// range, not a word per slot:
//
//   writer   intent := end       release fence    slots        tail := end (release)
//   reader   tail (acquire)      slots            acquire fence            intent
//
// Below tail everything is written. Before the writer touches the slot of sequence s it has
// announced an intent above s, so it may be overwriting everything below intent - slot_count:
// what a reader copied from there is discarded. Fence pairs with fence: a reader that saw one word
// of a newer slot also sees the intent that came before it.
//
// Both are used by one thread at a time. A reader never writes; its memory is mapped read-only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "base/file.h"
#include "base/status.h"
#include "ring/ring_line.h"
#include "ring/ring_memory.h"

namespace ndts {

class RingWriter {
 public:
  [[nodiscard]] static Status create(FileSystem& files, const std::string& path,
                                     const RingShape& shape, RingWriter* writer);

  [[nodiscard]] const RingShape& shape() const { return shape_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  // The sequence of the next slot.
  [[nodiscard]] std::uint64_t next() const { return next_; }

  // The three steps, for writers of several rings: announce on each, one fence_release(), the
  // slots, then commit on each. At most slot_count at once; half of it leaves readers room.
  void announce(std::uint64_t count) {
    publish_line(&header_->intent, next_ + count, shape_.epoch);
  }
  [[nodiscard]] std::uint64_t* slot(std::uint64_t sequence) {
    return slots_ + (sequence & mask_) * words_;
  }
  void commit(std::uint64_t count) {
    next_ += count;
    publish_line(&header_->tail, next_, shape_.epoch);
  }

  // All steps for whole slots that lie one after the other; any alignment, any count.
  void publish(const std::byte* slots, std::uint64_t count);

  // Watermarks never go back; a smaller value is ignored.
  void set_accepted(std::uint64_t sequence) { raise(&header_->accepted, &marks_[0], sequence); }
  void set_durable(std::uint64_t sequence) { raise(&header_->durable, &marks_[1], sequence); }
  void set_replicated(std::uint64_t sequence) { raise(&header_->replicated, &marks_[2], sequence); }
  void set_sealed(std::uint64_t sequence) { raise(&header_->sealed, &marks_[3], sequence); }
  void heartbeat(std::uint64_t monotonic_ns) {
    publish_line(&header_->heartbeat, monotonic_ns, shape_.epoch);
  }

 private:
  void raise(RingLine* line, std::uint64_t* known, std::uint64_t sequence) {
    if (sequence <= *known) return;
    *known = sequence;
    publish_line(line, sequence, shape_.epoch);
  }

  std::unique_ptr<Mapping> mapping_;
  std::string path_;
  RingShape shape_{};
  RingHeader* header_ = nullptr;
  std::uint64_t* slots_ = nullptr;
  std::uint64_t mask_ = 0;
  std::uint64_t words_ = 0;  // per slot
  std::uint64_t next_ = 0;
  std::uint64_t marks_[4] = {};
};

// Where a reader begins.
struct RingStart {
  enum class Kind : std::uint8_t { kOldest, kTail, kAt };
  Kind kind = Kind::kOldest;
  // For kAt. An older epoch is fine up to where this ring begins: sequences never reset.
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;  // of the next slot wanted
};

struct RingMarks {
  std::uint64_t epoch;
  std::uint64_t tail;
  std::uint64_t accepted;
  std::uint64_t durable;
  std::uint64_t replicated;
  std::uint64_t sealed;
  std::uint64_t heartbeat_ns;
};

class RingReader {
 public:
  // As open_ring; then start() says where to begin.
  [[nodiscard]] static Status open(FileSystem& files, const std::string& path,
                                   RingReader* reader);
  // INVALID_ARGUMENT for a position beyond the tail; WRONG_EPOCH for one in a newer epoch, or in
  // an older one beyond where this ring begins: what was seen there was lost. Of a position before
  // the first sequence of this ring, what lies between counts as lapped.
  [[nodiscard]] Status start(const RingStart& start);

  [[nodiscard]] const RingShape& shape() const { return shape_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  // The sequence of the next slot to read.
  [[nodiscard]] std::uint64_t next() const { return next_; }
  // Slots that were overwritten before they were read.
  [[nodiscard]] std::uint64_t lapped() const { return lapped_; }
  [[nodiscard]] RingMarks marks() const;

  // How many slots can be read from next() on. Touches the tail line only when the known ones
  // are used up, so an idle ring costs one load. A reader that was overtaken meanwhile goes on a
  // quarter of the ring above the oldest slot, so that it is not overtaken again at once.
  [[nodiscard]] std::uint64_t ready() {
    if (next_ == tail_ && load_word(&header_->tail.value) != tail_) refresh();
    return tail_ - next_;
  }
  [[nodiscard]] const std::uint64_t* slot(std::uint64_t sequence) const {
    return slots_ + (sequence & mask_) * words_;
  }
  // After copying `count` slots from next() on: passes them. The first *overtaken of the copies
  // must be discarded; they count as lapped. False: nothing can be said just now, discard all,
  // nothing was passed.
  [[nodiscard]] bool pass(std::uint64_t count, std::uint64_t* overtaken);

  // All steps: copies up to `capacity` slots, one after the other, and returns how many.
  [[nodiscard]] std::uint64_t read(std::byte* into, std::uint64_t capacity);

 private:
  void refresh();
  // Counts what is left out as lapped.
  void skip_to(std::uint64_t sequence);

  std::uint64_t next_ = 0;
  std::uint64_t tail_ = 0;  // as last seen
  const RingHeader* header_ = nullptr;
  const std::uint64_t* slots_ = nullptr;
  std::uint64_t mask_ = 0;
  std::uint64_t words_ = 0;
  std::uint64_t lapped_ = 0;
  RingShape shape_{};
  std::string path_;
  std::unique_ptr<Mapping> mapping_;
};

}  // namespace ndts
