// A skip list of versions: sorted by key, then by sequence, newest first. Nothing is ever removed
// or changed, so readers need no lock: they follow pointers to nodes that were complete before
// the pointer to them was stored.
//
// Threads: insert() from one thread; everything else from any, also meanwhile. Lifetime: nodes,
// keys and values live as long as the list. Invariant: (key, sequence) is unique.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "generated/constants.h"
#include "kv/arena.h"
#include "kv/key_order.h"

namespace ndts {

class SkipList {
 public:
  static constexpr int kMaxHeight = 12;
  static constexpr std::uint64_t kMaxSequence = ~std::uint64_t{0} >> 8;

  // In the arena; `height` links follow, then the key, then the value, so that in most nodes
  // what a comparison needs lies in one cache line.
  class Node {
   public:
    [[nodiscard]] std::string_view key() const {
      return {reinterpret_cast<const char*>(this + 1) + sizeof(Link) * height_, key_bytes_};
    }
    [[nodiscard]] Bytes value() const {
      const std::string_view before = key();
      return {reinterpret_cast<const std::byte*>(before.data()) + before.size(), value_bytes_};
    }
    [[nodiscard]] std::uint64_t sequence() const { return tag_ >> 8; }
    [[nodiscard]] bool deleted() const {
      return (tag_ & 0xff) == static_cast<std::uint64_t>(KeyValueKind::kDelete);
    }
    [[nodiscard]] const Node* next() const { return next(0); }

   private:
    friend class SkipList;
    struct Link {
      std::atomic<Node*> node{nullptr};
      // Of the key behind it, so that the writer need not go there to pass it by. The writer only:
      // a reader might find it changed before or after the pointer.
      std::uint64_t prefix = 0;
    };

    // Acquire pairs with the release in SkipList::insert(): the node behind it is complete.
    [[nodiscard]] Node* next(int level) const {
      return link(level).node.load(std::memory_order_acquire);
    }
    [[nodiscard]] Link& link(int level) const {
      auto* links = const_cast<Node*>(this) + 1;
      return reinterpret_cast<Link*>(links)[level];
    }

    std::uint64_t prefix_;  // key_prefix(key())
    std::uint64_t tag_;     // sequence << 8 | kind
    std::uint32_t key_bytes_;
    std::uint32_t value_bytes_;
    std::uint64_t height_;
  };

  SkipList();
  SkipList(const SkipList&) = delete;
  SkipList& operator=(const SkipList&) = delete;

  // Copies key and value. `sequence` <= kMaxSequence.
  void insert(std::string_view key, std::uint64_t sequence, KeyValueKind kind, Bytes value);

  // The first node at or after (key, sequence): of `key` the newest not above `sequence`, or the
  // newest of a later key. Null when there is none.
  [[nodiscard]] const Node* seek(std::string_view key, std::uint64_t sequence) const;
  // The oldest version of the last key before `key`.
  [[nodiscard]] const Node* before(std::string_view key) const;
  // The oldest version of the last key.
  [[nodiscard]] const Node* last() const;
  [[nodiscard]] std::uint64_t bytes() const { return arena_.bytes(); }

 private:
  struct Target {
    std::uint64_t prefix;
    std::uint64_t tag;
    std::string_view key;
  };

  [[nodiscard]] static bool is_before(const Node* node, const Target& target);
  // The writer's: the node behind `node` if it is before `target`, else null.
  [[nodiscard]] static Node* next_before(const Node* node, int level, const Target& target);
  static void prefetch(const Node* node, int level);
  [[nodiscard]] Node* allocate_node(std::size_t bytes, int height);
  [[nodiscard]] int random_height();
  // Fills previous_ for `target`, from where the last insert left it.
  void find_place(const Target& target);

  Arena arena_;
  Node* const head_;
  // Levels in use. Stored by the writer, loaded by readers: a reader that sees more levels than
  // the head has links for finds null there and goes down.
  std::atomic<int> height_{1};

  // Writer only: the nodes before the last insert, by level; where the next one starts looking.
  std::array<Node*, kMaxHeight> previous_;
  std::uint64_t random_ = 0x2545'f491'4f6c'dd1d;
};

}  // namespace ndts
