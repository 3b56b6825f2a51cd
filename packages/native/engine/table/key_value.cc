// See key_value.h.
#include "table/key_value.h"

#include "generated/constants.h"
#include "generated/layouts.h"

namespace ndts {

namespace {

// The least text above every text that starts with `prefix`; nullopt when there is none.
std::optional<std::string> end_of_prefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty()) {
    if (static_cast<unsigned char>(end.back()) != 0xff) {
      end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
      return end;
    }
    end.pop_back();
  }
  return std::nullopt;
}

struct Operation {
  KeyValueHead head;
  std::string_view key;
  Bytes value;
};

bool next_operation(ByteReader& reader, Operation& operation) {
  if (reader.left() == 0) return false;
  operation.head = reader.read<KeyValueHead>();
  operation.key = text_of(reader.read_bytes(operation.head.key_bytes));
  operation.value = reader.read_bytes(operation.head.value_bytes);
  return reader.ok();
}

constexpr auto kPut = static_cast<std::uint32_t>(KeyValueKind::kPut);
constexpr auto kDelete = static_cast<std::uint32_t>(KeyValueKind::kDelete);

void append(std::vector<std::byte>& to, Bytes bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

// The iterators of a map from the first to one past the last key of a range.
struct Bounds {
  std::optional<std::string_view> low;  // inclusive unless low_exclusive
  bool low_exclusive = false;
  std::optional<std::string> high;  // exclusive unless high_inclusive
  bool high_inclusive = false;
};

Bounds bounds_of(const KeyValueScan& range) {
  Bounds bounds;
  bounds.low = range.prefix;
  bounds.high = end_of_prefix(range.prefix);
  if (!range.from.has_value()) return bounds;
  if (!range.reverse && *range.from >= range.prefix) {
    bounds.low = range.from;
    bounds.low_exclusive = range.exclusive;
  }
  if (range.reverse && (!bounds.high.has_value() || *range.from < *bounds.high)) {
    bounds.high = std::string(*range.from);
    bounds.high_inclusive = !range.exclusive;
  }
  return bounds;
}

template <typename Map>
struct Walk {
  typename Map::const_iterator low;
  typename Map::const_iterator high;

  Walk(const Map& map, const Bounds& bounds) {
    low = bounds.low_exclusive ? map.upper_bound(*bounds.low) : map.lower_bound(*bounds.low);
    high = map.end();
    if (bounds.high.has_value())
      high = bounds.high_inclusive ? map.upper_bound(*bounds.high) : map.lower_bound(*bounds.high);
    // A range whose ends cross is empty.
    if (high != map.end() && (low == map.end() || low->first > high->first)) low = high;
  }
  bool done() const { return low == high; }
  template <bool kReverse>
  typename Map::const_iterator current() const {
    return kReverse ? std::prev(high) : low;
  }
  template <bool kReverse>
  void step() {
    if constexpr (kReverse) {
      --high;
    } else {
      ++low;
    }
  }
};

}  // namespace

void encode_operation(std::vector<std::byte>& batch, std::string_view key,
                      std::optional<Bytes> value) {
  KeyValueHead head{};
  head.kind = value.has_value() ? kPut : kDelete;
  head.key_bytes = static_cast<std::uint32_t>(key.size());
  head.value_bytes = value.has_value() ? static_cast<std::uint32_t>(value->size()) : 0;
  append(batch, bytes_of(head));
  append(batch, bytes_of_text(key));
  if (value.has_value()) append(batch, *value);
}

Status check_batch(Bytes batch) {
  ByteReader reader(batch);
  Operation operation{};
  while (next_operation(reader, operation)) {
    const std::uint32_t kind = operation.head.kind;
    if (kind == kPut || (kind == kDelete && operation.value.empty())) continue;
    return Status(Code::kInvalidArgument, "key-value operation of kind " + std::to_string(kind));
  }
  if (!reader.ok()) return Status(Code::kInvalidArgument, "key-value batch is cut short");
  return {};
}

void KeyValueTable::apply(Bytes batch) {
  ByteReader reader(batch);
  Operation operation{};
  while (next_operation(reader, operation)) {
    if (operation.head.kind == kPut) {
      put(operation.key, operation.value);
    } else {
      remove(operation.key);
    }
  }
}

void KeyValueTable::load(std::string_view key, Bytes value) { put(key, value); }

void KeyValueTable::put(std::string_view key, Bytes value) {
  if (const std::optional<Bytes> old = get(key)) {
    bytes_ -= old->size();
  } else {
    entries_ += 1;
    bytes_ += key.size();
  }
  bytes_ += value.size();
  std::vector<std::byte> copy(value.begin(), value.end());
  if (frozen_) {
    overlay_.insert_or_assign(std::string(key), std::move(copy));
    return;
  }
  const auto found = base_.lower_bound(key);
  if (found != base_.end() && found->first == key) {
    found->second = std::move(copy);
  } else {
    base_.emplace_hint(found, std::string(key), std::move(copy));
  }
}

void KeyValueTable::remove(std::string_view key) {
  const std::optional<Bytes> old = get(key);
  if (!old.has_value()) return;
  entries_ -= 1;
  bytes_ -= key.size() + old->size();
  if (frozen_) {
    overlay_.insert_or_assign(std::string(key), std::nullopt);
  } else {
    base_.erase(base_.find(key));
  }
}

std::optional<Bytes> KeyValueTable::get(std::string_view key) const {
  if (frozen_) {
    const auto found = overlay_.find(key);
    if (found != overlay_.end()) {
      if (!found->second.has_value()) return std::nullopt;
      return Bytes(*found->second);
    }
  }
  const auto found = base_.find(key);
  if (found == base_.end()) return std::nullopt;
  return Bytes(found->second);
}

template <bool kReverse>
void KeyValueTable::walk(const KeyValueScan& range, const Visit& visit) const {
  const Bounds bounds = bounds_of(range);
  Walk<Base> base(base_, bounds);
  Walk<Overlay> overlay(overlay_, bounds);
  std::uint64_t left = range.limit;
  while (left > 0 && (!base.done() || !overlay.done())) {
    bool take_overlay = base.done();
    if (!base.done() && !overlay.done()) {
      const std::string& base_key = base.current<kReverse>()->first;
      const std::string& overlay_key = overlay.current<kReverse>()->first;
      take_overlay = kReverse ? overlay_key >= base_key : overlay_key <= base_key;
      if (overlay_key == base_key) base.step<kReverse>();
    }
    if (take_overlay) {
      const auto entry = overlay.current<kReverse>();
      overlay.step<kReverse>();
      if (!entry->second.has_value()) continue;
      visit(entry->first, *entry->second);
    } else {
      const auto entry = base.current<kReverse>();
      base.step<kReverse>();
      visit(entry->first, entry->second);
    }
    left -= 1;
  }
}

void KeyValueTable::scan(const KeyValueScan& range, const Visit& visit) const {
  if (range.reverse) {
    walk<true>(range, visit);
  } else {
    walk<false>(range, visit);
  }
}

void KeyValueTable::thaw() {
  frozen_ = false;
  for (auto& [key, value] : overlay_) {
    if (value.has_value()) {
      base_.insert_or_assign(key, std::move(*value));
    } else {
      base_.erase(key);
    }
  }
  overlay_.clear();
}

}  // namespace ndts
