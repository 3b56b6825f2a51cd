// Generated from packages/protocol/schema by tools/generate.mjs. Do not edit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "generated/constants.h"
#include "generated/layouts.h"

namespace ndts {

// Bytes of a column of `capacity` values of this width, up to the next: each starts on a line.
[[nodiscard]] constexpr std::size_t batch_column_bytes(std::size_t capacity, std::uint32_t width) {
  return (capacity * width + 63) / 64 * 64;
}

// The same bit in the flags of every record: the slot fills a sequence that was skipped.
inline constexpr std::uint32_t kVoidFlag = 16;
// And beside it in a mirror: what was there was overtaken before it was pulled.
inline constexpr std::uint32_t kMissedFlag = 64;

// The columns of a TickBatch as typed pointers into its one buffer: a view
// that is made anew for every call.
struct TickColumns {
  double* day;
  double* ns_of_day;
  double* sequence;
  double* price;
  double* volume;
  double* bid;
  double* ask;
  double* bid_volume;
  double* ask_volume;
  std::uint32_t* symbol;
  std::uint32_t* flags;
  std::uint32_t* shard;
  std::uint32_t* epoch;

  // Bytes of a whole batch; a caller checks its buffer against this before make().
  [[nodiscard]] static constexpr std::size_t batch_bytes(std::size_t capacity) {
    return 9 * batch_column_bytes(capacity, 8) +
           4 * batch_column_bytes(capacity, 4);
  }
  [[nodiscard]] static TickColumns make(void* buffer, std::size_t capacity) {
    auto* next = static_cast<std::byte*>(buffer);
    const auto wide = [&next, capacity] {
      auto* column = reinterpret_cast<double*>(next);
      next += batch_column_bytes(capacity, 8);
      return column;
    };
    const auto narrow = [&next, capacity] {
      auto* column = reinterpret_cast<std::uint32_t*>(next);
      next += batch_column_bytes(capacity, 4);
      return column;
    };
    return {
        .day = wide(),
        .ns_of_day = wide(),
        .sequence = wide(),
        .price = wide(),
        .volume = wide(),
        .bid = wide(),
        .ask = wide(),
        .bid_volume = wide(),
        .ask_volume = wide(),
        .symbol = narrow(),
        .flags = narrow(),
        .shard = narrow(),
        .epoch = narrow(),
    };
  }
  // Calls f with every column, for work that treats all alike.
  template <typename F>
  void each(F&& f) const {
    f(day);
    f(ns_of_day);
    f(sequence);
    f(price);
    f(volume);
    f(bid);
    f(ask);
    f(bid_volume);
    f(ask_volume);
    f(symbol);
    f(flags);
    f(shard);
    f(epoch);
  }
};

// How a TickBatch and the slots of its ring belong together. Both functions call f
// with a column and the offset of its field: each_number with doubles, each_narrow with
// 32-bit fields that have a word of their own.
struct TickRecord {
  using Slot = TickSlot;
  using Columns = TickColumns;
  static constexpr RecordKind kKind = RecordKind::kTick;
  static constexpr std::string_view kRing = "ticks";
  template <typename F>
  static void each_number(const TickColumns& t, F&& f) {
    f(t.price, offsetof(TickSlot, price));
    f(t.volume, offsetof(TickSlot, volume));
    f(t.bid, offsetof(TickSlot, bid));
    f(t.ask, offsetof(TickSlot, ask));
    f(t.bid_volume, offsetof(TickSlot, bid_volume));
    f(t.ask_volume, offsetof(TickSlot, ask_volume));
  }
  template <typename F>
  static void each_narrow(const TickColumns&, F&&) {
  }
};
static_assert(static_cast<std::uint32_t>(TickFlags::kVoid) == kVoidFlag);
static_assert(static_cast<std::uint32_t>(TickFlags::kMissed) == kMissedFlag);

// The columns of a TradeBatch as typed pointers into its one buffer: a view
// that is made anew for every call.
struct TradeColumns {
  double* day;
  double* ns_of_day;
  double* sequence;
  double* price;
  double* volume;
  double* trade_id;
  std::uint32_t* symbol;
  std::uint32_t* flags;
  std::uint32_t* shard;
  std::uint32_t* epoch;

  // Bytes of a whole batch; a caller checks its buffer against this before make().
  [[nodiscard]] static constexpr std::size_t batch_bytes(std::size_t capacity) {
    return 6 * batch_column_bytes(capacity, 8) +
           4 * batch_column_bytes(capacity, 4);
  }
  [[nodiscard]] static TradeColumns make(void* buffer, std::size_t capacity) {
    auto* next = static_cast<std::byte*>(buffer);
    const auto wide = [&next, capacity] {
      auto* column = reinterpret_cast<double*>(next);
      next += batch_column_bytes(capacity, 8);
      return column;
    };
    const auto narrow = [&next, capacity] {
      auto* column = reinterpret_cast<std::uint32_t*>(next);
      next += batch_column_bytes(capacity, 4);
      return column;
    };
    return {
        .day = wide(),
        .ns_of_day = wide(),
        .sequence = wide(),
        .price = wide(),
        .volume = wide(),
        .trade_id = wide(),
        .symbol = narrow(),
        .flags = narrow(),
        .shard = narrow(),
        .epoch = narrow(),
    };
  }
  // Calls f with every column, for work that treats all alike.
  template <typename F>
  void each(F&& f) const {
    f(day);
    f(ns_of_day);
    f(sequence);
    f(price);
    f(volume);
    f(trade_id);
    f(symbol);
    f(flags);
    f(shard);
    f(epoch);
  }
};

// How a TradeBatch and the slots of its ring belong together. Both functions call f
// with a column and the offset of its field: each_number with doubles, each_narrow with
// 32-bit fields that have a word of their own.
struct TradeRecord {
  using Slot = TradeSlot;
  using Columns = TradeColumns;
  static constexpr RecordKind kKind = RecordKind::kTrade;
  static constexpr std::string_view kRing = "trades";
  template <typename F>
  static void each_number(const TradeColumns& t, F&& f) {
    f(t.price, offsetof(TradeSlot, price));
    f(t.volume, offsetof(TradeSlot, volume));
    f(t.trade_id, offsetof(TradeSlot, trade_id));
  }
  template <typename F>
  static void each_narrow(const TradeColumns&, F&&) {
  }
};
static_assert(static_cast<std::uint32_t>(TradeFlags::kVoid) == kVoidFlag);
static_assert(static_cast<std::uint32_t>(TradeFlags::kMissed) == kMissedFlag);

// The columns of a BookBatch as typed pointers into its one buffer: a view
// that is made anew for every call.
struct BookColumns {
  double* day;
  double* ns_of_day;
  double* sequence;
  double* bid1;
  double* bid2;
  double* bid3;
  double* bid4;
  double* bid5;
  double* bid_volume1;
  double* bid_volume2;
  double* bid_volume3;
  double* bid_volume4;
  double* bid_volume5;
  double* ask1;
  double* ask2;
  double* ask3;
  double* ask4;
  double* ask5;
  double* ask_volume1;
  double* ask_volume2;
  double* ask_volume3;
  double* ask_volume4;
  double* ask_volume5;
  std::uint32_t* symbol;
  std::uint32_t* flags;
  std::uint32_t* missing;
  std::uint32_t* shard;
  std::uint32_t* epoch;

  // Bytes of a whole batch; a caller checks its buffer against this before make().
  [[nodiscard]] static constexpr std::size_t batch_bytes(std::size_t capacity) {
    return 23 * batch_column_bytes(capacity, 8) +
           5 * batch_column_bytes(capacity, 4);
  }
  [[nodiscard]] static BookColumns make(void* buffer, std::size_t capacity) {
    auto* next = static_cast<std::byte*>(buffer);
    const auto wide = [&next, capacity] {
      auto* column = reinterpret_cast<double*>(next);
      next += batch_column_bytes(capacity, 8);
      return column;
    };
    const auto narrow = [&next, capacity] {
      auto* column = reinterpret_cast<std::uint32_t*>(next);
      next += batch_column_bytes(capacity, 4);
      return column;
    };
    return {
        .day = wide(),
        .ns_of_day = wide(),
        .sequence = wide(),
        .bid1 = wide(),
        .bid2 = wide(),
        .bid3 = wide(),
        .bid4 = wide(),
        .bid5 = wide(),
        .bid_volume1 = wide(),
        .bid_volume2 = wide(),
        .bid_volume3 = wide(),
        .bid_volume4 = wide(),
        .bid_volume5 = wide(),
        .ask1 = wide(),
        .ask2 = wide(),
        .ask3 = wide(),
        .ask4 = wide(),
        .ask5 = wide(),
        .ask_volume1 = wide(),
        .ask_volume2 = wide(),
        .ask_volume3 = wide(),
        .ask_volume4 = wide(),
        .ask_volume5 = wide(),
        .symbol = narrow(),
        .flags = narrow(),
        .missing = narrow(),
        .shard = narrow(),
        .epoch = narrow(),
    };
  }
  // Calls f with every column, for work that treats all alike.
  template <typename F>
  void each(F&& f) const {
    f(day);
    f(ns_of_day);
    f(sequence);
    f(bid1);
    f(bid2);
    f(bid3);
    f(bid4);
    f(bid5);
    f(bid_volume1);
    f(bid_volume2);
    f(bid_volume3);
    f(bid_volume4);
    f(bid_volume5);
    f(ask1);
    f(ask2);
    f(ask3);
    f(ask4);
    f(ask5);
    f(ask_volume1);
    f(ask_volume2);
    f(ask_volume3);
    f(ask_volume4);
    f(ask_volume5);
    f(symbol);
    f(flags);
    f(missing);
    f(shard);
    f(epoch);
  }
};

// How a BookBatch and the slots of its ring belong together. Both functions call f
// with a column and the offset of its field: each_number with doubles, each_narrow with
// 32-bit fields that have a word of their own.
struct BookRecord {
  using Slot = BookSlot;
  using Columns = BookColumns;
  static constexpr RecordKind kKind = RecordKind::kBook;
  static constexpr std::string_view kRing = "books";
  template <typename F>
  static void each_number(const BookColumns& t, F&& f) {
    f(t.bid1, offsetof(BookSlot, bid1));
    f(t.bid2, offsetof(BookSlot, bid2));
    f(t.bid3, offsetof(BookSlot, bid3));
    f(t.bid4, offsetof(BookSlot, bid4));
    f(t.bid5, offsetof(BookSlot, bid5));
    f(t.bid_volume1, offsetof(BookSlot, bid_volume1));
    f(t.bid_volume2, offsetof(BookSlot, bid_volume2));
    f(t.bid_volume3, offsetof(BookSlot, bid_volume3));
    f(t.bid_volume4, offsetof(BookSlot, bid_volume4));
    f(t.bid_volume5, offsetof(BookSlot, bid_volume5));
    f(t.ask1, offsetof(BookSlot, ask1));
    f(t.ask2, offsetof(BookSlot, ask2));
    f(t.ask3, offsetof(BookSlot, ask3));
    f(t.ask4, offsetof(BookSlot, ask4));
    f(t.ask5, offsetof(BookSlot, ask5));
    f(t.ask_volume1, offsetof(BookSlot, ask_volume1));
    f(t.ask_volume2, offsetof(BookSlot, ask_volume2));
    f(t.ask_volume3, offsetof(BookSlot, ask_volume3));
    f(t.ask_volume4, offsetof(BookSlot, ask_volume4));
    f(t.ask_volume5, offsetof(BookSlot, ask_volume5));
  }
  template <typename F>
  static void each_narrow(const BookColumns& t, F&& f) {
    f(t.missing, offsetof(BookSlot, missing));
  }
};
static_assert(static_cast<std::uint32_t>(BookFlags::kVoid) == kVoidFlag);
static_assert(static_cast<std::uint32_t>(BookFlags::kMissed) == kMissedFlag);

}  // namespace ndts
