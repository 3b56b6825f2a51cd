// The newest part of the key-value table: a skip list of versions, and what the log knows of it.
//
// Threads: put(), remove() and note() from the writer; cursors and find() from any thread.
// Lifetime: spans live as long as the memtable.
#pragma once

#include <atomic>

#include "kv/cursor.h"
#include "kv/skip_list.h"

namespace ndts {

class KeyValueMemtable {
 public:
  void put(std::string_view key, std::uint64_t sequence, Bytes value) {
    list_.insert(key, sequence, KeyValueKind::kPut, value);
  }
  void remove(std::string_view key, std::uint64_t sequence) {
    list_.insert(key, sequence, KeyValueKind::kDelete, {});
  }
  // After a batch: the log position it ends at and its highest sequence.
  void note(std::uint64_t position, std::uint64_t sequence) {
    position_ = position;
    last_sequence_ = sequence;
    entries_.store(sequence - first_sequence_ + 1, std::memory_order_relaxed);
  }

  // The newest version not above `sequence`; a delete is found, too.
  [[nodiscard]] bool find(std::string_view key, std::uint64_t sequence,
                          KeyValueEntry* entry) const;
  // As of `sequence`; the memtable must outlive it.
  [[nodiscard]] std::unique_ptr<Cursor> cursor(std::uint64_t sequence) const;

  [[nodiscard]] bool empty() const { return last_sequence_ == 0; }
  [[nodiscard]] std::uint64_t bytes() const { return list_.bytes(); }
  [[nodiscard]] std::uint64_t entries() const { return entries_.load(std::memory_order_relaxed); }
  // Of the writer, or of anyone once the memtable is immutable.
  [[nodiscard]] std::uint64_t position() const { return position_; }
  [[nodiscard]] std::uint64_t last_sequence() const { return last_sequence_; }
  void begin_at(std::uint64_t sequence) { first_sequence_ = sequence; }
  [[nodiscard]] std::uint64_t first_sequence() const { return first_sequence_; }

 private:
  SkipList list_;
  std::uint64_t position_ = 0;
  std::uint64_t first_sequence_ = 0;
  std::uint64_t last_sequence_ = 0;
  std::atomic<std::uint64_t> entries_{0};  // a counter; orders nothing
};

}  // namespace ndts
