// See key_value_state.h.
#include "kv/key_value_state.h"

#include "kv/bloom_filter.h"

namespace ndts {

namespace {

// The least text above every text that starts with `prefix`; nullopt when there is none.
std::optional<std::string> end_of_prefix(std::string_view prefix) {
  std::string end(prefix);
  for (; !end.empty(); end.pop_back()) {
    const auto last = static_cast<unsigned char>(end.back());
    if (last == 0xff) continue;
    end.back() = static_cast<char>(last + 1);
    return end;
  }
  return std::nullopt;
}

std::string successor(std::string_view key) { return std::string(key) + '\0'; }

Status find_in_tables(const SstLevels& levels, std::string_view key, bool* found,
                      KeyValueEntry* entry) {
  const std::uint64_t hash = hash_key(key);
  *found = false;
  for (const std::shared_ptr<SstFile>& table : levels[0]) {
    if (key < table->min_key() || key > table->max_key()) continue;
    NDTS_TRY(table->get(key, hash, found, entry));
    if (*found) return {};
  }
  for (std::size_t level = 1; level < levels.size(); level += 1) {
    if (levels[level].empty()) continue;
    for (const std::shared_ptr<SstFile>& table : overlapping(levels[level], key, key)) {
      NDTS_TRY(table->get(key, hash, found, entry));
      if (*found) return {};
    }
  }
  return {};
}

}  // namespace

Status find_value(const KeyValueState& state, std::uint64_t sequence, std::string_view key,
                  std::optional<Bytes>* value) {
  KeyValueEntry entry;
  bool found = state.active->find(key, sequence, &entry);
  for (std::size_t at = 0; !found && at < state.immutable.size(); at += 1)
    found = state.immutable[at]->find(key, sequence, &entry);
  if (!found) NDTS_TRY(find_in_tables(*state.levels, key, &found, &entry));
  if (found && !entry.deleted) {
    *value = entry.value;
  } else {
    value->reset();
  }
  return {};
}

KeyValueIterator::KeyValueIterator(std::shared_ptr<const KeyValueState> state,
                                   std::uint64_t sequence, const KeyValueScan& range)
    : state_(std::move(state)), backward_(range.reverse), left_(range.limit) {
  low_ = range.prefix;
  high_ = end_of_prefix(range.prefix);
  if (range.from.has_value()) {
    std::string from = range.exclusive != backward_ ? successor(*range.from)
                                                    : std::string(*range.from);
    if (!backward_ && from > low_) low_ = std::move(from);
    if (backward_ && (!high_.has_value() || from < *high_)) high_ = std::move(from);
  }
  std::vector<std::unique_ptr<Cursor>> sources;
  sources.push_back(state_->active->cursor(sequence));
  for (const auto& memtable : state_->immutable) sources.push_back(memtable->cursor(sequence));
  const SstLevels& levels = *state_->levels;
  for (const auto& table : levels[0]) sources.push_back(table->cursor());
  for (std::size_t level = 1; level < levels.size(); level += 1)
    if (!levels[level].empty()) sources.push_back(make_level_cursor(levels[level]));
  cursor_ = std::make_unique<MergeCursor>(std::move(sources), backward_);
  if (!backward_) {
    cursor_->seek(low_);
  } else if (high_.has_value()) {
    cursor_->seek_before(*high_);
  } else {
    cursor_->seek_last();
  }
  settle();
}

void KeyValueIterator::settle() {
  while (cursor_->valid() && cursor_->entry().deleted) {
    if (backward_) {
      cursor_->previous();
    } else {
      cursor_->next();
    }
  }
  valid_ = left_ > 0 && cursor_->valid();
  if (!valid_) return;
  const std::string_view key = cursor_->entry().key;
  valid_ = backward_ ? key >= low_ : !high_.has_value() || key < *high_;
}

void KeyValueIterator::next() {
  left_ -= 1;
  if (left_ == 0) {
    valid_ = false;
    return;
  }
  if (backward_) {
    cursor_->previous();
  } else {
    cursor_->next();
  }
  settle();
}

}  // namespace ndts
