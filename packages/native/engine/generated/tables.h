// Generated from packages/protocol/schema by tools/generate.mjs. Do not edit.
#pragma once

#include <cstdint>

#include "generated/constants.h"

namespace ndts {

struct BuiltInColumn {
  const char* name;
  ValueType type;
  bool nullable;
};

// Last price and volume with best bid and ask; every database has this table.
inline constexpr const char* kTickTableName = "tick";
inline constexpr BuiltInColumn kTickColumns[] = {
    {"price", ValueType::kF64, false},
    {"volume", ValueType::kF64, false},
    {"bid1", ValueType::kF64, false},
    {"ask1", ValueType::kF64, false},
    {"bid_vol1", ValueType::kF64, false},
    {"ask_vol1", ValueType::kF64, false},
    {"flags", ValueType::kI32, false},
};

// A trade at the venue.
inline constexpr const char* kTradeTableName = "trade";
inline constexpr BuiltInColumn kTradeColumns[] = {
    {"price", ValueType::kF64, false},
    {"volume", ValueType::kF64, false},
    {"side", ValueType::kI32, false},
    {"trade_id", ValueType::kText, true},
};

// The best five levels of an order book.
inline constexpr const char* kBookTableName = "book";
inline constexpr BuiltInColumn kBookColumns[] = {
    {"bid1", ValueType::kF64, true},
    {"bid2", ValueType::kF64, true},
    {"bid3", ValueType::kF64, true},
    {"bid4", ValueType::kF64, true},
    {"bid5", ValueType::kF64, true},
    {"bid_vol1", ValueType::kF64, true},
    {"bid_vol2", ValueType::kF64, true},
    {"bid_vol3", ValueType::kF64, true},
    {"bid_vol4", ValueType::kF64, true},
    {"bid_vol5", ValueType::kF64, true},
    {"ask1", ValueType::kF64, true},
    {"ask2", ValueType::kF64, true},
    {"ask3", ValueType::kF64, true},
    {"ask4", ValueType::kF64, true},
    {"ask5", ValueType::kF64, true},
    {"ask_vol1", ValueType::kF64, true},
    {"ask_vol2", ValueType::kF64, true},
    {"ask_vol3", ValueType::kF64, true},
    {"ask_vol4", ValueType::kF64, true},
    {"ask_vol5", ValueType::kF64, true},
};

// Ticks of an interval in one row; its time is the start of the interval.
inline constexpr const char* kBarTableName = "bar";
inline constexpr BuiltInColumn kBarColumns[] = {
    {"open", ValueType::kF64, false},
    {"high", ValueType::kF64, false},
    {"low", ValueType::kF64, false},
    {"close", ValueType::kF64, false},
    {"volume", ValueType::kF64, false},
    {"turnover", ValueType::kF64, true},
    {"ticks", ValueType::kI64, false},
    {"interval", ValueType::kI64, false},
};

// Values of a factor that a strategy stores, one row a tick; the time is that of the tick.
inline constexpr const char* kFactorTableName = "factor";
inline constexpr BuiltInColumn kFactorColumns[] = {
    {"strategy", ValueType::kText, false},
    {"factor", ValueType::kText, false},
    {"version", ValueType::kI32, false},
    {"value", ValueType::kF64, true},
    {"middle", ValueType::kF64, true},
    {"upper", ValueType::kF64, true},
    {"lower", ValueType::kF64, true},
    {"tick_shard", ValueType::kI32, false},
    {"tick_epoch", ValueType::kI64, false},
    {"first_sequence", ValueType::kI64, true},
    {"last_sequence", ValueType::kI64, false},
};

// What a strategy asked for.
inline constexpr const char* kSignalTableName = "signal";
inline constexpr BuiltInColumn kSignalColumns[] = {
    {"strategy", ValueType::kText, false},
    {"ordinal", ValueType::kI64, false},
    {"side", ValueType::kI32, false},
    {"quantity", ValueType::kF64, false},
    {"price", ValueType::kF64, true},
};

// Ticks that cleaning refused, as they came, and samples of what feeds could not use; the time is that of their reception.
inline constexpr const char* kRejectsTableName = "rejects";
inline constexpr BuiltInColumn kRejectsColumns[] = {
    {"reason", ValueType::kText, false},
    {"source", ValueType::kText, false},
    {"live", ValueType::kBool, false},
    {"tick_day", ValueType::kF64, false},
    {"tick_ns", ValueType::kF64, false},
    {"price", ValueType::kF64, false},
    {"volume", ValueType::kF64, false},
    {"bid1", ValueType::kF64, false},
    {"ask1", ValueType::kF64, false},
    {"bid_vol1", ValueType::kF64, false},
    {"ask_vol1", ValueType::kF64, false},
    {"next_sequence", ValueType::kI64, false},
    {"sample", ValueType::kText, true},
};

// Changes of order books in full depth, as their source sent them: messages of one or more rows.
inline constexpr const char* kBookChangeTableName = "book_change";
inline constexpr BuiltInColumn kBookChangeColumns[] = {
    {"side", ValueType::kI32, false},
    {"price", ValueType::kF64, false},
    {"quantity", ValueType::kF64, false},
    {"venue_sequence", ValueType::kF64, true},
    {"previous", ValueType::kF64, true},
    {"flags", ValueType::kI32, false},
    {"source", ValueType::kText, false},
};

// Trades that cleaning refused, as they came; the time is that of their reception.
inline constexpr const char* kTradeRejectsTableName = "trade_rejects";
inline constexpr BuiltInColumn kTradeRejectsColumns[] = {
    {"reason", ValueType::kText, false},
    {"source", ValueType::kText, false},
    {"live", ValueType::kBool, false},
    {"trade_day", ValueType::kF64, false},
    {"trade_ns", ValueType::kF64, false},
    {"price", ValueType::kF64, false},
    {"volume", ValueType::kF64, false},
    {"side", ValueType::kI32, false},
    {"trade_id", ValueType::kText, true},
    {"next_sequence", ValueType::kI64, false},
};

// A change of the quality of a symbol.
inline constexpr const char* kQualityTableName = "quality";
inline constexpr BuiltInColumn kQualityColumns[] = {
    {"from_state", ValueType::kText, false},
    {"to_state", ValueType::kText, false},
    {"flags", ValueType::kI32, false},
    {"reason", ValueType::kText, false},
    {"source", ValueType::kText, false},
};

}  // namespace ndts
