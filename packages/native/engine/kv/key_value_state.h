// What a reader reads: memtables and tables of one moment, and the search through them.
//
// A KeyValueState never changes, but for its active memtable, to which the writer adds versions
// with sequences above those a reader asks for. Whoever holds a state keeps all of it alive,
// files included: that is all there is to isolation. Threads: any.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "kv/key_value_memtable.h"
#include "kv/merge_cursor.h"
#include "kv/version.h"
#include "table/key_value.h"

namespace ndts {

struct KeyValueState {
  std::shared_ptr<KeyValueMemtable> active;
  std::vector<std::shared_ptr<KeyValueMemtable>> immutable;  // from new to old
  std::shared_ptr<const SstLevels> levels;
};

// The value as of `sequence`; nullopt: no such key. It lives as long as the state.
[[nodiscard]] Status find_value(const KeyValueState& state, std::uint64_t sequence,
                                std::string_view key, std::optional<Bytes>* value);

// The keys of a range in its direction, without deletes. What entry() points to lives as long as
// the iterator. Errors: an iterator that met one is not valid and has it in status().
class KeyValueIterator {
 public:
  KeyValueIterator(std::shared_ptr<const KeyValueState> state, std::uint64_t sequence,
                   const KeyValueScan& range);

  [[nodiscard]] bool valid() const { return valid_; }
  [[nodiscard]] const KeyValueEntry& entry() const { return cursor_->entry(); }
  [[nodiscard]] const Status& status() const { return cursor_->status(); }
  void next();

 private:
  void settle();

  const std::shared_ptr<const KeyValueState> state_;
  const bool backward_;
  std::uint64_t left_;
  std::string low_;  // inclusive
  std::optional<std::string> high_;  // exclusive
  std::unique_ptr<MergeCursor> cursor_;
  bool valid_ = false;
};

// One state for as long as it lives; any number, from any thread, also beyond close().
class KeyValueSnapshot {
 public:
  KeyValueSnapshot(std::shared_ptr<const KeyValueState> state, std::uint64_t sequence)
      : state_(std::move(state)), sequence_(sequence) {}

  [[nodiscard]] std::uint64_t sequence() const { return sequence_; }
  // The value lives as long as the snapshot.
  [[nodiscard]] Status get(std::string_view key, std::optional<Bytes>* value) const {
    return find_value(*state_, sequence_, key, value);
  }
  [[nodiscard]] KeyValueIterator iterate(const KeyValueScan& range) const {
    return {state_, sequence_, range};
  }

 private:
  std::shared_ptr<const KeyValueState> state_;
  std::uint64_t sequence_;
};

}  // namespace ndts
