// See sql_source.h.
#include "sql/sql_source.h"

#include <cstring>

namespace ndts {

SymbolNames::SymbolNames(std::span<const SymbolInfo* const> symbols) : count_(symbols.size()) {
  std::size_t end = 0;
  for (const SymbolInfo* symbol : symbols) end = std::max<std::size_t>(end, symbol->id + 1);
  names_.resize(end);
  for (const SymbolInfo* symbol : symbols) {
    names_[symbol->id] = symbol->name;
    symbols_.emplace(names_[symbol->id], ScanSymbol{symbol->id, symbol->shard});
  }
  texts_.resize(end);
  for (std::size_t id = 0; id < end; id += 1) {
    duckdb::Text& text = texts_[id];
    const std::string& name = names_[id];
    text.length = static_cast<std::uint32_t>(name.size());
    if (name.size() <= duckdb::Text::kInlined) {
      std::memcpy(reinterpret_cast<char*>(&text) + sizeof(text.length), name.data(), name.size());
    } else {
      std::memcpy(text.inlined_or_prefix, name.data(), sizeof(text.inlined_or_prefix));
      text.pointer = name.data();
    }
  }
}

bool SymbolNames::find(std::string_view name, ScanSymbol* symbol) const {
  const auto found = symbols_.find(name);
  if (found == symbols_.end()) return false;
  *symbol = found->second;
  return true;
}

void SqlSource::stop(Code reason) {
  Code none = Code::kOk;
  stopped_.compare_exchange_strong(none, reason, std::memory_order_acq_rel);
}

void SqlSource::fail(const Status& status) {
  const MutexLock lock(mutex_);
  if (failure_.ok()) failure_ = status;
}

Status SqlSource::failure() const {
  const MutexLock lock(mutex_);
  return failure_;
}

}  // namespace ndts
