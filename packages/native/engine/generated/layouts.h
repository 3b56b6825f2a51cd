// Generated from packages/protocol/schema by tools/generate.mjs. Do not edit.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ndts {

// One published value on a cache line of its own. check = value ^ epoch ^ kRingLineSalt.
struct RingLine {
  std::uint64_t value;  // a slot count or sequence; only ever grows within an epoch
  std::uint64_t epoch;  // the epoch of the ring, repeated so that a torn read shows
  std::uint64_t check;  // value ^ epoch ^ salt; a mismatch is re-read
  std::uint8_t reserved[40];  // zero
};
static_assert(sizeof(RingLine) == 64);
static_assert(offsetof(RingLine, value) == 0);
static_assert(offsetof(RingLine, epoch) == 8);
static_assert(offsetof(RingLine, check) == 16);
static_assert(offsetof(RingLine, reserved) == 24);

// The head of a ring. Ten 64-byte lines; then slotCount slots of slotBytes each.
struct RingHeader {
  std::uint64_t magic;  // "NDTSRING"
  std::uint32_t version;  // layout version, 1
  std::uint32_t record_kind;  // 1 tick, 2 trade, 3 book, 4 factor, 5 signal
  std::uint32_t slot_bytes;  // bytes of a slot
  std::uint32_t slot_count;  // number of slots, a power of two
  std::uint32_t shard;  // the shard, or the strategy instance for signals
  std::uint32_t reserved0;  // zero
  std::uint64_t epoch;  // epoch of the writer; a new epoch is a new ring
  std::uint64_t first_sequence;  // sequence of the first slot ever written in this ring
  std::uint8_t reserved1[16];  // zero
  RingLine intent;  // the writer may overwrite up to this sequence (exclusive)
  RingLine tail;  // sequences below this are committed (exclusive)
  RingLine accepted;  // watermark: survives kill -9 (exclusive sequence)
  RingLine durable;  // watermark: survives power loss
  RingLine replicated;  // watermark: survives the machine
  RingLine sealed;  // watermark: in a segment, listed by the manifest
  RingLine heartbeat;  // monotonic nanoseconds of the writer, while it lives
  std::uint8_t reserved2[128];  // zero
};
static_assert(sizeof(RingHeader) == 640);
static_assert(offsetof(RingHeader, magic) == 0);
static_assert(offsetof(RingHeader, version) == 8);
static_assert(offsetof(RingHeader, record_kind) == 12);
static_assert(offsetof(RingHeader, slot_bytes) == 16);
static_assert(offsetof(RingHeader, slot_count) == 20);
static_assert(offsetof(RingHeader, shard) == 24);
static_assert(offsetof(RingHeader, reserved0) == 28);
static_assert(offsetof(RingHeader, epoch) == 32);
static_assert(offsetof(RingHeader, first_sequence) == 40);
static_assert(offsetof(RingHeader, reserved1) == 48);
static_assert(offsetof(RingHeader, intent) == 64);
static_assert(offsetof(RingHeader, tail) == 128);
static_assert(offsetof(RingHeader, accepted) == 192);
static_assert(offsetof(RingHeader, durable) == 256);
static_assert(offsetof(RingHeader, replicated) == 320);
static_assert(offsetof(RingHeader, sealed) == 384);
static_assert(offsetof(RingHeader, heartbeat) == 448);
static_assert(offsetof(RingHeader, reserved2) == 512);

// One tick, one cache line. Its sequence follows from its position in the ring.
struct TickSlot {
  std::int64_t time;  // nanoseconds since 1970-01-01 UTC
  std::uint32_t symbol;  // cluster-wide symbol id
  std::uint32_t flags;  // bits of TickFlags
  double price;  // last price
  double volume;  // last volume
  double bid;  // best bid
  double ask;  // best ask
  double bid_volume;  // volume at the best bid
  double ask_volume;  // volume at the best ask
};
static_assert(sizeof(TickSlot) == 64);
static_assert(offsetof(TickSlot, time) == 0);
static_assert(offsetof(TickSlot, symbol) == 8);
static_assert(offsetof(TickSlot, flags) == 12);
static_assert(offsetof(TickSlot, price) == 16);
static_assert(offsetof(TickSlot, volume) == 24);
static_assert(offsetof(TickSlot, bid) == 32);
static_assert(offsetof(TickSlot, ask) == 40);
static_assert(offsetof(TickSlot, bid_volume) == 48);
static_assert(offsetof(TickSlot, ask_volume) == 56);

// One factor value with the tick it came from.
struct FactorSlot {
  std::int64_t time;  // time of the tick
  std::uint32_t symbol;  // symbol id
  std::uint32_t factor;  // factor id within the strategy instance
  double value;  // the factor value; for Bollinger %B
  double price;  // price of the tick
  double middle;  // middle band
  double upper;  // upper band
  double lower;  // lower band
  std::int32_t signal;  // +1, -1 or 0
  std::uint32_t shard;  // shard of the tick
  std::uint64_t epoch;  // epoch of the tick
  std::uint64_t sequence;  // sequence of the tick
  std::uint8_t reserved[48];  // zero
};
static_assert(sizeof(FactorSlot) == 128);
static_assert(offsetof(FactorSlot, time) == 0);
static_assert(offsetof(FactorSlot, symbol) == 8);
static_assert(offsetof(FactorSlot, factor) == 12);
static_assert(offsetof(FactorSlot, value) == 16);
static_assert(offsetof(FactorSlot, price) == 24);
static_assert(offsetof(FactorSlot, middle) == 32);
static_assert(offsetof(FactorSlot, upper) == 40);
static_assert(offsetof(FactorSlot, lower) == 48);
static_assert(offsetof(FactorSlot, signal) == 56);
static_assert(offsetof(FactorSlot, shard) == 60);
static_assert(offsetof(FactorSlot, epoch) == 64);
static_assert(offsetof(FactorSlot, sequence) == 72);
static_assert(offsetof(FactorSlot, reserved) == 80);

// One signal: what a strategy asks for, with the id that makes it idempotent.
struct SignalSlot {
  std::int64_t time;  // when it was emitted
  std::int64_t tick_time;  // time of the tick that caused it
  std::uint32_t symbol;  // symbol id
  std::uint32_t instance;  // strategy instance id
  std::uint64_t ordinal;  // grows by one per signal of the instance, never re-used
  std::int32_t side;  // +1 buy, -1 sell
  std::uint32_t order_type;  // bits of OrderType: 1 market, 2 limit
  std::int64_t quantity;  // scaled by 1e8
  std::int64_t limit_price;  // scaled by 1e8; 0 for market
  std::uint32_t valid_for_ms;  // intake refuses it when older
  std::uint32_t shard;  // lineage: shard of the tick
  std::uint64_t epoch;  // lineage: epoch of the tick
  std::uint64_t sequence;  // lineage: sequence of the tick
  double factor_value;  // lineage: the factor value acted on
  double price;  // price seen by the strategy
  std::uint8_t reserved[32];  // zero
};
static_assert(sizeof(SignalSlot) == 128);
static_assert(offsetof(SignalSlot, time) == 0);
static_assert(offsetof(SignalSlot, tick_time) == 8);
static_assert(offsetof(SignalSlot, symbol) == 16);
static_assert(offsetof(SignalSlot, instance) == 20);
static_assert(offsetof(SignalSlot, ordinal) == 24);
static_assert(offsetof(SignalSlot, side) == 32);
static_assert(offsetof(SignalSlot, order_type) == 36);
static_assert(offsetof(SignalSlot, quantity) == 40);
static_assert(offsetof(SignalSlot, limit_price) == 48);
static_assert(offsetof(SignalSlot, valid_for_ms) == 56);
static_assert(offsetof(SignalSlot, shard) == 60);
static_assert(offsetof(SignalSlot, epoch) == 64);
static_assert(offsetof(SignalSlot, sequence) == 72);
static_assert(offsetof(SignalSlot, factor_value) == 80);
static_assert(offsetof(SignalSlot, price) == 88);
static_assert(offsetof(SignalSlot, reserved) == 96);

// Ticks by column. JavaScript reads and writes day and nsOfDay; the engine packs them.
enum class TickBatchColumn : std::uint32_t {
  kDay = 0,  // f64: whole days since 1970-01-01 UTC
  kNsOfDay = 1,  // f64: nanoseconds since the start of that day, exact
  kSequence = 2,  // f64: sequence within the shard, exact below 2^53
  kPrice = 3,  // f64: last price
  kVolume = 4,  // f64: last volume
  kBid = 5,  // f64: best bid
  kAsk = 6,  // f64: best ask
  kBidVolume = 7,  // f64: volume at the best bid
  kAskVolume = 8,  // f64: volume at the best ask
  kSymbol = 9,  // u32: symbol id
  kFlags = 10,  // u32: bits of TickFlags
  kShard = 11,  // u32: shard of the symbol
  kEpoch = 12,  // u32: epoch of the shard
};
inline constexpr std::uint32_t kTickBatchColumns = 13;
inline constexpr std::uint32_t kTickBatchWidths[13] = {8, 8, 8, 8, 8, 8, 8, 8, 8, 4, 4, 4, 4};

}  // namespace ndts
