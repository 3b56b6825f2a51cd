// Generated from packages/protocol/schema by tools/generate.mjs. Do not edit.
#pragma once

#include <cstdint>

namespace ndts {

// What a ring carries.
enum class RecordKind : std::uint32_t {
  kTick = 1,  // ticks
  kTrade = 2,  // trades
  kBook = 3,  // books of five levels
  kFactor = 4,  // factor values
  kSignal = 5,  // signals
};

// Bits in a tick; quality states of the symbol as the data node sees it.
enum class TickFlags : std::uint32_t {
  kStale = 1,  // no fresh tick within the limit
  kGapped = 2,  // the feed reported missing ticks
  kCrossed = 4,  // bid above ask
  kHalted = 8,  // trading halted
  kVoid = 16,  // not a tick: the slot fills a sequence that was skipped
  kSuspect = 32,  // a cleaning rule that only marks found something in it
  kMissed = 64,  // of a void slot of a mirror: a tick that was overtaken before it was pulled
};

// Bits in a trade. Neither buy nor sell: the side of the aggressor is not known.
enum class TradeFlags : std::uint32_t {
  kBuy = 1,  // the aggressor bought
  kSell = 2,  // the aggressor sold
  kId = 4,  // the venue named it by a whole number below 2^53; other names are in the table only
  kVoid = 16,  // not a trade: the slot fills a sequence that was skipped
  kMissed = 64,  // of a void slot of a mirror: a trade that was overtaken before it was pulled
};

// Bits in a book.
enum class BookFlags : std::uint32_t {
  kCrossed = 4,  // bid is not below ask
  kVoid = 16,  // not a book: the slot fills a sequence that was skipped
  kMissed = 64,  // of a void slot of a mirror: a book that was overtaken before it was pulled
};

// How far the data of a symbol can be trusted; docs/quality.md says when each begins and ends.
enum class QualityState : std::uint32_t {
  kGood = 1,  // ticks come, whole and in time
  kStale = 2,  // no tick within the limit
  kGapped = 3,  // ticks are missing
  kCrossed = 4,  // bid above ask for longer than the limit
  kHalted = 5,  // the venue halted trading
};

// Why the data node refused a tick.
enum class CleanReason : std::uint32_t {
  kOk = 0,  // accepted
  kPrice = 1,  // price not within the limits of its rules
  kVolume = 2,  // volume negative
  kSpread = 3,  // (ask - bid) / bid is not below the limit
  kCrossed = 4,  // bid above ask
  kDuplicate = 5,  // same time, price, volume, bid and ask as the tick before
  kOutOfOrder = 6,  // older than the tolerated disorder
  kSentinel = 7,  // NaN, infinity or DBL_MAX where a number is expected
  kStale = 8,  // older than the clock by more than the limit
  kFuture = 9,  // ahead of the clock by more than the limit
  kJump = 10,  // price far from those accepted last
  kSession = 11,  // outside of the sessions of its calendar
  kTickSize = 12,  // price no multiple of the tick size
};

// Kernels of factor programs, by what they make of their inputs; engine/factor states the arithmetic.
enum class FactorKernel : std::uint32_t {
  kAdd = 1,  // a + b
  kSubtract = 2,  // a - b
  kMultiply = 3,  // a * b
  kDivide = 4,  // a / b; 0 / 0 is NaN
  kNegate = 5,  // -a
  kAbsolute = 6,  // |a|
  kLog = 7,  // natural logarithm
  kSqrt = 8,  // square root
  kLesser = 9,  // the lesser of a and b
  kGreater = 10,  // the greater of a and b
  kImbalance = 11,  // (a - b) / (a + b); 0 where both are 0
  kPane = 12,  // which 64th of a span of time, counted from 1970, (day, nsOfDay) is in
  kDelay = 20,  // a as it was `period` rows of the symbol before
  kSum = 21,  // sum of a window
  kSma = 22,  // mean of a window
  kWma = 23,  // mean of a window, weights 1 to `period`
  kDeviation = 24,  // population standard deviation of a window
  kMinimum = 25,  // least of a window
  kMaximum = 26,  // greatest of a window
  kZscore = 27,  // (a - mean) / deviation; 0 in a flat window
  kBollinger = 28,  // %B, middle, upper, lower, signal
  kCci = 29,  // commodity channel index of typical prices
  kStochastic = 30,  // %K of (high, low, close)
  kVwap = 31,  // sum of a * b / sum of b over a window
  kCorrelation = 32,  // of a with b over a window; NaN where one is flat
  kBeta = 33,  // covariance of a with b / variance of b; NaN where b is flat
  kEma = 50,  // exponential mean, begun with the mean of the first `period`
  kDema = 51,  // 2 * ema - ema of ema
  kRsi = 52,  // relative strength by the smoothing of Wilder; 50 without any move
  kMacd = 53,  // macd, signal, histogram of (fast, slow, signal)
  kAtr = 54,  // average true range of (high, low, close) by Wilder
  kAdx = 55,  // adx, +di, -di of (high, low, close) by Wilder
  kObv = 56,  // on-balance volume of (price, volume), from 0
  kTimedCount = 70,  // rows of a window of time; the last input of each of these is the pane
  kTimedSum = 71,  // sum of a window of time
  kTimedMean = 72,  // mean of a window of time
  kTimedDeviation = 73,  // population standard deviation of a window of time
  kTimedMinimum = 74,  // least of a window of time
  kTimedMaximum = 75,  // greatest of a window of time
  kTimedZscore = 76,  // (a - mean) / deviation of a window of time; 0 in a flat one
  kTimedBollinger = 77,  // %B, middle, upper, lower, signal of a window of time
  kTimedVwap = 78,  // sum of a * b / sum of b over a window of time
  kTimedCorrelation = 79,  // of a with b over a window of time; NaN where one is flat
  kTimedBeta = 80,  // covariance of a with b / variance of b over a window of time
};

// How far the windows of factor kernels may reach.
enum class FactorLimit : std::uint32_t {
  kRows = 4096,  // of a window of rows at most
  kPanes = 64,  // of a window of time: the parts that it moves by
  kSpanMsMin = 1,  // milliseconds of a window of time at least
  kSpanDaysMax = 100,  // days of a window of time at most
};

// Order types; docs/protocol/orders.md says what each does and where it is worked.
enum class OrderType : std::uint32_t {
  kMarket = 1,  // at the market
  kLimit = 2,  // at a limit price or better
  kStop = 3,  // at the market once the market has reached the stop price
  kStopLimit = 4,  // at a limit price or better once the market has reached the stop price
  kTrailing = 5,  // a stop that follows the best price of the market at a distance
  kTwap = 6,  // in equal parts over a time
  kVwap = 7,  // in parts over a time, by a profile of volume
  kIceberg = 8,  // at a limit price, one small part shown at a time
};

// How long an order works.
enum class TimeInForce : std::uint32_t {
  kGtc = 1,  // until it is canceled
  kIoc = 2,  // what is not executed at once is canceled
  kFok = 3,  // all of it at once, or nothing
  kGtd = 4,  // until its expire time
  kDay = 5,  // until the day of the venue ends
};

// Bits in the terms of an order.
enum class OrderFlags : std::uint32_t {
  kPostOnly = 1,  // never takes: refused when it would trade at once
  kReduceOnly = 2,  // never opens or turns a position
  kPair = 4,  // in a signal, of a limit order: its parameter is the stop price of another one beside it
};

// What an order does to a position of a venue that keeps long and short apart.
enum class OrderOffset : std::uint32_t {
  kOpen = 1,  // opens
  kClose = 2,  // closes, by the rule of the venue
  kCloseToday = 3,  // closes what was opened on this trading day
  kCloseYesterday = 4,  // closes what was opened before it
};

// Where an order stands; docs/protocol/orders.md draws the legal transitions.
enum class OrderState : std::uint32_t {
  kInitialized = 1,  // known, not yet checked
  kDenied = 2,  // refused by risk; never sent
  kIntended = 3,  // the intent is journaled; sending may happen
  kSubmitted = 4,  // handed to the broker; no answer yet
  kAccepted = 5,  // the broker has it
  kRejected = 6,  // definitely refused by the broker
  kPartiallyFilled = 7,  // some quantity filled
  kFilled = 8,  // all quantity filled
  kPendingCancel = 9,  // cancel requested
  kCanceled = 10,  // canceled
  kExpired = 11,  // expired
  kUnknown = 12,  // outcome not known: reconcile
  kEmulated = 13,  // worked by the exec node: its children are at the venue, not it
  kTriggered = 14,  // its stop price was reached
  kPendingReplace = 15,  // change of quantity or price requested
};

// The verdict of the risk check.
enum class RiskReason : std::uint32_t {
  kApproved = 1,  // all checks passed
  kPositionLimitExceeded = 2,  // position with open orders would pass the limit
  kOrderValueExceeded = 3,  // quantity times price above the limit
  kDailyLossLimit = 4,  // realised and unrealised loss of the day at or above the limit
  kTradingHalted = 5,  // the trading state is HALTED
  kReduceOnly = 6,  // the trading state is REDUCING and the order would add risk
  kPriceCollar = 7,  // limit price too far from the live market
  kNoMarket = 8,  // no live price for the symbol
  kStaleMarket = 9,  // the last price is too old and the order would add risk
  kInvalidQuantity = 10,  // quantity not positive or not a multiple of the lot
  kMessageRate = 11,  // too many orders per second
  kDuplicateSignal = 12,  // ordinal at or below the highest seen for the instance
  kSignalExpired = 13,  // older than its validity
  kBrokerUnavailable = 14,  // no route to a broker
  kInvalidOrder = 15,  // side, type, symbol or limit price make no order
  kSymbolQuality = 16,  // the symbol is not GOOD and the order would add risk
  kInvalidPrice = 17,  // a price that is no multiple of the tick size
  kQuantityLimit = 18,  // quantity below the least or above the largest of one order
  kDuplicateOrder = 19,  // equal to an order of the same strategy a moment ago
  kSelfTrade = 20,  // would trade with an open order of the same account
  kRestricted = 21,  // the symbol is on the restricted list and the order would add risk
  kRepeatedExecution = 22,  // executed too often in a row; a person arms it again
  kUnsupported = 23,  // neither the venue nor the exec node can do what the order asks for
  kUnmapped = 24,  // the route has no instrument for the symbol and the order would add risk
  kPostOnly = 25,  // would trade at once
  kCloseExceeded = 26,  // closes more than is held and not closed by open orders
};

// Roles of a node.
enum class NodeRole : std::uint32_t {
  kData = 1,  // cleans, stores and streams
  kCalc = 2,  // factors and strategies
  kExec = 3,  // risk and orders
  kControl = 4,  // registry, health, failover
};

// States of a node in the registry.
enum class NodeState : std::uint32_t {
  kStandby = 1,  // ready, owns nothing
  kActive = 2,  // working
  kDegraded = 3,  // working, but slow, lagging or partly failing
  kDraining = 4,  // giving its work away
  kFailed = 5,  // lease lost or health check failing
};

// What the body of a log entry holds.
enum class LogKind : std::uint32_t {
  kTicks = 1,  // one batch, atomic: TicksEntry and columns, once per shard
  kKeyValue = 2,  // one atomic batch: KeyValueHead, key, value, repeated
  kSymbol = 3,  // a symbol was registered: SymbolEntryHead and name
  kTable = 4,  // a table was created: SchemaHead and what follows it
  kRows = 5,  // one batch of any table, atomic: RowsEntry and columns, once per shard
  kJoined = 6,  // rows and a key-value batch, atomic: JoinedHead and both
};

// Operations of a key-value batch.
enum class KeyValueKind : std::uint32_t {
  kPut = 1,  // sets the value
  kDelete = 2,  // removes the key
};

// Version 1: how the columns of a segment block are stored.
enum class BlockCodec : std::uint32_t {
  kRaw = 1,  // each column as it is in memory
};

// What a column of a series table holds.
enum class ValueType : std::uint32_t {
  kI64 = 1,  // int64
  kF64 = 2,  // float64
  kI32 = 3,  // int32
  kF32 = 4,  // float32
  kBool = 5,  // false or true
  kSymbol = 6,  // a symbol id
  kText = 7,  // UTF-8 text
  kBytes = 8,  // bytes
};

// What a stream of a segment holds; the first three every table has.
enum class StreamPart : std::uint32_t {
  kTime = 1,  // times, int64
  kSequence = 2,  // sequences, int64
  kEpoch = 3,  // epochs, uint32
  kValues = 4,  // values of a column; of text and bytes: offsets into its heap
  kNulls = 5,  // of a nullable column: 1 where the value is null
  kHeap = 6,  // of text and bytes: length (u32) and bytes of each distinct value
};

// How the bytes of a strip are to be read.
enum class StripEncoding : std::uint32_t {
  kCodec = 1,  // an encoded column, docs/formats/codecs.md
  kPlain = 2,  // as it is in memory
};

// How an encoded column is stored; docs/formats/codecs.md.
enum class ColumnCodec : std::uint32_t {
  kRaw = 1,  // as it is in memory
  kFrame = 2,  // integers: reference or differences, bit-packed, outliers beside them
  kRunLength = 3,  // values and how often each repeats
  kDictionary = 4,  // places in a list of the distinct values
  kDecimal = 5,  // doubles that are integers divided by a power of ten
  kAlpRd = 6,  // doubles: front bits from a dictionary, the others packed
  kGorilla = 7,  // doubles: XOR with the one before, as published
};

// What an encoded column holds.
enum class ColumnType : std::uint32_t {
  kI64 = 1,  // int64
  kF64 = 2,  // float64
  kU32 = 3,  // uint32
};

// How the integers of a vector follow from the packed ones.
enum class FrameTransform : std::uint32_t {
  kReference = 1,  // base plus the packed value
  kDelta1 = 2,  // difference to the value before
  kDelta4 = 3,  // difference to the fourth value before
  kDelta8 = 4,  // difference to the eighth value before
  kDeltaOfDelta = 5,  // difference of the differences
};

// What a manifest record describes.
enum class ManifestKind : std::uint32_t {
  kShard = 1,  // ManifestShard
  kSymbol = 2,  // ManifestSymbol
  kSegment = 3,  // ManifestSegment
  kTable = 4,  // ManifestTable
  kStaging = 5,  // path of the staging file of the last open, UTF-8
  kKeyValue = 6,  // ManifestKeyValue
  kSst = 7,  // SstRecord
  kSeries = 8,  // SegmentRecord
  kSchema = 9,  // SchemaHead
  kTableShard = 10,  // ManifestTableShard
  kSymbolFile = 11,  // ManifestSymbolFile
};

}  // namespace ndts
