// The key-value table in memory: all entries in byte order of their keys. To write it to a file
// while writes go on it is frozen: the base then stands still for the writing step, and new writes
// gather in an overlay until thaw() folds them in.
//
// Threads: everything from the writer thread; while frozen, base() may be read by one other
// thread. Lifetime: spans returned are valid until the next apply() or thaw().
// Invariants: a batch is applied whole or not at all; a delete in the overlay hides the base.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace ndts {

struct KeyValueScan {
  std::string_view prefix;
  std::optional<std::string_view> from;
  bool exclusive = false;
  bool reverse = false;
  std::uint64_t limit = ~std::uint64_t{0};
};

// Appends one operation to a batch, as it stands in the log; nullopt deletes.
void encode_operation(std::vector<std::byte>& batch, std::string_view key,
                      std::optional<Bytes> value);
// INVALID_ARGUMENT unless the bytes are whole operations.
[[nodiscard]] Status check_batch(Bytes batch);

class KeyValueTable {
 public:
  using Base = std::map<std::string, std::vector<std::byte>, std::less<>>;
  using Visit = std::function<void(std::string_view key, Bytes value)>;

  // `batch` passed check_batch().
  void apply(Bytes batch);
  // Puts an entry that came from a table file.
  void load(std::string_view key, Bytes value);
  // nullopt: no such key.
  std::optional<Bytes> get(std::string_view key) const;
  void scan(const KeyValueScan& range, const Visit& visit) const;
  std::uint64_t entries() const { return entries_; }
  std::uint64_t bytes() const { return bytes_; }

  void freeze() { frozen_ = true; }
  void thaw();
  bool frozen() const { return frozen_; }
  const Base& base() const { return base_; }

 private:
  using Value = std::optional<std::vector<std::byte>>;
  using Overlay = std::map<std::string, Value, std::less<>>;

  void put(std::string_view key, Bytes value);
  void remove(std::string_view key);
  template <bool kReverse>
  void walk(const KeyValueScan& range, const Visit& visit) const;

  Base base_;
  Overlay overlay_;
  bool frozen_ = false;
  std::uint64_t entries_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace ndts
