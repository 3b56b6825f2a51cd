// A position in something sorted by key: a memtable as of a sequence, a table file, a level, or
// the merge of several. Every key occurs once, deletes included.
//
// Threads: one. Lifetime: what an entry points to lives as long as the memtable or file, not only
// until the cursor moves. Errors: a cursor that met one is not valid and has it in status().
#pragma once

#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"

namespace ndts {

struct KeyValueEntry {
  std::string_view key;
  Bytes value;
  bool deleted = false;
};

class Cursor {
 public:
  virtual ~Cursor() = default;
  // To the first key at or after `key`.
  virtual void seek(std::string_view key) = 0;
  // To the last key before `key`.
  virtual void seek_before(std::string_view key) = 0;
  virtual void seek_last() = 0;
  // Only when valid().
  virtual void next() = 0;
  virtual void previous() = 0;

  [[nodiscard]] bool valid() const { return valid_; }
  [[nodiscard]] const KeyValueEntry& entry() const { return entry_; }
  [[nodiscard]] const Status& status() const { return status_; }

 protected:
  void fail(const Status& status) {
    status_ = status;
    valid_ = false;
  }

  KeyValueEntry entry_;
  Status status_;
  bool valid_ = false;
};

}  // namespace ndts
