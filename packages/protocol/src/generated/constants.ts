// Generated from packages/protocol/schema by tools/generate.mjs. Do not edit.

/** What a ring carries. */
export const RecordKind = {
  /** ticks */
  tick: 1,
  /** trades */
  trade: 2,
  /** books of five levels */
  book: 3,
  /** factor values */
  factor: 4,
  /** signals */
  signal: 5,
} as const;
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];
export type RecordKindName = keyof typeof RecordKind;

/** Names of RecordKind by number. */
export const RecordKindNames: Readonly<Record<number, RecordKindName>> = {
  1: 'tick',
  2: 'trade',
  3: 'book',
  4: 'factor',
  5: 'signal',
};

/** Bits in a tick; quality states of the symbol as the data node sees it. */
export const TickFlags = {
  /** no fresh tick within the limit */
  stale: 1,
  /** the feed reported missing ticks */
  gapped: 2,
  /** bid above ask */
  crossed: 4,
  /** trading halted */
  halted: 8,
  /** not a tick: the slot fills a sequence that was skipped */
  void: 16,
  /** a cleaning rule that only marks found something in it */
  suspect: 32,
  /** of a void slot of a mirror: a tick that was overtaken before it was pulled */
  missed: 64,
} as const;
export type TickFlags = (typeof TickFlags)[keyof typeof TickFlags];
export type TickFlagsName = keyof typeof TickFlags;

/** Names of TickFlags by number. */
export const TickFlagsNames: Readonly<Record<number, TickFlagsName>> = {
  1: 'stale',
  2: 'gapped',
  4: 'crossed',
  8: 'halted',
  16: 'void',
  32: 'suspect',
  64: 'missed',
};

/** Bits in a trade. Neither buy nor sell: the side of the aggressor is not known. */
export const TradeFlags = {
  /** the aggressor bought */
  buy: 1,
  /** the aggressor sold */
  sell: 2,
  /** the venue named it by a whole number below 2^53; other names are in the table only */
  id: 4,
  /** not a trade: the slot fills a sequence that was skipped */
  void: 16,
  /** of a void slot of a mirror: a trade that was overtaken before it was pulled */
  missed: 64,
} as const;
export type TradeFlags = (typeof TradeFlags)[keyof typeof TradeFlags];
export type TradeFlagsName = keyof typeof TradeFlags;

/** Names of TradeFlags by number. */
export const TradeFlagsNames: Readonly<Record<number, TradeFlagsName>> = {
  1: 'buy',
  2: 'sell',
  4: 'id',
  16: 'void',
  64: 'missed',
};

/** Bits in a book. */
export const BookFlags = {
  /** bid is not below ask */
  crossed: 4,
  /** not a book: the slot fills a sequence that was skipped */
  void: 16,
  /** of a void slot of a mirror: a book that was overtaken before it was pulled */
  missed: 64,
} as const;
export type BookFlags = (typeof BookFlags)[keyof typeof BookFlags];
export type BookFlagsName = keyof typeof BookFlags;

/** Names of BookFlags by number. */
export const BookFlagsNames: Readonly<Record<number, BookFlagsName>> = {
  4: 'crossed',
  16: 'void',
  64: 'missed',
};

/** How far the data of a symbol can be trusted; docs/quality.md says when each begins and ends. */
export const QualityState = {
  /** ticks come, whole and in time */
  GOOD: 1,
  /** no tick within the limit */
  STALE: 2,
  /** ticks are missing */
  GAPPED: 3,
  /** bid above ask for longer than the limit */
  CROSSED: 4,
  /** the venue halted trading */
  HALTED: 5,
} as const;
export type QualityState = (typeof QualityState)[keyof typeof QualityState];
export type QualityStateName = keyof typeof QualityState;

/** Names of QualityState by number. */
export const QualityStateNames: Readonly<Record<number, QualityStateName>> = {
  1: 'GOOD',
  2: 'STALE',
  3: 'GAPPED',
  4: 'CROSSED',
  5: 'HALTED',
};

/** Why the data node refused a tick. */
export const CleanReason = {
  /** accepted */
  ok: 0,
  /** price not within the limits of its rules */
  price: 1,
  /** volume negative */
  volume: 2,
  /** (ask - bid) / bid is not below the limit */
  spread: 3,
  /** bid above ask */
  crossed: 4,
  /** same time, price, volume, bid and ask as the tick before */
  duplicate: 5,
  /** older than the tolerated disorder */
  outOfOrder: 6,
  /** NaN, infinity or DBL_MAX where a number is expected */
  sentinel: 7,
  /** older than the clock by more than the limit */
  stale: 8,
  /** ahead of the clock by more than the limit */
  future: 9,
  /** price far from those accepted last */
  jump: 10,
  /** outside of the sessions of its calendar */
  session: 11,
  /** price no multiple of the tick size */
  tickSize: 12,
} as const;
export type CleanReason = (typeof CleanReason)[keyof typeof CleanReason];
export type CleanReasonName = keyof typeof CleanReason;

/** Names of CleanReason by number. */
export const CleanReasonNames: Readonly<Record<number, CleanReasonName>> = {
  0: 'ok',
  1: 'price',
  2: 'volume',
  3: 'spread',
  4: 'crossed',
  5: 'duplicate',
  6: 'outOfOrder',
  7: 'sentinel',
  8: 'stale',
  9: 'future',
  10: 'jump',
  11: 'session',
  12: 'tickSize',
};

/** Kernels of factor programs, by what they make of their inputs; engine/factor states the arithmetic. */
export const FactorKernel = {
  /** a + b */
  add: 1,
  /** a - b */
  subtract: 2,
  /** a * b */
  multiply: 3,
  /** a / b; 0 / 0 is NaN */
  divide: 4,
  /** -a */
  negate: 5,
  /** |a| */
  absolute: 6,
  /** natural logarithm */
  log: 7,
  /** square root */
  sqrt: 8,
  /** the lesser of a and b */
  lesser: 9,
  /** the greater of a and b */
  greater: 10,
  /** (a - b) / (a + b); 0 where both are 0 */
  imbalance: 11,
  /** which 64th of a span of time, counted from 1970, (day, nsOfDay) is in */
  pane: 12,
  /** a as it was `period` rows of the symbol before */
  delay: 20,
  /** sum of a window */
  sum: 21,
  /** mean of a window */
  sma: 22,
  /** mean of a window, weights 1 to `period` */
  wma: 23,
  /** population standard deviation of a window */
  deviation: 24,
  /** least of a window */
  minimum: 25,
  /** greatest of a window */
  maximum: 26,
  /** (a - mean) / deviation; 0 in a flat window */
  zscore: 27,
  /** %B, middle, upper, lower, signal */
  bollinger: 28,
  /** commodity channel index of typical prices */
  cci: 29,
  /** %K of (high, low, close) */
  stochastic: 30,
  /** sum of a * b / sum of b over a window */
  vwap: 31,
  /** of a with b over a window; NaN where one is flat */
  correlation: 32,
  /** covariance of a with b / variance of b; NaN where b is flat */
  beta: 33,
  /** exponential mean, begun with the mean of the first `period` */
  ema: 50,
  /** 2 * ema - ema of ema */
  dema: 51,
  /** relative strength by the smoothing of Wilder; 50 without any move */
  rsi: 52,
  /** macd, signal, histogram of (fast, slow, signal) */
  macd: 53,
  /** average true range of (high, low, close) by Wilder */
  atr: 54,
  /** adx, +di, -di of (high, low, close) by Wilder */
  adx: 55,
  /** on-balance volume of (price, volume), from 0 */
  obv: 56,
  /** rows of a window of time; the last input of each of these is the pane */
  timedCount: 70,
  /** sum of a window of time */
  timedSum: 71,
  /** mean of a window of time */
  timedMean: 72,
  /** population standard deviation of a window of time */
  timedDeviation: 73,
  /** least of a window of time */
  timedMinimum: 74,
  /** greatest of a window of time */
  timedMaximum: 75,
  /** (a - mean) / deviation of a window of time; 0 in a flat one */
  timedZscore: 76,
  /** %B, middle, upper, lower, signal of a window of time */
  timedBollinger: 77,
  /** sum of a * b / sum of b over a window of time */
  timedVwap: 78,
  /** of a with b over a window of time; NaN where one is flat */
  timedCorrelation: 79,
  /** covariance of a with b / variance of b over a window of time */
  timedBeta: 80,
} as const;
export type FactorKernel = (typeof FactorKernel)[keyof typeof FactorKernel];
export type FactorKernelName = keyof typeof FactorKernel;

/** Names of FactorKernel by number. */
export const FactorKernelNames: Readonly<Record<number, FactorKernelName>> = {
  1: 'add',
  2: 'subtract',
  3: 'multiply',
  4: 'divide',
  5: 'negate',
  6: 'absolute',
  7: 'log',
  8: 'sqrt',
  9: 'lesser',
  10: 'greater',
  11: 'imbalance',
  12: 'pane',
  20: 'delay',
  21: 'sum',
  22: 'sma',
  23: 'wma',
  24: 'deviation',
  25: 'minimum',
  26: 'maximum',
  27: 'zscore',
  28: 'bollinger',
  29: 'cci',
  30: 'stochastic',
  31: 'vwap',
  32: 'correlation',
  33: 'beta',
  50: 'ema',
  51: 'dema',
  52: 'rsi',
  53: 'macd',
  54: 'atr',
  55: 'adx',
  56: 'obv',
  70: 'timedCount',
  71: 'timedSum',
  72: 'timedMean',
  73: 'timedDeviation',
  74: 'timedMinimum',
  75: 'timedMaximum',
  76: 'timedZscore',
  77: 'timedBollinger',
  78: 'timedVwap',
  79: 'timedCorrelation',
  80: 'timedBeta',
};

/** How far the windows of factor kernels may reach. */
export const FactorLimit = {
  /** of a window of rows at most */
  rows: 4096,
  /** of a window of time: the parts that it moves by */
  panes: 64,
  /** milliseconds of a window of time at least */
  spanMsMin: 1,
  /** days of a window of time at most */
  spanDaysMax: 100,
} as const;
export type FactorLimit = (typeof FactorLimit)[keyof typeof FactorLimit];
export type FactorLimitName = keyof typeof FactorLimit;

/** Names of FactorLimit by number. */
export const FactorLimitNames: Readonly<Record<number, FactorLimitName>> = {
  4096: 'rows',
  64: 'panes',
  1: 'spanMsMin',
  100: 'spanDaysMax',
};

/** Order types; docs/protocol/orders.md says what each does and where it is worked. */
export const OrderType = {
  /** at the market */
  market: 1,
  /** at a limit price or better */
  limit: 2,
  /** at the market once the market has reached the stop price */
  stop: 3,
  /** at a limit price or better once the market has reached the stop price */
  stopLimit: 4,
  /** a stop that follows the best price of the market at a distance */
  trailing: 5,
  /** in equal parts over a time */
  twap: 6,
  /** in parts over a time, by a profile of volume */
  vwap: 7,
  /** at a limit price, one small part shown at a time */
  iceberg: 8,
} as const;
export type OrderType = (typeof OrderType)[keyof typeof OrderType];
export type OrderTypeName = keyof typeof OrderType;

/** Names of OrderType by number. */
export const OrderTypeNames: Readonly<Record<number, OrderTypeName>> = {
  1: 'market',
  2: 'limit',
  3: 'stop',
  4: 'stopLimit',
  5: 'trailing',
  6: 'twap',
  7: 'vwap',
  8: 'iceberg',
};

/** How long an order works. */
export const TimeInForce = {
  /** until it is canceled */
  gtc: 1,
  /** what is not executed at once is canceled */
  ioc: 2,
  /** all of it at once, or nothing */
  fok: 3,
  /** until its expire time */
  gtd: 4,
  /** until the day of the venue ends */
  day: 5,
} as const;
export type TimeInForce = (typeof TimeInForce)[keyof typeof TimeInForce];
export type TimeInForceName = keyof typeof TimeInForce;

/** Names of TimeInForce by number. */
export const TimeInForceNames: Readonly<Record<number, TimeInForceName>> = {
  1: 'gtc',
  2: 'ioc',
  3: 'fok',
  4: 'gtd',
  5: 'day',
};

/** Bits in the terms of an order. */
export const OrderFlags = {
  /** never takes: refused when it would trade at once */
  postOnly: 1,
  /** never opens or turns a position */
  reduceOnly: 2,
  /** in a signal, of a limit order: its parameter is the stop price of another one beside it */
  pair: 4,
} as const;
export type OrderFlags = (typeof OrderFlags)[keyof typeof OrderFlags];
export type OrderFlagsName = keyof typeof OrderFlags;

/** Names of OrderFlags by number. */
export const OrderFlagsNames: Readonly<Record<number, OrderFlagsName>> = {
  1: 'postOnly',
  2: 'reduceOnly',
  4: 'pair',
};

/** What an order does to a position of a venue that keeps long and short apart. */
export const OrderOffset = {
  /** opens */
  open: 1,
  /** closes, by the rule of the venue */
  close: 2,
  /** closes what was opened on this trading day */
  closeToday: 3,
  /** closes what was opened before it */
  closeYesterday: 4,
} as const;
export type OrderOffset = (typeof OrderOffset)[keyof typeof OrderOffset];
export type OrderOffsetName = keyof typeof OrderOffset;

/** Names of OrderOffset by number. */
export const OrderOffsetNames: Readonly<Record<number, OrderOffsetName>> = {
  1: 'open',
  2: 'close',
  3: 'closeToday',
  4: 'closeYesterday',
};

/** Where an order stands; docs/protocol/orders.md draws the legal transitions. */
export const OrderState = {
  /** known, not yet checked */
  initialized: 1,
  /** refused by risk; never sent */
  denied: 2,
  /** the intent is journaled; sending may happen */
  intended: 3,
  /** handed to the broker; no answer yet */
  submitted: 4,
  /** the broker has it */
  accepted: 5,
  /** definitely refused by the broker */
  rejected: 6,
  /** some quantity filled */
  partiallyFilled: 7,
  /** all quantity filled */
  filled: 8,
  /** cancel requested */
  pendingCancel: 9,
  /** canceled */
  canceled: 10,
  /** expired */
  expired: 11,
  /** outcome not known: reconcile */
  unknown: 12,
  /** worked by the exec node: its children are at the venue, not it */
  emulated: 13,
  /** its stop price was reached */
  triggered: 14,
  /** change of quantity or price requested */
  pendingReplace: 15,
} as const;
export type OrderState = (typeof OrderState)[keyof typeof OrderState];
export type OrderStateName = keyof typeof OrderState;

/** Names of OrderState by number. */
export const OrderStateNames: Readonly<Record<number, OrderStateName>> = {
  1: 'initialized',
  2: 'denied',
  3: 'intended',
  4: 'submitted',
  5: 'accepted',
  6: 'rejected',
  7: 'partiallyFilled',
  8: 'filled',
  9: 'pendingCancel',
  10: 'canceled',
  11: 'expired',
  12: 'unknown',
  13: 'emulated',
  14: 'triggered',
  15: 'pendingReplace',
};

/** The verdict of the risk check. */
export const RiskReason = {
  /** all checks passed */
  APPROVED: 1,
  /** position with open orders would pass the limit */
  POSITION_LIMIT_EXCEEDED: 2,
  /** quantity times price above the limit */
  ORDER_VALUE_EXCEEDED: 3,
  /** realised and unrealised loss of the day at or above the limit */
  DAILY_LOSS_LIMIT: 4,
  /** the trading state is HALTED */
  TRADING_HALTED: 5,
  /** the trading state is REDUCING and the order would add risk */
  REDUCE_ONLY: 6,
  /** limit price too far from the live market */
  PRICE_COLLAR: 7,
  /** no live price for the symbol */
  NO_MARKET: 8,
  /** the last price is too old and the order would add risk */
  STALE_MARKET: 9,
  /** quantity not positive or not a multiple of the lot */
  INVALID_QUANTITY: 10,
  /** too many orders per second */
  MESSAGE_RATE: 11,
  /** ordinal at or below the highest seen for the instance */
  DUPLICATE_SIGNAL: 12,
  /** older than its validity */
  SIGNAL_EXPIRED: 13,
  /** no route to a broker */
  BROKER_UNAVAILABLE: 14,
  /** side, type, symbol or limit price make no order */
  INVALID_ORDER: 15,
  /** the symbol is not GOOD and the order would add risk */
  SYMBOL_QUALITY: 16,
  /** a price that is no multiple of the tick size */
  INVALID_PRICE: 17,
  /** quantity below the least or above the largest of one order */
  QUANTITY_LIMIT: 18,
  /** equal to an order of the same strategy a moment ago */
  DUPLICATE_ORDER: 19,
  /** would trade with an open order of the same account */
  SELF_TRADE: 20,
  /** the symbol is on the restricted list and the order would add risk */
  RESTRICTED: 21,
  /** executed too often in a row; a person arms it again */
  REPEATED_EXECUTION: 22,
  /** neither the venue nor the exec node can do what the order asks for */
  UNSUPPORTED: 23,
  /** the route has no instrument for the symbol and the order would add risk */
  UNMAPPED: 24,
  /** would trade at once */
  POST_ONLY: 25,
  /** closes more than is held and not closed by open orders */
  CLOSE_EXCEEDED: 26,
} as const;
export type RiskReason = (typeof RiskReason)[keyof typeof RiskReason];
export type RiskReasonName = keyof typeof RiskReason;

/** Names of RiskReason by number. */
export const RiskReasonNames: Readonly<Record<number, RiskReasonName>> = {
  1: 'APPROVED',
  2: 'POSITION_LIMIT_EXCEEDED',
  3: 'ORDER_VALUE_EXCEEDED',
  4: 'DAILY_LOSS_LIMIT',
  5: 'TRADING_HALTED',
  6: 'REDUCE_ONLY',
  7: 'PRICE_COLLAR',
  8: 'NO_MARKET',
  9: 'STALE_MARKET',
  10: 'INVALID_QUANTITY',
  11: 'MESSAGE_RATE',
  12: 'DUPLICATE_SIGNAL',
  13: 'SIGNAL_EXPIRED',
  14: 'BROKER_UNAVAILABLE',
  15: 'INVALID_ORDER',
  16: 'SYMBOL_QUALITY',
  17: 'INVALID_PRICE',
  18: 'QUANTITY_LIMIT',
  19: 'DUPLICATE_ORDER',
  20: 'SELF_TRADE',
  21: 'RESTRICTED',
  22: 'REPEATED_EXECUTION',
  23: 'UNSUPPORTED',
  24: 'UNMAPPED',
  25: 'POST_ONLY',
  26: 'CLOSE_EXCEEDED',
};

/** Roles of a node. */
export const NodeRole = {
  /** cleans, stores and streams */
  data: 1,
  /** factors and strategies */
  calc: 2,
  /** risk and orders */
  exec: 3,
  /** registry, health, failover */
  control: 4,
} as const;
export type NodeRole = (typeof NodeRole)[keyof typeof NodeRole];
export type NodeRoleName = keyof typeof NodeRole;

/** Names of NodeRole by number. */
export const NodeRoleNames: Readonly<Record<number, NodeRoleName>> = {
  1: 'data',
  2: 'calc',
  3: 'exec',
  4: 'control',
};

/** States of a node in the registry. */
export const NodeState = {
  /** ready, owns nothing */
  STANDBY: 1,
  /** working */
  ACTIVE: 2,
  /** working, but slow, lagging or partly failing */
  DEGRADED: 3,
  /** giving its work away */
  DRAINING: 4,
  /** lease lost or health check failing */
  FAILED: 5,
} as const;
export type NodeState = (typeof NodeState)[keyof typeof NodeState];
export type NodeStateName = keyof typeof NodeState;

/** Names of NodeState by number. */
export const NodeStateNames: Readonly<Record<number, NodeStateName>> = {
  1: 'STANDBY',
  2: 'ACTIVE',
  3: 'DEGRADED',
  4: 'DRAINING',
  5: 'FAILED',
};

/** What the body of a log entry holds. */
export const LogKind = {
  /** one batch, atomic: TicksEntry and columns, once per shard */
  ticks: 1,
  /** one atomic batch: KeyValueHead, key, value, repeated */
  keyValue: 2,
  /** a symbol was registered: SymbolEntryHead and name */
  symbol: 3,
  /** a table was created: SchemaHead and what follows it */
  table: 4,
  /** one batch of any table, atomic: RowsEntry and columns, once per shard */
  rows: 5,
  /** rows and a key-value batch, atomic: JoinedHead and both */
  joined: 6,
} as const;
export type LogKind = (typeof LogKind)[keyof typeof LogKind];
export type LogKindName = keyof typeof LogKind;

/** Names of LogKind by number. */
export const LogKindNames: Readonly<Record<number, LogKindName>> = {
  1: 'ticks',
  2: 'keyValue',
  3: 'symbol',
  4: 'table',
  5: 'rows',
  6: 'joined',
};

/** Operations of a key-value batch. */
export const KeyValueKind = {
  /** sets the value */
  put: 1,
  /** removes the key */
  delete: 2,
} as const;
export type KeyValueKind = (typeof KeyValueKind)[keyof typeof KeyValueKind];
export type KeyValueKindName = keyof typeof KeyValueKind;

/** Names of KeyValueKind by number. */
export const KeyValueKindNames: Readonly<Record<number, KeyValueKindName>> = {
  1: 'put',
  2: 'delete',
};

/** Version 1: how the columns of a segment block are stored. */
export const BlockCodec = {
  /** each column as it is in memory */
  raw: 1,
} as const;
export type BlockCodec = (typeof BlockCodec)[keyof typeof BlockCodec];
export type BlockCodecName = keyof typeof BlockCodec;

/** Names of BlockCodec by number. */
export const BlockCodecNames: Readonly<Record<number, BlockCodecName>> = {
  1: 'raw',
};

/** What a column of a series table holds. */
export const ValueType = {
  /** int64 */
  i64: 1,
  /** float64 */
  f64: 2,
  /** int32 */
  i32: 3,
  /** float32 */
  f32: 4,
  /** false or true */
  bool: 5,
  /** a symbol id */
  symbol: 6,
  /** UTF-8 text */
  text: 7,
  /** bytes */
  bytes: 8,
} as const;
export type ValueType = (typeof ValueType)[keyof typeof ValueType];
export type ValueTypeName = keyof typeof ValueType;

/** Names of ValueType by number. */
export const ValueTypeNames: Readonly<Record<number, ValueTypeName>> = {
  1: 'i64',
  2: 'f64',
  3: 'i32',
  4: 'f32',
  5: 'bool',
  6: 'symbol',
  7: 'text',
  8: 'bytes',
};

/** What a stream of a segment holds; the first three every table has. */
export const StreamPart = {
  /** times, int64 */
  time: 1,
  /** sequences, int64 */
  sequence: 2,
  /** epochs, uint32 */
  epoch: 3,
  /** values of a column; of text and bytes: offsets into its heap */
  values: 4,
  /** of a nullable column: 1 where the value is null */
  nulls: 5,
  /** of text and bytes: length (u32) and bytes of each distinct value */
  heap: 6,
} as const;
export type StreamPart = (typeof StreamPart)[keyof typeof StreamPart];
export type StreamPartName = keyof typeof StreamPart;

/** Names of StreamPart by number. */
export const StreamPartNames: Readonly<Record<number, StreamPartName>> = {
  1: 'time',
  2: 'sequence',
  3: 'epoch',
  4: 'values',
  5: 'nulls',
  6: 'heap',
};

/** How the bytes of a strip are to be read. */
export const StripEncoding = {
  /** an encoded column, docs/formats/codecs.md */
  codec: 1,
  /** as it is in memory */
  plain: 2,
} as const;
export type StripEncoding = (typeof StripEncoding)[keyof typeof StripEncoding];
export type StripEncodingName = keyof typeof StripEncoding;

/** Names of StripEncoding by number. */
export const StripEncodingNames: Readonly<Record<number, StripEncodingName>> = {
  1: 'codec',
  2: 'plain',
};

/** How an encoded column is stored; docs/formats/codecs.md. */
export const ColumnCodec = {
  /** as it is in memory */
  raw: 1,
  /** integers: reference or differences, bit-packed, outliers beside them */
  frame: 2,
  /** values and how often each repeats */
  runLength: 3,
  /** places in a list of the distinct values */
  dictionary: 4,
  /** doubles that are integers divided by a power of ten */
  decimal: 5,
  /** doubles: front bits from a dictionary, the others packed */
  alpRd: 6,
  /** doubles: XOR with the one before, as published */
  gorilla: 7,
} as const;
export type ColumnCodec = (typeof ColumnCodec)[keyof typeof ColumnCodec];
export type ColumnCodecName = keyof typeof ColumnCodec;

/** Names of ColumnCodec by number. */
export const ColumnCodecNames: Readonly<Record<number, ColumnCodecName>> = {
  1: 'raw',
  2: 'frame',
  3: 'runLength',
  4: 'dictionary',
  5: 'decimal',
  6: 'alpRd',
  7: 'gorilla',
};

/** What an encoded column holds. */
export const ColumnType = {
  /** int64 */
  i64: 1,
  /** float64 */
  f64: 2,
  /** uint32 */
  u32: 3,
} as const;
export type ColumnType = (typeof ColumnType)[keyof typeof ColumnType];
export type ColumnTypeName = keyof typeof ColumnType;

/** Names of ColumnType by number. */
export const ColumnTypeNames: Readonly<Record<number, ColumnTypeName>> = {
  1: 'i64',
  2: 'f64',
  3: 'u32',
};

/** How the integers of a vector follow from the packed ones. */
export const FrameTransform = {
  /** base plus the packed value */
  reference: 1,
  /** difference to the value before */
  delta1: 2,
  /** difference to the fourth value before */
  delta4: 3,
  /** difference to the eighth value before */
  delta8: 4,
  /** difference of the differences */
  deltaOfDelta: 5,
} as const;
export type FrameTransform = (typeof FrameTransform)[keyof typeof FrameTransform];
export type FrameTransformName = keyof typeof FrameTransform;

/** Names of FrameTransform by number. */
export const FrameTransformNames: Readonly<Record<number, FrameTransformName>> = {
  1: 'reference',
  2: 'delta1',
  3: 'delta4',
  4: 'delta8',
  5: 'deltaOfDelta',
};

/** What a manifest record describes. */
export const ManifestKind = {
  /** ManifestShard */
  shard: 1,
  /** ManifestSymbol */
  symbol: 2,
  /** ManifestSegment */
  segment: 3,
  /** ManifestTable */
  table: 4,
  /** path of the staging file of the last open, UTF-8 */
  staging: 5,
  /** ManifestKeyValue */
  keyValue: 6,
  /** SstRecord */
  sst: 7,
  /** SegmentRecord */
  series: 8,
  /** SchemaHead */
  schema: 9,
  /** ManifestTableShard */
  tableShard: 10,
  /** ManifestSymbolFile */
  symbolFile: 11,
} as const;
export type ManifestKind = (typeof ManifestKind)[keyof typeof ManifestKind];
export type ManifestKindName = keyof typeof ManifestKind;

/** Names of ManifestKind by number. */
export const ManifestKindNames: Readonly<Record<number, ManifestKindName>> = {
  1: 'shard',
  2: 'symbol',
  3: 'segment',
  4: 'table',
  5: 'staging',
  6: 'keyValue',
  7: 'sst',
  8: 'series',
  9: 'schema',
  10: 'tableShard',
  11: 'symbolFile',
};
