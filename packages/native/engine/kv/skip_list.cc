// See skip_list.h.
#include "kv/skip_list.h"

#include <new>

namespace ndts {

SkipList::SkipList() : head_(allocate_node(0, kMaxHeight)) { previous_.fill(head_); }

SkipList::Node* SkipList::allocate_node(std::size_t bytes, int height) {
  const auto links = static_cast<std::size_t>(height);
  std::byte* memory = arena_.allocate(sizeof(Node) + links * sizeof(Node::Link) + bytes);
  Node* node = new (memory) Node();
  node->height_ = links;
  for (int level = 0; level < height; level += 1) new (&node->link(level)) Node::Link();
  return node;
}

// Every fourth node reaches the next level.
int SkipList::random_height() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  const int height = 1 + __builtin_ctzll(random_ | std::uint64_t{1} << 62) / 2;
  return std::min(height, kMaxHeight);
}

bool SkipList::is_before(const Node* node, const Target& target) {
  if (node->prefix_ != target.prefix) return node->prefix_ < target.prefix;
  const int order = node->key().compare(target.key);
  return order != 0 ? order < 0 : node->tag_ > target.tag;
}

SkipList::Node* SkipList::next_before(const Node* node, int level, const Target& target) {
  const Node::Link& link = node->link(level);
  Node* next = link.node.load(std::memory_order_relaxed);
  if (next == nullptr || link.prefix > target.prefix) return nullptr;
  return link.prefix < target.prefix || is_before(next, target) ? next : nullptr;
}

void SkipList::prefetch(const Node* node, int level) {
  const Node* next = node->link(level).node.load(std::memory_order_relaxed);
  if (next != nullptr) __builtin_prefetch(&next->link(level));
}

void SkipList::find_place(const Target& target) {
  // Where keys come in order the place is right behind the last one: go up from the bottom only
  // until the old path is right again.
  const int height = height_.load(std::memory_order_relaxed);
  int level = 0;
  for (; level < height; level += 1) {
    const Node* from = previous_[static_cast<std::size_t>(level)];
    if (from != head_ && !is_before(from, target)) continue;
    if (next_before(from, level, target) == nullptr) break;
  }
  if (level == 0) return;
  Node* node = level < height ? previous_[static_cast<std::size_t>(level)] : head_;
  for (int down = level - 1; down >= 0; down -= 1) {
    // Where this level does not go on, the next node of the level below is wanted: fetch it
    // meanwhile.
    if (down > 0) prefetch(node, down - 1);
    while (Node* next = next_before(node, down, target)) {
      node = next;
      if (down > 0) prefetch(node, down - 1);
    }
    previous_[static_cast<std::size_t>(down)] = node;
  }
}

void SkipList::insert(std::string_view key, std::uint64_t sequence, KeyValueKind kind,
                      Bytes value) {
  const Target target{key_prefix(key), sequence << 8 | static_cast<std::uint64_t>(kind), key};
  find_place(target);
  const int height = random_height();
  Node* node = allocate_node(key.size() + value.size(), height);
  node->prefix_ = target.prefix;
  node->tag_ = target.tag;
  node->key_bytes_ = static_cast<std::uint32_t>(key.size());
  node->value_bytes_ = static_cast<std::uint32_t>(value.size());
  auto* to = const_cast<char*>(node->key().data());
  if (!key.empty()) std::memcpy(to, key.data(), key.size());
  if (!value.empty()) std::memcpy(to + key.size(), value.data(), value.size());
  if (height > height_.load(std::memory_order_relaxed))
    height_.store(height, std::memory_order_relaxed);
  for (int level = 0; level < height; level += 1) {
    Node*& before = previous_[static_cast<std::size_t>(level)];
    Node::Link& from = before->link(level);
    Node::Link& to_next = node->link(level);
    to_next.prefix = from.prefix;
    to_next.node.store(from.node.load(std::memory_order_relaxed), std::memory_order_relaxed);
    from.prefix = target.prefix;
    // Release pairs with the acquire in Node::next(): whoever finds the node finds it complete.
    from.node.store(node, std::memory_order_release);
    before = node;
  }
}

const SkipList::Node* SkipList::seek(std::string_view key, std::uint64_t sequence) const {
  const Target target{key_prefix(key), sequence << 8 | 0xff, key};
  const Node* node = head_;
  const Node* after = nullptr;
  for (int level = height_.load(std::memory_order_relaxed) - 1; level >= 0; level -= 1) {
    const Node* next = node->next(level);
    // A node found too late on the level above needs no second comparison.
    while (next != nullptr && next != after && is_before(next, target)) {
      node = next;
      next = node->next(level);
    }
    after = next;
  }
  return after;
}

const SkipList::Node* SkipList::before(std::string_view key) const {
  const Target target{key_prefix(key), ~std::uint64_t{0}, key};
  const Node* node = head_;
  for (int level = height_.load(std::memory_order_relaxed) - 1; level >= 0; level -= 1)
    for (const Node* next = node->next(level); next != nullptr && is_before(next, target);
         next = node->next(level))
      node = next;
  return node == head_ ? nullptr : node;
}

const SkipList::Node* SkipList::last() const {
  const Node* node = head_;
  for (int level = height_.load(std::memory_order_relaxed) - 1; level >= 0; level -= 1)
    for (const Node* next = node->next(level); next != nullptr; next = node->next(level))
      node = next;
  return node == head_ ? nullptr : node;
}

}  // namespace ndts
