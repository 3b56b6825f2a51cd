// See symbols.h.
#include "table/symbols.h"

namespace ndts {

Status SymbolTable::check(std::uint32_t id, std::uint32_t shard, std::string_view name,
                          bool* known) const {
  *known = false;
  if (id >= kMaxSymbols)
    return Status(Code::kInvalidArgument, "symbol id " + std::to_string(id) + " is not below " +
                                              std::to_string(kMaxSymbols));
  if (name.empty() || name.size() > kMaxNameBytes)
    return Status(Code::kInvalidArgument, "a symbol name has 1 to 65535 bytes, found " +
                                              std::to_string(name.size()));
  const auto found = names_.find(name);
  if (found != names_.end()) {
    const SymbolInfo& other = *found->second;
    *known = other.id == id && other.shard == shard;
    if (*known) return {};
    return Status(Code::kAlreadyExists, "symbol " + other.name + " has id " +
                                            std::to_string(other.id) + " and shard " +
                                            std::to_string(other.shard));
  }
  if (this->shard(id) != kNoShard)
    return Status(Code::kAlreadyExists, "symbol id " + std::to_string(id) + " is taken");
  return {};
}

void SymbolTable::add(std::uint32_t id, std::uint32_t shard, std::string_view name) {
  const SymbolInfo& entry = entries_.emplace_back(SymbolInfo{id, shard, std::string(name)});
  if (id >= shards_.size()) shards_.resize(id + 1, kNoShard);
  shards_[id] = shard;
  order_.push_back(&entry);
  by_id_.make(id) = &entry;
  names_.emplace(entry.name, &entry);
}

}  // namespace ndts
