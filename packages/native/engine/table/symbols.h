// The symbols of a database: id -> (shard, name), ids given from outside, never re-used.
//
// Threads: the writer thread. Pointers to SymbolInfo stay valid as long as the table and never
// change; any thread may find() an id it was handed by the writer.
// Errors: INVALID_ARGUMENT for an id or name out of range, ALREADY_EXISTS when id or name is taken
// by another symbol.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "table/stable_array.h"

namespace ndts {

inline constexpr std::uint32_t kNoShard = 0xffff'ffff;
// Tables are flat arrays by id; this bounds them.
inline constexpr std::uint32_t kMaxSymbols = 1u << 24;
inline constexpr std::size_t kMaxNameBytes = 65535;

struct SymbolInfo {
  std::uint32_t id;
  std::uint32_t shard;
  std::string name;
};

class SymbolTable {
 public:
  // Whether add() would take it; `known` is set when the very same symbol is there already.
  [[nodiscard]] Status check(std::uint32_t id, std::uint32_t shard, std::string_view name,
                             bool* known) const;
  // After check() said yes and not known.
  void add(std::uint32_t id, std::uint32_t shard, std::string_view name);

  // kNoShard when the id is not known.
  std::uint32_t shard(std::uint32_t id) const {
    return id < shards_.size() ? shards_[id] : kNoShard;
  }
  // Null when the id is not known.
  const SymbolInfo* find(std::uint32_t id) const {
    const SymbolInfo* const* entry = by_id_.find(id);
    return entry == nullptr ? nullptr : *entry;
  }
  // In the order they were added.
  std::span<const SymbolInfo* const> all() const { return order_; }

 private:
  std::vector<std::uint32_t> shards_;
  std::deque<SymbolInfo> entries_;
  std::vector<const SymbolInfo*> order_;
  StableArray<const SymbolInfo*> by_id_;
  std::unordered_map<std::string_view, const SymbolInfo*> names_;
};

}  // namespace ndts
