// See key_value_memtable.h.
#include "kv/key_value_memtable.h"

namespace ndts {

namespace {

// Versions of one key that are stepped over before it is worth searching past them.
constexpr int kSteps = 8;

class MemtableCursor final : public Cursor {
 public:
  MemtableCursor(const SkipList& list, std::uint64_t sequence)
      : list_(list), sequence_(sequence) {}

  void seek(std::string_view key) override { settle(list_.seek(key, sequence_)); }
  void seek_before(std::string_view key) override { settle_back(list_.before(key)); }
  void seek_last() override { settle_back(list_.last()); }

  void next() override {
    const std::string_view key = entry_.key;
    const SkipList::Node* node = node_->next();
    for (int steps = 0; node != nullptr && node->key() == key; steps += 1) {
      if (steps == kSteps) {
        node = list_.seek(key, 0);
        // (key, 0) itself is never inserted.
        break;
      }
      node = node->next();
    }
    settle(node);
  }

  void previous() override { settle_back(list_.before(entry_.key)); }

 private:
  // To the first version at or after `node` that is visible: the newest such of its key.
  void settle(const SkipList::Node* node) {
    int steps = 0;
    while (node != nullptr && node->sequence() > sequence_) {
      steps += 1;
      node = steps % kSteps == 0 ? list_.seek(node->key(), sequence_) : node->next();
    }
    take(node);
  }

  // `node` is the oldest version of its key: it is visible, or none of the key is.
  void settle_back(const SkipList::Node* node) {
    while (node != nullptr && node->sequence() > sequence_) node = list_.before(node->key());
    take(node == nullptr ? nullptr : list_.seek(node->key(), sequence_));
  }

  void take(const SkipList::Node* node) {
    node_ = node;
    valid_ = node != nullptr;
    if (valid_) entry_ = {node->key(), node->value(), node->deleted()};
  }

  const SkipList& list_;
  const std::uint64_t sequence_;
  const SkipList::Node* node_ = nullptr;
};

}  // namespace

bool KeyValueMemtable::find(std::string_view key, std::uint64_t sequence,
                            KeyValueEntry* entry) const {
  const SkipList::Node* node = list_.seek(key, sequence);
  if (node == nullptr || node->key() != key) return false;
  *entry = {node->key(), node->value(), node->deleted()};
  return true;
}

std::unique_ptr<Cursor> KeyValueMemtable::cursor(std::uint64_t sequence) const {
  return std::make_unique<MemtableCursor>(list_, sequence);
}

}  // namespace ndts
