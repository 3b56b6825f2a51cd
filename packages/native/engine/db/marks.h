// Which sequence of which shard is durable: a queue of (log position, shard, end sequence) in the
// order of appends, drained as the durable position moves.
//
// Threads: the writer thread. Invariant: durable(shard) never passes what the log called durable.
// Memory: grows to the largest number of entries between accepted and durable, and stays.
#pragma once

#include <cstdint>
#include <vector>

namespace ndts {

class DurableMarks {
 public:
  explicit DurableMarks(std::uint32_t shard_count) : durable_(shard_count), queue_(1024) {}

  // What recovery found: durable already.
  void set(std::uint32_t shard, std::uint64_t sequence) { durable_[shard] = sequence; }

  void push(std::uint64_t position, std::uint32_t shard, std::uint64_t end_sequence) {
    if (tail_ - head_ == queue_.size()) grow();
    queue_[tail_ & (queue_.size() - 1)] = {position, end_sequence, shard};
    tail_ += 1;
  }

  void advance(std::uint64_t durable_position) {
    while (head_ != tail_) {
      const Mark& mark = queue_[head_ & (queue_.size() - 1)];
      if (mark.position > durable_position) return;
      durable_[mark.shard] = mark.end_sequence;
      head_ += 1;
    }
  }

  std::uint64_t durable(std::uint32_t shard) const { return durable_[shard]; }

 private:
  struct Mark {
    std::uint64_t position;
    std::uint64_t end_sequence;
    std::uint32_t shard;
  };

  void grow() {
    std::vector<Mark> larger(queue_.size() * 2);
    for (std::uint64_t at = head_; at != tail_; at += 1)
      larger[at & (larger.size() - 1)] = queue_[at & (queue_.size() - 1)];
    queue_ = std::move(larger);
  }

  std::vector<std::uint64_t> durable_;
  std::vector<Mark> queue_;  // a ring; its size is a power of two
  std::uint64_t head_ = 0;
  std::uint64_t tail_ = 0;
};

}  // namespace ndts
