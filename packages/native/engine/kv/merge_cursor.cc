// See merge_cursor.h.
#include "kv/merge_cursor.h"

#include <algorithm>

#include "kv/key_order.h"

namespace ndts {

namespace {

class LevelCursor final : public Cursor {
 public:
  explicit LevelCursor(std::span<const std::shared_ptr<SstFile>> tables) : tables_(tables) {}

  void seek(std::string_view key) override {
    if (!open(first_ending_at(key))) return;
    cursor_->seek(key);
    take();
  }
  void seek_before(std::string_view key) override {
    std::size_t at = first_ending_at(key);
    // Where all of that table is at or after the key, the one before it is wanted.
    if (at == tables_.size() || tables_[at]->min_key() >= key) at -= 1;
    if (!open(at)) return;
    cursor_->seek_before(key);
    take();
  }
  void seek_last() override { open_last(tables_.size() - 1); }
  void next() override {
    cursor_->next();
    if (!take() && status_.ok() && open(at_ + 1)) {
      cursor_->seek("");
      take();
    }
  }
  void previous() override {
    cursor_->previous();
    if (!take() && status_.ok()) open_last(at_ - 1);
  }

 private:
  std::size_t first_ending_at(std::string_view key) const {
    const auto at = std::lower_bound(
        tables_.begin(), tables_.end(), key,
        [](const auto& table, std::string_view wanted) { return table->max_key() < wanted; });
    return static_cast<std::size_t>(at - tables_.begin());
  }
  // Before the first table is after the last one: numbers wrap.
  bool open(std::size_t at) {
    valid_ = false;
    if (at >= tables_.size()) return false;
    if (cursor_ == nullptr || at != at_) cursor_ = tables_[at]->cursor();
    at_ = at;
    return true;
  }
  void open_last(std::size_t at) {
    if (!open(at)) return;
    cursor_->seek_last();
    take();
  }
  bool take() {
    valid_ = cursor_->valid();
    if (valid_) entry_ = cursor_->entry();
    if (!cursor_->status().ok()) fail(cursor_->status());
    return valid_;
  }

  const std::span<const std::shared_ptr<SstFile>> tables_;
  std::unique_ptr<Cursor> cursor_;
  std::size_t at_ = 0;
};

}  // namespace

std::unique_ptr<Cursor> make_level_cursor(std::span<const std::shared_ptr<SstFile>> tables) {
  return std::make_unique<LevelCursor>(tables);
}

MergeCursor::MergeCursor(std::vector<std::unique_ptr<Cursor>> sources, bool backward)
    : sources_(std::move(sources)), backward_(backward) {}

bool MergeCursor::before(const Place& a, const Place& b) const {
  if (a.prefix != b.prefix) return (a.prefix < b.prefix) != backward_;
  const std::string_view key_a = sources_[a.source]->entry().key;
  const std::string_view key_b = sources_[b.source]->entry().key;
  const int order = key_a.compare(key_b);
  if (order != 0) return (order < 0) != backward_;
  return a.source < b.source;
}

void MergeCursor::sift_down(std::size_t at) {
  const Place moved = heap_[at];
  for (;;) {
    std::size_t child = 2 * at + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) child += 1;
    if (!before(heap_[child], moved)) break;
    heap_[at] = heap_[child];
    at = child;
  }
  heap_[at] = moved;
}

bool MergeCursor::add(std::uint32_t source) {
  const Cursor& cursor = *sources_[source];
  if (cursor.valid()) {
    heap_.push_back({key_prefix(cursor.entry().key), source});
    return true;
  }
  if (!cursor.status().ok()) fail(cursor.status());
  return cursor.status().ok();
}

void MergeCursor::start() {
  heap_.clear();
  status_ = {};
  for (std::uint32_t source = 0; source < sources_.size(); source += 1)
    if (!add(source)) return;
  for (std::size_t at = heap_.size() / 2; at-- > 0;) sift_down(at);
  settle();
}

void MergeCursor::settle() {
  valid_ = !heap_.empty();
  if (valid_) entry_ = sources_[heap_.front().source]->entry();
}

// Past the current key in every source that has it.
void MergeCursor::advance() {
  const std::string_view key = entry_.key;
  while (!heap_.empty()) {
    Place& top = heap_.front();
    Cursor& cursor = *sources_[top.source];
    if (cursor.entry().key != key) break;
    if (backward_) {
      cursor.previous();
    } else {
      cursor.next();
    }
    if (!cursor.status().ok()) return fail(cursor.status());
    if (cursor.valid()) {
      top.prefix = key_prefix(cursor.entry().key);
    } else {
      top = heap_.back();
      heap_.pop_back();
    }
    if (!heap_.empty()) sift_down(0);
  }
  settle();
}

void MergeCursor::seek(std::string_view key) {
  for (const auto& source : sources_) source->seek(key);
  start();
}

void MergeCursor::seek_before(std::string_view key) {
  for (const auto& source : sources_) source->seek_before(key);
  start();
}

void MergeCursor::seek_last() {
  for (const auto& source : sources_) source->seek_last();
  start();
}

void MergeCursor::next() { advance(); }
void MergeCursor::previous() { advance(); }

}  // namespace ndts
